"""Opt-out words count as whole messages only."""

from __future__ import annotations

import pytest

from flashbot.consent import Stop
from flashbot.errors import BotMistake
from flashbot.outreach.optout import OptOut

WORDS = OptOut()


@pytest.mark.parametrize(
    "word",
    [
        "stop", "stopall", "arret", "arreter", "desabonner", "desabonnement", "desinscription", "unsubscribe",
        "cancel", "end", "quit", "optout", "revoke", "remove", "unsubscribe me", "stop tout", "arreter tout",
        "unsubscribe from everything", "desabonnez moi",
    ],
)  # fmt: skip
def test_every_word_of_the_list_is_an_opt_out(word: str) -> None:
    assert WORDS.stops(word) is not None


@pytest.mark.parametrize("text", ["", "stop jose is not coming", "stopping", "non", "oui", "start", "stop the ads"])
def test_anything_else_is_none(text: str) -> None:
    assert WORDS.stops(text) is None


def test_a_word_knows_its_language_and_how_much_it_ends() -> None:
    assert [WORDS.stops(word) for word in ("stop", "unsubscribe", "arret", "stop tout", "stop all")] == [
        Stop("both"), Stop("en"), Stop("fr"), Stop("fr", "all"), Stop("en", "all"),
    ]  # fmt: skip
    assert (WORDS.resumes("start"), WORDS.resumes("reprendre"), WORDS.resumes("yes")) == ("en", "fr", None)


def test_a_bot_has_words_of_its_own_beside_them() -> None:
    words = OptOut({"yamogo": "fr"})

    assert (words.stops("yamogo"), words.stops("stop")) == (Stop("fr"), Stop("both"))
    assert WORDS.stops("yamogo") is None


@pytest.mark.parametrize(("word", "language"), [("", "fr"), ("start", "en"), ("yamogo", "mos")])
def test_a_word_that_means_nothing_or_the_contrary_is_refused(word: str, language: str) -> None:
    with pytest.raises(BotMistake, match="stop_words"):
        OptOut({word: language})
