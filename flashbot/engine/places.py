"""When each of a crowd comes back that waits for one place: spread, the wider the more of them wait. Of one process.

Whoever comes when there is none left waits again. It remembers no message: only how far each crowd is spread.
"""

from __future__ import annotations

from collections.abc import Hashable
from random import Random

__all__ = ["EACH_MS", "Places"]

EACH_MS = 15_000
"""Between two of them who come back, where there are few enough."""
LEAST_MS = 3600_000
"""Over which the largest crowd is spread at least."""


class Places:
    def __init__(self, rng: Random, *, longest_ms: int) -> None:
        """Nobody waits longer than `longest_ms`."""
        self._rng = rng
        self._longest_ms = longest_ms
        self._ends: dict[Hashable, int] = {}

    def moment(self, crowd: Hashable, now_ms: int, free_ms: int) -> int:
        """When one more of this crowd comes back, if a place will be free at `free_ms`.

        Each adds to the spread, and time takes from it: where as many come back as leave, it stays.
        """
        most = max(LEAST_MS, self._longest_ms - max(0, free_ms - now_ms))
        ends = self._ends.get(crowd, now_ms)
        if ends > now_ms + self._longest_ms:
            ends = now_ms  # the clock jumped back
        spread = min(max(0, ends - now_ms), most)
        self._ends[crowd] = now_ms + min(spread + EACH_MS, most)
        first = min(free_ms, now_ms + self._longest_ms - spread)
        return first + int(self._rng.random() * spread)
