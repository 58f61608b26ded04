"""`Store`: the five moves of a mailbox, as typed calls. What each promises is written in its script.

It holds no state but where work may be, so any number of processes may use one server.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from flashbot.clock import from_ms
from flashbot.errors import StoreAway
from flashbot.store.acquaintances import Acquaintances
from flashbot.store.casts import Casts
from flashbot.store.holds import Holds
from flashbot.store.ledgers import Ledgers
from flashbot.store.link import Runner
from flashbot.store.lookout import Lookout
from flashbot.store.misses import Misses
from flashbot.store.numbers import Numbers
from flashbot.store.partitions import Partitions
from flashbot.store.passes import Passes
from flashbot.store.people import People
from flashbot.store.reasons import Reasons
from flashbot.store.records import (
    RUNGS,
    Committed,
    Done,
    Held,
    Later,
    Loose,
    Message,
    Noted,
    Permit,
    Posted,
    Queue,
    Standing,
    Taken,
    Why,
)
from flashbot.store.sweeping import EACH, MOST_CALLS, Sweeping
from flashbot.store.waiting import Waiting

__all__ = ["LONGEST_PARK_MS", "Store"]

REMEMBER_MS = 8 * 24 * 3600 * 1000
"""Events older than 7 days are stale and keys are remembered for 8, so a replay is one or the other."""
KEEP_SENT_MS = 30 * 24 * 3600 * 1000
LOOSE_MS = 3600 * 1000
"""A send is in doubt for minutes; what a status told before that says nothing of it."""
STAY = 16
"""Commits after which a hand looks at other partitions, too."""
LONGEST_PARK_MS = 14 * 60 * 1000
"""Longer waits are cut into pieces: an end over 15 minutes ahead is taken for a clock that jumped."""


class Store:
    """The mailboxes of one bot."""

    def __init__(
        self,
        runner: Runner,
        *,
        partitions: int = 1,
        now_ms: Callable[[], int] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._runner = runner
        self._now_ms = now_ms
        self._rng = rng or random.Random()  # noqa: S311 - spreads what waits, and shuffles the order of partitions
        self.held_back: Sequence[Held] = ()
        """What outgoing takes leave in its lane for now, without leasing it."""
        steady_ms: Callable[[], float] = now_ms or (lambda: time.monotonic() * 1000)
        self._partitions = Partitions(partitions, now_ms=steady_ms, rng=self._rng)
        self._sweeping = Sweeping(steady_ms)
        self._lookout = Lookout(self._partitions, self._take_in)
        self.passes = Passes(runner, self.tags[0], self._now)
        self.holds = Holds(runner, self.tags[0], self._now)
        self.ledgers = Ledgers(runner, self._now)
        self.numbers = Numbers(runner, self.tags, self._now)
        self.acquaintances = Acquaintances(runner, self._partitions, self._now)
        self.misses = Misses(runner, self._partitions, self._now)
        self.reasons = Reasons(runner, self._partitions, self._now)
        self.people = People(runner, self._partitions, self._now, self.ledgers, self._rng)
        self.casts = Casts(runner, self._partitions, self._now)
        self.waiting = Waiting(runner, self.tags, self._now)

    @property
    def tags(self) -> tuple[str, ...]:
        return self._partitions.tags

    def tag(self, contact: str) -> str:
        """The partition of a contact."""
        return self._partitions.of(contact)

    def hint(self, tag: str) -> None:
        """Somebody left work in this partition: the next take looks there."""
        self._partitions.hint(tag)

    def may_follow(self, turns: int) -> bool:
        """Whether a hand may lease the next with its commit after so many in a row: it is of the same partition."""
        return len(self.tags) == 1 or turns < STAY

    async def post(
        self,
        queue: Queue,
        key: str,
        contact: str,
        entry: bytes,
        *,
        lease_ms: int = 0,
        most: int = 0,
        drop: bytes = b"",
        also: Sequence[str] = (),
        why: Why | None = None,
    ) -> Posted:
        """Store an entry once per key (an empty key is never remembered); `also` holds its further keys.

        With `lease_ms`, take it at once if the contact was idle and nobody waits before it. Where `most` of the
        contact's events wait already, refuse it, or, with a reason to `drop` (JSON), make the oldest that nobody
        holds a dead letter.
        """
        args: tuple[str | bytes | int, ...] = (
            self._now(), queue, key, REMEMBER_MS, contact, entry, lease_ms, most, drop,
            self.reasons.packed(why), self.reasons.keep, *also,
        )  # fmt: skip
        reply = await self._runner.run("post", self.tag(contact), args, confirm=True)
        if isinstance(reply, list):
            return Posted(True, _taken(reply))
        self._partitions.hint(self.tag(contact), queue)
        return Posted(reply > 0, full=reply < 0, dropped=reply == 2)

    def look_everywhere(self, queue: Queue) -> None:
        """The next take of this queue looks at every partition."""
        self._partitions.look_everywhere(queue)

    async def take(self, queues: Sequence[Queue], *, lease_ms: int, most: int) -> tuple[int, list[Taken]]:
        """Wake what is due and lease up to `most` contacts; also how many contacts stay ready, as far as it looked.

        With several partitions it looks where work may be, and everywhere from time to time.
        """
        if len(self.tags) == 1:
            ready, *found = await self._take_in(self.tags[0], lease_ms, most, *queues)
            return ready, [_taken(one) for one in found]
        ready, taken = 0, list[Taken]()
        for queue in queues:  # each everywhere before the next: no drip goes before another partition's reply
            if most and len(taken) == most:
                break
            more, found = await self._lookout.take(queue, lease_ms, most - len(taken))
            ready += more
            taken += [_taken(one) for one in found]
        return ready, taken

    async def _take_in(self, tag: str, lease_ms: int, most: int, *queues: Queue) -> Any:
        for _ in range(MOST_CALLS):
            words: list[str | bytes | int] = []
            for held in self.held_back:  # which may have changed since the last call
                if held.lane in queues:
                    words += (held.lane, held.words, held.wait_ms, self.reasons.mark(held.why), int(held.ages))
            seed, spare = f"{self._rng.random():.6f}", self._sweeping.next()
            args = (self._now(), lease_ms, most, seed, spare, len(words) // 5, *words, *queues)
            reply = await self._runner.run("take", tag, args, confirm=most > 0 and "in" not in queues)
            if reply[0] >= 0:
                return reply
            self._sweeping.spent(spare)
            if len(reply) > 1:  # leased already: whatever happens, it must reach its hand
                return [-reply[0] - 1, *reply[1:]]
            if spare < EACH:
                break
        return [0]  # whoever stands behind those is found by a later look

    async def commit(
        self,
        taken: Taken,
        outcome: Done | Later,
        *,
        next_in_ms: int = 0,
        next_out_ms: int = 0,
    ) -> tuple[Committed, list[Taken]]:
        """Settle or park what was taken. With lease times, the same call leases the next work there is."""
        args: tuple[str | bytes | int, ...]
        if isinstance(outcome, Later):
            wait = max(0, min(outcome.wait_ms, LONGEST_PARK_MS))
            args = (
                self._now(), taken.queue, taken.contact, taken.epoch, "later",
                wait, int(outcome.clean), outcome.note, self.reasons.packed(outcome.why), outcome.until_ms or "",
                outcome.due_ms or "",
            )  # fmt: skip
        else:
            timers = [word for timer in outcome.clear_timers for word in (timer.member(),)]
            due: list[str | int] = []
            for timer, at_ms in outcome.set_timers:
                due += (timer.member(), at_ms)
            letters = _flat(outcome.messages)
            args = (
                self._now(), taken.queue, taken.contact, taken.epoch, "done",
                outcome.state or b"", outcome.dead, outcome.reason, outcome.bind, outcome.bound, KEEP_SENT_MS,
                self.reasons.packed(outcome.why), *_imposed(outcome), outcome.answers, *outcome.became,
                len(timers), *timers, len(due) // 2, *due, self._dropped(outcome), outcome.ahead,
                len(letters) // 2, *letters,
                next_out_ms, next_in_ms, 3, "in", "reply", "drip",
            )  # fmt: skip
        reply = await self._runner.run("commit", self.tag(taken.contact), args, confirm=next_out_ms > 0)
        self._partitions.hint(self.tag(taken.contact))
        return Committed(_text(reply[0])), [_taken(one) for one in reply[1:]]

    async def begin(self, taken: Taken, note: bytes) -> Committed:
        """Write down that work on it begins. The note speaks for all attempts before this one; the lease goes on."""
        args = (self._now(), taken.queue, taken.contact, taken.epoch, "begin", note)
        reply = await self._runner.run("commit", self.tag(taken.contact), args)
        return Committed(_text(reply[0]))

    async def renew(self, held: Sequence[Taken], *, lease_ms: int) -> set[str]:
        """Prolong inbound leases; the contacts that now belong to somebody else."""
        words: dict[str, list[str | int]] = {}
        for taken in held:
            words.setdefault(self.tag(taken.contact), []).extend((taken.contact, taken.epoch))
        replies = await asyncio.gather(
            *(self._runner.run("renew", tag, (self._now(), "in", lease_ms, *each)) for tag, each in words.items()),
            return_exceptions=True,
        )
        lost: set[str] = set()
        for reply in replies:
            if isinstance(reply, BaseException):
                if not isinstance(reply, StoreAway) or len(replies) == 1:
                    raise reply
            else:
                lost.update(map(_text, reply))
        return lost

    async def permit(
        self, rate_tag: str, *, interval_ms: int, longest_ms: int = 5000, pause_ms: int = 0, slot_ms: int = 0
    ) -> Permit:
        """Ask for a slot of a shared rate, or come back at its moment for the one held (`slot_ms`)."""
        args = (self._now(), interval_ms, longest_ms, pause_ms, slot_ms)
        granted, ms, slot = await self._runner.run("permit", rate_tag, args)
        return Permit(bool(granted), int(ms), int(slot))

    async def bury(self, key: str, queue: Queue, contact: str, reason: bytes, entry: bytes) -> bool:
        """Keep an entry as a dead letter, once per key; False when it was kept before."""
        args = (self._now(), key, REMEMBER_MS, queue, contact, reason, entry)
        return bool(await self._runner.run("bury", self.tag(contact), args, confirm=True))

    async def note_status(
        self, contact: str | None, vendor_id: str, status: str, *, instance: str | None = None, provider_id: str = ""
    ) -> Noted:
        """Note how far a message has come, by the vendor's id, or by the provider's where that is known already.

        Without a contact only a single partition knows where the message belongs.
        """
        rung = RUNGS.index(status) + 1 if status in RUNGS else 0
        args = (
            self._now(), vendor_id, provider_id, contact or "", instance or "", rung, status, KEEP_SENT_MS, LOOSE_MS,
        )  # fmt: skip
        moved, message_id, owner = await self._runner.run("status", self.tag(contact or ""), args)
        if contact:
            self._partitions.hint(self.tag(contact))  # it may have woken a lane
        return Noted(bool(moved), _text(message_id), _text(owner))

    async def loose(self, contact: str, lane: Queue, *, since_ms: int) -> tuple[list[Loose], bool]:
        """Vendor ids that statuses named since then, tied to no message; and whether another lane may own them."""
        shared, *flat = await self._runner.run("loose", self.tag(contact), (contact, lane, since_ms))
        words = [iter(flat)] * 3
        return [
            Loose(_text(vendor_id), int(float(at)), _text(instance) or None)
            for vendor_id, at, instance in zip(*words, strict=True)
        ], bool(shared)

    async def standing(self, contact: str, vendor_id: str, *, provider_id: str = "") -> Standing | None:
        """How far a message to this contact has come, for 30 days; None when nothing was heard of such an id."""
        reply = await self._runner.run("standing", self.tag(contact), (vendor_id, provider_id, *RUNGS))
        message_id, status, *times = reply
        if message_id is None and status is None:
            return None
        firsts = [None if ms is None else from_ms(int(float(ms))) for ms in times]
        return Standing(
            None if message_id is None else _text(message_id),
            None if status is None else _text(status),
            **dict(zip(RUNGS, firsts, strict=True)),
        )

    async def bound(self, contact: str, vendor_ids: Sequence[str]) -> set[str]:
        """Which of these vendor ids are already tied to a message of ours."""
        found: set[str] = set()
        for start in range(0, len(vendor_ids), 500):
            reply = await self._runner.run("bound", self.tag(contact), tuple(vendor_ids[start : start + 500]))
            found.update(map(_text, reply))
        return found

    async def silenced(self, contact: str) -> bool:
        """Whether somebody opted out and was erased, and nothing of them was stored since."""
        return await self.people.silenced(contact)

    async def known(self, keys: Sequence[str]) -> set[str]:
        """Which of these keys are remembered, in whichever partition. Raises StoreAway when one of them is away."""
        found: set[str] = set()
        for start in range(0, len(keys), 500):
            args: tuple[str | int, ...] = (0, *keys[start : start + 500])
            for reply in await asyncio.gather(*(self._runner.run("known", tag, args) for tag in self.tags)):
                found.update(map(_text, reply))
        return found

    async def remember(self, contact: str, keys: Sequence[str]) -> None:
        """Take these keys for known from now on, without storing anything."""
        await self._runner.run("known", self.tag(contact), (REMEMBER_MS, *keys))

    def _dropped(self, outcome: Done) -> str:
        why = outcome.drops_unasked
        return (self.reasons.mark(why) or f"0 {why}") if why else ""

    def _now(self) -> str:
        return "" if self._now_ms is None else str(self._now_ms())


def _imposed(outcome: Done) -> tuple[str, str, str]:
    kept = outcome.imposed
    return ("", "", "") if kept is None else (kept.cls, kept.body, kept.instance)


def _flat(messages: tuple[Message, ...]) -> list[str | bytes]:
    words: list[str | bytes] = []
    for message in messages:
        words += (message.lane, message.entry)
    return words


def _text(word: bytes | str) -> str:
    return word if isinstance(word, str) else word.decode()


def _taken(reply: list[Any]) -> Taken:
    queue: Any = _text(reply[0])
    return Taken(
        queue=queue,
        contact=_text(reply[1]),
        epoch=int(reply[2]),
        attempts=int(reply[3]),
        since_ms=int(float(reply[4])),
        note=reply[5] or b"",
        entry=reply[6],
        state=reply[7] or None,
        taken_ms=int(reply[8]),
        known=len(reply) > 9 and bool(reply[9]),  # an older script says nothing of it
        held_ms=int(reply[10] or 0) if len(reply) > 10 else 0,
        due_ms=int(reply[11] or reply[10] or 0) if len(reply) > 11 else 0,
    )
