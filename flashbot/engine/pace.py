"""The key's requests a second, kept by every process together: slots that the store gives out, evenly spaced.

A strict platform counts arrivals, so a slot is a moment: never before it, and given up when it comes too late.
Whoever holds a slot sends what is most urgent when the slot comes due, so no drip ever stands before a reply.
"""

from __future__ import annotations

import asyncio
import hashlib
import math

from flashbot.clock import Clock
from flashbot.store.mailbox import Store

__all__ = ["SharedPace", "key_tag"]

TOLERANCE_MS = 30
"""How long after its slot a request may begin. At 9.2 a second eleven slots span 1,090 ms: less this, 60 ms are left
before a way to the platform that is quicker for the last than for the first could bring all eleven within a second."""
LONGEST_TOLERANCE_MS = 2000
LONGEST_SLEEP_MS = 5000


class SharedPace:
    """Satisfies the client's `Rate` port; `unlimited` when the rate is lifted."""

    def __init__(self, store: Store, clock: Clock, *, api_key: str, per_second: float) -> None:
        self._store = store
        self._clock = clock
        self.tag = key_tag(api_key)
        # Rounded up: whole milliseconds must never make the rate higher than asked.
        self._interval_ms = math.ceil(1000 / per_second) if per_second else 0
        # One place in the store's line for each process: first come, first served inside it, and little is lost
        # when it dies.
        self._line = asyncio.Lock()
        self._tolerance_ms = TOLERANCE_MS
        self.unlimited = not per_second
        self.good_until = float("-inf")
        """Until when, on the monotonic clock, the slot that `wait` has just brought may be used."""

    async def wait(self) -> None:
        """Return when this call's slot has come. Raises StoreAway when the store is away."""
        if self.unlimited:
            return
        async with self._line:
            slot, tolerance = 0, self._tolerance_ms
            while True:
                asked_at = self._clock.monotonic()
                permit = await self._store.permit(
                    self.tag,
                    # A longer tolerance is paid for with as much room behind the slot.
                    interval_ms=self._interval_ms + tolerance - TOLERANCE_MS,
                    slot_ms=slot,
                )
                # The store answered at some moment since it was asked, so all of that may be lateness; 1 for what
                # its whole milliseconds hide.
                late = permit.ms + (self._clock.monotonic() - asked_at) * 1000 + 1
                if permit.granted and late < tolerance:
                    break
                slot = 0 if permit.granted else permit.slot_ms
                if permit.granted or not permit.ms:
                    # Too late: a far store or a busy machine gets through with a longer tolerance.
                    tolerance = min(2 * tolerance, LONGEST_TOLERANCE_MS)
                else:
                    await self._clock.sleep(min(permit.ms, LONGEST_SLEEP_MS) / 1000)
            self.good_until = self._clock.monotonic() + (tolerance - late) / 1000
            # Where a longer one was needed, the next call begins with what this one could have done with.
            self._tolerance_ms = min(tolerance, max(TOLERANCE_MS, math.ceil(2 * late)))

    async def pause(self, seconds: float) -> None:
        """After a 429: nobody with this key asks again before `seconds` have passed, a minute at most."""
        if self.unlimited:
            return
        pause_ms = max(1, math.ceil(seconds * 1000))
        await self._store.permit(self.tag, interval_ms=self._interval_ms, longest_ms=0, pause_ms=pause_ms)


def key_tag(api_key: str) -> str:
    """Under which the store keeps what all processes of a key share; the key cannot be read from it."""
    return "{key:" + hashlib.sha256(api_key.encode()).hexdigest()[:16] + "}"
