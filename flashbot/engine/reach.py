"""Whether this process can reach MsgFlash at all: after a failure one request at a time finds out, ever more rarely.

It knows nothing of messages; those that wait stay in their lanes untouched.
"""

from __future__ import annotations

from random import Random

from flashbot.clock import Clock

__all__ = ["Reach"]

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0


class Reach:
    """Of one process: the way there may be broken for one machine alone."""

    def __init__(self, clock: Clock, rng: Random) -> None:
        self._clock = clock
        self._rng = rng
        self._failures = 0
        self._failed_at = float("-inf")
        self._again_at = float("-inf")

    @property
    def lost(self) -> bool:
        return self._failures > 0

    @property
    def waiting(self) -> bool:
        """Nobody should try yet."""
        return self.lost and self._clock.monotonic() < self._again_at

    def failed(self, begun: float) -> bool:
        """A request that began at `begun` did not get there; True for the first of them.

        Those that were under way together count once.
        """
        now = self._clock.monotonic()
        if self.lost and begun < self._failed_at:
            return False
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self._failures, 10))
        self._failures += 1
        self._failed_at = now
        self._again_at = now + wait * (0.75 + 0.25 * self._rng.random())
        return self._failures == 1

    def answered(self) -> bool:
        """MsgFlash said something; True when it could not be reached before."""
        was_lost, self._failures = self.lost, 0
        return was_lost
