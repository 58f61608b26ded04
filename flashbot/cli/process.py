"""`BotProcess`: one `flashbot run` as a child, in a session of its own so that only its parent stops it.

Its stdin is a pipe that nothing is written to: it closes when this process dies, however it dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from flashbot.cli.console import marked

__all__ = ["BotProcess", "Ready", "Written"]

DRAIN_WITHIN = 12.0
"""Seconds between SIGTERM and SIGKILL: a handler may be busy."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What a bot says once it serves."""

    store: str
    example: str
    """Something that its first intent understands, or ""."""
    templates: str


@dataclass(frozen=True, slots=True)
class Written:
    """A line on its stdout or stderr, or a log record of any number of lines."""

    text: str
    level: int = 0
    """As in `logging`; 0 for what is no log record."""
    logger: str = ""


class BotProcess:
    """`show` gets everything it writes, but what it says to this process."""

    def __init__(self, target: str, env: Mapping[str, str], show: Callable[[Written], None]) -> None:
        self._target = target
        self._env = env
        self._show = show
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self.ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        self.stopping = False

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-u", "-m", "flashbot", "run", self._target, "--attached",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=self._env, start_new_session=True,
        )  # fmt: skip
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None  # noqa: S101 - asked for above
            self._readers.append(asyncio.create_task(self._listen(stream)))

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def ended(self) -> int:
        """Its exit code, once everything it wrote was shown."""
        assert self._process is not None  # noqa: S101 - only after start
        code = await self._process.wait()
        # A grandchild may hold the pipes open.
        await asyncio.wait(self._readers, timeout=1)
        return code

    async def stop(self, within: float = DRAIN_WITHIN) -> None:
        """Let it finish what is in hand, then end it by force."""
        if self._process is None:
            return
        self.stopping = True
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), within)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        for task in self._readers:
            task.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        if self._process.stdin is not None:
            self._process.stdin.close()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        async for line in _lines(stream):
            found = marked(line)
            if found is None:
                self._show(Written(line))
            elif "store" in found:
                if not self.ready.done():
                    self.ready.set_result(Ready(found["store"], found["example"], found["templates"]))
            else:
                self._show(Written(found["text"], found["level"], found["name"]))


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Of any length, unlike `readline`."""
    begun = b""
    while chunk := await stream.read(65536):
        *whole, begun = (begun + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")
    if begun:
        yield begun.decode(errors="replace")
