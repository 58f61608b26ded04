"""Broadcasts in the store: a record of each, what it has still to feed, and what became of each person.

What a call promises is written in `scripts/cast.lua`. It decides nothing: what comes next is `outreach/cast.py`'s.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from flashbot.outreach.cast import ENDED, CastState
from flashbot.store.link import Runner
from flashbot.store.partitions import Partitions

__all__ = ["KEEP_MS", "LONGEST_MS", "Cast", "Casts", "Counts", "Feeding"]

DAY_MS = 24 * 3600 * 1000
KEEP_MS = 90 * DAY_MS
"""After its end."""
LONGEST_MS = 400 * DAY_MS
DRAFT_MS = 7 * DAY_MS
"""For one that was made and never begun."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The record of a broadcast. Times are ms since the epoch by the store's clock."""

    id: str
    now_ms: int
    """When it was read."""
    state: CastState
    reason: str
    """Why it halted; of one that goes on, why nothing is fed for now."""
    name: str
    instance: str
    purpose: str
    made_ms: int
    before_ms: int
    total: int
    fed: int
    canary: int
    rules: str
    """As whoever made it wrote them."""
    base: str
    """Likewise of the counts when a person let it go on after a halt."""
    settled_ms: int | None
    """When the first few were settled."""
    next_ms: int | None
    fed_until_ms: int = 0
    """Until then some process feeds it."""
    begun: bool = False
    """It was let run at some time."""


@dataclass(frozen=True, slots=True)
class Counts:
    words: Mapping[str, int] = field(hash=False)
    """People by what became of their message."""
    left: Mapping[int, int] = field(hash=False)
    """How many messages left, by the ten minutes since the epoch; those of the last day are all there."""


@dataclass(frozen=True, slots=True)
class Feeding:
    """One person's message on its way into the lane."""

    contact: str = field(repr=False)
    entry: bytes = field(repr=False)
    why: bytes = field(default=b"", repr=False)
    """A packed record."""


