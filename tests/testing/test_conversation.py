"""The kit that bot developers test with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from flashbot import Bot, Buttons, Delivered, Image, ReplyButton, Router, Turn
from flashbot.testing import Conversation


@dataclass
class Seen:
    texts: int = 0
    delivered: int = 0


def a_bot() -> Bot:
    router = Router("kit", state=Seen)

    @router.intent("menu", keywords=["menu"])
    async def menu(turn: Turn[Seen]) -> None:
        turn.reply(Buttons("What next?", "Choose one", [ReplyButton("Track it", "track")]))

    @router.intent("track", examples=["track it"])
    async def track(turn: Turn[Seen]) -> None:
        turn.reply(Image("https://shop.example/map.png", caption="Here it is"))
        turn.reply("Anything else?")
        turn.expect(more, within=timedelta(hours=1), otherwise=nudge)

    @router.step("more")
    async def more(turn: Turn[Seen]) -> None:
        turn.reply(f"{turn.text}, then")

    @router.step("nudge")
    async def nudge(turn: Turn[Seen]) -> None:
        turn.reply("Are you still there?")

    @router.intent("break", examples=["break"])
    async def broken(turn: Turn[Seen]) -> None:
        turn.reply("never said")
        raise LookupError("the shop is closed")

    @router.on(Delivered)
    async def delivered(turn: Turn[Seen]) -> None:
        turn.state.delivered += 1

    @router.fallback
    async def anything(turn: Turn[Seen]) -> None:
        turn.state.texts += 1
        turn.reply(f"{turn.name or 'you'}: {turn.text}")

    return Bot(router)


def a_shop(**more: Any) -> Bot:
    router = Router("shop")

    @router.intent("track", examples=["where is my parcel", "when will my parcel arrive", "my parcel is not here yet"])
    async def track(turn: Turn[None]) -> None:
        turn.reply("On its way.")

    @router.intent("refund", examples=["I want my money back", "give me a refund", "please refund what I have paid"])
    async def refund(turn: Turn[None]) -> None:
        turn.reply("You get it back.")

    @router.fallback
    async def anything(turn: Turn[None]) -> None:
        turn.reply("Sorry?")

    return Bot(router, asking=False, **more)


async def test_what_is_said_in_other_words_is_understood_from_the_first_message() -> None:
    chat = Conversation(a_shop())

    await chat.says("hello, when will my parcel be here")

    assert chat.replies == ["On its way."]


async def test_a_bots_own_short_forms_are_read_as_what_they_stand_for() -> None:
    chat = Conversation(a_shop(street={"wimp": "where is my parcel"}))

    await chat.says("WIMP?")

    assert chat.replies == ["On its way."]


async def test_the_same_examples_are_learned_once_for_all_tests() -> None:
    bots = [a_shop(), a_shop()]

    for bot in bots:
        await Conversation(bot).says("hello")

    first, second = (bot.routes._ears["people"].matcher.recogniser for bot in bots)
    assert first is not None
    assert second is first


async def test_replies_are_those_since_the_person_last_wrote() -> None:
    async with Conversation(a_bot(), name="Awa") as chat:
        await chat.says("one")
        await chat.says("two")

        assert chat.replies == ["Awa: two"]
        assert [heard.text for heard in chat.sent] == ["Awa: one", "Awa: two"]
        assert chat.state == Seen(texts=2)


async def test_a_conversation_opens_itself() -> None:
    chat = Conversation(a_bot())

    await chat.says("one")

    assert chat.replies == ["you: one"]


async def test_a_button_is_tapped_by_its_id() -> None:
    async with Conversation(a_bot()) as chat:
        await chat.says("menu")
        assert [(heard.type, heard.text) for heard in chat.sent] == [("buttons", "What next?")]

        await chat.taps("track")

        assert chat.replies == ["Here it is", "Anything else?"]


async def test_waiting_lets_what_is_due_on_the_way_happen() -> None:
    async with Conversation(a_bot()) as chat:
        await chat.says("track it")

        await chat.wait(minutes=59)
        assert chat.replies == []
        await chat.wait(minutes=2)

        assert chat.replies == ["Are you still there?"]
        assert chat.state.delivered == 3


async def test_what_a_handler_raises_comes_out_of_the_test() -> None:
    async with Conversation(a_bot()) as chat:
        with pytest.raises(LookupError, match="the shop is closed"):
            await chat.says("break")

        assert chat.sent == []


async def test_a_message_that_answers_nobody_is_sent_once() -> None:
    async with Conversation(a_bot()) as chat:
        first = await chat.sends("Your order has left.", key="shipped-1")
        second = await chat.sends("Your order has left.", key="shipped-1")

        assert (first, second) == (True, False)
        assert [heard.text for heard in chat.sent] == ["Your order has left."]


async def test_two_conversations_keep_their_states_apart(conversation: Any) -> None:
    bot = a_bot()
    awa, ben = await conversation(bot), await conversation(bot, phone="+33611111111")

    await awa.says("one")
    await ben.says("eins")
    await awa.says("two")

    assert (awa.state.texts, ben.state.texts) == (2, 1)
