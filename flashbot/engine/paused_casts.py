"""Broadcasts that were found paused a moment ago: a take parks what waits of them, so that none of it costs a hand.

What else waits for such a contact goes before it: `take.lua`.
"""

from __future__ import annotations

from flashbot.clock import Clock
from flashbot.store.records import Held

__all__ = ["PausedCasts"]

BELIEVED = 5.0
"""Seconds after which one message of it is looked at again."""


class PausedCasts:
    """Of one process. A message is parked for so long at most: after a resume the last of them comes back by then."""

    def __init__(self, clock: Clock, *, park_ms: int) -> None:
        self._clock = clock
        self._park_ms = park_ms
        self._until: dict[str, float] = {}

    def hold(self, job: str) -> None:
        """It was read just now that this one is paused."""
        self._until[job] = self._clock.monotonic() + BELIEVED

    def held_back(self) -> list[Held]:
        now = self._clock.monotonic()
        self._until = {job: until for job, until in self._until.items() if until > now}
        return [Held("drip", f"M cast-{job}-".encode(), self._park_ms, "cast_paused") for job in self._until]
