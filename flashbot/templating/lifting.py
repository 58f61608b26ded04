"""The inverse of lowering: from a body with `{{namespace.path}}`, as MsgFlash stores it, back to Jinja.

`lift` begins from nothing; `relift` puts an edited body into the Jinja it was lowered from, and keeps what it can of
its expressions and comments. Whoever uses them lowers the outcome again, and takes it only when that gives the body.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from flashbot.templating.context import NAMESPACES
from flashbot.templating.stretches import stretches

if TYPE_CHECKING:
    from jinja2 import Environment

    from flashbot.templating.lowering import Lowered, Piece

__all__ = ["canonical", "lift", "paths_in", "relift"]

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)+)\s*\}\}")
TOKEN = re.compile(rf"{PLACEHOLDER.pattern}|\w+|\s|.", re.DOTALL)
SPECIAL = re.compile(r"\{(?=[{%#\r\x00])|\r+|\x00")
"""What Jinja would take for its own, or write otherwise than it stands."""
BRACES = re.compile(r'\{\{ "([{}]+)" \}\}')
"""How a piece spells braces of a text that are handed over."""
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
ATTRIBUTE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED = frozenset(
    {*keyword.kwlist, *NAMESPACES, "true", "false", "none", "loop", "self", "super", "caller", "varargs", "kwargs"}
)
BLOCK_START = ("{%", "{#")
BLOCK_END = ("%}", "#}")
TRIMS = ("{{-", "{%-", "{#-")
TRIMMING = re.compile(r"-([%}#]\})\s*\Z")
BLANK_END = re.compile(r"(?:^|(?<=\n))[ \t]+\Z")


def canonical(body: str) -> str:
    """MsgFlash takes `{{ custom.code }}` and `{{custom.code}}` for the same; so does whoever compares."""
    return PLACEHOLDER.sub(lambda found: f"{{{{{found[1]}}}}}", body)


def paths_in(body: str) -> tuple[str, ...]:
    """The paths of a body at MsgFlash, once each, in order of appearance."""
    return tuple(dict.fromkeys(found[1] for found in PLACEHOLDER.finditer(body)))


def lift(body: str, known: Collection[str] = ()) -> str:
    """Jinja that says what `body` says. `known` are names that mean something else there, such as its globals."""
    return _assembled(_lifted(TOKEN.finditer(body), {}, known))


def relift(old: str, lowered: Lowered, body: str, environment: Environment) -> str:
    """The Jinja of `old`, which was lowered to `lowered`, changed so that it says `body`."""
    if canonical(body) == canonical(lowered.body):
        return old
    expressions = {piece.text: piece.expression for piece in reversed(lowered.pieces) if piece.kind != "text"}
    atoms = list(_atoms(environment, old.removesuffix("\n"), lowered.pieces))
    if canonical("".join(atom.lowered for atom in atoms)) == canonical(lowered.body):
        new = _assembled(_merged(atoms, body, expressions, environment.globals))
    else:
        # It could not be told which place of the file says what: only the expressions are kept.
        new = _assembled(_lifted(TOKEN.finditer(body), expressions, environment.globals))
    # Jinja takes the last newline of a file for the file's, not the text's.
    return new + "\n" if old.endswith("\n") or new.endswith("\n") else new


@dataclass(frozen=True, slots=True)
class _Said:
    """A stretch of Jinja. `plain`: it is text as a reader sees it, not yet made safe for Jinja."""

    jinja: str
    plain: bool = False


@dataclass(frozen=True, slots=True)
class _Atom:
    """A stretch of a file and what it is lowered to; empty for comments and what is only set."""

    jinja: str
    lowered: str
    plain: bool = False


def _lifted(tokens: Iterable[re.Match[str]], expressions: Mapping[str, str], known: Collection[str]) -> Iterator[_Said]:
    for token in tokens:
        path = token[1]
        if path is None:
            yield _Said(token[0], plain=True)
        else:
            yield _Said(expressions.get(path) or f"{{{{ {_spelled(path, known)} }}}}")


def _spelled(path: str, known: Collection[str]) -> str:
    root, *rest = path.split(".")
    if root == "custom" and len(rest) == 1 and NAME.fullmatch(rest[0]) and rest[0] not in RESERVED | {*known}:
        return rest[0]
    return root + "".join(f".{part}" if ATTRIBUTE.fullmatch(part) else f'["{part}"]' for part in rest)


def _quoted(text: str) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\x00": "\\x00"}
    return '{{ "' + "".join(escapes.get(one, one) for one in text) + '" }}'


def _assembled(parts: Iterable[_Said]) -> str:
    """One text of Jinja: plain text is written so that Jinja leaves it as it is, beside whatever it stands."""
    joined: list[_Said] = []
    for part in parts:
        if joined and joined[-1].plain and part.plain:
            joined[-1] = _Said(joined[-1].jinja + part.jinja, plain=True)
        elif part.jinja:
            joined.append(part)
    written = ""
    for place, part in enumerate(joined):
        before = joined[place - 1] if place else _Said("")
        after = joined[place + 1] if place + 1 < len(joined) else _Said("")
        if part.plain:
            written += _safe(part.jinja, written, after.jinja.lstrip() if after.jinja[:1].isspace() else after.jinja)
        else:
            written += _beside(part.jinja, before, after, line_begins=not written or written.endswith("\n"))
    return written


def _beside(jinja: str, before: _Said, after: _Said, *, line_begins: bool) -> str:
    """An expression or a block that takes away no blank of a text that is new beside it."""
    start = jinja.lstrip()
    if start.startswith(TRIMS) and before.plain and before.jinja[-1:].isspace():
        jinja = start[:2] + start[3:]
    elif start.startswith(BLOCK_START) and not line_begins:
        jinja = start
    if after.plain and after.jinja[:1].isspace():
        jinja = TRIMMING.sub(r"\1", jinja)
    return jinja


def _safe(text: str, before: str, after: str) -> str:
    head = tail = ""
    if text.startswith("\n") and before.endswith(BLOCK_END):
        head, text = _quoted("\n"), text[1:]
    if text.endswith("{") and after:
        tail, text = _quoted("{"), text[:-1]
    elif after.startswith(BLOCK_START) and (blank := BLANK_END.search(text)) and (blank.start() or _ends_line(before)):
        tail, text = _quoted(blank[0]), text[: blank.start()]
    return head + SPECIAL.sub(lambda found: _quoted(found[0]), text) + tail


def _ends_line(written: str) -> bool:
    return not written or written.endswith("\n")


def _merged(atoms: list[_Atom], body: str, expressions: Mapping[str, str], known: Collection[str]) -> Iterator[_Said]:
    """The atoms that are still said, and between them what is new."""
    atoms = list(_aligned(atoms))
    tokens = [(token[0], place) for place, atom in enumerate(atoms) for token in TOKEN.finditer(atom.lowered)]
    new = list(TOKEN.finditer(body))
    matcher = SequenceMatcher(
        None, [canonical(token) for token, _ in tokens], [canonical(token[0]) for token in new], autojunk=False
    )
    count = [0] * len(atoms)
    for _, place in tokens:
        count[place] += 1
    written = 0  # the atoms before this one are dealt with
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag != "equal":
            written = yield from _silent(atoms, written, tokens[end - 1][1] + 1 if end > start else written)
            yield from _lifted(new[first:last], expressions, known)
            continue
        within = [place for _, place in tokens[start:end]]
        for offset, token in enumerate(new[first:last]):
            place = within[offset]
            atom = atoms[place]
            if place >= written:
                written = yield from _silent(atoms, written, place + 1)
                if not atom.plain and within.count(place) == count[place]:
                    yield _Said(atom.jinja)
            if atom.plain or within.count(place) != count[place]:
                yield from _lifted([token], expressions, known)
    yield from _silent(atoms, written, len(atoms))


def _aligned(atoms: Iterable[_Atom]) -> Iterator[_Atom]:
    """A text word by word, and those together that say one word."""
    small: list[_Atom] = []
    for atom in atoms:
        words = [token[0] for token in TOKEN.finditer(atom.lowered)] if atom.plain else []
        small += [_Atom(word, word, plain=True) for word in words] or [atom]
    ends = {token.end() for token in TOKEN.finditer("".join(atom.lowered for atom in small))}
    position, group = 0, _Atom("", "")
    for atom in small:
        position += len(atom.lowered)
        alone = not group.jinja
        group = atom if alone else _Atom(group.jinja + atom.jinja, group.lowered + atom.lowered)
        if position in ends or not group.lowered:
            yield group
            group = _Atom("", "")
    yield group


def _silent(atoms: list[_Atom], start: int, end: int) -> Generator[_Said, None, int]:
    """What is written though it says nothing; gives the place up to which all is dealt with."""
    for atom in atoms[start:end]:
        if not atom.lowered:
            yield _Said(atom.jinja)
    return max(start, end)


def _atoms(environment: Environment, old: str, pieces: Iterable[Piece]) -> Iterator[_Atom]:
    """The file's stretches in order, each with the pieces that came from it."""
    left = list(pieces)
    for stretch in stretches(environment, old):
        if stretch.text is not None:
            said = _take_text(left, stretch.text)
            yield _Atom(stretch.jinja, said, plain=said == stretch.text == stretch.jinja)
        elif not stretch.spelled:
            yield _Atom(stretch.jinja, "")
        else:
            yield _Atom(stretch.jinja, _take_spelled(left, stretch.spelled, environment))


