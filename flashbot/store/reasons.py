"""The story of a contact: a record of each decision, kept as long as the settings say, never with a text or a phone.

Most records are written by the commit that they explain; what they promise is written in `scripts/mailbox.lua`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic_core import from_json, to_json

from flashbot.store.link import Runner
from flashbot.store.partitions import Partitions
from flashbot.store.records import Why

__all__ = ["LONGEST", "Reason", "Reasons"]

LONGEST = 900
"""Bytes of a record's facts."""
DETAILS = ("near", "reasons", "warnings", "notes", "cleared", "timers", "asked", "match")
"""What is left out of a record that would be longer, in this order."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A decision as it was kept. Times are ms since the epoch, by the store's clock."""

    first_ms: int
    last_ms: int
    """The same as the first, unless it happened again and again."""
    count: int
    said: Mapping[str, Any] = field(hash=False)
    """Facts by name: `kind` says what it is. A newer flashbot may have written some that are not known here."""

    @property
    def message_id(self) -> str:
        """Of the message or event that it is about."""
        return str(self.said.get("id") or "")


class Reasons:
    """Every contact's in its own partition: its newest 200, and for as long as `within`."""

    def __init__(self, runner: Runner, partitions: Partitions, now: Callable[[], str]) -> None:
        self._runner = runner
        self._partitions = partitions
        self._now = now
        self.within = timedelta()
        """None at all: nothing is written. What is there already goes when its own time is over."""

    def packed(self, why: Why | None) -> bytes:
        """As the scripts take it; empty when there is nothing to keep."""
        if why is None or not self.within:
            return b""
        return f"{_ms(self.within)} {_word(why.fold)} {_word(why.about)} ".encode() + _short(why.said)

    @property
    def keep(self) -> str:
        """How a script is told to write a record of its own: for so many ms; empty for none."""
        return str(_ms(self.within)) if self.within else ""

    def mark(self, halt: str) -> str:
        """How a take is told why it parks what it does not look at."""
        return f"{self.keep} {halt}" if halt and self.within else ""

    async def add(self, contact: str, why: Why) -> None:
        """Keep what no commit tells. Raises StoreAway."""
        if packed := self.packed(why):
            await self._run(self._partitions.of(contact), "add", contact, packed)

    async def read(self, contact: str, *, since_ms: int = 0) -> list[Reason]:
        """In order; nothing that was over before `since_ms`. Raises StoreAway."""
        kept = map(_unpacked, await self._run(self._partitions.of(contact), "read", contact))
        return [one for one in kept if one is not None and one.last_ms >= since_ms]

    async def find(self, message_id: str) -> tuple[str, str] | None:
        """Whose this message or event is, and our id of it, from ours or the vendor's id; None when none is known.

        Raises StoreAway.
        """
        found = await asyncio.gather(*(self._run(tag, "find", message_id) for tag in self._partitions.tags))
        return next(((_text(one[0]), _text(one[1])) for one in found if one), None)

    async def forget(self, contact: str) -> int:
        """Delete this contact's story, and by what it was found; how many records that were. Raises StoreAway."""
        return int(await self._run(self._partitions.of(contact), "forget", contact))

    async def _run(self, tag: str, verb: str, *args: str | bytes) -> Any:
        return await self._runner.run("reasons", tag, (self._now(), verb, *args))


def _short(said: Mapping[str, object]) -> bytes:
    facts = dict(said)
    for name in ("", *DETAILS):
        facts.pop(name, None)
        packed = to_json(facts)
        if len(packed) <= LONGEST:
            return packed
    return to_json({name: str(facts.get(name, ""))[:100] for name in ("kind", "id")})


def _unpacked(stored: bytes) -> Reason | None:
    """None for what is no record of a form known here."""
    try:
        first, last, count, _, _, said = stored.split(b" ", 5)
        facts = from_json(said)
        return Reason(int(first), int(last), int(count), facts) if isinstance(facts, dict) else None
    except ValueError:
        return None


def _word(text: str) -> str:
    return "".join(text.split()) or "-"


def _text(word: bytes | str) -> str:
    return word if isinstance(word, str) else word.decode()


def _ms(span: timedelta) -> int:
    return round(span / timedelta(milliseconds=1))
