"""Keeping under the key's requests a second. A port: in one process here, shared over Redis elsewhere."""

from __future__ import annotations

import asyncio
from typing import Protocol

from flashbot.clock import Clock, SystemClock
from flashbot.errors import SettingsError

__all__ = ["LocalRate", "Rate", "Unlimited"]

LATENESS = 0.03
"""Seconds by which a request may begin after its slot without moving the slots behind it."""
LONGEST_PAUSE = 60.0
A_MICROSECOND = 0.000_001


class Rate(Protocol):
    """Says when the next request may begin. Every request counts, reads too."""

    async def wait(self) -> None:
        """Return when this request may begin."""

    async def pause(self, seconds: float) -> None:
        """After a 429: nobody with this key asks again before `seconds` have passed, a minute at most."""


class LocalRate:
    """Evenly spaced slots, first come first served (GCRA, burst of one).

    MsgFlash allows ten requests a second (resources/error-codes). At 9.2, eleven that begin here take at least 1.05
    seconds, so all but 50 ms of the way's unevenness are forgiven by a server that counts strictly.
    """

    def __init__(self, per_second: float = 9.2, *, clock: Clock | None = None) -> None:
        if not per_second > 0:
            raise SettingsError("The rate must be above 0 requests a second; use Unlimited to lift it.")
        self._spacing = 1.0 / per_second
        self._clock = clock or SystemClock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._line = asyncio.Lock()
        self._next = float("-inf")

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # a lock belongs to the loop in which somebody first waited for it
            self._loop, self._line = loop, asyncio.Lock()
        async with self._line:
            self._next = max(self._next, self._clock.monotonic())
            # Again after the sleep: somebody may have paused meanwhile.
            while (left := self._next - self._clock.monotonic()) > A_MICROSECOND:
                await self._clock.sleep(left)
            self._next = max(self._next, self._clock.monotonic() - LATENESS) + self._spacing

    async def pause(self, seconds: float) -> None:
        self._next = max(self._next, self._clock.monotonic() + min(seconds, LONGEST_PAUSE))


class Unlimited:
    """For a server of one's own."""

    async def wait(self) -> None:
        return

    async def pause(self, seconds: float) -> None:
        return
