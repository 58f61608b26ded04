"""/messages: send, schedule, read back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flashbot.errors import ContentError
from flashbot.msgflash.calls import Calls, unreadable
from flashbot.msgflash.errors import InvalidRequest
from flashbot.msgflash.keys import checked_id
from flashbot.msgflash.models import Message, Page
from flashbot.msgflash.reading import one, page
from flashbot.msgflash.sent import SentMessage, read_sent
from flashbot.msgflash.transport import Request

if TYPE_CHECKING:
    from flashbot.msgflash.content import Content

__all__ = ["Messages"]

SEND = "/messages/send"
SCHEDULE = "/messages/schedule"
E164 = re.compile(r"\+[1-9][0-9]{4,14}")


class Messages:
    """Messages of the key's workspace."""

    def __init__(self, calls: Calls, timeout: float) -> None:
        self._calls = calls
        self._timeout = timeout

    async def send(self, instance_id: str, to: str, content: Content) -> Message:
        """Queue a message to `to` (E.164) now. Raises OutcomeUnknown when it may or may not be queued."""
        data = await self._calls.post(SEND, _fields(instance_id, to, content))
        return one(Message, data, f"POST {SEND}")

    async def schedule(self, instance_id: str, to: str, content: Content, at: datetime) -> Message:
        """Queue a message for `at`, which needs a zone; the past means at once. It cannot be called back."""
        if at.tzinfo is None:
            raise InvalidRequest("Nothing was scheduled: the moment has no time zone; give it one.")
        moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        data = await self._calls.post(SCHEDULE, {**_fields(instance_id, to, content), "scheduledAt": moment})
        return one(Message, data, f"POST {SCHEDULE}")

    async def send_raw(self, body: bytes, *, paced: bool = True, timeout: float | None = None) -> SentMessage:
        """One request with a ready body, never repeated. `paced=False`: the caller has a slot already."""
        request = Request("POST", SEND, body=body, timeout=self._timeout if timeout is None else timeout)
        response = await self._calls.once(request, paced=paced)
        sent = read_sent(response.body)
        if sent is None:
            raise unreadable(request, response.status)
        return sent

    async def get(self, message_id: str) -> Message:
        path = f"/messages/{checked_id(message_id, 'message')}"
        return one(Message, await self._calls.get(path), f"GET {path}")

    async def page(
        self,
        limit: int | None = None,
        cursor: str | None = None,
        instance_id: str | None = None,
        status: str | None = None,
    ) -> Page[Message]:
        """One page, newest first as far as we know. `limit` has no documented default or maximum."""
        params = {"limit": limit, "cursor": cursor, "instanceId": instance_id, "status": status}
        return page(Message, await self._calls.get("/messages", params), "GET /messages", "messages")

    async def list(
        self, *, limit: int | None = None, instance_id: str | None = None, status: str | None = None
    ) -> AsyncIterator[Message]:
        """Every message, page by page; `limit` is the size of a page. Each page is one request."""
        cursor: str | None = None
        while True:
            found = await self.page(limit, cursor, instance_id, status)
            for message in found.items:
                yield message
            # A cursor that leads to itself would never end.
            if found.next_cursor is None or found.next_cursor == cursor:
                return
            cursor = found.next_cursor


def _fields(instance_id: str, to: str, content: Content) -> dict[str, object]:
    if not E164.fullmatch(to):
        raise ContentError("The recipient must be a phone number in E.164: a plus, the country code, digits only.")
    return {"instanceId": checked_id(instance_id, "instance"), "to": to, **content.fields()}
