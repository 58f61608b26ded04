"""A turn records what is asked and does nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flashbot.dialogue.router import Router
from flashbot.dialogue.turn import Expectation, Handoff, Outcome, Reply, Start, Turn
from flashbot.errors import BotMistake
from flashbot.msgflash.content import Image, Text
from flashbot.msgflash.events import Received
from flashbot.outreach.drip import Drip
from flashbot.template import Template

drip = Drip("follow-up", version=2).send("Well?", after=timedelta(days=1))
router = Router("desk")


@router.step("number")
async def number(turn: Turn[None]) -> None: ...


@router.step("late")
async def late(turn: Turn[None]) -> None: ...


def made() -> Turn[None]:
    return Turn.for_test("hello", state=None)


def test_the_facts_of_a_message() -> None:
    heard = Received(name="message.received", sender="+15550000001", text="hi", choice="yes", display_name="Ada")
    now = datetime(2026, 1, 5, tzinfo=UTC)

    turn = Turn(heard, None, now=now, contact="+15550000001", instance="one", event_id="e", attempt=3)

    assert (turn.text, turn.choice, turn.name, turn.contact) == ("hi", "yes", "Ada", "+15550000001")
    assert (turn.instance, turn.event_id, turn.attempt, turn.now) == ("one", "e", 3, now)
    assert turn.event is heard
    assert turn.match is None
    assert not turn.timed_out


@pytest.mark.parametrize("fact", ["text", "contact", "event_id", "now", "attempt", "match", "replies"])
def test_facts_cannot_be_changed(fact: str) -> None:
    with pytest.raises(AttributeError):
        setattr(made(), fact, "other")


def test_a_misspelt_attribute_cannot_be_set() -> None:
    turn: Any = made()

    with pytest.raises(AttributeError):
        turn.stat = 1


def test_replies_are_kept_in_order_with_their_values() -> None:
    turn = made()

    turn.reply("one")
    turn.reply(Template("parcel"), number="A17")
    turn.reply(Image("https://example.com/a.png"))

    assert turn.replies == (
        Reply("one", {}),
        Reply(Template("parcel"), {"number": "A17"}),
        Reply(Image("https://example.com/a.png"), {}),
    )


@pytest.mark.parametrize("content", ["text", Text("text")])
def test_values_without_a_template_are_refused(content: Any) -> None:
    turn: Any = made()

    with pytest.raises(BotMistake, match="without a Template"):
        turn.reply(content, number="A17")

    assert turn.replies == ()


@pytest.mark.parametrize("content", [None, 7, b"bytes", ["list"]])
def test_what_is_no_message_is_refused(content: Any) -> None:
    with pytest.raises(BotMistake, match=r"turn\.reply takes"):
        made().reply(content)


def test_an_outcome_holds_everything_that_was_asked() -> None:
    turn = made()

    turn.reply("a moment")
    turn.expect(number, within=timedelta(hours=1), otherwise=late)
    turn.start(drip, name="Ada")
    turn.handoff("support", note="angry")

    assert turn.outcome() == Outcome(
        (Reply("a moment", {}),),
        Expectation(number, timedelta(hours=1), late),
        (Start(drip, {"name": "Ada"}),),
        (),
        Handoff("support", "angry"),
        released=False,
    )


def test_a_turn_without_acts_has_an_empty_outcome() -> None:
    assert made().outcome() == Outcome()


def test_the_last_expectation_counts() -> None:
    turn = made()

    turn.expect(number, within=timedelta(hours=1))
    turn.expect(late)

    assert turn.outcome().expect == Expectation(late)


@pytest.mark.parametrize("within", [timedelta(), timedelta(seconds=-1)])
def test_a_wait_that_is_over_is_refused(within: timedelta) -> None:
    with pytest.raises(BotMistake, match="not in the future"):
        made().expect(number, within=within)


def test_otherwise_needs_within() -> None:
    with pytest.raises(BotMistake, match="without `within`"):
        made().expect(number, otherwise=late)


def test_expecting_something_that_is_no_step_is_refused() -> None:
    turn: Any = made()

    with pytest.raises(BotMistake, match=r"@router\.step"):
        turn.expect("number")


def test_stopping_takes_back_a_start_and_starting_again_counts() -> None:
    turn = made()

    turn.start(drip)
    turn.stop(drip)
    stopped = turn.outcome()
    turn.start(drip)

    assert (stopped.starts, stopped.stops) == ((), ("follow-up",))
    assert turn.outcome().starts == (Start(drip, {}),)


def test_of_handoff_and_release_the_later_counts() -> None:
    handed, released = made(), made()

    handed.release()
    handed.handoff("support")
    released.handoff("support")
    released.release()

    assert (handed.outcome().handoff, handed.outcome().released) == (Handoff("support"), False)
    assert (released.outcome().handoff, released.outcome().released) == (None, True)


def test_a_handoff_needs_a_queue() -> None:
    with pytest.raises(BotMistake, match="queue"):
        made().handoff("")


def test_a_turn_for_a_test_can_carry_slots() -> None:
    turn = Turn.for_test("order A17", state=None, slots={"number": "A17"})

    assert turn.match is not None
    assert turn.match.slots["number"] == "A17"
