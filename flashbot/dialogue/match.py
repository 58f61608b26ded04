"""`Match`: which intent a text means, how surely, and why. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

__all__ = ["NO_EVIDENCE", "NO_SLOTS", "Evidence", "Guess", "Match", "Near", "Tier"]

Tier: TypeAlias = Literal["name", "equal", "keyword", "pattern", "template", "recogniser", "chosen"]
"""How it was found: a button's id, an example, a keyword, a pattern, an example with slots, likeness to the examples,
or because the person chose it when asked."""
NO_SLOTS: Mapping[str, Any] = MappingProxyType({})


class Guess(NamedTuple):
    """An intent and how likely it is the one meant, between 0 and 1."""

    intent: str
    score: float


class Near(NamedTuple):
    """An example that is like the text. The likeness is a cosine: 1 is the same, 0 has nothing in common."""

    example: str
    intent: str
    likeness: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What spoke for the best intent."""

    examples: tuple[Near, ...] = ()
    """The nearest ones of the best intent, best first, then the nearest of each of the next two."""
    words: tuple[tuple[str, float], ...] = ()
    """Words of the text and what each adds to the best intent's value, largest first; below 0 it speaks against."""
    repaired: tuple[tuple[str, str], ...] = ()
    """Words taken for others: as written, as read."""
    unknown: tuple[str, ...] = ()
    """Words that no example has."""


NO_EVIDENCE = Evidence()


@dataclass(frozen=True, slots=True)
class Match:
    """Why an intent was chosen.

    `score` is the probability that the best guess is right, strangers included: 1 for what is certain. `intent` is None
    where that is too little to act upon; the best guess is then the first of `alternatives`, otherwise these are the
    next best. `slots` holds values found in the text, typed, and what a pattern's named groups caught.
    """

    intent: str | None
    tier: Tier
    score: float = 1.0
    slots: Mapping[str, Any] = field(default_factory=lambda: NO_SLOTS)
    alternatives: tuple[Guess, ...] = ()
    evidence: Evidence = NO_EVIDENCE

    @property
    def best(self) -> Guess | None:
        """The best guess, good enough to act upon or not; None where nothing is like the text."""
        if self.intent is not None:
            return Guess(self.intent, self.score)
        return self.alternatives[0] if self.alternatives else None
