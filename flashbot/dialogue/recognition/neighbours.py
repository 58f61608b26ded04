"""`neighbours`: examples beside each other: which is nearest, and which say the same. Judges nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from flashbot.dialogue.recognition.findings import Twins

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flashbot.dialogue.recognition.machine import Array

__all__ = ["Nearest", "neighbours"]

ALIKE, SPELLED_ALIKE = 0.85, 0.8
"""Likeness as the recogniser sees it, and share of equal letters, from which on two examples say the same; both, for
"turn it on" means nearly what "turn it off" does to the one, and "track it" is spelled nearly like "crack it"."""
LOOKED_AT = 4
"""Nearest examples that may be the same, within an intent and without."""
BLOCK = 256


class Nearest(NamedTuple):
    """How like an example is to the nearest of its intent, which of another intent is nearest, and how like that is."""

    own_likeness: float
    other: int
    other_likeness: float


def neighbours(
    vectors: Array, lesson: Sequence[tuple[str, str]], intents: Sequence[str], said: Sequence[str]
) -> tuple[list[Nearest], list[Twins]]:
    """The nearest of each example; and each that says what an earlier one says, beside that, the likest first."""
    number = {intent: n for n, intent in enumerate(intents)}
    labels = np.array([number[intent] for _, intent in lesson])
    every = np.arange(len(lesson))
    spelled = [_pieces(text) for text in said]
    nearest: list[Nearest] = []
    # Equal ones need no look; and of words in no table it sees nothing.
    known: dict[tuple[str, str], tuple[str, str]] = {}
    twins = [
        Twins(*equal, *pair, 1.0)
        for pair, read in zip(lesson, said, strict=True)
        if (equal := known.setdefault((read, pair[1]), pair)) is not pair
    ]
    for start in range(0, len(lesson), BLOCK):
        rows = every[start : start + BLOCK]
        likeness = vectors[rows] @ vectors.T
        likeness[rows - start, rows] = -1
        same = labels[rows, None] == labels[None, :]
        own, other = np.where(same, likeness, -1), np.where(same, -1, likeness)
        nearest += (
            Nearest(float(mine), int(their), float(theirs))
            for mine, their, theirs in zip(own.max(1), other.argmax(1), other.max(1), strict=True)
        )
        for some in (own, other):
            some[every[None, :] >= rows[:, None]] = -1  # the earlier ones
            likest = np.argpartition(-some, min(LOOKED_AT, len(lesson) - 1), axis=1)[:, :LOOKED_AT]
            for row, at in np.argwhere(np.take_along_axis(some, likest, axis=1) >= ALIKE):
                first, second = int(likest[row, at]), int(rows[row])
                letters = _dice(spelled[first], spelled[second])
                if letters >= SPELLED_ALIKE:
                    twins.append(Twins(*lesson[first], *lesson[second], round(letters, 3)))
    return nearest, _one_each(twins)


def _one_each(twins: Iterable[Twins]) -> list[Twins]:
    """Of each example only the likest within its intent and the likest without."""
    likest: dict[tuple[str, str, bool], Twins] = {}
    for one in sorted(twins, key=lambda one: -one.likeness):
        likest.setdefault((one.other, one.other_intent, one.same_intent), one)
    return list(likest.values())


def _pieces(text: str) -> Counter[str]:
    padded = f" {text} "
    return Counter(padded[at : at + 3] for at in range(len(padded) - 2))


def _dice(one: Counter[str], other: Counter[str]) -> float:
    return 2 * (one & other).total() / max(1, one.total() + other.total())
