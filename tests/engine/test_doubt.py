"""Which row of the list is the message that got no answer, and what follows when none is."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flashbot.engine.doubt import FAILED_LOOKS, SKEW, Doubt, Row, Step, find, judge
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
    "a clock as far behind as may be": (TEXT, replace(ROW, created=SINCE - SKEW)),
    "a clock ahead": (TEXT, replace(ROW, created=SINCE + timedelta(minutes=3))),
    "media by its address": (IMAGE, replace(ROW, type="image", media_url="https://a/1", body=None)),
    "a stored template, as MsgFlash rendered it": (STORED, replace(ROW, body="whatever it became")),
    "a place": (PLACE, replace(ROW, type="location", body=None)),
}


@pytest.mark.parametrize(("wanted", "row"), MATCHES.values(), ids=MATCHES.keys())
def test_the_row_of_the_message_is_found(wanted: dict[str, Any], row: Row) -> None:
    assert find(wanted, [row], since=SINCE, bound=set()) == row


STRANGERS: dict[str, tuple[dict[str, Any], Row]] = {
    "older than the skew": (TEXT, replace(ROW, created=SINCE - SKEW - timedelta(seconds=1))),
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
}


@pytest.mark.parametrize(("wanted", "row"), STRANGERS.values(), ids=STRANGERS.keys())
def test_a_row_that_is_not_the_messages_is_not_taken_for_it(wanted: dict[str, Any], row: Row) -> None:
    assert find(wanted, [row], since=SINCE, bound=set()) is None


def test_a_row_that_belongs_to_another_message_is_passed_over() -> None:
    newer, older = replace(ROW, id="v2", created=SINCE + timedelta(seconds=9)), ROW

    assert find(TEXT, [newer, older], since=SINCE, bound={"v1"}) == newer
    assert find(TEXT, [newer, older], since=SINCE, bound={"v1", "v2"}) is None


def test_of_several_the_oldest_is_taken() -> None:
    rows = [replace(ROW, id=f"v{n}", created=SINCE + timedelta(seconds=n)) for n in (3, 2, 1)]

    found = find(TEXT, rows, since=SINCE, bound=set())

    assert found is not None
    assert found.id == "v1"


def test_in_an_empty_list_nothing_is_found() -> None:
    assert find(TEXT, [], since=SINCE, bound=set()) is None


YOUNG, OLD = timedelta(minutes=2), timedelta(minutes=6)
JUDGED: dict[str, tuple[Doubt, Any, timedelta, Step, float]] = {
    "no look yet": (Doubt(), "reply", YOUNG, Step.WAIT, 30),
    "one look, the owner lives": (Doubt(parked=True, looks=1), "reply", YOUNG, Step.WAIT, 90),
    "one look, the owner died": (Doubt(looks=1), "reply", YOUNG, Step.WAIT, 30),
    "two looks": (Doubt(parked=True, looks=2), "reply", YOUNG, Step.RESEND, 0),
    "two looks, the owner died": (Doubt(looks=2), "reply", YOUNG, Step.RESEND, 0),
    "two looks, a service message": (Doubt(parked=True, looks=2), "service", YOUNG, Step.RESEND, 0),
    "two looks, old": (Doubt(parked=True, looks=2), "reply", OLD, Step.UNKNOWN, 0),
    "two looks after a resend": (Doubt(parked=True, looks=2, resent=1), "reply", YOUNG, Step.UNKNOWN, 0),
    "a drip": (Doubt(parked=True, looks=2), "follow_up", YOUNG, Step.SENT, 0),
    "an old drip": (Doubt(parked=True, looks=2), "follow_up", OLD, Step.SENT, 0),
    "marketing": (Doubt(looks=2), "marketing", YOUNG, Step.SENT, 0),
    "a drip after one look": (Doubt(parked=True, looks=1), "follow_up", YOUNG, Step.WAIT, 90),
    "the list cannot be read": (Doubt(parked=True, failed_looks=3), "reply", OLD, Step.WAIT, 30),
    "the list cannot be read for long": (
        Doubt(parked=True, failed_looks=FAILED_LOOKS), "reply", YOUNG, Step.UNKNOWN, 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("doubt", "cls", "age", "step", "wait"), JUDGED.values(), ids=JUDGED.keys())
def test_what_follows_a_look_without_a_find(doubt: Doubt, cls: Any, age: timedelta, step: Step, wait: float) -> None:
    assert judge(doubt, cls, age=age, patience=PATIENCE) == (step, wait)


def test_a_doubt_survives_its_note() -> None:
    values: dict[str, Any] = {one.name: (True if one.name == "parked" else 7) for one in fields(Doubt)}
    doubt = Doubt(**values)

    assert Doubt.load(doubt.dump()) == doubt
    assert Doubt.load(b"") == Doubt()
    assert Doubt().dump() == b""
