"""Choices from a list, however they are spelled: accents, case, plurals, doubled letters, words run together, slips.

A slip is one letter too many, missing, wrong, or two swapped: one from 4 letters on, two from 8. Digits are never
mistaken. 10,000 choices cost about 0.2 s at start and 0.2 ms a word.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from flashbot.dialogue.values.line import Found, Rank, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from flashbot.dialogue.values.line import Line

__all__ = ["Choices", "normal", "slips"]

LONGEST = 10
"""Words of a choice."""
SLIP, TWO_SLIPS = 4, 8
"""Letters from which on one and two slips are forgiven."""
FREE_START = 6
"""Letters from which on the first may be wrong: "home" is not "Lomé"."""
SLIPPED = 10
"""What a slip costs; a spelling that is equal only without plurals and doubled letters costs 1."""
COMMON = """
    about after again aussi avant avec avoir been before bien bonjour bonsoir call came cela cest cette chez
    combien come comme comment could dans deja demain depuis deux does donc done elle elles encore entre etait
    etre faire fait fois from give good grand have hello help here home hour jour juste know last leur like
    livre long love made mail main mais make many mean merci mieux moins money monsieur more much need never
    next nous order other ours parce part pays petit peut plus please pour pourquoi prix quand quatre quel
    quelle quoi rien sais salut same sans semaine send sera ship show since some soon sont still suis sure take
    tell than thank thanks that their them then there they this time today toujours tout toute tres trop veux
    very veut voir votre vous want week well were what when where which will wish with work would year your
"""
"""Words too common, in either language, to be a slip of another."""


class _Phrase(NamedTuple):
    key: str
    words: int
    letters: int
    """A bit for each letter in it, to leave out what cannot be near."""
    value: str


class Choices:
    """`samples` are all spellings, the canonical first."""

    def __init__(self, choices: Mapping[str, Sequence[str]], known: frozenset[str] = frozenset()) -> None:
        """`known` are folded words that are never slips. Raises ValueError with the end of a sentence."""
        self._equal: dict[str, str] = {}
        self._alike: dict[str, set[str]] = defaultdict(set)
        self._starts: dict[tuple[str, int], list[_Phrase]] = defaultdict(list)
        self._ends: dict[tuple[str, int], list[_Phrase]] = defaultdict(list)
        self._known = known.union(COMMON.split())
        samples = []
        for value, synonyms in choices.items():
            for spelling in (value, *synonyms):
                self._add(value, spelling)
                samples.append(spelling)
        self.samples = tuple(dict.fromkeys(samples))
        self._longest = 1 + max(key.count(" ") for key in self._equal) if self._equal else 0
        self.begins = frozenset(normal(key.split()[0]) for key in self._equal)
        """First words of all spellings."""
        self._slippery = {phrase.words for phrases in self._starts.values() for phrase in phrases}

    def _add(self, value: str, spelling: str) -> None:
        words = [word.text for word in read(spelling).words]
        if not words:
            raise ValueError(f'has the choice "{spelling}", which has no letter or digit')
        if len(words) > LONGEST:
            raise ValueError(f'has the choice "{spelling}", which is longer than {LONGEST} words')
        other = self._equal.setdefault(" ".join(words), value)
        if other != value:
            raise ValueError(f'has "{spelling}" for "{other}" and for "{value}": keep one')
        key = "".join(map(normal, words))
        if value not in self._alike[key]:
            self._alike[key].add(value)
            if _forgiven(key):
                phrase = _Phrase(key, len(words), _letters(key), value)
                self._starts[key[0], len(key)].append(phrase)
                self._ends[key[-2:], len(key)].append(phrase)

    def find(self, line: Line, now: datetime, region: str | None) -> list[Found]:
        """Every reading, overlapping ones too."""
        keys = [normal(word.text) for word in line.words]
        found = []
        for index in range(len(line.words)):
            for length in range(1, min(self._longest + 1, len(line.words) - index) + 1):
                key = "".join(keys[index : index + length])
                named = self._named(line, index, length, key)
                if named is not None:
                    value, cost = named
                    start, end = line.words[index].start, line.words[index + length - 1].end
                    found.append(Found(start, end, value, Rank.CHOICE, cost))
        return found

    def _named(self, line: Line, index: int, length: int, key: str) -> tuple[str, int] | None:
        words = [word.text for word in line.words[index : index + length]]
        equal = self._equal.get(" ".join(words))
        if equal is not None:
            return equal, 0
        alike = self._alike.get(key)
        if alike:
            return (next(iter(alike)), 1) if len(alike) == 1 else None
        if length not in self._slippery or not _forgiven(key, 1) or (length == 1 and words[0] in self._known):
            return None
        return self._slipped(key, length)

    def _slipped(self, key: str, words: int) -> tuple[str, int] | None:
        """The nearest choice of so many words, unless another is as near."""
        letters = _letters(key)
        nearest, values = SLIPPED, set[str]()
        for phrase in self._near(key):
            if phrase.words != words or (phrase.letters & ~letters).bit_count() > 2:
                continue
            allowed = min(_forgiven(phrase.key), nearest)
            distance = slips(key, phrase.key, allowed)
            if distance is None or _digits(key) != _digits(phrase.key):
                continue
            if len(phrase.key) < FREE_START and key[0] != phrase.key[0] and key[:2] != phrase.key[1::-1]:
                continue
            if distance < nearest:
                nearest, values = distance, set()
            values.add(phrase.value)
        return (values.pop(), SLIPPED * nearest) if len(values) == 1 else None

    def _near(self, key: str) -> Iterable[_Phrase]:
        """What begins or ends alike. Two slips at once, one at either end, are not found."""
        for length in range(len(key) - 2, len(key) + 3):
            yield from self._starts.get((key[0], length), ())
            yield from self._ends.get((key[-2:], length), ())


def slips(one: str, other: str, most: int) -> int | None:
    """How many slips lead from one to the other, swapped neighbours counting as one; None if more than `most`."""
    start, end = 0, min(len(one), len(other))
    while start < end and one[start] == other[start]:
        start += 1
    one, other = one[start:], other[start:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    if not one or not other:
        rest = len(one) + len(other)
        return rest if rest <= most else None
    if most == 0 or abs(len(one) - len(other)) > most:
        return None
    ways = [(one[1:], other[1:]), (one[1:], other), (one, other[1:])]
    if one[:2] == other[1::-1]:
        ways.append((one[2:], other[2:]))
    best: int | None = None
    for left, right in ways:
        rest_of = slips(left, right, most - 1)
        if rest_of is not None:
            most = rest_of
            best = rest_of + 1
            if best == 1:
                break
    return best


def normal(word: str) -> str:
    """Without plural and doubled letters: "Burgers", "burggger" and "burger" are the same."""
    if len(word) <= 3 or word.isdigit():
        return word
    for ending in ("sses", "shes", "ches", "xes", "zes"):
        if word.endswith(ending):
            word = word[:-2]
    if word[-1] in "sx" and word[-2:] != "ss":
        word = word[:-1]
    return "".join(
        letter for place, letter in enumerate(word) if place == 0 or letter != word[place - 1] or letter.isdigit()
    )


def _forgiven(key: str, spare: int = 0) -> int:
    """Slips that a word so long may have. `spare` counts letters that a slip may have taken away."""
    letters = sum(not character.isdigit() for character in key) + spare
    return 2 if letters >= TWO_SLIPS else 1 if letters >= SLIP else 0


def _digits(key: str) -> str:
    return "".join(character for character in key if character.isdigit())


def _letters(key: str) -> int:
    bits = 0
    for character in key:
        bits |= 1 << (ord(character) & 63)
    return bits
