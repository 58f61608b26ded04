"""What the sender needs of MsgFlash, spoken through the client; times by the store's clock."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from flashbot.clock import Clock, from_ms
from flashbot.engine.doubt import Row
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import InvalidRequest, MsgFlashError, NotFound, OutcomeUnknown
from flashbot.msgflash.models import Message
from flashbot.msgflash.sent import SentMessage

__all__ = ["Look", "Postman"]

PAGE = 100
MOST_PAGES = 200


@dataclass(frozen=True, slots=True)
class Look:
    """The message list, read back to some moment."""

    rows: Sequence[Row]
    """Newest first, as MsgFlash lists them."""
    at_ms: int
    """When it was begun, by the store's clock."""


@dataclass(frozen=True, slots=True)
class _Kept:
    look: Look
    reach: datetime | None
    """What was made since then is in it; None: everything."""


class Postman:
    """Sends ready bodies and reads back what was sent. The rate of `send` is the caller's.

    A look serves every message whose own look was due when it was made, or is due within `fresh` seconds of it: after
    an outage there are many, and each page costs a slot of the key's rate and a request of its quota.
    """

    def __init__(self, client: Client, clock: Clock, *, timeout: float, fresh: float) -> None:
        self._client = client
        self._clock = clock
        self._timeout = timeout
        self._fresh_ms = fresh * 1000
        self._looks: dict[str | None, _Kept] = {}
        self._failed: dict[str | None, tuple[float, MsgFlashError]] = {}
        self._looking: defaultdict[str | None, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def send(self, body: bytes) -> SentMessage:
        return await self._client.messages.send_raw(body, paced=False, timeout=self._timeout)

    async def look(self, instance: str | None, *, since: datetime, now_ms: int, due_ms: int) -> Look:
        """The messages made since then, and perhaps older ones. All arguments by the store's clock.

        Raises MsgFlashError when the list cannot be read, or not that far back.
        """
        asked = self._clock.monotonic()
        async with self._looking[instance]:
            kept = self._looks.get(instance)
            begun_ms = self._now(now_ms, asked)
            if (
                kept is None
                or not due_ms - self._fresh_ms <= kept.look.at_ms <= begun_ms
                or (kept.reach is not None and kept.reach > since)
            ):
                failed_at, fault = self._failed.get(instance, (float("-inf"), None))
                if fault is not None and failed_at > asked:
                    raise fault  # somebody tried in vain while this one stood in line
                try:
                    kept = await self._read(instance, since, begun_ms)
                except MsgFlashError as found:
                    self._failed[instance] = (self._clock.monotonic(), found)
                    raise
                self._looks[instance] = kept
        return kept.look

    async def row(self, message_id: str, *, now_ms: int) -> Row | None:
        """One message; None when MsgFlash knows none of that id or shows nothing that can be read as one.

        Raises MsgFlashError when it cannot be asked.
        """
        asked = self._clock.monotonic()
        try:
            message = await self._client.messages.get(message_id)
        except (NotFound, InvalidRequest):
            return None
        except OutcomeUnknown as fault:
            if fault.status is None or fault.status >= 300:
                raise
            return None
        return _row(message, self._ahead(self._now(now_ms, asked)))

    async def _read(self, instance: str | None, since: datetime, now_ms: int) -> _Kept:
        begun = self._clock.monotonic()
        rows: list[Row] = []
        cursor: str | None = None
        past: set[str] = set()
        for _ in range(MOST_PAGES):
            page = await self._client.messages.page(limit=PAGE, cursor=cursor, instance_id=instance)
            ahead = self._ahead(self._now(now_ms, begun))
            found = [_row(message, ahead) for message in page.items]
            rows += found
            reach = _reach(found)
            if reach is not None and reach < since:
                return _Kept(Look(rows, now_ms), reach)
            if page.stuck or page.next_cursor in past:
                raise OutcomeUnknown("The list goes in circles; it was not read to its end.", call="GET /messages")
            if page.next_cursor is None:
                return _Kept(Look(rows, now_ms), None)
            cursor = page.next_cursor
            past.add(cursor)
        raise OutcomeUnknown(f"The list did not reach back far enough within {MOST_PAGES} pages.", call="GET /messages")

    def _now(self, then_ms: int, asked: float) -> int:
        """The store's clock: what it was when we were asked, and the time since."""
        return then_ms + int((self._clock.monotonic() - asked) * 1000)

    def _ahead(self, now_ms: int) -> timedelta:
        """How far MsgFlash's clock is ahead of the store's; no more is known where it sends no Date."""
        theirs = self._client.server_time
        return timedelta() if theirs is None else theirs - from_ms(now_ms)


def _reach(page: Sequence[Row]) -> datetime | None:
    """The moment behind which the list was left with this page; None when that cannot be said.

    The vendor documents no order. Going by the newest row of a page, one row that is out of its place does no harm;
    and a list that begins with its oldest has to be read to its end.
    """
    times = [row.created for row in page if row.created is not None]
    if not times or times[0] <= times[-1]:
        return None
    ordered = all(newer >= older for newer, older in pairwise(times))
    return times[-1] if ordered else max(times)


def _row(message: Message, ahead: timedelta) -> Row:
    created = message.created_at
    template = (message.meta or {}).get("templateId")
    return Row(
        id=message.id,
        to=message.to,
        instance=message.instance_id,
        type=message.type,
        body=message.body,
        media_url=message.media_url,
        outbound=message.direction in (None, "outbound"),
        created=None if created is None else created - ahead,
        template=template if isinstance(template, str) else None,
    )
