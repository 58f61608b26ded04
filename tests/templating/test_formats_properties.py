"""What holds for every number, date, currency and locale that the filters may be given."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Context, Decimal

import pytest
from babel import Locale
from babel.dates import PATTERN_CHARS
from babel.localedata import locale_identifiers
from babel.numbers import get_currency_precision, get_currency_symbol, list_currencies
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, TemplateRuntimeError

from flashbot.templating.formats import FILTERS, OF_DATE, OF_TIME, OF_ZONE

EXACT = Context(prec=1200, rounding=ROUND_HALF_UP)
FAMILIES = ("ar", "en", "fr", "pt")
LOCALES = sorted(name for name in locale_identifiers() if name.split("_")[0] in FAMILIES and name != "en_US_POSIX")
CURRENCIES = sorted(list_currencies())
STYLES = ("short", "medium", "long", "full")

environment = Environment()  # noqa: S701 - texts, not HTML
environment.filters.update(FILTERS)

finite = (
    st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False, places=4)
)
zones = st.none() | st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(timezones=zones)


def said(expression: str, language: str | None = "fr", **values: object) -> str:
    return environment.from_string("{{ " + expression + " }}").render(_language=language, **values)


def digits_of(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


@given(finite, st.sampled_from(CURRENCIES), st.sampled_from(LOCALES))
def test_money_writes_exactly_the_digits_of_any_finite_amount(amount: object, currency: str, language: str) -> None:
    precision = get_currency_precision(currency)
    exact = Decimal(str(amount)).quantize(Decimal(1).scaleb(-precision), context=EXACT)

    text = said("amount | money(currency)", language, amount=amount, currency=currency)

    symbol = get_currency_symbol(currency, language)
    assert symbol in text
    assert digits_of(text.replace(symbol, "")) == digits_of(format(exact, "f"))
    assert ("-" in text or "\u2212" in text) is (exact < 0)
    assert not set(text.replace(symbol, "")) & set(string.ascii_letters)


def test_every_currency_is_written_in_every_locale_of_our_users() -> None:
    template = environment.from_string("{{ 1234567.5 | money(currency) }}")

    for language in LOCALES:
        for currency in CURRENCIES:
            symbol = get_currency_symbol(currency, language)
            rest = template.render(_language=language, currency=currency).replace(symbol, "", 1)
            assert digits_of(rest).startswith("12345"), (language, currency)
            assert set(rest) <= {*string.digits, *".,'’ \u00a0\u202f\u200e\u200f"}, (language, currency)


@given(finite, st.sampled_from(LOCALES))
def test_numbers_and_percents_are_written_for_any_finite_value(value: object, language: str) -> None:
    for name, shown, scale in (("number", 3, 0), ("percent", 4, 2)):
        exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-shown), context=EXACT).scaleb(scale, context=EXACT)
        expected = format(exact, "f")
        expected = expected.rstrip("0") if "." in expected else expected

        text = said(f"value | {name}", language, value=value)

        assert digits_of(text) == digits_of(expected), name
        assert not set(text) & set(string.ascii_letters), name


@given(moments, st.sampled_from(LOCALES), st.sampled_from(STYLES))
def test_moments_are_the_same_as_values_and_as_stored_text(moment: datetime, language: str, style: str) -> None:
    for name in ("date", "time", "datetime"):
        text = said(f"moment | {name}(style)", language, moment=moment, style=style)

        assert text == said(f"moment | {name}(style)", language, moment=moment.isoformat(), style=style)
        assert digits_of(text)
        assert not {"{", "}", "<", "(", "datetime"} & set(text)


@given(finite, st.sampled_from(sorted(locale_identifiers())))
def test_plural_is_one_of_its_words_for_any_finite_number(count: object, language: str) -> None:
    assert said('count | plural("article", "articles")', language, count=count) in ("article", "articles")


@pytest.mark.parametrize("letter", sorted(OF_DATE | OF_TIME | OF_ZONE))
@pytest.mark.parametrize("language", ["fr_CI", "en_NG", "pt_BR", "ar_MA"])
def test_every_letter_of_a_pattern_is_written(letter: str, language: str) -> None:
    moment = datetime(2025, 11, 7, 14, 30, 5, tzinfo=UTC)

    for repeated in PATTERN_CHARS[letter] or (1, 2, 4):
        assert said("moment | datetime(pattern)", language, moment=moment, pattern=letter * repeated)


@given(st.text(string.ascii_letters + "' :/,.-{}", max_size=12), st.sampled_from(["date", "time", "datetime"]))
def test_any_pattern_is_written_or_refused_by_the_filters_name(pattern: str, name: str) -> None:
    try:
        text = said(f"moment | {name}(pattern)", moment="2025-11-07T14:30:00+01:00", pattern=pattern)
    except TemplateRuntimeError as fault:
        text = str(fault)
        refused = True
    else:
        refused = False

    assert text
    assert refused is text.startswith(f"the filter {name} ")


def test_plural_of_more_digits_than_decimal_usually_has() -> None:
    assert said('count | plural("article", "articles")', "ar", count="9" * 30 + ".0001") == "articles"


def test_families_of_locales_are_all_there() -> None:
    assert {Locale.parse(name).language for name in LOCALES} == set(FAMILIES)
    assert len(LOCALES) > 150
