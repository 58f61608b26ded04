"""Several processes, one key, and a server that counts strictly: the rate shared through the store, beside two others.

In turn, on one machine: slots from the store; the rate split into equal parts; no pace at all but retries after a 429.
Fails (exit code 1) when the shared rate is refused a single time. Whether its figure is good is printed, never judged.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

import aiohttp
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from flashbot.store.embedded import Embedded, find_server

HERE = Path(__file__).parent
WAYS = {"shared": "shared", "split": "split evenly", "unpaced": "retries only"}
ROUND = 20.0
"""Seconds that one way has before the next has its turn."""
APART = 1.2
"""Seconds of silence between two turns: no window holds requests of both."""
INTRODUCTION = """\
{processes} processes with one API key call a stand-in for MsgFlash as fast as they may. The stand-in answers ten
requests of any one second (a sliding window over the moments at which they arrive) and refuses the eleventh with
429. *Shared* is flashbot's own way, `SharedPace`: every process asks the store for slots. *Split evenly* gives each
process {share:g} requests a second of its own. *Retries only* does not pace at all; the client backs off after
a 429."""


@dataclass(slots=True)
class Found:
    """What one way did over all its turns."""

    seconds: float = 0.0
    answered: int = 0
    """Without the first of each turn, so that no turn seems quicker for being short."""
    refused: int = 0
    most: int = 0
    """Requests in the fullest second, refused ones too."""
    eleven: float = float("inf")
    """Seconds between the first and the last of the closest eleven requests."""
    waits: list[float] = field(default_factory=list)
    failed: int = 0

    def add(self, seconds: float, arrivals: Sequence[tuple[float, bool]], told: Sequence[dict[str, Any]]) -> None:
        moments = [at for at, _ in arrivals]
        answered = sum(good for _, good in arrivals)
        self.seconds += seconds
        self.answered += max(0, answered - 1)
        self.refused += len(arrivals) - answered
        self.most = max(self.most, fullest(moments))
        self.eleven = min([self.eleven, *(b - a for a, b in zip(moments, moments[10:], strict=False))])
        for one in told:
            self.waits += one["waits"]
            self.failed += one["failed"]

    @property
    def used(self) -> float:
        return self.answered / self.seconds

    def percentile(self, percent: int) -> float:
        return quantiles(self.waits, n=100, method="inclusive")[percent - 1] if len(self.waits) > 1 else float("nan")


def fullest(moments: Sequence[float]) -> int:
    """The most requests that any one second holds."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


