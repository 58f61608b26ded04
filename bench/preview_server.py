"""flashbot's sandbox as a server in a process of its own, with MsgFlash's rate limit, and answers that take a while.

Run as a program with the seconds an answer takes; it prints its address. `GET /api/v1/arrivals` tells when each
request came and what it was answered, and forgets them.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Mapping
from random import Random

from flashbot.clock import SystemClock
from flashbot.sandbox.answers import Answer
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.world import World

ARRIVALS = "/api/v1/arrivals"


class Watched(World):
    """Keeps what came, as (CLOCK_MONOTONIC in seconds, status)."""

    def watch(self) -> None:
        self.arrivals: list[tuple[float, int]] = []

    def handle(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        now = time.monotonic()
        if path == ARRIVALS:
            told, self.arrivals = self.arrivals, []
            return Answer(200, {"Content-Type": "application/json"}, json.dumps(told).encode())
        answer = super().handle(method, path, query, headers, body)
        self.arrivals.append((now, answer.status))
        return answer


async def serve(seconds: float) -> None:
    world = Watched(SystemClock(), Random(7))
    world.watch()
    if seconds:
        world.faults.plan("slow", 1_000_000_000, path="*", seconds=seconds)
    server = SandboxServer(world)
    await server.start()
    print(server.url, flush=True)
    gc.collect()
    gc.disable()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
