"""`Lexicon`: which words the table gets, how common each is and in which languages, out of free lists and
texts; and `conversations`, what people wrote in those texts.

Makes no sentence and knows no vectors.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from bench.shop_talk import ENGLISH_WORDS, FRENCH_WORDS

__all__ = ["LETTERS", "Lexicon", "Word", "conversations"]

LETTERS = re.compile(r"[^\W\d_]+")
COMMON, KNOWN = (10, 20), (35, 40, 50)
"""SCOWL's sizes: those to take whole, and those of which the likelier words are taken."""
OTHERS = ("spa", "por", "ita", "deu", "nld")
MOST_OTHERS = 6_000
"""Of a language other than English and French, by how often Tatoeba has it."""
MORE_ENGLISH, MORE_FRENCH = 7_000, 6_000
LATIN = 0x250
LONGEST = 15


class Word(NamedTuple):
    likelihood: float
    """The logarithm of its probability by the encoder's vocabulary."""
    tongues: str
    """Some of e (English), f (French), o (others)."""
    said: int
    """In the conversations."""


def conversations(sources: Path) -> list[str]:
    """Every text of the sources with one to 24 words, sorted, none twice."""
    found: set[str] = set()
    for path in sorted((sources / "multi-domain-goal-oriented-dialogues-dataset/data/paper_splits").rglob("*.tsv")):
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        column = head.split("\t").index("utterance")
        rows = (line.split("\t") for line in lines)
        found.update(row[column].strip() for row in rows if len(row) > column)
    for path in sorted((sources / "botframework-cli/packages/qnamaker/docs/qnaFormat").rglob("*.qna")):
        if path.parent.name in {"english", "french", "german", "italian", "portuguese", "spanish"}:
            lines = path.read_text(encoding="utf-8").splitlines()
            found.update(line[2:].lstrip("? ") for line in lines if line.startswith(("- ", "# ? ")))
    pairs = (sources / "tatoeba-pairs/fra.txt").read_text(encoding="utf-8").splitlines()
    found.update(text for line in pairs for text in line.split("\t")[:2])
    return sorted(text for text in found if "<" not in text and 0 < len(text.split()) <= 24 and LETTERS.search(text))


def _read(path: Path) -> Iterator[str]:
    yield from path.read_text(encoding="utf-8", errors="replace").splitlines()


def _words(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for word in LETTERS.findall(text.lower()):
            if ord(max(word)) < LATIN:
                yield word


def _stems(word: str) -> tuple[str, str]:
    return word[: max(5, len(word) - 2)], word[: max(5, len(word) - 3)]


class Lexicon:
    """`likelihood` says how probable the encoder's vocabulary holds a word to be, `whole` which it holds undivided."""

    def __init__(
        self, sources: Path, scowl: Path, texts: Iterable[str], likelihood: Callable[[str], float], whole: set[str]
    ) -> None:
        counts = Counter(_words(texts))
        sizes = {size: set(_words(_read(scowl / f"english-words.{size}"))) for size in (*COMMON, *KNOWN)}
        common = set().union(*(sizes[size] for size in COMMON))
        often = {tongue: self._often(sources, tongue) for tongue in ("eng", "fra", *OTHERS)}
        english = set().union(*sizes.values())
        french = set(_words(json.loads((sources / "an-array-of-french-words/index.json").read_text(encoding="utf-8"))))
        own = set(_words([ENGLISH_WORDS, FRENCH_WORDS]))
        known = english | french
        core = own | common | {*often["eng"], *often["fra"]}
        core |= {word for word in known if word in whole or counts[word] > 1}
        others = {word for tongue in OTHERS for word in often[tongue][:MOST_OTHERS]}
        core |= {word for word, count in counts.items() if count > (1 if word in others else 9)}
        core |= others & whole
        stems = {_stems(word)[1] for word in core & known if len(word) > 5}

        def likeliest(words: set[str], most: int) -> list[str]:
            # Forms of words that are in: the vocabulary holds every rare word for likelier than it is.
            forms = [word for word in words - core if 5 < len(word) < LONGEST and stems & {*_stems(word)}]
            return sorted(forms, key=lambda word: (-likelihood(word), word))[:most]

        core |= {*likeliest(sizes[35] | sizes[40], MORE_ENGLISH), *likeliest(french, MORE_FRENCH)}
        english |= {*often["eng"]}
        french |= {*often["fra"]}
        self.words = {
            word: Word(
                likelihood(word),
                "".join(tongue for tongue, of in (("e", english), ("f", french), ("o", others)) if word in of),
                counts[word],
            )
            for word in sorted(core)
        }

    @staticmethod
    def _often(sources: Path, tongue: str) -> list[str]:
        """Commonest first."""
        lines = _read(sources / "tatoeba-frequency-tables" / f"{tongue}.txt")
        return list(dict.fromkeys(_words(line.rsplit(" ", 1)[0] for line in lines)))
