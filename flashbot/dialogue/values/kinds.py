"""`Kind`: a type of value that a slot can have: the built-in ones, and those that a bot declares."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from flashbot.dialogue.values import dates, money, numbers, times
from flashbot.dialogue.values.addresses import find_emails, find_phones
from flashbot.dialogue.values.choices import Choices
from flashbot.dialogue.values.line import Found, Line, Rank
from flashbot.dialogue.values.references import Reference
from flashbot.dialogue.values.spelled import NUMBER_WORDS

__all__ = ["BUILT_IN", "Kind", "SlotType", "declare"]

SlotType: TypeAlias = Sequence[str] | Mapping[str, Sequence[str]] | re.Pattern[str] | str
"""A list of choices, choices with their synonyms, the pattern of a reference, or the name of a built-in type."""


Finder: TypeAlias = Callable[[Line, datetime, str | None], Sequence[Found]]


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    name: str
    find: Finder
    """Also readings that overlap."""
    samples: tuple[str, ...]
    """Values as people write them, never empty."""
    leads: frozenset[str] = frozenset()
    """Words that may stand before a value without saying anything: "le 12 mai", "une pizza"."""
    takes: object = None
    """Equal for two types that take the same texts."""
    begins: frozenset[str] = frozenset()
    """Words with which a choice begins, as `choices.normal` has them."""


ARTICLES = "a an the some my un une le la les l d de du des mon ma mes"
NUMBERING = "n no nr num numero number"
ON, AT = "le on the du au for pour by", "a at vers around by pour for des"


NEVER_SLIPS = NUMBER_WORDS.union(dates.WORDS, money.NAMES, ("midi", "minuit", "noon", "midnight", "heures", "heure"))
"""What other types are made of."""


def _undated(find: Finder) -> Finder:
    """Without counting the 12 of "12 mai" or the 8 of "8 heures" for sure, whether anybody asks for dates or not."""

    def found(line: Line, now: datetime, region: str | None) -> Sequence[Found]:
        numbers_found = find(line, now, region)
        if not any(one.rank is Rank.NUMBER for one in numbers_found):
            return numbers_found
        spans = [*dates.find(line, now, region), *times.find(line, now, region)]
        inside = bytearray(len(line.text))
        for span in spans:
            inside[span.start : span.end] = b"\x01" * (span.end - span.start)
        return [
            one._replace(rank=Rank.DOUBTFUL) if one.rank is Rank.NUMBER and any(inside[one.start : one.end]) else one
            for one in numbers_found
        ]

    return found


def _kind(name: str, find: Finder, leads: str, samples: tuple[str, ...], takes: object = None) -> Kind:
    return Kind(name, find, samples, frozenset(leads.split()), samples if takes is None else takes)


BUILT_IN: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind("number", _undated(numbers.find), NUMBERING, ("2", "15", "4821", "three", "dix")),
        _kind("amount", _undated(money.find), "", ("5000 FCFA", "20 €", "1500 F", "$30")),
        _kind("date", dates.find, ON, ("demain", "12/05", "next friday", "le 3 mai")),
        _kind("time", times.find, AT, ("14h30", "2pm", "midi", "9h")),
        _kind("phone", find_phones, "", ("+33612345678", "0612345678", "+2250700000000")),
        _kind("email", find_emails, "", ("name@example.com", "nom@example.org")),
    )
}


def declare(name: str, declared: SlotType, known: frozenset[str]) -> Kind:
    """`known` are words that no choice is a slip of. Raises ValueError with a sentence."""
    try:
        return _declared(name, declared, known)
    except ValueError as fault:
        raise ValueError(f'The slot type "{name}" {fault}.') from None


def _declared(name: str, declared: SlotType, known: frozenset[str]) -> Kind:
    if isinstance(declared, str):
        if declared not in BUILT_IN:
            raise ValueError(f'is called "{declared}", which is none of {", ".join(BUILT_IN)}')
        return BUILT_IN[declared]
    if isinstance(declared, re.Pattern):
        reference = Reference(declared)
        return _kind(name, reference.find, NUMBERING, reference.samples, declared)
    if isinstance(declared, Mapping):
        choices = dict(declared)
    elif isinstance(declared, Sequence | Set):
        choices = dict.fromkeys(declared, ())
    else:
        raise ValueError(f"is {type(declared).__name__}: give a list, a mapping, a compiled pattern or a type's name")
    if not choices:
        raise ValueError("has no choices: give at least one")
    for value, synonyms in choices.items():
        if isinstance(synonyms, str) or not all(isinstance(word, str) for word in (value, *synonyms)):
            raise ValueError(f'has for "{value}" something else than a list of texts')
    found = Choices(choices, known | NEVER_SLIPS)
    return replace(_kind(name, found.find, ARTICLES, found.samples), begins=found.begins)
