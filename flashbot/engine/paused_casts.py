"""Broadcasts that were found paused a moment ago: a take parks what waits of them, so that none of it costs a hand.

What else waits for such a contact goes before it: `take.lua`.
"""

from __future__ import annotations

from dataclasses import dataclass

from flashbot.clock import Clock
from flashbot.store.records import Held

__all__ = ["PausedCasts"]

BELIEVED = 2.0
"""Seconds after which one message of it is looked at again."""
SHORTEST = 4.0
"""Seconds for which a message of it is parked at least; else half as long as it has been paused."""


@dataclass(slots=True)
class _Pause:
    since: float
    seen: float


class PausedCasts:
    """Of one process. A message is parked for so long at most: after a resume the last of them comes back by then."""

    def __init__(self, clock: Clock, *, park_ms: int) -> None:
        self._clock = clock
        self._longest = max(SHORTEST, park_ms / 1000)
        self._pauses: dict[str, _Pause] = {}

    def hold(self, job: str) -> None:
        """It was read just now that this one is paused."""
        now = self._clock.monotonic()
        self._pauses = {its: one for its, one in self._pauses.items() if now - one.seen <= 3 * self._longest}
        self._pauses.setdefault(job, _Pause(now, now)).seen = now

    def held_back(self) -> list[Held]:
        now = self._clock.monotonic()
        return [
            Held("drip", f"M cast-{job}-".encode(), self._park_ms(now - one.since), "cast_paused")
            for job, one in self._pauses.items()
            if now - one.seen < BELIEVED
        ]

    def _park_ms(self, paused: float) -> int:
        return int(1000 * min(max(SHORTEST, paused / 2), self._longest))
