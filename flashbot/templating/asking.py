"""`Asking`: the requests of one check: counted, and made again where that does no harm. `Stopped`: no use to ask on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from flashbot.msgflash.errors import (
    AccessRefused,
    KeyRefused,
    MsgFlashError,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PlanRefused,
    QuotaExceeded,
    RateLimited,
)
from flashbot.templating.fault import Code, Fault

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.listing import Listing
    from flashbot.msgflash.models import Resource

__all__ = ["Asking", "Stopped", "ends", "stopping"]

TRIES = 3
ENDS: tuple[tuple[Code, tuple[type[MsgFlashError], ...]], ...] = (
    ("plan", (PlanRefused, QuotaExceeded)),
    ("key", (KeyRefused, AccessRefused)),
    ("unreachable", (NotSent, OutcomeUnknown, RateLimited)),
)
"""What the client could not get over, and every further request would meet."""

Answer = TypeVar("Answer")
Item = TypeVar("Item", bound="Resource")


class Stopped(Exception):
    """The whole check ends; `fault` says why, in one sentence, of no file."""

    def __init__(self, code: Code, why: MsgFlashError) -> None:
        super().__init__(str(why))
        self.fault = Fault(code, "", 0, "", f"The check ended early: {why}")


def ends(fault: Exception) -> Code | None:
    """What stands in the way of every further request as well; None for what concerns one alone."""
    return next((code for code, kinds in ENDS if isinstance(fault, kinds)), None)


@contextlib.contextmanager
def stopping() -> Iterator[None]:
    """Raises Stopped for what ends a check; any other error of MsgFlash is left as it is."""
    try:
        yield
    except MsgFlashError as why:
        code = ends(why)
        if code is None:
            raise
        raise Stopped(code, why) from why


class Asking:
    """A client, and how many requests were made of it; those that the client repeats by itself count once."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.requests = 0
        self.tries = TRIES
        """Of a write without an answer; 1 once there is no hope."""

    async def once(self, request: Callable[[], Awaitable[Answer]]) -> Answer:
        self.requests += 1
        return await request()

    async def surely(self, write: Callable[[], Awaitable[Answer]]) -> Answer:
        """A write that comes to the same when it is made twice: one without an answer is made again."""
        for _ in range(self.tries - 1):
            try:
                return await self.once(write)
            except OutcomeUnknown:
                continue
        return await self.once(write)

    async def remove(self, ids: Iterable[str], delete: Callable[[str], Awaitable[None]]) -> tuple[str, ...]:
        """Delete these, all at once; gives those that are perhaps still there."""
        wanted = sorted(ids)
        done = await asyncio.gather(*(self._removed(one, delete) for one in wanted))
        return tuple(one for one, gone in zip(wanted, done, strict=True) if not gone)

    async def _removed(self, one: str, delete: Callable[[str], Awaitable[None]]) -> bool:
        try:
            await self.surely(partial(delete, one))
        except NotFound:
            return True
        except MsgFlashError:
            return False
        return True

    async def every(self, listing: Listing[Item]) -> tuple[Item, ...]:
        """All pages."""
        found: list[Item] = []
        cursor: str | None = None
        past: set[str | None] = set()
        while cursor not in past:
            past.add(cursor)
            page = await self.once(partial(listing.page, cursor))
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        return tuple(found)
