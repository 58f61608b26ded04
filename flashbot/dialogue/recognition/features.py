"""`Features`: which words, pairs of words and pieces of words the examples have, and how telling each is.

A text is a sum over its words, so that what a known word is worth to every intent can be worked out once, ahead.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flashbot.dialogue.recognition.machine import Array, Index

__all__ = ["LONGEST_WORD", "MOST_WORDS", "Features", "words_of"]

MOST_WORDS = 128
"""Of a text; what follows is not looked at."""
LONGEST_WORD = 32
"""Characters of a word; what follows is not looked at."""
PIECES = (2, 3, 4, 5)
"""Lengths of the pieces of words, the space before and behind a word included."""
WORD_SHARE = 0.7
"""Of words and pairs of words beside the pieces, which weigh 1: the best on the development splits of four sets."""


def words_of(plain: str) -> list[str]:
    """`plain` is what `text.plain` gives."""
    return [word[:LONGEST_WORD] for word in plain.split(None, MOST_WORDS)[:MOST_WORDS]]


def pieces_of(word: str) -> list[str]:
    framed = f" {word} "
    return [framed[at : at + size] for size in PIECES for at in range(len(framed) - size + 1)]


@dataclass(frozen=True, slots=True)
class Features:
    """Numbered in one row: words, pairs of words, pieces, and a last one that every text has."""

    words: dict[str, int]
    pairs: dict[str, int]
    """Two words with a space between. Their numbers begin where those of the words end."""
    pieces: dict[str, int]
    rarity: Array
    """Of every feature: log((1 + texts) / (1 + texts that have it)) + 1."""
    unseen: float
    """The rarity of a word that no text has."""
    rarities: list[float] = field(init=False, repr=False, compare=False)
    """Of words and pairs, quicker to read one by one."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rarities", self.rarity[: len(self.words) + len(self.pairs)].tolist())

    @classmethod
    def learn(cls, texts: Sequence[list[str]]) -> Features:
        words: Counter[str] = Counter()
        pairs: Counter[str] = Counter()
        pieces: Counter[str] = Counter()
        known: dict[str, set[str]] = {}
        for text in texts:
            distinct = set(text)
            words.update(distinct)
            pairs.update({f"{one} {other}" for one, other in pairwise(text)})
            held: set[str] = set()
            for word in distinct:
                if word not in known:
                    known[word] = set(pieces_of(word))
                held |= known[word]
            pieces.update(held)
        counts = np.array([*words.values(), *pairs.values(), *pieces.values()], np.float32)
        numbered = _numbered(words, pairs, pieces)
        return cls(
            numbered[0],
            numbered[1],
            numbered[2],
            (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32),
            log(1 + len(texts)) + 1,
        )

    @property
    def width(self) -> int:
        return len(self.rarity) + 1

    def rare(self, word: str) -> float:
        number = self.words.get(word)
        return self.unseen if number is None else self.rarities[number]

    def spelled(self, word: str) -> tuple[Index, Array]:
        """The pieces that a word has, as a vector of unit length; empty when none is known."""
        numbers = self.pieces
        counts = Counter(numbers[piece] for piece in pieces_of(word) if piece in numbers)
        index = np.fromiter(counts, np.intp, len(counts))
        value = np.fromiter(counts.values(), np.float32, len(counts)) * self.rarity[index]
        length = sqrt(float(value @ value))
        return index, value / np.float32(length) if length else value

    def known(self, text: Sequence[str]) -> tuple[list[int], list[float]]:
        """Numbers and weights of its words and pairs, none twice: together a vector of length `WORD_SHARE`."""
        rarities, words, pairs = self.rarities, self.words, self.pairs
        found: dict[int, float] = {}
        before = ""
        for word in text:
            number = words.get(word)
            if number is not None:
                found[number] = found.get(number, 0.0) + 1
            if before:
                number = pairs.get(f"{before} {word}")
                if number is not None:
                    found[number] = 1.0
            before = word
        values = [(1.0 if count == 1 else 1 + log(count)) * rarities[number] for number, count in found.items()]
        length = sqrt(sum([one * one for one in values])) / WORD_SHARE
        return list(found), [one / length for one in values]

    def row(self, text: Sequence[str], spellings: dict[str, tuple[Index, Array]]) -> tuple[Index, Array]:
        """All features of a text. `spellings` is filled with the pieces of words that are met."""
        index, value = self.known(text)
        held: dict[int, float] = {}
        total = 0.0
        for word, count in Counter(text).items():
            rare = self.rare(word)
            total += rare * rare
            if word not in spellings:
                spellings[word] = self.spelled(word)
            pieces, shares = spellings[word]
            for piece, share in zip(pieces.tolist(), shares.tolist(), strict=True):
                held[piece] = held.get(piece, 0.0) + share * rare * count
        length = sqrt(total) or 1.0
        index += held
        value += [share / length for share in held.values()]
        index.append(self.width - 1)
        value.append(1.0)
        return np.array(index, np.intp), np.array(value, np.float32)


def _numbered(*kinds: Iterable[str]) -> list[dict[str, int]]:
    found = []
    start = 0
    for kind in kinds:
        numbered = {name: number for number, name in enumerate(kind, start)}
        start += len(numbered)
        found.append(numbered)
    return found
