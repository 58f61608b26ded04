"""Folding: what counts as the same text."""

from __future__ import annotations

import pytest

from flashbot.dialogue.text import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Where is my ORDER?", "where is my order"),
        ("  Où est-il,\n mon colis ?!", "ou est il mon colis"),
        ("j'ai", "j ai"),
        ("j’ai", "j ai"),
        ("Désabonnement", "desabonnement"),
        ("de\u0301sabonnement", "desabonnement"),
        ("Straße", "strasse"),
        ("cœur ŒUVRE", "coeur oeuvre"),
        ("İstanbul ılık", "istanbul ilik"),
        ("snake_case", "snake case"),
        ("", ""),
        ("?! …", ""),
        ("👍🏽", "👍"),
        ("Здравствуйте!", "здравствуите"),
        ("أين طلبي؟", "اين طلبي"),
        ("١٢٣", "123"),
        ("fullwidth", "fullwidth"),
        ("a\u200bb\u00adc", "abc"),
        ("\u00a012\u202f€", "12"),
    ],
)
def test_a_text_folds_to_words_without_case_accents_and_punctuation(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize("text", ["Where IS it?", "Où est-il ?", "ß İ œ 👍🏽 ١", "ΑΣ"])
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_ascii_and_other_text_fold_by_the_same_rules() -> None:
    every = "".join(chr(code) for code in range(128))

    assert fold(every + " é") == fold(every) + " e"
