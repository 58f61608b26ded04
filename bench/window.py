"""A strict stand-in for MsgFlash in a process of its own: of the requests of any one second, ten are answered.

Run as a program it prints its port. `GET /arrivals` tells when each request came and whether it was answered,
and forgets them.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections import deque

from aiohttp import web

MOST = 10
"""Requests that any second may hold; one that is refused counts for nothing, as in flashbot's sandbox."""
REFUSED = b'{"error":{"code":"API_RATE_LIMIT_EXCEEDED","message":"Too many API requests"}}'


class Window:
    """What came, as (CLOCK_MONOTONIC in seconds, whether it was answered)."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque()
        self._arrivals: list[tuple[float, bool]] = []

    async def request(self, request: web.Request) -> web.Response:
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        answered = len(self._recent) < MOST
        if answered:
            self._recent.append(now)
        self._arrivals.append((now, answered))
        if answered:
            return web.Response(body=b'{"data":[]}', content_type="application/json")
        return web.Response(status=429, body=REFUSED, content_type="application/json")

    async def tell(self, request: web.Request) -> web.Response:
        told, self._arrivals = self._arrivals, []
        return web.json_response(told)


async def serve() -> None:
    window = Window()
    app = web.Application()
    app.router.add_get("/arrivals", window.tell)
    app.router.add_route("*", "/api/v1/{path:.*}", window.request)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    gc.collect()
    gc.disable()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
