"""References by the bot's own pattern: order numbers, parcels, tickets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flashbot.dialogue.values.line import Found, Rank

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


class Reference:
    """Found in upper and lower case, in words of their own; the value is what the pattern matches as it was written.

    With `[A-Z]{2}\\d{6}`, "ab123456" is the reference "AB123456". A pattern with one group gives that group.
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
        self.samples = _samples(pattern)

    def find(self, line: Line, now: datetime, region: str | None) -> list[Found]:
        return [
            Found(*line.place(*match.span()), self._value(match), Rank.REFERENCE)
            for match in self._within.finditer(line.raw)
            if match.group()
        ]

    def _value(self, match: re.Match[str]) -> str:
        text = match.group()
        for spelling in (text, text.upper(), text.lower()):
            own = self.pattern.fullmatch(spelling)
            if own:
                match = own
                break
        part = match.group(1) if match.re.groups == 1 else None
        return match.group() if part is None else part


def _samples(pattern: re.Pattern[str]) -> tuple[str, ...]:
    """Made of a simple pattern's pieces: `CMD-\\d{4}` gives CMD-1234."""
    source = INLINE_FLAGS.sub("", pattern.pattern).removeprefix("^").removesuffix("$")
    made = []
    for shift in range(len(NEUTRAL)):
        text, place = "", 0
        while place < len(source):
            piece = PIECE.match(source, place)
            if piece is None:
                return NEUTRAL
            times = 0 if piece["none"] else int(piece["times"] or (4 if piece["some"] else 1))
            text += "".join(_character(piece, len(text) + number + shift) for number in range(times))
            place = piece.end()
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
