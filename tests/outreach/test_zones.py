"""In which time zones a person may be."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.outreach.zones import around, is_zone, offsets, territory, zone_named, zones_in, zones_of

ABIDJAN, PARIS, MANHATTAN = "+2250700000000", "+33612345678", "+12125550123"
RUSSIA, MOROCCO, SATELLITE = "+79161234567", "+212612345678", "+8821612345678"


def test_what_was_told_stands_before_what_was_learned_and_that_before_the_number() -> None:
    assert zones_of(ABIDJAN, explicit="Asia/Tokyo", learned="Europe/Paris") == ("Asia/Tokyo",)
    assert zones_of(ABIDJAN, learned="Europe/Paris") == ("Europe/Paris",)
    assert zones_of(ABIDJAN) == ("Africa/Abidjan",)


@pytest.mark.parametrize("nonsense", ["", "Paris", "Europe", "../passwd", "Europe/Atlantis", "localtime", "a\0b"])
def test_what_is_no_zone_is_passed_over(nonsense: str) -> None:
    assert zones_of(PARIS, explicit=nonsense, learned=nonsense) == ("Europe/Paris",)


def test_a_prefix_of_a_wide_country_names_its_zone() -> None:
    assert zones_of(MANHATTAN) == ("America/New_York",)
    assert zones_of("+13105550123") == ("America/Los_Angeles",)


def test_a_mobile_phone_of_russia_may_be_anywhere_in_russia_and_nowhere_else() -> None:
    found = zones_of(RUSSIA)

    assert {"Europe/Kaliningrad", "Europe/Moscow", "Asia/Kamchatka"} <= set(found)
    assert {territory(zone) for zone in found} == {"RU"}


def test_kazakhstan_shares_the_code_of_russia_but_not_its_zones() -> None:
    assert {territory(zone) for zone in zones_of("+77011234567")} == {"KZ"}


@pytest.mark.parametrize(
    ("phone", "zone"),
    [
        (MOROCCO, "Africa/Casablanca"),
        ("+218912345678", "Africa/Tripoli"),
        ("+213551234567", "Africa/Algiers"),
        ("+50581234567", "America/Managua"),
    ],
)
def test_a_neighbours_zone_in_the_table_of_numbers_is_replaced_by_the_countrys_own(phone: str, zone: str) -> None:
    assert zones_of(phone) == (zone,)


def test_kosovo_has_no_zone_of_its_own_and_goes_by_belgrade() -> None:
    assert zones_of("+38343201234") == ("Europe/Belgrade",)


def test_a_learned_offset_narrows_the_zones_of_the_number() -> None:
    found = zones_of(RUSSIA, learned="+03:00")

    assert "Europe/Moscow" in found
    assert all(180 in offsets(zone) for zone in found)
    assert len(found) < len(zones_of(RUSSIA))


@pytest.mark.parametrize("offset", ["+05:45", "+0545", "+5:45", "UTC+05:45", "GMT+5:45"])
def test_an_offset_that_the_country_does_not_have_means_a_person_abroad(offset: str) -> None:
    assert zones_of(ABIDJAN, learned=offset) == ("Asia/Kathmandu",)


def test_an_offset_stands_for_every_kind_of_zone_that_has_it_in_some_season() -> None:
    found = zones_of(ABIDJAN, learned="+01:00")

    assert {offsets(zone) for zone in found} == {(60, 60), (60, 120), (0, 60)}


def test_an_offset_that_nobody_has_is_passed_over() -> None:
    assert zones_of(ABIDJAN, learned="+01:17") == ("Africa/Abidjan",)
    assert zones_of(ABIDJAN, learned="-99") == ("Africa/Abidjan",)


@pytest.mark.parametrize("phone", [SATELLITE, "12345", "", None, "someone@lid"])
def test_a_person_of_whom_nothing_is_known_is_near_the_number_that_writes(phone: str | None) -> None:
    found = zones_of(phone, home=("Asia/Kolkata",))

    assert found == around(("Asia/Kolkata",))
    assert found[0] == "Asia/Kolkata"
    assert {offsets(zone)[0] // 60 for zone in found[1:]} == set(range(1, 12))


def test_without_a_home_the_unknown_are_within_five_hours_of_utc() -> None:
    assert zones_of(None) == around(("Etc/UTC",))
    assert {offsets(zone)[0] // 60 for zone in zones_of(None)} == set(range(-5, 6))


@pytest.mark.parametrize("home", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Etc/GMT+12", "Nowhere"])
def test_there_is_a_neighbourhood_at_the_edge_of_the_day_as_well(home: str) -> None:
    assert len(around((home,))) >= 6
    assert all(is_zone(zone) for zone in around((home,)))


@given(
    st.none() | st.from_regex(r"\+[1-9][0-9]{5,14}", fullmatch=True) | st.text(max_size=20),
    st.none() | st.text(max_size=12),
    st.none() | st.text(max_size=12) | st.from_regex(r"[+-][0-9]{1,2}:?[0-9]{0,2}", fullmatch=True),
)
def test_there_is_always_a_zone_and_each_is_one(phone: str | None, explicit: str | None, learned: str | None) -> None:
    found = zones_of(phone, explicit, learned)

    assert found
    assert all(is_zone(zone) for zone in found)


def test_every_zone_of_the_database_is_one_but_the_machines_own() -> None:
    refused = {zone for zone in available_timezones() if not is_zone(zone)}

    assert refused <= {"Factory", "localtime", "posixrules"}


def test_the_zone_of_the_machine_is_none() -> None:
    assert zone_named("localtime") is None
    assert zone_named("right/Europe/Paris") is None


def test_territories() -> None:
    assert territory("Asia/Calcutta") == territory("Asia/Kolkata") == "IN"
    assert territory("Etc/GMT-3") is None
    assert zones_in("CI") == ("Africa/Abidjan",)
    assert zones_in("??") == zones_in("ZZ") == ()
