"""The world's time: what shall happen when, and happens once the clock says so.

It never waits by itself: whoever drives the world calls `advance`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flashbot.clock import Clock

__all__ = ["Timeline", "new_hex", "new_id", "stamp"]


class Timeline:
    """A heap of moments with something to do at each; equal moments keep their order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._plans: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._serial = 0
        # Called when something new comes before everything planned so far.
        self.on_earlier: list[Callable[[], None]] = []

    def now(self) -> datetime:
        moment = self._clock.now()
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def at(self, moment: datetime, do: Callable[[datetime], None]) -> None:
        """Plan `do(moment)`; it gets the planned moment, not the one at which someone looked."""
        self._serial += 1
        heapq.heappush(self._plans, (moment, self._serial, do))
        if self.on_earlier and self._plans[0][1] == self._serial:
            self.earlier()

    def earlier(self) -> None:
        for told in self.on_earlier:
            told()

    def advance(self, now: datetime) -> None:
        """Let everything happen that was planned up to `now`, in order."""
        plans = self._plans
        while plans and plans[0][0] <= now:
            moment, _, do = heapq.heappop(plans)
            do(moment)

    def resume(self, clock: Clock) -> None:
        """Go on after having been saved, on this clock."""
        self._clock = clock

    def __getstate__(self) -> dict[str, object]:
        """Without the clock, and without those who are told."""
        state = {**self.__dict__, "on_earlier": []}
        del state["_clock"]
        return state

    def next(self) -> datetime | None:
        return self._plans[0][0] if self._plans else None


def stamp(moment: datetime) -> str:
    """`2026-05-01T09:00:00.000Z`, as every timestamp of the API; `moment` is in UTC."""
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def new_id(random: Random) -> str:
    """A version 4 UUID from the world's own randomness, so that a seed repeats it."""
    raw = f"{random.getrandbits(128):032x}"
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"


def new_hex(random: Random, characters: int) -> str:
    return f"{random.getrandbits(characters * 4):0{characters}x}"
