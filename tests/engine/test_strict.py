"""A strict bot: what has not passed its check as it stands is not sent, and what is wrong is told at the start."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flashbot import Bot, Router, Template, Turn
from flashbot.clock import SystemClock
from flashbot.engine.checking import Checking
from flashbot.engine.proven import Proven, proofs_of
from flashbot.errors import TemplateError
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import OutcomeUnknown
from flashbot.msgflash.rate import Unlimited
from flashbot.msgflash.transport import Request, Response
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.settings import Settings, load_settings
from flashbot.templating.catalogue import Catalogue
from flashbot.templating.proofs import Proofs
from flashbot.testing.proving import proved
from flashbot.testing.sandbox import SandboxTransport

GOOD = "---\nsamples: {usual: {number: A17}}\n---\nParcel {{ number }}"
BAD = "---\nvariables: [number, eta]\nsamples: {usual: {number: A17}}\n---\nParcel {{ number }}\n{{ eta }}"
"""It can be loaded; its sample lacks a value."""


class Line:
    """A transport to a world that counts its requests, and can be cut or held up."""

    def __init__(self) -> None:
        self.world = World(SystemClock(), Random(0), requests_per_second=0)
        self._to = SandboxTransport(self.world)
        self.requests: list[str] = []
        self.cut = False
        self.go = asyncio.Event()
        self.go.set()

    async def send(self, request: Request) -> Response:
        self.requests.append(request.call)
        await self.go.wait()
        if self.cut:
            raise OutcomeUnknown("The line is cut.", call=request.call)
        return await self._to.send(request)

    def client(self) -> Client:
        return Client("http://sandbox.invalid", api_key=DEMO_KEY, transport=self, rate=Unlimited())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "texts"
    found.mkdir()
    (found / "good.j2").write_text(GOOD)
    (found / "bad.j2").write_text(BAD)
    return found


def shop(folder: Path | str, **more: Any) -> Bot:
    router: Router[None] = Router("shop")

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply("One moment.")
        turn.reply(Template(turn.text), number="B4", eta="Monday")

    return Bot(router, templates=folder, **more)


async def run_check(folder: Path, line: Line, data_dir: Path, within: float = 10) -> Proofs:
    proofs = Proofs(data_dir, "account")
    checking = Checking(Catalogue(folder), line.client(), proofs, instance=DEMO_INSTANCE)
    checking.start()
    await checking.settle(within, asyncio.Event())
    await checking.stop()
    return proofs


def passed(folder: Path, proofs: Proofs) -> dict[str, bool]:
    catalogue = Catalogue(folder)
    return {source.name: proofs.passed(catalogue.digest(source)) for source in catalogue.sources}


# -- at send


def test_strictness_is_said_in_two_ways() -> None:
    assert (shop("strict").strict, shop("strict").templates) == (True, Path("templates"))
    assert (shop("texts", strict=True).strict, shop("texts", strict=True).templates) == (True, Path("texts"))
    assert (shop(Path("strict")).strict, shop(Path("strict")).templates) == (False, Path("strict"))
    assert not shop("templates").strict


async def test_what_has_not_passed_is_refused_inside_the_turn(conversation: Any, folder: Path) -> None:
    chat = await conversation(shop(folder, strict=True))

    with pytest.raises(TemplateError, match=r'"bad" \(.*bad\.j2\) has not passed .* run flashbot templates check'):
        await chat.says("bad")

    assert chat.sent == []


async def test_what_has_passed_is_sent(conversation: Any, folder: Path) -> None:
    chat = await conversation(shop(folder, strict=True))

    await chat.says("good")
    await chat.sends(Template("good"), key="k", number="C1")

    assert [heard.text for heard in chat.sent] == ["One moment.", "Parcel B4", "Parcel C1"]


async def test_a_message_from_outside_is_refused_too(conversation: Any, folder: Path) -> None:
    chat = await conversation(shop(folder, strict=True))

    with pytest.raises(TemplateError, match="has not passed its check"):
        await chat.sends(Template("bad"), key="k", number="1", eta="2")

    assert chat.sent == []


async def test_a_bot_that_is_not_strict_sends_both(conversation: Any, folder: Path) -> None:
    (folder / "bad.j2").write_text("Parcel {{ number }}")  # without a sample nothing can pass
    chat = await conversation(shop(folder))

    await chat.says("bad")

    assert chat.replies == ["One moment.", "Parcel B4"]


async def test_the_check_of_a_conversation_leaves_nothing_in_its_world_and_is_made_once(
    conversation: Any, folder: Path
) -> None:
    first = await conversation(shop(folder, strict=True))
    passed = await proved(first.bot.catalogue)

    second = await conversation(shop(folder, strict=True))

    assert await proved(second.bot.catalogue) is passed
    answer = first.world.handle("GET", "/api/v1/templates", {}, {"x-api-key": DEMO_KEY}, b"")
    assert b'"total":0' in answer.body.replace(b" ", b"")


def test_a_proof_found_later_counts_at_once(folder: Path) -> None:
    found: set[str] = set()
    catalogue = Catalogue(folder)
    proven = Proven(catalogue, found.__contains__)
    with pytest.raises(TemplateError):
        proven.content("good", {"number": 1})

    found.add(catalogue.digest(catalogue.find("good")))

    assert proven.content("good", {"number": 1}).fields()["text"] == "Parcel 1"


# -- at the start


async def test_a_start_checks_what_has_not_passed_and_tells_each_fault_in_a_line(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    line = Line()

    proofs = await run_check(folder, line, tmp_path)

    assert passed(folder, proofs) == {"good": True, "bad": False}
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told
    assert all(one.startswith(f"{folder / 'bad.j2'}:6: ") for one in told)
    assert line.world.handle("GET", "/api/v1/templates", {}, {"x-api-key": DEMO_KEY}, b"").body.count(b"flashbot") == 0


async def test_a_start_at_which_everything_has_passed_asks_nothing(folder: Path, tmp_path: Path) -> None:
    (folder / "bad.j2").unlink()
    await run_check(folder, Line(), tmp_path)
    line = Line()

    proofs = await run_check(folder, line, tmp_path)

    assert line.requests == []
    assert passed(folder, proofs) == {"good": True}


async def test_an_edited_template_has_not_passed_any_more(folder: Path, tmp_path: Path) -> None:
    await run_check(folder, Line(), tmp_path)
    (folder / "good.j2").write_text(GOOD + "!")
    line = Line()
    line.cut = True

    proofs = await run_check(folder, line, tmp_path)

    assert passed(folder, proofs)["good"] is False


async def test_without_an_answer_what_was_proved_before_still_counts(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await run_check(folder, Line(), tmp_path)
    caplog.clear()
    line = Line()
    line.cut = True

    proofs = await run_check(folder, line, tmp_path)

    assert passed(folder, proofs) == {"good": True, "bad": False}
    assert "Templates could not be checked" in caplog.text
    assert "refused" in caplog.text


async def test_a_start_waits_for_a_bounded_time_and_the_check_goes_on_behind(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    line, proofs = Line(), Proofs(tmp_path, "account")
    line.go.clear()
    checking = Checking(Catalogue(folder), line.client(), proofs, instance=DEMO_INSTANCE)
    checking.start()

    await checking.settle(0.05, asyncio.Event())
    before = passed(folder, proofs)
    line.go.set()
    await checking.settle(10, asyncio.Event())

    assert before == {"good": False, "bad": False}
    assert passed(folder, proofs) == {"good": True, "bad": False}
    assert "are being checked still" in caplog.text


async def test_a_stop_does_not_wait_for_the_check(folder: Path, tmp_path: Path) -> None:
    line, stop = Line(), asyncio.Event()
    line.go.clear()
    checking = Checking(Catalogue(folder), line.client(), Proofs(tmp_path, "account"), instance=None)
    checking.start()
    stop.set()

    await asyncio.wait_for(checking.settle(60, stop), 5)
    stopping = asyncio.ensure_future(checking.stop())
    await asyncio.sleep(0)
    line.go.set()

    await asyncio.wait_for(stopping, 5)


# -- the whole bot


@pytest.fixture
async def sandbox() -> Any:
    server = SandboxServer(World(SystemClock(), Random(0)))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def settings(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return load_settings(
        msgflash_url=sandbox.url, api_key=DEMO_KEY, instance_id=DEMO_INSTANCE, webhook_secret="s", port=0,
        data_dir=tmp_path / "data",
    )  # fmt: skip


async def started(bot: Bot, settings: Settings, roles: Any = ("web", "work")) -> None:
    stop = asyncio.Event()
    await bot.serve(settings, stop=stop, roles=roles, ready=lambda _: stop.set())


async def test_a_strict_bot_has_checked_its_templates_when_it_is_ready(folder: Path, settings: Settings) -> None:
    bot = shop(folder, strict=True)

    await started(bot, settings)

    assert passed(folder, proofs_of(settings)) == {"good": True, "bad": False}
    async with bot:
        assert await bot.send("+2250700000001", Template("good"), key="1", number="A", settings=settings)
        with pytest.raises(TemplateError, match="has not passed"):
            await bot.send("+2250700000001", Template("bad"), key="2", number="A", eta="B", settings=settings)


@pytest.mark.parametrize(("strict", "roles"), [(False, ("web", "work")), (True, ("web",))])
async def test_no_other_start_checks(folder: Path, settings: Settings, strict: bool, roles: Any) -> None:
    (folder / "bad.j2").unlink()
    bot = shop(folder, strict=strict)

    await started(bot, settings, roles)

    assert passed(folder, proofs_of(settings)) == {"good": False}
    assert not (settings.data_dir / "templates").exists()
