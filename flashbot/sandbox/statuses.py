"""WhatsApp statuses, which the vendor has retired: refused unless the plan's features say otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import StringConstraints

from flashbot.sandbox.answers import Answer, Refusal, invalid, success
from flashbot.sandbox.requests import Body, Request, Text, Uuid, is_url
from flashbot.sandbox.timeline import new_hex

if TYPE_CHECKING:
    from flashbot.sandbox.account import Account
    from flashbot.sandbox.instances import Instances
    from flashbot.sandbox.routes import Route

__all__ = ["NewStatus", "Statuses"]

LONGEST_TEXT = 700  # the console's limit; the API's pages name none


class NewStatus(Body):
    """`content` is the text, or the image's public address (api-reference/statuses/create)."""

    instance_id: Uuid
    type: Literal["text", "image"]
    content: Text
    caption: str | None = None
    background_color: Annotated[str, StringConstraints(pattern=r"^#(?:[0-9a-fA-F]{3}){1,2}$")] | None = None


class Statuses:
    """Posts are counted and answered; nobody in the sandbox sees them, and no call lists them."""

    def __init__(self, random: Random, account: Account, instances: Instances) -> None:
        self._random = random
        self._account = account
        self._instances = instances

    def routes(self) -> Iterable[Route]:
        yield "POST", "/statuses", self._create

    def _create(self, request: Request) -> Answer:
        """A number that is not connected is a PROVIDER_ERROR: the answer carries the provider's id."""
        body = request.read(NewStatus)
        if body.type == "image" and not is_url(body.content):
            raise invalid("content", "must be a public http or https address")
        if body.type == "text" and len(body.content) > LONGEST_TEXT:
            raise invalid("content", f"must have at most {LONGEST_TEXT} characters")
        account = self._account
        account.require_active()
        account.require("statuses")
        instance = self._instances.find(body.instance_id)
        account.require_assigned(instance.id, team=request.team)
        account.require_outbound(request.now)
        if instance.status != "connected":
            raise Refusal("PROVIDER_ERROR")
        account.statuses.add(request.now)
        provider_id = "BAE5" + new_hex(self._random, 12).upper()
        return success({"instanceId": instance.id, "providerMessageId": provider_id}, 201)
