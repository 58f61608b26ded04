from __future__ import annotations

import time

import pytest

from flashbot.dialogue.masking import mask


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("mon numéro: +225 07.00-00(00)01 merci", "mon numéro: ••• merci"),
        ("appelez 0700000001", "appelez •••"),
        ("(225) 07 00 00 00 01", "(•••"),
        ("commande CI-123456", "commande CI-•••"),
        ("٠٧٠٠٠٠٠٠٠١ هاتفي", "••• هاتفي"),
        ("à awa.kone+shop@mail.example.ci svp", "à ••• svp"),
        ("voir https://shop.ci/o?t=1 ou www.shop.ci/a", "voir ••• ou •••"),
        ("order 12345 of 2 shirts at 9 h 30", "order 12345 of 2 shirts at 9 h 30"),
        ("10 000 fcfa", "10 000 fcfa"),
        ("150 000 fcfa", "••• fcfa"),
        ("", ""),
    ],
)
def test_long_numbers_and_addresses_are_masked_and_all_else_stays(said: str, shown: str) -> None:
    assert mask(said) == shown


@pytest.mark.parametrize("piece", ["a", "1 ", "@", "a@", "1-(", "http://", "1."])
def test_no_text_takes_long(piece: str) -> None:
    begun = time.perf_counter()

    mask(piece * 10_000)

    assert time.perf_counter() - begun < 0.5
