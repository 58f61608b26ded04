"""What the sender needs of MsgFlash, spoken through the client."""

from __future__ import annotations

from datetime import timedelta

from flashbot.clock import from_ms
from flashbot.engine.doubt import SKEW, Row
from flashbot.msgflash.client import Client
from flashbot.msgflash.models import Message
from flashbot.msgflash.sent import SentMessage

__all__ = ["Postman"]

PAGE = 100
MOST_PAGES = 50
"""At ten requests a second no more than these can lie within the window of a doubt."""


class Postman:
    """Sends ready bodies and reads the list back. The rate of `send` is the caller's."""

    def __init__(self, client: Client, *, timeout: float) -> None:
        self._client = client
        self._timeout = timeout

    async def send(self, body: bytes) -> SentMessage:
        return await self._client.messages.send_raw(body, paced=False, timeout=self._timeout)

    async def rows(self, instance: str | None, *, since_ms: int) -> list[Row]:
        """The outgoing messages back to the start of the window, newest first."""
        oldest = from_ms(since_ms) - SKEW - timedelta(seconds=1)
        rows: list[Row] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._client.messages.page(limit=PAGE, cursor=cursor, instance_id=instance)
            rows += [_row(message) for message in page.items]
            created = page.items[-1].created_at if page.items else None
            if page.next_cursor is None or page.next_cursor == cursor:
                break
            if created is not None and created < oldest:
                break
            cursor = page.next_cursor
        return rows


def _row(message: Message) -> Row:
    return Row(
        id=message.id or "",
        to=message.to,
        instance=message.instance_id,
        type=message.type,
        body=message.body,
        media_url=message.media_url,
        outbound=message.direction in (None, "outbound"),
        created=message.created_at,
    )
