"""`Recogniser`: which intent a text means, learned from examples. Numbers stay inside; values come out.

Words, pairs and pieces of words, and what words mean by a table that ships with flashbot (with `flashbot[semantic]`:
what the whole text means), weighed by a linear machine; the score is calibrated on texts that were held back, among
them whole intents that play strangers.
"""

from __future__ import annotations

import re
from math import log10
from typing import TYPE_CHECKING

import numpy as np

from flashbot.dialogue.match import Evidence, Guess, Match, Near
from flashbot.dialogue.recognition.brain import Brain
from flashbot.dialogue.recognition.calibration import Calibration, Signs, runners_up
from flashbot.dialogue.recognition.record import read, write
from flashbot.dialogue.recognition.sight import spelled_out
from flashbot.dialogue.recognition.vectors import WordVectors
from flashbot.dialogue.text import checked_street, plain
from flashbot.errors import BotMistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flashbot.dialogue.recognition.brain import View
    from flashbot.dialogue.recognition.encoder import Encoder
    from flashbot.dialogue.recognition.machine import Array

__all__ = ["FORMAT", "Recogniser"]

FORMAT = 5
"""Of what `dump` gives; raised with every change of what is learned or how."""
STRANGERS = 0.15
"""Of all messages, when the score is calibrated."""
HELD_BACK = 900
"""Texts to train on, all rounds of calibration together."""
MOST_ROUNDS = 6
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
MOST_HEARD = 3000
"""Texts that were held back and are judged, all rounds together."""


