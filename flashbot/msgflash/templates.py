"""/templates: texts stored at MsgFlash with {{namespace.path}} placeholders, and their preview."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import Field

from flashbot.msgflash.checks import check_media, check_text, check_url, check_variables, check_word
from flashbot.msgflash.errors import InvalidRequest
from flashbot.msgflash.keys import checked_id
from flashbot.msgflash.listing import Listing, Page
from flashbot.msgflash.models import Id, Resource
from flashbot.msgflash.reading import check_size, numbered_listing, one

if TYPE_CHECKING:
    from flashbot.msgflash.calls import Calls

__all__ = ["Preview", "Template", "TemplateKind", "Templates"]

TemplateKind: TypeAlias = Literal["text", "image", "video", "audio", "document"]
KINDS = ("text", "image", "video", "audio", "document")


class Template(Resource):
    """A stored template. `variables` are the dotted paths of its body, found by MsgFlash."""

    id: Id
    user_id: str | None = None
    name: str | None = None
    type: str | None = None
    body: str | None = Field(default=None, repr=False)
    media_url: str | None = Field(default=None, repr=False)
    variables: tuple[str, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Preview(Resource):
    """A template rendered without sending. `valid` is False as soon as a value is missing."""

    rendered: str | None = Field(default=None, repr=False)
    """What stands in place of a missing value is not documented."""
    variables: tuple[str, ...] = ()
    missing_variables: tuple[str, ...] = ()
    valid: bool = False


class Templates:
    """Templates of the key's workspace."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def list(self, *, limit: int | None = None) -> Listing[Template]:
        """Every template; `limit` is the size of a page, 1 to 100, usually 20."""
        check_size(limit)
        return numbered_listing(self._calls, "/templates", Template, {"limit": limit}, "templates")

    async def page(self, limit: int | None = None, cursor: str | None = None) -> Page[Template]:
        """One page of `list`; a plain page number is a cursor, too."""
        return await self.list(limit=limit).page(cursor)

    async def create(
        self,
        name: str,
        body: str | None = None,
        *,
        type: TemplateKind = "text",  # noqa: A002 - the vendor's field name
        media_url: str | None = None,
    ) -> Template:
        """Store a template. A text needs a body, the other kinds a `media_url`. Raises TemplateInvalid.

        >>> template = await client.templates.create("welcome", "Hello {{contact.firstName}}, use {{custom.code}}.")
        >>> template.variables
        ('contact.firstName', 'custom.code')
        """
        check_text(name, "The template's name")
        check_word(type, KINDS, "The template's type")
        if type == "text" and body is None:
            raise InvalidRequest("No template was made: a text template needs a body.")
        if type != "text" and media_url is None:
            raise InvalidRequest(f"No template was made: a template of type {type} needs a media_url.")
        if type != "text":
            check_media(media_url, type)
        fields = {"name": name, "type": type, **_content(body, media_url)}
        return one(Template, await self._calls.post("/templates", fields), "POST /templates")

    async def get(self, template_id: str) -> Template:
        path = _path(template_id)
        return one(Template, await self._calls.get(path), f"GET {path}")

    async def update(
        self, template_id: str, *, name: str | None = None, body: str | None = None, media_url: str | None = None
    ) -> Template:
        """Change what is given; the type stays. MsgFlash finds the variables anew."""
        if name is not None:
            check_text(name, "The template's name")
        fields = ({} if name is None else {"name": name}) | _content(body, media_url)
        path = _path(template_id)
        if not fields:
            raise InvalidRequest(f"Template {template_id} was not changed: say what shall be different.")
        return one(Template, await self._calls.put(path, fields), f"PUT {path}")

    async def delete(self, template_id: str) -> None:
        """Delete it. What becomes of scheduled campaigns that use it is not documented."""
        await self._calls.delete(_path(template_id))

    async def preview(
        self,
        template_id: str,
        variables: Mapping[str, str | int | float] | None = None,
        *,
        instance_id: str | None = None,
        contact_id: str | None = None,
    ) -> Preview:
        """Render it without sending: `variables` feed custom.*, the ids instance.* and contact.*.

        A missing value is an answer (`valid` False), not an error; an id that cannot be used is
        TemplateContextUnavailable.

        >>> template = await client.templates.create("promo", "Use {{custom.code}}.")
        >>> (await client.templates.preview(template.id, {"code": "AWA10"})).rendered
        'Use AWA10.'
        >>> (await client.templates.preview(template.id)).missing_variables
        ('custom.code',)
        """
        fields: dict[str, object] = {}
        if variables:
            fields["variables"] = check_variables(variables)
        if instance_id is not None:
            fields["instanceId"] = checked_id(instance_id, "instance")
        if contact_id is not None:
            fields["contactId"] = checked_id(contact_id, "contact")
        path = f"{_path(template_id)}/preview"
        return one(Preview, await self._calls.post(path, fields), f"POST {path}")


def _path(template_id: str) -> str:
    return f"/templates/{checked_id(template_id, 'template')}"


def _content(body: str | None, media_url: str | None) -> dict[str, object]:
    fields: dict[str, object] = {}
    if body is not None:
        check_text(body, "The template's body")
        fields["body"] = body
    if media_url is not None:
        check_url(media_url, "The template's media url")
        fields["mediaUrl"] = media_url
    return fields
