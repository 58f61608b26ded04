"""What is wrong with the words of a template: braces that Jinja left standing, and markup that WhatsApp does not show.

Reads Jinja's tokens, no tree, so that it knows what stands in a raw block. It knows no header and no values.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.entities import html5
from typing import TYPE_CHECKING

from flashbot.templating.fault import Fault

if TYPE_CHECKING:
    from jinja2 import Environment

    from flashbot.templating.fault import Code
    from flashbot.templating.source import Source

__all__ = ["prose_faults"]

VALUE = "\ufffc"
"""Stands in the text for whatever is filled in there."""
FOR_HTML = frozenset(
    {"e", "escape", "forceescape", "pprint", "safe", "striptags", "tojson", "urlize", "xmlattr"}
)  # fmt: skip
BRACES = re.compile(r"[{}]")
NAMED = re.compile(r"\{+\s*(?:[{%#]\s*)?([A-Za-z_][\w.]*)\s*(?:\}\s*)*\}")

TAGS = (
    "a abbr article b big blockquote body br button center code dd del div dl dt em font footer h1 h2 h3 h4 h5 h6 head "
    "header hr html i img ins label li link mark meta ol p pre s script section small span strike strong style sub sup "
    "table tbody td th thead title tr tt u ul"
)
ATTRIBUTE = r"""\s+[a-z-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))"""
NAMES = "|".join(TAGS.split())
TAG = re.compile(rf"</(?:{NAMES})\s*>|<(?:{NAMES})(?:{ATTRIBUTE})*\s*/?>|<!--", re.IGNORECASE)
ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-f]+|[a-z][a-z0-9]+);", re.IGNORECASE)
MARKDOWN = (
    (re.compile(r"(?<![*\w])\*\*(?=[^\s*])[^*\n]*(?<=[^\s*])\*\*(?![*\w])"), "bold", "*one star* on each side"),
    (re.compile(r"(?<![~\w])~~(?=[^\s~])[^~\n]*(?<=[^\s~])~~(?![~\w])"), "struck text", "~one tilde~ on each side"),
    (
        re.compile(rf"\[[^\]\n]+\]\((?:https?://|www\.|mailto:|tel:|{VALUE})[^)\n]*\)", re.IGNORECASE),
        "a link",
        "the address alone",
    ),
    (re.compile(r"^#{2,6} +(?=\S)", re.MULTILINE), "a heading", "*bold*"),
)
MONO = re.compile(r"```(?=[^`])(?:.+?)```|`[^`\n]+`", re.DOTALL)
OPENED = re.compile(r"(?:^|(?<=[\s(\[\"'«“]))\*(?=[^\s*\d])")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def prose_faults(source: Source, environment: Environment) -> Iterator[Fault]:
    """Raises jinja2.TemplateSyntaxError for what is not Jinja."""
    prose = _read(source, environment)

    def fault(code: Code, line: int, said: str) -> Fault:
        return Fault(code, source.file, line, source.name, said)

    for line, name in prose.filters:
        yield fault("markup", line, f'"{name}" is for HTML, and a message is plain text: leave it out.')
    for line, text in prose.quoted:
        found = _html(text)
        if found:
            yield fault("markup", line, found)
    told: set[tuple[Code, int]] = set()
    for code, position, said in (*_braces(prose), *_markup(prose)):
        line = prose.line(position)
        if (code, line) not in told:
            told.add((code, line))
            yield fault(code, line, said)


@dataclass(slots=True)
class _Prose:
    """`text` is all that is sent as it stands; `open` is the same without what raw blocks hold."""

    text: str = ""
    open: str = ""
    starts: list[tuple[int, int]] = field(default_factory=list)
    """Positions and the lines they stand on."""
    filters: list[tuple[int, str]] = field(default_factory=list)
    quoted: list[tuple[int, str]] = field(default_factory=list)
    """Texts inside of expressions that are printed."""

    def add(self, text: str, line: int, *, raw: bool = False) -> None:
        self.starts.append((len(self.text), line))
        self.text += text
        self.open += re.sub(r"[^\n]", " ", text) if raw else text

    def line(self, position: int) -> int:
        start, line = self.starts[bisect.bisect_right(self.starts, (position, 1 << 60)) - 1]
        return line + self.text.count("\n", start, position)


def _read(source: Source, environment: Environment) -> _Prose:
    prose, raw = _Prose(), False
    inside: list[tuple[int, str, str]] = []
    for line, kind, value in environment.lex(source.jinja, source.key, source.file):
        if kind == "data":
            prose.add(value, line, raw=raw)
        elif kind in ("raw_begin", "raw_end"):
            raw = kind == "raw_begin"
        elif kind in ("variable_begin", "block_begin"):
            inside = []
            if kind == "variable_begin":
                prose.add(VALUE, line)
        elif kind in ("variable_end", "block_end"):
            prose.filters += _filters(inside, block=kind == "block_end")
            if kind == "variable_end" and "replace" not in (word for _, _, word in inside):
                prose.quoted += [(at, word) for at, what, word in inside if what == "string"]
        elif kind != "whitespace":
            inside.append((line, kind, value))
    return prose


def _filters(tokens: list[tuple[int, str, str]], *, block: bool) -> Iterator[tuple[int, str]]:
    """The filters for HTML: x|e, map("e"), {% filter e %}."""
    for place, (line, kind, word) in enumerate(tokens):
        before = [one[2] for one in tokens[max(0, place - 2) : place]]
        if kind == "name" and word in FOR_HTML and (before[-1:] == ["|"] or (block and before == ["filter"])):
            yield line, word
        elif kind == "string" and word[1:-1] in FOR_HTML and before == ["map", "("]:
            yield line, word[1:-1]


def _braces(prose: _Prose) -> Iterator[tuple[Code, int, str]]:
    for brace in BRACES.finditer(prose.open):
        start, end = prose.open.rfind("\n", 0, brace.start()) + 1, prose.open.find("\n", brace.start())
        line = prose.open[start : end if end >= 0 else None]
        named = NAMED.search(line)
        meant = f"write {{{{ {named[1]} }}}} for its value" if named else "take it out"
        wanted = f'{{{{ "{brace[0]}" }}}} where it is meant'
        yield "brace", brace.start(), f'A brace "{brace[0]}" is left over and would be sent: {meant}, or {wanted}.'


def _markup(prose: _Prose) -> Iterator[tuple[Code, int, str]]:
    text = MONO.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), prose.text)
    for position, said in _html_places(text):
        yield "markup", position, said
    for pattern, what, instead in MARKDOWN:
        for found in pattern.finditer(text):
            yield (
                "markup",
                found.start(),
                f"This is Markdown for {what}, which WhatsApp does not show: write {instead}.",
            )
    fence = text.find("```")
    if fence >= 0:
        yield "markup", fence, "The ``` that begins here has no ``` that ends it: add one, or take it out."
    for found in CONTROL.finditer(text):
        yield "markup", found.start(), f"A control character (U+{ord(found[0]):04X}) is in the text: take it out."
    yield from _loose_stars(text)


def _loose_stars(text: str) -> Iterator[tuple[Code, int, str]]:
    """A star that begins bold and is alone in its line. Footnotes (10 %* … *while stocks last) and *144# are none."""
    footnotes = re.search(r"\S\*(?=\s|$|[.,;:!?)])", text) is not None
    start = 0
    for line in text.split("\n"):
        opened = OPENED.search(line)
        if (
            opened
            and line.count("*") == 1
            and not (footnotes and opened.start() == 0)
            and "#" not in line[opened.end() :]
        ):
            said = "The * that begins bold here has no * that ends it in this line: add one, or take it out."
            yield "markup", start + opened.start(), said
        start += len(line) + 1


def _html_places(text: str) -> Iterator[tuple[int, str]]:
    for found in TAG.finditer(text):
        yield (
            found.start(),
            f"{found[0]} is HTML, which WhatsApp shows as it stands: write *bold*, _italic_ or ~struck~.",
        )
    for found in ENTITY.finditer(text):
        if found[0][1] == "#" or found[0][1:] in html5:
            yield found.start(), f"{found[0]} is HTML, which WhatsApp shows as it stands: write the character itself."


def _html(text: str) -> str:
    return next((said for _, said in _html_places(text)), "")
