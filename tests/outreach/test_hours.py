"""When something unasked may arrive: in every zone at once, to the minute, over every change of clocks."""

from __future__ import annotations

import time as clock
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flashbot.outreach import hours
from flashbot.outreach.case import Hours
from flashbot.outreach.hours import SPREAD_MS, OpeningHours, open_at
from flashbot.outreach.localday import open_minutes, weekly_minutes
from flashbot.outreach.presets import PRESETS, Presets
from flashbot.outreach.zones import around, is_zone, territory, zones_in, zones_of

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
ALWAYS = Presets(closed_on=frozenset())
ABIDJAN, PARIS, CASABLANCA = ("Africa/Abidjan",), ("Europe/Paris",), ("Africa/Casablanca",)
ZONES = sorted(zone for zone in available_timezones() if is_zone(zone))
ODD = Presets(
    week=(
        ((time(6), time(9)), (time(22), time(2, 30))),
        ((time(1, 30), time(2, 15)), (time(23, 15), time(0))),
        (),
        ((time(0), time(0)),),
        ((time(10), time(20)),),
        ((time(20), time(4)),),
        (),
    ),
    closed_on=frozenset({"holiday", "prayer", "ramadan"}),
    dates=((date(2026, 12, 25), ((time(8), time(9)),)), (date(2026, 12, 26), ())),
)
NIGHTS = Presets(week=(((time(22), time(2)),),) * 7)
EVERY = Presets(closed_on=frozenset({"weekend", "holiday", "prayer", "ramadan"}))

YEAR_2020, YEAR_2040 = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1000 for year in (2020, 2040))

instants = st.integers(YEAR_2020, YEAR_2040)
presets = st.sampled_from([*PRESETS.values(), ALWAYS, EVERY, ODD])
zone_sets = st.lists(st.sampled_from(ZONES), min_size=0, max_size=3).map(tuple)
countries = st.sampled_from([None, "CI", "SN", "MA", "FR", "DE-BY", "EG", "NG", "??"])


def at(zone: str, *parts: int, fold: int = 0) -> int:
    return int(datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)  # type: ignore[arg-type, misc]  # a date's parts


def abidjan(*parts: int) -> int:
    return at("Africa/Abidjan", *parts)


def week_of(*spans: tuple[time, time]) -> Presets:
    return Presets(week=(spans,) * 7, closed_on=frozenset())


def test_the_day_is_from_half_past_eight_to_half_past_seven() -> None:
    opening, closing = abidjan(2026, 11, 24, 8, 30), abidjan(2026, 11, 24, 19, 30)

    assert open_at(opening - 1, ABIDJAN, "CI", Presets()) == ("quiet", opening)
    assert open_at(opening, ABIDJAN, "CI", Presets()) is None
    assert open_at(closing - 1, ABIDJAN, "CI", Presets()) is None
    assert open_at(closing, ABIDJAN, "CI", Presets()) == ("quiet", opening + DAY)


WEEKENDS = Presets(closed_on=frozenset({"weekend"}))


def test_a_saturday_is_a_working_day_unless_the_owner_closes_weekends_and_a_sunday_is_none() -> None:
    saturday, monday = abidjan(2026, 11, 21, 8, 30), abidjan(2026, 11, 23, 8, 30)

    assert open_at(abidjan(2026, 11, 20, 20), ABIDJAN, "CI", Presets()) == ("quiet", saturday)
    assert open_at(abidjan(2026, 11, 21, 12), ABIDJAN, "CI", Presets()) is None
    assert open_at(abidjan(2026, 11, 22, 12), ABIDJAN, "CI", Presets()) == ("weekend", monday)
    assert open_at(abidjan(2026, 11, 20, 20), ABIDJAN, "CI", WEEKENDS) == ("quiet", monday)
    assert open_at(abidjan(2026, 11, 21, 12), ABIDJAN, "CI", WEEKENDS) == ("weekend", monday)


def test_where_the_weekend_is_friday_and_saturday_sunday_is_a_working_day() -> None:
    cairo = ("Africa/Cairo",)
    friday, saturday = at("Africa/Cairo", 2026, 11, 20, 12), at("Africa/Cairo", 2026, 11, 21, 8, 30)
    sunday = at("Africa/Cairo", 2026, 11, 22, 8, 30)

    assert open_at(sunday, cairo, "EG", Presets()) is None
    assert open_at(friday, cairo, "EG", Presets()) == ("weekend", saturday)
    assert open_at(friday, cairo, "EG", WEEKENDS) == ("weekend", sunday)


