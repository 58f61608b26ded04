"""The ledgers of all numbers of a key, in a store that any number of processes share.

What is counted and refused is said in `outreach/ledger.py`; `scripts/ledger.lua` does the same in one step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Literal, cast

from flashbot.outreach.grants import (
    HOLD_MS,
    LONGEST_HOLD_MS,
    UNASKED,
    Caps,
    Class,
    Counts,
    Granted,
    Refusal,
    Refused,
    Room,
    SourceCount,
    Stamp,
    Usage,
    millionths,
    stride,
)
from flashbot.outreach.record import Expected, Move, Moved, Noted, Renamed, Told
from flashbot.store.link import Runner

__all__ = ["Ledgers"]

NUMBERS = tuple(field.name for field in fields(Counts) if field.name != "sources")


class Ledgers:
    """Each number's lives under its key's own tag. Time is the store's. Every call raises StoreAway."""

    def __init__(self, runner: Runner, now: Callable[[], str]) -> None:
        self._runner = runner
        self._now = now
        self.heard: Callable[[Move], None] | None = None
        """Told of every move but a reservation, with the contact as it is; who reserves has all there is to tell."""

    async def reserve(
        self,
        key_tag: str,
        instance: str,
        message_id: str,
        contact: str,
        cls: Class,
        body: str,
        source: str,
        limits: Caps | None,
        gap_ms: int,
        rest: tuple[int, int],
        *,
        new: bool = False,
        weight: int = 1,
        hold_ms: int = HOLD_MS,
        room: Room | None = None,
    ) -> Granted | Refused:
        """As `Ledger.reserve`."""
        if not 0 < hold_ms <= LONGEST_HOLD_MS:
            raise ValueError(f"A grant is held for 1 to {LONGEST_HOLD_MS} ms, not {hold_ms}.")
        what, stamp, *why = await self._move(
            key_tag, "reserve", instance, message_id, contact, *_groups(cls, new), body, source, stride(weight), gap_ms,
            *rest, hold_ms, *_caps(limits), *_room(room), confirm=True,
        )  # fmt: skip
        if what:
            return Granted(what == 2, stamp)
        reason, until = (word.decode() for word in why)
        return Refused(cast("Refusal", reason), int(until), stamp)

    async def commit(self, key_tag: str, instance: str, message_id: str) -> bool:
        """As `Ledger.commit`."""
        return await self._settle(key_tag, "commit", instance, message_id, confirm=True)

    async def release(self, key_tag: str, instance: str, message_id: str) -> bool:
        """As `Ledger.release`."""
        return await self._settle(key_tag, "release", instance, message_id)

    async def _settle(
        self, key_tag: str, move: Literal["commit", "release"], instance: str, message_id: str, *, confirm: bool = False
    ) -> bool:
        done, stamp, *_ = await self._move(key_tag, move, instance, message_id, confirm=confirm)
        self._tell(Moved("moved", stamp.at_ms, instance, move, message_id, bool(done), stamp.seq))
        return bool(done)

    async def knows(self, key_tag: str, instance: str, message_id: str) -> bool:
        """As `Ledger.knows`."""
        return bool(await self._run(key_tag, "knows", instance, message_id))

    async def note(
        self, key_tag: str, instance: str, message_id: str, contact: str, cls: Class, *, new: bool = False
    ) -> None:
        """As `Ledger.note`."""
        _, stamp, *_ = await self._move(key_tag, "note", instance, message_id, contact, *_groups(cls, new))
        self._tell(Noted("noted", stamp.at_ms, instance, message_id, contact, cls, new, stamp.seq))

    async def expect(self, key_tag: str, instance: str, source: str) -> bool:
        """As `Ledger.expect`."""
        done, stamp, *_ = await self._move(key_tag, "expect", instance, source)
        self._tell(Expected("expected", stamp.at_ms, instance, source, bool(done), stamp.seq))
        return bool(done)

    async def rename(self, key_tag: str, instance: str, contact: str, alias: str, bodies: Sequence[str]) -> bool:
        """As `Ledger.rename`, in these `b:<hash>` and `bs:<hash>` of its keys; False when nothing names the contact."""
        done, stamp, *_ = await self._move(key_tag, "rename", instance, contact, alias, *bodies)
        if done:
            self._tell(Renamed("renamed", stamp.at_ms, instance, contact, alias, stamp.seq))
        return bool(done)

    async def tell(self, key_tag: str, instance: str, asked_ms: int, usage: Usage) -> bool:
        """As `Ledger.tell`; `asked_ms` by the store's clock."""
        counts = (usage.outbound_hour, usage.outbound_day, usage.recipients_hour, usage.recipients_day)
        words = ("" if count is None else count for count in counts)
        done, stamp, *_ = await self._move(key_tag, "tell", instance, asked_ms, *words)
        self._tell(Told("told", stamp.at_ms, instance, asked_ms, usage, bool(done), stamp.seq))
        return bool(done)

    async def counts(self, key_tag: str, instance: str) -> Counts:
        """As `Ledger.counts`."""
        reply = await self._run(key_tag, "counts", instance)
        words = [iter(reply[len(NUMBERS) :])] * 3
        sources = sorted(
            (source.decode(), int(granted), bool(int(waiting))) for source, granted, waiting in zip(*words, strict=True)
        )
        numbers = dict(zip(NUMBERS, map(int, reply), strict=False))
        return Counts(sources=tuple(SourceCount(*one) for one in sources), **numbers)

    async def _move(
        self, key_tag: str, verb: str, instance: str, *args: str | int, confirm: bool = False
    ) -> tuple[Any, ...]:
        """The first word of the answer, when and as which move it was done, and the other words."""
        what, at, seq, *more = await self._run(key_tag, verb, instance, *args, confirm=confirm)
        return int(what), Stamp(int(at), int(seq)), *more

    def _tell(self, line: Move) -> None:
        if self.heard is not None:
            self.heard(line)

    async def _run(self, key_tag: str, verb: str, instance: str, *args: str | int, confirm: bool = False) -> Any:
        return await self._runner.run("ledger", key_tag, (self._now(), verb, instance, *args), confirm=confirm)


def _groups(cls: Class, new: bool) -> tuple[int, int, int]:
    unasked = cls in UNASKED
    return int(unasked), int(cls == "cold"), int(unasked and new)


def _room(room: Room | None) -> tuple[int | str, int | str]:
    return ("", "") if room is None else (room.left, room.read_ms)


def _caps(caps: Caps | None) -> tuple[int, ...]:
    if caps is None:
        return (0,) * 10
    return (
        caps.hour, caps.day, caps.recipients_hour, caps.recipients_day, caps.proactive_hour, caps.proactive_day,
        caps.new_hour, caps.new_day, millionths(caps.cold_ratio), caps.identical_hour,
    )  # fmt: skip
