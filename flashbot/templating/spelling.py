"""How each piece of a template is spelled in its file, in the order of Jinja's tree. Reads tokens, no tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["spellings", "step"]

OPENS = frozenset({"if", "for", "macro", "call", "filter", "with", "block", "autoescape"})


def spellings(environment: Environment, source: str) -> tuple[str, ...]:
    """The Jinja of every top level expression and statement: `{{ price | money }}`, `{% if late %}…{% endif %}`."""
    return tuple(_spelled(environment, source))


def _spelled(environment: Environment, source: str) -> Iterator[str]:
    depth, spelled, inside = 0, "", False
    words: list[str] = []
    for _, kind, value in environment.lex(source):
        if kind in ("variable_begin", "block_begin"):
            inside, words = True, []
            spelled += value
        elif kind in ("variable_end", "block_end"):
            inside = False
            spelled += value
            if kind == "block_end":
                depth += step(words)
            if depth == 0:
                yield spelled.rstrip("\n") if kind == "block_end" else spelled
                spelled = ""
        elif inside:
            spelled += value
            if kind != "whitespace":
                words.append(value)
        elif depth:
            spelled += value


def step(words: list[str]) -> int:
    """How much deeper a statement leads."""
    if not words:
        return 0
    first = words[0]
    if first == "set":
        return 0 if "=" in words else 1
    if first in OPENS:
        return 1
    return -1 if first.startswith("end") else 0