def test_a_holiday_is_closed_and_named() -> None:
    christmas = at("Europe/Paris", 2026, 12, 25, 12)

    assert open_at(christmas, PARIS, "FR", Presets()) == ("holiday", at("Europe/Paris", 2026, 12, 26, 8, 30))


def test_without_a_country_the_one_of_the_zone_counts() -> None:
    assert open_at(at("Europe/Paris", 2026, 7, 14, 12), PARIS, None, Presets()) == (
        "holiday",
        at("Europe/Paris", 2026, 7, 15, 8, 30),
    )
    assert open_at(at("Africa/Cairo", 2026, 11, 20, 12), ("Africa/Cairo",), None, Presets()) is not None


def test_a_part_of_a_country_closes_on_its_own_holidays() -> None:
    epiphany = at("Europe/Berlin", 2026, 1, 6, 12)

    assert open_at(epiphany, ("Europe/Berlin",), "DE", Presets()) is None
    assert open_at(epiphany, ("Europe/Berlin",), "de-by", Presets()) == (
        "holiday",
        at("Europe/Berlin", 2026, 1, 7, 8, 30),
    )


def test_france_has_a_break_at_noon_and_no_saturday() -> None:
    def paris(*parts: int) -> int:
        return at("Europe/Paris", *parts)

    assert open_at(paris(2026, 11, 24, 13), PARIS, "FR", PRESETS["fr"]) == ("quiet", paris(2026, 11, 24, 14))
    assert open_at(paris(2026, 11, 24, 19, 59), PARIS, "FR", PRESETS["fr"]) is None
    assert open_at(paris(2026, 11, 28, 11), PARIS, "FR", PRESETS["fr"]) == ("weekend", paris(2026, 11, 30, 10))


def test_friday_noon_is_left_to_prayer() -> None:
    friday = abidjan(2026, 11, 20, 12)

    assert open_at(friday, ("Africa/Dakar",), "SN", PRESETS["sn"]) == ("prayer", friday + 3 * HOUR)
    assert open_at(friday - 1, ("Africa/Dakar",), "SN", PRESETS["sn"]) is None
    assert open_at(friday + DAY, ("Africa/Dakar",), "SN", PRESETS["sn"]) is None


def test_in_ramadan_mornings_begin_late_and_evenings_early() -> None:
    dakar = ("Africa/Dakar",)

    assert open_at(abidjan(2026, 2, 24, 9), dakar, "SN", PRESETS["sn"]) == ("ramadan", abidjan(2026, 2, 24, 10))
    assert open_at(abidjan(2026, 2, 24, 16, 59), dakar, "SN", PRESETS["sn"]) is None
    assert open_at(abidjan(2026, 2, 24, 17), dakar, "SN", PRESETS["sn"]) == ("ramadan", abidjan(2026, 2, 25, 10))
    assert open_at(abidjan(2026, 2, 24, 9), dakar, "SN", PRESETS["eu"]) is None


def test_morocco_puts_its_clocks_back_for_ramadan() -> None:
    friday, monday = at("Africa/Casablanca", 2026, 2, 13, 8, 30), at("Africa/Casablanca", 2026, 2, 16, 8, 30)

    assert monday - friday == 3 * DAY + HOUR
    assert open_at(friday - 1, CASABLANCA, "MA", WEEKENDS) == ("quiet", friday)
    assert open_at(friday + 12 * HOUR, CASABLANCA, "MA", WEEKENDS) == ("quiet", monday)


def test_a_window_that_begins_in_the_hour_that_is_left_out_begins_with_the_change() -> None:
    presets = week_of((time(2, 30), time(5)))
    change = int(datetime(2027, 3, 28, 1, tzinfo=UTC).timestamp() * 1000)

    assert open_at(change - HOUR, PARIS, None, presets) == ("quiet", change)
    assert open_at(change, PARIS, None, presets) is None
    assert open_at(at("Europe/Paris", 2027, 3, 28, 5), PARIS, None, presets) is not None


