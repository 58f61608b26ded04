"""The way to the server: connects when first needed, again after a loss, and knows the scripts.

`Runner` is the seam of one method through which all storage goes; the test kit puts another behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from flashbot.errors import StoreAway, StoreError
from flashbot.store.call import Call, send
from flashbot.store.confirm import Confirm, GroupCommit
from flashbot.store.scripts import NAMES, load
from flashbot.store.wire import ANSWER_WITHIN, Refusal, Way, Wire

__all__ = ["Link", "Runner"]


class Runner(Protocol):
    """Runs a script by name under a partition's tag.

    `confirm`: what it wrote must be as safe as the settings ask (on replicas, on disk) before this returns.
    """

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any: ...


class Link:
    """A lasting way to one server over connections that may break.

    With Sentinels as its address that is the server they name: once a connection has found another primary, those to
    the old one are dropped, for two servers may have given the same epoch to two owners.
    """

    def __init__(
        self,
        address: Way,
        *,
        confirm: Confirm = Confirm(),  # noqa: B008 - frozen
        connect_anew_after: float = 0.2,
        revive: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self.address = address
        self._revive = revive
        self._wire: Wire | None = None
        self._wires: list[Wire] = []
        self._confirmed = GroupCommit(self._beside, confirm) if confirm else None
        self._opening: asyncio.Task[Wire] | None = None
        self._pause = connect_anew_after
        self._failed_at = float("-inf")
        self._fault: StoreError = StoreAway(f"No Redis or Valkey answers at {address}.")
        self._closed = False

    async def run(
        self,
        name: str,
        tag: str,
        args: tuple[str | bytes | int, ...],
        *,
        confirm: bool = False,
        asking: bool = False,
    ) -> Any:
        """Run a script. Raises StoreAway when the server does not answer or cannot take writes now.

        `asking`: a cluster's node sent the call here, to where its slot is on its way to.
        """
        call = Call(load(name), tag, args, asking)
        if confirm and self._confirmed is not None:
            return await self._confirmed.run(call)
        wire = self._wire
        if wire is None or wire.lost is not None:
            wire = await self._open()
        try:
            return await call.send(wire)
        except Refusal as refusal:
            if refusal.code != "NOSCRIPT":
                raise
            return await call.send(wire, whole=True)

    async def command(self, *words: str | bytes | int | float, asking: bool = False) -> Any:
        """Run a plain command, for people's questions and start-up checks."""
        wire = self._wire
        if wire is None or wire.lost is not None:
            wire = await self._open()
        return await send(wire, asking, *words)

    async def primaries(self) -> list[Link]:
        """The servers that take writes: this one."""
        return [self]

    async def separate(self, answer_within: float = ANSWER_WITHIN) -> Wire:
        """A connection of its own, for calls that block; closed with the link, if not before."""
        wire = await self.address.open(answer_within)
        if self._closed:
            wire.close()
            raise StoreAway("The store was closed.")
        self._wires = [other for other in self._wires if other.lost is None]
        for other in self._wires:
            if other.address != wire.address:
                other.drop(f"{wire.address} is the primary now")
        self._wires.append(wire)
        return wire

    async def close(self) -> None:
        self._closed = True
        if self._confirmed is not None:
            await self._confirmed.close()
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        for wire in self._wires:
            wire.close()
        self._wire = None

    async def _open(self) -> Wire:
        if self._closed:
            raise StoreAway("The store was closed.")
        if self._opening is None or self._opening.done():
            now = asyncio.get_running_loop().time()
            if self._wire is not None and self._wire.lost is not None and self._wire.turned_away_at > self._failed_at:
                self._failed_at, self._fault = self._wire.turned_away_at, self._wire.lost
            # Refuse at once for a moment after a failure: a web server in front must answer 503, not queue.
            if now - self._failed_at < self._pause:
                raise StoreAway(str(self._fault)) from self._fault.__cause__
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
        except StoreError as fault:
            self._failed_at, self._fault = asyncio.get_running_loop().time(), fault
            raise
        self._wire = wire
        return wire

    async def _reach(self) -> Wire:
        try:
            return await self.separate()
        except StoreAway:
            if self._revive is None:
                raise
            try:
                await self._revive()
            except OSError as fault:  # a full disk, too many files: it passes, and the caller tries again
                raise StoreAway(f"The store's server cannot be started: {fault.strerror or fault}.") from fault
            return await self.separate()

    async def _beside(self) -> Wire:
        """For confirmed calls, which have the server started, the scripts loaded and failures paused by this."""
        if self._wire is None or self._wire.lost is not None:
            await self._open()
        return await self.separate()
