"""Waiting for work in a cluster: a connection for each partition, because a server blocks for one slot at a time."""

from __future__ import annotations

import asyncio
import contextlib
import random

from flashbot.errors import StoreError
from flashbot.store.cluster import Cluster
from flashbot.store.mailbox import Store

__all__ = ["ClusterEars"]

BLOCK = 4
"""Seconds; a dead connection is noticed soon after. The engine looks around by itself meanwhile."""
HEAR_WITHIN = 1.0


class ClusterEars:
    """Returns when a token came or about a second has passed. Follows a partition to its new node by itself."""

    def __init__(self, cluster: Cluster, store: Store) -> None:
        self._cluster = cluster
        self._store = store
        self._heard = asyncio.Event()
        self._listening: list[asyncio.Task[None]] = []

    async def __call__(self) -> None:
        if not self._listening:
            self._listening = [asyncio.create_task(self._listen(tag)) for tag in self._store.tags]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEAR_WITHIN):
                await self._heard.wait()
        self._heard.clear()

    def close(self) -> None:
        for task in self._listening:
            task.cancel()

    async def _listen(self, tag: str) -> None:
        key = f"{tag}:wake"
        while True:
            try:
                wire = await self._cluster.separate(key)
                try:
                    while True:
                        if await wire.call("BLPOP", key, BLOCK):
                            self._store.hint(tag)
                            self._heard.set()
                finally:
                    wire.close()
            except StoreError:  # lost, or its slot moved or is on its way
                self._cluster.ask_soon()
                await asyncio.sleep(random.uniform(0.5, 1.5))  # noqa: S311 - spreads reconnections
