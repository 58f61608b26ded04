"""Real servers on loopback that replicate one another, watched by real Sentinels; and a door in front of one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flashbot.errors import StoreAway
from flashbot.store.confirm import Confirm
from flashbot.store.embedded import find_server
from flashbot.store.link import Link
from flashbot.store.wire import Address, Way, Wire

HOST = "127.0.0.1"
NAME = "desk"
PASSWORD = "hunter2"
NOTHING = Confirm()


def free_port() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


@dataclass
class Server:
    """A server, or a Sentinel; it answers by the time `start` returns, be it that it is loading."""

    folder: Path
    lines: tuple[str, ...] = ()
    sentinel: bool = False
    password: str | None = None
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> Address:
        return Address(host=HOST, port=self.port, password=self.password)

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    async def start(self, *more: str) -> Server:
        home = self.folder / str(self.port)
        home.mkdir(exist_ok=True)
        file = home / "conf"
        common = (f"port {self.port}", f"bind {HOST}", f"dir {home}", f"logfile {home}/log")
        data = ("appendonly yes", "appendfsync everysec", 'save ""', "repl-diskless-sync-delay 0")
        file.write_text("\n".join([*common, *(() if self.sentinel else data), *self.lines, *more, ""]))
        program = find_server(os.environ.get("FLASHBOT_REDIS_SERVER")).path
        self.process = subprocess.Popen([program, str(file), *(["--sentinel"] if self.sentinel else [])])  # noqa: ASYNC220 - at once
        while True:
            with contextlib.suppress(StoreAway):
                (await Wire.open(replace(self.address, password=None))).close()
                return self
            assert self.process.poll() is None, (home / "log").read_text()
            await asyncio.sleep(0.01)

    async def __call__(self, *words: str | bytes | int) -> Any:
        """A command over a connection of its own: failovers cut the others."""
        wire = await Wire.open(self.address)
        try:
            return await wire.call(*words)
        finally:
            wire.close()

    async def wait_for(self, text: str, *words: str) -> None:
        while True:
            with contextlib.suppress(StoreAway):
                if text in str(await self(*words)):
                    return
            await asyncio.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@dataclass
class Topology:
    """Servers, Sentinels and links of one test, all ended with it."""

    folder: Path
    servers: list[Server] = field(default_factory=list)
    sentinels: list[Server] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    def link(self, way: Way, *, confirm: Confirm = NOTHING, connect_anew_after: float = 0.2) -> Link:
        link = Link(way, confirm=confirm, connect_anew_after=connect_anew_after)
        self.links.append(link)
        return link

    async def server(self, *lines: str) -> Server:
        server = Server(self.folder, lines)
        self.servers.append(server)
        return await server.start()

    async def replica_of(self, primary: Server, *lines: str) -> Server:
        replica = await self.server(*lines)
        await replica("REPLICAOF", HOST, primary.port)  # at once; a line in its file waits for the next second
        await replica.wait_for("master_link_status:up", "INFO", "replication")
        await primary.wait_for("state=online", "INFO", "replication")
        return replica

    async def watch(self, primary: Server, *replicas: Server, count: int = 1, password: str | None = None) -> str:
        """Start Sentinels that know one another at once; the URL by which they are asked."""
        ids = [(secrets.token_hex(20), free_port()) for _ in range(count)]
        for own, port in ids:
            lines = (
                f"sentinel myid {own}",
                f"sentinel monitor {NAME} {HOST} {primary.port} {count // 2 + 1}",
                f"sentinel down-after-milliseconds {NAME} 300",
                f"sentinel failover-timeout {NAME} 2000",
                *([f"requirepass {password}", f"sentinel auth-pass {NAME} {password}"] if password else []),
                *(f"sentinel known-replica {NAME} {HOST} {replica.port}" for replica in replicas),
                *(f"sentinel known-sentinel {NAME} {HOST} {at} {other}" for other, at in ids if other != own),
            )
            sentinel = Server(self.folder, lines, sentinel=True, password=password, port=port)
            self.sentinels.append(sentinel)
            await sentinel.start()
        for sentinel in self.sentinels:
            for replica in replicas:
                await sentinel.wait_for(f"{HOST}:{replica.port}", "SENTINEL", "REPLICAS", NAME)
                await sentinel.wait_for("role-reported", "SENTINEL", "REPLICAS", NAME)
        return "redis+sentinel://" + ",".join(f"{HOST}:{port}" for _, port in ids) + f"/{NAME}/0"

    async def stop(self) -> None:
        for link in self.links:
            await link.close()
        for server in [*self.sentinels, *self.servers]:
            server.kill()


async def cut_off(replica: Server) -> None:
    """From now on it gets nothing from its primary, as if the link between them were cut."""
    await replica("REPLICAOF", HOST, 1)


async def reconnect(replica: Server, primary: Server) -> None:
    await replica.wait_for("PONG", "PING")
    await replica("REPLICAOF", HOST, primary.port)
    await replica.wait_for("master_link_status:up", "INFO", "replication")


class Door:
    """A port that leads to a server, to another one later, and through which answers can be kept from coming."""

    def __init__(self, server: Server) -> None:
        self.leads_to = server
        self.swallow = False
        """Requests arrive, answers do not, and the connection is cut with the first of them."""
        self.port = 0

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Address]:
        server = await asyncio.start_server(self._through, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._tasks: set[asyncio.Task[None]] = set()
        try:
            yield Address(host=HOST, port=self.port)
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        there, to = await asyncio.open_connection(HOST, self.leads_to.port)
        there_and_back = [
            asyncio.create_task(self._pump(reader, to, answers=False)),
            asyncio.create_task(self._pump(there, writer, answers=True)),
        ]
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait(there_and_back, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in there_and_back:
                one.cancel()
            await asyncio.gather(*there_and_back, return_exceptions=True)
            for end in (to, writer):
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()
            self._tasks.discard(task)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, answers: bool) -> None:
        while data := await source.read(65536):
            if answers and self.swallow:
                return
            target.write(data)
            await target.drain()
