"""What is stored of a contact, for whoever is about to write to them: their document, and what they got unasked.

And what a number has sent unasked to people who have not written since, of whom each partition knows its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flashbot.store.link import Runner
from flashbot.store.partitions import Partitions

__all__ = ["Acquaintance", "Acquaintances", "Unanswered", "Unasked"]


@dataclass(frozen=True, slots=True)
class Unasked:
    """A message that this contact got without having asked for it."""

    at_ms: int
    """By the store's clock."""
    cls: str
    body: str
    """A hash, as its sender made it."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Unasked messages of a number, of the last 30 days, to people who have not written since."""

    count: int
    oldest_ms: int | None
    """When the oldest of them left, by the store's clock."""


@dataclass(frozen=True, slots=True)
class Acquaintance:
    now_ms: int
    """By the store's clock."""
    state: bytes | None
    sent: tuple[Unasked, ...]
    """Newest last: the last of them, as many as `commit.lua` keeps."""
    unanswered: Unanswered = Unanswered(0, None)
    """Of the number that was named, in this contact's partition."""
    partition: int = 0
    """Which of them that is, from 0."""


class Acquaintances:
    """Each in its own partition."""

    def __init__(self, runner: Runner, partitions: Partitions, now: Callable[[], str]) -> None:
        self._runner = runner
        self._partitions = partitions
        self._now = now

    async def read(self, contact: str, instance: str = "") -> Acquaintance:
        """`instance`: whose unanswered messages are counted. Raises StoreAway."""
        tag = self._partitions.of(contact)
        now, count, oldest, state, *sent = await self._asked(tag, contact, instance)
        return Acquaintance(
            int(now), state or None, tuple(map(_unasked, sent)), _unanswered(count, oldest),
            self._partitions.tags.index(tag),
        )  # fmt: skip

    async def unanswered(self, instance: str) -> list[Unanswered]:
        """Of each partition, in their order. Raises StoreAway."""
        replies = await asyncio.gather(*(self._asked(tag, "", instance) for tag in self._partitions.tags))
        return [_unanswered(count, oldest) for _, count, oldest, *_ in replies]

    async def _asked(self, tag: str, contact: str, instance: str) -> Any:
        return await self._runner.run("contact", tag, (self._now(), contact, instance))


def _unanswered(count: int, oldest: bytes) -> Unanswered:
    return Unanswered(int(count), int(oldest) if oldest else None)


def _unasked(stored: bytes) -> Unasked:
    at, cls, body, *_ = stored.decode().split(" ")
    return Unasked(int(at), cls, body)
