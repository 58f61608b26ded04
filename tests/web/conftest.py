"""A site on a free port of this machine, before a store that can go away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from flashbot.bot import Bot
from flashbot.clock import SystemClock
from flashbot.dialogue.router import Router
from flashbot.dialogue.turn import Turn
from flashbot.engine.intake import Intake
from flashbot.engine.tally import Tally
from flashbot.errors import StoreAway
from flashbot.msgflash.signature import sign
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.web.site import Site

SECRET = "the secret of a test"
LIMIT = 4096


class Tidal:
    """A runner whose server can be away."""

    def __init__(self) -> None:
        self.fake = FakeRunner()
        self.away = False

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        self._ask()
        return await self.fake.run(name, tag, args)

    async def command(self, *words: str | bytes | int | float) -> Any:
        self._ask()
        return await self.fake.command(*words)

    def _ask(self) -> None:
        if self.away:
            raise StoreAway("No Redis or Valkey answers.")


@dataclass
class House:
    """A site and what stands around it."""

    runner: Tidal = field(default_factory=Tidal)
    tally: Tally = field(default_factory=Tally)
    wrong: dict[str, str] = field(default_factory=dict)
    """What `/readyz` shall find wrong."""
    limits: dict[str, Any] = field(default_factory=dict)
    """Of the site, where they shall not be the usual ones."""
    site: Site = field(init=False)
    store: Store = field(init=False)
    port: int = 0

    def __post_init__(self) -> None:
        router: Router[None] = Router("echo")

        @router.fallback
        async def answer(turn: Turn[None]) -> None:
            turn.reply(turn.text)

        bot = Bot(router)
        self.store = Store(self.runner)
        intake = Intake(self.store, bot.routes, bot.parse, SystemClock(), self.tally, secrets=[SECRET], hands=None)
        limits = {"max_body_bytes": LIMIT, **self.limits}
        self.site = Site(intake, self.tally, self._ready, host="127.0.0.1", port=0, **limits)

    async def _ready(self) -> dict[str, str]:
        return self.wrong

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def stored(self) -> int:
        """How many contacts have something waiting."""
        ready, _ = await self.store.take(("in",), lease_ms=1, most=0)
        return ready


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    house.port = await house.site.start()
    yield house
    await house.site.stop()


@pytest.fixture
def house_class() -> type[House]:
    """For a test that runs a loop of its own."""
    return House


@pytest.fixture
async def build() -> AsyncIterator[Callable[..., Awaitable[House]]]:
    """Opens a house whose site has limits of its own."""
    houses = []

    async def open_house(**limits: Any) -> House:
        house = House(limits=limits)
        house.port = await house.site.start()
        houses.append(house)
        return house

    yield open_house
    for house in houses:
        await house.site.stop()


@pytest.fixture
async def web(house: House) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(house.url) as session:
        yield session


@pytest.fixture
def letter() -> Any:
    """A signed webhook: its body and headers."""

    def write(message_id: str = "m1", text: str = "hello", *, secret: str = SECRET) -> dict[str, Any]:
        fields = {"event": "message.received", "messageId": message_id, "from": "+2250700000001", "body": text}
        body = json.dumps(fields).encode()
        return {"data": body, "headers": {"X-MsgFlash-Signature": sign(secret, body)}}

    return write
