"""`Line`: a message made ready to look for values in, and `Found`: a value with its place.

The line is the text without case and accents but with its punctuation; places in it can be told from places in the raw
text. Only the beginning of a long message is looked at.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from flashbot.dialogue.text import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["LOOKED_AT", "Found", "Line", "Rank", "Word", "apart", "closes", "read"]

LOOKED_AT = 2000
"""Characters of a message in which values may begin."""
LONGEST = 300
"""What is read beyond that, so that no value is cut in two."""

WORD = re.compile(r"[^\W_]+")
BELONGS = re.compile(r"[-/:%@+€$£₦₵#°]|[.,]\d")
APOSTROPHES = "'’‘ʼ`´′"
ENDS_OF_LINES = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
SILENT = {"Mn", "Me", "Cf"}
FUNCTION_WORDS = """
    a after afternoon alors and apres at au avant avec before but by chez de des du en et evening for from if in la le
    mais matin merci midi morning ok on or ou please pls plz pour prochain si sinon soir stp svp thanks then thx to
    until vers with
"""
"""What may follow a bare "le 12" or "8 heures 20" without turning the number into a count of something."""
CLOSING = frozenset(FUNCTION_WORDS.split())


class Rank(IntEnum):
    """Who takes its characters first, where values of different types overlap."""

    EMAIL = 0
    REFERENCE = 1
    CHOICE = 2
    PHONE = 3
    AMOUNT = 4
    DATE = 5
    TIME = 6
    NUMBER = 7
    DOUBTFUL = 8
    """A number that may be none: "une", the 12 of "12 mai". It counts where an example has what follows it."""


class Word(NamedTuple):
    text: str
    start: int
    end: int


class Found(NamedTuple):
    """A value and where in `Line.text` it stands. The cheaper of two is the surer."""

    start: int
    end: int
    value: object
    rank: Rank
    cost: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    raw: str
    """As written, without what lies beyond the part looked at."""
    text: str
    words: tuple[Word, ...]
    starts: tuple[int, ...]
    """Of the words."""
    origins: Sequence[int]
    """For each character of `text`, the place in `raw` that it comes from."""

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the raw text stands in the line."""
        return bisect_left(self.origins, start), bisect_left(self.origins, end)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The words that lie in a stretch, wholly or partly, as a half-open range of indexes."""
        first = bisect_left(self.starts, start)
        if first and self.words[first - 1].end > start:
            first -= 1
        return first, bisect_left(self.starts, end)

    def word(self, index: int) -> str:
        return self.words[index].text if 0 <= index < len(self.words) else ""

    def gap(self, index: int) -> str:
        """What stands between a word and the one before it."""
        return self.text[self.words[index - 1].end : self.words[index].start]


@lru_cache(maxsize=8)
def read(text: str) -> Line:
    """Kept for a few texts, because every intent asks for the same one."""
    raw = text[: LOOKED_AT + LONGEST]
    pieces = [_piece(character) for character in raw]
    line = "".join(pieces)
    origins: Sequence[int] = range(len(raw))
    if len(line) != len(raw) or not raw.isascii():
        origins = [place for place, piece in enumerate(pieces) for _ in piece]
    words = tuple(Word(match.group(), *match.span()) for match in WORD.finditer(line))
    return Line(raw, line, words, tuple(word.start for word in words), origins)


@lru_cache(maxsize=4096)
def _piece(character: str) -> str:
    """Letters and digits as `fold` has them; of the rest, only kinds of apostrophes, dashes and spaces are made one."""
    if character in ENDS_OF_LINES:
        return "\n"
    if character in APOSTROPHES:
        return "'"
    category = unicodedata.category(character)
    folded = fold(character)
    if folded:
        return folded.replace(" ", "/")  # ½ is 1/2
    if category in SILENT or character.isalnum():  # such as a ligature of marks alone
        return ""
    if category == "Pd" or character == "−":
        return "-"
    if category[0] in "ZC":
        return " "
    plain = unicodedata.normalize("NFKD", character)
    return plain if len(plain) == 1 else character


def apart(found: Iterable[Found]) -> list[Found]:
    """Without overlaps, in the order of the text: the cheaper wins, then the longer, then the earlier."""
    kept: list[Found] = []
    ends: list[int] = []
    starts: list[int] = []
    for one in sorted(found, key=lambda one: (one.cost, one.start - one.end, one.start)):
        at = bisect_left(starts, one.start)
        if (at and ends[at - 1] > one.start) or (at < len(starts) and starts[at] < one.end):
            continue
        kept.insert(at, one)
        starts.insert(at, one.start)
        ends.insert(at, one.end)
    return kept


def closes(text: str, end: int) -> bool:
    """Whether what stands before `end` is complete: nothing follows that it could count or belong to."""
    rest = text[end : end + 40].lstrip(" ")
    word = WORD.match(rest)
    if word:
        return word.group() in CLOSING
    return not BELONGS.match(rest)
