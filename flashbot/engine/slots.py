"""A fixed number of hands: each holds one piece of leased work at a time, and all can be waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

__all__ = ["Slots"]

LOOK_EVERY = 0.5
"""Seconds."""


class Slots:
    """Counts who is busy and keeps the tasks alive."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._claimed = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()
        self._looked_at = float("-inf")
        self._look_again = False
        self.changed = asyncio.Event()
        """Set when work may be waiting for a free hand; most work is handed over by the commit before it."""

    @property
    def free(self) -> int:
        return self.most - self._claimed

    @property
    def idle(self) -> bool:
        return self._claimed == 0

    def claim(self) -> bool:
        if self._claimed >= self.most:
            return False
        self._claimed += 1
        return True

    def claim_free(self) -> int:
        """Reserve every free hand: what is taken for them while others claim must not be left without one."""
        free = self.free
        self._claimed += free
        return free

    def release(self, hands: int = 1) -> None:
        self._claimed -= hands
        self._freed.set()
        if self._look_again:
            self._look_again = False
            self.changed.set()

    def time_to_look(self, now: float) -> bool:
        """With every hand full: whether to look, once in a while, for what is due to stand in line."""
        if now - self._looked_at < LOOK_EVERY:
            return False
        self._looked_at = now
        return True

    def look_again(self) -> None:
        """Nothing was looked for at the end of a hand's work: look when that hand is free."""
        self._look_again = True

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in a hand that was claimed; the hand is free again when it ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self.let_go)

    def let_go(self, task: asyncio.Task[Any]) -> None:
        """Free the hand of work that has ended, or that does not end: then whoever calls this keeps the task."""
        if task in self._tasks:
            self._tasks.discard(task)
            self.release()

    async def finish(self, within: float | None = None) -> bool:
        """Wait for all hands, those that are claimed too; False when some was still running after `within` seconds."""
        try:
            async with asyncio.timeout(within):
                while self._claimed:
                    self._freed.clear()
                    await self._freed.wait()
        except TimeoutError:
            return False
        return True

    async def abandon(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
