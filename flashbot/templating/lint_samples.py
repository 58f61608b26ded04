"""What is wrong with the samples of a template: values without one, samples without a value, texts that get too long.

It renders each sample here, with stand-ins for what MsgFlash fills; it asks MsgFlash nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from flashbot.errors import TemplateError
from flashbot.msgflash.content import LONGEST_TEXT
from flashbot.templating.context import OPEN, is_missing
from flashbot.templating.fault import Fault
from flashbot.templating.lint_names import MEMBERS, member_fault, own_name

if TYPE_CHECKING:
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.header import Sample
    from flashbot.templating.lowering import Lowered
    from flashbot.templating.reads import Read
    from flashbot.templating.source import Source

__all__ = ["literal_fault", "no_sample_faults", "sample_faults"]

SWITCHES = "yes|no|on|off"


def no_sample_faults(source: Source, reads: Iterable[Read], told: Collection[tuple[str, int]]) -> Iterator[Fault]:
    """Values of which no sample says anything, so that the text is never tried with them.

    `told` are the places of which some sample was told to lack a value.
    """
    header = source.header
    first: dict[str, Read] = {}
    for read in reads:
        name = own_name(read.path)
        if name is not None:
            first.setdefault(name, read)
    if not header.present:
        # a dotted path is an unknown namespace there, and told as that
        plain = {name: read for name, read in first.items() if read.path in (name, f"custom.{name}")}
        if plain:
            read = next(iter(plain.values()))
            said = f"No sample says what {_listed(plain)} may be: begin the file with a header that has samples."
            yield Fault("no-sample", read.file, read.line, source.name, said)
        return
    for name, read in first.items():
        if name not in (header.declared or ()) or (read.file, read.line) in told:
            continue
        if not _has_fallback(header.fallbacks, name) and all(
            is_missing(one.values.get(name)) for one in header.samples
        ):
            line = header.lines.get(f"variables.{name}") or header.lines.get("samples")
            file, line = (source.file, line) if line else (read.file, read.line)
            said = f'No sample has a value for "{name}": add one, so that the text is tried with it.'
            yield Fault("no-sample", file, line, source.name, said)


def sample_faults(catalogue: Catalogue, source: Source, lowered: Lowered) -> Iterator[Fault]:
    """Samples that lack a value, say of a contact what contacts do not have, or make a text too long."""
    for sample in source.header.samples:
        yield from _members(source, sample)
        yield from _switches(source, sample, lowered)
        try:
            filled = catalogue.fill(source, _with_stand_ins(sample, lowered.reads))
        except TemplateError:
            yield from _lacking(source, sample, lowered.reads)
            continue
        position = _beyond(filled.text)
        if position is not None:
            said = f"{_too_long(filled.text)} with {_the(sample)}: shorten it."
            yield Fault("limit", source.file, filled.line_at(position), source.name, said, sample=sample.name)


def literal_fault(source: Source, lowered: Lowered) -> Fault | None:
    """Words that are too long before anything is filled in."""
    text, lines = "", []
    for piece in lowered.pieces:
        if piece.kind == "text":
            lines.append((len(text), piece))
            text += piece.text
    position = _beyond(text)
    if position is None:
        return None
    start, piece = next(one for one in reversed(lines) if one[0] <= position)
    line = piece.line + text.count("\n", start, position)
    return Fault("limit", piece.file, line, source.name, f"{_too_long(text)} without any value: shorten it.")


def _switches(source: Source, sample: Sample, lowered: Lowered) -> Iterator[Fault]:
    """A word such as `no`, of which YAML makes False, in a value that the text prints as it is."""
    prefix = f"samples.{sample.name}." if sample.name else "samples."
    lines, rows = source.header.lines, source.text.split("\n")
    for name in dict.fromkeys(piece.text.removeprefix("custom.") for piece in lowered.pieces if piece.kind == "path"):
        line = lines.get(f"{prefix}{name}") or lines.get(f"{prefix}custom.{name}")
        if isinstance(sample.values.get(name), bool) and line:
            written = re.search(rf"\b{re.escape(name)}\s*:\s*({SWITCHES})\b", rows[line - 1], re.IGNORECASE)
            if written:
                said = f"YAML reads {written[1]} as {sample.values[name]}, which the text prints: put it into quotes."
                yield Fault("sample", source.file, line, source.name, said, sample=sample.name)


def _members(source: Source, sample: Sample) -> Iterator[Fault]:
    header = source.header
    prefix = f"samples.{sample.name}" if sample.name else "samples"
    for space in OPEN:
        for member in getattr(sample, space):
            said = "" if member in MEMBERS[space] else member_fault(f"{space}.{member}")
            if said:
                line = header.lines.get(f"{prefix}.{space}.{member}") or header.lines.get(f"{prefix}.{space}")
                yield Fault("sample", source.file, line or sample.line, source.name, said, sample=sample.name)
    name, first = sample.contact.get("name"), sample.contact.get("firstName")
    if isinstance(name, str) and isinstance(first, str) and first.strip() and first.strip() not in name:
        said = f"firstName in {_the(sample)} is not in its name, of which MsgFlash makes it: make them agree."
        line = header.lines.get(f"{prefix}.contact.firstName", sample.line)
        yield Fault("sample", source.file, line, source.name, said, sample=sample.name)


def _lacking(source: Source, sample: Sample, reads: Iterable[Read]) -> Iterator[Fault]:
    """The values that a sample leaves out, at the place that reads them. Only asked where the text failed."""
    told: set[str] = set()
    for read in reads:
        path = read.path.removeprefix("custom.")
        root, _, rest = path.partition(".")
        if path in told or _has_fallback(source.header.fallbacks, path):
            continue
        if root in OPEN:
            held, lacks = getattr(sample, root), rest and rest in getattr(sample, root)
            missing = bool(lacks) and is_missing(held[rest])
        else:
            missing = root in (source.header.declared or ()) and _is_lacking(sample.values, path)
        if missing:
            told.add(path)
            which = _the(sample)
            said = f"{which[0].upper()}{which[1:]} has no value for {path}: add one, or give a fallback."
            yield Fault("sample", read.file, read.line, source.name, said, sample=sample.name)


def _the(sample: Sample) -> str:
    return f'the sample "{sample.name}"' if sample.name else "the sample"


def _is_lacking(values: Mapping[str, object], path: str) -> bool:
    held: object = values
    for part in path.split("."):
        if not isinstance(held, Mapping):
            return False  # a method or an index, which only rendering can tell
        if is_missing(held.get(part)):
            return not hasattr(dict, part)
        held = held[part]
    return False


def _has_fallback(fallbacks: Mapping[str, str], path: str) -> bool:
    return path in fallbacks or any(one.startswith(f"{path}.") for one in fallbacks)


def _with_stand_ins(sample: Sample, reads: Iterable[Read]) -> dict[str, object]:
    """The sample's values, and one letter for whatever MsgFlash would fill."""
    spaces: dict[str, dict[str, object]] = {space: dict(getattr(sample, space)) for space in OPEN}
    name = spaces["contact"].get("name")
    if isinstance(name, str) and name.split():
        spaces["contact"].setdefault("firstName", name.split()[0])
    for read in reads:
        root, *rest = read.path.split(".")
        if root in OPEN and rest:
            inside = spaces[root]
            for part in rest[:-1]:
                held = inside.get(part)
                inside[part] = inside = dict(held) if isinstance(held, Mapping) else {}
            inside.setdefault(rest[-1], "x")
    return {**sample.values, **spaces}


def _beyond(text: str) -> int | None:
    """The position of the first character that is too much, counted in characters or in UTF-16 units.

    Which of the two MsgFlash counts is not documented (its resources/message-types say 4096 characters).
    """
    if len(text) * 2 <= LONGEST_TEXT or _units(text) <= LONGEST_TEXT:
        return None
    units = 0
    for position, letter in enumerate(text):
        units += 2 if letter > "\uffff" else 1
        if units > LONGEST_TEXT:
            return position
    return None


def _units(text: str) -> int:
    return len(text) + sum(letter > "\uffff" for letter in text)


def _too_long(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        return f"The text has {len(text):,} characters and MsgFlash takes {LONGEST_TEXT:,}"
    return (
        f"The text has {len(text):,} characters, but {_units(text):,} where an emoji counts as two, "
        f"and MsgFlash takes {LONGEST_TEXT:,}"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
