"""A hand that follows one commit with the next stays in its partition: other contacts must not wait for that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

from flashbot.clock import ManualClock, to_ms
from flashbot.engine.worker import Worker
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Entry, Taken


async def test_a_partition_that_always_has_work_keeps_no_other_waiting(
    clock: ManualClock, working: Callable[..., Worker]
) -> None:
    runner = FakeRunner()
    store, elsewhere = (
        Store(runner, partitions=2, now_ms=lambda: to_ms(clock.now()), rng=Random(seed)) for seed in (1, 2)
    )
    busy, other = (next(c for c in map("+225{}".format, range(99)) if store.tag(c) == tag) for tag in store.tags)
    handled: list[str] = []

    async def handle(taken: Taken, attempt: int, event: Any = None) -> Done:
        handled.append(taken.contact)
        clock.advance(timedelta(milliseconds=20))
        if len(handled) == 1:
            await elsewhere.post("in", "other", other, Entry(("W", "1", "other", ""), b"").pack())
        return Done()

    for number in range(200):
        await store.post("in", str(number), busy, Entry(("W", "1", str(number), ""), b"").pack())
    worker = working(store, handle, hands=1)
    while await worker.step():
        await worker.slots.finish()

    assert len(handled) == 201
    assert handled.index(other) < 100  # as the dice fall: one of two, every 16 turns
