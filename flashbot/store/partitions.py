"""The partitions of a bot: whose a contact is, and where to look for work first.

A wake token, or what this process did itself, names a partition that is worth a look. All of them are looked at
now and then: for timers, ended leases, and tokens that were lost.
"""

from __future__ import annotations

import binascii
import random
from collections.abc import Callable, Mapping

from flashbot.store.records import Queue

__all__ = ["Partitions", "share"]

LOOK_EVERY_MS = 450.0
"""Between two looks at all of them. Shorter than the engine's tick, which so always looks everywhere."""
QUEUES: tuple[Queue, ...] = ("in", "reply", "drip")


class Partitions:
    def __init__(self, count: int, *, now_ms: Callable[[], float], rng: random.Random) -> None:
        self.tags = tuple(f"{{fb:{n}}}" for n in range(count))
        self._now_ms = now_ms
        self._rng = rng
        self._worth: dict[Queue, set[str]] = {queue: set() for queue in QUEUES}
        self._looked_at: dict[Queue, float] = dict.fromkeys(QUEUES, float("-inf"))

    def of(self, contact: str) -> str:
        """The tag of a contact's partition."""
        if len(self.tags) == 1:
            return self.tags[0]
        return self.tags[binascii.crc_hqx(contact.encode(), 0) % len(self.tags)]

    def hint(self, tag: str, *queues: Queue) -> None:
        """There may be work in this partition, in any queue unless some are named."""
        if len(self.tags) > 1:
            for queue in queues or QUEUES:
                self._worth[queue].add(tag)

    def look_everywhere(self, queue: Queue) -> None:
        """With the next look, whenever the last one was."""
        self._looked_at[queue] = float("-inf")

    def worth_a_look(self, queue: Queue) -> list[str]:
        """In no order. A hint is used up by this: whoever finds that work is left there hints again."""
        if len(self.tags) == 1:
            return list(self.tags)
        found, self._worth[queue] = self._worth[queue], set()
        now = self._now_ms()
        if not 0 <= now - self._looked_at[queue] < LOOK_EVERY_MS:
            self._looked_at[queue] = now
            found = set(self.tags)
        return self._rng.sample(sorted(found), len(found))


def share(most: int, ready: Mapping[str, int]) -> dict[str, int]:
    """Deal `most` hands out to those with work, one each as long as there are any, so that nobody stays behind."""
    shares = dict.fromkeys((tag for tag, count in ready.items() if count), 0)
    while most > 0:
        open_ = [tag for tag, had in shares.items() if had < ready[tag]]
        if not open_:
            break
        for tag in open_[:most]:
            shares[tag] += 1
        most -= len(open_)
    return {tag: had for tag, had in shares.items() if had}
