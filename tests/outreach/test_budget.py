"""How many unasked messages may leave: MsgFlash's caps while they are fresh, less when they age, never without end."""

from __future__ import annotations

import pytest

from flashbot.outreach.budget import Health, Limits, is_fresh, learn, limits

MINUTE, HOUR = 60_000, 3_600_000
NOW = 1_800_000_000_000


def known(age_ms: int, *, hourly: int | None = 25, daily: int | None = 100, hour: int = 4, day: int = 18) -> Health:
    return learn(None, at_ms=NOW - age_ms, used_hour=hour, used_day=day, hourly=hourly, daily=daily)


def test_fresh_caps_hold_less_what_is_used() -> None:
    assert limits(known(MINUTE), NOW) == Limits(since=21, hour=25, day=100)


def test_the_tighter_of_the_two_caps_decides() -> None:
    assert limits(known(MINUTE, day=98), NOW).since == 2


def test_more_used_than_allowed_leaves_nothing() -> None:
    assert limits(known(MINUTE, hour=30), NOW).since == 0


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (14 * MINUTE, True), (15 * MINUTE, False), (-MINUTE, True)])
def test_health_is_fresh_for_a_quarter_of_an_hour(age: int, fresh: bool) -> None:
    assert is_fresh(known(age), NOW) is fresh


def test_old_caps_count_for_four_fifths() -> None:
    assert limits(known(20 * MINUTE), NOW) == Limits(since=16, hour=20, day=80)


def test_the_hour_that_was_counted_is_over_after_an_hour() -> None:
    assert limits(known(2 * HOUR, hour=25), NOW) == Limits(since=62, hour=20, day=80)


@pytest.mark.parametrize("health", [None, known(7 * HOUR)])
def test_nothing_known_is_never_without_end(health: Health | None) -> None:
    assert limits(health, NOW) == Limits(since=None, hour=20, day=50)


def test_health_without_caps_holds_the_cautious_ones_and_what_is_used_counts() -> None:
    assert limits(known(0, hourly=None, daily=None), NOW) == Limits(since=16, hour=20, day=50)


def test_a_cap_that_is_missing_stays_the_last_known_with_its_age() -> None:
    before = known(HOUR)

    after = learn(before, at_ms=NOW, used_hour=0, used_day=0, hourly=None, daily=200)

    assert limits(after, NOW) == Limits(since=20, hour=20, day=200)


def test_a_clock_that_jumped_back_does_not_make_old_health_fresh_for_ever() -> None:
    assert limits(known(-7 * HOUR), NOW) == Limits(since=None, hour=20, day=50)


def test_it_survives_being_stored() -> None:
    health = known(MINUTE)

    assert Health.load(health.dump()) == health
    assert Health.load(b"") is None
