"""Choices from a list, with slips."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.dialogue.values.choices import Choices, slips
from flashbot.dialogue.values.line import apart, read

NOW = datetime(2026, 5, 6, 10, tzinfo=UTC)
CITIES = {"Abidjan": ["abj", "babi"], "Dakar": [], "Lomé": [], "Yamoussoukro": ["yam"], "San-Pédro": []}
MENU = {"burger": [], "pizza": ["pizza fromage"], "Big Mac": ["mac"], "iPhone 12": [], "iPhone 13": [], "dish": []}


def chosen(choices: dict[str, list[str]], text: str) -> list[object]:
    return [found.value for found in apart(Choices(choices).find(read(text), NOW, None))]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("à Abidjan !", ["Abidjan"]),
        ("ABJ", ["Abidjan"]),
        ("abidjan dakar", ["Abidjan", "Dakar"]),
        ("abidjian", ["Abidjan"]),
        ("Abijdan", ["Abidjan"]),
        ("Abbidjaan", ["Abidjan"]),
        ("bidjan", ["Abidjan"]),
        ("abdjn", []),
        ("yamousoukroo", ["Yamoussoukro"]),
        ("yamosoukrou", ["Yamoussoukro"]),
        ("lome", ["Lomé"]),
        ("lmoe", ["Lomé"]),
        ("at home", []),
        ("I love it", []),
        ("dakr", ["Dakar"]),
        ("adkar", ["Dakar"]),
        ("makar", []),
        ("abk", []),
        ("san pedro", ["San-Pédro"]),
        ("sanpedro", ["San-Pédro"]),
        ("san pedor", ["San-Pédro"]),
        ("pedro", []),
        ("", []),
    ],
)
def test_a_city_is_found_however_it_is_spelled(text: str, values: list[str]) -> None:
    assert chosen(CITIES, text) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Burgers", ["burger"]),
        ("burggger", ["burger"]),
        ("pizzaaa", ["pizza"]),
        ("pizza fromages", ["pizza"]),
        ("big mac", ["Big Mac"]),
        ("bigmac", ["Big Mac"]),
        ("un mac", ["Big Mac"]),
        ("dishes", ["dish"]),
        ("iphone 12", ["iPhone 12"]),
        ("ipohne 13", ["iPhone 13"]),
        ("iphone 14", []),
        ("iphone", []),
    ],
)
def test_plurals_doubled_letters_and_spaces_make_no_difference_but_digits_do(text: str, values: list[str]) -> None:
    assert chosen(MENU, text) == values


def test_a_word_as_near_to_two_choices_is_neither() -> None:
    assert chosen({"Marina": [], "Karina": []}, "Tarina") == []
    assert chosen({"Marina": ["Karina"]}, "Tarina") == ["Marina"]


def test_a_known_word_is_no_slip() -> None:
    choices = Choices({"poulet": []}, frozenset({"boulet"}))

    assert choices.find(read("boulet"), NOW, None) == []
    assert [found.value for found in choices.find(read("poulte, poulets"), NOW, None)] == ["poulet", "poulet"]


@pytest.mark.parametrize("choices", [{"!!": []}, {"a": ["x"], "b": ["X"]}, {"a b c d e f g h i j k": []}])
def test_choices_that_cannot_be_told_apart_are_refused(choices: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match=r"^has "):
        Choices(choices)


@pytest.mark.parametrize(
    ("one", "other", "most", "distance"),
    [
        ("abc", "abc", 0, 0),
        ("abc", "abd", 1, 1),
        ("abc", "acb", 1, 1),
        ("abc", "ab", 1, 1),
        ("abc", "abd", 0, None),
        ("abcd", "badc", 2, 2),
        ("abcdef", "bcdefg", 2, 2),
        ("abc", "xyz", 2, None),
        ("", "ab", 2, 2),
    ],
)
def test_slips_are_counted(one: str, other: str, most: int, distance: int | None) -> None:
    assert slips(one, other, most) == slips(other, one, most) == distance


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_slips_agree_with_the_whole_table(one: str, other: str) -> None:
    table = [[row + column for column in range(len(other) + 1)] for row in range(len(one) + 1)]
    for row in range(1, len(one) + 1):
        for column in range(1, len(other) + 1):
            wrong = one[row - 1] != other[column - 1]
            ways = [table[row - 1][column] + 1, table[row][column - 1] + 1, table[row - 1][column - 1] + wrong]
            if one[row - 2 : row] == other[column - 2 : column][::-1] and row > 1 and column > 1:
                ways.append(table[row - 2][column - 2] + 1)
            table[row][column] = min(ways)
    distance = table[-1][-1]

    assert slips(one, other, 2) == (distance if distance <= 2 else None)


def test_ten_thousand_choices_can_be_searched() -> None:
    choices = Choices({f"product {number:05} {'abcdefghij'[number % 10] * 3}{number}": [] for number in range(10_000)})

    found = choices.find(read("product 00042 ccc42 " * 20), NOW, None)

    assert {one.value for one in found} == {"product 00042 ccc42"}
