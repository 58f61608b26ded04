"""Takes from many partitions at once: looks first, without leasing, then deals the hands out to those with work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from flashbot.errors import StoreAway, StoreError
from flashbot.store.partitions import Partitions, share
from flashbot.store.records import Queue

__all__ = ["Lookout"]

LOOK_WITHIN = 1.0
"""Seconds for which a look waits for a slow node."""


class Lookout:
    """`take(tag, lease ms, most, queue)` is the script's call: how many stay ready, and what was leased."""

    def __init__(self, partitions: Partitions, take: Callable[[str, int, int, Queue], Awaitable[Any]]) -> None:
        self._partitions = partitions
        self._take = take

    async def take(self, queue: Queue, lease_ms: int, most: int) -> tuple[int, list[Any]]:
        """The same for all partitions that are worth a look."""
        tags = self._partitions.worth_a_look(queue)
        hands = dict.fromkeys(tags, most)
        if most == 0 or len(tags) > 1:
            seen = await self._at_each(queue, lease_ms, dict.fromkeys(tags, 0))
            ready = {tag: reply[0] for tag, reply in seen.items()}
            hands = share(most, ready)
            for tag in tags:
                if tag not in hands and ready.get(tag, 1):
                    self._partitions.hint(tag, queue)
            if not hands:
                return sum(ready.values()), []
        replies = await self._at_each(queue, lease_ms, hands)
        for tag in hands:
            if tag not in replies or replies[tag][0]:
                self._partitions.hint(tag, queue)
        return sum(reply[0] for reply in replies.values()), [one for reply in replies.values() for one in reply[1:]]

    async def _at_each(self, queue: Queue, lease_ms: int, hands: Mapping[str, int]) -> dict[str, Any]:
        """The replies of those that gave one: a node that is away must not keep the others' contacts waiting.

        Raises StoreAway when nobody did.
        """
        if not hands:
            return {}
        calls = {tag: asyncio.ensure_future(self._take(tag, lease_ms, most, queue)) for tag, most in hands.items()}
        # What leases is waited for to its end: it would lie leased to nobody.
        within = None if any(hands.values()) else LOOK_WITHIN
        try:
            _, late = await asyncio.wait(calls.values(), timeout=within)
        finally:
            for call in calls.values():
                call.cancel()
        replies = dict[str, Any]()
        fault: StoreError = StoreAway(f"The store does not answer within {LOOK_WITHIN:g} seconds.")
        for tag, call in calls.items():
            if call in late:
                continue
            try:
                replies[tag] = call.result()
            except StoreError as other:
                fault = other
        if not replies:
            raise fault
        return replies
