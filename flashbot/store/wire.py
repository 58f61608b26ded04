"""One multiplexed connection to the server: calls made at once share a write, and answers come back in order.

redis-py's client costs 44 µs a call and 12 in a pipeline; this costs about what the pipeline does without
anyone having to form one (`bench/store.py` measures both). It repeats nothing: a lost connection fails every
call that waits on it, and whoever called decides. hiredis does the parsing.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, cast

import hiredis

from flashbot.errors import SettingsError, StoreAway, StoreError

__all__ = ["Address", "Refusal", "Way", "Wire"]

Reply: TypeAlias = Any  # what RESP carries: bytes, int, None, or a list of these

ANSWER_WITHIN = 5.0
"""Seconds a call may wait before the connection is given up."""
CONNECT_WITHIN = 5.0
MOST_WAITING = 20_000
"""Calls in flight beyond which new ones are refused at once: no unbounded queue hides in memory."""


class Refusal(StoreError):
    """The server answered a command with an error; `code` is its first word, such as OOM or NOSCRIPT."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.code = message.split(" ", 1)[0]


ELSEWHERE = frozenset({"READONLY", "MASTERDOWN", "NOREPLICAS", "UNBLOCKED"})
"""Refusals of a server that is not, or no longer, the one to write to. The connection is dropped: a name may lead
elsewhere by now, and Sentinels know who has taken over."""
AWAY = ELSEWHERE | {"LOADING", "CLUSTERDOWN", "MISCONF", "OOM", "TRYAGAIN", "BUSY"}
"""Refusals that pass by themselves: the caller backs off and tries again."""


class Way(Protocol):
    """How to come to a server that takes writes: an address, or Sentinels who know one. Shows no password."""

    @property
    def place(self) -> str:
        """What it is called, whatever the database."""
        ...

    async def open(self, answer_within: float = ANSWER_WITHIN) -> Wire:
        """A new connection. Raises StoreAway when there is none to be had now."""
        ...


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is and how to enter: read from a redis://, rediss:// or unix:// URL."""

    host: str = ""
    port: int = 6379
    path: str = ""
    username: str | None = None
    password: str | None = None
    db: int = 0
    tls: ssl.SSLContext | None = None

    @classmethod
    def from_url(cls, url: str) -> Address:
        from redis.asyncio.connection import parse_url  # 60 ms that a start on the embedded server does not need

        try:
            found: dict[str, Any] = dict(parse_url(url))
        except ValueError:
            raise SettingsError(
                "FLASHBOT_REDIS_URL is not a Redis URL; it should look like redis://host:6379/0, "
                "rediss://… or unix:///path/to/socket."
            ) from None
        tls = None
        if url.startswith("rediss://"):
            tls = tls_context(found.get("ssl_ca_certs"), found.get("ssl_cert_reqs"))
        return cls(
            host=found.get("host", "localhost"),
            port=int(found.get("port", 6379)),
            path=found.get("path", "") if url.startswith("unix://") else "",
            username=found.get("username"),
            password=found.get("password"),
            db=int(found.get("db", 0)),
            tls=tls,
        )

    @property
    def place(self) -> str:
        return self.path or f"{self.host}:{self.port}"

    async def open(self, answer_within: float = ANSWER_WITHIN) -> Wire:
        return await Wire.open(self, answer_within)

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}/{self.db}"


def tls_context(authority: str | None, checked: str | None) -> ssl.SSLContext:
    """For rediss:// URLs: a file of authorities to trust, and "none" to check nobody."""
    tls = ssl.create_default_context(cafile=authority)
    if checked == "none":
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    return tls


