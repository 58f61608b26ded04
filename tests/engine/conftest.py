"""What the engine's tests stand on: a desk that works on a store, an intake before it, and time that jumps."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from flashbot.bot import Bot
from flashbot.clock import ManualClock
from flashbot.engine.flood import Flood
from flashbot.engine.intake import Answer, Intake
from flashbot.engine.outbox import Outgoing
from flashbot.engine.patience import Patience
from flashbot.engine.tally import Tally
from flashbot.engine.trouble import Trouble
from flashbot.engine.worker import Handle, Worker
from flashbot.msgflash.signature import sign
from flashbot.store.deadletters import DeadLetter, DeadLetters
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Miss
from flashbot.testing.virtual import VirtualClock, VirtualLoop, run_virtual

AWA = "+2250700000001"
SECRET = "the secret of a test"
DEFAULT = "the-default-instance"


def heard(message_id: str, text: str = "hello", *, sender: str = AWA, **more: object) -> dict[str, object]:
    """A message.received in the flat shape."""
    return {
        "event": "message.received",
        "instanceId": "instance-1",
        "messageId": message_id,
        "from": sender,
        "type": "text",
        "body": text,
        **more,
    }


@dataclass
class Desk:
    """Intake, one worker and no sender: what a turn said stays in its lane, to be looked at."""

    store: Store
    bot: Bot
    clock: ManualClock
    secrets: tuple[str, ...] = (SECRET,)
    flood: Flood | None = None
    tally: Tally = field(default_factory=Tally)
    missed: Callable[[Miss], None] = lambda _: None
    intake: Intake = field(init=False)
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        bot, tally = self.bot, self.tally
        self.intake = Intake(
            self.store, bot.routes, bot.parse, self.clock, tally,
            secrets=self.secrets, hands=None, flood=self.flood,
        )  # fmt: skip
        self.worker = Worker(
            self.store, bot.turns(DEFAULT, self.clock, tally=tally), None, self.clock,
            patience=Patience(), hands=4, handler_seconds=30, tally=tally, missed=self.missed,
        )  # fmt: skip

    async def tell(self, body: bytes | dict[str, object], *, secret: str = SECRET, header: str | None = None) -> Answer:
        """A signed webhook."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.intake.receive(raw, sign(secret, raw), header)

    async def work(self) -> None:
        while await self.worker.step():
            await self.worker.slots.finish()

    async def said(self) -> list[dict[str, Any]]:
        """Work, then empty the outgoing lanes; the request bodies."""
        await self.work()
        bodies = []
        while found := (await self.store.take(("reply", "drip"), lease_ms=90_000, most=1))[1]:
            bodies.append(Outgoing.unpack(found[0].entry).fields())
            await self.store.commit(found[0], Done())
        return bodies

    async def texts(self) -> list[str]:
        return [str(body["text"]) for body in await self.said()]

    async def dead(self) -> list[DeadLetter]:
        return [letter async for letter in DeadLetters(self.store._runner, self.store).list()]  # type: ignore[arg-type]  # both runners take commands


@pytest.fixture
def desk(store: Store, clock: ManualClock) -> Callable[..., Desk]:
    """Opens a desk for a bot, on both servers."""

    def open_desk(bot: Bot, **more: Any) -> Desk:
        return Desk(store, bot, clock, **more)

    return open_desk


@pytest.fixture
def message() -> Callable[..., dict[str, object]]:
    return heard


@pytest.fixture
def working(clock: ManualClock) -> Callable[..., Worker]:
    """A worker with a handler of the test's own."""

    def make(store: Store, handle: Handle, **more: Any) -> Worker:
        more = {"patience": Patience(), "hands": 4, "handler_seconds": 30, "tally": Tally(), "clock": clock, **more}
        return Worker(store, handle, None, more.pop("clock"), **more)

    return make


@pytest.fixture
def virtually() -> Callable[[Callable[[VirtualClock], Coroutine[Any, Any, None]]], None]:
    """Runs a story on a loop whose time jumps."""

    def run(story: Callable[[VirtualClock], Coroutine[Any, Any, None]]) -> None:
        loop = VirtualLoop()
        run_virtual(story(VirtualClock(loop)), loop)

    return run


@pytest.fixture
def die(store: Store, clock: ManualClock) -> Callable[..., Awaitable[None]]:
    """Processes, one after the other, that take what there is, begin with it as a worker does, and are no more."""

    async def kill(times: int = 1, *, begun: bool = True) -> None:
        for _ in range(times):
            patience = Patience()
            _, found = await store.take(("in",), lease_ms=patience.turn_lease_ms, most=10)
            assert found
            for taken in found:
                trouble = Trouble.of(taken)
                if begun and trouble.died:
                    await store.begin(taken, replace(trouble, begun=len(found) == 1).dump())
            clock.advance(timedelta(seconds=patience.turn_lease))

    return kill
