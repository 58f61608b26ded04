"""Catch-up against the second server: one whose list shows incoming messages, and one whose list does not."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from flashbot import Bot, Router, Turn
from flashbot.clock import SystemClock
from flashbot.engine.catchup import CatchUp
from flashbot.engine.intake import Intake
from flashbot.engine.patience import Patience
from flashbot.engine.tally import Tally
from flashbot.msgflash.client import Client
from flashbot.msgflash.events import parse
from flashbot.msgflash.rate import Unlimited
from flashbot.msgflash.signature import sign
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Done
from tests.second.conftest import Receiver
from tests.second.server import SecondServer

AWA = "+2250700000001"
SECRET = "the secret of a test"
AT_ONCE = replace(Patience(), webhook_due=0.0, pass_apart=0.0)
"""The second server lives in real time, so no message waits to come of age."""


def echo() -> Bot:
    router: Router[None] = Router("echo")

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply(turn.text)

    return Bot(router)


@dataclass
class Stage:
    server: SecondServer
    client: Client
    store: Store
    tally: Tally
    intake: Intake
    catch_up: CatchUp

    async def waiting(self) -> list[str]:
        """The texts in the mailboxes, in the order of the contacts."""
        texts = []
        while found := (await self.store.take(("in",), lease_ms=15_000, most=1))[1]:
            event = parse(found[0].entry.partition(b"\n")[2], "message.received")
            texts.append(str(getattr(event, "text", "")))
            await self.store.commit(found[0], Done())
        return texts

    async def carry(self, receiver: Receiver) -> None:
        """What the server delivered comes to the bot."""
        await self.server.quiet()
        for _, body in receiver.received:
            assert (await self.intake.receive(body, sign(SECRET, body))).status == 200


@pytest.fixture(params=["contrary", "literal"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    bot, clock, tally, store = echo(), SystemClock(), Tally(), Store(FakeRunner())
    async with (
        SecondServer(contrary=request.param == "contrary") as server,
        Client(server.url, api_key=server.personal_key, rate=Unlimited()) as client,
    ):
        catch_up = CatchUp(
            store, client.messages, bot.routes, clock, tally,
            patience=AT_ONCE, every=timedelta(hours=1),
        )  # fmt: skip
        intake = Intake(store, bot.routes, bot.parse, clock, tally, secrets=[SECRET], hands=None)
        await catch_up.step()
        yield Stage(server, client, store, tally, intake, catch_up)


@pytest.mark.parametrize("stage", ["contrary"], indirect=True)
async def test_messages_without_a_webhook_are_found_page_by_page(stage: Stage) -> None:
    for number in range(45):  # twenty a page, however many are asked for
        stage.server.person_says(AWA, f"m{number}")

    stage.catch_up.ask()
    await stage.catch_up.step()

    assert await stage.waiting() == [f"m{number}" for number in range(45)]
    assert stage.tally.counts["caught_up"] == 45


@pytest.mark.parametrize("stage", ["contrary"], indirect=True)
@pytest.mark.parametrize("shape", ["flat", "nested", "provider"])
async def test_what_came_in_any_shape_is_not_found_again(stage: Stage, receiver: Receiver, shape: str) -> None:
    await stage.client.webhooks.create(receiver.url, ["message.received"])
    stage.server.person_says(AWA, "came", shape=shape)
    await stage.carry(receiver)
    stage.catch_up.ask()

    await stage.catch_up.step()

    assert await stage.waiting() == ["came"]
    assert "caught_up" not in stage.tally.counts
    assert "catch_up_blind" not in stage.tally.counts


@pytest.mark.parametrize("stage", ["literal"], indirect=True)
async def test_a_list_that_shows_nothing_incoming_is_told(
    stage: Stage, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.client.webhooks.create(receiver.url, ["message.received"])
    stage.server.person_says(AWA, "came")
    await stage.carry(receiver)
    stage.catch_up.ask()

    with caplog.at_level(logging.WARNING):
        await stage.catch_up.step()

    assert "does not show incoming ones" in caplog.text
    assert stage.tally.counts["catch_up_blind"] == 1
