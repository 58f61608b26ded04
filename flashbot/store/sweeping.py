"""How many contacts a process may park in one call, where a crowd is held back: so many a second.

Each costs the server some 20 microseconds, and a crowd that waits for the next gap comes back as fast as it is parked.
Answers go first meanwhile. Without this a hundred thousand kept a server busy with nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["EACH", "MOST_CALLS", "Sweeping"]

EACH = 200
"""In one call: no answer waits longer for the server than these take."""
A_SECOND = 2000
MOST_CALLS = A_SECOND // EACH
"""Of one take."""


class Sweeping:
    """Of one process. `now_ms` may jump."""

    def __init__(self, now_ms: Callable[[], float]) -> None:
        self._now_ms = now_ms
        self._left = float(A_SECOND)
        self._at_ms = now_ms()

    def next(self) -> int:
        """How many the next call may park; fewer than `EACH` when this second has seen enough."""
        now = self._now_ms()
        passed, self._at_ms = now - self._at_ms, now
        if not 0 <= passed < 1000:
            passed = 1000
        self._left = min(A_SECOND, self._left + passed * A_SECOND / 1000)
        return min(EACH, int(self._left))

    def spent(self, count: int) -> None:
        """So many were parked, and more stand behind them."""
        self._left -= count
