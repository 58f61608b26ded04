"""The way to a cluster: a `Link` for each primary, found by the slot of a partition's tag.

It follows what the nodes say about moved slots and new primaries, and repeats only what a node did not carry out.
A call that met a lost node fails like a `Link`'s: whoever called tries again, and finds the new primary by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from flashbot.errors import StoreAway, StoreError
from flashbot.store.link import Link
from flashbot.store.slotmap import Node, Redirection, read_slots, slot_of
from flashbot.store.wire import ANSWER_WITHIN, Address, Refusal, Wire

__all__ = ["Cluster", "in_cluster", "seeds_of"]

MOST_HOPS = 5
ASK_AGAIN_AFTER = 1.0
"""Seconds between two questions who holds what; a third of it more by chance, so that processes do not ask together."""
KEYLESS = frozenset({"PING", "INFO", "CONFIG", "SCRIPT", "TIME", "DBSIZE", "FLUSHALL", "CLUSTER", "CLIENT", "ROLE"})


def seeds_of(url: str) -> list[Address]:
    """The servers that a URL names: several hosts, comma separated, may stand where one stands in others.

    Raises SettingsError when it is not such a URL.
    """
    if not url.startswith(("redis://", "rediss://")):
        return [Address.from_url(url)]
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    entry, at, hosts = place.rpartition("@")
    return [Address.from_url(f"{scheme}://{entry}{at}{host.strip()}{slash}{path}") for host in hosts.split(",")]


async def in_cluster(seeds: Sequence[Address]) -> bool:
    """Whether the first of these that answers is a node of a cluster. Raises StoreAway when none does."""
    fault = StoreAway("No server is named.")
    for seed in seeds:
        try:
            wire = await Wire.open(replace(seed, db=0))
        except StoreAway as away:
            fault = away
            continue
        try:
            return b"cluster_enabled:1" in await wire.call("INFO", "cluster")
        finally:
            wire.close()
    raise fault


class Cluster:
    """A lasting way to all primaries of a cluster. `seeds` are nodes to ask first, tried in turn."""

    def __init__(self, seeds: Sequence[Address], *, reach: Callable[[Address], Link] = Link) -> None:
        self.address = seeds[0]
        self._seeds = [Node(seed.host, seed.port) for seed in seeds]
        self._reach = reach
        self._links: dict[Node, Link] = {}
        self._owners: list[Node | None] = []
        self._asking: asyncio.Task[None] | None = None
        self._asked_at = float("-inf")
        self._closed = False

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        """Run a script at the node that holds the tag. Raises StoreAway while nobody does."""
        return await self._follow(
            slot_of(tag), lambda link, asking: link.run(name, tag, args, confirm=confirm, asking=asking)
        )

    async def command(self, *words: str | bytes | int | float) -> Any:
        """Run a plain command: at its key's node; without a key at every primary, and the first one's answer counts.

        Raises StoreAway when one of those does not answer; for PING also while a slot is held by nobody.
        """
        if str(words[0]).upper() not in KEYLESS:
            return await self._follow(slot_of(str(words[1])), lambda link, asking: link.command(*words, asking=asking))
        replies = await asyncio.gather(
            *(link.command(*words) for link in await self.primaries()), return_exceptions=True
        )
        for reply in replies:
            if isinstance(reply, BaseException):
                self.ask_soon()
                raise reply
        if None in self._owners and words[0] == "PING":
            self.ask_soon()
            raise StoreAway("No node of the store's cluster holds some of its slots.")
        return replies[0]

    async def primaries(self) -> list[Link]:
        """Every node that holds slots."""
        await self._know()
        return [self._link(node) for node in sorted({node for node in self._owners if node is not None})]

    async def separate(self, key: str, answer_within: float = ANSWER_WITHIN) -> Wire:
        """A connection of its own to the node that holds `key`, for calls that block."""
        return await Wire.open(self._at(await self._holder(slot_of(key))), answer_within)

    def ask_soon(self) -> None:
        """Something was not where it should be: ask who holds what, as soon as it may be asked again."""
        if not self._closed and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._ask_later())

    async def close(self) -> None:
        self._closed = True
        if self._asking is not None:
            self._asking.cancel()
        for link in self._links.values():
            await link.close()
        self._links.clear()

    async def _follow(self, slot: int, call: Callable[[Link, bool], Awaitable[Any]]) -> Any:
        node, asking = await self._holder(slot), False
        for _ in range(MOST_HOPS):
            try:
                return await call(self._link(node), asking)
            except StoreAway:
                self.ask_soon()
                raise
            except Refusal as refusal:
                there = Redirection.read(refusal, node.host)
                if there is None:
                    raise
            node, asking = there.node, there.ask
            if not asking:
                self._owners[slot] = node
                self.ask_soon()
        raise StoreAway(f"The nodes of the store's cluster send slot {slot} to one another; it is about to move.")

    async def _holder(self, slot: int) -> Node:
        await self._know()
        node = self._owners[slot]
        if node is None:
            self.ask_soon()
            raise StoreAway(f"No node of the store's cluster holds slot {slot}.")
        return node

    async def _know(self) -> None:
        if self._closed:
            raise StoreAway("The store was closed.")
        if not self._owners:
            self.ask_soon()
            assert self._asking is not None  # noqa: S101 - set just now
            await asyncio.shield(self._asking)
        if not self._owners:
            raise StoreAway(f"No node of the store's cluster answers; the first one named is {self.address}.")

    async def _ask_later(self) -> None:
        again = self._asked_at + ASK_AGAIN_AFTER * random.uniform(1, 4 / 3)  # noqa: S311 - spreads questions
        await asyncio.sleep(max(0.0, again - asyncio.get_running_loop().time()))
        known = {node for node in self._owners if node is not None}
        for node in [*random.sample(sorted(known), len(known)), *self._seeds]:
            self._asked_at = asyncio.get_running_loop().time()
            with contextlib.suppress(StoreError):
                reply = await self._link(node).command("CLUSTER", "SLOTS")
                if reply:
                    self._owners = read_slots(reply, node.host)
                    await self._forget_others()
                    return

    async def _forget_others(self) -> None:
        there = {node for node in self._owners if node is not None}
        for node in [node for node in self._links if node not in there]:
            await self._links.pop(node).close()

    def _link(self, node: Node) -> Link:
        link = self._links.get(node)
        if link is None:
            link = self._links[node] = self._reach(self._at(node))
        return link

    def _at(self, node: Node) -> Address:
        return replace(self.address, host=node.host, port=node.port, path="", db=0)
