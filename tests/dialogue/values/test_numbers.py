"""Numbers in digits and in words, and what only looks like one."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.dialogue.values.line import Rank, read
from flashbot.dialogue.values.numbers import find

NOW = datetime(2026, 5, 6, 10, tzinfo=UTC)


def numbers(text: str, *ranks: Rank) -> list[object]:
    return [found.value for found in find(read(text), NOW, None) if found.rank in (ranks or (Rank.NUMBER,))]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("0", 0),
        ("007", 7),
        ("1 200", 1200),
        ("1\u202f200\u00a0000", 1_200_000),
        ("5  000", 5000),
        ("1.200", 1200),
        ("1,200", 1200),
        ("1'200", 1200),
        ("1.200.000", 1_200_000),
        ("1.5", Decimal("1.5")),
        ("12,50", Decimal("12.5")),
        ("0,250", Decimal("0.25")),
        ("12,00", 12),
        ("1.200,50", Decimal("1200.5")),
        ("1,200.50", Decimal("1200.5")),
        ("1 200,50", Decimal("1200.5")),
        ("1k", 1000),
        ("10K", 10_000),
        ("1.5k", 1500),
        ("n°45", 45),
        ("#123", 123),
        ("commande:45", 45),
        ("x2", 2),
        ("2x pizza", 2),
        ("2kg", 2),
        ("5000f", 5000),
        ("5000 FCFA", 5000),
        ("en 2026", 2026),
        ("٣", 3),
        ("five", 5),
        ("deux", 2),
        ("vingt et un", 21),
        ("vingt-et-une", 21),
        ("soixante et onze", 71),
        ("soixante-dix-sept", 77),
        ("quatre-vingts", 80),
        ("quatre vingt un", 81),
        ("quatre-vingt-douze", 92),
        ("septante-deux", 72),
        ("cent", 100),
        ("deux cents", 200),
        ("mille neuf cent quatre-vingt-dix-neuf", 1999),
        ("deux mil", 2000),
        ("trois cent mille cinq", 300_005),
        ("two hundred and five", 205),
        ("twenty five hundred", 2500),
        ("a hundred", 100),
        ("two thousand and six", 2006),
        ("one million two hundred thousand", 1_200_000),
        ("one million and a half", 1_500_000),
        ("2 millions", 2_000_000),
        ("1.5 million", 1_500_000),
        ("5 mille 500", 5500),
        ("5mille", 5000),
        ("mille 500", 1500),
        ("a dozen", 12),
        ("une douzaine", 12),
        ("deux douzaines", 24),
        ("3 dozen", 36),
        ("half a dozen", 6),
        ("une demi-douzaine", 6),
        ("une centaine", 100),
        ("deux et demi", Decimal("2.5")),
        ("two and a half", Decimal("2.5")),
        ("DEUX CENTS pizzas !", 200),
    ],
)
def test_a_number_is_read(text: str, value: object) -> None:
    read_as = numbers(text)

    assert read_as == [value]
    assert type(read_as[0]) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "deuxième", "vingt et unième", "twenty-first", "2nd", "1er", "3e", "AB123", "CMD-45", "12/05", "14h30",
        "14:30", "2-3", "1.2.3", "192.168.1.1", "½", "2½", "5€50", "06 12 34 56 78", "+225 07 07 07", "mille-feuille",
        "deux-pièces", "12_3", "1" * 19, "a@12.5x", "000",
    ],
)  # fmt: skip
def test_what_is_part_of_something_else_is_no_number(text: str) -> None:
    assert numbers(text) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("2 pizzas et 3 burgers", [2, 3]),
        ("deux trois pizzas", [2, 3]),
        ("un deux", [2]),
        ("5 12", [5, 12]),
        ("5 mille 2 pizzas", [5000, 2]),
        ("5\n000", [5]),
        ("deux, trois", [2, 3]),
        ("10 pour cent", [10]),
        ("50 cent", [50]),
    ],
)
def test_numbers_side_by_side_are_kept_apart(text: str, values: list[object]) -> None:
    assert numbers(text) == values


@pytest.mark.parametrize("text", ["une question", "a pizza", "that one", "un téléphone neuf"])
def test_articles_are_doubtful_numbers(text: str) -> None:
    assert numbers(text) == []
    assert numbers(text, Rank.DOUBTFUL)


FRENCH_NAMES = """
    zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit
    dix-neuf
"""
ENGLISH_NAMES = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
FRENCH, ENGLISH = FRENCH_NAMES.split(), ENGLISH_NAMES.split()
FRENCH_TENS = {2: "vingt", 3: "trente", 4: "quarante", 5: "cinquante", 6: "soixante"}
ENGLISH_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def french(number: int) -> str:
    if number < 20:
        return FRENCH[number]
    if number < 80:
        tens = min(number // 10, 6)
        rest = number - tens * 10
        joint = " et " if rest in {1, 11} else "-"
        return FRENCH_TENS[tens] + (joint + french(rest) if rest else "")
    if number < 100:
        return "quatre-vingts" if number == 80 else "quatre-vingt-" + french(number - 80)
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        many = "cent" if hundreds == 1 else f"{french(hundreds)} cent" + ("s" if not rest else "")
        return many + (f" {french(rest)}" if rest else "")
    thousands, rest = divmod(number, 1000)
    many = "mille" if thousands == 1 else f"{french(thousands)} mille"
    return many + (f" {french(rest)}" if rest else "")


def english(number: int) -> str:
    if number < 20:
        return ENGLISH[number]
    if number < 100:
        return ENGLISH_TENS[number // 10] + (f"-{ENGLISH[number % 10]}" if number % 10 else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{ENGLISH[hundreds]} hundred" + (f" and {english(rest)}" if rest else "")
    thousands, rest = divmod(number, 1000)
    joint = " and " if rest < 100 else " "
    return f"{english(thousands)} thousand" + (f"{joint}{english(rest)}" if rest else "")


@given(st.integers(0, 999_999), st.sampled_from([french, english]), st.sampled_from(["-", " "]))
def test_spelled_numbers_are_read_back(number: int, spelled: object, hyphen: str) -> None:
    text = spelled(number).replace("-", hyphen)

    assert numbers(f"({text})", Rank.NUMBER, Rank.DOUBTFUL) == [number]


@given(st.integers(0, 10**12), st.sampled_from([" ", ",", ".", "'", "\u202f", ""]))
def test_grouped_digits_are_read_back(number: int, separator: str) -> None:
    assert numbers(f"{number:,}".replace(",", separator)) == [number]