def test_a_window_that_the_change_leaves_out_whole_opens_on_the_next_day() -> None:
    presets = week_of((time(2, 10), time(2, 50)))

    assert open_at(at("Europe/Paris", 2027, 3, 28, 1), PARIS, None, presets) == (
        "quiet",
        at("Europe/Paris", 2027, 3, 29, 2, 10),
    )


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    presets = week_of((time(2, 15), time(2, 45)))
    first, second = (at("Europe/Paris", 2026, 10, 25, 2, 15, fold=fold) for fold in (0, 1))

    assert second - first == HOUR
    assert open_at(first - HOUR, PARIS, None, presets) == ("quiet", first)
    assert open_at(first + 30 * MINUTE, PARIS, None, presets) == ("quiet", second)
    assert open_at(second + 29 * MINUTE, PARIS, None, presets) is None


def test_a_date_that_a_zone_left_out_never_opens() -> None:
    apia = "Pacific/Apia"

    assert open_at(at(apia, 2011, 12, 29, 20), (apia,), None, ALWAYS) == ("quiet", at(apia, 2011, 12, 31, 8, 30))


def test_hours_over_midnight_end_on_the_next_day() -> None:
    presets = week_of((time(22), time(2)))

    assert open_at(abidjan(2026, 11, 24, 1, 59), ABIDJAN, None, presets) is None
    assert open_at(abidjan(2026, 11, 24, 2), ABIDJAN, None, presets) == ("quiet", abidjan(2026, 11, 24, 22))


def test_hours_over_midnight_do_not_reach_into_a_holiday_nor_begin_on_one() -> None:
    presets = Presets(week=(((time(22), time(2)),),) * 7, closed_on=frozenset({"holiday"}))

    assert open_at(abidjan(2026, 8, 7, 0), ABIDJAN, "CI", presets) == ("holiday", abidjan(2026, 8, 8, 22))
    assert open_at(abidjan(2026, 8, 8, 1), ABIDJAN, "CI", presets) == ("quiet", abidjan(2026, 8, 8, 22))


def test_a_whole_day_from_midnight_to_midnight() -> None:
    presets = week_of((time(0), time(0)))

    assert open_at(abidjan(2026, 11, 24, 3), ABIDJAN, None, presets) is None


def test_a_date_that_differs_is_open_on_a_sunday_and_another_closed_on_a_monday() -> None:
    presets = Presets(dates=((date(2026, 12, 20), ((time(10), time(12)),)), (date(2026, 12, 21), ())))

    assert open_at(abidjan(2026, 12, 20, 9), ABIDJAN, "CI", presets) == ("quiet", abidjan(2026, 12, 20, 10))
    assert open_at(abidjan(2026, 12, 20, 11), ABIDJAN, "CI", presets) is None
    assert open_at(abidjan(2026, 12, 20, 12), ABIDJAN, "CI", presets) == ("quiet", abidjan(2026, 12, 22, 8, 30))


def test_several_zones_open_when_the_last_of_them_does_and_close_with_the_first() -> None:
    both = ("America/New_York", "America/Los_Angeles")
    opening, closing = (
        at("America/Los_Angeles", 2026, 11, 24, 8, 30),
        at("America/New_York", 2026, 11, 24, 19, 30),
    )

    assert open_at(at("America/New_York", 2026, 11, 24, 9), both, "US", Presets()) == ("quiet", opening)
    assert open_at(closing - 1, both, "US", Presets()) is None
    assert open_at(closing, both, "US", Presets()) == ("quiet", opening + DAY)


def test_an_unknown_zone_opens_for_one_hour_in_the_middle_of_homes_day() -> None:
    presets = Presets()
    found = zones_of(None, home=("Africa/Abidjan",))
    opening = abidjan(2026, 11, 24, 13, 30)

    assert open_at(abidjan(2026, 11, 24, 10), found, None, presets) == ("quiet", opening)
    assert open_at(opening + HOUR - 1, found, None, presets) is None
    assert open_at(opening + HOUR, found, None, presets) == ("quiet", opening + DAY)


@pytest.mark.parametrize("unknown", [(), ("Nowhere",), ("localtime", "")])
def test_no_zone_never_means_no_quiet_hours(unknown: tuple[str, ...]) -> None:
    for hour in range(24):
        now = abidjan(2026, 11, 24, hour)

        assert open_at(now, unknown, None, Presets()) == open_at(now, around(), None, Presets())
        assert open_at(now, unknown, "FR", Presets()) == open_at(now, PARIS, "FR", Presets())


