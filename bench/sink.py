"""Stands for MsgFlash in a process of its own: answers every send at once and remembers when each came.

Run as a program it prints its port. `GET /arrivals/N` answers once N sends have come, with all of them, and
forgets them; `GET /arrivals/0` answers at once.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import time

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
SEND = b"POST /api/v1/messages/send "
ARRIVALS = b"GET /arrivals/"


class Arrivals:
    """What has come, as (CLOCK_MONOTONIC in ns, body), and who waits for how much of it."""

    def __init__(self) -> None:
        self.found: list[tuple[int, bytes]] = []
        self.total = 0
        self._enough = 0
        self._waiter: Sink | None = None

    def add(self, body: bytes) -> int:
        self.found.append((time.monotonic_ns(), body))
        self.total += 1
        if self._waiter is not None and len(self.found) >= self._enough:
            self.hand_over(self._waiter)
        return self.total

    def ask(self, enough: int, waiter: Sink) -> None:
        if len(self.found) >= enough:
            self.hand_over(waiter)
        else:
            self._enough, self._waiter = enough, waiter

    def hand_over(self, to: Sink) -> None:
        self._waiter = None
        told = []
        for at, body in self.found:
            message = json.loads(body)
            told.append((at, message["to"], message["text"]))
        self.found.clear()
        to.answer(b"200 OK", json.dumps(told).encode())


class Sink(asyncio.Protocol):
    """One HTTP/1.1 connection, as lean as Python allows: it must never be what is measured."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._pending = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._pending + data
        while True:
            head_ends = data.find(b"\r\n\r\n") + 4
            if head_ends < 4:
                break
            length = LENGTH.search(data, 0, head_ends)
            ends = head_ends + (int(length[1]) if length else 0)
            if len(data) < ends:
                break
            self._request(data, data[head_ends:ends])
            data = data[ends:]
        self._pending = data

    def _request(self, head: bytes, body: bytes) -> None:
        if head.startswith(SEND):
            self.answer(b"201 Created", _accepted(self._arrivals.add(body)))
        elif head.startswith(ARRIVALS):
            self._arrivals.ask(int(head[len(ARRIVALS) :].split(b" ", 1)[0]), self)
        else:
            self.answer(b"200 OK", b'{"data":[]}')

    def answer(self, status: bytes, body: bytes) -> None:
        assert self._transport is not None
        self._transport.write(
            b"HTTP/1.1 %b\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n%b"
            % (status, len(body), body)
        )


def _accepted(number: int) -> bytes:
    return (
        b'{"data":{"id":"5e4d0000-0000-4000-8000-%012x","instanceId":"0b3c1d52-6a0e-4b43-9d0e-3f1f7a2f9c10",'
        b'"contactId":null,"campaignId":null,"type":"text","to":"+33600000000","body":"","mediaUrl":null,'
        b'"status":"queued","error":null,"providerMessageId":null,"createdAt":"2026-01-05T09:00:00.000Z",'
        b'"updatedAt":"2026-01-05T09:00:00.000Z"}}' % number
    )


async def serve() -> None:
    arrivals = Arrivals()
    server = await asyncio.get_running_loop().create_server(lambda: Sink(arrivals), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    gc.collect()
    gc.disable()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
