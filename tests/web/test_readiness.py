"""Readiness: the store answers and the key is good. Asked often, it must not eat the rate."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from pydantic import SecretStr

from flashbot.bot import Bot
from flashbot.clock import ManualClock
from flashbot.dialogue.router import Router
from flashbot.dialogue.turn import Turn
from flashbot.engine.assembly import Parts, assemble
from flashbot.errors import StoreAway
from flashbot.msgflash.errors import OutcomeUnknown
from flashbot.msgflash.transport import Request, Response
from flashbot.sandbox.world import DEMO_KEY, World
from flashbot.settings import Settings
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store


class Wire:
    """Into a sandbox that knows one key; counts what it carries."""

    def __init__(self, clock: ManualClock, key: str) -> None:
        self.world = World(clock, Random(1), requests_per_second=0)
        self.key = key
        self.carried = 0
        self.away = False

    async def send(self, request: Request) -> Response:
        self.carried += 1
        if self.away:
            raise OutcomeUnknown("no answer", call=request.call)
        headers = {"x-api-key": self.key}
        answer = self.world.handle(request.method, f"/api/v1{request.path}", request.params, headers, b"")
        return Response(answer.status, answer.headers, answer.body)


def parts(wire: Wire, clock: ManualClock, *, work: bool = True) -> Parts:
    router: Router[None] = Router("echo")

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply(turn.text)

    bot = Bot(router)
    settings = Settings.model_construct(
        msgflash_url="http://sandbox.invalid",
        api_key=SecretStr(DEMO_KEY),
        webhook_secret=SecretStr("s"),
        data_dir=Path(),
        requests_per_second=0,
    )
    return assemble(
        Store(FakeRunner()), bot.turns("i", clock), settings, clock,
        routes=bot.routes, parse=bot.parse, work=work, web=True, ears=None, transport=wire,
    )  # fmt: skip


async def pong(*words: str | bytes | int | float) -> Any:
    return b"PONG"


async def away(*words: str | bytes | int | float) -> Any:
    raise StoreAway("No Redis or Valkey answers.")


async def test_with_a_store_and_a_good_key_everything_is_ready(clock: ManualClock) -> None:
    ask = parts(Wire(clock, DEMO_KEY), clock).readiness(pong)

    assert await ask() == {}


async def test_without_the_store_it_is_not_ready(clock: ManualClock) -> None:
    ask = parts(Wire(clock, DEMO_KEY), clock).readiness(away)

    assert await ask() == {"store": "No Redis or Valkey answers."}


async def test_with_a_refused_key_it_is_not_ready_until_the_key_is_good(clock: ManualClock) -> None:
    wire = Wire(clock, "msgf_live_" + "9" * 64)
    ask = parts(wire, clock).readiness(pong)

    refused = await ask()
    again = await ask()
    wire.key = DEMO_KEY
    clock.advance(timedelta(seconds=31))
    mended = await ask()

    assert list(refused) == ["key"]
    assert DEMO_KEY not in json.dumps(refused)
    assert again == refused
    assert mended == {}


async def test_a_key_that_is_revoked_while_the_bot_runs_keeps_no_webhook_out(clock: ManualClock) -> None:
    wire = Wire(clock, DEMO_KEY)
    ask = parts(wire, clock).readiness(pong)
    good = await ask()
    wire.key = "msgf_live_" + "9" * 64
    clock.advance(timedelta(seconds=31))

    revoked = await ask()

    assert good == {}
    assert revoked == {}


async def test_asked_every_minute_it_asks_msgflash_about_a_good_key_once_an_hour(clock: ManualClock) -> None:
    wire = Wire(clock, DEMO_KEY)
    ask = parts(wire, clock).readiness(pong)

    for _ in range(2 * 60):
        await ask()
        clock.advance(timedelta(minutes=1))

    assert wire.carried == 2


async def test_a_process_that_only_takes_webhooks_asks_no_key(clock: ManualClock) -> None:
    wire = Wire(clock, "msgf_live_" + "9" * 64)
    ask = parts(wire, clock, work=False).readiness(pong)

    assert await ask() == {}
    assert wire.carried == 0


async def test_while_msgflash_is_silent_a_probe_gets_its_answer_soon(clock: ManualClock) -> None:
    """A probe has a second or two: it must not sit through the client's repeats and the pauses between them."""
    wire = Wire(clock, DEMO_KEY)
    wire.away = True
    ask = parts(wire, clock).readiness(pong)

    async with asyncio.timeout(2.5):  # the clock stands still: a pause of the client would last for ever
        wrong = await ask()

    assert list(wrong) == ["msgflash"]
