"""The way to the server: connects when first needed, again after a loss, and knows the scripts.

`Runner` is the seam of one method through which all storage goes; the test kit puts another behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from flashbot.errors import StoreAway, StoreError
from flashbot.store.scripts import NAMES, load
from flashbot.store.wire import ANSWER_WITHIN, Address, Refusal, Wire

__all__ = ["Link", "Runner"]


class Runner(Protocol):
    """Runs a script by name under a partition's tag.

    `confirm`: what it wrote must be as safe as the settings ask (on replicas, on disk) before this returns.
    """

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any: ...


class Link:
    """A lasting way to one server over connections that may break."""

    def __init__(
        self,
        address: Address,
        *,
        connect_anew_after: float = 0.2,
        revive: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self.address = address
        self._revive = revive
        self._wire: Wire | None = None
        self._opening: asyncio.Task[Wire] | None = None
        self._pause = connect_anew_after
        self._failed_at = float("-inf")
        self._closed = False

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        """Run a script. Raises StoreAway when the server does not answer or cannot take writes now."""
        script = load(name)
        wire = self._wire
        if wire is None or wire.lost is not None:
            wire = await self._open()
        try:
            return await wire.call("EVALSHA", script.sha, 1, tag, *args)
        except Refusal as refusal:
            if refusal.code != "NOSCRIPT":
                raise
            return await wire.call("EVAL", script.text, 1, tag, *args)

    async def command(self, *words: str | bytes | int | float) -> Any:
        """Run a plain command, for people's questions and start-up checks."""
        wire = self._wire
        if wire is None or wire.lost is not None:
            wire = await self._open()
        return await wire.call(*words)

    async def separate(self, answer_within: float = ANSWER_WITHIN) -> Wire:
        """A connection of its own, for calls that block."""
        return await Wire.open(self.address, answer_within)

    async def close(self) -> None:
        self._closed = True
        if self._opening is not None:
            self._opening.cancel()
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def _open(self) -> Wire:
        if self._closed:
            raise StoreAway("The store was closed.")
        if self._opening is None or self._opening.done():
            now = asyncio.get_running_loop().time()
            # Refuse at once for a moment after a failure: a web server in front must answer 503, not queue.
            if now - self._failed_at < self._pause:
                raise StoreAway(f"No Redis or Valkey answers at {self.address}.")
            self._opening = asyncio.create_task(self._open_once())
        return await asyncio.shield(self._opening)

    async def _open_once(self) -> Wire:
        try:
            wire = await self._reach()
            try:
                await asyncio.gather(*(wire.call("SCRIPT", "LOAD", load(name).text) for name in NAMES))
            except BaseException:
                wire.close()
                raise
        except StoreError:
            self._failed_at = asyncio.get_running_loop().time()
            raise
        self._wire = wire
        return wire

    async def _reach(self) -> Wire:
        try:
            return await Wire.open(self.address)
        except StoreAway:
            if self._revive is None:
                raise
            try:
                await self._revive()
            except OSError as fault:  # a full disk, too many files: it passes, and the caller tries again
                raise StoreAway(f"The store's server cannot be started: {fault.strerror or fault}.") from fault
            return await Wire.open(self.address)
