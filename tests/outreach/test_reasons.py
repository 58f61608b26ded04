"""Words for every reason for which a message may wait or stay."""

from __future__ import annotations

from typing import get_args

import pytest

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
