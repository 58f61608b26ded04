"""A real cluster on loopback, made of its nodes by hand, so that a test can stop between any two steps of a move."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flashbot.errors import StoreAway
from flashbot.store.embedded import find_server
from flashbot.store.slotmap import SLOTS
from flashbot.store.wire import Address, Wire

HOST = "127.0.0.1"
PRIMARIES = 3


@dataclass
class Node:
    port: int
    process: subprocess.Popen[bytes]
    id: str = ""

    async def __call__(self, *words: str | bytes | int) -> Any:
        """On a connection of its own, so that any test's loop may ask."""
        wire = await Wire.open(Address(host=HOST, port=self.port))
        try:
            return await wire.call(*words)
        finally:
            wire.close()

    async def until(self, text: str, *words: str) -> None:
        """Until what the node says to `words` has `text` in it."""
        while True:
            with contextlib.suppress(StoreAway):
                if text in (await self(*words)).decode():
                    return
            await asyncio.sleep(0.02)

    async def is_primary(self) -> bool:
        return bool((await self("ROLE"))[0] == b"master")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Nodes:
    """The first three are primaries with a third of the slots each; more are replicas of the first."""

    folder: Path
    nodes: list[Node] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.nodes[0].port}/0"

    @property
    def seeds(self) -> list[Address]:
        return [Address(host=HOST, port=self.nodes[0].port)]

    async def start(self, replicas: int, patience_ms: int) -> None:
        count = PRIMARIES + replicas
        ports = free_ports(2 * count)
        buses = ports[count:]
        for port, bus in zip(ports[:count], buses, strict=True):
            self.nodes.append(_spawn(self.folder / str(port), port, bus, patience_ms))
        third = SLOTS // PRIMARIES + 1
        for number, node in enumerate(self.nodes):
            await node.until("PONG", "PING")
            node.id = (await node("CLUSTER", "MYID")).decode()
            await node("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if number < PRIMARIES:
                await node("CLUSTER", "ADDSLOTSRANGE", number * third, min((number + 1) * third, SLOTS) - 1)
        for node, bus in zip(self.nodes[1:], buses[1:], strict=True):
            await self.nodes[0]("CLUSTER", "MEET", HOST, node.port, bus)
        for node in self.nodes:
            await node.until(f"cluster_known_nodes:{count}\r", "CLUSTER", "INFO")
            await node.until(f"cluster_slots_ok:{SLOTS}", "CLUSTER", "INFO")
        for node in self.nodes[PRIMARIES:]:
            await node("CLUSTER", "REPLICATE", self.nodes[0].id)
        for node in self.nodes[PRIMARIES:]:
            await node.until("master_link_status:up", "INFO", "replication")
        for node in self.nodes:
            await node.until("cluster_state:ok", "CLUSTER", "INFO")

    async def primaries(self) -> list[Node]:
        return [node for node in self.nodes if await node.is_primary()]

    async def replicas(self) -> list[Node]:
        return [node for node in self.nodes if not await node.is_primary()]

    async def holder(self, slot: int) -> Node:
        for node in await self.primaries():
            for first, last, primary, *_ in await node("CLUSTER", "SLOTS"):
                if first <= slot <= last and primary[1] == node.port:
                    return node
        raise AssertionError(f"nobody holds slot {slot}")

    async def begin_move(self, slot: int, target: Node) -> Node:
        source = await self.holder(slot)
        await target("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        await source("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
        return source

    async def move_some(self, slot: int, source: Node, target: Node, most: int) -> int:
        """Keys moved; 0 when none is left."""
        keys = await source("CLUSTER", "GETKEYSINSLOT", slot, most)
        if keys:
            await source("MIGRATE", HOST, target.port, "", 0, 5000, "KEYS", *keys)
        return len(keys)

    async def end_move(self, slot: int, target: Node) -> None:
        await target("CLUSTER", "SETSLOT", slot, "NODE", target.id)
        for node in await self.primaries():
            await node("CLUSTER", "SETSLOT", slot, "NODE", target.id)

    async def move(self, slot: int) -> Node:
        """The whole move, to some other primary; the new holder."""
        source = await self.holder(slot)
        target = next(node for node in await self.primaries() if node is not source)
        await self.begin_move(slot, target)
        while await self.move_some(slot, source, target, 100):
            pass
        await self.end_move(slot, target)
        return target

    def stop(self) -> None:
        for node in self.nodes:
            node.kill()


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind((HOST, 0))
        return [int(one.getsockname()[1]) for one in found]


def _spawn(home: Path, port: int, bus: int, patience_ms: int) -> Node:
    home.mkdir()
    lines = (
        f"port {port}", f"cluster-port {bus}", f"bind {HOST}", "cluster-enabled yes",
        f"cluster-node-timeout {patience_ms}", "cluster-require-full-coverage no",
        "cluster-replica-validity-factor 0", "repl-diskless-sync-delay 0",
        f"dir {home}", f"logfile {home}/log", "appendonly yes", "appendfsync everysec", 'save ""', "",
    )  # fmt: skip
    (home / "conf").write_text("\n".join(lines))
    program = find_server(os.environ.get("FLASHBOT_REDIS_SERVER"))
    return Node(port, subprocess.Popen([program.path, str(home / "conf")], cwd=home))


@contextlib.asynccontextmanager
async def cluster(*, replicas: int = 0, patience_ms: int = 1000) -> AsyncIterator[Nodes]:
    folder = Path(tempfile.mkdtemp())
    nodes = Nodes(folder)
    try:
        await nodes.start(replicas, patience_ms)
        yield nodes
    finally:
        nodes.stop()
        shutil.rmtree(folder, ignore_errors=True)
