"""Which intent a text means: what is certain first, then what the recogniser makes of it. Knows no routing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flashbot.dialogue.asking import only_answers
from flashbot.dialogue.match import NO_SLOTS, Guess, Match
from flashbot.dialogue.text import fold, plain
from flashbot.msgflash.phones import country_of

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from flashbot.dialogue.recognition.recogniser import Recogniser
    from flashbot.dialogue.slots import Slots
    from flashbot.dialogue.step import Handler

__all__ = ["Guess", "Intent", "Match", "Matcher", "Message", "Recogniser"]

TIED = 0.9
"""Of the best score: a runner-up with that much is as likely."""


def __getattr__(name: str) -> object:
    """The recogniser needs numpy, which nothing else here does."""
    if name != "Recogniser":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from flashbot.dialogue.recognition.recogniser import Recogniser

    return Recogniser


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
    slots: Slots | None = None
    """Where some are declared or stand in an example."""
    threshold: float | None = None
    """From which score on the recogniser's word is taken; None: from where it thinks best."""
    title: str | None = None
    """What a person is asked, where it is not clear that this is meant."""
    words: tuple[frozenset[str], ...] = field(default=(), init=False, repr=False, compare=False)
    """Of each example and keyword, for guessing."""

    def __post_init__(self) -> None:
        spoken = (*self.examples, *self.keywords)
        object.__setattr__(self, "words", tuple(frozenset(fold(text).split()) for text in spoken))

    @property
    def texts(self) -> tuple[str, ...]:
        """What there is to learn from: the examples, those with slots filled in."""
        return self.examples if self.slots is None else self.slots.texts

    @property
    def sentences(self) -> tuple[str, ...]:
        """The examples that a person may write as they stand."""
        return self.examples if self.slots is None else tuple(text for text in self.examples if "{" not in text)


@dataclass(frozen=True, slots=True)
class Message:
    """A text to be understood, when it was written, and by whom: dates and numbers read differently in another land."""

    text: str
    now: datetime
    phone: str | None = None

    @property
    def region(self) -> str | None:
        """ISO 3166 code of the phone's country."""
        return None if self.phone is None else country_of(self.phone)


class Matcher:
    """The intents that one kind of chat can reach, in the order of their declaration."""

    recogniser: Recogniser | None = None
    """None until it has learned."""

    def __init__(self, intents: Iterable[Intent], street: Mapping[str, str] | None = None) -> None:
        self._intents = {intent.name: intent for intent in intents}
        self._street = street
        self._equal: dict[str, Intent] = {}
        self._plain: dict[str, Intent] = {}
        self._templates: list[tuple[Slots, Intent]] = []
        self._phrases: dict[str, list[tuple[int, str, Intent]]] = {}
        self._patterns: list[tuple[re.Pattern[str], Intent]] = []
        self._answering = {intent.name for intent in self._intents.values() if any(map(only_answers, intent.sentences))}
        rank = 0
        for intent in self._intents.values():
            for example in intent.sentences:
                self._equal.setdefault(fold(example), intent)
                self._plain.setdefault(plain(example, street), intent)
            if intent.slots is not None:
                self._templates.append((intent.slots, intent))
            for keyword in intent.keywords:
                phrase = fold(keyword)
                self._phrases.setdefault(phrase.split()[0], []).append((rank, f" {phrase} ", intent))
                rank += 1
            self._patterns += ((pattern, intent) for pattern in intent.patterns)

    def named(self, name: str) -> Intent | None:
        return self._intents.get(name)

    def exact(self, folded: str) -> Intent | None:
        """The intent that has exactly this example."""
        return self._equal.get(folded)

    def certain(self, said: Message, folded: str) -> Match | None:
        """What needs no guessing. `folded` is `fold(said.text)`.

        Among keywords, patterns and examples with slots the one declared first wins.
        """
        intent = self._equal.get(folded) or (self._plain.get(plain(said.text, self._street)) if folded else None)
        if intent is not None:
            return Match(intent.name, "equal", slots=self.slots(intent, said))
        if self._templates and folded:
            region = said.region
            for slots, intent in self._templates:
                values = slots.exact(said.text, said.now, region)
                if values is not None:
                    return Match(intent.name, "template", slots=MappingProxyType(dict(values)))
        if self._phrases:
            intent = self._keyword(folded)
            if intent is not None:
                return Match(intent.name, "keyword", slots=self.slots(intent, said))
        if said.text:
            for pattern, intent in self._patterns:
                caught = pattern.search(said.text)
                if caught is not None:
                    groups = {name: value for name, value in caught.groupdict().items() if value is not None}
                    slots_found = self.slots(intent, said)
                    return Match(intent.name, "pattern", slots=MappingProxyType({**slots_found, **groups}))
        return None

    def likely(self, said: Message) -> Match | None:
        """What the recogniser makes of it: without an intent where the best guess is below its threshold, or another
        intent is nearly as likely.

        None where there is no recogniser, or nothing is like the text. A bare yes, no or number is an answer to
        something, and says nothing of what is meant: it is guessed only to be an intent that has such an example.
        """
        if self.recogniser is None:
            return None
        found = self.recogniser.match(said.text)
        best = found.best
        intent = self._intents.get(best.intent) if best is not None else None
        if best is None or intent is None or (intent.name not in self._answering and only_answers(said.text)):
            return None
        others = tuple(guess for guess in found.alternatives if guess.intent != best.intent)
        tied = intent.threshold is None and bool(others) and others[0].score >= TIED * best.score
        if tied or best.score < (intent.threshold or self.recogniser.accept):
            return replace(found, intent=None, alternatives=(best, *others))
        return replace(found, intent=best.intent, alternatives=others, slots=self.slots(intent, said))

    def worth_asking(self, match: Match) -> bool:
        """Whether what is `likely`, and too little to act upon, is enough to ask the person."""
        return match.intent is None and self.recogniser is not None and match.score >= self.recogniser.ask

    def slots(self, intent: Intent, said: Message) -> Mapping[str, Any]:
        """The values of this intent that are found in a text."""
        if intent.slots is None:
            return NO_SLOTS
        return MappingProxyType(dict(intent.slots.extract(said.text, said.now, said.region)))

    def _keyword(self, folded: str) -> Intent | None:
        best: tuple[int, Intent] | None = None
        padded = f" {folded} "
        phrases = self._phrases
        for word in folded.split():
            for rank, phrase, intent in phrases.get(word, ()):
                if (best is None or rank < best[0]) and phrase in padded:
                    best = rank, intent
        return best[1] if best else None

    def guess(self, text: str) -> Guess | None:
        """The closest intent: the recogniser's word, or without one that which shares most words (Dice)."""
        if self.recogniser is not None:
            return self.recogniser.match(text).best
        said = frozenset(fold(text).split())
        best: Guess | None = None
        for intent in self._intents.values():
            score = max((_dice(said, words) for words in intent.words), default=0.0)
            if score > (best.score if best else 0.0):
                best = Guess(intent.name, round(score, 2))
        return best


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 0.0
