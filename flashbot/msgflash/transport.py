"""The wire: one method that carries a request, and the aiohttp session behind it.

What fails is told apart by one question, was anything written: `NotSent` or `OutcomeUnknown`. Never repeats a
request, never follows a redirect, knows no error codes.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp
from aiohttp.payload import BytesPayload
from yarl import URL

from flashbot.errors import SettingsError
from flashbot.msgflash.errors import NotSent, OutcomeUnknown, Retry, next_step
from flashbot.msgflash.keys import Secret

__all__ = ["HttpTransport", "Request", "Response", "Timeouts", "Transport"]

PREFIX = "/api/v1"
# Below the five seconds after which common servers close an idle connection: a request written into a closing
# connection would leave its outcome unknown.
KEEPALIVE_SECONDS = 4.0

# What aiohttp raises before it has a connection to write to; it waits for a free one inside the same limit.
BEFORE_THE_FIRST_BYTE = (
    aiohttp.ClientConnectorError,  # refused, unreachable, name not found, TLS, certificate
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that each phase of a request may take: all of it, a connection, and a silence while reading.

    Raises SettingsError for anything but a finite number above 0.
    """

    total: float = 20.0
    connect: float = 5.0
    """Waiting for a free connection included. What gives up here was certainly not sent."""
    read: float | None = None
    """The longest pause between two pieces of the answer; None leaves it to `total`."""

    def __post_init__(self) -> None:
        # aiohttp takes 0 as no limit at all: an answer that never comes would be waited for without end.
        limits: dict[str, object] = {"total": self.total, "connect": self.connect, "read": self.read}
        for name, seconds in limits.items():
            if seconds is None and name == "read":
                continue
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
                raise SettingsError(f"The {name} timeout of a request must be a number of seconds above 0.")


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `path` follows /api/v1, percent-encoded; `timeout` is for all of it, in seconds."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout: float = 20.0

    @property
    def call(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Response:
    """Any answer, whatever its status. `headers` are looked up without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Transport(Protocol):
    """The seam: raises NotSent or OutcomeUnknown when there is no answer."""

    async def send(self, request: Request) -> Response: ...


class HttpTransport:
    """aiohttp, one session, made at the first request in the running loop."""

    def __init__(
        self,
        base_url: str,
        key: str,
        team_id: str | None = None,
        *,
        timeouts: Timeouts | None = None,
        connections: int = 100,
    ) -> None:
        key = Secret(key)
        root = base_url.rstrip("/").removesuffix(PREFIX)
        if not root.startswith(("http://", "https://")):
            raise SettingsError("The MsgFlash address must begin with http:// or https://.")
        self._root = root + PREFIX
        self._headers: dict[str, str] = {"x-api-key": key}
        if team_id is not None:
            self._headers["X-Team-Id"] = team_id
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._urls: dict[str, URL] = {}
        self._timeouts = timeouts or Timeouts()
        self._limit_of = self._timeouts.total, _limit(self._timeouts, self._timeouts.total)

    async def send(self, request: Request) -> Response:
        loop = asyncio.get_running_loop()
        session = self._session
        if session is None or loop is not self._loop:
            session = self._open(request, loop)
        try:
            async with session.request(
                request.method,
                self._url(request.path),
                params=request.params or None,
                data=None if request.body is None else BytesPayload(request.body, content_type="application/json"),
                # Without a body no type: aiohttp would claim an octet stream, which strict servers refuse.
                skip_auto_headers=("Content-Type",) if request.body is None else None,
                timeout=self._within(request.timeout),
                allow_redirects=False,
            ) as answer:
                return Response(answer.status, answer.headers, await answer.read())
        except BEFORE_THE_FIRST_BYTE as fault:
            _drop_frames(fault)
            raise NotSent(
                f"{request.call} was not sent ({_name(fault)}): check MsgFlash's address and the network, "
                "then send it again.",
                call=request.call,
            ) from fault
        except asyncio.CancelledError as fault:
            # Closing cancels those who wait for a free connection; whoever was cancelled himself stays so.
            task = asyncio.current_task()
            if not self._closed or task is None or task.cancelling():
                raise
            _drop_frames(fault)
            raise _never_sent(request, "the client was closed") from fault
        except Exception as fault:
            _drop_frames(fault)
            raise OutcomeUnknown(
                f"{request.call} got no usable answer ({_name(fault)}): {next_step(request.call)}.",
                call=request.call,
            ) from fault

    async def close(self) -> None:
        """Close every connection. A closed transport sends nothing more."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self, request: Request, loop: asyncio.AbstractEventLoop) -> aiohttp.ClientSession:
        if self._closed:
            raise _never_sent(request, "the client is closed")
        if self._session is not None:
            raise _never_sent(request, "the client belongs to another event loop; make one in each")
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEEPALIVE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers,
        )
        # aiohttp quietly repeats an idempotent request once on a stale connection, past our pace and count.
        session._retry_connection = False  # noqa: SLF001 - no public switch
        self._session, self._loop = session, loop
        return session

    def _url(self, path: str) -> URL:
        url = self._urls.get(path)
        if url is None:
            url = URL(self._root + path, encoded=True)
            if len(self._urls) < 64:
                self._urls[path] = url
        return url

    def _within(self, seconds: float) -> aiohttp.ClientTimeout:
        if self._limit_of[0] != seconds:
            self._limit_of = seconds, _limit(self._timeouts, seconds)
        return self._limit_of[1]


def _limit(timeouts: Timeouts, seconds: float) -> aiohttp.ClientTimeout:
    # Connecting, and waiting for a free connection, must give up first: then it is known that nothing left.
    connect = min(timeouts.connect, seconds * 0.8)
    return aiohttp.ClientTimeout(total=seconds, connect=connect, sock_read=timeouts.read)


def _never_sent(request: Request, why: str) -> NotSent:
    """Not sent, and no use to try again with this transport."""
    fault = NotSent(f"{request.call} was not sent: {why}.", call=request.call)
    fault.retry = Retry.NEVER
    return fault


def _drop_frames(fault: BaseException) -> None:
    """Leave what happened, without aiohttp's frames: their variables hold the headers, and so the key, as bytes."""
    link: BaseException | None = fault
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__


def _name(fault: BaseException) -> str:
    return type(fault).__name__
