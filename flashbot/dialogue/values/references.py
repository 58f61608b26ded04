"""References by the bot's own pattern: order numbers, parcels, tickets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flashbot.dialogue.values.line import Found, Rank, apart

if TYPE_CHECKING:
    from datetime import datetime

    from flashbot.dialogue.values.line import Line

__all__ = ["Reference"]

INLINE_FLAGS = re.compile(r"\A(?:\(\?[aiLmsux]+\))+")
LEFT, RIGHT = r"(?:(?<![^\W_])|(?=[\W_]))", r"(?:(?![^\W_])|(?<=[\W_]))"
NEUTRAL = ("AB123456", "CD789012", "EF345678")
"""Stand for a reference whose pattern is too intricate to make up an example of."""
PIECE = re.compile(
    r"(?:\[(?P<set>[^\]\\^-])[^\]]*\]|(?P<escaped>\\[dw])|(?P<literal>[A-Za-z0-9 _#/-])|\\(?P<sign>[-#/._ ]))"
    r"(?:\{(?P<times>\d{1,2})(?:,\d*)?\}|(?P<some>\+)|(?P<none>[?*]))?"
)


DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")
SIGN = r" ?[-_/.#]? ?"
OWN_LETTERS = 2
"""That a pattern begins with, for its signs to be left out: by `[A-Z]{2}-\\d{4}` "de 2026" would be "DE-2026"."""


class Reference:
    """Found in upper and lower case, in words of their own; the value is what the pattern matches as it was written.

    With `[A-Z]{2}\\d{6}`, "ab123456" is the reference "AB123456". A pattern with one group gives that group.
    With `CI-\\d{4}`, "ci 1002" and "CI1002" are "CI-1002".
    """

    def __init__(self, pattern: re.Pattern[str]) -> None:
        """Raises ValueError with the end of a sentence about the type."""
        if not isinstance(pattern.pattern, str):
            raise ValueError("is a pattern of bytes: compile it from text")
        if pattern.match("") is not None:
            raise ValueError("is a pattern that matches the empty text: say what must be there")
        self.pattern = pattern
        bare = INLINE_FLAGS.sub("", pattern.pattern)
        line_end = "\n" if pattern.flags & re.VERBOSE else ""
        self._within = re.compile(f"{LEFT}(?:{bare}{line_end}){RIGHT}", pattern.flags | re.IGNORECASE)
        self._own_dashes = not DASHES.keys().isdisjoint(map(ord, pattern.pattern))
        loose = _loose(bare)
        self._loose = None if loose is None else re.compile(f"{LEFT}(?:{loose}){RIGHT}", re.IGNORECASE)
        self._signs = [_sign(piece) for piece in _pieces(bare) or ()]
        self.samples = _samples(pattern)

    def find(self, line: Line, now: datetime, region: str | None) -> list[Found]:
        text = line.raw if self._own_dashes else line.raw.translate(DASHES)
        found = [
            Found(*line.place(*match.span()), self._value(match), Rank.REFERENCE)
            for match in self._within.finditer(text)
            if match.group()
        ]
        if self._loose is not None:
            for match in self._loose.finditer(text):
                value = self._mended(match)
                if value is not None:
                    found.append(Found(*line.place(*match.span()), value, Rank.REFERENCE, cost=1))
        return apart(found)

    def _mended(self, match: re.Match[str]) -> str | None:
        """With the signs that the pattern has, if it matches then."""
        text = "".join(sign or said for sign, said in zip(self._signs, match.groups(), strict=True))
        spellings = (text, text.upper(), text.lower())
        return next((spelling for spelling in spellings if self.pattern.fullmatch(spelling)), None)

    def _value(self, match: re.Match[str]) -> str:
        text = match.group()
        for spelling in (text, text.upper(), text.lower()):
            own = self.pattern.fullmatch(spelling)
            if own:
                match = own
                break
        part = match.group(1) if match.re.groups == 1 else None
        return match.group() if part is None else part


def _pieces(source: str) -> list[re.Match[str]] | None:
    """Of a simple pattern; None for any other."""
    source = source.removeprefix("^").removesuffix("$")
    pieces, place = [], 0
    while place < len(source):
        piece = PIECE.match(source, place)
        if piece is None:
            return None
        pieces.append(piece)
        place = piece.end()
    return pieces


def _sign(piece: re.Match[str]) -> str:
    """What is neither letter nor digit, and there once."""
    sign: str = piece["literal"] or piece["sign"] or ""
    return "" if sign.isalnum() or piece["times"] or piece["some"] or piece["none"] else sign


def _loose(source: str) -> str | None:
    """The pattern with every sign left to chance, each piece a group; None where too much could be meant then."""
    pieces = _pieces(source)
    begins = (pieces or [])[:OWN_LETTERS]
    if not pieces or len(begins) < OWN_LETTERS or not all((one["literal"] or "").isalpha() for one in begins):
        return None
    made, before = "", ""
    for piece in pieces:
        gap = " ?" if before.isalpha() and piece["escaped"] else ""
        made += f"({SIGN})" if _sign(piece) else f"{gap}({piece.group()})"
        before = piece["literal"] or ""
    return made


def _samples(pattern: re.Pattern[str]) -> tuple[str, ...]:
    """Made of a simple pattern's pieces: `CMD-\\d{4}` gives CMD-1234."""
    pieces = _pieces(INLINE_FLAGS.sub("", pattern.pattern))
    if pieces is None:
        return NEUTRAL
    made = []
    for shift in range(len(NEUTRAL)):
        text = ""
        for piece in pieces:
            times = 0 if piece["none"] else int(piece["times"] or (4 if piece["some"] else 1))
            text += "".join(_character(piece, len(text) + number + shift) for number in range(times))
        if not pattern.fullmatch(text):
            return NEUTRAL
        made.append(text)
    return tuple(dict.fromkeys(made))


def _character(piece: re.Match[str], number: int) -> str:
    if piece["escaped"]:
        return str((number + 1) % 10)
    if piece["set"]:
        letter = piece["set"]
        return chr(ord(letter) + number % 6) if letter in "Aa" else str(number % 10) if letter == "0" else letter
    literal: str = piece["literal"] or piece["sign"]
    return literal
