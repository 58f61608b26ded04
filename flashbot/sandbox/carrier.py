"""Carries the world's webhooks over HTTP: wakes when one is due, posts it, reports what came back."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from flashbot.clock import Clock
    from flashbot.sandbox.webhooks import Delivery
    from flashbot.sandbox.world import World

__all__ = ["Carrier"]

AT_ONCE = 50
PATIENCE = aiohttp.ClientTimeout(total=10)


class Carrier:
    """One background task; deliveries start in the order of the schedule, up to 50 at a time."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self._wake = asyncio.Event()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._posts: set[asyncio.Task[int | None]] = set()
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._world.timeline.on_earlier.append(self._wake.set)
        self._loop = asyncio.create_task(self._carry())

    async def stop(self) -> None:
        """Stop at once; what was being posted counts as not answered and stays in the schedule."""
        if self._loop is None:
            return
        self._world.timeline.on_earlier.remove(self._wake.set)
        for task in (self._loop, *self._posts):
            task.cancel()
        await asyncio.gather(self._loop, *self._posts, return_exceptions=True)
        self._loop = None

    async def _carry(self) -> None:
        connector = aiohttp.TCPConnector(limit=AT_ONCE)
        async with aiohttp.ClientSession(timeout=PATIENCE, connector=connector) as session:
            while True:
                self._wake.clear()
                taken = deque(self._world.due(self._clock.now()))
                try:
                    while taken:
                        await self._places.acquire()
                        delivery = taken.popleft()
                        post = asyncio.create_task(_post(session, delivery))
                        self._posts.add(post)
                        post.add_done_callback(partial(self._report, delivery))
                finally:
                    for delivery in taken:
                        self._world.delivered(delivery, None)
                await self._wait()

    async def _wait(self) -> None:
        """Until something is due, or planned before everything else."""
        due = self._world.next_due()
        if due is None:
            await self._wake.wait()
            return
        seconds = (due - self._clock.now()).total_seconds()
        if seconds <= 0:
            return
        alarm = asyncio.create_task(self._clock.sleep(seconds))
        alarm.add_done_callback(self._ring)
        try:
            await self._wake.wait()
        finally:
            alarm.cancel()

    def _ring(self, alarm: asyncio.Task[None]) -> None:
        """One that was called off is silent: it would wake whoever waits by now, who calls off his own, and so on."""
        if not alarm.cancelled():
            self._wake.set()

    def _report(self, delivery: Delivery, post: asyncio.Task[int | None]) -> None:
        """Runs for every post, also for one cancelled before its first step."""
        self._posts.discard(post)
        self._places.release()
        self._world.delivered(delivery, None if post.cancelled() else post.result())


async def _post(session: aiohttp.ClientSession, delivery: Delivery) -> int | None:
    """The receiver's status, or None when it gave no answer."""
    try:
        async with session.post(
            delivery.url, data=delivery.body, headers=delivery.headers, allow_redirects=False
        ) as answer:
            return answer.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None
