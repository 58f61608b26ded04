"""What is known of each number, kept in a store for every process alike: health, state, link, history of days.

It keeps words and counts; what they mean is for others to say. What a number sends is counted by its ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flashbot.store.link import Runner

__all__ = ["DAY_MS", "DayCount", "Numbers"]

DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class DayCount:
    """A day of UTC: unasked messages sent, those that failed, and answers that wanted no more of them."""

    day: int
    """Since the epoch."""
    sent: int
    failed: int
    negative: int


class Numbers:
    """Facts lie under the bot's first tag, for processes without a key; days in the partition of each contact.

    Every call raises StoreAway.
    """

    def __init__(self, runner: Runner, tags: tuple[str, ...], now: Callable[[], str]) -> None:
        self._runner = runner
        self._tags = tags
        self._now = now

    async def read(self, instance: str, *fields: str) -> tuple[int, dict[str, str]]:
        """Now in ms, and what is kept under these names; '' for nothing."""
        now, *found = await self._run("read", instance, *fields)
        return int(now), dict(zip(fields, map(_text, found), strict=True))

    async def ask(self, instance: str, *, within_ms: int, lives_ms: int = 0, confirm: bool = False) -> int | None:
        """For the one process that asks MsgFlash now: when that was, in ms; nobody else does `within_ms`.

        With `lives_ms` somebody else may once it has neither called `asking` nor `answered` for so long. `confirm`: it
        holds after a failover, too.
        """
        asked = await self._run("ask", instance, within_ms, lives_ms, confirm=confirm)
        return int(asked) if asked else None

    async def asking(self, instance: str) -> None:
        """Who asked lives, and waits."""
        await self.set(instance, {"asking": "@"})

    async def answered(self, instance: str) -> None:
        """There was an answer, or there will be none."""
        await self.set(instance, {"asking": ""})

    async def set(self, instance: str, known: Mapping[str, str], *, confirm: bool = False) -> None:
        """Keep these, with `confirm` through a failover; "@" is the moment of the call, '' forgets."""
        await self._run("set", instance, *(word for pair in known.items() for word in pair), confirm=confirm)

    async def unlinked(self, instance: str) -> None:
        """It lost its link to WhatsApp now: `losses` keeps those moments for two days, in ms between spaces."""
        await self._run("unlinked", instance)

    async def hold(self, instance: str, field: str, until_ms: int, why: str = "") -> None:
        """Keep the latest of the moments given for this name, and beside it, as `<name>_why`, what it is for."""
        await self._run("until", instance, field, until_ms, why)

    async def days(self, instance: str, first: int, last: int, *, since_ms: int) -> tuple[int, int, list[DayCount]]:
        """People written to unasked since then, how many of them answered, and each day from `first` to `last`."""
        replies = await asyncio.gather(
            *(self._runner.run("days", tag, (self._now(), instance, first, last, since_ms)) for tag in self._tags)
        )
        _, met, heard, *counts = (sum(map(int, column)) for column in zip(*replies, strict=True))
        words = [iter(counts)] * 3
        return met, heard, [DayCount(first + place, *three) for place, three in enumerate(zip(*words, strict=True))]

    async def _run(self, verb: str, *args: str | int, confirm: bool = False) -> Any:
        return await self._runner.run("number", self._tags[0], (self._now(), verb, *args), confirm=confirm)


def _text(word: bytes | str) -> str:
    return word if isinstance(word, str) else word.decode()
