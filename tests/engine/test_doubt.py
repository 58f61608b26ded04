"""Which row of the list is the message that got no answer, and what follows when none is."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from flashbot.clock import to_ms
from flashbot.engine.doubt import (
    FAILED_LOOKS,
    RESENDS,
    REVIVALS,
    SKEW,
    Doubt,
    Row,
    Step,
    alike,
    judge,
    known_of,
    resending,
    window_start,
)
from flashbot.engine.outbox import MessageClass
from flashbot.engine.patience import Patience

SINCE = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
PATIENCE = Patience()
TEXT = {"instanceId": "i", "to": "+2250700000001", "type": "text", "text": "hello"}
IMAGE = {"instanceId": "i", "to": "+2250700000001", "type": "image", "mediaUrl": "https://a/1", "text": "hello"}
STORED = {"instanceId": "i", "to": "+2250700000001", "templateId": "t"}
PLACE = {"instanceId": "i", "to": "+2250700000001", "type": "location", "latitude": 1, "longitude": 2}
ROW = Row("v1", "+2250700000001", "i", "text", "hello", None, True, SINCE)


MATCHES: dict[str, tuple[dict[str, Any], Row]] = {
    "the same": (TEXT, ROW),
    "a recipient without its plus": (TEXT, replace(ROW, to="2250700000001")),
    "a recipient as the provider writes it": (TEXT, replace(ROW, to="2250700000001@s.whatsapp.net")),
    "no instance told": (TEXT, replace(ROW, instance=None)),
    "no type told": (TEXT, replace(ROW, type=None)),
    "no time told": (TEXT, replace(ROW, created=None)),
    "at the very start": (TEXT, replace(ROW, created=SINCE)),
    "later": (TEXT, replace(ROW, created=SINCE + timedelta(minutes=3))),
    "media by its address": (IMAGE, replace(ROW, type="image", media_url="https://a/1", body=None)),
    "a stored template, as MsgFlash rendered it": (STORED, replace(ROW, body="whatever it became")),
    "a stored template by its id": (STORED, replace(ROW, body="whatever it became", template="t")),
    "a place": (PLACE, replace(ROW, type="location", body=None)),
}


@pytest.mark.parametrize(("wanted", "row"), MATCHES.values(), ids=MATCHES.keys())
def test_the_row_of_the_message_is_found(wanted: dict[str, Any], row: Row) -> None:
    assert alike(wanted, [row], since=SINCE) == [row]


STRANGERS: dict[str, tuple[dict[str, Any], Row]] = {
    "before the window": (TEXT, replace(ROW, created=SINCE - timedelta(milliseconds=1))),
    "another recipient": (TEXT, replace(ROW, to="+2250700000002")),
    "no recipient": (TEXT, replace(ROW, to=None)),
    "another instance": (TEXT, replace(ROW, instance="j")),
    "another type": (TEXT, replace(ROW, type="image")),
    "other words": (TEXT, replace(ROW, body="hello!")),
    "no words": (TEXT, replace(ROW, body=None)),
    "from the person": (TEXT, replace(ROW, outbound=False)),
    "other media": (IMAGE, replace(ROW, type="image", media_url="https://a/2")),
    "media without an address": (IMAGE, replace(ROW, type="image", media_url=None)),
    "a template to another": (STORED, replace(ROW, to="+2250700000002")),
    "another template": (STORED, replace(ROW, template="u")),
}


@pytest.mark.parametrize(("wanted", "row"), STRANGERS.values(), ids=STRANGERS.keys())
def test_a_row_that_is_not_the_messages_is_not_taken_for_it(wanted: dict[str, Any], row: Row) -> None:
    assert alike(wanted, [row], since=SINCE) == []


@pytest.mark.parametrize("order", [(3, 2, 1), (1, 2, 3), (2, 3, 1)])
def test_the_oldest_comes_first_in_whatever_order_they_are_listed(order: tuple[int, ...]) -> None:
    rows = [replace(ROW, id=f"v{n}", created=SINCE + timedelta(seconds=n)) for n in order]

    found = alike(TEXT, rows, since=SINCE)

    assert [row.id for row in found] == ["v1", "v2", "v3"]


def test_of_two_made_at_the_same_time_the_one_further_down_the_list_is_the_older() -> None:
    rows = [replace(ROW, id="newer"), replace(ROW, id="older")]

    assert [row.id for row in alike(TEXT, rows, since=SINCE)] == ["older", "newer"]


def test_in_an_empty_list_nothing_is_found() -> None:
    assert alike(TEXT, [], since=SINCE) == []


def test_the_window_begins_a_little_before_the_first_attempt() -> None:
    first_ms = to_ms(SINCE)

    assert window_start(first_ms, first_ms + 30_000) == SINCE - SKEW


def test_a_clock_that_ran_backwards_widens_the_window() -> None:
    """The hour is lost to the first attempt's time, but not to the list's."""
    first_ms = to_ms(SINCE)

    assert window_start(first_ms, first_ms - 3_600_000) < SINCE - timedelta(hours=1)


YOUNG, OLD = timedelta(minutes=2), timedelta(minutes=6)
PARKED, CRASHED = Doubt(parked=True), Doubt()
WAIT, RESEND, SENT, UNKNOWN = Step.WAIT, Step.RESEND, Step.SENT, Step.UNKNOWN
# After no clean look, one, two; then with an old attempt; then with every resend used, after one look and two.
TABLE: dict[str, dict[str, tuple[Step, ...]]] = {
    "reply": {"parked": (WAIT, WAIT, RESEND, UNKNOWN, WAIT, UNKNOWN)},
    "service": {"parked": (WAIT, WAIT, RESEND, UNKNOWN, WAIT, UNKNOWN)},
    "critical": {"parked": (WAIT, RESEND, RESEND, RESEND, WAIT, UNKNOWN)},
    "follow_up": {"parked": (WAIT, WAIT, SENT, SENT, WAIT, SENT)},
    "marketing": {"parked": (WAIT, WAIT, SENT, SENT, WAIT, SENT)},
    "cold": {"parked": (WAIT, WAIT, SENT, SENT, WAIT, SENT)},
}
for row in TABLE.values():
    row["crashed"] = row["parked"]


@pytest.mark.parametrize("owner", ["parked", "crashed"])
@pytest.mark.parametrize("cls", get_args(MessageClass))
def test_what_follows_is_as_the_table_says_for_each_class(cls: MessageClass, owner: str) -> None:
    doubt = PARKED if owner == "parked" else CRASHED
    used = replace(doubt, resent=RESENDS) if owner == "parked" else replace(doubt, revived=REVIVALS)

    found = [
        *(judge(replace(doubt, looks=looks), cls, age=YOUNG, patience=PATIENCE)[0] for looks in range(3)),
        judge(replace(doubt, looks=2), cls, age=OLD, patience=PATIENCE)[0],
        *(judge(replace(used, looks=looks), cls, age=YOUNG, patience=PATIENCE)[0] for looks in (1, 2)),
    ]

    assert tuple(found) == TABLE[cls][owner]


WAITS: dict[str, tuple[Doubt, float]] = {
    "no look yet": (PARKED, 30),
    "one look, the owner lives": (replace(PARKED, looks=1), 90),
    "one look, the owner died": (replace(CRASHED, looks=1), 30),
    "the list cannot be read": (replace(PARKED, failed_looks=3), 30),
    "the second time it cannot": (replace(PARKED, looks=1, failed_looks=1), 90),
}


@pytest.mark.parametrize(("doubt", "seconds"), WAITS.values(), ids=WAITS.keys())
def test_the_next_look_is_made_in_its_time(doubt: Doubt, seconds: float) -> None:
    assert judge(doubt, "reply", age=YOUNG, patience=PATIENCE) == (Step.WAIT, seconds)


@pytest.mark.parametrize("doubt", [replace(CRASHED, resent=1), replace(CRASHED, revived=1), replace(PARKED, revived=1)])
def test_a_critical_message_is_sent_again_once_whatever_became_of_its_owners(doubt: Doubt) -> None:
    again = [judge(replace(doubt, looks=looks), "critical", age=YOUNG, patience=PATIENCE)[0] for looks in (1, 2)]

    assert again == [WAIT, UNKNOWN]


USED: dict[str, tuple[Doubt, Step]] = {
    "its owners died and died": (replace(CRASHED, revived=REVIVALS - 1), RESEND),
    "for the last time": (replace(CRASHED, revived=REVIVALS), UNKNOWN),
    "silence after a death": (replace(PARKED, revived=1), UNKNOWN),
    "a death after a silence": (replace(CRASHED, resent=1), UNKNOWN),
}


@pytest.mark.parametrize(("doubt", "step"), USED.values(), ids=USED.keys())
def test_a_reply_is_sent_again_once_unless_nothing_but_deaths_happened(doubt: Doubt, step: Step) -> None:
    assert judge(replace(doubt, looks=2), "reply", age=YOUNG, patience=PATIENCE) == (step, 0)


@pytest.mark.parametrize("cls", get_args(MessageClass))
def test_a_list_that_cannot_be_read_for_long_makes_it_unknown(cls: MessageClass) -> None:
    doubt = Doubt(parked=True, looks=1, failed_looks=FAILED_LOOKS)

    assert judge(doubt, cls, age=YOUNG, patience=PATIENCE) == (Step.UNKNOWN, 0)


def test_a_resend_is_written_down_with_what_was_looked_for_before() -> None:
    doubt = Doubt(parked=True, looks=2, due_ms=5, first_ms=1)

    assert resending(doubt) == Doubt(resent=1, past_looks=2, first_ms=1)
    assert resending(replace(doubt, parked=False)) == Doubt(revived=1, past_looks=2, first_ms=1)


def test_what_is_known_of_an_unknown_one_is_told_in_a_sentence() -> None:
    doubt = Doubt(parked=True, looks=2, past_looks=2, resent=1, failed_looks=3, first_ms=to_ms(SINCE))

    assert known_of(doubt) == (
        "There was no answer, and nobody can tell whether this message was sent: first tried 2026-01-05 09:00:00 UTC, "
        "sent again once, looked for 4 times in MsgFlash's list and not found, 3 times the list could not be read."
    )


def test_a_doubt_survives_its_note() -> None:
    odd: dict[str, Any] = {"parked": True, "strangers": ("v1", "v2")}
    values = {one.name: odd.get(one.name, 7) for one in fields(Doubt)}
    doubt = Doubt(**values)

    assert Doubt.load(doubt.dump()) == doubt
    assert Doubt.load(b"") == Doubt()
    assert Doubt().dump() == b""


def test_the_note_of_a_newer_version_is_read_as_far_as_it_is_known() -> None:
    assert Doubt.load(b'{"looks":1,"moons":2}') == Doubt(looks=1)
