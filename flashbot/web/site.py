"""The bot's HTTP server: POST /webhooks/msgflash, GET /healthz, /readyz and /metrics.

It decides nothing about events; it reads requests within their limits and says what intake answered.
"""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from flashbot.engine.intake import Intake
from flashbot.engine.tally import Tally
from flashbot.errors import SettingsError

__all__ = ["Readiness", "Site"]

WEBHOOK = "/webhooks/msgflash"
BODY_WITHIN = 10.0
"""Seconds a sender gets to deliver a body it has begun."""
SHUTDOWN_WITHIN = 3.0
"""Seconds that requests under way get when the bot stops; what is not acknowledged comes again."""

Readiness = Callable[[], Awaitable[dict[str, str]]]
"""What is wrong, by name; empty when everything is ready."""


class Site:
    """One listening socket."""

    def __init__(
        self, intake: Intake, tally: Tally, ready: Readiness, *, host: str, port: int, max_body_bytes: int
    ) -> None:
        self._intake = intake
        self._tally = tally
        self._ready = ready
        self._host = host
        self._port = port
        self._limit = max_body_bytes
        self._runner: web.ServerRunner | None = None
        self.closing = False

    async def start(self) -> int:
        """Listen; the port in use. Raises SettingsError when it is taken."""
        # The low-level server: one route matters, and the application layer costs more than the whole intake.
        server = web.Server(self._answer, request_factory=self._request, access_log=None)
        runner = web.ServerRunner(server, access_log=None, shutdown_timeout=SHUTDOWN_WITHIN)
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._port, backlog=1024)
        try:
            await site.start()
        except OSError as fault:
            await runner.cleanup()
            if fault.errno == errno.EADDRINUSE:
                raise SettingsError(
                    f"Port {self._port} on {self._host} is in use by another program: stop that one, "
                    "or set FLASHBOT_PORT to a free port."
                ) from fault
            raise SettingsError(
                f"Cannot listen on {self._host}:{self._port} ({fault.strerror or fault}): "
                "correct FLASHBOT_HOST or FLASHBOT_PORT."
            ) from fault
        self._runner = runner
        return int(runner.addresses[0][1])

    async def stop(self) -> None:
        self.closing = True
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _request(self, message, payload, protocol, writer, task):  # type: ignore[no-untyped-def]  # aiohttp's own types are private
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=self._limit)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path == WEBHOOK:
            return await self._webhook(request)
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405 if path in PAGES else 404, text="Nothing here.\n")
        if path == "/healthz":
            return web.Response(text="alive\n")
        if path == "/readyz":
            return await self._readyz()
        if path == "/metrics":
            return self._metrics()
        return web.Response(status=404, text=f"Nothing here. MsgFlash should post to {WEBHOOK}.\n")

    async def _webhook(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"}, text="MsgFlash posts events here.\n")
        if self.closing:
            return web.Response(status=503, headers={"Retry-After": "1"}, text="Shutting down; try again.\n")
        too_large = request.content_length is not None and request.content_length > self._limit
        if not too_large:
            try:
                if request.content.is_eof():
                    body = await request.read()
                else:
                    async with asyncio.timeout(BODY_WITHIN):
                        body = await request.read()
            except web.HTTPRequestEntityTooLarge:
                too_large = True
            except TimeoutError:
                return web.Response(status=408, text=f"The body did not arrive within {BODY_WITHIN:g} seconds.\n")
        if too_large:
            self._tally.count("too_large")
            return web.Response(status=413, text=f"The body is larger than {self._limit} bytes.\n")
        headers = request.headers
        answer = await self._intake.receive(body, headers.get("X-MsgFlash-Signature"), headers.get("X-MsgFlash-Event"))
        if answer.status == 200:
            return web.Response(body=b"ok\n")
        extra = {"Retry-After": "1"} if answer.status == 503 else None
        return web.Response(status=answer.status, text=answer.text + "\n", headers=extra)

    async def _readyz(self) -> web.Response:
        wrong = {"web": "shutting down"} if self.closing else await self._ready()
        text = json.dumps({"ready": not wrong, **({"wrong": wrong} if wrong else {})}) + "\n"
        return web.Response(status=503 if wrong else 200, text=text, content_type="application/json")

    def _metrics(self) -> web.Response:
        from flashbot.web.metrics import page

        body, content_type = page(self._tally)
        return web.Response(body=body, headers={"Content-Type": content_type})


PAGES = frozenset({"/healthz", "/readyz", "/metrics"})
