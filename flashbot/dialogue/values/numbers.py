"""`numerals`: every number in a line, in digits or in words; `find`: those that a `{number}` takes.

Ordinals, dates, times, versions, ranges and codes are no numbers: half of something else is never taken.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from flashbot.dialogue.values.line import Found, Rank
from flashbot.dialogue.values.spelled import Count, Token, count, ordinal

if TYPE_CHECKING:
    from datetime import datetime

    from flashbot.dialogue.values.line import Line

__all__ = ["SHARE", "Numeral", "find", "numerals", "whole"]

RUN = re.compile(r"\+?\d+(?:(?:[.,'/:-]| {1,3})\d+)*")
SPACED = re.compile(r"[1-9]\d{0,2}(?:[ ']\d{3})+(?:[.,]\d{1,2})?\Z")
DOTTED = re.compile(r"[1-9]\d{0,2}(?:(?:\.\d{3})+(?:,\d{1,2})?|(?:,\d{3})+(?:\.\d{1,2})?)\Z")
FRACTION = re.compile(r"\d+[.,]\d+\Z")
WHOLE_PHONE = 10
"""Characters from which on what follows a space belongs to a phone no more."""
LONGEST = 18
"""Digits of a number."""
PREFIXES = "x no num n cfa fcfa ksh kes ush ugx tsh tzs rs r gh ghs ngn usd eur us nr tel"
SUFFIX = re.compile(
    r"(?P<scale>k|mil|mille|millions?|milliards?)?"
    r"(?P<unit>x|f|fs|frs?|cfa|fcfa|xof|xaf|francs?|eur|euros?|usd|gbp|dollars?|naira|cedis?|dhs?|mad|ksh|kes"
    r"|kg|gr|l|cl|ml|cm|mm|pcs?|pieces?|pers|personnes?)?\Z"
)
SCALES = {"k": 1000, "mil": 1000, "mille": 1000, "million": 10**6, "millions": 10**6, "milliard": 10**9,
          "milliards": 10**9}  # fmt: skip
CENTS, UNITS = re.compile(r"[€$£₦₵]\d"), re.compile(r"\d[€$£₦₵]\Z")
SHARE = re.compile(r" ?%")
LINKS = re.compile(r" {1,3}\Z|-\Z")
WORDS_OF_A_NUMBER = 24


class Numeral(NamedTuple):
    """A number and its place: the figures with a `k`, or the words, without any unit."""

    start: int
    end: int
    value: Decimal
    faint: bool = False


class _Piece(NamedTuple):
    said: Token
    start: int
    end: int


def find(line: Line, now: datetime, region: str | None) -> list[Found]:
    """Numbers as int, or Decimal where there is a fraction."""
    return [
        Found(*whole(line, numeral), plain(numeral.value), Rank.DOUBTFUL if numeral.faint else Rank.NUMBER)
        for numeral in numerals(line)
        if not _with_cents(line.text, numeral) and not SHARE.match(line.text, numeral.end)
    ]


def _with_cents(text: str, numeral: Numeral) -> bool:
    """Half of "5€50"."""
    return bool(CENTS.match(text, numeral.end) or UNITS.match(text[max(numeral.start - 2, 0) : numeral.start]))


def plain(value: Decimal) -> int | Decimal:
    return int(value) if value == value.to_integral_value() else value


def whole(line: Line, numeral: Numeral) -> tuple[int, int]:
    """Its place together with what is written in one word with it: "x2", "500f"."""
    first, behind = line.span(numeral.start, numeral.end)
    return line.words[first].start, line.words[behind - 1].end


@lru_cache(maxsize=8)
def numerals(line: Line) -> tuple[Numeral, ...]:
    """In the order of the text, without overlaps."""
    pieces = _pieces(line)
    found = []
    index = 0
    while index < len(pieces):
        row = _row(line, pieces, index)
        counted = count([piece.said for piece in row])
        if counted is None:
            index += 1
            continue
        last = pieces[index + counted.taken - 1]
        if not _half_of_something(line, pieces, index, counted):
            found.append(Numeral(pieces[index].start, last.end, counted.value, counted.faint))
        index += counted.taken
    return tuple(found)


def _row(line: Line, pieces: list[_Piece], index: int) -> list[_Piece]:
    """The pieces from one on that only spaces or hyphens hold together."""
    row = pieces[index : index + 1]
    for piece in pieces[index + 1 : index + WORDS_OF_A_NUMBER]:
        if not LINKS.match(line.text[row[-1].end : piece.start]):
            break
        row.append(piece)
    return row


def _half_of_something(line: Line, pieces: list[_Piece], index: int, counted: Count) -> bool:
    """ "vingt et unième", "mille-feuille", "pour cent" """
    first, behind = pieces[index], index + counted.taken
    spelled = isinstance(first.said, str)
    before = pieces[index - 1] if index else None
    if before and spelled:
        if line.text[before.end : first.start] == "-" and before.said != "":
            return True
        if first.said == "cent" and (before.said in {"pour", "per", "one"} or isinstance(before.said, Decimal)):
            return True
    if behind >= len(pieces):
        return False
    last, after = pieces[behind - 1], pieces[behind]
    gap = line.text[last.end : after.start]
    if spelled and gap == "-":
        return True
    joined = after.said == "et" and behind + 1 < len(pieces) and ordinal(pieces[behind + 1].said)
    tens = spelled and counted.value >= 20 and counted.value % 10 == 0
    return bool(LINKS.match(gap)) and tens and (ordinal(after.said) or joined)


def _pieces(line: Line) -> list[_Piece]:
    """The words of the line, with each number in digits as one piece; digits that are no number are an empty token."""
    pieces: list[_Piece] = []
    index = 0
    runs = RUN.finditer(line.text)
    for run in runs:
        first, behind = line.span(*run.span())
        pieces += (_Piece(*word) for word in line.words[index:first])
        pieces += _figures(line, run)
        index = max(index, behind)
    pieces += (_Piece(*word) for word in line.words[index:])
    return pieces


def _figures(line: Line, run: re.Match[str]) -> list[_Piece]:
    start, end = run.span()
    first, behind = line.span(start, end)
    left, right = line.words[first].start, line.words[behind - 1].end
    nothing = [_Piece("", min(start, left), max(end, right))]
    suffix = SUFFIX.match(line.text[end:right])
    before = line.text[start - 1 : start]
    inside = (before and before in "-/_@" and line.text[start - 2 : start - 1].isalnum()) or before == "_"
    if not suffix or inside or line.text[right : right + 1] in {"_", "@"}:
        return nothing
    if left < start and line.text[left:start] not in PREFIXES.split():
        return nothing
    text = run.group()
    if text.startswith("+"):
        if len(text) > 4:  # a phone
            head, _, rest = text.partition(" ")
            after = RUN.match(line.text, end - len(rest.lstrip())) if len(head) >= WHOLE_PHONE and rest else None
            return nothing if after is None else [_Piece("", start, start + len(head)), *_figures(line, after)]
        text, start = text[1:], start + 1
    parts = re.split(" +", text)
    joined = " ".join(parts)
    if SPACED.match(joined):
        parts, places = [joined.replace(" ", "")], [(start, end)]
    elif len(parts) > 2:  # a phone in pairs, a date with spaces
        return nothing
    else:
        places = [(start, start + len(parts[0])), (end - len(parts[-1]), end)][-len(parts) :]
    scale = SCALES.get(suffix["scale"] or "", 1)
    found = []
    for place, (part, (begin, close)) in enumerate(zip(parts, places, strict=True), 1):
        value = _figure(part)
        last = place == len(parts)
        close = close + len(suffix["scale"] or "") if last else close
        found.append(_Piece("" if value is None else value * (scale if last else 1), begin, close))
    return found


def _figure(text: str) -> Decimal | None:
    """By its shape: `1.200` and `1,200` are thousands, `1.5`, `12,50` and `0.250` have a fraction."""
    if sum(character.isdigit() for character in text) > LONGEST:
        return None
    if SPACED.match(text):
        text = text.replace("'", "")
    if text.isdigit():
        return Decimal(text) if text.strip("0") or len(text) == 1 else None
    if DOTTED.match(text):
        mark = max(".,", key=text.rfind)
        if len(text) - text.rfind(mark) == 4:  # three digits behind the last mark
            return Decimal(text.replace(",", "").replace(".", ""))
        return Decimal(text.replace("," if mark == "." else ".", "").replace(mark, "."))
    return Decimal(text.replace(",", ".")) if FRACTION.match(text) else None
