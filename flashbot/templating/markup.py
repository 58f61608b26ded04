"""WhatsApp's own markup, read as a phone shows it: `lines_of` makes lines of styled spans. Pure; it draws nothing.

The signs are those of WhatsApp's help page "How to format your messages": *bold*, _italic_, ~strike~, ```mono```,
`code`, > quote, and lists that begin with - or * or 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

__all__ = ["Line", "LineKind", "Span", "Style", "lines_of"]

Style: TypeAlias = Literal["bold", "italic", "strike", "mono", "link", "hole"]
LineKind: TypeAlias = Literal["plain", "quote", "bullet", "number"]

PAIRS: dict[str, Style] = {"*": "bold", "_": "italic", "~": "strike"}
BLOCK = re.compile(r"```(?=[^`])(.+?)```", re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"(?:https?://|www\.|wa\.me/)[^\s<>]+", re.IGNORECASE)
AFTER_LINK = ".,;:!?)]}'\"*_~»"
"""What ends a sentence rather than an address."""
STARTS: tuple[tuple[LineKind, re.Pattern[str]], ...] = (
    ("quote", re.compile(r"> ?(?=\S)")),
    ("bullet", re.compile(r"[-*] (?=\S)")),
    ("number", re.compile(r"\d{1,3}\. (?=\S)")),
)


@dataclass(frozen=True, slots=True)
class Span:
    """A run of one look. A hole holds the name of what is missing there."""

    text: str
    styles: frozenset[Style] = frozenset()


@dataclass(frozen=True, slots=True)
class Line:
    """`mark` is what stands before a line of a list: "•" or "1."."""

    spans: tuple[Span, ...]
    kind: LineKind = "plain"
    mark: str = ""

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


def lines_of(text: str, holes: Iterable[tuple[int, int]] = ()) -> tuple[Line, ...]:
    """The lines of a message; `holes` are the places (start, end) of `text` that name a missing value."""
    found = list(_Reading(text, holes).lines())
    while found and not found[-1].text.strip():
        found.pop()  # as phones do
    return tuple(found)


class _Reading:
    """A style for every character, then lines and spans of what is left when the signs are gone."""

    def __init__(self, text: str, holes: Iterable[tuple[int, int]]) -> None:
        self._text = text
        self._styles: list[set[Style]] = [set() for _ in text]
        self._signs: set[int] = set()
        self._fixed: set[int] = set()
        """Characters that are no signs, whatever they look like."""
        for start, end in holes:
            self._fix(start, end, "hole")
        for found in BLOCK.finditer(text):
            self._fence(found, 3)
        for found in CODE.finditer(text):
            if found.start() not in self._fixed:
                self._fence(found, 1)
        for found in LINK.finditer(text):
            if found.start() not in self._fixed:
                self._fix(found.start(), found.start() + len(found[0].rstrip(AFTER_LINK)), "link")

    def lines(self) -> Iterator[Line]:
        start = 0
        for row in self._text.split("\n"):
            end = start + len(row)
            yield self._line(start, end)
            start = end + 1

    def _line(self, start: int, end: int) -> Line:
        kind: LineKind = "plain"
        mark = ""
        first = start
        for name, pattern in STARTS:
            found = pattern.match(self._text, start, end)
            if found and start not in self._fixed and start not in self._signs:
                kind, first = name, found.end()
                mark = {"bullet": "•", "number": found[0].strip()}.get(name, "")
                break
        self._pairs(first, end)
        return Line(tuple(self._spans(first, end)), kind, mark)

    def _pairs(self, start: int, end: int) -> None:
        for sign, style in PAIRS.items():
            at = start
            while (opening := self._find(sign, at, start, end, opens=True)) is not None:
                closing = self._find(sign, opening + 2, start, end, opens=False)
                if closing is None:
                    break
                self._signs |= {opening, closing}
                for place in range(opening + 1, closing):
                    self._styles[place].add(style)
                at = closing + 1

    def _find(self, sign: str, at: int, start: int, end: int, *, opens: bool) -> int | None:
        """A sign stands at the edge of a word: its inner side is no space, its outer one no letter."""
        while (place := self._text.find(sign, at, end)) != -1:
            before = self._text[place - 1] if place > start else " "
            after = self._text[place + 1] if place + 1 < end else " "
            outer, inner = (before, after) if opens else (after, before)
            if place not in self._fixed and not outer.isalnum() and not inner.isspace() and inner != sign:
                return place
            at = place + 1
        return None

    def _spans(self, start: int, end: int) -> Iterator[Span]:
        seen = [place for place in range(start, end) if place not in self._signs]
        for styles, places in groupby(seen, lambda place: frozenset(self._styles[place])):
            yield Span("".join(self._text[place] for place in places), styles)

    def _fence(self, found: re.Match[str], width: int) -> None:
        self._signs |= {*range(found.start(), found.start() + width), *range(found.end() - width, found.end())}
        self._fix(found.start() + width, found.end() - width, "mono")
        self._fixed |= {*range(found.start(), found.end())}

    def _fix(self, start: int, end: int, style: Style) -> None:
        for place in range(start, end):
            self._styles[place].add(style)
            self._fixed.add(place)
