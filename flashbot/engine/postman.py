"""What the sender needs of MsgFlash, spoken through the client."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from flashbot.clock import Clock, from_ms
from flashbot.engine.doubt import SKEW, Row
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import OutcomeUnknown
from flashbot.msgflash.models import Message
from flashbot.msgflash.sent import SentMessage

__all__ = ["Postman"]

PAGE = 100
MOST_PAGES = 200


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    since_ms: int
    rows: list[Row]


class Postman:
    """Sends ready bodies and reads the list back. The rate of `send` is the caller's.

    A look serves every message in doubt that asks within `fresh` seconds: after a crash many do, and each page
    costs a slot of the key's rate.
    """

    def __init__(self, client: Client, clock: Clock, *, timeout: float, fresh: float) -> None:
        self._client = client
        self._clock = clock
        self._timeout = timeout
        self._fresh = fresh
        self._looks: dict[str | None, _Look] = {}
        self._looking: defaultdict[str | None, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def send(self, body: bytes) -> SentMessage:
        return await self._client.messages.send_raw(body, paced=False, timeout=self._timeout)

    async def rows(self, instance: str | None, *, since_ms: int) -> list[Row]:
        """The outgoing messages back to the start of the window, newest first.

        Raises MsgFlashError when the list cannot be read, or not that far back.
        """
        async with self._looking[instance]:
            look = self._looks.get(instance)
            now = self._clock.monotonic()
            if look is None or now - look.at > self._fresh or look.since_ms > since_ms:
                look = _Look(now, since_ms, await self._read(instance, since_ms))
                self._looks[instance] = look
        return look.rows

    async def _read(self, instance: str | None, since_ms: int) -> list[Row]:
        oldest = from_ms(since_ms) - SKEW - timedelta(seconds=1)
        rows: list[Row] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._client.messages.page(limit=PAGE, cursor=cursor, instance_id=instance)
            rows += [_row(message) for message in page.items]
            created = page.items[-1].created_at if page.items else None
            if page.next_cursor is None or page.next_cursor == cursor or (created is not None and created < oldest):
                return rows
            cursor = page.next_cursor
        raise OutcomeUnknown(f"The list did not reach back far enough within {MOST_PAGES} pages.", call="GET /messages")


def _row(message: Message) -> Row:
    return Row(
        id=message.id,
        to=message.to,
        instance=message.instance_id,
        type=message.type,
        body=message.body,
        media_url=message.media_url,
        outbound=message.direction in (None, "outbound"),
        created=message.created_at,
    )
