"""/messages: send, schedule, read back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flashbot.msgflash.calls import Calls, unreadable
from flashbot.msgflash.content import content_of
from flashbot.msgflash.keys import checked_id
from flashbot.msgflash.listing import Listing, Page
from flashbot.msgflash.models import Message
from flashbot.msgflash.moments import iso
from flashbot.msgflash.phones import e164
from flashbot.msgflash.reading import check_size, cursor_listing, one
from flashbot.msgflash.sent import SentMessage, read_sent
from flashbot.msgflash.transport import Request

if TYPE_CHECKING:
    from flashbot.msgflash.content import Content

__all__ = ["Messages"]

SEND = "/messages/send"
SCHEDULE = "/messages/schedule"


class Messages:
    """Messages of the key's workspace."""

    def __init__(self, calls: Calls, timeout: float) -> None:
        self._calls = calls
        self._timeout = timeout

    async def send(self, instance_id: str, to: str, content: Content | str) -> Message:
        """Queue a message to `to` (E.164) now. Raises OutcomeUnknown when it may or may not be queued.

        >>> message = await client.messages.send(instance, "+2250700000001", "Your parcel has left.")
        >>> message.status
        'queued'
        """
        data = await self._calls.post(SEND, _fields(instance_id, to, content))
        return one(Message, data, f"POST {SEND}")

    async def schedule(self, instance_id: str, to: str, content: Content | str, at: datetime) -> Message:
        """Queue a message for `at`, which needs a zone; the past means at once. It cannot be called back."""
        moment = iso(at, "The moment")
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

    def list(
        self, *, limit: int | None = None, instance_id: str | None = None, status: str | None = None
    ) -> Listing[Message]:
        """Every message, newest first as far as we know; `limit` is the size of a page.

        The vendor documents neither a usual nor a largest size, nor whether messages received are listed.

        >>> async for message in client.messages.list(status="failed"):
        ...     print(message.id, message.error)
        """
        check_size(limit, None)
        instance = None if instance_id is None else checked_id(instance_id, "instance")
        query = {"limit": limit, "instanceId": instance, "status": status}
        return cursor_listing(self._calls, "/messages", Message, query, "messages")

    async def page(
        self,
        limit: int | None = None,
        cursor: str | None = None,
        instance_id: str | None = None,
        status: str | None = None,
    ) -> Page[Message]:
        """One page of `list`."""
        return await self.list(limit=limit, instance_id=instance_id, status=status).page(cursor)


def _fields(instance_id: str, to: str, content: Content | str) -> dict[str, object]:
    return {"instanceId": checked_id(instance_id, "instance"), "to": e164(to), **content_of(content).fields()}
