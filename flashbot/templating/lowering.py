"""`lower`: from Jinja to the only thing MsgFlash knows, `{{namespace.path}}`, and the values that go with it.

Each top level piece of a template is a text, a path that passes through, or something computed here and handed over
as one `custom.*` variable. The whole is rendered by Jinja once; the pieces are cut out of that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from jinja2 import Template, nodes

from flashbot.errors import TemplateError
from flashbot.templating.context import NAMESPACES, OPEN, Context
from flashbot.templating.environment import failure, run
from flashbot.templating.fault import Fault, RenderFault
from flashbot.templating.reads import Find, Read, dotted, names_set, reads_of, static_names
from flashbot.templating.spelling import spellings

if TYPE_CHECKING:
    from jinja2 import Environment

    from flashbot.templating.source import Source

__all__ = ["Filled", "Lowered", "Piece", "lower"]

MARK = "\x00"
"""Between two pieces of the rendered whole; no message may contain it."""
SEGMENT = re.compile(r"[A-Za-z0-9_]+")
BRACES = re.compile(r"[{}]+")
LINES = re.compile(r"[^\n]*\n|[^\n]+")
WORDS = re.compile(r"[A-Za-z0-9]+")
LONGEST_NAME = 40
SILENT = (nodes.Assign, nodes.AssignBlock, nodes.Macro, nodes.Import, nodes.FromImport, nodes.ExprStmt)
"""Statements that write nothing."""


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Literal["text", "path", "computed"]
    text: str
    """The literal text, or the path at MsgFlash: "custom.price_money"."""
    file: str
    line: int
    expression: str = ""
    """The Jinja it came from; empty for a text."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A template with its values. `variables` are all of custom.*, without that word, as MsgFlash is to print them."""

    text: str
    variables: Mapping[str, str]
    spans: tuple[tuple[int, int, int], ...]
    """First and last position in the text (half open), and the line of the template that wrote it."""

    def line_at(self, position: int) -> int:
        """The line that wrote the character at `position`; the last one's for what is behind the end."""
        for start, end, line in self.spans:
            if start <= position < end:
                return line
        return self.spans[-1][2] if self.spans else 1


