"""The sandbox as a process, with a number that is 400 days old and has sent before: PORT KEY MESSAGES PEOPLE."""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import timedelta

from flashbot.clock import SystemClock
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.world import World


async def serve(port: int, key: str, messages: int, people: int) -> None:
    clock = SystemClock()
    world = World(clock, random.Random(0), key=key, requests_per_second=0, statuses=None)
    number = world.instances.find(None)
    number.first_connected = clock.now() - timedelta(days=400)
    for n in range(messages):
        number.count_sent(clock.now(), f"+33{n % people}")
    await SandboxServer(world, port=port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
