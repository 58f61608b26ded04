"""Consent all the way: what waits goes with a STOP, what is forgotten stays silenced, what was asked holds back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flashbot import Bot, Drip, Router, Template, Turn
from flashbot.clock import to_ms

AWA = "+2250700000001"
news = Drip("news").send("one", after=timedelta(hours=1))


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    (tmp_path / "sale.j2").write_text("---\nclass: marketing\n---\nSale!")
    router: Router[None] = Router("shop")

    @router.intent("join", examples=["join"])
    async def join(turn: Turn[None]) -> None:
        turn.consent("marketing", wording="Our news?")
        turn.start(news)

    @router.intent("sale", examples=["sale"])
    async def sale(turn: Turn[None]) -> None:
        turn.reply(Template("sale"))

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply("Yes?")

    return Bot(router, drips=[news], templates=tmp_path, stop_words={"Yamogo": "fr"})


@pytest.fixture
async def chat(conversation: Any, bot: Bot) -> Any:
    return await conversation(bot)


async def test_a_stop_takes_with_it_what_waits_in_the_lane(chat: Any) -> None:
    await chat.says("hello")
    entry = b'M send-1 marketing %d\n{"instanceId":"i","to":"%s","type":"text","text":"Sale"}'
    when = to_ms(chat.clock.now())
    chat._runner.run_command("DEL", "{fb:0}:drip:ready")
    await chat._store.post("drip", "1", chat.phone, entry % (when, chat.phone.encode()))
    chat._runner.run_command("DEL", "{fb:0}:drip:ready")  # nobody takes it yet

    await chat.says("stop")

    assert chat._runner.run_command("LLEN", f"{{fb:0}}:drip:box:{chat.phone}") == 0
    assert len(chat.replies) == 1


async def test_an_owners_word_is_one(chat: Any) -> None:
    await chat.says("YAMOGO")

    assert "REPRENDRE" in chat.replies[0]
    assert chat.memory.opted_out


async def test_a_near_miss_holds_promotions_back_until_it_is_answered(chat: Any) -> None:
    await chat.says("join")
    await chat.says("stop the ads please")

    stored = await chat.sends(Template("sale"), key="sale-1")
    await chat.wait(hours=1)
    held = chat.replies
    await chat.says("no")
    await chat.wait(hours=6)

    assert (stored, held) == (True, [])
    assert chat.replies == ["Sale!"]


async def test_what_waited_for_the_answer_to_a_near_miss_goes_with_a_yes(chat: Any) -> None:
    await chat.says("join")
    await chat.says("stop the ads please")
    await chat.sends(Template("sale"), key="sale-1")

    await chat.says("yes")
    await chat.wait(hours=30)

    assert "Sale!" not in [heard.text for heard in chat.sent]


async def forgotten(chat: Any) -> None:
    class Server:
        command = staticmethod(chat._runner.command)

        async def primaries(self) -> list[Any]:
            return [chat._runner]

    await chat._store.people.erase(Server(), chat.phone, silent=lambda document: b'"out":true' in document)


async def test_somebody_who_opted_out_and_was_forgotten_gets_nothing_but_what_is_critical(chat: Any) -> None:
    await chat.says("stop")
    await forgotten(chat)

    sent = [
        await chat.sends("Your order", key="1"),
        await chat.sends(Template("sale"), key="2"),
        await chat.sends("Code 1234", key="3", critical=True),
    ]

    assert sent == [False, False, True]
    assert chat.replies == ["Code 1234"]


async def test_they_begin_anew_when_they_write_and_still_get_no_promotion(chat: Any) -> None:
    await chat.says("stop")
    await forgotten(chat)

    await chat.says("hello")
    answered = chat.replies
    await chat.sends("Your order", key="1")
    await chat.sends(Template("sale"), key="2")

    assert answered == ["Yes?"]
    assert chat.replies == []
    assert chat.sent[-1].text == "Your order"
    assert [one.source for one in chat.memory.entries] == ["before they were forgotten"]


async def test_with_their_start_they_get_everything_again(chat: Any) -> None:
    await chat.says("stop")
    await forgotten(chat)
    await chat.says("hello")

    await chat.says("START")

    assert not chat.memory.opted_out
    assert await chat.sends(Template("sale"), key="1")


async def test_who_had_not_opted_out_and_was_forgotten_is_a_stranger(chat: Any) -> None:
    await chat.says("hello")
    await forgotten(chat)

    assert await chat.sends("Your order", key="1")
    await chat.says("hello")
    assert chat.memory.entries == ()