@dataclass(frozen=True, slots=True)
class Lowered:
    """`body` is what MsgFlash stores. `reads` is what the Jinja reads from outside, included files too."""

    name: str
    body: str
    paths: tuple[str, ...]
    pieces: tuple[Piece, ...]
    reads: tuple[Read, ...]
    _template: Template
    _parts: tuple[tuple[int, str | None], ...]
    """For each piece: which cut of the rendered whole it is, or -1 and its text."""

    def render(self, context: Context) -> Filled:
        """Raises TemplateError, which quotes none of the values."""
        said: list[str] = []
        try:
            whole = run(self._template, context, said=said)
        except Exception as fault:
            told = failure(fault, self._template, self._line(said))
            place = Fault(told.code, told.file, told.line, self.name, told.said)
            raise RenderFault(str(told), place) from fault
        cuts = whole.split(MARK)
        if len(cuts) != 1 + max((cut for cut, _ in self._parts), default=0):
            raise TemplateError(f'A value of template "{self.name}" contains a NUL character: remove it.')
        text, variables = "", {}
        spans: list[tuple[int, int, int]] = []
        for piece, (cut, literal) in zip(self.pieces, self._parts, strict=True):
            written = cuts[cut] if literal is None else literal
            spans += _spans(piece, written, len(text))
            if piece.kind != "text" and piece.text.startswith("custom."):
                variables[piece.text.removeprefix("custom.")] = written
            text += written
        return Filled(text, variables, tuple(spans))

    def _line(self, said: list[str]) -> tuple[str, int] | None:
        """Where the piece stands at which the rendering ended."""
        cut = "".join(said).count(MARK)
        found = [piece for piece, (at, _) in zip(self.pieces, self._parts, strict=True) if at == cut]
        return (found[0].file, found[0].line) if found else None


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece on its way: what it renders, and what it is called there."""

    node: nodes.Node | None
    """None: text that is known already."""
    kind: Literal["text", "path", "computed", "silent"]
    text: str
    file: str
    line: int
    expression: str = ""
    shared: bool = True
    """Two of the same Jinja have the same value."""


def lower(source: Source, environment: Environment, find: Find) -> Lowered:
    """`find` gives the tree and the file of a template that is included. Raises jinja2.TemplateSyntaxError."""
    tree = environment.parse(source.jinja, source.key, source.file)
    known = frozenset(environment.globals)
    reads = reads_of(tree, source.file, known, find, source.header.declared)
    parts = list(_Cutter(source, known, find, spellings(environment, source.jinja)).cut(tree))
    taken = {read.path.removeprefix("custom.") for read in reads if read.root not in OPEN} | (
        source.header.declared or frozenset()
    )
    pieces, cut = _named(_without_loose_braces(_joined(parts)), set(taken))
    tree = nodes.Template(_marked(parts), lineno=1)
    tree.set_environment(environment)
    code = environment.compile(tree, source.key, source.file)
    body = "".join(piece.text if piece.kind == "text" else f"{{{{{piece.text}}}}}" for piece in pieces)
    return Lowered(
        source.name,
        body,
        tuple(dict.fromkeys(piece.text for piece in pieces if piece.kind != "text")),
        pieces,
        reads,
        Template.from_code(environment, code, environment.make_globals(None)),
        cut,
    )


class _Cutter:
    """Takes a tree apart."""

    def __init__(self, source: Source, known: frozenset[str], find: Find, spelled: tuple[str, ...]) -> None:
        self._file = source.file
        self._known = known
        self._find = find
        self._spelled = iter(spelled)
        self._bound: frozenset[str] = frozenset()

    def cut(self, tree: nodes.Template) -> Iterator[_Part]:
        if tree.find(nodes.Extends) is not None:
            whole = nodes.Template(tree.body, lineno=1)
            yield _Part(whole, "computed", "body", self._file, _first_line(tree), "".join(self._spelled))
            return
        for node in tree.body:
            if isinstance(node, nodes.Output):
                for inner in node.nodes:
                    yield from self._output(inner)
            else:
                yield self._statement(node)
            self._bound |= names_set(node)

    def _output(self, node: nodes.Expr) -> Iterator[_Part]:
        if isinstance(node, nodes.TemplateData):
            yield _Part(None, "text", node.data, self._file, node.lineno)
            return
        expression = next(self._spelled, "")
        written = nodes.Output([node], lineno=node.lineno)
        known = _constant(node)
        if known is not None:
            yield _Part(None, "text", known, self._file, node.lineno, expression)
            return
        path = self._path(node)
        if path is not None:
            yield _Part(written, "path", path, self._file, node.lineno, expression)
            return
        names = {name.name for name in (node, *node.find_all(nodes.Name)) if isinstance(name, nodes.Name)}
        yield _Part(
            written, "computed", _title(node), self._file, node.lineno, expression, shared=not names & self._bound
        )

    def _statement(self, node: nodes.Node) -> _Part:
        expression = next(self._spelled, "")
        line = node.lineno or _first_line(node)
        if isinstance(
            node, nodes.Assign | nodes.AssignBlock | nodes.Macro | nodes.Import | nodes.FromImport | nodes.ExprStmt
        ):
            return _Part(node, "silent", "", self._file, line)
        if isinstance(node, nodes.Include):
            known = self._included(node)
            if known is not None:
                return _Part(None, "text", known, self._file, line, expression)
        return _Part(node, "computed", _title(node), self._file, line, expression, shared=False)

    def _path(self, node: nodes.Expr) -> str | None:
        """The path at MsgFlash that this is word for word."""
        parts = dotted(node)
        if parts is None or parts[0] in self._bound or parts[0] in self._known:
            return None
        if not all(SEGMENT.fullmatch(part) for part in parts):
            return None
        if parts[0] in OPEN:
            return ".".join(parts) if len(parts) > 1 else None
        own = parts[1:] if parts[0] == "custom" else parts
        return f"custom.{own[0]}" if len(own) == 1 else None

    def _included(self, node: nodes.Include) -> str | None:
        """The text of a file that says the same to everybody."""
        names = static_names(node.template)
        found = self._find(names[0]) if names and len(names) == 1 else None
        return None if found is None else _constant(found[0])


def _spans(piece: Piece, written: str, start: int) -> Iterator[tuple[int, int, int]]:
    """A text's own lines count on; a value with lines in it comes from one."""
    if piece.kind == "text" and not piece.expression:
        for number, line in enumerate(LINES.findall(written)):
            yield start, start + len(line), piece.line + number
            start += len(line)
    elif written:
        yield start, start + len(written), piece.line


def _constant(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.TemplateData):
        return node.data
    if isinstance(node, nodes.Const):
        return str(node.value) if isinstance(node.value, str | int) and not isinstance(node.value, bool) else None
    if isinstance(node, nodes.Concat | nodes.Output | nodes.Template):
        inside = [_constant(child) for child in (node.body if isinstance(node, nodes.Template) else node.nodes)]
        return None if any(one is None for one in inside) else "".join(one or "" for one in inside)
    return None


def _title(node: nodes.Node) -> str:
    """What a computed variable is called, from the words in it: `price | money` is price_money."""
    if isinstance(node, nodes.If):
        return _slug(["if", *_words(node.test)])
    if isinstance(node, nodes.For):
        return _slug(["for", *_words(node.iter)])
    if isinstance(node, nodes.Include):
        return _slug(["include", *(name.removesuffix(".j2") for name in static_names(node.template) or ())])
    if isinstance(node, nodes.Expr):
        return _slug(list(_words(node)) or ["text"])
    return _slug([type(node).__name__.lower(), *([node.name] if isinstance(node, nodes.Block) else ())])


