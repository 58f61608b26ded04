"""Numbers, money, dates and plural words in the language of a template."""

from __future__ import annotations

import math
import subprocess
import sys
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined, TemplateRuntimeError, UndefinedError

from flashbot.templating.formats import FILTERS

NARROW, WIDE = "\u202f", "\u00a0"
WAT = timezone(timedelta(hours=1))
NAIVE = datetime.fromisoformat("2025-11-07T14:30:05")

environment = Environment(undefined=StrictUndefined)  # noqa: S701 - texts, not HTML
environment.filters.update(FILTERS)


def said(expression: str, language: str | None = "fr", **values: object) -> str:
    return environment.from_string("{{ " + expression + " }}").render(_language=language, **values)


def plain(text: str) -> str:
    return text.replace(NARROW, " ").replace(WIDE, " ")


@pytest.mark.parametrize(
    ("language", "currency", "expected"),
    [
        ("fr_SN", "XOF", "15 000 F CFA"),
        ("fr_CI", "XOF", "15 000 F CFA"),
        ("fr_CM", "XAF", "15 000 FCFA"),
        ("fr_FR", "EUR", "15 000,00 €"),
        ("fr_CI", "NGN", "15 000,00 NGN"),
        ("en_NG", "NGN", "₦15,000.00"),
        ("en_NG", "XOF", "F CFA 15,000"),
        ("en_GH", "GHS", "GH₵15,000.00"),
        ("en_KE", "KES", "Ksh 15,000.00"),
        ("en_US", "USD", "$15,000.00"),
        ("pt_BR", "BRL", "R$ 15.000,00"),
        ("de", "EUR", "15.000,00 €"),
        ("fr_TN", "TND", "15 000,000 DT"),
        ("fr", "JPY", "15 000 JPY"),
    ],
)
def test_money_is_written_as_people_there_write_it(language: str, currency: str, expected: str) -> None:
    assert plain(said("total | money(currency)", language, total=15000, currency=currency)) == expected


def test_money_keeps_cldrs_spaces_so_that_it_does_not_break_across_lines() -> None:
    assert said('15000 | money("XOF")') == f"15{NARROW}000{WIDE}F{NARROW}CFA"


@pytest.mark.parametrize(
    "amount", [1500, 1500.0, Decimal(1500), Decimal("1.5E+3"), "1500", " 1500.00 ", "+1500", "1.5e3"]
)
def test_amount_may_be_a_number_or_numeric_text(amount: object) -> None:
    assert plain(said('amount | money("EUR")', amount=amount)) == "1 500,00 €"


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(2.5, "3 F CFA"), (1.5, "2 F CFA"), (2.4999, "2 F CFA"), (-2.5, "-3 F CFA"), (-0.4, "0 F CFA"), ("-0", "0 F CFA")],
)
def test_halves_are_rounded_away_from_zero_and_zero_has_no_sign(amount: object, expected: str) -> None:
    assert plain(said('amount | money("XOF")', amount=amount)) == expected


def test_cents_of_a_float_are_those_it_is_printed_with() -> None:
    assert plain(said('2.675 | money("EUR")')) == "2,68 €"


def test_lower_case_currency_is_understood() -> None:
    assert plain(said('5 | money("xof")')) == "5 F CFA"


@pytest.mark.parametrize(
    ("value", "language", "expected"),
    [
        (1234567.891, "fr", "1 234 567,891"),
        (1234567.891, "en", "1,234,567.891"),
        (1234567, "en_IN", "12,34,567"),
        (0.1 + 0.2, "en", "0.3"),
        (2.0, "fr", "2"),
        (-0.0001, "fr", "0"),
        ("0.0005", "fr", "0,001"),
    ],
)
def test_number_has_the_separators_of_its_language(value: object, language: str, expected: str) -> None:
    assert plain(said("value | number", language, value=value)) == expected


@pytest.mark.parametrize(
    ("value", "language", "expected"),
    [
        (0.25, "fr", "25 %"),
        (0.25, "en", "25%"),
        (0.1925, "fr", "19,25 %"),
        ("0.07", "en", "7%"),
        (2 / 3, "en", "66.67%"),
        (1, "de", "100 %"),
        (-0.00001, "en", "0%"),
    ],
)
def test_percent_takes_one_for_a_hundred_and_keeps_two_decimals(value: object, language: str, expected: str) -> None:
    assert plain(said("value | percent", language, value=value)) == expected


