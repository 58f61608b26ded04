"""Where a template is no Jinja: the line that a person would look at, rather than the one at which Jinja gave up.

Reads tokens only, of a text that may end anywhere.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from jinja2 import TemplateSyntaxError, nodes

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["begun_at", "check_names"]

OPENS = frozenset({"if", "for", "macro", "call", "filter", "with", "block", "autoescape"})
END = "Unexpected end of template"


def begun_at(environment: Environment, source: str, fault: TemplateSyntaxError) -> int:
    """Where the tag begins in which `fault` lies, or the block that the template leaves open."""
    ended = str(fault.message).startswith(END)
    blocks: list[int] = []
    begun, words = 0, list[str]()
    try:
        for line, kind, value in environment.lexer.tokeniter(source, None):
            if kind in ("variable_begin", "block_begin"):
                begun, words = line, []
            elif kind in ("variable_end", "block_end"):
                if begun <= fault.lineno <= line and not ended:
                    return begun
                if kind == "block_end":
                    _count(blocks, words, begun)
                begun = 0
            elif begun and kind != "whitespace":
                words.append(value)
    except TemplateSyntaxError:
        pass
    return begun or (blocks[-1] if ended and blocks else fault.lineno)


def check_names(
    tree: nodes.Template, filters: Mapping[str, object], tests: Mapping[str, object], file: str | None
) -> None:
    """Raises TemplateSyntaxError for a filter or test that does not exist. Jinja looks for those in branches later."""
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        what, known = ("filter", filters) if isinstance(node, nodes.Filter) else ("test", tests)
        if node.name not in known:
            said = _unknown(what, node.name, known)
            raise TemplateSyntaxError(said, node.lineno, None, file)


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, [one for one in known if one.isidentifier()], n=1)
    return f'there is no {what} "{name}"' + (f" (did you mean {close[0]}?)" if close else "")


def _count(blocks: list[int], words: list[str], line: int) -> None:
    first = words[0] if words else ""
    if first in OPENS or (first == "set" and "=" not in words):
        blocks.append(line)
    elif first.startswith("end") and blocks:
        blocks.pop()
