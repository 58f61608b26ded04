"""Records of several writers made one, and what a missing line does to what follows it."""

from __future__ import annotations

import json
from datetime import time

import pytest

from flashbot.outreach.facts import Ask, Number, Person
from flashbot.outreach.ledger import Ledger
from flashbot.outreach.policy import Limits, Policy
from flashbot.outreach.presets import Presets
from flashbot.outreach.record import Moved, Noted, Record, read, verdict_of
from flashbot.outreach.replay import Difference, Gap, examine, merged, replay
from flashbot.outreach.verdict import Allow, Defer

T = 1_790_000_000_000
ALWAYS = Presets(closed_on=frozenset(), week=(((time(), time()),),) * 7)
POLICY = Policy(contact_hours=ALWAYS, number_hours=ALWAYS)
LIMITS = Limits(9, 9, 9, 9, 9, 9, 2, 2, 1.0, 3, 0, (0, 0), (0, 0), 0)
"""Two unasked messages a day."""


class Writers:
    """Two processes that take turns at one number, whose ledger is asked with a clock a second ahead of theirs."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.lines: tuple[list[str], list[str]] = ([], [])
        self.records = [Record(lines.append) for lines in self.lines]
        self.turn = 0

    def send(self, name: str, instance: str = "one") -> None:
        self.turn += 1
        record, now = self.records[self.turn % 2], T + self.turn * 60_000
        number = Number(True, state="stable", score=95, health_at_ms=now, zone="Africa/Abidjan")
        ask, person = Ask(name, "follow_up", now, name, ""), Person(now - 1000, zones=("Africa/Abidjan",))
        answer = self.ledger.reserve(name, name, "follow_up", "", "", LIMITS, 0, (0, 0), now + 1000)
        record.decided(instance, ask, person, number, POLICY, verdict_of(answer), now, caps=LIMITS, stamp=answer.stamp)
        if verdict_of(answer) == Allow():
            done = self.ledger.commit(name, now + 2000)
            stamp = self.ledger.stamp
            record.put(Moved("moved", stamp.at_ms, instance, "commit", name, done, stamp.seq))


@pytest.fixture
def writers() -> Writers:
    writers = Writers()
    for name in "abcd":
        writers.send(name)
    return writers


def test_lines_of_two_writers_are_put_in_the_order_of_the_moves(writers: Writers) -> None:
    found = examine(writers.lines)

    assert (found.lines, found.decisions) == (8, 4)
    assert (found.differences, found.uncertain, found.gaps) == ((), (), ())
    seqs = [json.loads(line).get("seq") for line in merged(writers.lines)]
    assert seqs == [None, None, *range(T + 61_000, T + 61_006)]


def test_one_after_the_other_they_are_no_record(writers: Writers) -> None:
    assert list(replay([*writers.lines[1], *writers.lines[0]])) != []


def test_a_move_that_is_missing_is_told_and_what_follows_it_is_uncertain(writers: Writers) -> None:
    lines = merged(writers.lines)
    del lines[4:6]  # the second grant and its commit

    gap, *others = replay(lines)

    assert gap == Gap(5, "one", T + 61_001, T + 61_004)
    assert [(one.found, one.uncertain) for one in others if isinstance(one, Difference)] == [(Allow(), True)] * 2


def test_after_a_gap_what_was_granted_is_believed(writers: Writers) -> None:
    lines = merged(writers.lines)
    granted = lines[4].replace(f'"seq":{T + 61_002}', f'"seq":{T + 61_009}')
    late = json.loads(granted)
    late["caps"] = {**late["caps"], "day": 1}

    found = list(replay([*lines, json.dumps(late), json.dumps({**late, "seq": T + 61_010})]))

    assert [type(one) for one in found] == [Gap], "it is known, and granted again"


def test_without_its_beginning_a_record_is_uncertain_from_the_start(writers: Writers) -> None:
    lines = [line for line in merged(writers.lines) if not isinstance(read(line), Moved)]

    first, *_ = replay(lines[:2] + lines[3:])

    assert first == Gap(3, "one", 0, T + 61_002)


def test_a_difference_of_the_gates_is_certain_whatever_is_missing(writers: Writers) -> None:
    lines = merged(writers.lines)
    del lines[2]
    untrue = json.loads(lines[-1])
    untrue["number"]["linked"] = False

    *_, last = replay([*lines[:-1], json.dumps(untrue)])

    assert isinstance(last, Difference)
    assert (last.uncertain, last.found) == (False, Defer(untrue["at_ms"] + 60_000, "unlinked"))


def test_a_ledger_that_begins_anew_is_certain_again(writers: Writers) -> None:
    lines = merged(writers.lines)
    writers.ledger = Ledger()
    for name in "efg":
        writers.send(name)

    del lines[3]
    gap, *others = replay([*lines, *merged(writers.lines)[8:]])

    assert isinstance(gap, Gap)
    assert all(isinstance(one, Difference) and one.line <= len(lines) for one in others)


def test_a_ledger_that_lost_moves_is_a_gap(writers: Writers) -> None:
    lines = merged(writers.lines)
    again = Noted("noted", T + 999_000, "one", "x", "x", "reply", seq=T + 61_003)
    Record(lines.append).put(again)

    found = list(replay(lines))

    assert found == [Gap(9, "one", T + 61_005, T + 61_003)]


def test_a_move_whose_answer_was_another_is_found(writers: Writers) -> None:
    lines = merged(writers.lines)
    lines[3] = lines[3].replace('"kind":"moved"', '"kind":"moved","done":false')

    assert list(replay(lines)) == [Difference(4, False, True)]


def test_the_torn_end_of_a_writer_is_left_out_and_nothing_else_is(writers: Writers) -> None:
    one, other = writers.lines
    torn = [*one, one[-1][:30]]

    assert merged([torn, other]) == merged([one, other])
    with pytest.raises(ValueError, match="JSON"):
        merged([[one[0][:30], *one[1:]], other])


def test_numbers_have_a_count_of_their_own(writers: Writers) -> None:
    lines = list(writers.lines)
    elsewhere = Writers()
    elsewhere.send("z", "two")

    found = examine([*lines, *elsewhere.lines])

    assert (found.differences, found.gaps) == ((), ())
