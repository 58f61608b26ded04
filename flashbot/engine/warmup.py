"""Keeps a number's unasked messages within its warm-up budget: fetches the health, counts in the store, says who waits.

How much may be sent is decided in `outreach/budget.py`. A reply never comes here.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from flashbot.clock import Clock
from flashbot.engine.pauses import Pauses, cause_of
from flashbot.engine.tally import Tally
from flashbot.errors import StoreError
from flashbot.msgflash.errors import MsgFlashError
from flashbot.msgflash.instances import InstanceHealth
from flashbot.outreach.budget import FRESH, Health, is_fresh, learn, limits
from flashbot.store.budgets import Known
from flashbot.store.mailbox import LONGEST_PARK_MS, Store

__all__ = ["HealthOf", "Warmup"]

ASK_AGAIN_MS = 60_000
"""Between two questions about one instance, over all processes."""
WHILE_ASKING_MS = 1000
UNKNOWN_WAIT_MS = 5 * 60 * 1000
"""For which a message waits when no newer health is to be expected: a twelfth of the hour that is counted."""
SHORTEST_WAIT_MS = 30_000
log = logging.getLogger("flashbot.warmup")


class HealthOf(Protocol):
    """The client's `instances.health`. Raises MsgFlashError."""

    async def __call__(self, instance_id: str) -> InstanceHealth: ...


class Warmup:
    """The budgets of a key's instances, as one process sees them."""

    def __init__(
        self, store: Store, health_of: HealthOf, pauses: Pauses, clock: Clock, tally: Tally, *, key_tag: str
    ) -> None:
        self._store = store
        self._health_of = health_of
        self._pauses = pauses
        self._clock = clock
        self._tally = tally
        self._key_tag = key_tag
        self._wanted: set[str] = set()
        self._until: dict[str, float] = {}
        self.changed = asyncio.Event()
        """Set when there is something to ask."""

    async def spend(self, instance: str) -> int | None:
        """Count one message of this instance: None when it may leave now, else the ms after which to ask again.

        Raises StoreError.
        """
        waiting = self._waiting_ms(instance)
        # While the account is refused nobody asks, and one message is let through to find out whether it is mended.
        asking = self._pauses.account is None
        if instance in self._wanted and asking:
            if not waiting:
                self._wait(instance, WHILE_ASKING_MS)
            return 0  # the next take parks it, unless the answer is there by then
        if waiting:
            return waiting
        while True:
            known = await self._store.budgets.read(self._key_tag, instance)
            health = Health.load(known.health)
            if asking and not is_fresh(health, known.now_ms) and not _asked_lately(known):
                self._wanted.add(instance)
                self.changed.set()
                self._wait(instance, WHILE_ASKING_MS)
                return 0
            most = limits(health, known.now_ms)
            granted = await self._store.budgets.spend(
                self._key_tag, instance, health=known.health, since=most.since, hour=most.hour, day=most.day
            )
            if granted:
                return None
            if granted is not None:
                self._tally.count("budget_waits")
                return self._wait(instance, self._until_news(known, health))

    async def refund(self, instance: str) -> None:
        """It did not leave after all; where the store is away, it stays counted."""
        try:
            await self._store.budgets.refund(self._key_tag, instance)
        except StoreError:
            return

    async def full_ms(self, instance: str) -> int:
        """When a message of this instance last had to wait, by the store's clock; 0 for never. Raises StoreError."""
        return (await self._store.budgets.read(self._key_tag, instance)).full_ms

    def waiting(self) -> list[tuple[str, int]]:
        """The instances that nothing unasked may leave from now, and the ms for which that holds."""
        found = [(instance, self._waiting_ms(instance)) for instance in list(self._until)]
        return [(instance, ms) for instance, ms in found if ms]

    async def step(self) -> bool:
        """Fetch the health that is wanted, where no other process does. Raises StoreError."""
        if not self._wanted or self._pauses.account is not None:
            return False
        for instance in list(self._wanted):
            if await self._store.budgets.ask(self._key_tag, instance, within_ms=ASK_AGAIN_MS):
                await self._fetch(instance)
            self._wanted.discard(instance)
            self._until.pop(instance, None)
        return True

    async def _fetch(self, instance: str) -> None:
        try:
            found = await self._health_of(instance)
        except MsgFlashError as fault:
            cause = cause_of(fault, sending=False)
            if cause is not None:
                await self._pauses.hold(cause, fault=fault)
            else:
                log.warning("The health of instance %s cannot be had (%s); a cautious cap holds.", instance, fault)
            return
        policy, usage = found.warmup_policy, found.usage_window_summary
        known = await self._store.budgets.read(self._key_tag, instance)
        health = learn(
            Health.load(known.health),
            at_ms=known.asked_ms,
            used_hour=usage.outbound_1h if usage else None,
            used_day=usage.outbound_24h if usage else None,
            hourly=policy.hourly_outbound_cap if policy else None,
            daily=policy.daily_outbound_cap if policy else None,
        )
        await self._store.budgets.tell(self._key_tag, instance, health.dump())

    def _until_news(self, known: Known, health: Health | None) -> int:
        """Newer health may show more room; without any, time makes some."""
        if health is None or not is_fresh(health, known.now_ms):
            return UNKNOWN_WAIT_MS
        stale_ms = int(FRESH.total_seconds() * 1000) - (known.now_ms - health.at_ms)
        return max(SHORTEST_WAIT_MS, min(LONGEST_PARK_MS, stale_ms + 1000))

    def _wait(self, instance: str, ms: int) -> int:
        self._until[instance] = self._clock.monotonic() + ms / 1000
        return self._waiting_ms(instance)

    def _waiting_ms(self, instance: str) -> int:
        left = self._until.get(instance, float("-inf")) - self._clock.monotonic()
        if left <= 0:
            self._until.pop(instance, None)
            return 0
        return max(1, int(left * 1000))


def _asked_lately(known: Known) -> bool:
    """An answer may be under way, or there was none."""
    return 0 <= known.now_ms - known.asked_ms < ASK_AGAIN_MS
