"""Waiting for work: one connection that blocks until somebody leaves a wake token."""

from __future__ import annotations

from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.wire import Wire

__all__ = ["Ears"]


class Ears:
    """Returns when a token came or about a second has passed. Raises StoreAway."""

    def __init__(self, link: Link, store: Store) -> None:
        self._link = link
        self._store = store
        self._keys = [f"{tag}:wake" for tag in store.tags]
        self._wire: Wire | None = None

    async def __call__(self) -> None:
        if self._wire is None or self._wire.lost is not None:
            self._wire = await self._link.separate()
        token = await self._wire.call("BLPOP", *self._keys, 1)
        if token:
            self._store.hint(token[0].decode().removesuffix(":wake"))

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
