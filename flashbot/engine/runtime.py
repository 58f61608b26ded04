"""The loops of one process: they nudge worker and sender, keep leases alive, and end in good order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from flashbot.clock import Clock
from flashbot.engine.asks import Asks
from flashbot.engine.casting import Casting
from flashbot.engine.catchup import CatchUp
from flashbot.engine.missed import Missed
from flashbot.engine.patience import Patience
from flashbot.engine.sender import Sender
from flashbot.engine.worker import Worker
from flashbot.errors import StoreError

__all__ = ["Engine", "Listen"]

TICK = 1.0
"""Seconds between looks when nothing nudges: a lost wake token or a due timer costs at most this."""
log = logging.getLogger("flashbot.engine")


class Listen(Protocol):
    """Waits for a wake token of the store, at most about a second. Raises StoreAway."""

    async def __call__(self) -> None: ...


class Stepping(Protocol):
    stopping: bool

    async def step(self) -> bool: ...


class Engine:
    """A worker and a sender, running."""

    def __init__(
        self,
        worker: Worker,
        sender: Sender,
        clock: Clock,
        patience: Patience,
        *,
        listen: Listen | None,
        tick: float = TICK,
        catch_up: CatchUp | None = None,
        asks: Asks | None = None,
        missed: Missed | None = None,
        casting: Casting | None = None,
    ) -> None:
        self.worker = worker
        self.sender = sender
        self.asks = asks
        self.missed = missed
        self.casting = casting
        self._clock = clock
        self._patience = patience
        self._listen = listen
        self._tick = tick
        self._catch_up = catch_up
        self._catching_up: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._drives: list[asyncio.Task[None]] = []
        self._away = False

    def hold(self) -> None:
        """Until `start`, what comes is stored and not handled."""
        self.worker.stopping = True

    def start(self) -> None:
        """Begin to work, in the running loop."""
        self.worker.stopping = False
        loops: list[Coroutine[Any, Any, None]] = [
            self._ticking(),
            self._heart(),
        ]
        if self._listen is not None:
            loops.append(self._ears(self._listen))
        if self.asks is not None:  # only reads: they may be broken off at any time
            loops.append(self._drive(self.asks, self.asks.changed))
        if self.missed is not None:
            loops.append(self._drive(self.missed, self.missed.changed))
        if self.casting is not None:  # broken off anywhere, it is done again
            loops.append(self._drive(self.casting, self.casting.changed))
        self._tasks = [asyncio.create_task(loop) for loop in loops]
        if self._catch_up is not None:
            self._catching_up = asyncio.create_task(self._catch_up.run())
            self._tasks.append(self._catching_up)
        self._drives = [
            asyncio.create_task(self._drive(self.worker, self.worker.slots.changed)),
            asyncio.create_task(self._drive(self.sender, self.sender.slots.changed)),
        ]

    def nudge(self) -> None:
        self.worker.slots.changed.set()
        self.sender.slots.changed.set()
        if self.asks is not None:
            self.asks.changed.set()
        if self.missed is not None:
            self.missed.changed.set()
        if self.casting is not None:
            self.casting.changed.set()

    async def stop(self) -> None:
        """Take nothing more, let what is in hand finish, give back the rest."""
        self.worker.stopping = True
        self.sender.stopping = True
        if self._catching_up is not None:
            self._catching_up.cancel()  # whatever it was at, the next process begins anew
        self.nudge()
        try:
            async with asyncio.timeout(self._patience.drain):
                # A take under way must arrive: what it brings would otherwise lie leased to nobody.
                if self._drives:
                    await asyncio.wait(self._drives)
                await self.worker.slots.finish()
        except TimeoutError:
            await self.worker.give_back()
        # A request that was written must be heard out: breaking it off would leave its outcome unknown.
        if not await self.sender.slots.finish(within=self._patience.send_timeout):
            await self.sender.slots.abandon()
        if self.missed is not None:
            await self.missed.finish()
        await self.halt()

    async def halt(self) -> None:
        """End the loops at once."""
        tasks = [*self._tasks, *self._drives]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks, self._drives = [], []

    async def _drive(self, part: Stepping, changed: asyncio.Event) -> None:
        while not part.stopping:
            changed.clear()
            while await self._guarded(part.step):
                pass
            if not part.stopping:
                await changed.wait()

    async def _ticking(self) -> None:
        while True:
            await self._clock.sleep(self._until_next())
            self.nudge()

    def _until_next(self) -> float:
        """A tick, or less where a gap between two messages ends before: a number shall not lose what is left of it."""
        left = (self.sender.due or 0) - self._clock.monotonic()
        return min(self._tick, left) if left > 0 else self._tick

    async def _heart(self) -> None:
        while True:
            await self._clock.sleep(self._patience.heartbeat)
            await self._guarded(self.worker.renew)

    async def _ears(self, listen: Listen) -> None:
        while True:
            try:
                await listen()
            except Exception as fault:
                if not isinstance(fault, StoreError):
                    log.exception("Waiting for work met a fault and goes on (%s).", type(fault).__name__)
                await self._clock.sleep(self._tick)
            self.nudge()

    async def _guarded(self, step: Callable[[], Awaitable[bool]]) -> bool:
        """A loop never ends because the store is away for a while."""
        try:
            again = await step()
        except StoreError as fault:
            if not self._away:
                log.warning("%s Trying again until it is back.", fault)
            self._away = True
            await self._clock.sleep(self._tick / 2)
            return False
        except Exception as fault:
            log.exception("A loop of the engine met a fault and goes on (%s).", type(fault).__name__)
            await self._clock.sleep(self._tick)
            return False
        if self._away:
            log.info("The store is back.")
            if self._catch_up is not None:
                self._catch_up.ask()
        self._away = False
        return again
