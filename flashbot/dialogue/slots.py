"""`Slots`: the values that an intent's examples name, and how they are found in what a person wrote.

`exact` takes a text that is one of the templates, word for word; `extract` looks for values in any text. Both hand out
typed values or nothing: no value is ever half read.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from flashbot.dialogue.examples import Field, assemble, parse
from flashbot.dialogue.filling import Finds, Weights, align, assign, settings, teams
from flashbot.dialogue.text import fold
from flashbot.dialogue.values.choices import normal
from flashbot.dialogue.values.kinds import BUILT_IN, SlotType, declare
from flashbot.dialogue.values.line import LOOKED_AT, apart, read
from flashbot.dialogue.values.money import Amount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from flashbot.dialogue.examples import Piece, Template
    from flashbot.dialogue.values.kinds import Kind

__all__ = ["Amount", "SlotType", "Slots"]

GLUED = re.compile(r"(?<![\w.@+-])(\d{1,3})([^\W\d_]{3,40})(?![\w@])")


class Slots:
    """Of one intent. Values are looked for in the first 2,000 characters of a text."""

    def __init__(self, texts: Sequence[str], templates: Sequence[Template], kinds: Mapping[str, Kind]) -> None:
        """`compile` makes them."""
        self.texts = tuple(texts)
        """What to learn from: plain examples unchanged, templates with sample values; the same at every start."""
        self._kinds = dict(kinds)
        self._settings = settings(templates)
        self._teams = teams(templates, kinds)
        self._templates = tuple(templates)
        self._by_word, self._wordless = _filed(templates)
        self._counted = frozenset(word for kind in self._kinds.values() for word in kind.begins)

    @classmethod
    def compile(cls, examples: Sequence[str], declared: Mapping[str, SlotType]) -> Slots:
        """A declared type that no example uses is a slot of that name all the same.

        Raises ValueError with a sentence that names the example, the slot or the type.
        """
        for name in declared:
            if name in BUILT_IN:
                raise ValueError(f'slots= declares "{name}", which is a built-in type: call yours something else.')
            if not name.isidentifier():
                raise ValueError(f'slots= declares "{name}", which is no name: use letters, digits and underscores.')
        parsed = [parse(example, declared) for example in examples]
        fields = [piece for pieces in parsed for piece in pieces if isinstance(piece, Field)]
        _agree(fields)
        known = _words_around_slots(parsed)
        types = {**BUILT_IN, **{name: declare(name, given, known) for name, given in declared.items()}}
        made = [assemble(pieces, types) for pieces in parsed]
        texts = [text for number, template in enumerate(made) for text in template.fillings(number)]
        named = {field.name: field.type for field in fields}
        named.update((name, name) for name in declared if name not in named.values())
        templates = [
            template for template, example in zip(made, examples, strict=True) if _is_template(template, example)
        ]
        return cls(texts, templates, {name: types[of_type] for name, of_type in named.items()})

    @property
    def names(self) -> tuple[str, ...]:
        """Of all slots, in the order of the examples."""
        return tuple(self._kinds)

    @property
    def forms(self) -> Mapping[str, tuple[object, ...]]:
        """Each template with its slots by name, and its form: that of another is equal if it takes the same texts."""
        return {
            "".join(piece if isinstance(piece, str) else f"{{{piece.name}}}" for piece in template.pieces): tuple(
                part if isinstance(part, str) else part.kind.takes for part in template.parts
            )
            for template in self._templates
        }

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def exact(self, text: str, now: datetime, region: str | None) -> Mapping[str, object] | None:
        """The values, where the whole text is a template with every slot filled; plain examples do not count.

        `region` is the ISO code of the person's country. Case, accents, punctuation and emoji make no difference.
        """
        if not self._templates or len(text) > LOOKED_AT:
            return None
        line = read(self._spaced(text))
        said = {word.text for word in line.words}
        places = {place for word in said for place in self._by_word.get(word, ())}
        finds = Finds(line, now, region)
        for place in sorted(places.union(self._wordless)):
            template = self._templates[place]
            if template.words <= said:
                values = align(template, finds)
                if values is not None:
                    return values
        return None

    def extract(self, text: str, now: datetime, region: str | None) -> Mapping[str, object]:
        """Whatever of the slots the text has a value for; each value is used once.

        The types take their characters in the order of `values.line.Rank`. Several values of a type go by the words
        beside them in the examples, then by their order.
        """
        values: dict[str, object] = {}
        if not self._kinds:
            return values
        line = read(self._spaced(text))
        finds = Finds(line, now, region)
        weights = Weights(finds, self._settings)
        found = {kind: finds.of(kind) for kind in self._kinds.values()}
        claimed = bytearray(len(line.text))
        for rank in sorted({one.rank for of_kind in found.values() for one in of_kind}):
            free = {
                kind: apart(one for one in of_kind if one.rank == rank and not any(claimed[one.start : one.end]))
                for kind, of_kind in found.items()
            }
            offers = {name: free[kind] for name, kind in self._kinds.items() if name not in values}
            for name, one in assign(offers, weights, rank, self._teams):
                values[name] = one.value
                weights.take(self._kinds[name], one.value)
            for one in (one for of_kind in free.values() for one in of_kind):
                claimed[one.start : one.end] = b"\x01" * (one.end - one.start)
        return {name: values[name] for name in self._kinds if name in values}

    def _spaced(self, text: str) -> str:
        """With "2pizzas" in two words, where pizza is a choice."""
        if not self._counted:
            return text
        return GLUED.sub(
            lambda word: f"{word[1]} {word[2]}" if normal(fold(word[2])) in self._counted else word[0], text
        )


def _is_template(template: Template, example: str) -> bool:
    """Also one with {{ alone: what a person writes is not equal to that."""
    return bool(template.parts) and ("{" in example or "}" in example)


def _agree(fields: Sequence[Field]) -> None:
    types: dict[str, str] = {}
    for field in fields:
        other = types.setdefault(field.name, field.type)
        if other != field.type:
            raise ValueError(
                f'The slot "{field.name}" is of the type "{other}" in one example and "{field.type}" in another: '
                "give one of them another name."
            )


def _words_around_slots(parsed: Sequence[Sequence[Piece]]) -> frozenset[str]:
    """What people write beside a value is not a slip of one."""
    templates = [pieces for pieces in parsed if any(isinstance(piece, Field) for piece in pieces)]
    texts = [piece for pieces in templates for piece in pieces if isinstance(piece, str)]
    return frozenset(word.text for text in texts for word in read(text).words)


def _filed(templates: Sequence[Template]) -> tuple[dict[str, list[int]], list[int]]:
    """Each template under its rarest word, so that a text is compared with few; and those without a word."""
    common = Counter(word for template in templates for word in template.words)
    by_word: dict[str, list[int]] = {}
    wordless: list[int] = []
    for place, template in enumerate(templates):
        if template.words:
            rarest = min(template.words, key=lambda word: (common[word], word))
            by_word.setdefault(rarest, []).append(place)
        else:
            wordless.append(place)
    return by_word, wordless
