"""The world over HTTP: the API under /api/v1 and its OpenAPI document, webhooks to the bot, and the chat page.

It carries out an answer's fate on the real connection; what to answer is the world's decision alone.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

from aiohttp import web

from flashbot.clock import Clock, SystemClock
from flashbot.sandbox.admin import Admin
from flashbot.sandbox.carrier import Carrier
from flashbot.sandbox.control import Control
from flashbot.sandbox.openapi.document import PATH

if TYPE_CHECKING:
    from flashbot.sandbox.world import World

__all__ = ["SandboxServer"]

LARGEST_BODY = 1024 * 1024
RESET = struct.pack("ii", 1, 0)
"""Lingering for no time: the connection ends with a reset."""


class SandboxServer:
    """Serves one world; `port=0` takes a free port. Use it from the event loop that started it.

    `clock` must be the one that the world was given; the system's by default. `start` raises OSError when the
    port is taken.
    """

    def __init__(self, world: World, host: str = "127.0.0.1", port: int = 0, *, clock: Clock | None = None) -> None:
        self.world = world
        self._host = host
        self._port = port
        self._clock: Clock = clock or SystemClock()
        self._runner: web.AppRunner | None = None
        self._carrier: Carrier | None = None
        self._control: Control | None = None
        self._stopping = asyncio.Event()

    @property
    def url(self) -> str:
        """`http://host:port` without a trailing slash, once started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        self._stopping.clear()
        control = Control(self.world)
        app = web.Application(client_max_size=LARGEST_BODY)
        api = web.route("*", "/api/v1/{rest:.*}", self._api)
        described = web.get(PATH, self._api, allow_head=False)
        app.add_routes([api, described, *control.routes(), *Admin(self.world).routes()])
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError:
            control.close()
            await runner.cleanup()
            raise
        self._port = runner.addresses[0][1]
        self._runner, self._control = runner, control
        self._carrier = Carrier(self.world, self._clock)
        await self._carrier.start()

    async def stop(self) -> None:
        """Close every connection, also those that were left hanging."""
        if self._runner is None or self._control is None or self._carrier is None:
            return
        self._stopping.set()
        self._control.close()
        await self._carrier.stop()
        await self._runner.cleanup()
        self._runner = None

    async def _api(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        answer = self.world.handle(request.method, request.path, request.query, request.headers, body)
        whole = web.Response(status=answer.status or 500, headers=answer.headers, body=answer.body)
        if answer.fate == "answer" and (not answer.seconds or await self._paused(answer.seconds)):
            return whole
        begun: web.StreamResponse | None = None
        if answer.fate == "stall":
            begun = web.StreamResponse(status=answer.status, headers=answer.headers)
            begun.content_length = len(answer.body)
            await begun.prepare(request)
        if answer.fate in {"hang", "stall"}:
            await self._stopping.wait()
        if request.transport is not None:
            if answer.fate == "reset":
                request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            request.transport.abort()
        return begun or whole  # reaches nobody: the connection is gone

    async def _paused(self, seconds: float) -> bool:
        """Wait; false if the server stopped before."""
        pause = asyncio.ensure_future(self._clock.sleep(seconds))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({pause, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return pause.done()
        finally:
            pause.cancel()
            stopping.cancel()
