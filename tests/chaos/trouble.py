"""Whatever can go wrong while events flow, by a seeded dice: kills, freezes, and a MsgFlash that misbehaves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine

from rig import WEBS, WORKERS, Rig

__all__ = ["Trouble"]

ACCEPTED: tuple[tuple[str, dict[str, object]], ...] = (
    ("hang_after", {}),
    ("drop_after", {}),
    ("reset_after", {}),
    ("error_after", {}),
    ("error_after", {"code": "PROVIDER_UNAVAILABLE"}),
    ("slow", {"seconds": 1.0}),
    ("slow_body", {}),
    ("garbage", {}),
    ("truncated", {}),
    ("late", {"seconds": 1.5}),
    ("late", {"seconds": 6.0}),
)
"""The message leaves, and nobody says so in time."""
REFUSED: tuple[tuple[str, dict[str, object]], ...] = (
    ("rate_limit", {}),
    ("rate_limit", {"retry_after": 1}),
    ("unavailable", {}),
    ("drop_before", {}),
    ("error_before", {}),
)
"""It does not leave; after the last three nobody knows."""
LISTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("garbage", {"method": "GET", "path": "/messages*"}),
    ("error_before", {"method": "GET", "path": "/messages*"}),
    ("drop_before", {"method": "GET", "path": "/messages*"}),
)
"""The list of messages cannot be read."""


class Trouble:
    """One blow about every `every` seconds: first the store's server, as soon as it can be, then all kinds once."""

    def __init__(self, rig: Rig, every: float) -> None:
        self._rig = rig
        self._every = every
        self._beside: set[asyncio.Task[None]] = set()
        self._server_killed = float("-inf")
        self.blows: tuple[tuple[int, Callable[[], Coroutine[None, None, None]]], ...] = (
            (14, self.kill_server),
            (30, self.kill_worker),
            (18, self.kill_web),
            (20, self.misbehave),
            (10, self.kill_two),
            (6, self.terminate),
            (3, self.kill_all),
            (8, self.kill_a_sender_whose_request_hangs),
            (4, self.freeze_past_a_turn),
            (2, self.freeze_the_store),
            (2, self.freeze_msgflash),
        )

    async def strike(self) -> None:
        """Until cancelled."""
        dice, kinds = self._rig.dice, [blow for _, blow in self.blows]
        weights = [weight for weight, _ in self.blows]
        first = kinds[1:]
        await asyncio.shield(self._beside_us(self._first_kill()))
        while True:
            await asyncio.sleep(dice.uniform(0.5, 1.5) * self._every)
            blow = first.pop(0) if first else dice.choices(kinds, weights)[0]
            self._beside_us(blow())

    def _beside_us(self, blow: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Some take a while."""
        task = asyncio.create_task(blow)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
        return task

    async def _first_kill(self) -> None:
        """A place whose servers are not in step yet refuses; a short run must not be over before they are."""
        async with asyncio.timeout(20):
            while not self._rig.kills["server"]:
                await asyncio.sleep(0.1)
                await self._rig.kill_store()
        self._server_killed = time.monotonic()

    async def end(self) -> None:
        """Let what was begun come to its end: nobody stays frozen."""
        await asyncio.gather(*self._beside)

    async def kill_worker(self) -> None:
        self._rig.kill(*self._some(1, *WORKERS))

    async def kill_web(self) -> None:
        self._rig.kill(*self._some(1, *WEBS))

    async def kill_two(self) -> None:
        self._rig.kill(*self._some(2, *WEBS, *WORKERS))

    def _some(self, most: int, *names: str) -> list[str]:
        """Of those that have come up: who is killed again and again while it starts shows nothing new."""
        ready = self._rig.ready(*names)
        return self._rig.dice.sample(ready, min(most, len(ready)))

    async def kill_all(self) -> None:
        """Every process and the store at the same instant."""
        self._rig.kill(*WEBS, *WORKERS)
        await self.kill_server()

    async def kill_server(self) -> None:
        if time.monotonic() - self._server_killed > self._rig.place.rest:
            self._server_killed = time.monotonic()
            await self._rig.kill_store()

    async def terminate(self) -> None:
        for name in self._some(1, *WEBS, *WORKERS):
            self._rig.terminate(name)

    async def misbehave(self) -> None:
        dice = self._rig.dice
        fault, options = dice.choice(dice.choices((ACCEPTED, REFUSED, LISTS), (12, 4, 2))[0])
        times = dice.randint(2, 6) if fault == "rate_limit" else 1
        await self._rig.order(fault, times, **options)

    async def kill_a_sender_whose_request_hangs(self) -> None:
        """The request was accepted, its owner dies before it knows."""
        await self._rig.order("hang_after", len(WORKERS))
        await asyncio.sleep(0.3)
        self._rig.kill(*WORKERS)

    async def freeze_past_a_turn(self) -> None:
        """Longer than the lease of a turn; now and then longer than that of a send."""
        seconds = self._rig.dice.choice((20, 20, 20, 100)) * self._rig.patience
        await self._rig.freeze(self._rig.dice.choice(WORKERS), seconds)

    async def freeze_the_store(self) -> None:
        await self._rig.freeze("store", self._rig.dice.uniform(0.5, 6))

    async def freeze_msgflash(self) -> None:
        await self._rig.freeze("msgflash", self._rig.dice.uniform(1, 6))
