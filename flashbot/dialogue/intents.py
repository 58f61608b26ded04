"""Which intent a text means: equal to an example, then a keyword in it, then a pattern. Knows no routing."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from flashbot.dialogue.text import fold

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping, Sequence

    from flashbot.dialogue.step import Handler

__all__ = ["Guess", "Intent", "Match", "Matcher", "Tier"]

Tier: TypeAlias = Literal["name", "equal", "keyword", "pattern"]
NO_SLOTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Match:
    """Why an intent was chosen. `slots` holds what a pattern's named groups caught."""

    intent: str
    tier: Tier
    score: float = 1.0
    slots: Mapping[str, str] = field(default_factory=lambda: NO_SLOTS)


@dataclass(frozen=True, slots=True)
class Guess:
    """The intent that came closest to a text which none means. The score is between 0 and 1."""

    intent: str
    score: float


@dataclass(frozen=True, slots=True)
class Intent:
    """As a router declared it."""

    router: str
    name: str
    handler: Handler[Any]
    place: str
    examples: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    words: tuple[frozenset[str], ...] = field(default=(), init=False, repr=False, compare=False)
    """Of each example and keyword, for guessing."""

    def __post_init__(self) -> None:
        spoken = (*self.examples, *self.keywords)
        object.__setattr__(self, "words", tuple(frozenset(fold(text).split()) for text in spoken))


class Matcher:
    """The intents that one kind of chat can reach, in the order of their declaration."""

    def __init__(self, intents: Iterable[Intent]) -> None:
        self._intents = tuple(intents)
        self._names = {intent.name: intent for intent in self._intents}
        self._equal: dict[str, Intent] = {}
        self._phrases: dict[str, list[tuple[int, str, Intent]]] = {}
        self._patterns: list[tuple[re.Pattern[str], Intent]] = []
        rank = 0
        for intent in self._intents:
            for example in intent.examples:
                self._equal.setdefault(fold(example), intent)
            for keyword in intent.keywords:
                phrase = fold(keyword)
                self._phrases.setdefault(phrase.split()[0], []).append((rank, f" {phrase} ", intent))
                rank += 1
            self._patterns += ((pattern, intent) for pattern in intent.patterns)

    def named(self, name: str) -> Intent | None:
        return self._names.get(name)

    def exact(self, folded: str) -> Intent | None:
        """The intent that has exactly this example."""
        return self._equal.get(folded)

    def find(self, text: str, folded: str) -> tuple[Intent, Match] | None:
        """`folded` is `fold(text)`. Among keywords and among patterns the one declared first wins."""
        intent = self._equal.get(folded)
        if intent is not None:
            return intent, Match(intent.name, "equal")
        if self._phrases:
            intent = self._keyword(folded)
            if intent is not None:
                return intent, Match(intent.name, "keyword")
        if text:
            for pattern, intent in self._patterns:
                caught = pattern.search(text)
                if caught is not None:
                    slots = {name: value for name, value in caught.groupdict().items() if value is not None}
                    return intent, Match(intent.name, "pattern", slots=MappingProxyType(slots))
        return None

    def _keyword(self, folded: str) -> Intent | None:
        best: tuple[int, Intent] | None = None
        padded = f" {folded} "
        phrases = self._phrases
        for word in folded.split():
            for rank, phrase, intent in phrases.get(word, ()):
                if (best is None or rank < best[0]) and phrase in padded:
                    best = rank, intent
        return best[1] if best else None

    def guess(self, folded: str) -> Guess | None:
        """The intent that shares most words with the text (Dice's coefficient)."""
        said = frozenset(folded.split())
        best: Guess | None = None
        for intent in self._intents:
            score = max((_dice(said, words) for words in intent.words), default=0.0)
            if score > (best.score if best else 0.0):
                best = Guess(intent.name, round(score, 2))
        return best

    @property
    def intents(self) -> Sequence[Intent]:
        return self._intents


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 0.0
