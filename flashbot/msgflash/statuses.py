"""/statuses: a WhatsApp status of one's own number. The newest plans no longer include it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from flashbot.errors import ContentError
from flashbot.msgflash.checks import check_media, check_optional, check_text, check_word
from flashbot.msgflash.keys import checked_id
from flashbot.msgflash.models import Resource
from flashbot.msgflash.reading import one

if TYPE_CHECKING:
    from flashbot.msgflash.calls import Calls

__all__ = ["PostedStatus", "Statuses"]

HEX_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")


class PostedStatus(Resource):
    """A status that is up."""

    id: str | None = None
    instance_id: str | None = None
    provider_message_id: str | None = None


class Statuses:
    """Statuses of the workspace's numbers."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def create(
        self,
        instance_id: str,
        content: str,
        *,
        type: Literal["text", "image"] = "text",  # noqa: A002 - the vendor's field name
        caption: str | None = None,
        background_color: str | None = None,
    ) -> PostedStatus:
        """Post `content`: a text, or a picture's public address.

        `caption` is for pictures, `background_color` (#rrggbb) for texts.

        Raises StatusesNotAvailableOnPlan where the plan leaves statuses out, as all of today's do.
        """
        check_word(type, ("text", "image"), "The status's type")
        check_text(content, "The status")
        if type == "image":
            check_media(content, "image")
        check_optional(caption, "The caption")
        if caption is not None and type != "image":
            raise ContentError("A text status has no caption: leave it out, or post an image.")
        if background_color is not None and type != "text":
            raise ContentError("An image status has no background colour: leave it out, or post a text.")
        if background_color is not None and not HEX_COLOUR.fullmatch(background_color):
            raise ContentError("The background colour must be written as #rrggbb.")
        fields: dict[str, object] = {
            "instanceId": checked_id(instance_id, "instance"),
            "type": type,
            "content": content,
        }
        if caption is not None:
            fields["caption"] = caption
        if background_color is not None:
            fields["backgroundColor"] = background_color
        return one(PostedStatus, await self._calls.post("/statuses", fields), "POST /statuses")
