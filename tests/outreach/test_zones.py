"""In which time zones a person may be."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.outreach.zones import around, is_spread, is_zone, offsets, territory, zone_named, zones_in, zones_of

ABIDJAN, PARIS, MANHATTAN = "+2250700000000", "+33612345678", "+12125550123"
TOLL_FREE = "+18005550123"
"""Of the whole United States."""
RUSSIA, MOROCCO, SATELLITE = "+79161234567", "+212612345678", "+8821612345678"


def test_what_was_told_stands_before_what_was_learned_and_that_before_the_number() -> None:
    assert zones_of(TOLL_FREE, explicit="Asia/Tokyo", learned={13: 9}) == ("Asia/Tokyo",)
    assert set(zones_of(TOLL_FREE, learned={13: 9})) < set(zones_of(TOLL_FREE))
    assert zones_of(ABIDJAN) == ("Africa/Abidjan",)


@pytest.mark.parametrize("nonsense", ["", "Paris", "Europe", "../passwd", "Europe/Atlantis", "localtime", "a\0b"])
def test_what_is_no_zone_is_passed_over(nonsense: str) -> None:
    assert zones_of(PARIS, explicit=nonsense) == ("Europe/Paris",)


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


# -- learned


def test_whoever_writes_at_nine_in_new_york_is_not_in_honolulu_where_it_is_night() -> None:
    found = zones_of(TOLL_FREE, learned={13: 3})

    assert {"America/New_York", "America/Los_Angeles"} <= set(found)
    assert "Pacific/Honolulu" not in found
    assert "America/Anchorage" in found, "in summer it is five o'clock there, and no night any more"


@pytest.mark.parametrize(
    ("phone", "hours", "kept", "left_out"),
    [
        (RUSSIA, {6: 5, 18: 5}, "Europe/Moscow", "Asia/Vladivostok"),
        ("+61412345678", {16: 6}, "Australia/Perth", "Australia/Sydney"),
        ("+243812345678", {23: 4}, "Africa/Kinshasa", "Africa/Lubumbashi"),
    ],
)
def test_hours_tell_zones_of_wide_countries_apart(phone: str, hours: dict[int, int], kept: str, left_out: str) -> None:
    found = zones_of(phone, learned=hours)

    assert kept in found
    assert left_out not in found


@pytest.mark.parametrize("hours", [{13: 2}, {13: 3, 18: 30}, {19: 40}, {}])
def test_too_little_says_nothing(hours: dict[int, int]) -> None:
    assert zones_of(TOLL_FREE, learned=hours) == zones_of(TOLL_FREE)


def test_evidence_that_speaks_against_every_zone_leaves_all_of_them() -> None:
    day_and_night = dict.fromkeys(range(24), 9)

    assert zones_of(TOLL_FREE, learned=day_and_night) == zones_of(TOLL_FREE)


def test_where_the_number_names_one_zone_hours_change_nothing() -> None:
    assert zones_of(MANHATTAN, learned={7: 40}) == ("America/New_York",)
    assert zones_of(SATELLITE, learned={3: 40}) == zones_of(SATELLITE)


@given(st.sampled_from([TOLL_FREE, RUSSIA, ABIDJAN, PARIS]), st.dictionaries(st.integers(0, 23), st.integers(1, 49)))
def test_what_is_learned_only_leaves_out_and_never_all(phone: str, hours: dict[int, int]) -> None:
    found = zones_of(phone, learned=hours)

    assert found
    assert set(found) <= set(zones_of(phone))


@pytest.mark.parametrize(
    ("phone", "spread"),
    [(TOLL_FREE, True), (RUSSIA, True), (MANHATTAN, False), (PARIS, False), (SATELLITE, False), ("someone@lid", False)],
)
def test_there_is_something_to_learn_where_clocks_of_a_number_differ(phone: str, spread: bool) -> None:
    assert is_spread(phone) is spread


def test_kazakhstan_has_seven_zones_and_one_clock() -> None:
    assert len(zones_of("+77011234567")) > 1
    assert not is_spread("+77011234567")


# -- where nothing is known


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
    st.none() | st.dictionaries(st.integers(0, 23), st.integers(1, 49)),
)
def test_there_is_always_a_zone_and_each_is_one(
    phone: str | None, explicit: str | None, learned: dict[int, int] | None
) -> None:
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