def test_all_of_russia_has_an_hour_in_common() -> None:
    opening = at("Asia/Kamchatka", 2026, 11, 24, 18, 30)

    assert opening == at("Europe/Kaliningrad", 2026, 11, 24, 8, 30)
    assert open_at(opening - 1, zones_in("RU"), "RU", Presets()) == ("quiet", opening)
    assert open_at(opening + HOUR, zones_in("RU"), "RU", Presets()) == ("quiet", opening + DAY)


def test_zones_whose_hours_never_meet_lose_the_outermost() -> None:
    far_apart = ("Europe/Paris", "Europe/Moscow", "Asia/Kolkata", "America/Los_Angeles")
    without = far_apart[:3]

    for hour in range(24):
        now = abidjan(2026, 11, 24, hour)
        assert open_at(now, far_apart, "FR", Presets()) == open_at(now, without, "FR", Presets())


def test_zones_that_meet_in_one_season_only_lose_the_outermost_all_year() -> None:
    presets = week_of((time(9), time(10, 45)))
    # Helsinki is an hour ahead in January and two in July.
    apart = ("Africa/Lagos", "Europe/Helsinki", "Africa/Algiers")

    assert open_at(at("Africa/Lagos", 2027, 1, 12, 10, 30), apart, None, presets) is None
    assert open_at(at("Africa/Lagos", 2027, 7, 13, 10, 30), apart, None, presets) is None


def test_zones_that_meet_only_after_midnight_are_both_kept() -> None:
    presets = week_of((time(22), time(2)))
    both = ("Europe/Paris", "Europe/Moscow")

    assert open_at(at("Europe/Paris", 2027, 1, 12, 12), both, None, presets) == (
        "quiet",
        at("Europe/Paris", 2027, 1, 12, 22),
    )


@pytest.mark.parametrize("rules", [*PRESETS.values(), ALWAYS, ODD, EVERY, NIGHTS])
@pytest.mark.parametrize("place", ["", "CI", "EG", "IR", "IN"])
def test_the_week_that_zones_are_compared_by_is_an_ordinary_one(rules: Presets, place: str) -> None:
    ordinary = [date(2026, 11, 16) + timedelta(days=step) for step in range(7)]
    rules = replace(rules, closed_on=rules.closed_on - {"holiday"})

    expected = [
        (step * 1440 + begin, step * 1440 + end)
        for step, day in enumerate(ordinary)
        for begin, end in open_minutes(place, rules, day)
    ]

    assert list(weekly_minutes(place, rules)) == expected


def test_ten_on_monday_an_hour_east_is_nine_by_utc() -> None:
    assert hours._turned(1 << 600, 60) == 1 << 540
    assert hours._turned(1 << 600, -60) == 1 << 660
    assert hours._turned(1, 60) == 1 << (7 * 1440 - 60)


def test_a_year_in_which_nothing_opens_is_asked_again_after_it() -> None:
    first = date(2026, 1, 1)
    presets = Presets(dates=tuple((first + timedelta(days=step), ()) for step in range(800)))
    now = abidjan(2026, 1, 10, 12)

    assert open_at(now, ABIDJAN, None, presets) == ("quiet", now + 366 * DAY)