@asynccontextmanager
async def _program(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=1 << 24
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@dataclass(slots=True)
class Bench:
    """The processes that call, and what they did so far."""

    port: int
    callers: Sequence[asyncio.subprocess.Process]
    session: aiohttp.ClientSession
    together: dict[str, Found] = field(default_factory=lambda: {way: Found() for way in WAYS})
    alone: dict[str, Found] = field(default_factory=lambda: {way: Found() for way in WAYS})

    async def turn(self, way: str, seconds: float, *, alone: bool = False) -> None:
        """Let all call in one way, or just one of them."""
        callers = self.callers[:1] if alone else self.callers
        begin = time.monotonic() + APART
        order = json.dumps({"way": way, "begin": begin, "end": begin + seconds}) + "\n"
        for caller in callers:
            assert caller.stdin is not None
            caller.stdin.write(order.encode())
        told = [await self.hear(caller) for caller in callers]
        async with self.session.get(f"http://127.0.0.1:{self.port}/arrivals") as answer:
            arrivals = await answer.json()
        (self.alone if alone else self.together)[way].add(seconds, arrivals, told)

    async def hear(self, caller: asyncio.subprocess.Process) -> Any:
        assert caller.stdout is not None
        line = await caller.stdout.readline()
        if not line:
            raise RuntimeError("a calling process ended before its time.")
        return json.loads(line)


async def run(given: argparse.Namespace, console: Console) -> Bench:
    share = 9 / given.processes
    rounds = max(1, round(given.seconds / ROUND))
    alone = given.seconds / 6
    total = len(WAYS) * (given.seconds + alone + (rounds + 1) * APART)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flashbot-bench-")))
        store = Embedded(folder / "store")
        await store.ensure()
        stack.push_async_callback(store.stop)
        server = await stack.enter_async_context(_program(str(HERE / "window.py")))
        assert server.stdout is not None
        port = int(await server.stdout.readline())
        command = (str(HERE / "caller.py"), str(port), str(store.socket), str(share))
        callers = [await stack.enter_async_context(_program(*command)) for _ in range(given.processes)]
        bench = Bench(port, callers, await stack.enter_async_context(aiohttp.ClientSession()))
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        progress = stack.enter_context(Progress(*columns, console=console, transient=True, refresh_per_second=1))
        task = progress.add_task("", total=total)
        for caller in callers:
            await bench.hear(caller)  # that it is ready
        for _ in range(rounds):
            for way in WAYS:
                progress.update(task, description=WAYS[way])
                await bench.turn(way, given.seconds / rounds)
                progress.advance(task, given.seconds / rounds + APART)
        for way in WAYS:
            progress.update(task, description=f"{WAYS[way]}, one alone")
            await bench.turn(way, alone, alone=True)
            progress.advance(task, alone + APART)
    return bench


def lines(bench: Bench) -> list[list[str]]:
    """The table: a label, a figure for each way, and what the shared rate's is to the others'."""
    together, alone = (list(found.values()) for found in (bench.together, bench.alone))
    rows: list[tuple[str, list[float], int, bool]] = [
        ("requests a second answered", [one.used for one in together], 2, True),
        ("refused with 429", [one.refused for one in together], 0, False),
        ("most requests in any second", [one.most for one in together], 0, True),
        ("closest eleven requests (ms)", [one.eleven * 1000 for one in together], 0, False),
        ("call to answer, p50 (ms)", [one.percentile(50) * 1000 for one in together], 0, False),
        ("call to answer, p99 (ms)", [one.percentile(99) * 1000 for one in together], 0, True),
        ("calls that failed after their retries", [one.failed for one in together], 0, False),
        ("a second, one process calls alone", [one.used for one in alone], 2, True),
        ("refused with 429, one alone", [one.refused for one in alone], 0, False),
    ]
    return [
        [
            label,
            *(f"{figure:,.{digits}f}" for figure in figures),
            *(f"{figures[0] / other:.2f}" if compared and other else "" for other in figures[1:]),
        ]
        for label, figures, digits, compared in rows
    ]


def titles() -> list[str]:
    shared, *others = WAYS.values()
    return ["", shared, *others, *(f"{shared} / {other}" for other in others)]


def show(console: Console, bench: Bench, given: argparse.Namespace) -> None:
    title = f"{given.processes} processes, one key, ten requests in any second, {given.seconds:g} s each"
    table = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False)
    for heading in titles():
        table.add_column(heading, justify="right" if heading else "left", no_wrap=not heading)
    for line in lines(bench):
        table.add_row(*line)
    console.print(table)


def page(bench: Bench, given: argparse.Namespace) -> str:
    """The page of documentation: written by a run, never by hand."""
    program = find_server()
    heading = titles()
    rows = [heading, ["---", *["---:"] * (len(heading) - 1)], *lines(bench)]
    machine = (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"{program.engine.capitalize()} {program.version} with appendfsync always; "
        f"load average {given.load:.1f} when it began."
    )
    parts = [
        "# Ten requests a second, shared",
        "This page is written by a run of the benchmark; do not edit it.",
        INTRODUCTION.format(processes=given.processes, share=9 / given.processes),
        "\n".join("| " + " | ".join(row) + " |" for row in rows),
        "\n".join(
            f"- {line}"
            for line in (
                f"Each way had {given.seconds:g} seconds, in turns of about {ROUND:g}; then, for "
                f"{given.seconds / 6:g} seconds, one process called alone while the others had nothing to do.",
                "A second's limit of ten is broken when eleven requests arrive within less than 1,000 ms.",
                f"{datetime.now(UTC):%Y-%m-%d}; {machine}",
            )
        ),
        f"To run it again:\n\n```sh\n{shlex.join(['python', 'bench/rate.py', *sys.argv[1:]])}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/rate.py", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each of the three ways")
    parser.add_argument("--processes", type=int, default=10)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the figures to this page, e.g. docs/rate.md")
    given = parser.parse_args()
    given.load = os.getloadavg()[0]
    if given.seconds <= 0 or given.processes < 1:
        parser.error("--seconds must be above 0, and there must be a process.")
    # Rich takes 80 columns where there is no terminal; the table needs more.
    console = Console() if sys.stdout.isatty() else Console(width=110)
    try:
        bench = asyncio.run(run(given, console))
    except RuntimeError as fault:
        console.print(f"The benchmark failed: {fault}", style="red", markup=False, highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    show(console, bench, given)
    if given.write:
        given.write.write_text(page(bench, given), encoding="utf-8")
        console.print(f"Written to {given.write}.")
    refused = bench.together["shared"].refused + bench.alone["shared"].refused
    if refused:
        console.print(f"The shared rate was refused {refused} times.", style="red", highlight=False)
        sys.exit(1)
    console.print("The shared rate was never refused.", highlight=False)


if __name__ == "__main__":
    main()
