"""/webhooks: where MsgFlash delivers events. An endpoint cannot be changed, only deleted and made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flashbot.msgflash.checks import is_web
from flashbot.msgflash.errors import InvalidRequest
from flashbot.msgflash.keys import checked_id
from flashbot.msgflash.listing import Listing
from flashbot.msgflash.models import WebhookEndpoint
from flashbot.msgflash.reading import one, whole_listing

if TYPE_CHECKING:
    from flashbot.msgflash.calls import Calls

__all__ = ["EVENTS", "Webhooks"]

EVENTS = (
    "message.received",
    "message.sent",
    "message.delivered",
    "message.read",
    "message.failed",
    "instance.connected",
    "instance.disconnected",
)
"""Every event that MsgFlash names (guides/webhooks)."""
MOST_EVENTS = 50


class Webhooks:
    """Webhook endpoints of the key's workspace."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def list(self) -> Listing[WebhookEndpoint]:
        """Every endpoint, without its secret, in one request."""
        return whole_listing(self._calls, "/webhooks", WebhookEndpoint, "webhooks")

    async def create(self, url: str, events: Sequence[str] = EVENTS) -> WebhookEndpoint:
        """Register `url` (https, says the guide). Keep the answer's `secret`: it is never shown again.

        >>> endpoint = await client.webhooks.create("https://bot.example.com/webhooks/msgflash", ["message.received"])
        >>> endpoint.events
        ('message.received',)
        """
        if not is_web(url):
            raise InvalidRequest(
                "No webhook was made: its url must begin with https:// (or http:// on a server of one's own)."
            )
        given: Sequence[object] = events
        named = not isinstance(given, str) and all(isinstance(event, str) and event for event in given)
        if not named or not 1 <= len(events) <= MOST_EVENTS:
            raise InvalidRequest(f"No webhook was made: give a list of 1 to {MOST_EVENTS} event names.")
        data = await self._calls.post("/webhooks", {"url": url, "events": list(events)})
        return one(WebhookEndpoint, data, "POST /webhooks")

    async def delete(self, webhook_id: str) -> None:
        await self._calls.delete(f"/webhooks/{checked_id(webhook_id, 'webhook')}")
