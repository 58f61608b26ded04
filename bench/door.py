"""The sandbox in a process of its own, strict about ten requests a second, that notes when each request reached it.

Run as a program it prints two ports: the sandbox's, and one for the bench. There `POST /tell?url=` makes the sandbox
tell that address of every status, and `GET /arrivals` shows what came, as (CLOCK_MONOTONIC in ns, HTTP status, what it
was).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import time
from collections.abc import Mapping
from random import Random

from aiohttp import web

from flashbot.clock import SystemClock
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.world import Answer, World

PER_SECOND = 10


class Door(World):
    """A sandbox with one more number, whose health bounds nothing."""

    def __init__(self, *, key: str, instance: str) -> None:
        # Statuses come, as they do in life: three webhooks for each message.
        super().__init__(SystemClock(), Random(1), key=key, requests_per_second=PER_SECOND)
        self.instances.add("bench", "+33700000000", business=True, status="connected", id=instance)
        self.set_health(instance, "stable", score=100)
        self.arrivals: list[tuple[int, int, str]] = []

    def handle(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        came = time.monotonic_ns()
        answer = super().handle(method, path, query, headers, body)
        what = json.loads(body)["text"] if path.endswith("/messages/send") else f"{method} {path}"
        self.arrivals.append((came, answer.status, what))
        return answer


async def serve(key: str, instance: str, secret: str) -> None:
    door = Door(key=key, instance=instance)
    server = SandboxServer(door)
    await server.start()

    async def tell(request: web.Request) -> web.Response:
        door.add_webhook(request.query["url"], secret=secret)
        return web.Response()

    async def arrivals(_: web.Request) -> web.Response:
        return web.json_response(door.arrivals)

    app = web.Application()
    app.router.add_post("/tell", tell)
    app.router.add_get("/arrivals", arrivals)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(server.url.rpartition(":")[2], runner.addresses[0][1], flush=True)
    gc.collect()
    gc.freeze()
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/door.py", description=__doc__)
    parser.add_argument("key")
    parser.add_argument("instance")
    parser.add_argument("secret")
    given = parser.parse_args()
    asyncio.run(serve(given.key, given.instance, given.secret))


if __name__ == "__main__":
    main()
