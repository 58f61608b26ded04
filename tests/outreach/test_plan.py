"""A plan keeps every limit that a real number keeps, decides as the ledger does, and comes out the same each time."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashbot.clock import from_ms, to_ms
from flashbot.outreach.crowd import Lane, Member, Message
from flashbot.outreach.facts import Number, State
from flashbot.outreach.forecast import Forecast, binding
from flashbot.outreach.grants import DAY_MS, HOUR_MS, Usage
from flashbot.outreach.health import Health, learn
from flashbot.outreach.plan import plan
from flashbot.outreach.policy import Policy
from flashbot.outreach.presets import Presets
from flashbot.outreach.replay import Difference, replay
from flashbot.outreach.scenario import Mail, Outcome, Recipient, Replies, Scenario, Series
from flashbot.outreach.verdict import Allow

MONDAY = to_ms(datetime(2026, 2, 2, 7, 0, tzinfo=UTC))
ABIDJAN, PARIS, LOS_ANGELES = "Africa/Abidjan", "Europe/Paris", "America/Los_Angeles"
ALWAYS = Presets(opens=time(0), closes=time(23, 59), closed_on=frozenset())
ROUND_THE_CLOCK = Policy(contact_hours=ALWAYS, number_hours=ALWAYS)
AGREED = frozenset({"marketing"})


def _people(count: int, *, zone: str = ABIDJAN, wrote: bool = True, **more: Any) -> tuple[Recipient, ...]:
    last = MONDAY - 5 * DAY_MS if wrote else None
    return tuple(Recipient(f"p{n}", (zone,), None, last, AGREED, **more) for n in range(count))


def _caps(hour: int, day: int, cold_ratio: float = 0.4, size: int = 10_000) -> Health:
    return learn(
        None, at_ms=MONDAY, hour=hour, day=day, recipients_hour=hour, recipients_day=day, campaign_recipients=size,
        cold_ratio=cold_ratio,
    )  # fmt: skip


def _scenario(*series: Series, hour: int = 25, day: int = 100, state: State = "warming", **more: Any) -> Scenario:
    number = Number(
        True, state=state, score=90, health_at_ms=MONDAY, zone=ABIDJAN, linked_since_ms=MONDAY - 40 * DAY_MS
    )
    given: dict[str, Any] = {"number": number, "begin_ms": MONDAY, "health": _caps(hour, day), **more}
    return Scenario(series, **given)


def _list(count: int, name: str = "list", **more: Any) -> Series:
    return Series(name, _people(count), **more)


def _played(scenario: Scenario) -> tuple[Forecast, list[dict[str, Any]]]:
    lines: list[str] = []
    forecast = plan(scenario, write=lines.append)
    return forecast, [json.loads(line) for line in lines]


def _left(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The unasked messages that left."""
    return [
        line
        for line in lines
        if line["kind"] == "decided" and line["verdict"] == "allow" and line["ask"]["cls"] != "reply"
    ]


# -- limits, counted again from the record


def _recount(lines: list[dict[str, Any]], policy: Policy) -> None:
    """Everything that a number and a person may have at most, by brute force."""
    everything: list[tuple[int, str]] = []
    unasked: list[dict[str, Any]] = []
    heard: dict[str, int] = {}
    for line in lines:
        if line["kind"] == "noted":
            everything.append((line["at_ms"], line["contact"]))
            heard[line["contact"]] = line["at_ms"]
        if line["kind"] != "decided" or line["verdict"] != "allow" or line["ask"]["cls"] == "reply":
            continue
        now, caps, contact = line["at_ms"], line["caps"], line["ask"]["contact"]
        if unasked:
            assert now - unasked[-1]["at_ms"] >= unasked[-1].get("gap_ms", 0)
        everything.append((now, contact))
        unasked.append(line)
        for window, name in ((HOUR_MS, "hour"), (DAY_MS, "day")):
            within = [one for one in everything if one[0] > now - window]
            asked = [one for one in unasked if one["at_ms"] > now - window]
            cold = [one for one in asked if one["ask"]["cls"] == "cold"]
            assert len(within) <= caps[name]
            assert len({who for _, who in within}) <= caps[f"recipients_{name}"]
            assert len(asked) <= caps[f"proactive_{name}"]
            if line["ask"]["cls"] == "cold":
                assert len(cold) <= caps[f"new_{name}"]
                assert name == "hour" or len(cold) <= caps["cold_ratio"] * max(5, len(asked)) + 1e-9
        same = {
            one["ask"]["contact"]
            for one in unasked
            if one["at_ms"] > now - HOUR_MS and one["ask"]["body"] == line["ask"]["body"]
        }
        assert len(same) <= caps["identical_hour"]
        _recount_person([one for one in unasked if one["ask"]["contact"] == contact], heard.get(contact, 0), policy)


