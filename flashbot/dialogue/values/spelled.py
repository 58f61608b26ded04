"""Numbers in words, French and English: what a row of words means. Knows no text and no places."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple, TypeAlias

__all__ = ["NUMBER_WORDS", "ORDINALS", "Count", "Token", "count", "ordinal"]

Token: TypeAlias = str | Decimal
"""A word, or a number that was written in digits."""


def _counted(names: str, first: int) -> dict[str, int]:
    """Words by their number: the names of one number are joined by a bar."""
    return {name: number for number, same in enumerate(names.split(), first) for name in same.split("|")}


FRENCH = _counted(
    "zero un|une deux trois quatre|quatres cinq|cinqs six sept huit neuf dix onze douze treize quatorze quinze seize", 0
)
FRENCH_TENS = {
    "vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "septante": 70, "huitante": 80,
    "octante": 80, "nonante": 90,
}  # fmt: skip
ENGLISH = _counted(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen",
    0,
)
ENGLISH_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
THOUSAND, MILLION, BILLION = 1000, 1000**2, 1000**3
FRENCH_SCALES = {
    "mille": THOUSAND, "mil": THOUSAND, "milles": THOUSAND, "million": MILLION, "millions": MILLION,
    "milliard": BILLION, "milliards": BILLION,
}  # fmt: skip
ENGLISH_SCALES = {
    "thousand": THOUSAND, "thousands": THOUSAND, "million": MILLION, "millions": MILLION, "billion": BILLION,
    "billions": BILLION,
}  # fmt: skip
GROUPS = {
    "dozen": 12, "dozens": 12, "douzaine": 12, "douzaines": 12, "dizaine": 10, "dizaines": 10, "quinzaine": 15,
    "vingtaine": 20, "trentaine": 30, "cinquantaine": 50, "centaine": 100, "centaines": 100, "millier": 1000,
    "milliers": 1000,
}  # fmt: skip
ORDINALS = _counted(
    "first|premier|premiere second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
    " fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth",
    1,
)
HIGH_ORDINALS = {"thirtieth", "fortieth", "fiftieth", "sixtieth", "seventieth", "eightieth", "ninetieth", "hundredth"}
FAINT = {"un", "une", "a", "an", "one", "neuf"}
"""Alone these are numbers only where a number is expected: articles, a pronoun, the French for new."""


NUMBER_WORDS = frozenset(
    {**FRENCH, **FRENCH_TENS, **FRENCH_SCALES, **ENGLISH, **ENGLISH_TENS, **ENGLISH_SCALES, **GROUPS, **ORDINALS}
)


class Count(NamedTuple):
    value: Decimal
    taken: int
    """Tokens."""
    faint: bool = False


_Part: TypeAlias = tuple[int, int]
"""A value and the index behind it."""


def count(tokens: Sequence[Token]) -> Count | None:
    """The number that the tokens begin with, as long as it goes."""
    if not tokens:
        return None
    half = _half_a_dozen(tokens)
    if half:
        return half
    best = max((_total(_French(tokens)), _total(_English(tokens))), key=lambda one: one.taken if one else 0)
    if best is None and len(tokens) > 0 and tokens[0] in {"a", "an"}:
        return Count(Decimal(1), 1, faint=True)
    if best and best.taken == 1 and tokens[0] in FAINT:
        return best._replace(faint=True)
    return best


def ordinal(word: Token) -> bool:
    """Whether a word makes the number before it the place in a row: "vingt et unième", "twenty-first"."""
    return isinstance(word, str) and (word.endswith(("ieme", "iemes")) or word in ORDINALS or word in HIGH_ORDINALS)


def _half_a_dozen(tokens: Sequence[Token]) -> Count | None:
    words = tuple(tokens[:3])
    for phrase in (("half", "a", "dozen"), ("une", "demi", "douzaine"), ("demi", "douzaine")):
        if words[: len(phrase)] == phrase:
            return Count(Decimal(6), len(phrase))
    return None


class _Tongue:
    scales: dict[str, int]
    half: tuple[tuple[str, ...], ...]

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens

    def at(self, index: int) -> Token:
        return self.tokens[index] if index < len(self.tokens) else ""

    def scale(self, index: int) -> int:
        word = self.at(index)
        return self.scales.get(word, 0) if isinstance(word, str) else 0

    def under_thousand(self, index: int) -> _Part | None:
        raise NotImplementedError

    def begins(self, index: int) -> _Part | None:
        """A scale without its number: "mille", "a thousand"."""
        raise NotImplementedError

    def skips(self, index: int) -> int:
        """Behind an "and" that joins what follows a scale."""
        return index


class _French(_Tongue):
    scales = FRENCH_SCALES
    half = (("et", "demi"), ("et", "demie"))

    def under_thousand(self, index: int) -> _Part | None:
        if self.at(index) == "cent":
            value, index = 100, index + 1
        else:
            part = self._under_hundred(index)
            if part is None or not (2 <= part[0] <= 9 and self.at(part[1]) in {"cent", "cents"}):
                return part
            value, index = part[0] * 100, part[1] + 1
        rest = self._under_hundred(index)
        return (value + rest[0], rest[1]) if rest and rest[0] else (value, index)

    def _under_hundred(self, index: int) -> _Part | None:
        word = self.at(index)
        if word == "quatre" and self.at(index + 1) in {"vingt", "vingts"}:
            tens, index, highest = 80, index + 2, 19
        elif isinstance(word, str) and word in FRENCH_TENS:
            tens, index = FRENCH_TENS[word], index + 1
            highest = 19 if tens == 60 else 9
            if self.at(index) == "et":
                second = {"un": 1, "une": 1, "onze": 11}.get(str(self.at(index + 1)), 0)
                return (tens + second, index + 2) if 0 < second <= highest else (tens, index)
        else:
            return self._under_twenty(index)
        rest = self._under_twenty(index)
        return (tens + rest[0], rest[1]) if rest and 0 < rest[0] <= highest else (tens, index)

    def _under_twenty(self, index: int) -> _Part | None:
        word, second = self.at(index), self.at(index + 1)
        if word == "dix" and second in {"sept", "huit", "neuf"}:
            return 10 + FRENCH[str(second)], index + 2
        return (FRENCH[word], index + 1) if isinstance(word, str) and word in FRENCH else None

    def begins(self, index: int) -> _Part | None:
        return (1, index) if self.scale(index) == THOUSAND else None


class _English(_Tongue):
    scales = ENGLISH_SCALES
    half = (("and", "a", "half"), ("and", "half"))

    def under_thousand(self, index: int) -> _Part | None:
        article = self.at(index) in {"a", "an"} and self.at(index + 1) == "hundred"
        part: _Part | None = (1, index + 1) if article else self._under_hundred(index)
        if part is None or not part[0] or self.at(part[1]) != "hundred":
            return part
        value, index = part[0] * 100, part[1] + 1
        rest = self._under_hundred(index + 1 if self.at(index) == "and" else index)
        return (value + rest[0], rest[1]) if rest and rest[0] else (value, index)

    def _under_hundred(self, index: int) -> _Part | None:
        word = self.at(index)
        if not isinstance(word, str):
            return None
        if word in ENGLISH_TENS:
            ones = ENGLISH.get(str(self.at(index + 1)), 0)
            return (ENGLISH_TENS[word] + ones, index + 2) if 0 < ones < 10 else (ENGLISH_TENS[word], index + 1)
        return (ENGLISH[word], index + 1) if word in ENGLISH else None

    def begins(self, index: int) -> _Part | None:
        article = self.at(index) in {"a", "an"} and (self.scale(index + 1) or self.at(index + 1) in GROUPS)
        return (1, index + 1) if article else None

    def skips(self, index: int) -> int:
        return index + 1 if self.at(index) == "and" and self.under_thousand(index + 1) else index


def _total(tongue: _Tongue) -> Count | None:
    """Parts with falling scales: two million, three hundred thousand, five."""
    value, index, scale = Decimal(0), 0, 0
    while part := _part(tongue, index, scale):
        amount, behind = part
        next_scale = tongue.scale(behind)
        group = 0 if scale else GROUPS.get(str(tongue.at(behind)), 0)
        if group:
            return Count(amount * group, behind + 1)
        if scale and next_scale >= scale:
            break
        if not next_scale:
            return _halved(tongue, value + amount, behind, 1)
        value, scale = value + amount * next_scale, next_scale
        index = tongue.skips(behind + 1)
    return _halved(tongue, value, index, scale) if scale else None


def _part(tongue: _Tongue, index: int, scale: int) -> tuple[Decimal, int] | None:
    token = tongue.at(index)
    if isinstance(token, Decimal):
        if not scale:
            return token, index + 1
        # "5 mille 500", "2 millions 500 mille", but not "5 mille 2 pizzas"
        joins = (100 <= token < 1000 and scale == THOUSAND) or (token < 1000 and tongue.scale(index + 1))
        return (token, index + 1) if joins and token == token.to_integral_value() else None
    part = tongue.under_thousand(index) or tongue.begins(index)
    return (Decimal(part[0]), part[1]) if part else None


def _halved(tongue: _Tongue, value: Decimal, index: int, scale: int) -> Count:
    for phrase in tongue.half:
        if tuple(tongue.at(index + place) for place in range(len(phrase))) == phrase:
            return Count(value + Decimal(scale) / 2, index + len(phrase))
    return Count(value, index)
