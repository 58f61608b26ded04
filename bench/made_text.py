"""`made_text`: sentences for the words that people's texts have seldom or never, out of a lexicon. Deterministic.

Texts with words exchanged, phrases with their gaps filled, and heaps of words: what the encoder makes of them shows
what each word adds in any company.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from random import Random

import numpy as np

from bench.lexicon import LETTERS, Word
from bench.shop_talk import ENGLISH_PHRASES, ENGLISH_WORDS, FRENCH_PHRASES, FRENCH_WORDS

__all__ = ["made_text"]

GAP = re.compile(r"\{w\}")
PHRASES = {"e": ENGLISH_PHRASES.split("\n")[1:-1], "f": FRENCH_PHRASES.split("\n")[1:-1]}
OWN = {"e": ENGLISH_WORDS.split(), "f": FRENCH_WORDS.split(), "o": ENGLISH_WORDS.split()}
EXCHANGED = {"e": 120_000, "f": 90_000, "o": 20_000}
FILLED = 60_000
"""Phrases of each of the two languages."""
HEAPS = {"e": 40_000, "f": 40_000, "o": 20_000}
AHEAD = 100_000


class _Speaker:
    """Says words of one language, rare ones far more often than people do."""

    def __init__(self, tongue: str, words: Mapping[str, Word], random: Random, seed: int) -> None:
        spoken = [(word, known) for word, known in words.items() if tongue in known.tongues]
        self._words = [word for word, _ in spoken]
        share = np.array([np.exp(known.likelihood / 2) + 2e-5 * known.said**0.5 + 2e-4 for _, known in spoken])
        self._share = share / share.sum()
        self._own = OWN[tongue]
        self._random = random
        self._generator = np.random.default_rng([seed, ord(tongue)])
        self._ahead: Iterator[int] = iter(())

    def word(self, own: float) -> str:
        """With the probability `own` a word of our own lists."""
        if self._random.random() < own:
            return self._random.choice(self._own)
        drawn = next(self._ahead, None)
        if drawn is None:
            self._ahead = iter(self._generator.choice(len(self._words), AHEAD, p=self._share).tolist())
            drawn = next(self._ahead)
        return self._words[drawn]

    def exchanged(self, text: str) -> str:
        parts = text.split()
        for place in self._random.sample(range(len(parts)), self._random.choice((1, 2, 3)) if len(parts) > 4 else 1):
            parts[place] = self.word(0.1)
        return " ".join(parts)

    def filled(self, phrase: str) -> str:
        return GAP.sub(lambda _: self.word(0.4), phrase)

    def heap(self) -> str:
        return " ".join(self.word(0.1) for _ in range(self._random.randint(2, 5)))


def made_text(texts: Sequence[str], words: Mapping[str, Word], seed: int) -> Iterator[str]:
    random = Random(seed)
    speakers = {tongue: _Speaker(tongue, words, random, seed) for tongue in EXCHANGED}
    by_tongue: dict[str, list[str]] = {tongue: [] for tongue in EXCHANGED}
    for text in texts:
        if len(text.split()) > 2:
            by_tongue[_tongue(text, words)].append(text)
    for tongue, most in EXCHANGED.items():
        for text in random.choices(by_tongue[tongue], k=most):
            yield speakers[tongue].exchanged(text)
    for tongue, phrases in PHRASES.items():
        for phrase in random.choices(phrases, k=FILLED):
            yield speakers[tongue].filled(phrase)
    for tongue, most in HEAPS.items():
        for _ in range(most):
            yield speakers[tongue].heap()


def _tongue(text: str, words: Mapping[str, Word]) -> str:
    """By the words that only one language has."""
    found = [known.tongues for word in LETTERS.findall(text.lower()) if (known := words.get(word)) is not None]
    counts = {tongue: found.count(tongue) for tongue in EXCHANGED}
    return max(counts, key=lambda tongue: (counts[tongue], tongue == "e"))