def _recount_person(got: list[dict[str, Any]], heard: int, policy: Policy) -> None:
    now = got[-1]["at_ms"]
    lately = [one["ask"]["cls"] for one in got if one["at_ms"] > now - DAY_MS]
    assert len(lately) <= policy.unasked_a_day
    if got[-1]["ask"]["cls"] != "follow_up":
        assert sum(cls != "follow_up" for cls in lately) <= policy.marketing_a_day
    if len(got) > 1:
        assert now - got[-2]["at_ms"] >= policy.contact_gap // timedelta(milliseconds=1)
    assert sum(one["at_ms"] >= heard for one in got) <= policy.unasked_unanswered


recipients = st.builds(
    lambda zone, wrote, agreed, stopped: (zone, wrote, agreed, stopped),
    st.sampled_from([ABIDJAN, PARIS, LOS_ANGELES]),
    st.sampled_from([None, 1, 20, 45]),
    st.sampled_from([True, True, True, False]),
    st.sampled_from([False, False, False, True]),
)
mails = st.lists(
    st.builds(Mail, st.sampled_from([0, HOUR_MS, DAY_MS, 2 * DAY_MS]), st.sampled_from(["", "", "same"])),
    min_size=1, max_size=3,
)  # fmt: skip


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    series = []
    for name in ("one", "two")[: draw(st.integers(1, 2))]:
        people = tuple(
            Recipient(
                f"{name}-{n}", (zone,), None, None if wrote is None else MONDAY - wrote * DAY_MS,
                AGREED if agreed else frozenset(), AGREED if stopped else frozenset(),
            )
            for n, (zone, wrote, agreed, stopped) in enumerate(draw(st.lists(recipients, min_size=1, max_size=40)))
        )  # fmt: skip
        weight = draw(st.integers(1, 3))
        series.append(Series(name, people, tuple(draw(mails)), follows_up=draw(st.booleans()), weight=weight))
    number = Number(
        True,
        state=draw(st.sampled_from(["new", "warming", "stable", "at_risk", None])),
        score=draw(st.sampled_from([None, 45.0, 70.0, 95.0])),
        health_at_ms=MONDAY,
        zone=draw(st.sampled_from([ABIDJAN, PARIS])),
        linked_since_ms=MONDAY - draw(st.integers(0, 100)) * DAY_MS,
    )
    hour = draw(st.integers(1, 30))
    return Scenario(
        tuple(series), number, MONDAY + draw(st.integers(0, 7 * 24)) * HOUR_MS, draw(st.integers(1, 8)),
        draw(st.sampled_from([None, _caps(hour, hour * 3), _caps(hour * 10, 400, 0.9)])),
        draw(st.sampled_from([None, Usage(5, 20, 4, 15)])),
        growing=draw(st.booleans()),
        replies=Replies(draw(st.sampled_from([0.0, 0.3, 0.7])), 0.1, 0.1),
        seed=draw(st.integers(0, 99)),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(scenarios())
def test_no_schedule_exceeds_any_budget(scenario: Scenario) -> None:
    _, lines = _played(scenario)

    _recount(lines, scenario.policy)


@settings(max_examples=60, deadline=None)
@given(scenarios())
def test_everybody_is_accounted_for_once(scenario: Scenario) -> None:
    forecast, lines = _played(scenario)

    reached = {line["ask"]["contact"] for line in _left(lines)}
    excluded = [one.contact for one in forecast.excluded]
    assert len(set(excluded)) == len(excluded)
    assert forecast.sent == len(_left(lines)) == sum(day.sent for day in forecast.days)
    assert len(reached | set(excluded)) + sum(forecast.waiting.values()) >= forecast.people
    if all(len(series.mails) == 1 for series in scenario.series):
        assert forecast.sent + len(excluded) + sum(forecast.waiting.values()) == forecast.people


# -- the record


@settings(max_examples=60, deadline=None)
@given(scenarios())
def test_the_record_decided_anew_comes_out_the_same(scenario: Scenario) -> None:
    lines: list[str] = []

    plan(scenario, write=lines.append)

    assert list(replay(lines)) == []


def test_a_line_that_says_something_else_is_found() -> None:
    lines: list[str] = []
    plan(_scenario(_list(30)), write=lines.append)
    place = next(n for n, line in enumerate(lines) if '"reason":"pace"' in line or '"reason":"rest"' in line)
    untrue = json.loads(lines[place])
    del untrue["reason"], untrue["until_ms"]
    lines[place] = json.dumps({**untrue, "verdict": "allow"})

    (found,) = replay(lines)

    assert isinstance(found, Difference)
    assert (found.line, found.written) == (place + 1, Allow())


def test_the_record_names_a_person_only_as_the_scenario_does() -> None:
    people = (Recipient("line 2", (ABIDJAN,), "CI", MONDAY - DAY_MS, AGREED),)

    _, lines = _played(_scenario(Series("list", people)))

    assert {line["ask"]["contact"] for line in lines if line["kind"] == "decided"} == {"line 2"}


# -- the same again


def test_the_same_seed_gives_the_same_plan() -> None:
    scenario = _scenario(_list(200), seed=4)

    assert _played(scenario) == _played(scenario)


def test_another_seed_draws_other_people_who_answer() -> None:
    one, other = (plan(_scenario(_list(200), seed=seed)) for seed in (1, 2))

    assert one != other
    assert one.sent == other.sent


def test_the_same_people_answer_whatever_the_pace() -> None:
    slow, fast = (plan(_scenario(_list(80), hour=hour, day=500)) for hour in (10, 200))

    assert (slow.answers, slow.opt_outs, slow.failed) == (fast.answers, fast.opt_outs, fast.failed)
    assert slow.ends_ms is not None
    assert fast.ends_ms is not None
    assert slow.ends_ms > fast.ends_ms


# -- between lists, and between lists and people


@pytest.mark.parametrize(("hour", "weights"), [(25, (1, 1)), (100, (1, 1)), (2000, (1, 1)), (100, (3, 1))])
def test_lists_of_one_number_have_their_shares_within_five_percent(hour: int, weights: tuple[int, int]) -> None:
    series = [_list(1500, name, weight=weight) for name, weight in zip("ab", weights, strict=True)]

    _, lines = _played(_scenario(*series, hour=hour, day=1200, days=2))

    got = Counter(line["ask"]["source"] for line in _left(lines))
    share = got["a"] / got.total()
    assert got.total() > 100
    assert abs(share - weights[0] / sum(weights)) < 0.05 * weights[0] / sum(weights)


def test_a_reply_is_never_delayed_by_a_list() -> None:
    scenario = _scenario(_list(300), hour=4, day=12, replies=Replies(0.9, 0.0, 0.0))

    forecast, lines = _played(scenario)

    replies = [line for line in lines if line["kind"] == "decided" and line["ask"]["cls"] == "reply"]
    assert len(replies) == forecast.answers > 20
    assert all(one["verdict"] == "allow" and one["at_ms"] == one["ask"]["made_ms"] for one in replies)
    assert any(line.get("reason") == "day" for line in lines)  # it was full


def test_replies_take_room_from_the_list() -> None:
    silent, lively = (
        plan(_scenario(_list(400), days=1, hour=50, day=60, replies=Replies(answer, 0.0, 0.0))) for answer in (0.0, 0.9)
    )

    assert lively.sent < silent.sent


# -- clocks


@pytest.mark.parametrize("begin", [datetime(2026, 3, 27, 6, tzinfo=UTC), datetime(2026, 10, 23, 6, tzinfo=UTC)])
def test_hours_and_days_are_local_ones_across_a_change_of_clocks(begin: datetime) -> None:
    daily = Presets(closed_on=frozenset())
    start = to_ms(begin)
    number = Number(True, state="stable", score=90, health_at_ms=start, zone=PARIS, linked_since_ms=0)
    people = tuple(Recipient(f"p{n}", (PARIS,), "FR", start - DAY_MS, AGREED) for n in range(400))
    scenario = Scenario((Series("list", people),), number, start, 5, _caps(20, 60), policy=Policy(contact_hours=daily))

    forecast, lines = _played(scenario)

    local = [from_ms(line["at_ms"]).astimezone(ZoneInfo(PARIS)) for line in _left(lines)]
    assert all(time(8, 30) <= at.time() < time(19, 30) for at in local)
    assert {day.day: day.sent for day in forecast.days} == Counter(at.date() for at in local)
    assert len(forecast.days) == 5


def test_nobody_is_written_to_in_their_night() -> None:
    series = [Series(zone, _people(60, zone=zone)) for zone in (ABIDJAN, PARIS, LOS_ANGELES)]

    _, lines = _played(_scenario(*series, hour=60, day=400, policy=Policy(number_hours=ALWAYS)))

    hours: dict[str, set[int]] = defaultdict(set)
    for line in _left(lines):
        at = from_ms(line["at_ms"]).astimezone(ZoneInfo(line["ask"]["source"]))
        assert at.weekday() < 5
        hours[line["ask"]["source"]].add(at.hour)
    assert all(min(each) >= 8 and max(each) <= 19 for each in hours.values())
    assert len(hours) == 3


def test_a_closing_asks_nothing_of_who_has_left_the_lane() -> None:
    lane, late, early = Lane(), _message("late", 0.9), _message("early", 0.2)
    waits = {late.id: 100, early.id: 90}
    lane.sleep(late, "quiet", 10)
    assert lane.pop(lambda message, _: waits[message.id], 100) is late
    del waits[late.id]

    lane.sleep(early, "weekend", 80)

    assert lane.next_ms(lambda message, _: waits.get(message.id), 80) == 90


def _message(name: str, fraction: float) -> Message:
    member = Member(Recipient(name), _list(0), None, frozenset())
    return Message(name, member, 0, name, 0, Outcome(fraction, False, False, False, 0))


def test_what_waited_through_a_night_is_let_go_little_by_little() -> None:
    scenario = _scenario(_list(60), hour=100_000, day=100_000)

    _, lines = _played(scenario)

    minutes = [(line["at_ms"] - MONDAY) / 60_000 - 90 for line in _left(lines)]
    assert min(minutes) >= 0
    assert 30 < max(minutes) <= 45
    assert len({round(minute) for minute in minutes}) > 25


# -- what holds back, and who is excluded


def test_who_did_not_agree_or_opted_out_is_excluded_at_once() -> None:
    people = (
        Recipient("agreed", (ABIDJAN,), None, MONDAY - DAY_MS, AGREED),
        Recipient("silent", (ABIDJAN,), None, MONDAY - DAY_MS),
        Recipient("stopped", (ABIDJAN,), None, MONDAY - DAY_MS, AGREED, AGREED),
    )

    forecast = plan(_scenario(Series("list", people)))

    assert {one.contact: one.reason for one in forecast.excluded} == {"silent": "no_consent", "stopped": "suppressed"}
    assert forecast.sent == 1
    assert forecast.done


def test_the_same_words_for_all_reach_three_people_an_hour() -> None:
    forecast, lines = _played(_scenario(_list(60, mails=(Mail(body="same"),)), hour=500, day=5000))

    assert forecast.sent == len({line["ask"]["contact"] for line in _left(lines)}) == 60
    assert forecast.reasons() == {}


def test_a_restricted_number_sends_nothing_and_everybody_waits() -> None:
    forecast = plan(_scenario(_list(40), state="restricted"))

    assert forecast.sent == 0
    assert forecast.waiting == {"restricted": 40}
    assert {day.binds for day in forecast.days} == {"restricted"}
    assert len(forecast.days) == 30


def test_a_number_that_was_linked_just_now_sends_nothing_for_two_days() -> None:
    number = Number(True, state="new", health_at_ms=MONDAY, zone=ABIDJAN, linked_since_ms=MONDAY)

    forecast = plan(_scenario(_list(100), number=number, health=None))

    assert [day.sent for day in forecast.days[:5]] == [0, 0, 10, 10, 10]
    assert forecast.days[2].binds == "proactive_day"


def test_strangers_are_few_a_day() -> None:
    forecast = plan(_scenario(Series("list", _people(300, wrote=False)), _list(200, "known"), stage=4, day=60))

    assert max(day.chats for day in forecast.days) == 12
    assert forecast.waiting == {"cold_ratio": sum(forecast.waiting.values())}


def test_a_drip_ends_for_whoever_writes() -> None:
    drip = _list(100, mails=(Mail(), Mail(2 * DAY_MS), Mail(2 * DAY_MS)), follows_up=True)

    forecast, lines = _played(_scenario(drip, hour=100, day=500, replies=Replies(0.5, 0.0, 0.0)))

    heard = {line["contact"]: line["at_ms"] for line in lines if line["kind"] == "noted"}
    assert 60 < forecast.answers < 100
    assert all(line["at_ms"] <= heard.get(line["ask"]["contact"], line["at_ms"]) for line in _left(lines))


def test_after_two_promotions_without_an_answer_there_is_silence() -> None:
    three = _list(50, mails=(Mail(), Mail(2 * DAY_MS), Mail(2 * DAY_MS)))

    forecast = plan(_scenario(three, hour=100, day=500, replies=Replies(0.0, 0.0, 0.0)))

    assert forecast.sent == 100
    assert forecast.reasons() == {"unanswered": 50}
    assert {one.place for one in forecast.excluded} == {2}


def test_the_unanswered_balance_falls_with_answers_and_after_thirty_days() -> None:
    silent = plan(_scenario(_list(60), hour=100, day=500, replies=Replies(0.0, 0.0, 0.0)))
    lively = plan(_scenario(_list(60), hour=100, day=500, replies=Replies(1.0, 0.0, 0.0)))
    old = plan(_scenario(
        _list(60, mails=(Mail(), Mail(33 * DAY_MS))), hour=100, day=500, days=32, replies=Replies(0.0, 0.0, 0.0)
    ))  # fmt: skip

    assert silent.days[-1].balance == silent.sent == 60
    assert lively.days[-1].balance < 60
    assert [day.balance for day in old.days][-1] == 0


def test_a_growing_number_sends_more_from_stage_to_stage() -> None:
    number = Number(True, state="stable", score=90, health_at_ms=MONDAY, zone=ABIDJAN, linked_since_ms=0)
    scenario = _scenario(
        # A campaign's ceiling and a balance that nobody reaches: the stage alone is looked at.
        _list(2000), number=number, health=learn(None, at_ms=MONDAY, campaign_recipients=1000),
        policy=replace(ROUND_THE_CLOCK, most_unanswered=10_000), days=20, replies=Replies(0.4, 0.0, 0.0),
    )  # fmt: skip

    still, growing = plan(scenario), plan(replace(scenario, growing=True))

    assert {day.stage for day in still.days} == {None}
    assert growing.days[-1].stage == 7
    assert growing.sent > 3 * still.sent


@pytest.mark.parametrize(
    ("held", "sent", "binds"),
    [
        ({}, 3, None),
        ({"quiet": 13, "pace": 2}, 3, "pace"),
        ({"quiet": 13, "pace": 2}, 0, "quiet"),
        ({"weekend": 9, "day": 15}, 0, "weekend"),
        ({"quiet": 13 * HOUR_MS, "new_chats_hour": 11 * HOUR_MS}, 0, "new_chats_hour"),
        ({"weekend": 13 * HOUR_MS, "gap": 11 * HOUR_MS}, 0, "weekend"),
        ({"pace": HOUR_MS, "day": HOUR_MS // 2}, 90, "day"),
        ({"pace": HOUR_MS, "new_chats_day": HOUR_MS // 2}, 90, "pace"),
        ({"quiet": 5}, 3, "quiet"),
        ({None: 9, "gap": 2}, 3, "gap"),
        ({None: 9}, 3, None),
    ],
)
def test_what_binds_is_what_more_would_have_left_without(held: Any, sent: int, binds: str | None) -> None:
    assert binding(held, sent) == binds


# -- the balance of unanswered messages

SILENT = Replies(0.0, 0.0, 0.0)


def test_a_plan_spends_the_balance_and_then_waits_for_thirty_days() -> None:
    policy = replace(ROUND_THE_CLOCK, most_unanswered=40)

    forecast = plan(_scenario(_list(60), hour=100, day=500, policy=policy, days=32, replies=SILENT))

    assert forecast.most_unanswered == 40
    assert max(day.balance for day in forecast.days) == 40
    assert forecast.days[0].sent == 40
    assert [day.binds for day in forecast.days[:30]] == ["unanswered_ledger"] * 30
    assert forecast.sent == 60
    assert forecast.done


def test_who_answers_makes_room_at_once() -> None:
    policy = replace(ROUND_THE_CLOCK, most_unanswered=40)
    scenario = _scenario(_list(200), hour=100, day=500, policy=policy, days=10)

    lively = plan(replace(scenario, replies=Replies(1.0, 0.0, 0.0)))
    some = plan(replace(scenario, replies=Replies(0.3, 0.0, 0.0)))

    assert lively.done
    assert 40 < some.sent < 80
    assert some.days[-1].balance == 40
    assert some.waiting == {"unanswered_ledger": 200 - some.sent}


def test_what_was_unanswered_before_is_spent_already() -> None:
    policy = replace(ROUND_THE_CLOCK, most_unanswered=40)
    scenario = _scenario(_list(60), hour=100, day=500, policy=policy, days=2, replies=SILENT)

    forecast = plan(replace(scenario, unanswered=30))

    assert [day.sent for day in forecast.days] == [40 - 30, 1], "one of those before is too old the next day"
    assert forecast.days[-1].balance == 40


def test_two_lists_wait_for_the_same_balance_and_both_go_on() -> None:
    policy = replace(ROUND_THE_CLOCK, most_unanswered=10)
    series = (
        Series("a", _people(40)),
        Series("b", tuple(replace(one, contact=f"b{one.contact}") for one in _people(40))),
    )

    forecast, lines = _played(_scenario(*series, hour=100, day=500, policy=policy, days=40, replies=SILENT))

    sent = Counter(line["ask"]["source"] for line in _left(lines))
    assert forecast.sent == sum(sent.values()) == 20
    assert min(sent.values()) >= 9
    assert list(replay(json.dumps(line) for line in lines)) == []


# -- one broadcast in a day


def test_a_list_reaches_no_more_people_in_a_day_than_a_campaign_may() -> None:
    health = _caps(100, 500, size=30)

    forecast, lines = _played(_scenario(_list(100), health=health, policy=ROUND_THE_CLOCK, days=6, replies=SILENT))

    moments = [line["at_ms"] for line in _left(lines)]
    assert max(sum(at - DAY_MS < one <= at for one in moments) for at in moments) == 30
    assert forecast.days[1].binds == "campaign_size"
    assert forecast.done


def test_a_drip_is_no_campaign_and_two_lists_are_two() -> None:
    health = _caps(100, 500, size=30)
    drip = _list(80, follows_up=True)
    lists = _list(40, "a"), Series("b", tuple(replace(one, contact=f"b{one.contact}") for one in _people(40)))

    alone = plan(_scenario(drip, health=health, policy=ROUND_THE_CLOCK, days=1, replies=SILENT))
    both = plan(_scenario(*lists, health=health, policy=ROUND_THE_CLOCK, days=1, replies=SILENT))

    assert alone.sent == 80
    assert both.sent == 60
    assert both.waiting == {"campaign_size": 20}
