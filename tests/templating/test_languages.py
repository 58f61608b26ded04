"""Locales by name, the way from one to the next, and the language of a phone number's country."""

from __future__ import annotations

import subprocess
import sys

import phonenumbers
import pytest
from babel import Locale
from babel.core import get_global
from babel.localedata import locale_identifiers
from hypothesis import given
from hypothesis import strategies as st

from flashbot.templating.languages import (
    LANGUAGES,
    TERRITORIES,
    chain,
    closest,
    formatted_in,
    is_locale,
    missing_languages,
    normal,
    of_phone,
)

locales = st.sampled_from(sorted(locale_identifiers()))
odd = st.none() | st.text(max_size=12) | locales


@pytest.mark.parametrize(
    ("wanted", "own", "expected"),
    [
        ("fr_CI", "en", ("fr_CI", "fr", "en", None)),
        ("fr_CI", "fr_SN", ("fr_CI", "fr", "fr_SN", None)),
        ("fr", "fr", ("fr", None)),
        (None, "en", ("en", None)),
        (None, None, (None,)),
        ("FR", None, ("fr", None)),
        ("fr-CI", None, ("fr_CI", "fr", None)),
        ("pt-br", "en_NG", ("pt_BR", "pt", "en_NG", "en", None)),
        ("zh_Hans_CN", "en", ("zh_Hans_CN", "zh_Hans", "zh", "en", None)),
        ("es_419", None, ("es_419", "es", None)),
        ("", "en", ("en", None)),
        ("French", "en", ("en", None)),
        ("fr_CI.UTF-8", "en", ("en", None)),
        ("xx_CI", "en", ("en", None)),
        ("fr_", "en", ("en", None)),
        ("fr\n", "en", ("en", None)),
    ],
)
def test_chain_goes_from_the_dialect_to_its_language_to_the_bots_own_to_none(
    wanted: str | None, own: str | None, expected: tuple[str | None, ...]
) -> None:
    assert chain(wanted, own) == expected


@given(odd, odd)
def test_chain_names_every_language_once_and_ends_with_none(wanted: str | None, own: str | None) -> None:
    found = chain(wanted, own)

    assert found[-1] is None
    assert len(set(found)) == len(found)
    assert all(language is None or is_locale(language) for language in found)


@pytest.mark.parametrize(
    "word", ["fr", "en", "fr_CI", "pt_BR", "zh_Hans", "zh_Hant_TW", "es_419", "pt-br", "FR", "ary_MA"]
)
def test_locales_are_known_in_any_spelling(word: str) -> None:
    assert is_locale(word) is (word != "ary_MA")  # CLDR has no data for Moroccan Arabic


@pytest.mark.parametrize(
    "word",
    ["", "v2", "new", "old", "day", "me", "parcel", "fr_CIV", "fr_", "_fr", "fr__CI", "fr CI", "f", "fr_C1", "ｆｒ"],
)
def test_other_words_of_a_file_name_are_no_locales(word: str) -> None:
    assert not is_locale(word)


@given(locales)
def test_normal_form_of_what_cldr_knows_is_what_cldr_writes(locale: str) -> None:
    if locale.count("_") > 2 or any(len(part) > 4 for part in locale.split("_")):
        return  # variants such as ca_ES_VALENCIA

    assert normal(locale) == normal(locale.replace("_", "-").upper()) == locale


@pytest.mark.parametrize(
    ("among", "wanted", "own", "expected"),
    [
        ({"fr", "en"}, "fr_CI", "en", "fr"),
        ({"fr_SN", "en"}, "fr_CI", "en", "fr_SN"),
        ({"pt_BR", "en", None}, "pt", "en", "pt_BR"),
        ({"en", None}, "fr_CI", "en", "en"),
        ({"en_GB", None}, "fr_CI", "en", "en_GB"),
        ({"en", None}, "fr_CI", "fr", None),
        ({"de", "ar"}, "fr_CI", "en", "ar"),
        ({"de"}, None, None, "de"),
        ({None}, "fr", None, None),
    ],
)
def test_closest_language_is_a_dialect_of_the_same_before_another_one(
    among: set[str | None], wanted: str | None, own: str | None, expected: str | None
) -> None:
    assert closest(among, wanted, own) == expected


@given(st.sets(st.none() | locales, min_size=1), odd, odd)
def test_closest_language_is_always_one_of_those_there(
    among: set[str | None], wanted: str | None, own: str | None
) -> None:
    assert closest(among, wanted, own) in among


