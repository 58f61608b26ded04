"""Time as an argument: one protocol, the system's clock, and one that a test moves by hand. And what a zone is called.

Nothing else in flashbot asks the operating system what time it is.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

__all__ = ["Clock", "ManualClock", "SystemClock", "from_ms", "is_zone", "to_ms", "zone_named"]

MACHINES_OWN = frozenset({"Factory", "localtime", "posixrules"})


class Clock(Protocol):
    """Wall time, a steady count of seconds for deadlines, and waiting."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """Stands still until it is moved; whoever sleeps wakes when the moved time reaches them."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
        self._start = self._now
        self._sleepers: list[tuple[datetime, int, asyncio.Event]] = []
        self._serial = itertools.count()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._serial), woken))
        await woken.wait()

    def move_to(self, moment: datetime) -> None:
        """Move to `moment` (never backwards) and wake everyone whose time has come."""
        self._now = max(self._now, moment)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            heapq.heappop(self._sleepers)[2].set()

    def advance(self, step: timedelta) -> None:
        self.move_to(self._now + step)

    def next_wake(self) -> datetime | None:
        """When the earliest sleeper wants to wake, if anyone sleeps."""
        return self._sleepers[0][0] if self._sleepers else None


def to_ms(moment: datetime) -> int:
    """Milliseconds since the epoch."""
    return int(moment.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def is_zone(name: str) -> bool:
    """Whether it is a zone of the tz database, the same on every machine."""
    return zone_named(name) is not None


@lru_cache(maxsize=2048)
def zone_named(name: str) -> ZoneInfo | None:
    """None for what is no zone, and for what is the machine's own."""
    if name in MACHINES_OWN or name.startswith(("posix/", "right/")):
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, no name of one, a folder
        return None
