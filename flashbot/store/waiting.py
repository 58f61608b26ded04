"""What waits in the lanes, counted slice by slice: no call is long, and nothing is changed.

Work goes on meanwhile: what moves while it is counted may count twice, or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from flashbot.store.link import Runner
from flashbot.store.records import Lane

__all__ = ["LANES", "Crowd", "Waiting"]

LANES: tuple[Lane, ...] = ("reply", "drip")
SLICE = 250
"""Contacts in one call: about a millisecond of the server."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Messages that wait alike. Of a contact whose messages do not, each kind counts it."""

    lane: Lane
    instance: str
    cls: str
    state: str
    """`ready`: its turn comes; `hand`: a process has it; `parked`."""
    why: str
    """A reason of `outreach/reasons.py`, where the contact's story tells; else ''."""
    contacts: int
    messages: int
    first_ms: int
    """When the first of them comes, by the store's clock; 0 for now."""


class Waiting:
    """Of all partitions."""

    def __init__(self, runner: Runner, tags: tuple[str, ...], now: Callable[[], str]) -> None:
        self._runner = runner
        self._tags = tags
        self._now = now

    async def count(self) -> list[Crowd]:
        """Everything. Raises StoreAway."""
        parts = await asyncio.gather(
            *(self._part(tag, lane, place) for tag in self._tags for lane in LANES for place in ("ready", "busy"))
        )
        return _summed(crowd for part in parts for crowd in part)

    async def _part(self, tag: str, lane: Lane, place: str) -> list[Crowd]:
        found: list[Crowd] = []
        first = 0
        while True:
            looked, *rows = await self._runner.run("waiting", tag, (self._now(), lane, place, first, SLICE))
            found = _summed([*found, *(_crowd(lane, row) for row in rows)])
            if looked < SLICE:
                return found
            first += SLICE


def _crowd(lane: Lane, row: list[bytes | int]) -> Crowd:
    *words, contacts, messages, first_ms = row
    instance, cls, state, why = (_text(word) for word in words)
    return Crowd(lane, instance, cls, state, why, int(contacts), int(messages), int(first_ms))


def _summed(crowds: Iterable[Crowd]) -> list[Crowd]:
    found: dict[tuple[str, ...], Crowd] = {}
    for one in crowds:
        name = (one.lane, one.instance, one.cls, one.state, one.why)
        had = found.get(name)
        found[name] = one if had is None else replace(
            one, contacts=had.contacts + one.contacts, messages=had.messages + one.messages,
            first_ms=min(had.first_ms, one.first_ms),
        )  # fmt: skip
    return list(found.values())


def _text(word: bytes | str | int) -> str:
    return word.decode() if isinstance(word, bytes) else str(word)
