"""An event loop whose time jumps: whoever sleeps wakes at once, in order, and days cost milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

__all__ = ["VirtualClock", "VirtualLoop", "run_virtual"]

T = TypeVar("T")
EPOCH = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class _Jump(selectors.DefaultSelector):
    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("Everybody waits and nothing will ever happen: a deadlock.")
        self.loop.elapsed += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs without waiting: an idle loop moves its own time to the next thing due."""

    def __init__(self) -> None:
        jump = _Jump()
        jump.loop = self
        self.elapsed = 0.0
        super().__init__(jump)

    def time(self) -> float:
        return self.elapsed


class VirtualClock:
    """The clock of a virtual loop."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self._loop.elapsed)

    def monotonic(self) -> float:
        return self._loop.elapsed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run_virtual(main: Coroutine[Any, Any, T], loop: VirtualLoop) -> T:
    """Run to the end and throw away whatever still waits, as a machine that is switched off would."""
    try:
        return loop.run_until_complete(main)
    finally:
        # A frozen process may never answer its cancellation; nobody waits for it or is told.
        loop.set_exception_handler(lambda _, __: None)
        for _ in range(3):
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.call_soon(loop.stop)
            loop.run_forever()
        loop.close()
