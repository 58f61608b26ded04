"""The key's ten requests a second, kept by every process together: slots reserved in the store.

Whoever holds a slot sends what is most urgent when the slot comes due, so no drip ever stands before a reply.
"""

from __future__ import annotations

import hashlib

from flashbot.clock import Clock
from flashbot.store.mailbox import Store

__all__ = ["SharedPace"]


class SharedPace:
    """Satisfies the client's `Rate` port; `unlimited` when the rate is lifted."""

    def __init__(self, store: Store, clock: Clock, *, api_key: str, per_second: float) -> None:
        self._store = store
        self._clock = clock
        self._tag = "{key:" + hashlib.sha256(api_key.encode()).hexdigest()[:16] + "}"
        self._interval_ms = round(1000 / per_second) if per_second else 0
        self.unlimited = not per_second

    async def wait(self) -> None:
        """Return when this call's slot has come. Raises StoreAway when the store is away."""
        while not self.unlimited:
            granted, wait_ms = await self._store.permit(self._tag, interval_ms=self._interval_ms)
            await self._clock.sleep(min(wait_ms, 5000) / 1000)
            if granted:
                return

    async def pause(self, seconds: float) -> None:
        """After a 429: nobody with this key asks again before `seconds` have passed."""
        if self.unlimited:
            return
        await self._store.permit(
            self._tag, interval_ms=self._interval_ms, longest_ms=0, pause_ms=max(1, int(seconds * 1000))
        )
