"""Found in review: with every hand full nothing looked for what was due, so a timer, a retry or a dead process's
lease waited for the whole backlog; and one odd fault in a loop ended that loop for good."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from flashbot.clock import ManualClock, to_ms
from flashbot.engine.patience import Patience
from flashbot.engine.runtime import Engine
from flashbot.engine.tally import Tally
from flashbot.engine.worker import Worker
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Taken


async def test_what_is_due_gets_its_place_in_line_while_every_hand_is_full(clock: ManualClock) -> None:
    go, seen = asyncio.Event(), []

    async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
        seen.append(taken.contact)
        await go.wait()
        return Done()

    store = Store(FakeRunner(), now_ms=lambda: to_ms(clock.now()))
    worker = Worker(store, handle, None, clock, patience=Patience(), hands=1, handler_seconds=5, tally=Tally())
    await store.post("in", "lost", "+1", b"W 1 e \n{}", lease_ms=1000)  # its process died at once
    await store.post("in", "busy", "+2", b"W 1 e \n{}")
    await worker.step()
    clock.advance(timedelta(seconds=2))

    await worker.step()
    await store.post("in", "late", "+3", b"W 1 e \n{}")
    go.set()
    await worker.slots.finish()

    assert seen == ["+2", "+1", "+3"]


class Odd:
    """A part whose first step fails with something nobody thought of."""

    def __init__(self, clock: ManualClock) -> None:
        self.steps = 0
        self.stopping = False
        self.clock = clock

    async def step(self) -> bool:
        self.steps += 1
        if self.steps == 1:
            raise OSError(24, "Too many open files")
        return False


async def test_a_loop_survives_a_fault_nobody_thought_of(clock: ManualClock) -> None:
    odd: Any = Odd(clock)
    engine = Engine(odd, odd, clock, Patience(), listen=None)
    changed = asyncio.Event()
    drive = asyncio.create_task(engine._drive(odd, changed))

    for _ in range(5):
        await asyncio.sleep(0)
    clock.advance(timedelta(seconds=2))
    changed.set()
    for _ in range(10):
        await asyncio.sleep(0)

    assert odd.steps >= 2
    assert not drive.done()
    drive.cancel()
    await asyncio.gather(drive, return_exceptions=True)


async def test_a_turn_that_was_overtaken_leaves_its_successor_its_lease(clock: ManualClock) -> None:
    gates = [asyncio.Event(), asyncio.Event()]
    begun: list[int] = []

    async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
        begun.append(attempt)
        await gates[len(begun) - 1].wait()
        return Done()

    store = Store(FakeRunner(), now_ms=lambda: to_ms(clock.now()))
    worker = Worker(store, handle, None, clock, patience=Patience(), hands=2, handler_seconds=60, tally=Tally())
    await store.post("in", "1", "+1", b"W 1 e \n{}")
    for _ in range(2):  # the second time after a lease that nobody renewed
        await worker.step()
        while len(begun) < 1:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        clock.advance(timedelta(seconds=14 if len(begun) == 2 else 16))
    gates[0].set()
    for _ in range(10):
        await asyncio.sleep(0)

    await worker.renew()
    clock.advance(timedelta(seconds=10))

    _, found = await store.take(("in",), lease_ms=1000, most=1)
    gates[1].set()
    await worker.slots.finish()
    assert begun == [1, 2]
    assert found == []
