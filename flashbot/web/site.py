"""The bot's HTTP server: POST /webhooks/msgflash, GET /healthz, /readyz and /metrics.

It decides nothing about events; it reads requests within their limits and says what intake answered.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import socket
from collections.abc import Awaitable, Callable

from aiohttp import web

from flashbot.engine.intake import Intake
from flashbot.engine.tally import Tally
from flashbot.errors import SettingsError
from flashbot.web.files import BURST, Shortage
from flashbot.web.guard import HEAD_WITHIN, Guard, GuardedServer

__all__ = ["Paused", "Readiness", "Site"]

WEBHOOK = "/webhooks/msgflash"
BODY_WITHIN = 10.0
"""Seconds a sender gets to deliver a body it has begun."""
BACKLOG = 1024
"""Connections that may wait to be accepted."""
LINGER = 1.0
"""Seconds in which a sender may read its answer while nobody reads the rest of its body."""
SHUTDOWN_WITHIN = 3.0
"""Seconds that requests under way get when the bot stops; what is not acknowledged comes again."""

Readiness = Callable[[], Awaitable[dict[str, str]]]
"""What is wrong, by name; empty when everything is ready."""

Paused = Callable[[], Awaitable[list[dict[str, str]]]]
"""What holds sending back; it makes nothing unready, because events must still be taken."""


async def _nothing() -> list[dict[str, str]]:
    return []


class Site:
    """One listening socket."""

    def __init__(
        self,
        intake: Intake,
        tally: Tally,
        ready: Readiness,
        *,
        host: str,
        port: int,
        max_body_bytes: int,
        most_connections: int = 1000,
        head_within: float = HEAD_WITHIN,
        body_within: float = BODY_WITHIN,
        paused: Paused = _nothing,
    ) -> None:
        self._intake = intake
        self._tally = tally
        self._ready = ready
        self._paused = paused
        self._host = host
        self._port = port
        self._limit = max_body_bytes
        self._body_within = body_within
        self._guard = Guard(tally, most=most_connections, head_within=head_within)
        self._shortage = Shortage()
        self._listening: asyncio.Server | None = None
        self._runner: web.ServerRunner | None = None
        self.closing = False

    async def start(self) -> int:
        """Listen; the port in use. Raises SettingsError when it is taken."""
        # The low-level server: one route matters, and the application layer costs more than the whole intake.
        server = GuardedServer(
            self._answer, self._guard, self._tally, request_factory=self._request, access_log=None, lingering_time=0
        )
        self._guard.open()
        runner = web.ServerRunner(server, access_log=None, shutdown_timeout=SHUTDOWN_WITHIN)
        await runner.setup()
        try:
            listening = await asyncio.get_running_loop().create_server(server, self._host, self._port, backlog=BURST)
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
        for one in listening.sockets:
            # asyncio accepts as many in one go as may wait; more may wait than it should accept.
            with socket.fromfd(one.fileno(), one.family, one.type) as same:
                same.listen(BACKLOG)
        logging.getLogger("asyncio").addFilter(self._shortage)
        self._runner, self._listening = runner, listening
        return int(listening.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self.closing = True
        logging.getLogger("asyncio").removeFilter(self._shortage)
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self._guard.close()

    def _request(self, message, payload, protocol, writer, task):  # type: ignore[no-untyped-def]  # aiohttp's own types are private
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=self._limit)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self._guard.heard(request.protocol)
        try:
            answer = await self._respond(request)
        finally:
            self._guard.idle(request.protocol)
        return answer if request.content.is_eof() else await self._unread(request, answer)

    async def _respond(self, request: web.BaseRequest) -> web.Response:
        path = request.path
        if path == WEBHOOK:
            return await self._webhook(request)
        self._guard.busy(request.protocol)
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405 if path in PAGES else 404, text="Nothing here.\n")
        if path == "/healthz":
            return web.Response(text="alive\n")
        if path == "/readyz":
            return await self._readyz()
        if path == "/metrics":
            return await self._metrics()
        return web.Response(status=404, text=f"Nothing here. MsgFlash should post to {WEBHOOK}.\n")

    async def _webhook(self, request: web.BaseRequest) -> web.Response:
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"}, text="MsgFlash posts events here.\n")
        if self.closing:
            return web.Response(status=503, headers={"Retry-After": "1"}, text="Shutting down; try again.\n")
        body = await self._body(request)
        if isinstance(body, web.Response):
            return body
        self._guard.busy(request.protocol)
        headers = request.headers
        answer = await self._intake.receive(body, headers.get("X-MsgFlash-Signature"), headers.get("X-MsgFlash-Event"))
        if answer.status == 200:
            return web.Response(body=b"ok\n")
        extra = {"Retry-After": str(answer.retry_after)} if answer.status == 503 else None
        return web.Response(status=answer.status, text=answer.text + "\n", headers=extra)

    async def _body(self, request: web.BaseRequest) -> bytes | web.Response:
        """The body; or the answer to one that is too large, too slow, or none."""
        if request.content_length is None or request.content_length <= self._limit:
            try:
                if request.content.is_eof():
                    return await request.read()
                async with asyncio.timeout(self._body_within):
                    return await request.read()
            except web.HTTPRequestEntityTooLarge:
                pass
            except TimeoutError:
                return web.Response(status=408, text=f"The body did not arrive within {self._body_within:g} seconds.\n")
            except (OSError, web.RequestPayloadError):  # the sender hung up, or its chunks or its packing are wrong
                self._tally.count("malformed")
                return web.Response(status=400, text="The body is not what its headers announce.\n")
        self._tally.count("too_large")
        return web.Response(status=413, text=f"The body is larger than {self._limit} bytes.\n")

    async def _unread(self, request: web.BaseRequest, answer: web.Response) -> web.Response:
        """Answer while the body, which nobody wants, still comes: it is not read beyond the buffers.

        Closed at once, with data on its way, the connection would be reset and the answer be lost.
        """
        answer.force_close()
        try:
            await answer.prepare(request)
            await answer.write_eof()
            async with asyncio.timeout(LINGER):
                await request.content.wait_eof()
        except (OSError, web.RequestPayloadError):  # a TimeoutError is an OSError
            pass
        return answer

    async def _readyz(self) -> web.Response:
        wrong = {"web": "shutting down"} if self.closing else await self._ready()
        more = {"wrong": wrong, "paused": [] if self.closing else await self._paused()}
        text = json.dumps({"ready": not wrong, **{name: found for name, found in more.items() if found}}) + "\n"
        return web.Response(status=503 if wrong else 200, text=text, content_type="application/json")

    async def _metrics(self) -> web.Response:
        from flashbot.web.metrics import page

        await self._paused()  # other processes find causes as well
        body, content_type = page(self._tally)
        return web.Response(body=body, headers={"Content-Type": content_type})


PAGES = frozenset({"/healthz", "/readyz", "/metrics"})
