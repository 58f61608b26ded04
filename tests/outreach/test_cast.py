"""What a broadcast does next: pure decisions on counts and moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.errors import BotMistake
from flashbot.outreach.case import Case
from flashbot.outreach.cast import (
    DAY_MS,
    FEW,
    GRACE_MS,
    NEAR,
    SLOT_MS,
    STILL_MS,
    WINDOW,
    Feed,
    Finish,
    Flow,
    Halt,
    Progress,
    Room,
    Rules,
    Step,
    Wait,
    flowing,
    job_of,
    next_step,
    places,
    room_left,
    source_of,
)
from flashbot.outreach.facts import Ask, Number, Person
from flashbot.outreach.gates import expiry
from flashbot.outreach.hours import OpeningHours
from flashbot.outreach.policy import Policy
from flashbot.outreach.verdict import Allow, Drop, Verdict

NOW = 1_800_000_000_000
WATCH_MS = 30 * 60 * 1000
RULES = Rules()
ENOUGH = Room(10_000)


def progress(**more: Any) -> Progress:
    return Progress(**{"total": 1000, "fed": 0, "canary": 20, "before_ms": NOW + DAY_MS, "counts": {}, **more})


def step(known: Progress, *, rules: Rules = RULES, room: Room = ENOUGH, at_ms: int = NOW, most: int = WINDOW) -> Step:
    return next_step(known, rules, room, at_ms, most=most)


def test_the_first_few_are_fed_first() -> None:
    assert step(progress()) == Feed(20, "canary")


def test_nobody_else_is_fed_while_one_of_them_is_under_way() -> None:
    assert step(progress(fed=20, counts={"waiting": 1, "read": 19})) == Wait(None, "canary")


def test_the_look_at_them_begins_when_the_last_is_settled_and_takes_its_time() -> None:
    settled = progress(fed=20, counts={"read": 20})

    assert step(settled) == Wait(NOW + WATCH_MS, "watch")
    assert step(replace(settled, settled_ms=NOW - 1000)) == Wait(NOW - 1000 + WATCH_MS, "watch")
    assert step(replace(settled, settled_ms=NOW - WATCH_MS)) == Feed(980, "running")


def test_a_moment_of_before_the_clock_jumped_back_makes_it_wait_no_longer_than_a_look() -> None:
    settled = progress(fed=20, counts={"read": 20}, settled_ms=NOW + DAY_MS)

    assert step(settled) == Wait(NOW + WATCH_MS, "watch")


def test_without_a_first_few_everybody_is_fed_at_once() -> None:
    assert step(progress(canary=0)) == Feed(1000, "running")


def test_no_more_are_under_way_than_the_window_has() -> None:
    full = progress(total=50_000, fed=6000, counts={"waiting": WINDOW, "read": 1000})

    assert step(full) == Wait(None, "window")
    assert step(replace(full, counts={"waiting": WINDOW - 3})) == Feed(3, "running")


def test_it_is_fed_as_fast_as_it_leaves() -> None:
    rest = progress(fed=60, counts={"waiting": 9, "read": 51})

    assert step(rest, most=10) == Feed(1, "running")
    assert step(replace(rest, counts={"waiting": 10}), most=10) == Wait(None, "window")


def test_twice_as_many_may_be_under_way_whenever_all_have_left() -> None:
    flow, fed, seen = Flow(), 0, []
    for look in range(5):
        flow = flowing(flow, progress(fed=fed, counts={"read": fed}), NOW + look * 900)
        seen.append(flow.most)
        fed += flow.most

    assert seen == [FEW, 2 * FEW, 4 * FEW, NEAR, NEAR]


def test_where_none_leaves_for_a_minute_others_are_fed_beside_them() -> None:
    held = progress(fed=60, counts={"waiting": FEW, "read": 50})
    flow = flowing(Flow(), held, NOW)

    early, late = (flowing(flow, held, NOW + after) for after in (STILL_MS - 1, STILL_MS))

    assert (early.most, late.most) == (FEW, 2 * FEW)
    assert flowing(late, held, NOW + 9 * STILL_MS) == late, "those were not fed yet"


def test_nobody_ever_waits_for_more_than_the_window_holds() -> None:
    flow, fed = Flow(), 0
    for look in range(20):
        fed += max(0, flow.most - fed)
        flow = flowing(flow, progress(total=50_000, fed=fed, counts={"waiting": fed}), NOW + look * STILL_MS)

    assert flow.most == WINDOW


def test_once_one_of_them_leaves_it_is_fed_as_fast_as_it_leaves_again() -> None:
    held = progress(total=50_000, fed=600, counts={"waiting": 600})
    flow = replace(Flow(), most=640, settled=0, at_ms=NOW)

    assert flowing(flow, replace(held, counts={"waiting": 599, "read": 1}), NOW + 1).most == FEW


def test_a_clock_that_jumped_back_holds_nobody_up() -> None:
    held = progress(fed=60, counts={"waiting": FEW, "read": 50})
    flow = flowing(Flow(), held, NOW + DAY_MS)

    assert flowing(flow, held, NOW).most == 2 * FEW


def test_the_day_bounds_the_first_few_and_the_rest() -> None:
    spent = Room(0, NOW + 5)

    assert step(progress(), room=Room(7)) == Feed(7, "canary")
    assert step(progress(fed=7), room=spent) == Wait(NOW + 5, "campaign_size")
    assert step(progress(fed=50, counts={"read": 50}), room=spent) == Wait(NOW + 5, "campaign_size")


def test_it_is_finished_when_the_last_is_settled() -> None:
    assert step(progress(fed=1000, counts={"waiting": 1, "read": 999})) == Wait(None, "settling")
    assert step(progress(fed=1000, counts={"read": 1000})) == Finish()


def test_after_its_last_moment_nobody_is_fed_and_it_ends() -> None:
    late = progress(fed=50, counts={"waiting": 3, "read": 47}, before_ms=NOW - 1)

    assert step(late) == Wait(None, "settling")
    assert step(replace(late, counts={"read": 47})) == Finish()
    assert step(late, at_ms=NOW + GRACE_MS) == Finish()


@pytest.mark.parametrize(
    ("counts", "ailment"),
    [
        ({"read": 90, "failed": 10}, None),
        ({"read": 89, "failed": 6, "refused": 5}, "failures"),
        ({"read": 97, "opted_out": 3}, None),
        ({"read": 96, "opted_out": 4}, "opt_outs"),
        ({"read": 90, "dropped:suppressed": 500}, None),
        ({"read": 90, "unknown": 50}, None),
    ],
)
def test_shares_above_the_limits_halt_it(counts: Mapping[str, int], ailment: str | None) -> None:
    found = step(progress(fed=100, counts=counts))

    assert found == (Halt(ailment) if ailment else Feed(900, "running"))


def test_one_person_alone_never_halts_a_broadcast_to_many() -> None:
    assert step(progress(fed=5, counts={"waiting": 3, "read": 1, "opted_out": 1})) == Feed(15, "canary")


def test_below_the_least_number_shares_are_taken_of_it() -> None:
    assert step(progress(fed=5, counts={"failed": 2, "waiting": 3})) == Feed(15, "canary")
    assert step(progress(fed=5, counts={"failed": 3, "waiting": 2})) == Halt("failures")


def test_a_first_one_who_stands_alone_and_fails_halts_it() -> None:
    one = progress(canary=1, fed=1)

    assert step(replace(one, counts={"failed": 1})) == Halt("failures")
    assert step(replace(one, counts={"opted_out": 1})) == Halt("opt_outs")
    assert step(replace(one, counts={"read": 1})) == Wait(NOW + WATCH_MS, "watch")


def test_after_a_resume_only_what_came_since_counts() -> None:
    before = {"read": 60, "failed": 40}
    resumed = progress(fed=100, counts=before, base=before)

    assert step(resumed) == Feed(900, "running")
    assert step(replace(resumed, counts={"read": 59, "failed": 41})) == Feed(900, "running")
    assert step(replace(resumed, counts={"read": 57, "failed": 43})) == Halt("failures")


def test_what_is_under_way_takes_its_room_in_the_day_already() -> None:
    assert room_left(100, {}, 30, NOW) == Room(70)


def test_the_room_of_a_day_comes_back_a_day_after_it_was_used() -> None:
    slot = NOW // SLOT_MS
    back_ms = (slot + 1) * SLOT_MS + DAY_MS

    assert room_left(10, {slot: 10}, 0, NOW) == Room(0, back_ms)
    assert room_left(10, {slot: 10}, 0, back_ms - 1) == Room(0, back_ms)
    assert room_left(10, {slot: 10}, 0, back_ms) == Room(10)


@given(
    st.integers(1, 40),
    st.lists(st.tuples(st.integers(0, 5 * DAY_MS), st.integers(1, 50)), max_size=60),
)
def test_no_day_ever_has_more_than_it_may(most: int, looks: list[tuple[int, int]]) -> None:
    """Feeds whatever there is room for at any moments, and lets it leave some time later."""
    left: dict[int, int] = {}
    sent: list[int] = []
    waiting = 0
    for at_ms, leaving in sorted(looks):
        waiting += room_left(most, left, waiting, at_ms).left
        for _ in range(min(leaving, waiting)):
            waiting -= 1
            sent.append(at_ms)
            left[at_ms // SLOT_MS] = left.get(at_ms // SLOT_MS, 0) + 1

    assert all(sum(begin <= at < begin + DAY_MS for at in sent) <= most for begin in sent)


@given(st.integers(1, 300), st.data())
def test_everybody_has_one_place_whatever_the_slices(total: int, data: st.DataObject) -> None:
    canary = data.draw(st.integers(0, total))
    slices, start = list[int](), 0
    while start < total:
        count = data.draw(st.integers(1, 60))
        slices += places(start, count, total=total, canary=canary)
        start += count

    assert sorted(slices) == list(range(total))
    assert slices[:canary] == [number * total // canary for number in range(canary)]
    assert slices[canary:] == sorted(slices[canary:])


def test_a_source_names_its_job() -> None:
    assert job_of(source_of("ab12")) == "ab12"
    assert job_of("drip:welcome") == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"canary": -1},
        {"canary": True},
        {"least": 0},
        {"watch": 5},
        {"watch": timedelta(days=8)},
        {"most_failed": 1.5},
        {"most_opted_out": "3%"},
        {"recipients_a_day": 0},
    ],
)
def test_rules_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BotMistake, match=next(iter(wrong))):
        Rules(**wrong)


def test_a_broadcasts_message_is_late_only_after_its_own_last_moment() -> None:
    asked = Ask("m", "marketing", NOW, "+33612345678", "body", send_before_ms=NOW + 5 * DAY_MS)
    cast = replace(asked, source=source_of("ab12"))

    def late(ask: Ask, at_ms: int) -> Verdict:
        return expiry(Case(ask, Person(), Number(linked=True), Policy(), OpeningHours(0.0), at_ms))

    assert late(asked, NOW + DAY_MS) == Drop("expired")
    assert late(cast, NOW + DAY_MS) == Allow()
    assert late(cast, NOW + 5 * DAY_MS + 1) == Drop("expired")
    assert late(replace(cast, send_before_ms=None), NOW + DAY_MS) == Drop("expired")
