"""The driver: signed webhooks, made beforehand, over raw keep-alive connections.

A contact's events always take the same connection, one after the other, so the order in which they were
accepted is the order in which they were asked. It judges nothing; `verdict` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import random
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["Crowd", "Event", "Line", "Progress", "Timings", "at_a_rate", "at_once"]

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
INSTANCE = "0b3c1d52-6a0e-4b43-9d0e-3f1f7a2f9c10"
STUCK_AFTER = 30.0
"""Seconds without a single answer after which a run is given up."""

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Event:
    """One webhook. `number` is the contact's, `text` is its own among all events."""

    number: int
    phone: str
    text: str
    request: bytes


@dataclass(frozen=True, slots=True)
class Timings:
    """CLOCK_MONOTONIC in ns, by event."""

    asked: list[int]
    acked: list[int]
    refused: list[str]


class Crowd:
    """People who write. No two of their messages are the same."""

    def __init__(self, secret: str, rng: random.Random) -> None:
        self._secret = secret
        self._rng = rng
        self._written = 0

    def write(self, count: int, contacts: int) -> list[Event]:
        """Everybody writes once, in any order, and then again."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        numbers = list(range(contacts))
        events: list[Event] = []
        while len(events) < count:
            self._rng.shuffle(numbers)
            for number in numbers[: count - len(events)]:
                phone = f"+3360{number:07d}"
                # Fewer than 48 letters, or the breaker of loops would leave out the digits and mute the crowd.
                text = f"parcel {self._written:06d} has not come yet, please look"
                self._written += 1
                events.append(Event(number, phone, text, _request(phone, text, now, self._secret, self._rng)))
        return events


def _request(phone: str, text: str, now: str, secret: str, rng: random.Random) -> bytes:
    message = {
        "event": "message.received",
        "instanceId": INSTANCE,
        "messageId": f"{rng.getrandbits(128):032x}",
        "providerMessageId": f"BAE5{rng.getrandbits(48):012X}",
        "from": phone,
        "to": "+33700000000",
        "type": "text",
        "body": text,
        "direction": "inbound",
        "mediaUrl": None,
        "status": "received",
        "timestamp": now,
    }
    body = json.dumps(message).encode()
    digest = hmac.digest(secret.encode(), body, "sha256").hex()
    head = (
        "POST /webhooks/msgflash HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: MsgFlash\r\nAccept: */*\r\n"
        "Content-Type: application/json\r\nX-MsgFlash-Event: message.received\r\n"
        f"X-MsgFlash-Signature: sha256={digest}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Line(asyncio.Protocol):
    """One connection: a request at a time, the others wait in order."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[tuple[bytes, Callable[[int, bytes], None]]] = deque()
        self._heard = b""

    @classmethod
    async def open(cls, port: int) -> Line:
        _, line = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return line

    def ask(self, request: bytes, answered: Callable[[int, bytes], None]) -> None:
        """`answered` gets status and body; status 0 when the connection was lost."""
        if self._transport is None:
            answered(0, b"")
            return
        self._waiting.append((request, answered))
        if len(self._waiting) == 1:
            self._transport.write(request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head_ends = self._heard.find(b"\r\n\r\n") + 4
        if head_ends < 4:
            return
        length = LENGTH.search(self._heard, 0, head_ends)
        ends = head_ends + (int(length[1]) if length else 0)
        if len(self._heard) < ends:
            return
        status, body, self._heard = int(self._heard[9:12]), self._heard[head_ends:ends], self._heard[ends:]
        _, answered = self._waiting.popleft()
        if self._waiting and self._transport is not None:
            self._transport.write(self._waiting[0][0])
        answered(status, body)

    def connection_lost(self, fault: Exception | None) -> None:
        self._transport = None
        while self._waiting:
            self._waiting.popleft()[1](0, b"")


async def at_a_rate(
    port: int,
    events: Sequence[Event],
    *,
    rate: float,
    connections: int,
    rng: random.Random,
    progress: Progress,
) -> Timings:
    """Open loop: `rate` events a second come as people do, each on its own (a Poisson process)."""
    async with _lines(port, connections) as lines:
        timings, answer_to, done = _recorder(events)
        start = time.monotonic()
        due = 0.0
        for index, event in enumerate(events):
            due += rng.expovariate(rate)
            ahead = start + due - time.monotonic()
            if ahead > 0:
                await asyncio.sleep(ahead)
            timings.asked[index] = time.monotonic_ns()
            lines[event.number % connections].ask(event.request, answer_to(index))
            if index % 50 == 0:
                progress(index)
        await _all(done, timings, progress)
    return timings


async def at_once(port: int, events: Sequence[Event], *, connections: int, progress: Progress) -> Timings:
    """Closed loop: every connection asks its next event as soon as the last one was answered."""
    async with _lines(port, connections) as lines:
        timings, answer_to, done = _recorder(events)
        queues: list[deque[int]] = [deque() for _ in lines]
        for index, event in enumerate(events):
            queues[event.number % connections].append(index)

        def ask(line: Line, queue: deque[int]) -> None:
            if not queue:
                return
            index = queue.popleft()
            note = answer_to(index)

            def answered(status: int, body: bytes) -> None:
                note(status, body)
                ask(line, queue)

            timings.asked[index] = time.monotonic_ns()
            line.ask(events[index].request, answered)

        for line, queue in zip(lines, queues, strict=True):
            ask(line, queue)
        await _all(done, timings, progress)
    return timings


@contextlib.asynccontextmanager
async def _lines(port: int, connections: int) -> AsyncIterator[list[Line]]:
    lines = [await Line.open(port) for _ in range(connections)]
    try:
        yield lines
    finally:
        for line in lines:
            line.close()


def _recorder(
    events: Sequence[Event],
) -> tuple[Timings, Callable[[int], Callable[[int, bytes], None]], asyncio.Event]:
    timings = Timings([0] * len(events), [0] * len(events), [])
    done = asyncio.Event()
    left = len(events)

    def answer_to(index: int) -> Callable[[int, bytes], None]:
        def answered(status: int, body: bytes) -> None:
            nonlocal left
            timings.acked[index] = time.monotonic_ns()
            left -= 1
            if status != 200:
                timings.refused.append(f"{status}: {body[:100]!r}" if status else "the connection was lost")
            if not left:
                done.set()

        return answered

    return timings, answer_to, done


async def _all(done: asyncio.Event, timings: Timings, progress: Progress) -> None:
    known, since = -1, time.monotonic()
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.25):
                await done.wait()
            return
        answered = len(timings.acked) - timings.acked.count(0)
        progress(answered)
        if answered != known:
            known, since = answered, time.monotonic()
        elif time.monotonic() - since > STUCK_AFTER:
            raise TimeoutError(f"{len(timings.acked) - answered} webhooks got no answer at all")
