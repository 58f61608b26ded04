"""Amounts with their currencies."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.dialogue.values.line import Rank, read
from flashbot.dialogue.values.money import Amount, find

NOW = datetime(2026, 5, 6, 10, tzinfo=UTC)


def amounts(text: str, region: str | None = None, rank: Rank = Rank.AMOUNT) -> list[object]:
    return [found.value for found in find(read(text), NOW, region) if found.rank == rank]


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("5000 FCFA", "5000", "XOF"),
        ("5000f", "5000", "XOF"),
        ("5 000 F", "5000", "XOF"),
        ("5.000 F CFA", "5000", "XOF"),
        ("5 mille francs", "5000", "XOF"),
        ("cinq mille francs CFA", "5000", "XOF"),
        ("2 millions de francs", "2000000", "XOF"),
        ("10k fcfa", "10000", "XOF"),
        ("10kf", "10000", "XOF"),
        ("FCFA 5000", "5000", "XOF"),
        ("€5", "5", "EUR"),
        ("5 euros", "5", "EUR"),
        ("un euro", "1", "EUR"),
        ("5€50", "5.50", "EUR"),
        ("5€05", "5.05", "EUR"),
        ("5,50 €", "5.50", "EUR"),
        ("5 euros 50", "5.50", "EUR"),
        ("deux euros cinquante", "2.50", "EUR"),
        ("5 euros et 5 centimes", "5.05", "EUR"),
        ("$20", "20", "USD"),
        ("20$", "20", "USD"),
        ("US$ 20", "20", "USD"),
        ("$20 CAD", "20", "CAD"),
        ("$5 and 20 cents", "5.20", "USD"),
        ("twenty dollars", "20", "USD"),
        ("USD 1,200.50", "1200.50", "USD"),
        ("£3.50", "3.50", "GBP"),
        ("₦2,000", "2000", "NGN"),
        ("2000 naira", "2000", "NGN"),
        ("50 cedis", "50", "GHS"),
        ("GH₵20", "20", "GHS"),
        ("KSh 500", "500", "KES"),
        ("ksh500", "500", "KES"),
        ("500 shillings", "500", None),
        ("200 dirhams", "200", "MAD"),
        ("100 XAF", "100", "XAF"),
    ],
)
def test_an_amount_is_read(text: str, value: str, currency: str | None) -> None:
    assert amounts(text) == [Amount(Decimal(value), currency)]


@pytest.mark.parametrize(
    ("text", "region", "currency"),
    [
        ("5000 FCFA", "CM", "XAF"),
        ("5000 F", "GA", "XAF"),
        ("5000 F", "CI", "XOF"),
        ("5000 francs", "GN", "GNF"),
        ("5000 fcfa", "GN", "XOF"),
        ("20 francs", "CH", "CHF"),
        ("500 shillings", "KE", "KES"),
        ("500 shillings", "UG", "UGX"),
        ("$20", "CA", "CAD"),
        ("N5000", "NG", "NGN"),
        ("R50", "ZA", "ZAR"),
    ],
)
def test_a_word_for_money_means_that_of_the_country(text: str, region: str, currency: str) -> None:
    assert [found.currency for found in amounts(text, region) if isinstance(found, Amount)] == [currency]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("2 pizzas 5000 fcfa 3 burgers", [("5000", "XOF")]),
        ("20$ ou 30$", [("20", "USD"), ("30", "USD")]),
        ("$20 $30", [("20", "USD"), ("30", "USD")]),
        ("ksh 500 ksh 600", [("500", "KES"), ("600", "KES")]),
        ("5€50 et 6€", [("5.50", "EUR"), ("6", "EUR")]),
        ("5 euros 50 pizzas", [("5", "EUR")]),
        ("5000 f 50", [("5000", "XOF")]),
        ("N5000", []),
        ("2 balles", []),
        ("50 centimes", []),
        ("5000", []),
    ],
)
def test_a_currency_belongs_to_one_number(text: str, values: list[tuple[str, str]]) -> None:
    assert amounts(text) == [Amount(Decimal(value), currency) for value, currency in values]


def test_a_bare_number_is_an_amount_of_the_rank_of_numbers() -> None:
    assert amounts("5 000", rank=Rank.NUMBER) == [Amount(Decimal(5000), None)]
    assert amounts("2kg, 50 cents, une", rank=Rank.NUMBER) == []


@given(
    st.decimals(0, 10**9, places=2),
    st.sampled_from([("€", "EUR"), (" USD", "USD"), (" FCFA", "XOF"), (" livres sterling", "GBP")]),
)
def test_formatted_amounts_are_read_back(value: Decimal, currency: tuple[str, str]) -> None:
    name, code = currency
    english = f"{value:,.2f}"
    french = english.replace(",", " ").replace(".", ",")

    assert amounts(english + name) == amounts(french + name) == [Amount(value, code)]
