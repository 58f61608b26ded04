"""Words for every reason for which a message may wait or stay."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from flashbot.cli.plan_report import label
from flashbot.outreach.reasons import WORDS, Halt
from flashbot.outreach.verdict import GATE_OF, Reason


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_reason_lacks_words(language: str) -> None:
    closed = {*get_args(Reason), *get_args(Halt)}

    words = {str(reason): said for tongue, told in WORDS.items() if tongue == language for reason, said in told.items()}

    assert set(words) == closed
    assert set(GATE_OF) <= set(words)
    assert all(said.strip() == said and said for said in words.values())
    assert len(set(words.values())) == len(words), "two reasons read alike"


def test_the_two_languages_are_two() -> None:
    assert [reason for reason in WORDS["en"] if WORDS["en"][reason] == WORDS["fr"][reason]] == []


def test_a_closed_day_of_the_week_fits_a_day_of_rest_and_a_weekend() -> None:
    assert [WORDS[tongue]["weekend"] for tongue in ("en", "fr")] == ["a day of rest", "jour de repos"]
    assert label("weekend") == "day of rest"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_ceiling_that_is_reached_is_not_said_to_be_spent_for_it_may_be_nothing(language: str) -> None:
    said = [words for tongue, told in WORDS.items() if tongue == language for reason, words in told.items()
            if reason in GATE_OF or reason == "budget"]  # fmt: skip

    assert [words for words in said if re.search(r"spent|épuisé", words)] == []
