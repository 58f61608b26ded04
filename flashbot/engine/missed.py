"""What no intent understood, on its way from the turns to the store, where the settings allow to keep it.

It never holds a turn up: what the store does not take at once is dropped, and what a crash takes with it is no loss.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from datetime import timedelta

from flashbot.clock import Clock
from flashbot.dialogue.census import kind_of
from flashbot.dialogue.decision import Decision
from flashbot.dialogue.timer import TimerFired
from flashbot.engine.tally import Tally
from flashbot.errors import StoreError
from flashbot.msgflash.events import Event, Received
from flashbot.store.misses import Misses
from flashbot.store.records import Miss

__all__ = ["Missed", "miss_of"]

MOST_WAITING = 1000
"""Beyond them the oldest is dropped."""
BATCH = 100
TRIM_EVERY = 3600.0
LEAVE_WITHIN = 2.0
log = logging.getLogger("flashbot.missed")


def miss_of(decision: Decision, event: Event | TimerFired, contact: str) -> Miss | None:
    """What a decision says of a person's own words, where no intent was sure to be meant by them."""
    if not isinstance(event, Received) or kind_of(event) != "people" or event.choice is not None:
        return None
    reason, best = decision.reason, decision.match.best if decision.match is not None else None
    if decision.text is not None:  # it answers a question about that text
        if best is not None and reason.startswith("intent:"):
            return Miss(contact, decision.text, asked=True, chosen=best.intent)
        return Miss(contact, decision.text, asked=True, chosen="") if reason.endswith(" (none chosen)") else None
    if not event.text.strip() or not reason.startswith(("asked:", "fallback:", "unhandled")):
        return None
    guess, score = best if best is not None else ("", 0.0)
    return Miss(contact, event.text, guess, score, asked=decision.question is not None)


class Missed:
    """One process's. Counts every miss; keeps its text `within` so much time, not at all when that is none."""

    def __init__(self, misses: Misses, clock: Clock, tally: Tally, *, within: timedelta) -> None:
        self._misses = misses
        self._clock = clock
        self._tally = tally
        self._within = within
        self._waiting: deque[Miss] = deque(maxlen=MOST_WAITING)
        self._trim_at = float("-inf")
        self._told = False
        self.changed = asyncio.Event()
        self.stopping = False

    def add(self, miss: Miss) -> None:
        """After its turn was committed."""
        if miss.chosen is None:
            self._tally.misses["asked" if miss.asked else "fallback"] += 1
        if self._within:
            self._waiting.append(miss)
            self.changed.set()

    async def step(self) -> bool:
        """Write what waits; at first, and once an hour, delete what is too old. True when more waits."""
        try:
            if self._clock.monotonic() >= self._trim_at:
                await self._misses.trim(self._within)
                self._trim_at = self._clock.monotonic() + TRIM_EVERY
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            await self._misses.keep(batch, within=self._within)
        except StoreError as fault:
            if not self._told:
                log.warning("%s Messages that no intent understands are not kept meanwhile. This is said once.", fault)
            self._told = True
            return False
        return bool(self._waiting)

    async def finish(self) -> None:
        """Write what waits, if that takes no time worth mentioning."""
        self.stopping = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_WITHIN):
                while await self.step():
                    pass
