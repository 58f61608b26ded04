"""What a person allowed and what they forbade: the entries of their ledger, and what follows from them now. Pure.

A ground-floor module: conversations write it, gates read it. It decides neither what a message means nor what leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from flashbot.errors import BotMistake

__all__ = [
    "ASKED_MS", "EVERYTHING", "MARKETING", "MOST", "NOTHING", "Act", "Entry", "Scope", "Standing", "Stop",
    "checked_purpose", "noted", "standing",
]  # fmt: skip

MARKETING = "marketing"
EVERYTHING = "all"
"""In place of a purpose: whatever is sent unasked. "marketing" is this sender's promotion."""
Scope: TypeAlias = Literal["marketing", "all"]
Act: TypeAlias = Literal["given", "withdrawn", "asked", "kept"]
"""asked: whether they meant to stop; nothing promotional leaves meanwhile. kept: they did not mean it."""
ASKED_MS = 24 * 3600 * 1000
"""Who says nothing until then has stopped: they complained, and consent is the sender's to prove. A wrong stop costs
them one START, a wrong promotion costs the number a complaint."""
MOST = 24
"""Entries that are kept of a contact; see `noted`."""
LONGEST_WORDING, LONGEST_SOURCE, LONGEST_PURPOSE = 300, 100, 40


class Entry(NamedTuple):
    """One act, in the order in which it is stored."""

    purpose: str
    """Or `EVERYTHING`."""
    act: Act
    source: str
    """Such as "wrote START", "import:shop.csv:14", "handler:desk"."""
    wording: str
    """What the person was shown, or what they wrote."""
    at_ms: int
    event_id: str = ""
    """Of the message by which they did it."""


class Stop(NamedTuple):
    """What an opt-out word says."""

    language: Literal["en", "fr", "both"]
    scope: Scope = "marketing"


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds at a moment."""

    consents: frozenset[str] = frozenset()
    suppressed: frozenset[str] = frozenset()
    """Purposes, "marketing" or `EVERYTHING`."""
    asked_until_ms: int | None = None
    """Until then their answer is awaited to whether they meant to stop."""

    @property
    def stopped(self) -> bool:
        """Nothing promotional may leave."""
        return not self.suppressed.isdisjoint((MARKETING, EVERYTHING))

    def stops(self, purpose: str) -> bool:
        """Whether they forbade this, by itself or with everything, or were just asked whether they do."""
        return self.asked_until_ms is not None or not self.suppressed.isdisjoint((purpose, MARKETING, EVERYTHING))


NOTHING = Standing()


def standing(entries: Iterable[Entry], now_ms: int, *, opted_out: bool | None = None) -> Standing:
    """What the entries, oldest first, come to.

    `opted_out` is what a flashbot without a ledger keeps beside them, and changes by itself: true while a question is
    open and after a stop, and there only STOP and START change it, so it is believed. None: only the entries count.
    """
    given, stopped, asked_ms = set[str](), set[str](), None
    for entry in entries:
        if asked_ms is not None and entry.at_ms - asked_ms >= ASKED_MS:
            asked_ms = None
            _withdraw(MARKETING, given, stopped)
        if entry.act == "given":
            asked_ms = None
            given.add(entry.purpose)
            stopped -= {entry.purpose, MARKETING, EVERYTHING}
        elif entry.act == "withdrawn":
            asked_ms = None if entry.purpose in (MARKETING, EVERYTHING) else asked_ms
            _withdraw(entry.purpose, given, stopped)
        elif entry.act == "asked":
            asked_ms = entry.at_ms
        else:
            asked_ms = None
    if asked_ms is not None and now_ms - asked_ms >= ASKED_MS:
        asked_ms = None
        _withdraw(MARKETING, given, stopped)
    if opted_out is False:
        asked_ms = None
        stopped -= {MARKETING, EVERYTHING}
    elif opted_out and asked_ms is None and stopped.isdisjoint((MARKETING, EVERYTHING)):
        _withdraw(MARKETING, given, stopped)
    return Standing(frozenset(given), frozenset(stopped), None if asked_ms is None else asked_ms + ASKED_MS)


def checked_purpose(purpose: object) -> str:
    """Raises BotMistake."""
    if not isinstance(purpose, str) or not purpose.strip() or len(purpose) > LONGEST_PURPOSE:
        raise BotMistake(f'A purpose of consent is a short name such as "marketing", not {purpose!r}.')
    return purpose


def _withdraw(purpose: str, given: set[str], stopped: set[str]) -> None:
    stopped.add(purpose)
    if purpose == EVERYTHING:
        given.clear()
    else:
        given.discard(purpose)


def noted(entries: Sequence[Entry], entry: Entry) -> tuple[Entry, ...]:
    """The entries with one more; the oldest that changes nothing any more makes room where there are too many.

    Whatever is decisive stays: for each purpose what was given or withdrawn last, and what came last.
    """
    entry = entry._replace(
        wording=_whole(entry.wording[:LONGEST_WORDING]), source=_whole(entry.source[:LONGEST_SOURCE])
    )
    kept = [*entries, entry]
    while len(kept) > MOST:
        decisive = {one.purpose: place for place, one in enumerate(kept) if one.act in ("given", "withdrawn")}
        latest = {one.purpose: place for place, one in enumerate(kept)}
        needed = {*decisive.values(), *latest.values()}
        idle = next((place for place in range(len(kept)) if place not in needed), None)
        if idle is None:  # so many purposes: the oldest consent ends, never a refusal
            idle = next((place for place, one in enumerate(kept) if one.act == "given"), None)
        if idle is None:
            break
        del kept[idle]
    return tuple(kept)


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which JSON may bring and which cannot be stored."""
    return text.encode(errors="replace").decode()