@pytest.mark.parametrize(
    "eta", [date(2025, 11, 7), NAIVE, NAIVE.replace(tzinfo=WAT), "2025-11-07",
            "2025-11-07T14:30:00", "2025-11-07T14:30:00Z", "2025-11-07 14:30:00+01:00"]
)  # fmt: skip
def test_date_may_be_a_date_a_datetime_or_text(eta: object) -> None:
    assert said("eta | date", "fr_CI", eta=eta) == "7 nov. 2025"


@pytest.mark.parametrize(
    ("style", "language", "expected"),
    [
        ("short", "fr", "07/11/2025"),
        ("medium", "en_NG", "7 Nov 2025"),
        ("long", "fr", "7 novembre 2025"),
        ("full", "fr", "vendredi 7 novembre 2025"),
        ("full", "en", "Friday, November 7, 2025"),
        ("EEEE d MMMM", "fr", "vendredi 7 novembre"),
        ("d 'de' MMMM", "pt", "7 de novembro"),
    ],
)
def test_date_has_four_styles_or_a_pattern(style: str, language: str, expected: str) -> None:
    assert said("eta | date(style)", language, eta="2025-11-07", style=style) == expected


@pytest.mark.parametrize(
    ("eta", "style", "expected"),
    [
        (time(14, 30), "short", "14:30"),
        ("14:30", "short", "14:30"),
        ("2025-11-07T14:30:00Z", "short", "14:30"),
        (NAIVE, "medium", "14:30:05"),
        (NAIVE, "full", "14:30:05"),  # no zone is made up
        (NAIVE.replace(tzinfo=WAT), "full", "14:30:05 UTC+01:00"),
        ("14:30", "HH'h'mm", "14h30"),
    ],
)
def test_time_is_that_of_the_value_in_its_own_zone(eta: object, style: str, expected: str) -> None:
    assert said("eta | time(style)", eta=eta, style=style) == expected


@pytest.mark.parametrize(
    ("style", "language", "expected"),
    [
        ("short", "fr", "07/11/2025 14:30"),
        ("medium", "fr", "7 nov. 2025, 14:30"),
        ("full", "fr", "vendredi 7 novembre 2025, 14:30"),
        ("medium", "en_US", "Nov 7, 2025, 2:30 PM"),
        ("d MMM HH:mm", "fr", "7 nov. 14:30"),
    ],
)
def test_datetime_has_no_seconds(style: str, language: str, expected: str) -> None:
    assert plain(said("eta | datetime(style)", language, eta="2025-11-07T14:30:59", style=style)) == expected


@pytest.mark.parametrize(
    ("language", "count", "expected"),
    [
        ("fr", 0, "article"), ("fr", 1, "article"), ("fr", 1.5, "article"), ("fr", 2, "articles"),
        ("fr", 1000000, "articles"), ("en", 0, "articles"), ("en", 1, "article"), ("en", 1.0, "article"),
        ("en", "1", "article"), ("en", 2, "articles"), ("en", 1.5, "articles"), ("en", -1, "article"),
        ("pt", 0, "article"), ("pt_PT", 0, "articles"), ("ja", 1, "articles"),
    ],
)  # fmt: skip
def test_plural_is_the_word_by_the_languages_rule(language: str, count: object, expected: str) -> None:
    assert said('count | plural("article", "articles")', language, count=count) == expected


@pytest.mark.parametrize(
    ("language", "count", "expected"),
    [("ru", 1, "one"), ("ru", 3, "few"), ("ru", 5, "many"), ("ru", 1.5, "other"), ("ar", 0, "zero"), ("ar", 2, "two"),
     ("ar", 7, "few"), ("ar", 11, "many"), ("ar", 100, "other"), ("fr", 1000000, "many")],
)  # fmt: skip
def test_plural_has_the_other_forms_that_a_language_needs(language: str, count: int, expected: str) -> None:
    forms = 'count | plural("one", "other", zero="zero", two="two", few="few", many="many")'

    assert said(forms, language, count=count) == expected


@pytest.mark.parametrize("language", ["fr", "en", "ru"])
def test_plural_for_nothing_is_used_in_every_language(language: str) -> None:
    assert said('0 | plural("article", "articles", zero="no article")', language) == "no article"


