"""What is wrong with the names in a template: read and not declared, declared and not read, of no namespace.

It judges what `Lowered.reads` and the header say, and renders nothing.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from jinja2 import nodes

from flashbot.templating.context import NAMESPACES, OPEN
from flashbot.templating.fault import Fault
from flashbot.templating.reads import dotted

if TYPE_CHECKING:
    from flashbot.templating.lowering import Lowered
    from flashbot.templating.reads import Read
    from flashbot.templating.source import Source

__all__ = [
    "MEMBERS",
    "campaign_faults",
    "member_fault",
    "name_faults",
    "own_name",
    "printed_faults",
    "translation_faults",
    "unused_faults",
]

MEMBERS: Mapping[str, tuple[str, ...]] = {
    "contact": ("firstName", "name", "phone", "tags", "meta"),
    "user": ("fullName", "email", "phone"),
    "instance": ("name",),
}
"""What MsgFlash's guides/templates and its console know of each namespace; all else would be a gap in every message."""


def own_name(path: str) -> str | None:
    """The value of the bot's that a path reads; None for what MsgFlash fills, and for `custom` as a whole."""
    root, _, rest = path.partition(".")
    if root in OPEN:
        return None
    return (rest.partition(".")[0] or None) if root == "custom" else root


def name_faults(source: Source, reads: Iterable[Read], *, strictly: bool) -> Iterator[Fault]:
    """Undeclared names and unknown namespaces, each place once; strictly, unknown members of namespaces too."""
    declared = source.header.declared
    for read in dict.fromkeys(reads):
        root, _, rest = read.path.partition(".")
        if root in OPEN:
            said = member_fault(read.path) if strictly and rest else ""
            if said:
                yield Fault("namespace", read.file, read.line, source.name, said)
            continue
        name = own_name(read.path)
        if name is None or (declared is not None and name in declared):
            continue
        if root != "custom" and rest and _looks_like_a_namespace(root, declared or ()):
            yield Fault("namespace", read.file, read.line, source.name, _unknown(root, rest, declared or ()))
        elif declared is not None:
            yield Fault("undeclared", read.file, read.line, source.name, _undeclared(source, name, declared))


def member_fault(path: str) -> str:
    """The sentence about a path of MsgFlash's that it does not have; "" when it has it."""
    root, *rest = path.split(".")
    known = MEMBERS[root]
    if rest and rest[0] in known and (rest[0] == "meta" or len(rest) == 1):
        return ""
    close = _close(rest[0], known)
    if rest[0] in known:
        close = rest[0]
    hint = f"did you mean {root}.{close}?" if close else f"it has {', '.join(f'{root}.{one}' for one in known)}."
    return f"MsgFlash has no {path}, so every message would lack it: {hint}"


def printed_faults(source: Source, tree: nodes.Template) -> Iterator[Fault]:
    """A namespace as a whole, or all of contact.meta, in the text."""
    for output in tree.find_all(nodes.Output):
        for node in output.nodes:
            inner: nodes.Node | None = node
            while isinstance(inner, nodes.Filter):
                inner = inner.node
            path = ".".join((inner and dotted(inner)) or ())
            if path in NAMESPACES or path == "contact.meta":
                member = {"contact": "contact.firstName", "contact.meta": "contact.meta.city"}.get(path, f"{path}.name")
                said = f"{path} as a whole is no text: name a member of it, such as {member}."
                yield Fault("namespace", source.file, node.lineno, source.name, said)


def campaign_faults(source: Source, lowered: Lowered) -> Iterator[Fault]:
    """What is computed of a contact in a template of campaigns, whose custom.* are the same for everybody."""
    if not source.for_campaigns:
        return
    filled = Counter((piece.text, piece.file, piece.line) for piece in lowered.pieces if piece.kind == "path")
    told: set[tuple[str, int]] = set()
    for read in lowered.reads:
        place = read.path, read.file, read.line
        filled[place] -= 1
        if read.root == "contact" and filled[place] < 0 and (read.file, read.line) not in told:
            told.add((read.file, read.line))
            said = (
                f"A campaign has no {read.path} to compute with, and would say the same to everybody: "
                f"write {{{{ {read.path} }}}} alone, which MsgFlash fills for each."
            )
            yield Fault("context", read.file, read.line, source.name, said)


