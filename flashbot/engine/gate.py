"""Whether a message may leave now, for all but its own sake: its instance is held back, it is too old, no budget.

It sends nothing. What it can tell before a take, the store parks by itself.
"""

from __future__ import annotations

import logging
from random import Random

from pydantic_core import to_json

from flashbot.engine.outbox import Outgoing, lane_of
from flashbot.engine.patience import Patience
from flashbot.engine.pauses import Pauses
from flashbot.engine.tally import who
from flashbot.engine.warmup import Warmup
from flashbot.errors import StoreError
from flashbot.store.mailbox import LONGEST_PARK_MS
from flashbot.store.records import Done, Held, Lane, Later, Taken

__all__ = ["LANES", "Gate", "instance_of"]

LANES: tuple[Lane, ...] = ("reply", "drip")
EXPIRES_MS = 6 * 3600 * 1000
"""What was to be sent unasked is not sent later than this; while it waits for the number's budget it does not age."""
AWAY_MS = 1000
log = logging.getLogger("flashbot.sender")


class Gate:
    """Of one process. Without a `warmup` the drip lane has no budget."""

    def __init__(self, pauses: Pauses, warmup: Warmup | None, *, patience: Patience, rng: Random) -> None:
        self._pauses = pauses
        self._warmup = warmup
        self._park_ms = patience.park * 1000
        self._rng = rng

    def held_back(self) -> list[Held]:
        """What the store parks by itself: it must neither cost a slot nor stand before what may leave."""
        held = [Held(lane, _sent_from(one), int(self._park_ms)) for one in self._pauses.instances for lane in LANES]
        if self._warmup is not None:
            held += [Held("drip", _sent_from(one), min(ms, LONGEST_PARK_MS)) for one, ms in self._warmup.waiting()]
        return held

    async def check(self, taken: Taken, message: Outgoing) -> Done | Later | None:
        """What follows for a message that may not leave now, or never; None, and counted, for one that may."""
        budgeted = taken.queue == "drip" and self._warmup is not None
        unasked = lane_of(message.cls) == "drip"
        if not (budgeted or unasked or self._pauses.instances):
            return None
        instance = instance_of(message)
        if instance is not None and self._pauses.holds(instance):
            return Later(int(self._park_ms * (0.5 + 0.5 * self._rng.random())), note=taken.note)
        try:
            if unasked and await self._is_too_old(taken, message, instance):
                log.warning("Message %s to %s is too old to be sent unasked; dropped.", message.id, who(taken.contact))
                return Done(counts=("expired",))
            if budgeted and self._warmup is not None and instance is not None:
                wait_ms = await self._warmup.spend(instance)
                if wait_ms is not None:
                    return Later(wait_ms, note=taken.note)
        except StoreError:
            return Later(AWAY_MS, note=taken.note)
        return None

    async def give_back(self, taken: Taken, message: Outgoing) -> None:
        """What `check` let through did certainly not leave."""
        instance = instance_of(message)
        if taken.queue == "drip" and self._warmup is not None and instance is not None:
            await self._warmup.refund(instance)

    async def _is_too_old(self, taken: Taken, message: Outgoing, instance: str | None) -> bool:
        since_ms = message.made_ms
        if taken.taken_ms - since_ms > EXPIRES_MS and self._warmup is not None and instance is not None:
            since_ms = max(since_ms, await self._warmup.full_ms(instance))
        return taken.taken_ms - since_ms > EXPIRES_MS


def instance_of(message: Outgoing) -> str | None:
    """From which number it leaves."""
    instance = message.fields().get("instanceId")
    return instance if isinstance(instance, str) else None


def _sent_from(instance: str) -> bytes:
    """How a stored message names it; inside a text the quotation marks would be escaped."""
    return b'"instanceId":' + to_json(instance)
