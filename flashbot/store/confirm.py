"""Confirmed calls: what they wrote is on enough replicas, or on the disk, before anybody acts on it.

Replication is asynchronous: a failover loses what the primary alone had. `WAIT` blocks its connection, so confirmed
calls have one of their own and share it by group commit: while one batch waits, the next gathers. It repeats nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from flashbot.errors import StoreAway, StoreError
from flashbot.store.call import Call
from flashbot.store.handback import hand_back
from flashbot.store.wire import MOST_WAITING, Refusal, Wire

__all__ = ["Confirm", "GroupCommit"]

WAIT_MS = 2000
"""How long replicas and disk may take; well below the time after which the connection is given up."""
MOST_AT_ONCE = 1000
"""Calls in a batch: its first one waits for its last."""
MARK = "redis.call('DEL', KEYS[1]) redis.call('SET', KEYS[1], '')"
"""A write for those that wrote nothing, such as an event known already: what it found may not be on the replicas yet,
and WAIT waits for the connection's own last write. The first write frees, so that it passes when memory is full."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """What a confirmed write must have reached: so many replicas and, with `disk`, the disks too."""

    replicas: int = 0
    disk: bool = False
    within_ms: int = WAIT_MS

    def __bool__(self) -> bool:
        return self.replicas > 0 or self.disk

    def command(self) -> tuple[str | int, ...]:
        if self.disk:
            return ("WAITAOF", 1, self.replicas, self.within_ms)
        return ("WAIT", self.replicas, self.within_ms)

    def lacking(self, reached: Any) -> str:
        """What is missing, as a sentence; empty when nothing is."""
        local, replicas = reached if self.disk else (1, reached)
        within = f"within {self.within_ms / 1000:g} seconds, so it counts as not stored"
        if not local:
            return f"The store's disk did not confirm a write {within}: look at it, or unset FLASHBOT_REDIS_WAITAOF."
        if replicas < self.replicas:
            where = " on their disks" if self.disk else ""
            then = "look at the replicas (with appendonly yes)" if self.disk else "look at the replicas"
            return (
                f"Only {replicas} of {self.replicas} replicas confirmed a write{where} {within}: "
                f"{then}, or lower FLASHBOT_REDIS_WAIT."
            )
        return ""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    call: Call
    future: asyncio.Future[Any]


class GroupCommit:
    """Confirmed calls over one connection, in batches."""

    def __init__(self, connect: Callable[[], Awaitable[Wire]], asked: Confirm) -> None:
        self._connect = connect
        self._asked = asked
        self._gathered: list[_Waiting] = []
        self._working: asyncio.Task[None] | None = None
        self._wire: Wire | None = None

    async def run(self, call: Call) -> Any:
        """The script's reply, once confirmed. Raises StoreAway, also when it was run and not confirmed."""
        if len(self._gathered) >= MOST_WAITING:
            raise StoreAway(f"{MOST_WAITING} calls already wait for the store's replicas; try again later.")
        waiting = _Waiting(call, asyncio.get_running_loop().create_future())
        self._gathered.append(waiting)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await waiting.future

    async def close(self) -> None:
        if self._working is not None:
            self._working.cancel()
            await asyncio.wait([self._working])
        if self._wire is not None:
            self._wire.close()
        _fail(self._gathered, StoreAway("The store was closed."))

    async def _work(self) -> None:
        while self._gathered:
            # Whoever was cancelled meanwhile wants nothing any more.
            batch = [one for one in self._gathered[:MOST_AT_ONCE] if not one.future.done()]
            del self._gathered[:MOST_AT_ONCE]
            try:
                if self._wire is None or self._wire.lost is not None:
                    self._wire = await self._connect()
                forgotten = await self._settle(self._wire, batch)
                if forgotten:
                    await self._settle(self._wire, forgotten, whole=True)
            except StoreError as fault:
                _fail(batch, fault)
            finally:
                _fail(batch, StoreAway("The store was closed."))

    async def _settle(self, wire: Wire, batch: list[_Waiting], *, whole: bool = False) -> list[_Waiting]:
        """Send, wait, hand out; those whose script the server does not know are left over."""
        if not batch:
            return []
        sent = [one.call.send(wire, whole=whole) for one in batch]
        # One mark would do; a slot on its way to another node of a cluster refuses its own.
        marks = [wire.call("EVAL", MARK, 1, f"{tag}:sure") for tag in dict.fromkeys(one.call.tag for one in batch)]
        waited = wire.call(*self._asked.command())
        *replies, reached = await asyncio.gather(*sent, *marks, waited, return_exceptions=True)
        faults = [mark for mark in replies[len(sent) :] if mark is not None]
        if len(faults) == len(marks) or isinstance(reached, BaseException):
            fault = reached if isinstance(reached, BaseException) else faults[0]
            lacking = f"The store could not confirm a write, so it counts as not stored: {fault}"
        else:
            lacking = self._asked.lacking(reached)
        if lacking:
            # Over this very connection: another server may have given the same epoch to somebody else.
            pairs = zip(batch, replies, strict=False)
            back = [call.send(wire, whole=True) for one, reply in pairs for call in hand_back(one.call, reply)]
            await asyncio.gather(*back, return_exceptions=True)
            # It may be an old primary whose replicas follow another one by now: Sentinels would know.
            wire.drop("its replicas or its disk did not confirm a write")
        forgotten = []
        for one, reply in zip(batch, replies, strict=False):
            if one.future.done():
                continue
            unknown = isinstance(reply, Refusal) and reply.code == "NOSCRIPT" and not whole
            if isinstance(reply, BaseException) and not unknown:
                one.future.set_exception(reply)
            elif lacking:
                one.future.set_exception(StoreAway(lacking))
            elif unknown:
                forgotten.append(one)
            else:
                one.future.set_result(reply)
        return forgotten


def _fail(calls: list[_Waiting], fault: StoreError) -> None:
    for one in calls:
        if not one.future.done():
            one.future.set_exception(fault)
