"""`stretches`: a file of Jinja cut at top level into texts, expressions, whole blocks and comments. Reads tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flashbot.templating.spelling import step

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Stretch", "stretches"]

BEGINS, ENDS = ("variable_begin", "block_begin"), ("variable_end", "block_end")


@dataclass(frozen=True, slots=True)
class Stretch:
    """`jinja` is as it stands in the file; blanks that a block strips belong to that block.

    A text has `text`, an expression or a block has `spelled`, as `Piece.expression` has it; a comment has neither.
    """

    jinja: str
    text: str | None = None
    spelled: str = ""


def stretches(environment: Environment, source: str) -> Iterator[Stretch]:
    """All of `source`, joined again it is the same. Raises jinja2.TemplateSyntaxError."""
    cutter, position = _Cutter(), 0
    for _, kind, value in environment.lex(source):
        start = source.index(value, position)
        cutter.jinja += source[position:start] + value
        position = start + len(value)
        found = cutter.take(kind, value)
        if found is not None:
            yield found
    rest = cutter.jinja + source[position:]
    if rest:
        yield Stretch(rest)


class _Cutter:
    def __init__(self) -> None:
        self.jinja = ""
        self._spelled = ""
        self._depth = 0
        self._words: list[str] | None = None
        """Of the expression or tag that is open."""
        self._raw: str | None = None
        """What the raw block that is open says."""

    def take(self, kind: str, value: str) -> Stretch | None:
        """The stretch that ends with this token."""
        if kind == "comment_end" and not self._depth:
            return self._cut()
        if kind.startswith("comment") and not self._depth:
            return None
        self._spelled += value
        if kind in BEGINS:
            self._words = []
        elif kind in ENDS:
            return self._end(kind)
        elif self._words is not None:
            self._words += [value] if kind != "whitespace" else []
        elif kind in ("raw_begin", "raw_end"):
            text, self._raw = self._raw, "" if kind == "raw_begin" else None
            return self._cut(text) if text is not None and not self._depth else None
        elif self._raw is not None:
            self._raw += value
        elif kind == "data" and not self._depth:
            return self._cut(value)
        return None

    def _end(self, kind: str) -> Stretch | None:
        words, self._words = self._words or [], None
        if kind == "block_end":
            self._depth += step(words)
        if self._depth:
            return None
        spelled = self._spelled.rstrip("\n") if kind == "block_end" else self._spelled
        return self._cut(None, spelled)

    def _cut(self, text: str | None = None, spelled: str = "") -> Stretch:
        made = Stretch(self.jinja, text, spelled)
        self.jinja = self._spelled = ""
        return made
