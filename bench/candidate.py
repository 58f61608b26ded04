"""A program under measurement: started with the settings they all share, watched through /proc, stopped.

The CPU time is that of the whole process as the kernel counts it, in nanoseconds. Linux only.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CANDIDATES", "Candidate", "Program", "cpu_seconds", "running"]

HERE = Path(__file__).parent
STARTS_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Candidate:
    name: str
    command: tuple[str, ...]
    replies: bool = True
    promises: bool = False
    """Every event answered exactly once and in order, or the benchmark fails."""


CANDIDATES = (
    Candidate("handler", (sys.executable, str(HERE / "bare_handler.py")), replies=False),
    Candidate("bare bot", (sys.executable, str(HERE / "bare_bot.py"))),
    Candidate(
        "flashbot",
        (str(Path(sys.executable).with_name("flashbot")), "run", str(HERE / "answering_bot.py")),
        promises=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Program:
    """A candidate that runs and listens."""

    pid: int
    port: int
    log: Path

    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(kilobytes) / 1024

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has spent; /proc/PID/stat knows it to 10 ms only."""
    # The kernel's name for the CPU clock of a process: see clock_getcpuclockid(3).
    return time.clock_gettime((~pid << 3) | 2)


@contextlib.asynccontextmanager
async def running(candidate: Candidate, settings: Mapping[str, str], folder: Path) -> AsyncIterator[Program]:
    """Start it, wait until it listens, and stop it with SIGTERM. Raises RuntimeError with what it said."""
    port = _free_port()
    log = folder / f"{candidate.name.replace(' ', '-')}.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FLASHBOT_")}
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: ASYNC220 - before anything is measured
            candidate.command, env={**clean, **settings, "FLASHBOT_PORT": str(port)},
            cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    program = Program(process.pid, port, log)
    try:
        await _listening(process, candidate, program)
        yield program
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(process.wait, 15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def _listening(process: subprocess.Popen[bytes], candidate: Candidate, program: Program) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"The {candidate.name} ended before it listened. It said:\n{program.last_words()}")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", program.port)
        except OSError:
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"The {candidate.name} did not listen within {STARTS_WITHIN:g} seconds. "
                    f"It said:\n{program.last_words()}"
                ) from None
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
