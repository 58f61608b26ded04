"""`WordVectors`: what words mean, as points in a small space that languages share; a table that ships with flashbot.

Knows no sentence's order, no intent and no file but its own. `bench/distil.py` makes the table and names its sources.
"""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Sequence
from typing import IO

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "WordVectors"]

Array = npt.NDArray[np.float32]
TABLE = "words.npz"


class WordVectors:
    """Words as `fold` gives them: lower case, no accents.

    A word's vector is `rows[i] * scale`, its share in a sentence `weights[i]`; `i` is `of(word)`.
    """

    def __init__(
        self, name: str, words: Sequence[str], rows: npt.NDArray[np.int8], scale: Array, weights: Array
    ) -> None:
        self.name = name
        """A hash of the table: vectors of two names are not comparable."""
        self.rows = rows
        self.scale = scale
        self.weights = weights
        self.places = {word: place for place, word in enumerate(words)}

    @classmethod
    @functools.cache
    def shipped(cls) -> WordVectors:
        """The table of this version of flashbot, read once in a process."""
        table = importlib.resources.files(__package__).joinpath(TABLE)
        with table.open("rb") as stored:
            return cls.read(stored)

    @classmethod
    def read(cls, stored: IO[bytes]) -> WordVectors:
        """What `bench/distil.py` wrote."""
        with np.load(stored, allow_pickle=False) as arrays:
            words = arrays["words"].tobytes().decode().split("\n")
            return cls(
                str(arrays["name"]), words, arrays["rows"], arrays["scale"], arrays["weights"].astype(np.float32)
            )

    @property
    def dims(self) -> int:
        return int(self.rows.shape[1])

    def __len__(self) -> int:
        return len(self.places)

    def of(self, word: str) -> int | None:
        """The word's row, None where it is not in the table."""
        return self.places.get(word)

    def weight(self, word: str) -> float:
        """The word's share in a sentence: 0 where it is unknown."""
        place = self.places.get(word)
        return 0.0 if place is None else float(self.weights[place])

    def encode(self, words: Sequence[str]) -> Array:
        """The weighted mean of the words that are known, in any order: (dims,). Zeros where none is known."""
        places = [place for word in words if (place := self.places.get(word)) is not None]
        if not places:
            return np.zeros(self.dims, dtype=np.float32)
        shares = self.weights[places]
        mean: Array = (shares @ self.rows[places].astype(np.float32)) * self.scale / shares.sum()
        return mean
