"""A conversation in human hands."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flashbot.dialogue.router import Router
from flashbot.msgflash.events import Read
from flashbot.outreach.drip import Drip

if TYPE_CHECKING:
    from collections.abc import Callable

    from flashbot.dialogue.turn import Turn

drip = Drip("follow-up").send("one", after=timedelta(hours=1))


def desk() -> Router[None]:
    router = Router("desk", hears=["people", "own"])

    @router.step("number")
    async def number(turn: Turn[None]) -> None:
        turn.reply(f"got {turn.text}")

    @router.intent("human", keywords=["angry"])
    async def human(turn: Turn[None]) -> None:
        turn.reply("A colleague will write.")
        turn.start(drip)
        turn.expect(number, within=timedelta(hours=1))
        turn.handoff("support", note="angry")

    @router.intent("back to the bot", examples=["#bot"])
    async def give_back(turn: Turn[None]) -> None:
        turn.release()

    @router.on(Read)
    async def read(turn: Turn[None]) -> None:
        turn.reply("read")

    @router.fallback
    async def fallback(turn: Turn[None]) -> None:
        turn.reply("bot here")

    return router


async def test_after_a_handoff_no_handler_answers(chat: Callable[..., Any]) -> None:
    talk = chat(desk(), drips=(drip,))

    handed = await talk.says("I am angry")
    said = await talk.says("hello?")

    assert handed == ["A colleague will write."]
    assert said == []
    assert talk.reason == "human owns"
    assert talk.memory.owner.queue == "support"
    assert talk.memory.owner.note == "angry"


async def test_a_handoff_drops_the_step_that_the_same_turn_expected(chat: Callable[..., Any]) -> None:
    talk = chat(desk(), drips=(drip,))

    await talk.says("angry")

    assert talk.memory.pending is None
    assert {name for name, _ in talk.timers} == {"owner", "drip:follow-up"}


async def test_after_24_hours_the_bot_answers_again(chat: Callable[..., Any]) -> None:
    talk = chat(desk(), drips=(drip,))
    await talk.says("angry")
    await talk.says("hello?")

    await talk.waits(hours=23, minutes=59)
    still = await talk.says("hello?")
    await talk.waits(minutes=1)
    reason = talk.reason

    assert still == []
    assert reason == "owner expired"
    assert await talk.says("hello?") == ["bot here"]
    assert talk.memory.owner is None


async def test_ownership_ends_on_time_even_if_its_timer_is_late(chat: Callable[..., Any]) -> None:
    talk = chat(desk(), drips=(drip,))
    await talk.says("angry")
    talk.now += timedelta(hours=24)

    assert await talk.says("hello?") == ["bot here"]


async def test_our_own_message_can_release_the_conversation(chat: Callable[..., Any]) -> None:
    talk = chat(desk(), drips=(drip,))
    await talk.says("angry")

    await talk.says("#bot", own=True)

    assert talk.memory.owner is None
    assert {name for name, _ in talk.timers} == {"drip:follow-up"}
    assert await talk.says("hello?") == ["bot here"]


async def test_events_that_are_no_messages_still_reach_their_handlers(chat: Callable[..., Any]) -> None:
    talk = chat(desk(), drips=(drip,))
    await talk.says("angry")

    assert await talk.gets(Read(name="message.read", to="+15550000001")) == ["read"]


async def test_an_opt_out_is_obeyed_while_a_human_owns(chat: Callable[..., Any]) -> None:
    talk = chat(desk(), drips=(drip,))
    await talk.says("angry")

    said = await talk.says("stop")

    assert len(said) == 1
    assert talk.memory.opted_out
    assert talk.memory.owner is not None


async def test_a_second_handoff_starts_the_24_hours_anew(chat: Callable[..., Any]) -> None:
    router = Router("desk", hears=["own"])

    @router.fallback
    async def hand(turn: Turn[None]) -> None:
        turn.handoff(turn.text)

    talk = chat(router)
    await talk.says("one", own=True)
    talk.now += timedelta(hours=1)

    await talk.says("two", own=True)

    assert talk.memory.owner.queue == "two"
    assert list(talk.timers.values()) == [talk.now + timedelta(hours=24)]


async def test_a_drip_does_not_speak_into_a_conversation_that_a_human_owns(chat: Callable[..., Any]) -> None:
    talk = chat(desk(), drips=(drip,))
    await talk.says("angry")

    within = await talk.waits(hours=23)
    reason = talk.reason
    after = await talk.waits(hours=2)

    assert within == []
    assert reason == "drip waits:follow-up"
    assert after == ["one"]
