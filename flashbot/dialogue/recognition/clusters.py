"""`cluster`: which messages mean the same, found by what they share. It names nothing and suggests nothing.

Groups are joined while their messages are, on average, clearly more alike than a message is to the examples of intents
that it was not understood as (average linkage, by chains of nearest neighbours). The same messages always give the same
groups.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

import numpy as np

from flashbot.dialogue.text import fold, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    See = Callable[[Sequence[str]], Array]

__all__ = ["MOST", "Cluster", "Clusters", "Leaning", "cluster"]

MOST = 5000
"""Different messages that are compared; of more, some are left out."""
MOST_EXAMPLES = 1200
LEAST = 3
"""Messages that make a group."""
WIDTH = 2048
PIECES = (3, 4, 5)
"""Lengths of the pieces of words, the space before and behind a word included."""
APART = 1.1
"""Groups stay apart while their messages are less than so many standard deviations more alike than a message and a
foreign example: the best on held-out intents of four sets."""
SPELT_ALIKE = (0.02, 0.04)
"""Mean and standard deviation of the likeness, by their spelling, of texts that have nothing to do with each other;
nearly the same in every set."""
GONE = np.float32(-2)


class Leaning(NamedTuple):
    intent: str
    by: float
    """How much more alike a message and the nearest example are, on average, than two texts that have nothing to do
    with each other, in standard deviations."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Messages that mean the same."""

    messages: tuple[str, ...]
    """Different ones, the most typical first."""
    counts: tuple[int, ...]
    """How often each of them was written."""
    cohesion: float
    """How alike they are on average: 1 is the same, 0 has nothing in common."""
    leaning: Leaning | None
    """The intent whose examples the messages are most like."""
    likeness: Array = field(repr=False, compare=False)
    """Of each message to each, in their order."""

    @property
    def size(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Clusters:
    """The groups, largest first, and what is in none."""

    clusters: tuple[Cluster, ...]
    alone: tuple[str, ...]
    """Different messages that are like too few others."""
    junk: int
    """Messages without a word in them: emoji, a letter, numbers."""
    left_out: int
    """Messages that were not looked at, for there are too many."""


def cluster(texts: Iterable[str], examples: Sequence[tuple[str, str]] = (), see: See | None = None) -> Clusters:
    """Group messages that mean the same. `examples` are texts and the intents that they mean.

    `see` is `Recogniser.vectors`; without one the spelling alone counts.
    """
    piles, junk, left_out = _piles(texts)
    if not piles:
        return Clusters((), (), junk, left_out)
    messages = [pile.text for pile in piles]
    intents = _by_intent(examples)
    view = _view(messages, [text for texts_ in intents.values() for text in texts_], see)
    found, alone = [], []
    for group in _linked(view.likeness, view.by_chance + APART * view.spread):
        if sum(piles[n].written for n in group) >= LEAST:
            leaning = _leaning(view.to_examples[group], intents, view)
            found.append(_cluster([piles[n] for n in group], view.likeness[np.ix_(group, group)], leaning))
        else:
            alone += group
    found.sort(key=lambda one: (-one.size, -one.cohesion, one.messages[0]))
    return Clusters(tuple(found), tuple(messages[n] for n in sorted(alone)), junk, left_out)


class _Pile(NamedTuple):
    """Messages that differ in case, accents or punctuation only."""

    text: str
    """As most write it."""
    written: int
    """So many times."""


def _piles(texts: Iterable[str]) -> tuple[list[_Pile], int, int]:
    """In an order of their own, so that the order of the messages does not matter; then junk, and what is left out."""
    spellings: dict[str, Counter[str]] = {}
    junk = 0
    for text in texts:
        folded = fold(text)
        if any(sum(map(str.isalpha, word)) > 1 for word in folded.split()):
            spellings.setdefault(folded, Counter())[" ".join(text.split())] += 1
        else:
            junk += 1
    order = sorted(spellings, key=lambda folded: (-spellings[folded].total(), crc32(folded.encode()), folded))
    piles = [
        _Pile(min(spellings[folded], key=lambda text: (-spellings[folded][text], text)), spellings[folded].total())
        for folded in order
    ]
    return piles[:MOST], junk, sum(pile.written for pile in piles[MOST:])


def _by_intent(examples: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The first ones of each intent."""
    intents: dict[str, list[str]] = {}
    for text, intent in examples:
        intents.setdefault(intent, []).append(text)
    most = max(1, MOST_EXAMPLES // max(1, len(intents)))
    return {intent: texts[:most] for intent, texts in intents.items()}


def _leaning(to_examples: Array, intents: Mapping[str, Sequence[str]], view: _View) -> Leaning | None:
    found = []
    begin = 0
    for intent, texts in intents.items():
        nearest = float(to_examples[:, begin : begin + len(texts)].max(1).mean())
        found.append(Leaning(intent, (nearest - view.by_chance) / view.spread))
        begin += len(texts)
    return max(found, key=lambda one: one.by, default=None)


def _cluster(piles: Sequence[_Pile], likeness: Array, leaning: Leaning | None) -> Cluster:
    counts = np.array([pile.written for pile in piles])
    order = np.argsort(-(likeness @ counts), kind="stable")
    sorted_ = likeness[np.ix_(order, order)]
    pairs = len(piles) * (len(piles) - 1)
    cohesion = float(sorted_.sum() - np.trace(sorted_)) / pairs if pairs else 1.0
    return Cluster(
        tuple(piles[n].text for n in order),
        tuple(piles[n].written for n in order),
        round(cohesion, 3),
        leaning,
        sorted_,
    )


# -- how alike messages are


class _View(NamedTuple):
    """How alike texts are: a weighted mean of cosines."""

    likeness: Array
    """Of each message to each."""
    to_examples: Array
    """Of each message to each example."""
    by_chance: float
    """Of texts that have nothing to do with each other, on average."""
    spread: float
    """The standard deviation of that."""


def _view(messages: Sequence[str], examples: Sequence[str], see: See | None) -> _View:
    """By their spelling, which knows words that no example has, and by what is seen of them, which knows what words
    mean; each counts as much as it varies by chance."""
    count = len(messages)
    everything = [*messages, *examples]
    mean, spread = SPELT_ALIKE
    spelling = _spelling(everything)
    if see is None:
        return _View(spelling[:count] @ spelling[:count].T, spelling[:count] @ spelling[count:].T, mean, spread)
    seen = see(everything)
    # Texts of which nothing is seen are not alike for that.
    something = np.any(seen, axis=1, keepdims=True)
    # Around the middle of both: what all texts have in common tells nothing.
    middle = (seen[:count].mean(0) + seen[count:].mean(0)) / 2 if examples else seen.mean(0)
    seen = _unit((seen - middle) * something)
    likeness, to_examples = seen[:count] @ seen[:count].T, seen[:count] @ seen[count:].T
    by_chance = to_examples if examples else likeness
    seen_mean, seen_spread = float(by_chance.mean()), max(float(by_chance.std()), spread)
    share = spread / (spread + seen_spread)  # of what is seen
    return _View(
        (1 - share) * (spelling[:count] @ spelling[:count].T) + share * likeness,
        (1 - share) * (spelling[:count] @ spelling[count:].T) + share * to_examples,
        (1 - share) * mean + share * seen_mean,
        (1 - share) * spread + share * seen_spread,
    )


def _spelling(texts: Sequence[str]) -> Array:
    """Words, pairs of words and pieces of words, each weighed by how few texts have it, each in one of WIDTH places by
    its hash. The vectors are of unit length, but for what no other text has: that has no place."""
    rows = [Counter(_parts(plain(text).split())) for text in texts]
    having = Counter(part for row in rows for part in row)
    places = {part: crc32(part.encode()) for part, texts_ in having.items() if texts_ > 1}
    rarity = {part: log((1 + len(texts)) / (1 + count)) for part, count in having.items()}
    vectors = np.zeros((len(texts), WIDTH), np.float32)
    for vector, row in zip(vectors, rows, strict=True):
        length = 0.0
        for part, count in row.items():
            weight = (1 + log(count)) * rarity[part]
            length += weight * weight
            place = places.get(part)
            if place is not None:  # its highest bit is its sign: what falls into one place by chance cancels out
                vector[place % WIDTH] += weight if place >> 31 else -weight
        vector /= length**0.5 or 1.0
    return vectors


def _unit(vectors: Array) -> Array:
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    unit: Array = vectors / np.where(lengths > 0, lengths, 1).astype(np.float32)[:, None]
    return unit


def _parts(words: Sequence[str]) -> Iterable[str]:
    """Pieces of words begin with another character than words do."""
    yield from words
    yield from (f"{one} {other}" for one, other in pairwise(words))
    for word in words:
        framed = f" {word} "
        yield from (f"#{framed[at : at + size]}" for size in PIECES for at in range(len(framed) - size + 1))


# -- groups


def _linked(likeness: Array, apart: float) -> list[list[int]]:
    """Average linkage down to a likeness: groups of numbers, each in order."""
    near = likeness.copy()
    np.fill_diagonal(near, GONE)
    sizes = np.ones(len(near), np.float32)
    members = [[n] for n in range(len(near))]
    groups = []
    for start in range(len(near)):
        chain = [start] if members[start] else []
        while chain:
            last = chain[-1]
            nearest = int(near[last].argmax())
            if near[last, nearest] < apart:  # only where it stands alone: whoever led here is nearer than that
                groups.append(sorted(members[last]))
                members[last] = []
                near[last], near[:, last] = GONE, GONE
                chain.pop()
            elif len(chain) > 1 and near[last, nearest] <= near[last, chain[-2]]:
                one, other = sorted((last, chain[-2]))
                del chain[-2:]
                row = (sizes[one] * near[one] + sizes[other] * near[other]) / (sizes[one] + sizes[other])
                row[near[one] == GONE] = GONE
                row[[one, other]] = GONE
                near[one], near[:, one] = row, row
                near[other], near[:, other] = GONE, GONE
                sizes[one] += sizes[other]
                members[one] += members[other]
                members[other] = []
                if not chain:
                    chain.append(one)
            else:
                chain.append(nearest)
    return groups
