"""The ledgers of all numbers of a key, in a store that any number of processes share.

What is counted and refused is said in `outreach/ledger.py`; `scripts/ledger.lua` does the same in one step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, cast

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
    SourceCount,
    Usage,
    millionths,
    stride,
)
from flashbot.store.link import Runner

__all__ = ["Ledgers"]

NUMBERS = tuple(field.name for field in fields(Counts) if field.name != "sources")


class Ledgers:
    """Each number's lives under its key's own tag. Time is the store's. Every call raises StoreAway."""

    def __init__(self, runner: Runner, now: Callable[[], str]) -> None:
        self._runner = runner
        self._now = now

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
    ) -> Granted | Refused:
        """As `Ledger.reserve`."""
        if not 0 < hold_ms <= LONGEST_HOLD_MS:
            raise ValueError(f"A grant is held for 1 to {LONGEST_HOLD_MS} ms, not {hold_ms}.")
        what, *why = await self._run(
            key_tag, "reserve", instance, message_id, contact, *_groups(cls, new), body, source, stride(weight), gap_ms,
            *rest, hold_ms, *_caps(limits), confirm=True,
        )  # fmt: skip
        if what:
            return Granted(again=int(what) == 2)
        reason, until = (word.decode() for word in why)
        return Refused(cast("Refusal", reason), int(until) if until else None)

    async def commit(self, key_tag: str, instance: str, message_id: str) -> bool:
        """As `Ledger.commit`."""
        return bool(await self._run(key_tag, "commit", instance, message_id, confirm=True))

    async def release(self, key_tag: str, instance: str, message_id: str) -> bool:
        """As `Ledger.release`."""
        return bool(await self._run(key_tag, "release", instance, message_id))

    async def note(
        self, key_tag: str, instance: str, message_id: str, contact: str, cls: Class, *, new: bool = False
    ) -> None:
        """As `Ledger.note`."""
        await self._run(key_tag, "note", instance, message_id, contact, *_groups(cls, new))

    async def tell(self, key_tag: str, instance: str, asked_ms: int, usage: Usage) -> bool:
        """As `Ledger.tell`; `asked_ms` by the store's clock."""
        counts = (usage.outbound_hour, usage.outbound_day, usage.recipients_hour, usage.recipients_day)
        words = ("" if count is None else count for count in counts)
        return bool(await self._run(key_tag, "tell", instance, asked_ms, *words))

    async def counts(self, key_tag: str, instance: str) -> Counts:
        """As `Ledger.counts`."""
        reply = await self._run(key_tag, "counts", instance)
        words = [iter(reply[len(NUMBERS) :])] * 3
        sources = sorted(
            (source.decode(), int(granted), bool(int(waiting))) for source, granted, waiting in zip(*words, strict=True)
        )
        numbers = dict(zip(NUMBERS, map(int, reply), strict=False))
        return Counts(sources=tuple(SourceCount(*one) for one in sources), **numbers)

    async def _run(self, key_tag: str, verb: str, instance: str, *args: str | int, confirm: bool = False) -> Any:
        return await self._runner.run("ledger", key_tag, (self._now(), verb, instance, *args), confirm=confirm)


def _groups(cls: Class, new: bool) -> tuple[int, int, int]:
    unasked = cls in UNASKED
    return int(unasked), int(cls == "cold"), int(unasked and new)


def _caps(caps: Caps | None) -> tuple[int, ...]:
    if caps is None:
        return (0,) * 10
    return (
        caps.hour, caps.day, caps.recipients_hour, caps.recipients_day, caps.proactive_hour, caps.proactive_day,
        caps.new_hour, caps.new_day, millionths(caps.cold_ratio), caps.identical_hour,
    )  # fmt: skip