class Wire(asyncio.Protocol):
    """An open connection. Made by `open`; once lost it stays lost."""

    def __init__(self, address: Address, answer_within: float = ANSWER_WITHIN) -> None:
        self.address = address
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(replyError=Refusal)
        self._waiting: deque[asyncio.Future[Reply]] = deque()
        self._out: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._answer_within = answer_within
        self._answered = 0
        self._watch: asyncio.TimerHandle | None = None
        self.lost: StoreAway | None = None
        self.turned_away_at = float("-inf")
        """When this server said that it is not the one to write to, by the loop's clock."""

    @classmethod
    async def open(
        cls, address: Address, answer_within: float = ANSWER_WITHIN, *, connect_within: float = CONNECT_WITHIN
    ) -> Wire:
        """Connect, authenticate and select. Raises StoreAway when nobody answers there."""
        loop = asyncio.get_running_loop()
        wire: Wire | None = None
        try:
            async with asyncio.timeout(connect_within):
                if address.path:
                    _, wire = await loop.create_unix_connection(lambda: cls(address, answer_within), address.path)
                else:
                    _, wire = await loop.create_connection(
                        lambda: cls(address, answer_within), address.host, address.port, ssl=address.tls
                    )
                if address.password is not None:
                    names = [address.username] if address.username else []
                    await wire.call("AUTH", *names, address.password)
                if address.db:
                    await wire.call("SELECT", address.db)
        except BaseException as fault:
            if wire is not None:
                wire.close()
            if isinstance(fault, OSError | TimeoutError):
                raise StoreAway(f"No Redis or Valkey answers at {address}: {str(fault) or 'timed out'}.") from fault
            raise
        return wire

    def call(self, *words: str | bytes | int | float) -> asyncio.Future[Reply]:
        """Send a command; the future ends with its reply, a Refusal, or StoreAway."""
        future: asyncio.Future[Reply] = self._loop.create_future()
        if self.lost is not None or self._transport is None:
            future.set_exception(self.lost or StoreAway("The connection to the store is not open."))
            return future
        if len(self._waiting) >= MOST_WAITING:
            future.set_exception(StoreAway(f"{MOST_WAITING} calls already wait for the store; try again later."))
            return future
        self._waiting.append(future)
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(hiredis.pack_command(words))  # type: ignore[arg-type]  # its stub forbids a mixed tuple
        if self._watch is None:
            self._watch = self._loop.call_later(self._answer_within, self._check, self._answered)
        return future

    def close(self) -> None:
        """What was called is still sent, unless the server reads nothing any more."""
        if self._transport is not None:
            self._flush()
            if self._transport.get_write_buffer_size():
                self._transport.abort()  # a close would wait for it, beyond the loop's end
            else:
                self._transport.close()
        self._lose("the connection was closed")

    def drop(self, why: str) -> None:
        """Give the connection up, with whatever waits on it."""
        self._lose(why)
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        if self._out and self._transport is not None:
            self._transport.write(b"".join(self._out) if len(self._out) > 1 else self._out[0])
        self._out.clear()

    def _check(self, answered: int) -> None:
        self._watch = None
        if not self._waiting:
            return
        if self._answered == answered:
            self.drop(f"no answer within {self._answer_within:g} seconds")
        else:
            self._watch = self._loop.call_later(self._answer_within, self._check, self._answered)

    def _lose(self, why: str) -> None:
        if self.lost is None:
            self.lost = StoreAway(f"The store went away: {why}.")
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_exception(self.lost)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Other event loops bring transports of their own, which share the methods but not the class.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        elsewhere = None
        while True:
            try:
                reply = self._reader.gets()
            except hiredis.ProtocolError:
                self.drop(f"what answers at {self.address} is no Redis or Valkey")
                return
            if reply is False:
                break
            self._answered += 1
            future = self._waiting.popleft()
            if future.done():
                continue
            if isinstance(reply, Refusal):
                if reply.code in ELSEWHERE:
                    elsewhere = reply
                if reply.code in AWAY:
                    away = StoreAway(f"The store refuses for now: {reply}")
                    away.__cause__ = reply
                    future.set_exception(away)
                else:
                    future.set_exception(reply)
            else:
                future.set_result(reply)
        if elsewhere is not None:
            self.turned_away_at = self._loop.time()
            self.drop(f"it refuses for now: {elsewhere}")

    def connection_lost(self, fault: Exception | None) -> None:
        self._lose(str(fault) if fault else "the server closed the connection")
        self._transport = None
