"""What is stored of a contact, for whoever is about to write to them: their document, and what they got unasked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flashbot.store.link import Runner
from flashbot.store.partitions import Partitions

__all__ = ["Acquaintance", "Acquaintances", "Unasked"]


@dataclass(frozen=True, slots=True)
class Unasked:
    """A message that this contact got without having asked for it."""

    at_ms: int
    """By the store's clock."""
    cls: str
    body: str
    """A hash, as its sender made it."""


@dataclass(frozen=True, slots=True)
class Acquaintance:
    now_ms: int
    """By the store's clock."""
    state: bytes | None
    sent: tuple[Unasked, ...]
    """Newest last: the last of them, as many as `commit.lua` keeps."""


class Acquaintances:
    """Each in its own partition."""

    def __init__(self, runner: Runner, partitions: Partitions, now: Callable[[], str]) -> None:
        self._runner = runner
        self._partitions = partitions
        self._now = now

    async def read(self, contact: str) -> Acquaintance:
        """Raises StoreAway."""
        now, state, *sent = await self._runner.run("contact", self._partitions.of(contact), (self._now(), contact))
        return Acquaintance(int(now), state or None, tuple(map(_unasked, sent)))


def _unasked(stored: bytes) -> Unasked:
    at, cls, body, *_ = stored.decode().split(" ")
    return Unasked(int(at), cls, body)
