"""`bot.broadcast`: whoever is named gets one message, once; the rest is the worker's."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flashbot import Bot, Router, Template
from flashbot.clock import SystemClock, to_ms
from flashbot.consent import MARKETING, Entry
from flashbot.dialogue.memory import Memory
from flashbot.engine.broadcast import job_id, list_broadcasts
from flashbot.engine.outbox import Outgoing
from flashbot.errors import BotMistake, ContentError, SettingsError, TemplateError
from flashbot.msgflash.client import Client
from flashbot.outreach.cast import places
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.settings import Settings, load_settings
from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from flashbot.store.mailbox import Store

AWA, BAKARY, CHLOE = "+2250700000001", "+2250700000002", "+33639980003"


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    (tmp_path / "offer.j2").write_text("---\nclass: marketing\n---\n{{ code }} for {{ contact.name }}.")
    (tmp_path / "offer.fr.j2").write_text("---\nclass: marketing\n---\n{{ code }} pour {{ contact.name }}.")
    (tmp_path / "local.j2").write_text("---\nclass: marketing\n---\nNews of {{ contact.meta.city }}.")
    return Bot(Router("shop"), templates=tmp_path, language="en")


@pytest.fixture
async def link(real_server: Embedded) -> AsyncIterator[Link]:
    link = Link(real_server.address)
    await link.command("FLUSHALL")
    yield link
    await link.close()


@pytest.fixture
def opened(link: Link) -> Store:
    """The store that the bot writes to, opened beside it."""
    return Store(link)


@pytest.fixture
async def agree(opened: Store) -> Callable[..., Awaitable[None]]:
    """These agreed to marketing."""

    def change(_: bytes | None) -> bytes:
        memory = Memory()
        memory.note(Entry(MARKETING, "given", "test", "yes", to_ms(SystemClock().now())))
        return memory.dump()

    async def agree(*phones: str) -> None:
        for phone in phones:
            await opened.people.amend(phone, change)

    return agree


@pytest.fixture
async def settings(real_server: Embedded, agree: Callable[..., Awaitable[None]]) -> Settings:
    await agree(AWA, BAKARY, CHLOE)
    return load_settings(redis_url=f"unix://{real_server.address.path}", instance_id=DEMO_INSTANCE, api_key="")


@pytest.fixture
async def sandbox() -> AsyncIterator[SandboxServer]:
    server = SandboxServer(World(SystemClock(), Random(0), requests_per_second=0))
    await server.start()
    yield server
    await server.stop()


async def _texts(store: Store, name: str) -> dict[str, str]:
    """Who gets what."""
    known = await store.casts.read(job_id(name))
    assert known is not None
    found = await store.casts.next(known.id, places(0, known.total, total=known.total, canary=known.canary))
    return {contact: str(Outgoing.unpack(entry).fields()["text"]) for contact, entry in found}


async def test_everybody_gets_the_template_with_values_of_their_own(
    bot: Bot, settings: Settings, opened: Store, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text(f"phone;name;code\n{AWA};Awa;A17\n")
    to = [tmp_path / "people.csv", {"phone": CHLOE, "name": "Chloé", "language": "en", "code": "C3"}]

    async with bot:
        cast = await bot.broadcast(Template("offer"), to=to, settings=settings, code="X")
        status = await cast.status()

    assert (cast.name, status.state, status.total) == ("offer", "canary", 2)
    assert await _texts(opened, "offer") == {AWA: "A17 pour Awa.", CHLOE: "C3 for Chloé."}


async def test_a_value_for_all_stands_where_nobody_has_their_own(bot: Bot, settings: Settings, opened: Store) -> None:
    to = [{"phone": AWA, "name": "Awa"}, {"phone": BAKARY, "name": "Bakary", "code": "B2"}]

    async with bot:
        await bot.broadcast(Template("offer", {"code": "T"}), to=to, settings=settings, code="X")

    assert await _texts(opened, "offer") == {AWA: "X pour Awa.", BAKARY: "B2 pour Bakary."}


async def test_the_same_name_is_the_same_broadcast(bot: Bot, settings: Settings) -> None:
    async with bot:
        first = await bot.broadcast("Open again!", to=AWA, name="open", settings=settings)
        again = await bot.broadcast("Open again!", to=[AWA, BAKARY], name="open", settings=settings)
        status = await again.status()
        with pytest.raises(BotMistake, match="another message"):
            await bot.broadcast("Closed.", to=AWA, name="open", settings=settings)

    assert first.id == again.id
    assert status.total == 1


async def test_who_is_left_out_is_counted_in_the_log_without_their_number(
    bot: Bot, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "flashbot")

    async with bot:
        cast = await bot.broadcast("Hi", to=[AWA, "+2250700000009", AWA], name="hi", settings=settings)
        status = await cast.status()

    assert status.total == 1
    assert 'Broadcast "hi" leaves 1 out: no_consent.' in caplog.messages
    assert 'Broadcast "hi" leaves 1 out: the same number, named before.' in caplog.messages
    assert "0700000009" not in caplog.text


async def test_what_is_wrong_is_said_and_nothing_is_made(
    bot: Bot, settings: Settings, opened: Store, tmp_path: Path
) -> None:
    (tmp_path / "empty.csv").write_text("phone\n")
    wrong: tuple[tuple[Any, dict[str, Any], type[Exception], str], ...] = (
        ("Hi", {"to": AWA}, ContentError, "needs a name"),
        (Template("offre"), {"to": AWA}, TemplateError, "offre"),
        (Template("offer"), {"to": {"phone": AWA}}, TemplateError, "code"),
        (Template("offer"), {"to": "VIP"}, ContentError, "none of a CSV file"),
        (Template("offer"), {"to": []}, ContentError, "names nobody"),
        (Template("offer"), {"to": tmp_path / "empty.csv"}, ContentError, "names nobody"),
        (Template("offer"), {"to": "none.csv"}, SettingsError, "cannot be read"),
        (Template("offer"), {"to": "tag:vip"}, SettingsError, "FLASHBOT_API_KEY"),
        (Template("offer"), {"to": AWA, "canary": -1}, BotMistake, "canary"),
        (Template("offer"), {"to": AWA, "watch": timedelta(days=30)}, BotMistake, "watch"),
        (Template("offer"), {"to": AWA, "most_failed": 7.0}, BotMistake, "most_failed"),
    )

    async with bot:
        for content, more, kind, said in wrong:
            with pytest.raises(kind, match=said):
                await bot.broadcast(content, settings=settings, **more)

    assert await list_broadcasts(opened) == []


async def test_a_strict_bot_sends_no_template_that_has_not_passed(tmp_path: Path, bot: Bot, settings: Settings) -> None:
    strict = Bot(Router("shop"), templates=tmp_path, strict=True)

    async with strict:
        with pytest.raises(TemplateError, match="has not passed its check"):
            await strict.broadcast(Template("offer"), to={"phone": AWA, "code": "A"}, settings=settings)


async def test_groups_bring_their_metas_where_the_template_reads_them(
    bot: Bot, settings: Settings, opened: Store, sandbox: SandboxServer
) -> None:
    keyed = settings.model_copy(update=load_settings(msgflash_url=sandbox.url, api_key=DEMO_KEY).model_dump(
        include={"msgflash_url", "api_key"}
    ))  # fmt: skip
    async with Client(sandbox.url, api_key=DEMO_KEY) as client:
        awa = await client.contacts.create("Awa", AWA, meta={"city": "Man"})
        group = await client.contacts.groups.create("Shops")
        await (await client.contacts.groups.add_members(group.id, [awa.id])).done()

    async with bot:
        await bot.broadcast(Template("local"), to="group:shops", settings=keyed)

    assert await _texts(opened, "local") == {AWA: "News of Man."}
