from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from random import Random

from flashbot.clock import ManualClock
from flashbot.sandbox.carrier import Carrier
from flashbot.sandbox.world import World


class Counted(ManualClock):
    def __init__(self) -> None:
        super().__init__()
        self.sleeps: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        await super().sleep(seconds)


async def turns_of_the_loop(count: int = 50) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_is_planned_earlier_is_waited_for_at_once_and_without_a_busy_loop() -> None:
    clock = Counted()
    world = World(clock, Random(1))
    carrier = Carrier(world, clock)
    await carrier.start()
    begun, happened = clock.now(), list[datetime]()

    for seconds in (60, 30):
        world.timeline.at(begun + timedelta(seconds=seconds), happened.append)
        await turns_of_the_loop()
    sleeps = list(clock.sleeps)
    clock.advance(timedelta(seconds=30))
    await turns_of_the_loop()
    await carrier.stop()

    assert sleeps == [60, 30]
    assert happened == [begun + timedelta(seconds=30)]
