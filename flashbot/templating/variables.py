"""`variables_of`: what a template asks for, gathered from its header, its Jinja and its lowered form.

For people to read: it judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from flashbot.templating.context import NAMESPACES, OPEN, is_missing

if TYPE_CHECKING:
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.header import Header, Sample
    from flashbot.templating.source import Source

__all__ = ["Variable", "type_word", "variables_of"]

KINDS: tuple[tuple[type, str], ...] = (
    (bool, "bool"), (int, "int"), (float, "float"), (datetime, "datetime"), (date, "date"), (time, "time"),
    (str, "str"), (list, "list"), (Mapping, "dict"),
)  # fmt: skip
"""A class before the one it is derived from."""


@dataclass(frozen=True, slots=True)
class Variable:
    """`path` is MsgFlash's: custom.number, contact.firstName. `computed` is the Jinja of a value that is made here."""

    path: str
    places: tuple[tuple[str, int], ...]
    """File and line of each place that reads it; none where it is only declared."""
    type: str = ""
    computed: str = ""
    samples: tuple[tuple[str, object], ...] = ()
    """The sample's name and its value."""
    fallback: str | None = None
    handed_over: bool = True
    """Whether the lowered form names it; False: only something that is computed from it is handed over."""


def variables_of(catalogue: Catalogue, source: Source) -> tuple[Variable, ...]:
    """In order of appearance: what the Jinja reads, then what is computed from it. Raises TemplateError."""
    lowered = catalogue.lower(source)
    places: dict[str, dict[tuple[str, int], None]] = {}
    for read in lowered.reads:
        places.setdefault(_vendor(read.path), {})[read.file, read.line] = None
    for name in sorted(source.header.declared or ()):
        path = f"custom.{name}"
        if not any(read == path or read.startswith(f"{path}.") for read in places):
            places[path] = {}
    found = [_read(source.header, path, tuple(where), path in lowered.paths) for path, where in places.items()]
    for piece in lowered.pieces:
        if piece.kind == "computed" and all(piece.text != one.path for one in found):
            found.append(Variable(piece.text, ((source.file, piece.line),), computed=piece.expression))
    return tuple(found)


def _read(header: Header, path: str, places: tuple[tuple[str, int], ...], handed_over: bool) -> Variable:
    name = path.removeprefix("custom.")
    sampled = [(sample.name, _sampled(sample, path)) for sample in header.samples]
    samples = tuple((where, value) for where, value in sampled if value is not None)
    word = type_word((header.variables or {}).get(name, ""), (value for _, value in samples))
    return Variable(path, places, word, "", samples, header.fallbacks.get(name), handed_over)


def _vendor(path: str) -> str:
    return path if path.partition(".")[0] in NAMESPACES else f"custom.{path}"


def type_word(declared: str, values: Iterable[object]) -> str:
    """The header's word for a type, else the one that all sample values share; "" when there is none."""
    if declared:
        return declared
    words = {
        next((word for kind, word in KINDS if isinstance(value, kind)), "") for value in values if not is_missing(value)
    }
    if words == {"int", "float"}:
        return "number"
    return words.pop() if len(words) == 1 else ""


def _sampled(sample: Sample, path: str) -> object:
    root, *rest = path.split(".")
    held: object = getattr(sample, root) if root in OPEN else sample.values
    for part in rest:
        held = held.get(part) if isinstance(held, Mapping) else None
    return held
