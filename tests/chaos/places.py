"""Where the processes of a rig keep their data, and how that is killed: one server, or two that Sentinels watch."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from flashbot.errors import StoreAway
from flashbot.store.embedded import Embedded
from flashbot.store.opening import OpenedStore, open_store
from tests.topologies.replicas_rig import HOST, Server, Topology

__all__ = ["OneServer", "Place", "Watched"]


class Place(Protocol):
    """A store that many processes share."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What a process of the bot is told, as FLASHBOT_*."""

    @property
    def rest(self) -> float:
        """Seconds that it needs between two kills."""

    async def open(self) -> None: ...

    async def kill(self) -> bool:
        """kill -9; False when there was nothing to kill. It comes back by itself, or the place brings it back."""

    async def freeze(self) -> int | None:
        """Stop the process without ending it; its id, to be continued."""

    def opened(self) -> AbstractAsyncContextManager[OpenedStore]: ...

    async def close(self) -> None: ...


class OneServer:
    """The embedded server of a data folder: brought back by whoever needs it."""

    # The supervisor starts a server thirty times a minute and not more often.
    rest = 3.0

    def __init__(self, folder: Path) -> None:
        self._server = Embedded(folder)

    @property
    def settings(self) -> Mapping[str, str]:
        return {"FLASHBOT_DATA_DIR": str(self._server.folder)}

    async def open(self) -> None:
        """Nothing to do: the first process starts it."""

    async def kill(self) -> bool:
        return self._signal(signal.SIGKILL) is not None

    async def freeze(self) -> int | None:
        return self._signal(signal.SIGSTOP)

    def opened(self) -> AbstractAsyncContextManager[OpenedStore]:
        return open_store(url="", folder=self._server.folder)

    async def close(self) -> None:
        await self._server.stop()

    def _signal(self, number: signal.Signals) -> int | None:
        pid = self._server.pid()
        with contextlib.suppress(ProcessLookupError):
            if pid is not None:
                os.kill(pid, number)
                return pid
        return None


class Watched:
    """A primary and its replica, watched by three Sentinels. A killed primary comes back as the other's replica."""

    # A Sentinel does not fail over again at once, and the replica must have caught up.
    rest = 10.0

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self._folder = folder
        self._topology = Topology(folder)
        self._dice = dice
        self._url = ""
        self._beside: set[asyncio.Task[None]] = set()

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "FLASHBOT_REDIS_URL": self._url,
            "FLASHBOT_REDIS_WAIT": "1",
            "FLASHBOT_DATA_DIR": str(self._folder / "data"),
        }

    async def open(self) -> None:
        lines = ("min-replicas-to-write 1", "min-replicas-max-lag 5")
        primary = await self._topology.server(*lines)
        replica = await self._topology.replica_of(primary, *lines)
        self._url = await self._topology.watch(primary, replica, count=3)

    async def kill(self) -> bool:
        """The primary; half of the time while its replica lags."""
        pair = await self._pair()
        if pair is None or self._beside:
            return False
        primary, replica = pair
        lags = self._dice.random() < 0.5
        if lags:
            replica.signal(signal.SIGSTOP)
            await asyncio.sleep(self._dice.uniform(0.1, 0.5))
        primary.kill()
        if lags:
            replica.signal(signal.SIGCONT)
        task = asyncio.create_task(self._bring_back(primary, replica))
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
        return True

    async def freeze(self) -> int | None:
        """The primary: the Sentinels take it for dead, and it comes back believing that it is one still."""
        pair = await self._pair()
        if pair is None or self._beside or pair[0].process is None:
            return None
        pair[0].signal(signal.SIGSTOP)
        return pair[0].process.pid

    def opened(self) -> AbstractAsyncContextManager[OpenedStore]:
        return open_store(url=self._url, folder=self._folder / "data", wait=1)

    async def close(self) -> None:
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        await self._topology.stop()

    async def _pair(self) -> tuple[Server, Server] | None:
        """The primary and its replica, when they are that to each other and in step."""
        for primary, replica in (self._topology.servers, reversed(self._topology.servers)):
            with contextlib.suppress(StoreAway, TimeoutError):
                async with asyncio.timeout(1):
                    said = str(await primary("INFO", "replication"))
                    if "role:master" in said and "state=online" in said:
                        return primary, replica
        return None

    async def _bring_back(self, dead: Server, promoted: Server) -> None:
        await promoted.wait_for("role:master", "INFO", "replication")
        await asyncio.sleep(self._dice.uniform(0, 2))
        await dead.start(f"replicaof {HOST} {promoted.port}")
        await dead.wait_for("master_link_status:up", "INFO", "replication")
