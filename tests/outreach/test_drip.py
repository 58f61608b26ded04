"""Drips as values: building, beginning, firing."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flashbot.errors import BotMistake
from flashbot.msgflash.content import Image
from flashbot.outreach.drip import Drip, Drips, DripStep, begin, fire
from flashbot.template import Template

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAY = timedelta(days=1)
drip = Drip("follow-up", version=3).send(Template("ask"), after=2 * DAY).send("well?", after=DAY)


def test_send_gives_a_longer_drip_and_leaves_the_first_alone() -> None:
    first = Drip("x").send("one", after=DAY)

    second = first.send("two", after=2 * DAY)

    assert first.steps == (DripStep("one", DAY),)
    assert second.steps == (DripStep("one", DAY), DripStep("two", 2 * DAY))
    assert (second.name, second.version) == ("x", 1)


def test_a_drip_cannot_be_changed() -> None:
    changing: Any = drip

    with pytest.raises(FrozenInstanceError):
        changing.name = "other"


@pytest.mark.parametrize("name", ["", " ", "a|b", None, 7])
def test_a_drip_needs_a_name_that_a_timer_can_carry(name: Any) -> None:
    with pytest.raises(BotMistake, match="name"):
        Drip(name)


@pytest.mark.parametrize("version", [0, -1, 1.5, "1", True])
def test_a_version_is_a_whole_number_from_1(version: Any) -> None:
    with pytest.raises(BotMistake, match="version"):
        Drip("x", version=version)


@pytest.mark.parametrize("after", [-DAY, 3, None])
def test_a_wait_is_a_timedelta_that_is_not_negative(after: Any) -> None:
    with pytest.raises(BotMistake, match="after"):
        Drip("x").send("one", after=after)


@pytest.mark.parametrize("within", [timedelta(), -DAY, 3])
def test_a_message_may_be_late_by_a_timedelta_above_zero(within: Any) -> None:
    with pytest.raises(BotMistake, match="within"):
        Drip("x").send("hello", after=DAY, within=within)


@pytest.mark.parametrize("purpose", ["", " ", "x" * 41, 3])
def test_a_drip_has_a_purpose_that_can_be_agreed_to(purpose: Any) -> None:
    with pytest.raises(BotMistake, match="purpose"):
        Drip("x", purpose=purpose)


def test_a_due_message_tells_its_purpose_and_when_it_is_too_late() -> None:
    greeting = Drip("x", purpose="greetings").send("Good morning!", after=DAY, within=timedelta(hours=2))
    enrolment, due = begin(greeting, NOW)

    fired = fire(greeting, enrolment, due)

    assert (fired.purpose, fired.before) == ("greetings", NOW + DAY + timedelta(hours=2))


@pytest.mark.parametrize("content", [None, 7, b"x"])
def test_only_messages_can_be_sent(content: Any) -> None:
    with pytest.raises(BotMistake, match="sends text"):
        Drip("x").send(content, after=DAY)


def test_an_enrolment_begins_with_the_first_wait_and_is_json() -> None:
    enrolment, due = begin(drip, NOW, {"name": "Ada"})

    assert due == NOW + 2 * DAY
    assert json.loads(json.dumps(enrolment)) == enrolment
    assert (enrolment["v"], enrolment["values"]) == (3, {"name": "Ada"})


def test_firing_walks_through_the_messages_and_ends() -> None:
    enrolment, due = begin(drip, NOW, {"name": "Ada"})

    one = fire(drip, enrolment, due)
    assert one.enrolment is not None
    assert one.due is not None
    two = fire(drip, one.enrolment, one.due)

    assert (one.content, one.values, one.due) == (Template("ask"), {"name": "Ada"}, NOW + 3 * DAY)
    assert (two.content, two.enrolment, two.due, two.reason) == ("well?", None, None, "complete")


def test_a_late_message_shifts_the_next_one() -> None:
    enrolment, due = begin(drip, NOW)

    fired = fire(drip, enrolment, due + 5 * DAY)

    assert fired.due == due + 6 * DAY


def test_an_enrolment_of_another_version_has_ended() -> None:
    enrolment, due = begin(drip, NOW)

    fired = fire(Drip("follow-up", version=4).send("x", after=DAY), enrolment, due)

    assert (fired.content, fired.enrolment, fired.reason) == (None, None, "version gone")


def test_an_enrolment_beyond_the_last_message_has_ended() -> None:
    enrolment, due = begin(drip, NOW)

    fired = fire(drip, {**enrolment, "i": 2}, due)

    assert (fired.content, fired.enrolment, fired.reason) == (None, None, "step gone")


def test_who_is_under_way_finishes_the_version_they_began() -> None:
    newer = Drip("follow-up", version=4).send("new", after=DAY)
    drips = Drips([drip, newer])

    old, _ = drips.begin("follow-up", 3, {}, NOW)
    new, _ = drips.begin("follow-up", 4, {}, NOW)

    assert drips.fire("follow-up", old, NOW).content == Template("ask")
    assert drips.fire("follow-up", new, NOW).content == "new"


def test_a_drip_that_is_gone_ends_its_enrolments() -> None:
    enrolment, _ = begin(drip, NOW)

    assert Drips().fire("follow-up", enrolment, NOW).reason == "version gone"
    assert not Drips().knows("follow-up", 3)


def test_the_drips_of_a_bot_are_checked() -> None:
    with pytest.raises(BotMistake, match="sends nothing"):
        Drips([Drip("x")])
    with pytest.raises(BotMistake, match="Two drips"):
        Drips([drip, Drip("follow-up", version=3).send("other", after=DAY)])
    with pytest.raises(BotMistake, match="takes drips"):
        Drips(["follow-up"])  # type: ignore[list-item]  # that is the mistake


def test_the_drips_name_their_templates_once() -> None:
    more = (
        drip.send(Template("ask"), after=DAY)
        .send(Image("https://example.com/a.png"), after=DAY)
        .send(Template("b"), after=DAY)
    )

    assert Drips([more]).templates == (("follow-up", "ask"), ("follow-up", "b"))
