"""`Store`: the five moves of a mailbox, as typed calls. What each promises is written in its script.

It holds no state but the partitions' names, so any number of processes may use one server.
"""

from __future__ import annotations

import binascii
import random
from collections.abc import Callable, Sequence
from typing import Any

from flashbot.store.link import Runner
from flashbot.store.records import Committed, Done, Later, Message, Permit, Posted, Queue, Taken

__all__ = ["LONGEST_PARK_MS", "Store"]

REMEMBER_MS = 8 * 24 * 3600 * 1000
"""Events older than 7 days are stale and keys are remembered for 8, so a replay is one or the other."""
KEEP_SENT_MS = 30 * 24 * 3600 * 1000
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
        self._tags = tuple(f"{{fb:{n}}}" for n in range(partitions))
        self._now_ms = now_ms
        self._rng = rng or random.Random()  # noqa: S311 - only shuffles the order of partitions

    @property
    def tags(self) -> tuple[str, ...]:
        return self._tags

    def tag(self, contact: str) -> str:
        """The partition of a contact."""
        if len(self._tags) == 1:
            return self._tags[0]
        return self._tags[binascii.crc_hqx(contact.encode(), 0) % len(self._tags)]

    async def post(self, queue: Queue, key: str, contact: str, entry: bytes, *, lease_ms: int = 0) -> Posted:
        """Store an entry once per key (an empty key is never remembered).

        With `lease_ms`, take it at once if the contact was idle and nobody waits before it.
        """
        reply = await self._runner.run(
            "post", self.tag(contact), (self._now(), queue, key, REMEMBER_MS, contact, entry, lease_ms), confirm=True
        )
        if isinstance(reply, list):
            return Posted(True, _taken(reply))
        return Posted(bool(reply))

    async def take(self, queues: Sequence[Queue], *, lease_ms: int, most: int) -> tuple[int, list[Taken]]:
        """Wake what is due and lease up to `most` contacts; also how many contacts stay ready."""
        tags: Sequence[str] = self._tags
        if len(tags) > 1:
            tags = self._rng.sample(tags, len(tags))
        ready = 0
        taken: list[Taken] = []
        for tag in tags:
            args: tuple[str | int, ...] = (self._now(), lease_ms, most - len(taken), *queues)
            reply = await self._runner.run("take", tag, args, confirm=most > 0 and "in" not in queues)
            ready += reply[0]
            taken += [_taken(one) for one in reply[1:]]
        return ready, taken

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
                wait, int(outcome.clean), outcome.note,
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
                len(timers), *timers, len(due) // 2, *due, len(letters) // 2, *letters,
                next_out_ms, next_in_ms, 3, "in", "reply", "drip",
            )  # fmt: skip
        reply = await self._runner.run("commit", self.tag(taken.contact), args, confirm=next_out_ms > 0)
        return Committed(_text(reply[0])), [_taken(one) for one in reply[1:]]

    async def renew(self, held: Sequence[Taken], *, lease_ms: int) -> set[str]:
        """Prolong inbound leases; the contacts that now belong to somebody else."""
        lost: set[str] = set()
        for tag in self._tags:
            words: list[str | int] = []
            for taken in held:
                if self.tag(taken.contact) == tag:
                    words += (taken.contact, taken.epoch)
            if words:
                reply = await self._runner.run("renew", tag, (self._now(), "in", lease_ms, *words))
                lost.update(_text(contact) for contact in reply)
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

    async def note_status(self, contact: str, vendor_id: str, rung: int, name: str) -> bool:
        """Note how far a sent message has come; False when it was that far already."""
        args = (self._now(), vendor_id, rung, name, KEEP_SENT_MS)
        return bool(await self._runner.run("status", self.tag(contact), args))

    async def bound(self, contact: str, vendor_ids: Sequence[str]) -> set[str]:
        """Which of these vendor ids are already tied to a message of ours."""
        found: set[str] = set()
        for start in range(0, len(vendor_ids), 500):
            reply = await self._runner.run("bound", self.tag(contact), tuple(vendor_ids[start : start + 500]))
            found.update(map(_text, reply))
        return found

    def _now(self) -> str:
        return "" if self._now_ms is None else str(self._now_ms())


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
    )
