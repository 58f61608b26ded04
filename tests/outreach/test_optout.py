"""Opt-out words count as whole messages only."""

from __future__ import annotations

import pytest

from flashbot.outreach.optout import is_opt_in, is_opt_out


@pytest.mark.parametrize(
    "word",
    [
        "stop", "stopall", "arret", "arreter", "desabonner", "desabonnement", "desinscription", "unsubscribe",
        "cancel", "end", "quit", "optout", "revoke", "remove",
    ],
)  # fmt: skip
def test_every_word_of_the_list_is_an_opt_out(word: str) -> None:
    assert is_opt_out(word) is not None


@pytest.mark.parametrize("text", ["", "stop jose is not coming", "stopping", "non", "oui", "start"])
def test_anything_else_is_none(text: str) -> None:
    assert is_opt_out(text) is None


def test_a_word_knows_its_language() -> None:
    assert (is_opt_out("stop"), is_opt_out("unsubscribe"), is_opt_out("arret")) == ("both", "en", "fr")
    assert (is_opt_in("start"), is_opt_in("reprendre"), is_opt_in("yes")) == ("en", "fr", None)
