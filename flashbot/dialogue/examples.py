"""`Template`: an example that holds slots, such as "two {product} to {city}". Knows no text of a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from flashbot.dialogue.values.kinds import BUILT_IN, SlotType
from flashbot.dialogue.values.line import read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flashbot.dialogue.values.kinds import Kind

__all__ = ["Field", "Slot", "Template", "assemble", "parse"]

BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
GENERAL = {"reference": "a compiled pattern", "choice": "a list of choices"}
"""What `{reference:parcel}` says beside the name of a declared type."""
FILLINGS = 3
"""Texts that one template gives to learn from."""
TOO_OPEN = {"number", "amount"}


class Field(NamedTuple):
    """A slot as it was read: its name and that of its type."""

    name: str
    type: str


Piece: TypeAlias = str | Field


class Slot(NamedTuple):
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    pieces: tuple[str | Slot, ...]
    """Text as written and slots."""
    parts: tuple[str | Slot, ...]
    """Single words, folded, and slots: what a text is compared with."""
    words: frozenset[str]

    def fillings(self, number: int) -> tuple[str, ...]:
        """Texts with sample values; `number` turns the samples, so that every example of an intent has others."""
        made = []
        for filling in range(FILLINGS if self.slots else 1):
            text = ""
            for place, piece in enumerate(self.pieces):
                if isinstance(piece, Slot):
                    samples = piece.kind.samples
                    piece = samples[(number * FILLINGS + filling + place) % len(samples)]
                text += piece
            made.append(text)
        return tuple(dict.fromkeys(made))

    @property
    def slots(self) -> tuple[Slot, ...]:
        return tuple(part for part in self.parts if isinstance(part, Slot))


def parse(example: str, declared: Mapping[str, SlotType]) -> tuple[Piece, ...]:
    """Text and slots in turn. Raises ValueError with a sentence."""
    pieces: list[Piece] = []
    text, behind = "", 0
    for brace in BRACES.finditer(example):
        text += example[behind : brace.start()]
        behind = brace.end()
        if brace.group() in {"{{", "}}"}:
            text += brace.group()[0]
        elif brace[1] is None:
            raise ValueError(
                f'The example "{example}" has a brace without its partner: '
                "a slot is {name} or {type:name}, and {{ and }} are braces."
            )
        else:
            pieces += [text, _field(brace[1], example, declared)]
            text = ""
    pieces.append(text + example[behind:])
    _check(example, pieces, declared)
    return tuple(piece for piece in pieces if piece != "")


def assemble(pieces: Sequence[Piece], kinds: Mapping[str, Kind]) -> Template:
    """`kinds` has every type that a field names."""
    filled = tuple(Slot(piece.name, kinds[piece.type]) if isinstance(piece, Field) else piece for piece in pieces)
    parts: list[str | Slot] = []
    for piece in filled:
        parts += [piece] if isinstance(piece, Slot) else [word.text for word in read(piece).words]
    return Template(filled, tuple(parts), frozenset(part for part in parts if isinstance(part, str)))


def _field(inside: str, example: str, declared: Mapping[str, SlotType]) -> Field:
    names = [name.strip() for name in inside.split(":")]
    for name in names:
        if not name.isidentifier():
            raise ValueError(
                f'The example "{example}" has the slot {{{inside}}}: "{name}" is no name. '
                "Write {name} or {type:name}, with letters, digits and underscores."
            )
    if len(names) > 2:
        raise ValueError(f'The example "{example}" has the slot {{{inside}}}: write {{name}} or {{type:name}}.')
    if len(names) == 1:
        return Field(names[0], _alone(names[0], example, declared))
    first, second = names
    for general, name in ((first, second), (second, first)):
        if general in GENERAL and general not in declared:
            _suits(general, name, example, declared)
            return Field(name, name)
    types = {*BUILT_IN, *declared}
    if first in types:
        return Field(second, first)
    if second in types:
        return Field(first, second)
    raise ValueError(
        f'The example "{example}" has the slot {{{inside}}}, but neither "{first}" nor "{second}" is a type: use '
        f'one of {", ".join(BUILT_IN)}, or declare it, as in slots={{"{second}": [...]}}.'
    )


def _alone(name: str, example: str, declared: Mapping[str, SlotType]) -> str:
    if name in declared or name in BUILT_IN:
        return name
    raise ValueError(
        f'The example "{example}" has the slot {{{name}}} of no known type: declare its choices or its pattern, '
        f'as in slots={{"{name}": [...]}}, or name a built-in type, as in {{number:{name}}} '
        f"({', '.join(BUILT_IN)})."
    )


def _suits(general: str, name: str, example: str, declared: Mapping[str, SlotType]) -> None:
    given = declared.get(name)
    is_pattern = isinstance(given, re.Pattern)
    if given is None or isinstance(given, str) or is_pattern != (general == "reference"):
        raise ValueError(
            f'The example "{example}" has the slot {{{general}:{name}}}: declare {GENERAL[general]} for it, as in '
            f'slots={{"{name}": {"re.compile(...)" if general == "reference" else "[...]"}}}.'
        )


def _check(example: str, pieces: Sequence[Piece], declared: Mapping[str, SlotType]) -> None:
    fields = [piece for piece in pieces if isinstance(piece, Field)]
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f'The example "{example}" has two slots called "{name}": call them {{{fields[0].type}:first}} and '
                f"{{{fields[0].type}:second}}, for instance."
            )
    worded = any(isinstance(piece, str) and read(piece).words for piece in pieces)
    if fields and not worded and all(_built_in(field.type, declared) in TOO_OPEN for field in fields):
        raise ValueError(
            f'The example "{example}" would take every message that is only a number: add a word to it, '
            "or wait for the number with turn.expect."
        )


def _built_in(name: str, declared: Mapping[str, SlotType]) -> str:
    given = declared.get(name, name)
    return given if isinstance(given, str) else ""
