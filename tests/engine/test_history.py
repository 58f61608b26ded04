"""The days of a number as its stage counts them."""

from __future__ import annotations

from flashbot.engine.history import LONGEST, dump_days, load_days, reply_rate, with_days, worst_hour
from flashbot.outreach.stages import Day, stage
from flashbot.store.numbers import DayCount


def test_a_day_that_is_over_has_its_shares() -> None:
    (day,) = with_days({}, [DayCount(20_000, 40, 2, 1)], ceiling=50, rate=0.3, disconnects=1).values()

    assert day == Day(True, 40, 0.8, 0.3, 0.05, 0.025, disconnects_hour=1)


def test_of_days_on_which_nobody_looked_only_the_last_has_a_rate() -> None:
    counts = [DayCount(1, 5, 0, 0), DayCount(2, 0, 0, 0), DayCount(3, 5, 0, 0)]

    days = with_days({}, counts, ceiling=5, rate=0.5).values()

    assert [day.active for day in days] == [True, False, True]
    assert [day.reply_rate for day in days] == [None, None, 0.5]


def test_few_people_have_no_rate() -> None:
    assert reply_rate(19, 19) is None
    assert reply_rate(20, 5) == 0.25


def test_what_is_kept_is_read_again_and_what_a_newer_version_added_is_passed_over() -> None:
    days = {7: Day(True, 9, 0.9, 0.4), 9: Day(locked=True)}

    assert load_days(dump_days(days)) == days
    assert load_days('[[true,9,0.9,0.4,0,0,false,0,7,"new"]]') == {7: days[7]}
    assert load_days("") == {}
    assert len(with_days(dict.fromkeys(range(2 * LONGEST), days[7]), [], ceiling=0, rate=None)) == LONGEST


def test_what_was_kept_without_its_days_ends_on_the_day_before() -> None:
    stored = '[[true,9,0.9,0.4,0,0,false,0],[false,0,0,null,0,0,false,0,"newer"]]'

    days = load_days(stored, before=20_000)

    assert {day: facts.sent for day, facts in days.items()} == {19_998: 9, 19_999: 0}


def test_a_day_that_comes_again_after_the_clock_jumped_back_is_one_day() -> None:
    days: dict[int, Day] = {}
    for day in (20_000, 20_001, 20_000, 20_001, 20_002):
        days = with_days(days, [DayCount(day, 9, 0, 0)], ceiling=10, rate=0.4)

    assert list(days) == [20_000, 20_001, 20_002]


def test_days_ahead_go_and_those_counted_again_keep_what_only_they_knew() -> None:
    first = with_days({}, [DayCount(20_000, 9, 0, 0)], ceiling=10, rate=0.4)
    ahead = with_days(first, [DayCount(day, 0, 0, 0) for day in range(20_001, 20_030)], ceiling=10, rate=None)

    days = with_days(ahead, [DayCount(20_000, 9, 0, 0), DayCount(20_001, 5, 0, 0)], ceiling=10, rate=0.2)

    assert list(days) == [20_000, 20_001]
    assert (days[20_000].reply_rate, days[20_001].sent, days[20_001].reply_rate) == (0.4, 5, 0.2)


def test_three_good_days_bring_the_next_stage() -> None:
    counts = [DayCount(day, 9, 0, 0) for day in range(3)]
    days: dict[int, Day] = {}

    for count in counts:
        days = with_days(days, [count], ceiling=10, rate=0.4)

    assert stage(list(days.values())) == 2


def test_the_worst_hour_of_a_day_is_the_one_with_the_most_losses_of_the_link() -> None:
    day_ms, minute = 20_000 * 86_400_000, 60_000
    losses = [day_ms - 10 * minute, day_ms + 20 * minute, day_ms + 49 * minute, day_ms + 300 * minute]

    found = [worst_hour(" ".join(map(str, losses)), day) for day in (19_999, 20_000, 20_001)]

    assert found == [1, 3, 0]
    assert worst_hour("", 20_000) == 0


def test_days_on_which_the_link_was_lost_three_times_within_an_hour_bring_no_next_stage() -> None:
    days: dict[int, Day] = {}

    for day in range(6):
        days = with_days(days, [DayCount(day, 9, 0, 0)], ceiling=10, rate=0.4, disconnects=3)

    assert stage(list(days.values())) == 1
