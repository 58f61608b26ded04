"""Who may hold a connection to the webhook: so many at once, and nobody who never says what he wants.

When all places are taken, whoever kept us waiting longest makes room, so that real webhooks get in while somebody
holds thousands of connections. It knows nothing of what is asked on them.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Protocol

from aiohttp import web

from flashbot.engine.tally import Tally
from flashbot.web.files import affordable

__all__ = ["Guard", "GuardedServer"]

HEAD_WITHIN = 10.0
"""Seconds from the connection to the end of its first request's head. Later ones may take as long as they like: a
connection that waits is the first to go when places are short."""
SAID_FOR = 600.0
"""Seconds until a full house is worth another line in the log."""
FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
log = logging.getLogger("flashbot.web")


class Guest(Protocol):
    """An open connection."""

    def force_close(self) -> None: ...


class Guard:
    """Counts connections. Every guest waits for its peer, until `busy` says that a whole request is in hand."""

    def __init__(self, tally: Tally, *, most: int, head_within: float = HEAD_WITHIN) -> None:
        self._tally = tally
        self._most = most
        self._head_within = head_within
        self._waiting: dict[Guest, None] = {}  # those who keep us waiting, the longest first
        self._busy: set[Guest] = set()
        self._silent: dict[Guest, float] = {}  # no request yet, and until when; the oldest first
        self._timer: asyncio.TimerHandle | None = None
        self._said_at = float("-inf")

    def open(self) -> None:
        """Count only on what this process may open."""
        self._most = affordable(self._most)

    def admit(self, guest: Guest) -> bool:
        """Let it in, if need be for another; False when everybody is busy."""
        loop = asyncio.get_running_loop()
        if len(self._waiting) + len(self._busy) >= self._most and not self._make_room(loop.time()):
            return False
        self._waiting[guest] = None
        self._silent[guest] = loop.time() + self._head_within
        if self._timer is None:
            self._timer = loop.call_later(self._head_within, self._sweep)
        return True

    def heard(self, guest: Guest) -> None:
        """The head of a request has come."""
        self._silent.pop(guest, None)
        if guest in self._waiting:
            del self._waiting[guest]
            self._waiting[guest] = None

    def busy(self, guest: Guest) -> None:
        """The whole request has come: from now on it waits for us."""
        if guest in self._waiting:
            del self._waiting[guest]
            self._busy.add(guest)

    def idle(self, guest: Guest) -> None:
        """It was answered."""
        if guest in self._busy:
            self._busy.remove(guest)
            self._waiting[guest] = None

    def leave(self, guest: Guest) -> None:
        """It is closed."""
        self._waiting.pop(guest, None)
        self._silent.pop(guest, None)
        self._busy.discard(guest)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _make_room(self, now: float) -> bool:
        if now - self._said_at >= SAID_FOR:
            self._said_at = now
            log.warning(
                "All %s connections are taken (FLASHBOT_MOST_CONNECTIONS); whoever keeps the bot waiting longest is "
                "closed for a new one.",
                self._most,
            )
        longest = next(iter(self._waiting), None)
        if longest is None:
            self._tally.count("connections_refused")
            return False
        self._tally.count("connections_replaced")
        self.leave(longest)
        longest.force_close()
        return True

    def _sweep(self) -> None:
        """Close those who said nothing in time, and come back when the next one's time is over."""
        loop = asyncio.get_running_loop()
        self._timer = None
        now = loop.time()
        for guest, until in list(self._silent.items()):
            if until > now:
                self._timer = loop.call_at(until, self._sweep)
                return
            self._tally.count("connections_silent")
            self.leave(guest)
            guest.force_close()


class GuardedServer(web.Server):
    """aiohttp's low-level server with a guard at its door."""

    def __init__(self, handler: Any, guard: Guard, tally: Tally, **more: Any) -> None:
        super().__init__(handler, **more)
        self._guard = guard
        self._tally = tally

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, self._guard, self._tally, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    __slots__ = ("_guard", "_tally")

    def __init__(self, server: web.Server, guard: Guard, tally: Tally, **more: Any) -> None:
        super().__init__(server, **more)
        self._guard = guard
        self._tally = tally

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._guard.admit(self):
            super().connection_made(transport)
            return
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(FULL)
        transport.close()
        self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._guard.leave(self)
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status != 400:
            return super().handle_error(request, status, exc, message)
        # aiohttp would write a traceback and the address for each: whoever sends noise must not fill the log.
        self._tally.count("malformed")
        answer = web.Response(status=400, text="This is not HTTP as the bot understands it.\n")
        answer.force_close()
        return answer
