"""The line that values are looked for in."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flashbot.dialogue.text import fold
from flashbot.dialogue.values.line import LOOKED_AT, Found, Rank, apart, closes, read


@example("\ufc5e")
@given(st.text(st.characters(categories=["L", "Nd", "P", "Z", "Mn"])))
def test_the_words_of_a_line_are_those_of_its_folded_text(text: str) -> None:
    folded = "".join(character if character.isalnum() else " " for character in fold(text))

    assert "".join(word.text for word in read(text).words) == "".join(folded.split())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Où es-tu ?", "ou es-tu ?"),
        ("l’Œuf", "l'oeuf"),
        ("e\u0301te\u0301", "ete"),
        ("5\u202f€\n½", "5 €\n1/2"),
        ("１２：３０", "12:30"),
        ("a–b", "a-b"),
    ],
)
def test_a_line_has_no_case_and_accents_but_punctuation(text: str, line: str) -> None:
    assert read(text).text == line


def test_places_in_the_raw_text_are_found_again() -> None:
    text = "e\u0301 œuf AB1"
    line = read(text)

    start, end = line.place(text.index("AB1"), len(text))

    assert line.text[start:end] == "ab1"


def test_a_long_text_is_cut() -> None:
    assert len(read("a" * 10_000).raw) < LOOKED_AT + 500


def test_of_overlapping_values_the_cheaper_then_the_longer_stays() -> None:
    found = [Found(0, 3, "a", Rank.CHOICE), Found(0, 7, "b", Rank.CHOICE), Found(5, 9, "c", Rank.CHOICE, 1)]

    assert [one.value for one in apart([*found, Found(8, 9, "d", Rank.CHOICE)])] == ["b", "d"]


@pytest.mark.parametrize(
    ("rest", "complete"),
    [("", True), ("  ", True), (".", True), (", ok", True), (" svp", True), ("\nx", True), (" 👍", True),
     (" pizzas", False), ("/12", False), ("-3", False), (".5", False), ("€", False)],
)  # fmt: skip
def test_what_follows_tells_whether_a_number_is_complete(rest: str, complete: bool) -> None:
    assert closes("12" + rest, 2) is complete
