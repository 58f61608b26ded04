"""A dialogue starts and stops drips; their timers come back through it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from flashbot.dialogue.router import Router
from flashbot.dialogue.state import StateUnfit
from flashbot.dialogue.turn import Reply, Turn
from flashbot.errors import BotMistake
from flashbot.msgflash.events import Read
from flashbot.outreach.drip import Drip
from flashbot.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable

drip = Drip("follow-up").send(Template("ask_review"), after=timedelta(days=2)).send("coupon", after=timedelta(days=7))


def desk(**values: object) -> Router[None]:
    router = Router("desk")

    @router.intent("go", examples=["go"])
    async def go(turn: Turn[None]) -> None:
        turn.start(drip, **values)

    @router.intent("enough", examples=["enough"])
    async def enough(turn: Turn[None]) -> None:
        turn.stop(drip)

    @router.on(Read)
    async def read(turn: Turn[None]) -> None:
        turn.start(drip)

    return router


async def test_a_started_drip_sends_its_messages_one_wait_after_the_other(chat: Callable[..., Any]) -> None:
    talk = chat(desk(number="A17"), drips=(drip,))
    await talk.says("go")

    first = await talk.waits(days=2)
    sent, reason = talk.settled, talk.reason
    nothing = await talk.waits(days=6, hours=23)
    second = await talk.waits(hours=1)

    assert first == [Template("ask_review")]
    assert sent.messages == (Reply(Template("ask_review"), {"number": "A17"}, source="drip:follow-up"),)
    assert (sent.message_class, reason) == ("follow_up", "drip:follow-up")
    assert nothing == []
    assert second == ["coupon"]
    assert talk.settled.notes == ("drip ended:follow-up (complete)",)
    assert talk.memory.drips == ()
    assert talk.timers == {}


async def test_any_message_of_the_person_ends_it(chat: Callable[..., Any]) -> None:
    talk = chat(desk(), drips=(drip,))
    await talk.says("go")

    await talk.says(kind="sticker")

    assert talk.memory.drips == ()
    assert talk.timers == {}
    assert await talk.waits(days=30) == []


async def test_our_own_message_does_not_end_it(chat: Callable[..., Any]) -> None:
    talk = chat(desk(), Router("watch", hears=["own"]), drips=(drip,))
    await talk.says("go")

    await talk.says("hello", own=True)

    assert talk.memory.drips == ("follow-up",)


async def test_a_handler_can_stop_it(chat: Callable[..., Any]) -> None:
    talk = chat(desk(), drips=(drip,))
    await talk.says("go")

    await talk.says("enough")

    assert talk.timers == {}


async def test_starting_it_again_while_it_runs_changes_nothing(chat: Callable[..., Any]) -> None:
    talk = chat(desk(), drips=(drip,))
    await talk.says("go")
    before = dict(talk.timers)
    talk.now += timedelta(days=1)

    await talk.gets(Read(name="message.read", to="+15550000001"))

    assert talk.timers == before
    assert talk.settled.notes == ("drip runs already:follow-up",)


async def test_a_drip_that_the_bot_does_not_have_is_a_mistake(chat: Callable[..., Any]) -> None:
    talk = chat(desk())

    with pytest.raises(BotMistake, match=r'no drip "follow-up" in version 1: add it to Bot\('):
        await talk.says("go")


async def test_values_that_cannot_be_kept_are_refused_naming_the_drip(chat: Callable[..., Any]) -> None:
    talk = chat(desk(thing=object()), drips=(drip,))

    with pytest.raises(StateUnfit, match="follow-up"):
        await talk.says("go")


async def test_an_enrolment_in_a_version_that_is_gone_ends_with_a_reason(chat: Callable[..., Any]) -> None:
    old = chat(desk(), drips=(drip,))
    await old.says("go")
    new = chat(Router("desk"), drips=(Drip("follow-up", version=2).send("new", after=timedelta(days=1)),))
    new.stored, new.timers = old.stored, old.timers

    said = await new.waits(days=3)

    assert said == []
    assert new.settled.notes == ("drip ended:follow-up (version gone)",)
    assert new.memory.drips == ()


async def test_after_a_long_silence_of_the_server_the_waits_shift_and_nothing_piles_up(
    chat: Callable[..., Any],
) -> None:
    talk = chat(desk(), drips=(drip,))
    await talk.says("go")
    ((name, generation),) = talk.timers
    talk.now += timedelta(days=20)

    said = await talk.fires(name, generation)

    assert said == [Template("ask_review")]
    assert list(talk.timers.values()) == [talk.now + timedelta(days=7)]


async def test_an_answer_within_a_day_of_the_persons_message_is_a_reply_and_later_a_follow_up(
    chat: Callable[..., Any],
) -> None:
    talk = chat(desk(), drips=(drip,))
    read = Read(name="message.read", to="+15550000001")

    classes = [talk.settled.message_class for _ in [await talk.gets(read)]]
    await talk.says("hello")
    for hours in (23, 2):
        talk.now += timedelta(hours=hours)
        await talk.gets(read)
        classes.append(talk.settled.message_class)

    assert classes == ["follow_up", "reply", "follow_up"]