def unused_faults(source: Source, read: Collection[str], paths: Collection[str]) -> Iterator[Fault]:
    """Names that a header declares and no text of the family reads, each once: `read` are own names, `paths` all."""
    header, told = source.header, set()

    def fault(name: str, line: int, said: str) -> Iterator[Fault]:
        if name not in told:
            told.add(name)
            close = _close(name, read)
            hint = f"did you mean {close}?" if close else "take it out."
            yield Fault(
                "unused", source.file, line, source.name, f'{said} "{name}", which the text never reads: {hint}'
            )

    for name in header.variables or ():
        if name not in read:
            yield from fault(name, header.lines.get(f"variables.{name}", 1), "The header declares")
    for sample in header.samples:
        for name in sample.values:
            if name not in read:
                line = _sample_line(source, sample.name, sample.line, name)
                yield from fault(name, line, "A sample sets")
    for path in header.fallbacks:
        own = own_name(path)
        if (path not in paths) if own is None else (own not in read):
            yield from fault(path, header.lines.get(f"fallbacks.{path}", 1), "There is a fallback for")


def translation_faults(family: Mapping[str | None, Source], reads: Mapping[str, Iterable[Read]]) -> Iterator[Fault]:
    """Two languages of which each reads a value that the other does not know: one `reply` cannot serve both."""
    first, *others = family.values()
    for other in others:
        alone = [(own_name(read.path), read) for read in reads[other.key]]
        missing_here = [one for one in alone if one[0] is not None and not _knows(first, reads[first.key], one[0])]
        there = {name for read in reads[first.key] if (name := own_name(read.path)) is not None}
        missing_there = sorted(name for name in there if not _knows(other, reads[other.key], name))
        if missing_here and missing_there:
            name, read = missing_here[0]
            said = f'This text reads "{name}" where {first.file} reads "{missing_there[0]}": give both the same name.'
            yield Fault("language", read.file, read.line, other.name, said)


def _knows(source: Source, reads: Iterable[Read], name: str) -> bool:
    return name in (source.header.declared or ()) or any(own_name(read.path) == name for read in reads)


def _sample_line(source: Source, sample: str, line: int, name: str) -> int:
    prefix = f"samples.{sample}" if sample else "samples"
    lines = source.header.lines
    return next((lines[key] for key in (f"{prefix}.{name}", f"{prefix}.custom.{name}") if key in lines), line)


def _looks_like_a_namespace(root: str, declared: Collection[str]) -> bool:
    """Whether a namespace was meant, rather than a mapping that is declared under a similar name."""
    return _likeness(root, NAMESPACES) >= _likeness(root, declared) or not _close(root, declared)


def _likeness(word: str, among: Iterable[str]) -> float:
    return max((difflib.SequenceMatcher(None, word.lower(), one.lower()).ratio() for one in among), default=0.0)


def _close(word: str, among: Collection[str]) -> str:
    by_lower = {one.lower(): one for one in among}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""


def _undeclared(source: Source, name: str, declared: Collection[str]) -> str:
    close = _close(name, declared)
    hint = f"did you mean {close}?" if close else "give it a value in the samples, or correct the name."
    return f'The text reads "{name}", which the header of {source.file} does not declare: {hint}'


def _unknown(root: str, rest: str, declared: Collection[str]) -> str:
    close = _close(root, NAMESPACES) or _close(root, declared)
    hint = (
        f"did you mean {close}.{rest}?"
        if close
        else f"MsgFlash has {', '.join(NAMESPACES)}; a mapping of your own is declared in the header."
    )
    return f'There is no namespace "{root}": {hint}'