def _take_text(left: list[Piece], text: str) -> str:
    """What became of a literal text: itself, and such braces."""
    said, done = "", ""
    while left and len(done) < len(text):
        braces = BRACES.fullmatch(left[0].expression)
        literal = braces[1] if braces else left[0].text
        if (left[0].kind != "text" and not braces) or not text.startswith(done + literal):
            break
        done += literal
        said += _body_of(left.pop(0))
    return said


def _take_spelled(left: list[Piece], spelled: str, environment: Environment) -> str:
    """What became of an expression or a block: one piece, or for what is constant its text."""
    if not left or left[0].expression != spelled:
        braced = bool(left) and BRACES.fullmatch(left[0].expression) is not None
        return _take_text(left, _constant(spelled, environment)) if braced else ""
    if left[0].kind != "text":
        return _body_of(left.pop(0))
    if spelled.startswith("{{"):
        return _take_text(left, _constant(spelled, environment))
    said = ""  # an included text
    while left and (left[0].expression == spelled or BRACES.fullmatch(left[0].expression)):
        said += _body_of(left.pop(0))
    return said


def _constant(spelled: str, environment: Environment) -> str:
    from jinja2 import nodes

    for output in environment.parse(spelled).find_all(nodes.Output):
        try:
            return "".join(str(node.as_const()) for node in output.nodes)
        except nodes.Impossible:
            break
    return ""


def _body_of(piece: Piece) -> str:
    return piece.text if piece.kind == "text" else f"{{{{{piece.text}}}}}"
