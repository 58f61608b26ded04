"""What processes decided live, on limits that bind, the pure gates and ledger decide the same from their records."""

from __future__ import annotations

import json
import os
from collections import Counter
from functools import cache
from typing import Any

from flashbot.outreach.crowd import Member
from flashbot.outreach.grants import UNASKED
from flashbot.outreach.plan import class_of
from flashbot.outreach.record import Decided, read
from flashbot.outreach.replay import Difference, Gap, examine, merged, replay
from flashbot.outreach.scenario import Recipient, Series
from flashbot.testing.simulated_world import Faults
from tests.simulation.recorded import Days

RUNS = int(os.environ.get("FLASHBOT_RECORD_RUNS", "2"))
HOURS = float(os.environ.get("FLASHBOT_RECORD_HOURS", "9"))
CALM = Faults(kills=0, lose_reply=0, no_answer=0.02, refuse=0.03)
DEADLY = Faults(kills=12, lose_reply=0.002, no_answer=0.02, refuse=0.03)
OFTEN = {"at_risk", "gap", "hour", "no_consent", "pace", "suppressed"}
SEEN = OFTEN | {"asked_whether", "erased", "expired", "human", "locked", "window"}


@cache
def lived(seed: int) -> Days:
    """Days without deaths: every move of a ledger has its line."""
    days = Days(seed, faults=CALM, processes=4, hours=HOURS)
    days.run()
    return days


def said(line: dict[str, Any]) -> str:
    word = str(line.get("reason") or line.get("verdict") or line.get("move") or "")
    return f"{line['kind']} {word}".strip()


def test_what_was_decided_live_is_decided_the_same_from_its_record() -> None:
    for seed in range(RUNS):
        found = examine(lived(seed).lines)

        assert (found.differences, found.uncertain, found.gaps) == ((), (), ()), f"seed {seed}"
        assert found.decisions > 300


def test_a_seed_lives_the_same_days_again() -> None:
    again = Days(0, faults=CALM, processes=4, hours=HOURS)
    again.run()

    assert again.lines == lived(0).lines


def test_the_limits_really_bound() -> None:
    kinds = Counter(said(json.loads(line)) for seed in range(RUNS) for lines in lived(seed).lines for line in lines)

    assert min(kinds[one] for one in ("decided allow", "moved commit", "noted", "told", "ruled")) >= 4, kinds
    assert min(kinds["moved release"], kinds["renamed"], kinds["expected"], kinds["decided share"]) >= 1, kinds
    assert {f"decided {reason}" for reason in SEEN} - set(kinds) == set()
    assert min(kinds[f"decided {reason}"] for reason in OFTEN) >= 10, kinds
    assert len([kind for kind in kinds if kind.startswith("decided ")]) >= 15, kinds


def test_a_line_that_says_something_else_is_found() -> None:
    lines = merged(lived(0).lines)
    places = {said(json.loads(line)): place for place, line in enumerate(lines)}

    for kind, place in places.items():
        if not kind.startswith("decided "):
            continue
        line = json.loads(lines[place])
        if line["verdict"] == "allow":
            untrue = {**line, "verdict": "defer", "reason": "human", "until_ms": line["at_ms"] + 1}
        else:
            untrue = {name: value for name, value in line.items() if name not in ("reason", "until_ms")}
            untrue["verdict"] = "allow"
        (found,) = replay([*lines[:place], json.dumps(untrue), *lines[place + 1 :]])
        assert isinstance(found, Difference)
        assert (found.line, found.uncertain) == (place + 1, False), kind


def test_a_move_that_is_missing_is_a_gap_and_what_follows_it_no_certain_difference() -> None:
    lines = merged(lived(0).lines)
    commits = [place for place, line in enumerate(lines) if '"commit"' in line and '"done":false' not in line]

    for place in commits[:: max(1, len(commits) // 8)]:
        gap, *others = replay([*lines[:place], *lines[place + 1 :]])

        line: Any = read(lines[place])
        assert isinstance(gap, Gap)
        assert (gap.last, gap.next) == (line.seq - 1, line.seq + 1)
        assert all(isinstance(one, Difference) and one.uncertain for one in others)


def test_processes_that_die_leave_gaps_and_no_certain_difference() -> None:
    days = Days(7, faults=DEADLY, processes=4, hours=HOURS)
    days.run()

    found = examine(days.lines)

    assert len(days.lines) == 1 + 4 + DEADLY.kills, "who forgets people writes as well"
    assert found.differences == ()
    assert found.gaps
    assert found.decisions > 300
    assert len(found.uncertain) < found.decisions / 10


def test_no_phone_and_no_text_stands_in_a_record() -> None:
    days = lived(0)
    whole = "\n".join(line for lines in days.lines for line in lines)

    assert not [phone for phone in days.phones if phone in whole or phone[1:] in whole]
    assert "text " not in whole


def test_the_planner_would_have_given_each_message_the_class_the_novelty_and_the_gaps_it_had() -> None:
    lines = [read(line) for seed in range(RUNS) for lines in lived(seed).lines for line in lines]
    asked = [line for line in lines if isinstance(line, Decided) and line.known and line.ask.cls in UNASKED]
    promotion, answer = Series("list", ()), Series("drip", (), follows_up=True)
    drawn = set[tuple[bool, bool]]()

    for line in asked:
        series, person = answer if line.ask.cls == "follow_up" else promotion, line.person
        recipient = Recipient("somebody", person.zones, person.country, person.last_inbound_ms)
        member = Member(recipient, series, person.last_inbound_ms, person.suppressed, person.sent)
        # A message that was made as `cold` stays so, also to somebody who has written since.
        assert line.ask.cls in (class_of(series, person.last_inbound_ms), "cold")
        caps = line.caps
        if caps is None:
            continue
        assert line.new == member.new
        # As `gap_ms` and `rest` draw them, for both.
        assert caps.median_gap_ms // 2.5 <= line.gap_ms <= caps.median_gap_ms * 4
        assert caps.rest_after[0] <= line.rest[0] <= caps.rest_after[1]
        assert caps.rest_ms[0] <= line.rest[1] <= caps.rest_ms[1]
        drawn.add((line.gap_ms > 0, line.rest[0] > 0))
    assert {line.ask.cls for line in asked} == UNASKED
    assert len(drawn) > 1, drawn


def test_limits_that_health_and_history_did_not_give_are_found() -> None:
    lines = merged(lived(0).lines)
    place = next(place for place, line in enumerate(lines) if '"caps"' in line)
    line = json.loads(lines[place])
    line["caps"]["unanswered"] += 1

    first, *_ = replay([*lines[:place], json.dumps(line), *lines[place + 1 :]])

    assert isinstance(first, Difference)
    assert (first.line, first.uncertain) == (place + 1, False)
