"""/webhooks: where MsgFlash delivers events. An endpoint cannot be changed, only deleted and made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flashbot.msgflash.errors import InvalidRequest
from flashbot.msgflash.keys import checked_id
from flashbot.msgflash.models import WebhookEndpoint
from flashbot.msgflash.reading import one, rows

if TYPE_CHECKING:
    from flashbot.msgflash.calls import Calls

__all__ = ["Webhooks"]

MOST_EVENTS = 50


class Webhooks:
    """Webhook endpoints of the key's workspace."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list(self) -> tuple[WebhookEndpoint, ...]:
        """Every endpoint, without its secret."""
        return rows(WebhookEndpoint, await self._calls.get("/webhooks"), "GET /webhooks", "webhooks")

    async def create(self, url: str, events: Sequence[str]) -> WebhookEndpoint:
        """Register `url` (https, says the guide). Keep the answer's `secret`: it is never shown again."""
        if not url.startswith(("https://", "http://")):
            raise InvalidRequest(
                "No webhook was made: its url must begin with https:// (or http:// on a server of one's own)."
            )
        if isinstance(events, str) or not 1 <= len(events) <= MOST_EVENTS:
            raise InvalidRequest(f"No webhook was made: give a list of 1 to {MOST_EVENTS} event names.")
        data = await self._calls.post("/webhooks", {"url": url, "events": list(events)})
        return one(WebhookEndpoint, data, "POST /webhooks")

    async def delete(self, webhook_id: str) -> None:
        await self._calls.delete(f"/webhooks/{checked_id(webhook_id, 'webhook')}")
