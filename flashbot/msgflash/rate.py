"""Keeping under the key's requests a second. A port: in one process here, shared over Redis elsewhere."""

from __future__ import annotations

from typing import Protocol

from flashbot.clock import Clock, SystemClock
from flashbot.errors import SettingsError

__all__ = ["LocalRate", "Rate", "Unlimited"]


class Rate(Protocol):
    """Returns when the next request may start. Every request counts, reads too."""

    async def wait(self) -> None: ...


class LocalRate:
    """Evenly spaced slots, first come first served (GCRA, burst of one). MsgFlash allows ten a second."""

    def __init__(self, per_second: float = 9, *, clock: Clock | None = None) -> None:
        if not per_second > 0:
            raise SettingsError("The rate must be above 0 requests a second; use Unlimited to lift it.")
        self._spacing = 1.0 / per_second
        self._clock = clock or SystemClock()
        self._next = float("-inf")

    async def wait(self) -> None:
        now = self._clock.monotonic()
        slot = max(now, self._next)
        self._next = slot + self._spacing
        if slot > now:
            await self._clock.sleep(slot - now)


class Unlimited:
    """For a server of one's own."""

    async def wait(self) -> None:
        return
