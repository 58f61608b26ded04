"""Texts that no intent understood, kept only as long as the settings say, for people who work on their intents.

What it promises is written in `scripts/misses.lua`. Whose a text is stays behind as a hash that hundreds of numbers
share, of use for nothing but deleting one contact's texts.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json, to_json

from flashbot.clock import from_ms
from flashbot.dialogue.masking import mask
from flashbot.store.link import Runner
from flashbot.store.partitions import Partitions
from flashbot.store.records import Miss

__all__ = ["Kept", "Misses"]

LONGEST = 500
"""Characters of a text that are kept."""
MOST = 20_000
"""Texts of one partition; the oldest go first."""
PAGE = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """A `Miss` as it was kept: its numbers and addresses masked, without a word of who wrote it."""

    text: str = field(repr=False)
    at: datetime
    guess: str
    score: float
    asked: bool
    chosen: str | None


class Misses:
    """Every contact's in its own partition."""

    def __init__(self, runner: Runner, partitions: Partitions, now: Callable[[], str]) -> None:
        self._runner = runner
        self._partitions = partitions
        self._now = now

    async def keep(self, misses: Sequence[Miss], *, within: timedelta) -> None:
        """Keep these for so long, and delete what is older in their partitions. Raises StoreAway."""
        entries: dict[str, list[bytes]] = {}
        for miss in misses:
            entries.setdefault(self._partitions.of(miss.contact), []).append(_packed(miss))
        for tag, each in entries.items():
            await self._run(tag, "keep", _ms(within), MOST, *each)

    async def trim(self, within: timedelta) -> int:
        """Delete what is older, everywhere; how many that were. With no time at all nothing stays."""
        return sum([await self._run(tag, "trim", _ms(within)) for tag in self._partitions.tags])

    async def read(self) -> AsyncIterator[Kept]:
        """All of them, oldest first in each partition."""
        for tag in self._partitions.tags:
            async for entry, at_ms in self._entries(tag):
                yield _kept(from_json(entry), at_ms)

    async def of(self, contact: str) -> list[Kept]:
        """What this contact wrote, and, once in sixteen million texts, what somebody else did."""
        found = [(from_json(entry), at_ms) async for entry, at_ms in self._entries(self._partitions.of(contact))]
        return [_kept(one, at_ms) for one, at_ms in found if one["who"] == _who(contact, one["salt"])]

    async def forget(self, contact: str) -> int:
        """Delete what this contact wrote; how many texts that were."""
        tag = self._partitions.of(contact)
        theirs = []
        async for entry, _ in self._entries(tag):
            kept = from_json(entry)
            if kept["who"] == _who(contact, kept["salt"]):
                theirs.append(entry)
        return int(await self._run(tag, "drop", *theirs)) if theirs else 0

    async def _entries(self, tag: str) -> AsyncIterator[tuple[bytes, int]]:
        seen = 0
        while True:
            flat = await self._run(tag, "read", seen, PAGE)
            for entry, at in zip(flat[::2], flat[1::2], strict=True):
                yield entry, int(float(at))
            seen += len(flat) // 2
            if len(flat) < 2 * PAGE:
                return

    async def _run(self, tag: str, verb: str, *args: str | bytes | int) -> Any:
        return await self._runner.run("misses", tag, (self._now(), verb, *args))


def _kept(kept: dict[str, Any], at_ms: int) -> Kept:
    return Kept(kept["text"], from_ms(at_ms), kept["guess"], kept["score"], kept["asked"], kept.get("chosen"))


def _packed(miss: Miss) -> bytes:
    salt = secrets.token_hex(8)
    return to_json(
        {
            # Four times as much is looked at, so that a number at the cut is masked whole.
            "text": _whole(mask(miss.text[: 4 * LONGEST])[:LONGEST]),
            "guess": miss.guess,
            "score": round(miss.score, 3),
            "asked": miss.asked,
            "chosen": miss.chosen,
            "salt": salt,
            "who": _who(miss.contact, salt),
        }
    )


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which JSON may bring and which cannot be stored."""
    return text.encode(errors="replace").decode()


def _who(contact: str, salt: str) -> str:
    """Another one for every text, so that it does not tell which texts are of one person; and only 24 bits, so that
    hundreds of the world's phone numbers have it."""
    return hashlib.blake2s(contact.encode(), salt=bytes.fromhex(salt), digest_size=3).hexdigest()


def _ms(span: timedelta) -> int:
    return round(span / timedelta(milliseconds=1))
