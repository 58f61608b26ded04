"""What a review of a bot's examples found. Values only; `review` makes them, `advice` words them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["ENOUGH", "FATES", "LIKE", "Confusion", "Fate", "IntentMarks", "Pull", "Review", "Suggestion", "Twins"]

Fate: TypeAlias = Literal["right", "wrong", "asked", "refused"]
"""Of an example that its recogniser had not seen: acted upon rightly or wrongly, asked about, left to the fallback."""
ENOUGH = 10
"""Examples of an intent. Of twenty intents drawn from CLINC150, BANKING77 and MASSIVE in both languages, 75 % of unseen
messages are understood with 2 examples each, 82 with 5, 86 with 10, 89 with 20 (`bench/examples.py`): up to ten each
further example is worth a point and more, from there on a fifth of one."""
LIKE = 0.6
"""Likeness of two examples that a person sees, too."""
FATES: tuple[Fate, ...] = ("right", "wrong", "asked", "refused")


@dataclass(frozen=True, slots=True)
class IntentMarks:
    """How one intent fares. Shares lie between 0 and 1; None where nothing could be counted."""

    intent: str
    examples: int
    tested: int
    """Examples that could be held out: all but those without which the intent would be unknown."""
    recall: float | None
    """Of its own examples, those whose best guess it is."""
    precision: float | None
    """Of the examples whose best guess it is, its own."""
    fates: Mapping[Fate, int]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Examples of `intent` whose best guess is `taken_for`."""

    intent: str
    taken_for: str
    messages: tuple[str, ...]
    words: tuple[str, ...]
    """What spoke most for the wrong one, of the words that its examples have, too."""

    @property
    def count(self) -> int:
        return len(self.messages)


@dataclass(frozen=True, slots=True)
class Pull:
    """An example that pulls two ways: it is its intent's, and it looks like another's."""

    example: str
    intent: str
    other: str
    nearest: str
    """The example of the other intent that is most like it."""
    likeness: float
    score: float
    """How sure the recogniser is of the other intent."""


@dataclass(frozen=True, slots=True)
class Twins:
    """Two examples that say nearly the same: of one intent, the second adds nothing; of two, they contradict.

    The likeness is the share of equal letters, in threes.
    """

    one: str
    intent: str
    other: str
    other_intent: str
    likeness: float

    @property
    def same_intent(self) -> bool:
        return self.intent == self.other_intent


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is wrong, and what to do about it: two plain sentences."""

    kind: Literal["contradiction", "confusion", "pull", "few", "repeated"]
    intents: tuple[str, ...]
    found: str
    do: str


@dataclass(frozen=True, slots=True)
class Review:
    """Everything about a lesson. Each list has the worst first."""

    examples: int
    tested: int
    right: int
    """Tested examples whose best guess is their intent, surely or not."""
    folds: int
    fates: Mapping[Fate, int]
    intents: tuple[IntentMarks, ...]
    confusions: tuple[Confusion, ...]
    pulls: tuple[Pull, ...]
    few: tuple[IntentMarks, ...]
    """Intents with fewer examples than ENOUGH."""
    repeated: tuple[Twins, ...]
    contradictions: tuple[Twins, ...]
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def accuracy(self) -> float | None:
        """Share of tested examples that are understood; None where none could be tested."""
        return self.right / self.tested if self.tested else None

    @property
    def between(self) -> tuple[float, float] | None:
        """Where the accuracy lies with 95 % certainty, by chance alone (Wilson's score interval)."""
        if not self.tested:
            return None
        z, n, share = 1.96, self.tested, self.right / self.tested
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
        return max(0.0, middle - half), min(1.0, middle + half)
