"""`Eyes`: what the recogniser sees of a text: words it knows or takes for known ones, and a point for its meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from flashbot.dialogue.recognition.features import Features, words_of
from flashbot.dialogue.recognition.repair import repaired
from flashbot.dialogue.text import fold, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flashbot.dialogue.recognition.machine import Array
    from flashbot.dialogue.recognition.vectors import WordVectors

__all__ = ["Eyes", "Sight", "spelled_out"]

MOST_CHARACTERS = 2000
"""Of a text; what follows is not looked at."""
MOST_REPAIRS = 12
"""In a text: each costs about a tenth of a millisecond."""


OUTSIDE = 2.0
"""The weight of a word that is not in the table: a name, a number, a slip. Of those in it few have more."""


@dataclass(frozen=True, slots=True)
class Sight:
    words: list[str]
    """As read: repaired ones are repaired."""
    numbers: list[int]
    """Of the words; -1 where no example has it."""
    rarities: list[float]
    places: list[int]
    """In the table of words; -1 where it is not there."""
    weights: list[float]
    """How much each says, in any text, by the table."""
    repairs: tuple[tuple[str, str], ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(word for word, number in zip(self.words, self.numbers, strict=True) if number < 0)


def spelled_out(text: str, street: Mapping[str, str] | None) -> str:
    """The text itself, unless it has short forms: then without them, and without accents."""
    read = plain(text, street)
    return text if read == fold(text) else read


@dataclass(frozen=True, slots=True)
class Eyes:
    features: Features
    table: WordVectors
    street: Mapping[str, str] | None = None
    places: list[int] = field(init=False, repr=False, compare=False)
    """Of the examples' words in the table."""
    weights: list[float] = field(init=False, repr=False, compare=False)
    """Of the examples' words."""

    def __post_init__(self) -> None:
        places = [self.table.places.get(word, -1) for word in self.features.words]
        object.__setattr__(self, "places", places)
        object.__setattr__(self, "weights", [self._weight(place) for place in places])

    def look(self, text: str) -> Sight:
        features, elsewhere = self.features, self.table.places
        words: list[str] = []
        numbers: list[int] = []
        rarities: list[float] = []
        places: list[int] = []
        weights: list[float] = []
        repairs: list[tuple[str, str]] = []
        for written in words_of(plain(text[:MOST_CHARACTERS], self.street)):
            read = [written]
            if written not in features.words and written not in elsewhere and len(repairs) < MOST_REPAIRS:
                meant = repaired(written, features.words, self._often, elsewhere)
                if meant is not None:
                    repairs.append((written, meant))
                    read = meant.split()
            for word in read:
                number = features.words.get(word, -1)
                words.append(word)
                numbers.append(number)
                if number >= 0:
                    rarities.append(features.rarities[number])
                    places.append(self.places[number])
                    weights.append(self.weights[number])
                else:
                    rarities.append(features.unseen)
                    place = elsewhere.get(word, -1)
                    places.append(place)
                    weights.append(self._weight(place))
        return Sight(words, numbers, rarities, places, weights, tuple(repairs))

    def mended(self, sight: Sight, text: str) -> str:
        """For an encoder: as written, with accents, but for repaired words; or as read, where it is of the street."""
        text = spelled_out(text[:MOST_CHARACTERS], self.street)
        meant = dict(sight.repairs)
        return " ".join([meant.get(fold(word), word) for word in text.split()]) if meant else text

    def meaning(self, sight: Sight) -> Array:
        """By the table of words: unit length, or zeros where it knows none."""
        table = self.table
        found = [(place, weight) for place, weight in zip(sight.places, sight.weights, strict=True) if place >= 0]
        if not found:
            return np.zeros(table.dims, np.float32)
        places, weights = zip(*found, strict=True)
        total = (np.array(weights, np.float32) @ table.rows.take(places, 0).astype(np.float32)) * table.scale
        return total / np.float32(float(total @ total) ** 0.5 or 1.0)

    def _weight(self, place: int) -> float:
        return float(self.table.weights[place]) if place >= 0 else OUTSIDE

    def _often(self, word: str) -> float:
        return -self.features.rare(word)
