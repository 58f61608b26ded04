"""How much a number may send: never without end, never more for knowing less, and never above what the owner set."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, time, timedelta
from random import Random
from statistics import mean, median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashbot.errors import BotMistake
from flashbot.outreach.facts import Number
from flashbot.outreach.grants import Caps
from flashbot.outreach.health import Health, Told, learn
from flashbot.outreach.limits import gap_ms, limits, rest
from flashbot.outreach.policy import Limits, Policy
from flashbot.outreach.presets import Presets
from flashbot.outreach.stages import STAGES, Day, stage, stage_by_age, usual_day
from flashbot.outreach.standing import standing

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = 1_800_000_000_000
POLICY = Policy()
SAMPLE = learn(
    None, at_ms=NOW, hour=25, day=100, recipients_hour=25, recipients_day=100, campaign_recipients=100, cold_ratio=0.4
)
"""The one that MsgFlash prints: a number of 1.4 days that is warming, with a score of 56."""
YOUNG = Number(True, state="warming", score=56, health_at_ms=NOW, linked_since_ms=NOW - 34 * HOUR)
GROWN = Number(True, state="stable", score=90, health_at_ms=NOW, linked_since_ms=NOW - 200 * DAY)


def of(number: Number = GROWN, health: Health | None = SAMPLE, *, policy: Policy = POLICY, **more: Any) -> Limits:
    return limits(number, health, policy, NOW, **more)


def aged(health: Health, by_ms: int) -> Health:
    def older(told: Told | None) -> Told | None:
        return None if told is None else replace(told, at_ms=told.at_ms - by_ms)

    return Health(*(older(getattr(health, one.name)) for one in fields(Health)))


# -- what MsgFlash advises


def test_the_ceilings_of_the_sample_hold_as_told_less_what_is_kept_for_replies() -> None:
    most = of(YOUNG)

    assert (most.hour, most.day, most.recipients_hour, most.recipients_day) == (25, 100, 25, 100)
    assert (most.proactive_hour, most.proactive_day) == (17, 100)
    assert (most.campaign_recipients, most.cold_ratio) == (100, 0.4)
    assert (most.new_hour, most.new_day) == (0, 0)


def test_limits_are_what_a_ledger_takes() -> None:
    caps: Caps = of()

    assert caps.identical_hour == 3
    assert of(policy=Policy(identical_an_hour=7)).identical_hour == 7


@pytest.mark.parametrize(
    ("age", "hour", "day"),
    [(0, 25, 100), (15 * MINUTE - 1, 25, 100), (15 * MINUTE, 20, 80), (6 * HOUR - 1, 20, 80), (-20 * MINUTE, 20, 80)],
)
def test_old_ceilings_count_for_four_fifths(age: int, hour: int, day: int) -> None:
    most = of(GROWN, aged(SAMPLE, age), stage=7)

    assert (most.hour, most.day, most.recipients_hour, most.recipients_day) == (hour, day, hour, day)
    assert most.proactive_hour == int(hour * 0.7)
    assert most.cold_ratio == pytest.approx(0.4 * hour / 25)


@pytest.mark.parametrize("age", [6 * HOUR, 90 * DAY, -6 * HOUR])
@pytest.mark.parametrize("reached", range(1, 8))
def test_gone_ceilings_leave_the_stage(age: int, reached: int) -> None:
    rich = learn(None, at_ms=NOW - age, hour=9000, day=90_000, campaign_recipients=9000, cold_ratio=1)

    most = of(GROWN, rich, stage=reached)

    row = STAGES[reached]
    assert (most.proactive_hour, most.proactive_day) == (row.proactive_hour, row.proactive_day)
    assert (most.new_hour, most.new_day) == (row.new_hour, row.new_day)
    assert most.campaign_recipients == row.proactive_day
    assert most.cold_ratio == max(0.2, row.new_day / row.proactive_day)
    assert most.median_gap_ms >= row.median_gap_ms


def test_a_ceiling_that_is_gone_still_bounds_the_stage() -> None:
    poor = learn(None, at_ms=NOW - 9 * HOUR, hour=10, day=20, cold_ratio=0.01)

    most = of(GROWN, poor, stage=7)

    assert (most.hour, most.proactive_hour, most.day, most.proactive_day) == (8, 5, 16, 16)
    assert most.cold_ratio == pytest.approx(0.008)


def test_a_ceiling_that_is_missing_is_the_stages_and_the_others_stay() -> None:
    most = of(GROWN, learn(None, at_ms=NOW, hour=25), stage=3)

    assert (most.hour, most.proactive_hour) == (25, 17)
    assert (most.proactive_day, most.campaign_recipients, most.cold_ratio) == (40, 40, 0.2)
    assert (most.recipients_hour, most.recipients_day, most.day) == (20, 58, 58)


@pytest.mark.parametrize("missing", [one.name for one in fields(Health)])
def test_each_ceiling_may_be_missing_alone(missing: str) -> None:
    most = of(GROWN, replace(SAMPLE, **{missing: None}), stage=1)
    whole = of(GROWN, stage=1)

    assert of(GROWN, None, stage=1) != most
    assert most != whole


def test_without_any_health_a_number_is_held_to_its_stage_and_notices_still_leave() -> None:
    most = of(GROWN, None)

    assert (most.proactive_hour, most.proactive_day, most.new_day) == (5, 10, 3)
    assert (most.hour, most.day) == (20, 50)


def test_a_ceiling_of_nothing_is_nothing() -> None:
    most = of(GROWN, learn(None, at_ms=NOW, hour=0, day=-5))

    assert (most.hour, most.day, most.proactive_hour, most.proactive_day) == (0, 0, 0, 0)


@pytest.mark.parametrize("odd", [float("inf"), float("nan"), 1e300])
def test_no_number_that_json_can_hold_breaks_it(odd: float) -> None:
    health = learn(None, at_ms=NOW, hour=odd, day=odd, cold_ratio=odd, campaign_recipients=odd)

    most = of(replace(GROWN, score=odd), health)

    assert 0 <= most.cold_ratio <= 1
    assert most.proactive_hour <= 10**9


# -- state and score


@pytest.mark.parametrize(
    ("state", "score", "share"),
    [
        ("new", 40, 1), ("new", 39.9, 0), ("new", None, 1),
        ("warming", 56, 1), ("warming", 100, 1), ("warming", 12, 0), ("warming", None, 1),
        ("stable", 80, 1), ("stable", 79.9, 0.75), ("stable", 60, 0.75), ("stable", 59.9, 0.5), ("stable", 40, 0.5),
        ("stable", 39.9, 0), ("stable", None, 0.5),
        ("at_risk", 95, 0.5), ("at_risk", 70, 0.5), ("at_risk", 45, 0.5), ("at_risk", 30, 0), ("at_risk", None, 0.5),
        ("restricted", 100, 0), ("restricted", None, 0), ("frozen", 100, 0), ("", 100, 0),
        (None, 100, 0.5), (None, None, 0.5), (None, 10, 0), ("stable", float("nan"), 0),
    ],
)  # fmt: skip
def test_state_and_score_are_one_worry_and_count_once(state: str | None, score: float | None, share: float) -> None:
    number = replace(GROWN, state=state, score=score)

    most = of(number)

    assert standing(number) == share
    assert (most.proactive_hour, most.proactive_day) == (int(17 * share), int(100 * share))
    assert most.campaign_recipients == int(100 * share)


@pytest.mark.parametrize("state", ["at_risk", None])
def test_a_number_at_risk_opens_no_chats(state: str | None) -> None:
    most = of(replace(GROWN, state=state), stage=7)

    assert (most.new_hour, most.new_day, most.cold_ratio) == (0, 0, 0.0)
    assert most.proactive_hour == 8


@pytest.mark.parametrize("state", ["restricted", "unheard_of"])
def test_restricted_leaves_nothing_unasked_and_all_that_was_asked_for(state: str) -> None:
    most = of(replace(GROWN, state=state), stage=7)

    assert (most.proactive_hour, most.proactive_day, most.new_hour, most.new_day) == (0, 0, 0, 0)
    assert (most.cold_ratio, most.campaign_recipients) == (0.0, 0)
    assert (most.hour, most.day) == (25, 100)


# -- the owner, the usual day, the share for replies


def test_the_owner_may_lower_a_ceiling_and_never_raise_one() -> None:
    most = of(policy=Policy(most_an_hour=4, most_a_day=9))
    generous = of(policy=Policy(most_an_hour=1000, most_a_day=1000))

    assert (most.proactive_hour, most.proactive_day, most.hour, most.day) == (4, 9, 25, 100)
    assert generous == of()
    assert of(policy=Policy(most_a_day=0)).proactive_day == 0


@pytest.mark.parametrize(("kept", "left"), [(0, 25), (0.3, 17), (0.5, 12), (1, 0)])
def test_a_share_of_the_hour_is_kept_for_replies(kept: float, left: int) -> None:
    assert of(policy=Policy(kept_for_replies=kept)).proactive_hour == left


@pytest.mark.parametrize(("usual", "day"), [(None, 100), (90.0, 100), (30.0, 45), (12.5, 18), (1.0, 10), (0.0, 10)])
def test_a_day_goes_half_beyond_the_usual_one_at_most_and_never_below_the_stage(usual: float | None, day: int) -> None:
    assert of(usual_day=usual, stage=1).proactive_day == day


def test_a_number_that_its_own_history_stopped_sends_nothing_unasked_whatever_is_told() -> None:
    assert of(stage=0).proactive_day == 0
    assert of(stage=0).hour == 25


@pytest.mark.parametrize("cap", [10, 20, 30, 50, 100, 1000])
def test_shares_are_taken_without_losing_one_to_rounding(cap: int) -> None:
    health = learn(None, at_ms=NOW, hour=cap, day=cap)

    assert of(GROWN, health).proactive_hour == cap * 7 // 10
    assert of(GROWN, health, policy=Policy(kept_for_replies=0.9)).proactive_hour == cap // 10


# -- ramps


@pytest.mark.parametrize(
    ("ago", "hour"), [(0, 70), (30_000, 385), (60_000, 700), (HOUR, 700), (-1, 70), (-HOUR, 70)]
)  # fmt: skip
def test_after_a_reconnect_the_pace_comes_back_over_a_minute(ago: int, hour: int) -> None:
    health = learn(None, at_ms=NOW, hour=1000, day=10_000)

    most = of(replace(GROWN, reconnected_ms=NOW - ago), health)

    assert most.proactive_hour == hour
    assert most.median_gap_ms == of(GROWN, health).median_gap_ms


@pytest.mark.parametrize(
    ("ago", "hour"),
    [(-HOUR, 0), (0, 0), (6 * HOUR - 1, 0), (6 * HOUR, 8), (30 * HOUR - 1, 8), (30 * HOUR, 17)],
)
def test_after_a_lock_it_waits_six_hours_and_goes_at_half_for_a_day(ago: int, hour: int) -> None:
    most = of(replace(GROWN, lock_until_ms=NOW - ago))

    assert most.proactive_hour == hour
    assert most.hour == 25


# -- stages


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, 0), (1.9, 0), (2, 1), (3.9, 1), (4, 2), (7, 3), (14, 4), (21, 5), (28, 6), (89.9, 6), (90, 7), (900, 7)],
)
def test_age_bounds_the_stage(days: float, expected: int) -> None:
    linked = NOW - int(days * DAY)

    assert stage_by_age(linked, NOW) == expected
    assert of(replace(GROWN, linked_since_ms=linked), None, stage=7).proactive_day == STAGES[expected].proactive_day


@pytest.mark.parametrize("linked", [None, NOW + DAY])
def test_a_number_of_unknown_age_was_linked_just_now(linked: int | None) -> None:
    assert stage_by_age(linked, NOW) == 0
    assert of(replace(GROWN, linked_since_ms=linked), None, stage=7).proactive_day == 0


GOOD = Day(active=True, sent=9, used=0.6, reply_rate=0.3)
QUIET = Day()


def test_a_number_without_history_begins_at_stage_one() -> None:
    assert stage([]) == 1


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([GOOD] * 2, 1),
        ([GOOD] * 3, 2),
        ([GOOD] * 6, 3),
        ([GOOD, QUIET, GOOD, QUIET, GOOD], 2),
        ([GOOD] * 12, 5),
        ([GOOD] * 15, 6),
        ([GOOD] * 18, 7),
        ([GOOD] * 99, 7),
    ],
)
def test_three_good_days_lead_up_one_stage(history: list[Day], expected: int) -> None:
    assert stage(history) == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"used": 0.59},
        {"active": False},
        {"reply_rate": None},
        {"reply_rate": 0.19},
        {"reply_rate": 0.10},
        {"failures": 0.05},
        {"failures": 0.10},
        {"negative": 0.02},
        {"negative": 0.03},
        {"disconnects_hour": 3},
    ],
)
def test_a_day_that_is_not_good_holds_the_stage(changed: dict[str, Any]) -> None:
    held = replace(GOOD, **changed)

    assert stage([*[GOOD] * 6, held]) == 3
    assert stage([*[GOOD] * 6, held, held]) == 3
    assert stage([GOOD, GOOD, held]) == 1
    assert stage([GOOD, GOOD, held, GOOD]) == 2


@pytest.mark.parametrize("changed", [{"reply_rate": 0.09}, {"failures": 0.11}, {"failures": 0.20}])
def test_few_replies_or_many_failures_lead_down_one_stage_a_day(changed: dict[str, Any]) -> None:
    bad = replace(GOOD, **changed)

    assert stage([*[GOOD] * 6, bad]) == 2
    assert stage([*[GOOD] * 6, bad, bad, bad]) == 1


@pytest.mark.parametrize(("idle", "expected"), [(2, 4), (3, 3), (5, 3), (6, 2), (30, 1)])
def test_every_three_days_without_activity_lead_down(idle: int, expected: int) -> None:
    assert stage([*[GOOD] * 9, *[QUIET] * idle]) == expected


@pytest.mark.parametrize("changed", [{"locked": True}, {"failures": 0.21}, {"negative": 0.031}])
def test_a_lock_or_worse_stops_and_it_begins_again_at_stage_one_after_three_healthy_days(
    changed: dict[str, Any],
) -> None:
    stopped = [*[GOOD] * 12, replace(GOOD, **changed)]

    assert stage(stopped) == 0
    assert stage([*stopped, QUIET, QUIET]) == 0
    assert stage([*stopped, QUIET, replace(GOOD, failures=0.06), QUIET, QUIET]) == 0
    assert stage([*stopped, QUIET, QUIET, QUIET]) == 1
    assert stage([*stopped, QUIET, QUIET, QUIET, GOOD, GOOD]) == 1
    assert stage([*stopped, QUIET, QUIET, QUIET, GOOD, GOOD, GOOD]) == 2


def test_the_sixth_stage_asks_for_fourteen_healthy_days_and_the_seventh_for_answers() -> None:
    shaky = replace(GOOD, disconnects_hour=3)
    dull = replace(GOOD, reply_rate=0.29)

    assert stage([*[GOOD] * 12, shaky, *[GOOD] * 13]) == 5
    assert stage([*[GOOD] * 12, shaky, *[GOOD] * 14]) == 6
    assert stage([dull] * 60) == 6
    assert stage([*[dull] * 60, GOOD]) == 7


def test_the_usual_day_is_the_mean_of_the_last_seven_active_ones() -> None:
    week = [replace(GOOD, sent=10 * count) for count in range(1, 8)]

    assert usual_day(week[:6]) is None
    assert usual_day([*week, QUIET, QUIET]) == 40
    assert usual_day([replace(GOOD, sent=999), *week]) == 40


# -- gaps and rests


def test_gaps_are_log_normal_around_the_median_and_clipped() -> None:
    rng = Random(7)

    drawn = [gap_ms(100_000, rng) for _ in range(20_000)]

    assert median(drawn) == pytest.approx(100_000, rel=0.02)
    assert mean(drawn) == pytest.approx(110_000, rel=0.02)
    assert min(drawn) == 40_000
    assert max(drawn) <= 400_000
    assert max(drawn) > 300_000
    assert [gap_ms(100_000, Random(7)), gap_ms(0, rng), gap_ms(-5, rng)] == [drawn[0], 0, 0]


@pytest.mark.parametrize("hourly", [10, 25, 85, 100, 1000])
def test_gaps_and_rests_together_spread_the_ceiling_over_the_hour(hourly: int) -> None:
    most, rng = of(GROWN, learn(None, at_ms=NOW, hour=hourly, day=9999)), Random(1)
    elapsed = count = batch = 0
    after, pause = rest(most, rng)

    while elapsed < 400 * HOUR:
        elapsed += gap_ms(most.median_gap_ms, rng)
        count, batch = count + 1, batch + 1
        if after and batch >= after:
            elapsed, batch = elapsed + pause, 0
            after, pause = rest(most, rng)

    assert count / 400 == pytest.approx(most.proactive_hour, rel=0.03)


def test_a_ceiling_above_the_keys_own_rate_needs_no_gap() -> None:
    def fast(hour: int) -> Limits:
        return of(GROWN, learn(None, at_ms=NOW, hour=hour, day=10**6))

    assert fast(48_000).median_gap_ms == 0
    assert fast(47_000).median_gap_ms > 0


def test_rests_are_for_a_low_ceiling_only() -> None:
    low, high = of(), of(GROWN, learn(None, at_ms=NOW, hour=88, day=9999))
    rng = Random(3)
    drawn = [rest(low, rng) for _ in range(2000)]

    assert high.proactive_hour == 61
    assert (high.rest_after, high.rest_ms, rest(high, rng)) == ((0, 0), (0, 0), (0, 0))
    assert {after for after, _ in drawn} == set(range(8, 16))
    assert all(3 * MINUTE <= pause <= 8 * MINUTE for _, pause in drawn)


def test_while_nothing_may_leave_there_is_no_rest_and_the_longest_gap() -> None:
    most = of(replace(GROWN, state="restricted"))

    assert (most.median_gap_ms, rest(most, Random(0))) == (HOUR, (0, 0))


# -- for all numbers

told = st.none() | st.builds(Told, st.floats(-5, 2000), st.integers(NOW - 10 * HOUR, NOW))
healths = st.builds(Health, told, told, told, told, told, st.none() | st.builds(Told, st.floats(0, 1), st.just(NOW)))
near = st.none() | st.integers(NOW - 3 * DAY, NOW + DAY)
numbers = st.builds(
    Number, st.just(True), state=st.sampled_from(["new", "warming", "stable", "at_risk", "restricted", "odd", None]),
    score=st.none() | st.floats(0, 100), linked_since_ms=st.none() | st.integers(NOW - 200 * DAY, NOW),
    lock_until_ms=near, reconnected_ms=near,
)  # fmt: skip
policies = st.builds(
    Policy, most_an_hour=st.none() | st.integers(0, 99), most_a_day=st.none() | st.integers(0, 999),
    kept_for_replies=st.floats(0, 1),
)  # fmt: skip
histories = st.fixed_dictionaries(
    {"stage": st.none() | st.integers(0, 9), "usual_day": st.none() | st.floats(0, 500)}
)  # fmt: skip
CAPS = [one.name for one in fields(Limits) if one.name not in ("median_gap_ms", "rest_after", "rest_ms")]
EVEN = settings(derandomize=True, database=None, deadline=None, max_examples=400)


def is_no_more(less: Limits, more: Limits) -> bool:
    return all(getattr(less, name) <= getattr(more, name) for name in CAPS)


@given(numbers, healths, policies, histories, st.integers(0, 8 * HOUR))
@EVEN
def test_older_health_never_raises_a_limit(
    number: Number, health: Health, policy: Policy, history: Any, by_ms: int
) -> None:
    now = limits(number, health, policy, NOW, **history)
    then = limits(number, aged(health, by_ms), policy, NOW, **history)

    assert is_no_more(then, now)


NAMES = [one.name for one in fields(Health)]


@given(numbers, healths, st.sets(st.sampled_from(NAMES)), histories)
@EVEN
def test_health_that_names_fewer_ceilings_never_raises_what_was_known(
    number: Number, health: Health, silent: set[str], history: Any
) -> None:
    values = {
        name: known.value for name in NAMES if (known := getattr(health, name)) is not None and name not in silent
    }
    full = {name: known.value for name in NAMES if (known := getattr(health, name)) is not None}
    repeated, fewer = learn(health, at_ms=NOW, **full), learn(health, at_ms=NOW, **values)

    assert is_no_more(limits(number, fewer, POLICY, NOW, **history), limits(number, repeated, POLICY, NOW, **history))


@given(numbers, st.floats(0, 1), histories)
@EVEN
def test_no_health_at_all_is_never_more_than_ceilings_at_or_above_the_stages(
    number: Number, ratio: float, history: Any
) -> None:
    rich = learn(
        None, at_ms=NOW, hour=90, day=600, recipients_hour=90, recipients_day=600, campaign_recipients=600,
        cold_ratio=max(ratio, 0.3),
    )  # fmt: skip

    assert is_no_more(limits(number, None, POLICY, NOW, **history), limits(number, rich, POLICY, NOW, **history))


@given(numbers, healths, policies, histories)
@EVEN
def test_a_worse_state_never_raises_a_limit(number: Number, health: Health, policy: Policy, history: Any) -> None:
    def at(state: str | None) -> Limits:
        return limits(replace(number, state=state), health, policy, NOW, **history)

    assert is_no_more(at("restricted"), at("at_risk"))
    assert at("unheard_of") == at("restricted")
    for well in ("new", "warming", "stable"):
        assert is_no_more(at("at_risk"), at(well))
        assert is_no_more(at(None), at(well))


@given(numbers, healths, policies, histories, st.floats(0, 100))
@EVEN
def test_a_lower_score_never_raises_a_limit(
    number: Number, health: Health, policy: Policy, history: Any, lower: float
) -> None:
    if number.score is not None:
        low, high = sorted((number.score, lower))

        worse = limits(replace(number, score=low), health, policy, NOW, **history)

        assert is_no_more(worse, limits(replace(number, score=high), health, policy, NOW, **history))


@given(numbers, healths, policies, histories)
@EVEN
def test_no_limit_is_negative_and_nothing_unasked_exceeds_the_whole(
    number: Number, health: Health, policy: Policy, history: Any
) -> None:
    most = limits(number, health, policy, NOW, **history)

    assert all(getattr(most, name) >= 0 for name in CAPS)
    assert most.new_hour <= most.proactive_hour <= most.hour
    assert most.new_day <= most.proactive_day <= most.day
    assert most.cold_ratio <= 1
    assert most.median_gap_ms >= 0


# -- the owner's settings


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"marketing_a_day": 0}, "marketing_a_day"),
        ({"marketing_a_day": True}, "marketing_a_day"),
        ({"unasked_a_day": 1.5}, "unasked_a_day"),
        ({"marketing_unanswered": 0}, "marketing_unanswered"),
        ({"unasked_unanswered": "3"}, "unasked_unanswered"),
        ({"identical_an_hour": 11}, "from 1 to 10"),
        ({"identical_an_hour": 0}, "identical_an_hour"),
        ({"most_an_hour": -1}, "most_an_hour"),
        ({"most_a_day": 2.0}, "most_a_day"),
        ({"contact_gap": timedelta(seconds=-1)}, "contact_gap"),
        ({"contact_gap": 60}, "timedelta"),
        ({"same_body": None}, "same_body"),
        ({"answered_within": timedelta()}, "answered_within"),
        ({"expires": timedelta()}, "expires"),
        ({"kept_for_replies": 30}, "share from 0 to 1"),
        ({"kept_for_replies": float("nan")}, "share from 0 to 1"),
        ({"kept_for_replies": True}, "share from 0 to 1"),
        ({"service_passes_human": "no"}, "service_passes_human"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(BotMistake, match=named):
        Policy(**changed)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"opens": time(20)}, "earlier"),
        ({"opens": time(19, 30)}, "earlier"),
        ({"opens": time(8, tzinfo=UTC)}, "tzinfo"),
        ({"closed_on": frozenset({"sunday"})}, "sunday"),
    ],
)
def test_hours_that_make_no_sense_are_refused(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(BotMistake, match=named):
        Presets(**changed)


def test_quiet_hours_are_from_half_past_seven_to_half_past_eight_in_both_zones() -> None:
    for hours in (POLICY.contact_hours, POLICY.number_hours):
        assert (hours.opens, hours.closes) == (time(8, 30), time(19, 30))


# -- how much may stay unanswered


@pytest.mark.parametrize(("reached", "most"), [(None, 30), (0, 30), (1, 30), (3, 80), (7, 300)])
def test_ten_days_of_new_chats_may_stay_unanswered_where_msgflash_says_nothing(reached: int | None, most: int) -> None:
    assert of(GROWN, None, stage=reached).unanswered == most


def test_the_first_two_days_in_which_no_chat_is_opened_are_no_ceiling_of_nothing() -> None:
    assert of(YOUNG, None).unanswered == 30


@pytest.mark.parametrize(("age", "most"), [(0, 10_000), (HOUR, 8_000), (29 * DAY, 8_000), (30 * DAY, 30)])
def test_a_day_that_msgflash_named_is_the_measure_for_thirty_days_and_not_the_table(age: int, most: int) -> None:
    health = aged(learn(None, at_ms=NOW, day=1000, cold_ratio=0.1), age)

    assert of(GROWN, health, stage=1).unanswered == most


def test_a_small_day_that_it_named_takes_nothing_from_the_table() -> None:
    assert of(GROWN, learn(None, at_ms=NOW, day=5), stage=7).unanswered == 300


@pytest.mark.parametrize(
    "moment",
    [
        {"reconnected_ms": NOW},
        {"score": 45},
        {"state": "at_risk"},
        {"lock_until_ms": NOW - HOUR},
    ],
)
def test_a_share_of_the_moment_lowers_no_balance_of_thirty_days(moment: dict[str, Any]) -> None:
    assert of(replace(GROWN, **moment), stage=7).unanswered == of(GROWN, stage=7).unanswered


@pytest.mark.parametrize("own", [0, 7, 100_000])
def test_the_owners_own_balance_holds(own: int) -> None:
    assert of(policy=Policy(most_unanswered=own)).unanswered == own


@pytest.mark.parametrize("wrong", [-1, 2.5, True])
def test_a_balance_is_a_whole_number(wrong: Any) -> None:
    with pytest.raises(BotMistake, match="most_unanswered"):
        Policy(most_unanswered=wrong)


def test_where_a_day_has_room_for_a_new_chat_an_hour_of_it_has() -> None:
    most = of(replace(GROWN, score=70), stage=1)

    assert (most.new_hour, most.new_day) == (1, 2)
    assert of(replace(GROWN, score=45), stage=1).new_day == of(replace(GROWN, score=45), stage=1).new_hour == 1
    assert of(replace(GROWN, reconnected_ms=NOW), stage=1).new_hour == 0