def _words(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Name):
        if node.name not in NAMESPACES:
            yield node.name
        return
    for child in node.iter_child_nodes():
        yield from _words(child)
    if isinstance(node, nodes.Getattr):
        yield node.attr
    elif isinstance(node, nodes.Filter | nodes.Test):
        yield node.name


def _slug(words: list[str]) -> str:
    name = "_".join("_".join(WORDS.findall(word)) for word in words if WORDS.search(word)).lower()
    return name[:LONGEST_NAME].strip("_") or "text"


def _first_line(node: nodes.Node) -> int:
    """Of what is inside: a template, or a scope that Jinja gives no line."""
    return next((inner.lineno for inner in node.find_all(nodes.Node) if inner.lineno), 1)


def _marked(parts: list[_Part]) -> list[nodes.Node]:
    """The tree again, with a mark before every piece that is rendered. What is known already is not."""
    body: list[nodes.Node] = []
    for part in parts:
        if part.node is None:
            continue
        if part.kind != "silent":
            body.append(nodes.Output([nodes.TemplateData(MARK)], lineno=part.line))
        body += part.node.body if isinstance(part.node, nodes.Template) else [part.node]
    return body


@dataclass(frozen=True, slots=True)
class _Cut:
    part: _Part
    cut: int
    """Which cut of the rendered whole; 0, which is always empty, for what is known already."""


def _joined(parts: list[_Part]) -> list[_Cut]:
    """Texts that follow each other are one, unless the lines they stand on are wanted apart: a piece a line."""
    found: list[_Cut] = []
    cut = 0
    for part in parts:
        if part.kind == "silent":
            continue
        if part.node is not None:
            cut += 1
            found.append(_Cut(part, cut))
        elif part.text:
            found.append(_Cut(part, 0))
    return found


def _without_loose_braces(cuts: list[_Cut]) -> list[_Cut]:
    """Braces that MsgFlash would take for a placeholder's become pieces of their own, to be handed over."""
    found: list[_Cut] = []
    for is_text, group in groupby(cuts, key=lambda one: one.part.kind == "text"):
        texts = list(group)
        if not is_text:
            found += texts
            continue
        whole = "".join(one.part.text for one in texts)
        first, last = not found, texts[-1] is cuts[-1]
        loose = [
            run.span()
            for run in BRACES.finditer(whole)
            if "{{" in run[0]
            or "}}" in run[0]
            or (run.start() == 0 and not first)  # beside a placeholder
            or (run.end() == len(whole) and not last)
        ]
        start = 0
        for one in texts:
            end = start + len(one.part.text)
            inside = [(max(left, start) - start, min(right, end) - start) for left, right in loose]
            found += _split(one.part, [(left, right) for left, right in inside if left < right])
            start = end
    return found


def _split(part: _Part, loose: list[tuple[int, int]]) -> Iterator[_Cut]:
    text, done, line = part.text, 0, part.line
    for start, end in loose:
        if text[done:start]:
            yield _Cut(replace(part, text=text[done:start], line=line), 0)
            line += 0 if part.expression else text.count("\n", done, start)
        braces = text[start:end]
        yield _Cut(_Part(None, "computed", braces, part.file, line, f'{{{{ "{braces}" }}}}'), 0)
        done = end
    if text[done:]:
        yield _Cut(replace(part, text=text[done:], line=line), 0)


def _named(cuts: list[_Cut], taken: set[str]) -> tuple[tuple[Piece, ...], tuple[tuple[int, str | None], ...]]:
    """The pieces under names that nothing else has."""
    pieces: list[Piece] = []
    places: list[tuple[int, str | None]] = []
    same: dict[object, str] = {}
    for one in cuts:
        part = one.part
        if part.kind == "text":
            pieces.append(Piece("text", part.text, part.file, part.line, part.expression))
            places.append((0, part.text))
        elif part.kind == "path":
            pieces.append(Piece("path", part.text, part.file, part.line, part.expression))
            places.append((one.cut, None))
        elif part.node is None:  # braces
            title = "braces_" + "".join("l" if brace == "{" else "r" for brace in part.text)[:LONGEST_NAME]
            name = same.get(part.text) or _free(title, taken)
            same[part.text] = name
            pieces.append(Piece("computed", f"custom.{name}", part.file, part.line, part.expression))
            places.append((0, part.text))
        else:
            key = repr(part.node) if part.shared else object()
            name = same.get(key) or _free(part.text, taken)
            same[key] = name
            pieces.append(Piece("computed", f"custom.{name}", part.file, part.line, part.expression))
            places.append((one.cut, None))
    return tuple(pieces), tuple(places)


def _free(title: str, taken: set[str]) -> str:
    name, number = title, 1
    while name in taken:
        number += 1
        name = f"{title}_{number}"
    taken.add(name)
    return name
