"""Days of rest, of prayer and of fasting; and the presets by name."""

from __future__ import annotations

from datetime import UTC, date, time, timedelta
from string import ascii_uppercase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.errors import BotMistake
from flashbot.outreach.feasts import holiday, rest_day, rests, weekend
from flashbot.outreach.observances import is_ramadan
from flashbot.outreach.presets import PRESETS, Presets

NINE_TO_FIVE = ((time(9), time(17)),)


def test_a_public_holiday_has_its_name_in_english_and_in_french() -> None:
    day = date(2026, 8, 7)

    assert holiday("CI", day) == "Independence Day"
    assert holiday("CI", day, "fr") == "Fête Nationale"
    assert holiday("CI", date(2026, 8, 6)) is None


def test_a_name_that_has_no_french_comes_in_english() -> None:
    assert holiday("JP", date(2026, 1, 1), "fr") == "New Year's Day"


def test_a_part_of_a_country_keeps_its_own_days_as_well() -> None:
    epiphany = date(2026, 1, 6)

    assert holiday("DE", epiphany) is None
    assert holiday("DE-BY", epiphany) == "Epiphany"
    assert holiday("DE-BY", date(2026, 10, 3)) is not None


def test_an_unknown_part_keeps_what_the_country_does() -> None:
    assert holiday("DE-XX", date(2026, 10, 3)) == holiday("DE", date(2026, 10, 3))


@pytest.mark.parametrize("place", ["", "??", "ZZ", "-", "Nowhere", "C'I", "__dict__"])
def test_a_country_that_is_not_known_has_no_holidays_and_the_common_weekend(place: str) -> None:
    assert holiday(place, date(2026, 1, 1)) is None
    assert weekend(place) == {5, 6}


@given(st.text(max_size=8), st.dates(date(1970, 1, 1), date(2300, 1, 1)))
def test_no_place_and_no_day_is_too_much(place: str, day: date) -> None:
    assert rests(place, day) in (True, False)
    assert weekend(place)
    assert is_ramadan(day) in (True, False)


def test_every_country_is_read_without_a_warning() -> None:
    codes = [first + second for first in ascii_uppercase for second in ascii_uppercase]

    known = [code for code in codes if any(holiday(code, date(2050, 1, day)) for day in range(1, 32))]

    assert len(known) > 150


def test_an_estimated_feast_closes_the_day_after_too() -> None:
    assert holiday("SN", date(2026, 5, 27)) == "Eid al-Adha (estimated)"
    assert rests("SN", date(2026, 5, 27))
    assert rests("SN", date(2026, 5, 28))
    assert not rests("SN", date(2026, 5, 29))


def test_a_feast_that_is_certain_does_not() -> None:
    assert rests("SN", date(2026, 5, 1))
    assert not rests("SN", date(2026, 5, 2))


@pytest.mark.parametrize(
    ("place", "days"),
    [("FR", {5, 6}), ("SN", {5, 6}), ("EG", {4, 5}), ("DZ", {4, 5}), ("AE", {5, 6}), ("IR", {4}), ("IN", {6})],
)
def test_the_weekend_is_the_countrys(place: str, days: set[int]) -> None:
    assert weekend(place) == days


@pytest.mark.parametrize(
    ("place", "day"),
    [("FR", 6), ("SN", 6), ("", 6), ("EG", 4), ("DZ", 4), ("AE", 6), ("IR", 4), ("IN", 6), ("IL", 5), ("EG-ALX", 4)],
)
def test_the_day_of_rest_is_one_of_the_weekend_and_the_countrys(place: str, day: int) -> None:
    assert rest_day(place) == day
    assert day in weekend(place)


def test_a_part_of_a_country_has_its_weekend() -> None:
    assert weekend("EG-ALX") == weekend("EG")


def test_ramadan_is_a_day_longer_at_both_ends_than_the_calendar_says() -> None:
    # 1447 by Umm al-Qura: 18 February to 19 March 2026.
    days = [date(2026, 2, 1) + timedelta(days=step) for step in range(60)]

    assert [day for day in days if is_ramadan(day)] == [date(2026, 2, 17) + timedelta(days=step) for step in range(32)]


def test_a_year_in_which_ramadan_comes_twice_has_both() -> None:
    assert is_ramadan(date(2030, 1, 10))
    assert is_ramadan(date(2030, 12, 31))
    assert not is_ramadan(date(2030, 6, 1))


def test_no_ramadan_is_known_after_2077() -> None:
    assert not any(is_ramadan(date(2080, 1, 1) + timedelta(days=step)) for step in range(400))


def test_the_preset_of_france_is_the_rule_for_calls() -> None:
    fr = PRESETS["fr"]

    assert fr.weekday(0) == ((time(10), time(13)), (time(14), time(20)))
    assert fr.weekday(5) == fr.weekday(6) == ()
    assert "holiday" in fr.closed_on


def test_every_named_preset_leaves_sundays_or_the_day_of_rest_alone() -> None:
    assert set(PRESETS) == {"default", "fr", "eu", "sn", "ci", "ng", "ma"}
    for preset in PRESETS.values():
        assert preset.weekday(6) == () or "rest_day" in preset.closed_on
        assert "holiday" in preset.closed_on


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"week": (NINE_TO_FIVE,) * 6}, "seven days"),
        ({"week": ((),) * 7}, "seven days"),
        ({"week": (((time(9, tzinfo=UTC), time(17)),),) * 7}, "tzinfo"),
        ({"dates": ((date(2026, 1, 1), ((time(9, tzinfo=UTC), time(17)),)),)}, "tzinfo"),
        ({"opens": time(8, 30, 15)}, "seconds"),
        ({"opens": time(20)}, "week"),
        ({"closed_on": {"sunday"}}, "sunday"),
    ],
)
def test_presets_that_make_no_sense_are_refused(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(BotMistake, match=named):
        Presets(**changed)


def test_presets_may_be_written_with_a_set() -> None:
    given_as_set: Any = {"prayer"}

    assert hash(Presets(closed_on=given_as_set)) == hash(Presets(closed_on=frozenset({"prayer"})))


def test_a_date_that_differs_is_found_by_its_day() -> None:
    presets = Presets(dates=((date(2026, 12, 20), NINE_TO_FIVE),))

    assert presets.on(date(2026, 12, 20)) == NINE_TO_FIVE
    assert presets.on(date(2026, 12, 21)) is None
