"""A proxy between two that talk: it delays, cuts, loses answers, refuses, and goes deaf, as it is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

__all__ = ["Wedge"]


class Wedge:
    """Listens on a unix socket or a port and passes on to another. Every field may be changed while it runs."""

    def __init__(self, *, to_path: Path | None = None, to_port: int = 0, at_path: Path | None = None) -> None:
        self.port = 0
        self.path = at_path
        self.request_delay = 0.0
        """Seconds until a request is passed on."""
        self.answer_delay = 0.0
        self.deaf = False
        """Connections are accepted and read from, and nothing is passed on either way."""
        self.on_request: Callable[[bytes], Awaitable[bool]] | None = None
        """False: it is not passed on, and the connection is cut."""
        self.on_answer: Callable[[bytes], Awaitable[bool]] | None = None
        """The same; what was asked for has been done by then."""
        self._to_path = to_path
        self._to_port = to_port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()
        await self.cut()

    async def listen(self) -> None:
        if self.path is not None:
            self._server = await asyncio.start_unix_server(self._serve, self.path)
        else:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Nobody gets in any more; who is in stays."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def cut(self) -> None:
        """Every connection, in the middle of whatever it carries."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        ends = [writer]
        with contextlib.suppress(asyncio.CancelledError, OSError):
            try:
                if self._to_path is not None:
                    answers, onward = await asyncio.open_unix_connection(self._to_path)
                else:
                    answers, onward = await asyncio.open_connection("127.0.0.1", self._to_port)
                ends.append(onward)
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pass(reader, onward, both_ways=ends, asked=True))
                    both.create_task(self._pass(answers, writer, both_ways=ends, asked=False))
            finally:
                for end in ends:
                    end.transport.abort()
                self._tasks.discard(task)

    async def _pass(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        *,
        both_ways: list[asyncio.StreamWriter],
        asked: bool,
    ) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while data := await source.read(1 << 20):
                if self.deaf:
                    continue
                look = self.on_request if asked else self.on_answer
                if look is not None and not await look(data):
                    break
                delay = self.request_delay if asked else self.answer_delay
                if delay:
                    loop.call_later(delay, _write, target, data)  # many may be on their way at once
                else:
                    target.write(data)
        for end in both_ways:
            end.transport.abort()


def _write(target: asyncio.StreamWriter, data: bytes) -> None:
    if not target.transport.is_closing():
        target.write(data)