def test_what_was_held_back_is_let_go_over_three_quarters_of_an_hour() -> None:
    night, opening = abidjan(2026, 11, 24, 3), abidjan(2026, 11, 24, 8, 30)

    untils = [OpeningHours(fraction).open_at(night, ABIDJAN, "CI", Presets()) for fraction in (0.0, 0.5, 1.0)]

    assert [until - opening for _, until in filter(None, untils)] == [0, SPREAD_MS // 2 - 1, SPREAD_MS - 1]


def test_a_short_window_is_spread_over_no_more_than_itself() -> None:
    presets = week_of((time(9), time(9, 10)))
    night = abidjan(2026, 11, 24, 3)

    found = open_at(night, ABIDJAN, None, presets, 1.0)

    assert found == ("quiet", abidjan(2026, 11, 24, 9, 10) - 1)


def test_a_window_over_midnight_utc_is_spread_in_full() -> None:
    presets = week_of((time(8, 50), time(12)))
    brisbane, opening = ("Etc/GMT-9",), int(datetime(2026, 11, 24, 23, 50, tzinfo=UTC).timestamp() * 1000)

    assert open_at(opening - HOUR, brisbane, None, presets, 1.0) == ("quiet", opening + SPREAD_MS - 1)


def test_a_window_over_local_midnight_is_spread_in_full() -> None:
    presets = week_of((time(23, 50), time(2)))
    opening = at("Europe/Paris", 2026, 11, 24, 23, 50)

    assert open_at(opening - HOUR, PARIS, None, presets, 1.0) == ("quiet", opening + SPREAD_MS - 1)


def test_the_gates_can_ask_it() -> None:
    asked: Hours = OpeningHours(0.25)

    assert asked.open_at(abidjan(2026, 11, 24, 12), ABIDJAN, "CI", Presets()) is None


@settings(max_examples=300, deadline=None)
@given(instants, zone_sets, countries, presets)
def test_the_moment_it_names_is_the_very_first(
    now: int, zones: tuple[str, ...], country: str | None, rules: Presets
) -> None:
    found = open_at(now, zones, country, rules)
    assume(found is not None)
    assert found is not None
    until = found[1]

    assert until > now
    assert open_at(until, zones, country, rules) is None
    assert open_at(until - 1, zones, country, rules) is not None
    for step in range(1, 200):
        between = now + (until - now) * step // 200
        if between < until:
            again = open_at(between, zones, country, rules)
            assert again is not None
            assert again[1] == until


@settings(max_examples=300, deadline=None)
@given(instants, st.sampled_from(ZONES), countries, presets)
def test_an_instant_is_open_when_the_clock_on_the_wall_says_so(
    now: int, zone: str, country: str | None, rules: Presets
) -> None:
    local = datetime.fromtimestamp(now / 1000, ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    place = country or territory(zone) or ""

    open_now = any(begin <= minute < end for begin, end in open_minutes(place, rules, local.date()))

    assert (open_at(now, (zone,), country, rules) is None) == open_now


@settings(max_examples=150, deadline=None)
@given(instants, zone_sets, countries, presets, st.floats(0, 1))
def test_a_spread_moment_is_open_and_not_far_behind_the_first(
    now: int, zones: tuple[str, ...], country: str | None, rules: Presets, fraction: float
) -> None:
    first, spread = open_at(now, zones, country, rules), open_at(now, zones, country, rules, fraction)

    assert (first is None) == (spread is None)
    if first is not None and spread is not None:
        assert 0 <= spread[1] - first[1] < SPREAD_MS
        assert open_at(spread[1], zones, country, rules) is None


def test_every_zone_of_the_database_opens_at_half_past_eight_of_its_own_clock() -> None:
    for zone in ZONES:
        found = open_at(at(zone, 2026, 11, 24, 20), (zone,), "??", ALWAYS)

        assert found is not None
        local = datetime.fromtimestamp(found[1] / 1000, ZoneInfo(zone))
        assert (local.hour, local.minute) == (8, 30)


@pytest.mark.parametrize("machine", ["UTC", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Apia"])
def test_the_zone_of_the_machine_does_not_matter(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [(abidjan(2026, 3, day, hour), zone) for day in range(1, 30) for hour in (2, 9, 18) for zone in ZONES[::97]]
    expected = [open_at(now, (zone,), None, EVERY) for now, zone in asked]

    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", machine)
        clock.tzset()
        hours._agenda.cache_clear()
        found = [open_at(now, (zone,), None, EVERY) for now, zone in asked]
    clock.tzset()

    assert found == expected


def test_twenty_thousand_contacts_over_thirty_days_are_asked_in_no_time() -> None:
    zones = [(zone,) for zone in ZONES[::20]]
    rules = Presets()
    start = abidjan(2026, 11, 1)
    for one in zones:
        for day in range(31):
            open_at(start + day * DAY, one, "CI", rules, 0.5)

    began = clock.process_time()
    for asked in range(20_000):
        open_at(start + asked % 720 * HOUR, zones[asked % len(zones)], "CI", rules, 0.5)
    each = (clock.process_time() - began) / 20_000

    assert each < 50e-6