class Casts:
    """Every call raises StoreAway."""

    def __init__(self, runner: Runner, partitions: Partitions, now: Callable[[], str]) -> None:
        self._runner = runner
        self._partitions = partitions
        self._now = now

    # -- making

    async def begin(self, job: str, digest: str, salt: str, known: Mapping[str, str | int]) -> tuple[str, str, int]:
        """Make it anew, as long as it never ran: its state, the digest it was made with, and how many it has."""
        words = [word for pair in known.items() for word in pair]
        state, kept, _, total = await self._first("begin", job, DRAFT_MS, digest, salt, *words)
        return _text(state), _text(kept or b""), int(total or 0)

    async def add(self, job: str, salt: str, entries: Iterable[tuple[str, bytes]]) -> int | None:
        """Each person once; how many there are now, or None when another making of it has begun since, or it has."""
        words = [word for pair in entries for word in pair]
        total = int(await self._first("add", job, salt, *words))
        return None if total < 0 else total

    async def start(self, job: str, salt: str, *, canary: int, total: int) -> bool:
        """Let it run; False when it runs already, another making of it has begun, or it has not `total` people: a
        failover may have lost some of them."""
        return bool(await self._first("start", job, salt, LONGEST_MS, canary, total, confirm=True))

    # -- looking

    async def read(self, job: str) -> Cast | None:
        now, *flat = await self._first("read", job)
        return _cast(job, int(now), flat)

    async def state(self, job: str) -> str:
        """Empty for one that is not known."""
        return _text(await self._first("state", job))

    async def all(self) -> list[Cast]:
        """The oldest first."""
        _, *jobs = await self._first("list")
        found = await asyncio.gather(*(self.read(_text(job)) for job in jobs))
        return sorted((one for one in found if one is not None), key=lambda one: (one.made_ms, one.id))

    async def counts(self, job: str) -> Counts:
        """Over all partitions."""
        words, left = Counter[str](), Counter[int]()
        for reply in await asyncio.gather(*(self._run(tag, "counts", job) for tag in self._partitions.tags)):
            split = 1 + int(reply[0]) * 2
            for word, count in _pairs(reply[1:split]):
                words[word] += int(count)
            for slot, count in _pairs(reply[split:]):
                left[int(slot)] += int(count)
        return Counts({word: count for word, count in words.items() if count}, left)

    # -- going on

    async def going(self, token: str, *, lease_ms: int, without: Iterable[str] = ()) -> list[Cast]:
        """Those that go on and that nobody else feeds; nobody else does for so long now. `without`: jobs that are left
        to others."""
        now, *found = await self._first("going", token, lease_ms, *without)
        casts = (_cast(_text(job), int(now), flat) for job, *flat in found)
        return [one for one in casts if one is not None]

    async def move(
        self, job: str, known: Mapping[str, str | int], *, of: Iterable[CastState] = (), confirm: bool = False
    ) -> bool:
        """Write these of its record down; False unless it is in one of these states, where some are named."""
        state = known.get("state")
        keep = KEEP_MS if state in ENDED else ""
        words = [word for pair in known.items() for word in pair]
        moved = bool(await self._first("move", job, ",".join(of), keep, *words, confirm=confirm))
        if moved and keep:
            await asyncio.gather(*(self._run(tag, "keep", job, keep) for tag in self._partitions.tags))
        return moved

    async def next(self, job: str, places: Sequence[int]) -> list[tuple[str, bytes]]:
        """The people and messages at these places of the list, without those who were erased."""
        flat = await self._first("next", job, *places)
        words = [iter(flat)] * 2
        return [(_text(contact), entry) for contact, entry in zip(*words, strict=True) if contact]

    async def feed(self, job: str, feedings: Iterable[Feeding]) -> int:
        """Into their lanes, each person once for ever; how many are new."""
        shares: dict[str, list[str | bytes]] = {}
        for one in feedings:
            shares.setdefault(self._partitions.of(one.contact), []).extend((one.contact, one.entry, one.why))
        new = await asyncio.gather(
            *(self._run(tag, "feed", job, LONGEST_MS, *words, confirm=True) for tag, words in shares.items())
        )
        for tag in shares:
            self._partitions.hint(tag, "drip")
        return sum(map(int, new))

    async def advance(self, job: str, fed: int, to: int, places: Sequence[int]) -> bool:
        """These places are fed; False when another feeder was before."""
        return bool(await self._first("advance", job, fed, to, *places))

    # -- people

    async def documents(self, contacts: Sequence[str]) -> dict[str, bytes | None]:
        """What is stored of each, in one call for each partition."""
        shares: dict[str, list[str]] = {}
        for contact in contacts:
            shares.setdefault(self._partitions.of(contact), []).append(contact)
        replies = await asyncio.gather(*(self._run(tag, "documents", *each) for tag, each in shares.items()))
        return {
            contact: document or None
            for each, reply in zip(shares.values(), replies, strict=True)
            for contact, document in zip(each, reply, strict=True)
        }

    async def forget(self, contact: str) -> None:
        """Whoever is erased and was not fed yet is not written to any more. The rest does `person.lua`."""
        await self._first("forget", contact, confirm=True)

    async def _first(self, verb: str, *args: str | bytes | int, confirm: bool = False) -> Any:
        return await self._run(self._partitions.tags[0], verb, *args, confirm=confirm)

    async def _run(self, tag: str, verb: str, *args: str | bytes | int, confirm: bool = False) -> Any:
        return await self._runner.run("cast", tag, (self._now(), verb, *args), confirm=confirm)


def _cast(job: str, now_ms: int, flat: Sequence[Any]) -> Cast | None:
    known = dict(_pairs(flat[0] if len(flat) == 1 else flat))
    if "state" not in known:
        return None

    def whole(name: str) -> int:
        return int(known.get(name) or 0)

    return Cast(
        job,
        now_ms,
        cast("CastState", known["state"]),
        known.get("reason", ""),
        known.get("name", ""),
        known.get("instance", ""),
        known.get("purpose", ""),
        whole("made"),
        whole("before"),
        whole("total"),
        whole("fed"),
        whole("canary"),
        known.get("rules", ""),
        known.get("base", ""),
        whole("settled") or None,
        whole("next") or None,
        whole("until"),
        bool(known.get("started")),
    )


def _pairs(flat: Sequence[Any]) -> list[tuple[str, str]]:
    words = [iter(flat)] * 2
    return [(_text(name), _text(value)) for name, value in zip(*words, strict=True)]


def _text(word: bytes | str | int) -> str:
    return word.decode() if isinstance(word, bytes) else str(word)