@pytest.mark.parametrize(
    ("file", "wanted", "own", "expected"),
    [
        ("fr", "fr_CI", "en", "fr_CI"),
        ("fr", "fr", "en", "fr"),
        ("fr", "en_NG", "en", "fr"),
        ("fr", None, "en", "fr"),
        ("fr_SN", "fr_CI", "en", "fr_SN"),
        ("pt_BR", "pt_PT", None, "pt_BR"),
        (None, "fr_CI", "en", "en"),
        (None, "fr_CI", "fr", "fr_CI"),
        (None, "fr-ci", None, "fr_CI"),
        (None, None, None, "en"),
    ],
)
def test_numbers_are_written_in_the_texts_language_as_in_the_contacts_country(
    file: str | None, wanted: str | None, own: str | None, expected: str
) -> None:
    assert formatted_in(file, wanted, own) == expected


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        ("+2250700000000", "fr_CI"),
        ("+237650000000", "fr_CM"),
        ("+221770000000", "fr_SN"),
        ("+2348012345678", "en_NG"),
        ("+233200000000", "en_GH"),
        ("+254700000000", "en_KE"),
        ("+212600000000", "ar_MA"),
        ("+33612345678", "fr_FR"),
        ("+491701234567", "de_DE"),
        ("+447700900123", "en_GB"),
        ("+12125551234", "en_US"),
        ("+15145551234", "en_CA"),
        ("+18095551234", "es_DO"),
        ("+5511912345678", "pt_BR"),
        ("+85251234567", "zh_Hant_HK"),
        ("+870773111632", None),  # a satellite's
        ("+999123456", None),
        ("2250700000000", None),
        ("nobody", None),
        ("", None),
    ],
)
def test_number_tells_the_language_businesses_write_there(phone: str, expected: str | None) -> None:
    assert of_phone(phone) == expected


def test_every_country_with_phone_numbers_has_a_locale_that_cldr_can_format() -> None:
    found = {territory: f"{language}_{territory}" for territory, language in TERRITORIES.items()}

    assert found.keys() == phonenumbers.SUPPORTED_REGIONS
    assert all(normal(locale) == locale and Locale.parse(locale.split("_")[0]) for locale in found.values())


def test_languages_are_those_cldr_has_data_for() -> None:
    assert {identifier.split("_")[0] for identifier in locale_identifiers()} == LANGUAGES


def test_languages_of_countries_are_what_the_rule_makes_of_cldr() -> None:
    spoken = get_global("territory_languages")
    business = {"ar", "de", "en", "es", "fr", "nl", "pt", "zh"}
    found = {}

    for territory in phonenumbers.SUPPORTED_REGIONS:
        official = {
            language: share["population_percent"]
            for language, share in spoken[territory].items()
            if share["official_status"] in ("official", "de_facto_official") and language.split("_")[0] in LANGUAGES
        } or {"en": 100}
        best = max(official, key=lambda language: official[language])
        written = official.keys() & {"en", "es", "fr", "pt"}
        if best.split("_")[0] not in business and written:
            best = max(written, key=lambda language: official[language])
        found[territory] = best

    assert found == TERRITORIES


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        ({"parcel": {"fr", "en"}, "coupon": {"fr"}}, {"coupon": ("en",)}),
        ({"parcel": {"fr", "en"}, "coupon": {"en", "fr"}}, {}),
        ({"parcel": {"fr", "en"}, "coupon": {"fr_CI"}}, {"coupon": ("en",)}),
        ({"parcel": {"fr", "fr_CI"}, "coupon": {"fr"}}, {}),
        ({"parcel": {"fr", None}, "coupon": {"en"}}, {"coupon": ("fr",)}),
        ({"parcel": {"fr", "en"}, "coupon": {None}}, {}),
        ({"parcel": {"fr"}, "coupon": {"en"}, "x": {"pt_BR"}},
         {"parcel": ("en", "pt_BR"), "coupon": ("fr", "pt_BR"), "x": ("en", "fr")}),
        ({}, {}),
    ],
)  # fmt: skip
def test_lacking_are_the_languages_that_other_templates_have(
    languages: dict[str, set[str | None]], expected: dict[str, tuple[str, ...]]
) -> None:
    assert missing_languages(languages) == expected


def test_languages_load_neither_babel_nor_jinja() -> None:
    code = (
        "import sys; from flashbot.templating.languages import chain, of_phone; chain('fr_CI', 'en');"
        "of_phone('+2250700000000'); print([name for name in ('babel', 'jinja2') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
