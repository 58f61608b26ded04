"""The tiers of matching: equal, keyword, pattern."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from flashbot.dialogue.intents import Intent, Match, Matcher, Message
from flashbot.dialogue.text import fold

if TYPE_CHECKING:
    from flashbot.dialogue.turn import Turn

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


async def handler(turn: Turn[Any]) -> None: ...


def intent(name: str, **parts: Any) -> Intent:
    return Intent("desk", name, handler, "here:1", **parts)


def certain(matcher: Matcher, text: str) -> Match | None:
    return matcher.certain(Message(text, NOW, "+33612345678"), fold(text))


def found(matcher: Matcher, text: str) -> tuple[str | None, str] | None:
    match = certain(matcher, text)
    return (match.intent, match.tier) if match else None


def test_an_example_matches_without_case_accents_and_punctuation() -> None:
    matcher = Matcher([intent("track", examples=("Où est mon colis ?",))])

    assert found(matcher, "ou est mon COLIS") == ("track", "equal")
    assert found(matcher, "ou est mon colis svp") is None


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("a refund please", True),
        ("Refund!", True),
        ("refunds", False),
        ("prerefund", False),
        ("l'argent, mon argent", True),
        ("mon cher argent", False),
        ("", False),
    ],
)
def test_a_keyword_matches_as_whole_words_anywhere(text: str, hit: bool) -> None:
    matcher = Matcher([intent("money", keywords=("refund", "mon argent"))])

    assert found(matcher, text) == (("money", "keyword") if hit else None)


def test_among_keywords_the_one_declared_first_wins_wherever_it_stands() -> None:
    matcher = Matcher([intent("first", keywords=("alpha",)), intent("second", keywords=("beta",))])

    assert found(matcher, "beta alpha") == ("first", "keyword")


def test_a_pattern_is_searched_in_the_raw_text_and_its_named_groups_are_kept() -> None:
    pattern = re.compile(r"order (?P<number>[A-Z]\d+)(?: to (?P<town>\w+))?", re.IGNORECASE)
    matcher = Matcher([intent("track", patterns=(pattern,))])

    match = certain(matcher, "where is Order A17?")

    assert match is not None
    assert match.tier == "pattern"
    assert match.slots == {"number": "A17"}


def test_a_pattern_that_matches_everything_does_not_take_a_message_without_text() -> None:
    matcher = Matcher([intent("all", patterns=(re.compile(".*"),))])

    assert found(matcher, "") is None
    assert found(matcher, "x") == ("all", "pattern")


def test_an_equal_example_beats_a_keyword_and_a_keyword_beats_a_pattern() -> None:
    matcher = Matcher(
        [
            intent("pattern", patterns=(re.compile("menu"),)),
            intent("keyword", keywords=("menu",)),
            intent("equal", examples=("menu",)),
        ]
    )

    assert found(matcher, "Menu!") == ("equal", "equal")
    assert found(matcher, "the menu") == ("keyword", "keyword")
    assert found(matcher, "xmenux") == ("pattern", "pattern")


def test_the_guess_is_the_intent_that_shares_most_words() -> None:
    matcher = Matcher(
        [
            intent("hours", examples=("when are you open",)),
            intent("track", examples=("where is my order", "where is my parcel")),
        ]
    )

    guess = matcher.guess("Where is my package?")

    assert guess is not None
    assert (guess.intent, guess.score) == ("track", 0.75)
    assert matcher.guess("nothing shared") is None
