"""What a take brought was left leased to nobody when intake had claimed the hands meant for it: 15 s of silence
for an event, 90 for a message. Found by the benchmark, which lost ten of 3,000."""

from __future__ import annotations

import asyncio
from typing import Any

from flashbot.clock import ManualClock, to_ms
from flashbot.engine.patience import Patience
from flashbot.engine.tally import Tally
from flashbot.engine.worker import Worker
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Taken


class SlowTake:
    def __init__(self) -> None:
        self.fake = FakeRunner()
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        reply = await self.fake.run(name, tag, args)
        if name == "take":
            self.asked.set()
            await self.answer.wait()
        return reply


async def test_hands_claimed_while_a_take_is_under_way_leave_nothing_behind(clock: ManualClock) -> None:
    seen: list[str] = []

    async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
        seen.append(taken.contact)
        return Done()

    runner = SlowTake()
    store = Store(runner, now_ms=lambda: to_ms(clock.now()))
    worker = Worker(
        store, handle, None, clock, patience=Patience(), hands=2, handler_seconds=5, tally=Tally()
    )  # fmt: skip
    for contact in ("+1", "+2"):
        await store.post("in", contact, contact, b"W 1 e \n{}")

    step = asyncio.create_task(worker.step())
    await runner.asked.wait()
    claimed = [worker.claim() for _ in range(3)]
    runner.answer.set()
    await step
    for _ in filter(None, claimed):
        worker.unclaim()
    await worker.slots.finish()

    assert seen == ["+1", "+2"]