@pytest.mark.parametrize(
    ("expression", "value", "named"),
    [
        ('value | money("XOX")', 1, 'money knows no currency "XOX"'),
        ('value | money("F CFA")', 1, "money needs the three letters"),
        ("value | money", 1, "money needs a currency"),
        ("5 | money(value)", None, "money needs a currency"),
        ('value | money("XOF")', None, "money got no value"),
        ('value | money("XOF")', "secret", "money got text that is no number"),
        ('value | money("XOF")', "1_000", "money got text that is no number"),
        ('value | money("XOF")', "1,5", "money got text that is no number"),
        ('value | money("XOF")', "٣", "money got text that is no number"),
        ('value | money("XOF")', ["secret"], "money needs a number, not a value of type list"),
        ('value | money("XOF")', True, "money needs a number, not a value of type bool"),
        ("value | number", math.nan, "number got a number that is infinite"),
        ("value | number", math.inf, "number got a number that is infinite"),
        ("value | number", Decimal("sNaN"), "number got a number that is infinite"),
        ("value | number", -(10**4000), "number got a number of more than 400 digits"),
        ("value | number", 10**401, "number got a number of more than 400 digits"),
        ("value | percent", "1e999", "percent got a number of more than 400 digits"),
        ("value | number", Decimal("1E+9999999"), "number got a number of more than 400 digits"),
        ("value | number", "9" * 100_000, "number got text that is no number"),
        ("value | date", "secret", "date got text that is no date or time"),
        ("value | date", "2025-13-40", "date got text that is no date or time"),
        ("value | date", "07/11/2025", "date got text that is no date or time"),
        ("value | date", 20251107, "date needs a date or a time, not a value of type int"),
        ("value | date", "14:30", "date got a time without a date"),
        ("value | time", "2025-11-07", "time got a date without a time"),
        ("value | datetime", "2025-11-07", "datetime got a date without a time"),
        ("value | datetime", time(14, 30), "datetime got a time without a date"),
        ('value | date("mediun")', "2025-11-07", "date has no such style"),
        ('value | date("")', "2025-11-07", "date has no such style"),
        ("value | date(\"d 'de MMMM\")", "2025-11-07", "date has no such style"),
        ('value | date("' + "y" * 90 + '")', "2025-11-07", "date has no such style"),
        ('value | date("ddddd")', "2025-11-07", "a letter is repeated too often"),
        ("'2025-11-07' | date(value)", "secret", "date has no such style"),
        ('value | date("d HH")', "2025-11-07", "the value has no H"),
        ('value | time("HH:mm zzz")', "14:30", "the value has no z"),
        ('value | plural("article")', 3, "plural needs two forms"),
        ('value | plural("article", "articles")', [1, 2], "plural needs a number"),
    ],
)  # fmt: skip
def test_bad_input_is_named_and_never_quoted(expression: str, value: object, named: str) -> None:
    with pytest.raises(TemplateRuntimeError) as caught:
        said(expression, value=value)

    assert named in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_missing_variable_is_the_fault_not_the_filter(name: str) -> None:
    arguments = {"money": '("XOF")', "plural": '("a", "b")'}.get(name, "")

    with pytest.raises(UndefinedError, match="'gone' is undefined"):
        said(f"gone | {name}{arguments}")


@pytest.mark.parametrize(
    ("language", "expected"),
    [("fr_DE", "1,5"), ("fr-CI", "1,5"), (None, "1.5"), ("zh_Hant_HK", "1.5"), ("de_XX", "1,5")],
)
def test_dialect_that_cldr_lacks_is_written_as_its_language(language: str | None, expected: str) -> None:
    assert said("1.5 | number", language) == expected


@pytest.mark.parametrize("language", ["xx", "../../etc", "fr\x00"])
def test_language_that_cldr_lacks_is_an_error(language: str) -> None:
    with pytest.raises(TemplateRuntimeError, match="number has no rules for the template's language"):
        said("1.5 | number", language)


def test_macro_imported_without_context_is_told_that_it_lacks_the_language() -> None:
    macros = {"_macros.j2": "{% macro price(n) %}{{ n | number }}{% endmacro %}"}
    shop = environment.overlay(loader=DictLoader(macros))

    with pytest.raises(TemplateRuntimeError, match="import with context"):
        shop.from_string("{% from '_macros.j2' import price %}{{ price(1.5) }}").render(_language="fr")

    written = shop.from_string("{% from '_macros.j2' import price with context %}{{ price(1.5) }}").render(
        _language="fr"
    )
    assert written == "1,5"


def test_babel_loads_with_the_first_use_of_a_filter() -> None:
    code = (
        "import sys; from jinja2 import Environment; from flashbot.templating.formats import FILTERS;"
        "e = Environment(); e.filters.update(FILTERS); t = e.from_string('{{ 1 | number }}');"
        "print('babel' in sys.modules); t.render(_language='fr'); print('babel' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True"]