class Recogniser:
    def __init__(
        self, brain: Brain, intents: tuple[str, ...], calibration: Calibration, *, accept: float, ask: float
    ) -> None:
        self._brain = brain
        self.calibration = calibration
        self.intents = intents
        self.accept = accept
        self.ask = ask

    @classmethod
    def train(
        cls,
        pairs: Iterable[tuple[str, str]],
        seed: int = 0,
        *,
        encoder: Encoder | None = None,
        street: Mapping[str, str] | None = None,
    ) -> Recogniser:
        """From texts and the intents that they mean. Raises BotMistake."""
        street = checked_street(street) if street else None
        taught = _by_intent(pairs, street)
        intents = tuple(taught)
        examples = [text for texts in taught.values() for text in texts]
        labels = np.repeat(np.arange(len(intents)), [len(texts) for texts in taught.values()])
        names = [_spoken(intent) for intent in intents]
        rng = np.random.default_rng(seed)
        said = [spelled_out(text, street) for text in (*examples, *names)]
        codes = encoder.encode(said) if encoder is not None else None

        def learn(kept: Sequence[int], scope: Sequence[int]) -> Brain:
            return Brain.train(
                [examples[n] for n in kept],
                np.searchsorted(scope, labels[list(kept)]).tolist(),
                [names[k] for k in scope],
                rng,
                table=WordVectors.shipped(),
                encoder=encoder,
                street=street,
                codes=None if codes is None else codes[[*kept, *(len(examples) + k for k in scope)]],
            )

        signs: list[Signs] = []
        right: list[bool] = []
        strange: list[bool] = []
        rounds = min(MOST_ROUNDS, max(1, round(HELD_BACK / len(examples))))
        for _ in range(rounds if len(intents) > 2 else 0):
            strangers = set(rng.permutation(len(intents))[: max(1, len(intents) // 4)].tolist())
            scope = [k for k in range(len(intents)) if k not in strangers]
            kept, held = [], []
            for k in scope:
                mine = rng.permutation(np.flatnonzero(labels == k)).tolist()
                back = max(1, len(mine) // 5) if len(mine) > 1 else 0
                held += mine[:back]
                kept += sorted(mine[back:])
            others = [n for n in range(len(examples)) if int(labels[n]) in strangers]
            brain = learn(kept, scope)
            heard = [*held, *others]
            for n in sorted(rng.permutation(heard)[: MOST_HEARD // rounds].tolist()):
                view = brain.view(examples[n], None if codes is None else codes[n])
                signs.append(view.signs)
                strange.append(int(labels[n]) in strangers)
                right.append(scope[int(view.order[0])] == int(labels[n]))
        calibration = Calibration.fit(signs, right, strange, STRANGERS)
        accept, ask = thresholds(len(intents), len(examples) / len(intents))
        return cls(learn(range(len(examples)), range(len(intents))), intents, calibration, accept=accept, ask=ask)

    def view(self, text: str) -> View:
        """What it saw, before any decision: for those who work on it."""
        return self._brain.view(text)

    def match(self, text: str) -> Match:
        """What the text means, if anything: in about a tenth of a millisecond, with an encoder in about one."""
        view = self._brain.view(text)
        score = self.calibration.score(view.signs)
        guesses = self._guesses(view, score, 5)
        evidence = self._evidence(view)
        if score >= self.accept:
            return Match(guesses[0].intent, "recogniser", score, alternatives=guesses[1:], evidence=evidence)
        return Match(None, "recogniser", score, alternatives=guesses, evidence=evidence)

    def rank(self, text: str) -> tuple[Guess, ...]:
        """Every intent, best first."""
        view = self._brain.view(text)
        return self._guesses(view, self.calibration.score(view.signs), len(self.intents))

    def _guesses(self, view: View, score: float, most: int) -> tuple[Guess, ...]:
        values = view.values
        order = view.order[:most] if most <= len(view.order) else np.argsort(-values, kind="stable")
        best = Guess(self.intents[order[0]], score)
        if len(order) == 1:
            return (best,)
        behind = values - values[order[0]]
        behind[order[0]] = -np.inf
        rest = runners_up(score, behind)
        return best, *(Guess(self.intents[k], float(rest[k])) for k in order[1:])

    def _evidence(self, view: View) -> Evidence:
        brain = self._brain
        words = tuple(sorted(view.words, key=lambda one: -one[1]))
        near = tuple(Near(brain.examples[n], self.intents[k], likeness) for k, n, likeness in view.near)
        return Evidence(near, words, view.sight.repairs, view.sight.unknown)

    def vectors(self, texts: Sequence[str]) -> Array:
        """What it sees of texts: (texts, dimensions), unit length."""
        brain = self._brain
        found = np.array([brain.point(text) for text in texts], np.float32)
        lengths = np.sqrt(np.einsum("nd,nd->n", found, found))[:, None]
        unit: Array = found / np.maximum(lengths, 1e-6)
        return unit

    def dump(self) -> bytes:
        """All of it, without pickle: a few hundred kilobytes for a shop's bot."""
        return write(
            self._brain,
            {
                "version": FORMAT,
                "intents": self.intents,
                "calibration": self.calibration.weights,
                "accept": self.accept,
                "ask": self.ask,
            },
        )

    @classmethod
    def load(cls, stored: bytes, *, encoder: Encoder | None = None) -> Recogniser:
        """What `dump` gave. Raises ValueError when it is damaged, of another version, or learned with another table."""
        brain, head = read(stored, version=FORMAT, table=WordVectors.shipped(), encoder=encoder)
        return cls(
            brain,
            tuple(head["intents"]),
            Calibration(tuple(head["calibration"])),
            accept=head["accept"],
            ask=head["ask"],
        )


def thresholds(intents: int, examples: float) -> tuple[float, float]:
    """From which score to act, and from which to ask, by the number of intents and of examples of each.

    A bot of few intents leaves most of life out of scope: up to ten intents it acts from 0.55. From a hundred on it is
    0.5 with one example each and 0.365 with a hundred, for held back intents, on which the score is calibrated, are
    then nearer than most strangers.
    """
    many = min(max(log10(intents) - 1, 0.0), 1.0)
    accept = (1 - many) * 0.55 + many * (0.5 - 0.0675 * log10(min(max(examples, 1), 100)))
    return round(accept, 3), round(0.6 * accept, 3)


def _spoken(intent: str) -> str:
    """`card_arrival` and `CardArrival` are two words each."""
    return CAMEL.sub(" ", intent).replace("_", " ").replace("-", " ")


def _by_intent(pairs: Iterable[tuple[str, str]], street: Mapping[str, str] | None) -> dict[str, list[str]]:
    """Examples of each intent, by name, without those that have nothing to read or say the same as an earlier one."""
    taught: dict[str, dict[str, str]] = {}
    given: Iterable[tuple[object, object]] = pairs
    for text, intent in given:
        if not isinstance(text, str) or not isinstance(intent, str) or not intent.strip():
            raise BotMistake(f"A recogniser learns from pairs of a text and an intent's name, not {(text, intent)!r}.")
        texts = taught.setdefault(intent, {})
        said = plain(text, street)
        if said:
            texts.setdefault(said, text)
    if not taught:
        raise BotMistake("A recogniser needs at least one example: pass pairs of a text and an intent's name.")
    for intent, texts in taught.items():
        if not texts:
            raise BotMistake(f'No example of intent "{intent}" has a word in it: give it one that has.')
    return {intent: list(taught[intent].values()) for intent in sorted(taught)}
