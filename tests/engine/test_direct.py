"""`bot.send`: a message that answers nobody leaves once per key, through the same lanes."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flashbot import Bot, Image, Router, Template, Turn
from flashbot.dialogue.memory import Memory
from flashbot.engine.outbox import Outgoing
from flashbot.errors import ContentError, TemplateError
from flashbot.sandbox.world import DEMO_INSTANCE
from flashbot.settings import Settings, load_settings
from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from flashbot.store.records import Done

AWA = "+2250700000001"


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    (tmp_path / "shipped.j2").write_text("Order {{ number }} is on its way.")
    router: Router[None] = Router("shop")

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply("Yes?")

    return Bot(router, templates=tmp_path)


@pytest.fixture
async def chat(conversation: Any, bot: Bot) -> Any:
    return await conversation(bot)


async def test_a_message_arrives_from_the_default_number(chat: Any) -> None:
    new = await chat.sends("It is shipped.", key="order-1")

    assert new
    assert [(heard.text, heard.fields["instanceId"]) for heard in chat.sent] == [("It is shipped.", DEMO_INSTANCE)]


async def test_the_same_key_sends_once(chat: Any) -> None:
    new = [await chat.sends("It is shipped.", key="order-1") for _ in range(3)]
    await chat.wait(days=7)
    new.append(await chat.sends("It is shipped.", key="order-1"))

    assert new == [True, False, False, False]
    assert [heard.text for heard in chat.sent] == ["It is shipped."]


async def test_other_keys_send_in_order(chat: Any) -> None:
    for n in range(3):
        await chat.sends(f"{n}", key=f"order-{n}")

    assert [heard.text for heard in chat.sent] == ["0", "1", "2"]


async def test_a_template_is_filled(chat: Any) -> None:
    await chat.sends(Template("shipped"), key="order-1", number=7)

    assert chat.replies == ["Order 7 is on its way."]


async def test_a_template_without_its_value_sends_nothing_and_spends_no_key(chat: Any) -> None:
    with pytest.raises(TemplateError, match="number"):
        await chat.sends(Template("shipped"), key="order-1")

    assert chat.sent == []
    assert await chat.sends(Template("shipped"), key="order-1", number=7)


async def test_a_picture_is_sent_as_one(chat: Any) -> None:
    await chat.sends(Image("https://shop.invalid/a.png", "yours"), key="order-1")

    assert (chat.sent[0].type, chat.sent[0].text) == ("image", "yours")


@pytest.mark.parametrize("content", ["", "x" * 4097])
async def test_what_msgflash_would_refuse_is_refused_at_once(chat: Any, content: str) -> None:
    with pytest.raises(ContentError):
        await chat.sends(content, key="order-1")

    assert chat.sent == []


async def test_a_message_that_got_no_answer_is_sent_again_like_a_reply(chat: Any) -> None:
    chat.world.faults.drop_before()
    await chat.sends("It is shipped.", key="order-1")

    await chat.wait(minutes=5)

    assert chat.replies == ["It is shipped."]


# -- through the bot itself, on a real server


@pytest.fixture
async def settings(real_server: Embedded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    monkeypatch.chdir(tmp_path)
    link = Link(real_server.address)
    await link.command("FLUSHALL")
    await link.close()
    url = f"unix://{real_server.address.path}"
    return load_settings(redis_url=url, instance_id=DEMO_INSTANCE)


async def test_a_bot_stores_what_it_sends_once_per_key(bot: Bot, settings: Settings) -> None:
    async with bot:
        new = [await bot.send(AWA, "It is shipped.", key="order-1", settings=settings) for _ in range(2)]

        assert bot._dispatch.opened is not None
        assert new == [True, False]
        ready, _ = await bot._dispatch.opened.store.take(("reply",), lease_ms=1000, most=0)
        assert ready == 1


async def test_sends_at_the_same_moment_all_succeed(bot: Bot, settings: Settings) -> None:
    async with bot:
        new = await asyncio.gather(
            *(bot.send(AWA, "hello", key=f"order-{n}", settings=settings) for n in range(5)), return_exceptions=True
        )

    assert new == [True] * 5


@pytest.mark.parametrize("phone", ["0700000001", "+33", "Awa", "", "+22507000000011111111", "2250700000001"])
async def test_what_is_no_number_is_refused_in_one_sentence(bot: Bot, settings: Settings, phone: str) -> None:
    async with bot:
        with pytest.raises(ContentError, match=r"E\.164") as caught:
            await bot.send(phone, "hello", key="order-1", settings=settings)

    assert not phone or phone not in str(caught.value)


@pytest.mark.parametrize("phone", ["+225 07 00 00 00 01", "+225-0700000001", " +2250700000001 "])
async def test_a_number_written_for_people_means_the_same_contact(bot: Bot, settings: Settings, phone: str) -> None:
    async with bot:
        assert await bot.send(AWA, "hello", key="order-1", settings=settings)

        assert not await bot.send(phone, "hello", key="order-1", settings=settings)


async def test_a_message_needs_a_key(bot: Bot, settings: Settings) -> None:
    async with bot:
        with pytest.raises(ContentError, match="needs a key"):
            await bot.send(AWA, "hello", key="", settings=settings)


async def test_without_a_number_to_send_from_the_error_names_the_setting(bot: Bot, settings: Settings) -> None:
    nameless = load_settings(redis_url=settings.redis_url.get_secret_value())
    async with bot:
        with pytest.raises(ContentError, match="FLASHBOT_INSTANCE_ID"):
            await bot.send(AWA, "hello", key="order-1", settings=nameless)

        assert await bot.send(AWA, "hello", key="order-1", instance=DEMO_INSTANCE, settings=nameless)


async def test_a_template_is_sent_in_the_language_and_to_the_name_that_are_stored_of_the_contact(
    bot: Bot, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "hello.fr.j2").write_text("Bonjour {{ contact.firstName }}")
    (tmp_path / "hello.en.j2").write_text("Hello {{ contact.firstName }}")
    memory = Memory()
    memory.name, memory.language = "Ada Obi", "en"
    async with bot:
        await bot.send(AWA, "first", key="opens", settings=settings)
        assert bot._dispatch.opened is not None
        store, link = bot._dispatch.opened.store, bot._dispatch.opened.link
        await link.command("SET", f"{store.tag(AWA)}:st:{AWA}", memory.dump())

        await bot.send(AWA, Template("hello"), key="hello", settings=settings)
        await bot.send(AWA, Template("hello"), key="bonjour", settings=settings, language="fr")

        texts = []
        while taken := (await store.take(("reply",), lease_ms=1000, most=1))[1]:
            texts.append(Outgoing.unpack(taken[0].entry).fields()["text"])
            await store.commit(taken[0], Done())
    assert texts == ["first", "Hello Ada", "Bonjour Ada"]


async def test_what_a_newer_flashbot_stored_of_a_contact_keeps_nothing_from_being_sent(
    conversation: Any, bot: Bot
) -> None:
    chat = await conversation(bot)
    chat._runner.run_command("SET", f"{chat._store.tag(AWA)}:st:{AWA}", b'{"v":99}')

    assert await chat.sends(Template("shipped"), key="order-1", number=7)

    assert chat.replies == ["Order 7 is on its way."]


async def test_what_could_not_leave_until_its_last_moment_does_not_leave(chat: Any) -> None:
    in_time = await chat.sends("Good morning", key="1", send_before=chat.clock.now() + timedelta(hours=2))
    too_late = await chat.sends("Good night", key="2", send_before=chat.clock.now() - timedelta(seconds=1))

    assert (in_time, too_late) == (True, True)
    assert [heard.text for heard in chat.sent] == ["Good morning"]


async def test_a_last_moment_without_a_zone_is_refused(bot: Bot, settings: Settings) -> None:
    async with bot:
        with pytest.raises(ContentError, match="zone"):
            await bot.send(AWA, "x", key="1", send_before=datetime(2026, 12, 1), settings=settings)  # noqa: DTZ001 - that is the point
