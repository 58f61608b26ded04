"""100,000 unasked messages wait, and people write: how long an answer takes from its handler to MsgFlash's door.

In turn, on one machine: flashbot with the crowd waiting; flashbot with nobody waiting; a plain queue at the same rate
that prefetches. The sandbox is strict about ten requests a second. Fails (exit code 1) when, with the crowd waiting,
an answer takes over 250 ms at p99, less than 95 % of the key's rate is used, or a single request is refused with 429.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import aiohttp
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.candidate import Candidate, Program, cpu_seconds, running
from bench.load import INSTANCE, Crowd, Event
from bench.waiting import in_a_list, in_lanes
from flashbot.settings import Settings
from flashbot.store.embedded import Embedded

HERE = Path(__file__).parent
KEY = "msgf_live_benchmark"
SECRET = "a secret of the benchmark"
PER_SECOND = float(Settings.model_fields["requests_per_second"].default)
ALLOWED = 10
LATEST_MS, LEAST_USED = 250.0, 0.95
WARM_UP = 6.0
"""Seconds at most, with a few people who write: what loads late has loaded then, and the number's health is known."""
BURSTS, BURST, APART = 6, 5, 2.5
"""After the span so many times as many people write at once, so many seconds apart."""
LATE = 30.0
"""Seconds within which every answer has left, or is given up."""

Fill = Callable[[Embedded, Callable[[int], None]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Way:
    name: str
    programs: Sequence[Candidate]
    fill: Fill | None = None


@dataclass(slots=True)
class Found:
    """What one way did. Times of answers are ms from the end of the handler to the sandbox's door."""

    seconds: float
    singles: list[float] = field(default_factory=list)
    ideal: list[float] = field(default_factory=list)
    """The same, had each answer taken the first request after it."""
    bursts: list[float] = field(default_factory=list)
    lost: int = 0
    requests: int = 0
    answers: int = 0
    offers: int = 0
    refused: int = 0
    eleven: float = float("inf")
    """Seconds between the first and the last of the closest eleven requests."""
    bot_cpu: float = 0.0
    store_cpu: float = 0.0
    """Seconds of CPU in a second."""
    memory: float = 0.0
    """Of the store, with all that waits, in MB."""
    said: str = ""
    """The end of the programs' logs."""

    @property
    def used(self) -> float:
        return self.requests / self.seconds

    def faults(self) -> list[str]:
        """What is missed of the goal."""
        told = []
        if not self.singles or _percentile(self.singles, 99) > LATEST_MS:
            told.append(f"an answer took {_percentile(self.singles, 99):,.0f} ms at p99, more than {LATEST_MS:g}")
        if self.used < LEAST_USED * PER_SECOND:
            told.append(f"{self.used / PER_SECOND:.1%} of the rate was used, less than {LEAST_USED:.0%}")
        if self.refused:
            told.append(f"{self.refused} requests were refused with 429")
        if self.lost:
            told.append(f"{self.lost} answers did not leave")
        return told


def _percentile(spread: Sequence[float], percent: int) -> float:
    """The nearest rank; NaN for nothing."""
    ordered = sorted(spread)
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else float("nan")


def _first_requests(ended: Sequence[int], requests: Sequence[int]) -> list[float]:
    """ms from each end of a handler to the first request after it that no earlier answer takes."""
    found, taken = [], 0
    for moment in sorted(ended):
        taken = max(taken, bisect_left(requests, moment))
        if taken == len(requests):
            break
        found.append((requests[taken] - moment) / 1e6)
        taken += 1
    return found


@dataclass(slots=True)
class Door:
    """The sandbox of one way."""

    port: int
    told: int
    session: aiohttp.ClientSession

    async def tell(self, port: int) -> None:
        url = f"http://127.0.0.1:{port}/webhooks/msgflash"
        (await self.session.post(f"http://127.0.0.1:{self.told}/tell", params={"url": url})).raise_for_status()

    async def arrivals(self) -> list[tuple[int, int, str]]:
        async with self.session.get(f"http://127.0.0.1:{self.told}/arrivals") as answer:
            return [(at, status, what) for at, status, what in await answer.json()]


@asynccontextmanager
async def _door() -> AsyncIterator[Door]:
    process = subprocess.Popen(  # noqa: ASYNC220 - before anything is measured
        [sys.executable, str(HERE / "door.py"), KEY, INSTANCE, SECRET], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        ports = (await asyncio.to_thread(process.stdout.readline)).split()
        if len(ports) != 2:
            raise RuntimeError("the sandbox did not start.")
        async with aiohttp.ClientSession() as session:
            yield Door(int(ports[0]), int(ports[1]), session)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


async def _write(programs: Sequence[Program], events: Sequence[Event], *, rate: float, rng: Random) -> None:
    """So many people a second write, each on their own (a Poisson process), to one process after the other."""
    posts, due = [], time.monotonic()
    for place, event in enumerate(events):
        due += rng.expovariate(rate)
        await asyncio.sleep(due - time.monotonic())
        posts.append(asyncio.create_task(_post(programs[place % len(programs)].port, event)))
    said = [line for line in await asyncio.gather(*posts) if b" 200 " not in line]
    if said:
        logs = "".join(one.last_words() for one in programs)
        raise RuntimeError(f"{len(said)} webhooks got no 200, the first {said[0]!r}. The programs said:\n{logs}")


async def _post(port: int, event: Event) -> bytes:
    """The first line of the answer. A connection of its own: a server closes those that nobody used for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(event.request)
        return await reader.readline()
    finally:
        writer.close()


async def _measure(way: Way, given: argparse.Namespace, folder: Path, tick: Callable[[str, float], None]) -> Found:
    async with AsyncExitStack() as stack:
        store = Embedded(folder / "store")
        await store.ensure()
        stack.push_async_callback(store.stop)
        if way.fill is not None:
            tick(f"{way.name}: filling", 0)
            await way.fill(store, lambda _: None)
        store_pid = store.pid() or 0
        memory = Program(store_pid, 0, folder).resident_mb()
        door = await stack.enter_async_context(_door())
        settings = {
            "FLASHBOT_MSGFLASH_URL": f"http://127.0.0.1:{door.port}",
            "FLASHBOT_API_KEY": KEY,
            "FLASHBOT_WEBHOOK_SECRET": SECRET,
            "FLASHBOT_REDIS_URL": f"unix://{store.socket}",
            "FLASHBOT_DATA_DIR": str(folder / "bot"),
            "FLASHBOT_LOG_LEVEL": "WARNING",
        }
        programs = [await stack.enter_async_context(running(one, settings, folder)) for one in way.programs]
        await door.tell(programs[0].port)
        # The same people at the same moments in every way.
        singles, warming = round(given.seconds / given.every), 4
        crowd = Crowd(SECRET, Random(given.seed)).write(warming + singles + given.bursts * BURST, given.waiting)
        tick(f"{way.name}: warming up", 0)
        warm_up = min(WARM_UP, 2 * given.seconds) / 2
        await _write(programs, crowd[:warming], rate=warming / warm_up, rng=Random(0))
        await asyncio.sleep(warm_up)
        tick(way.name, 0)
        spent, store_spent = sum(cpu_seconds(one.pid) for one in programs), cpu_seconds(store_pid)
        begin = time.monotonic_ns()
        await _write(programs, crowd[warming : warming + singles], rate=1 / given.every, rng=Random(given.seed))
        end = time.monotonic_ns()
        found = Found((end - begin) / 1e9, memory=memory)
        found.bot_cpu = (sum(cpu_seconds(one.pid) for one in programs) - spent) / found.seconds
        found.store_cpu = (cpu_seconds(store_pid) - store_spent) / found.seconds
        tick(f"{way.name}: five at once", found.seconds)
        for place in range(given.bursts):
            first = warming + singles + place * BURST
            await _write([programs[place % len(programs)]], crowd[first : first + BURST], rate=1e9, rng=Random(0))
            await asyncio.sleep(APART)
        asked = {event.text: place for place, event in enumerate(crowd)}
        _judge(found, await _answered(door, len(asked)), asked, warming, singles, begin, end)
        found.said = "".join(one.last_words() for one in programs)
    return found


async def _answered(door: Door, count: int) -> list[tuple[int, int, str]]:
    """All that reached the door, once so many answers did, or none is to be hoped for."""
    deadline = time.monotonic() + LATE
    while True:
        arrivals = await door.arrivals()
        if sum(what.startswith("echo ") and status < 300 for _, status, what in arrivals) >= count:
            return arrivals
        if time.monotonic() > deadline:
            return arrivals
        await asyncio.sleep(0.25)


def _judge(
    found: Found,
    arrivals: Sequence[tuple[int, int, str]],
    asked: dict[str, int],
    warming: int,
    singles: int,
    begin: int,
    end: int,
) -> None:
    moments = sorted(at for at, _, _ in arrivals)
    ended: list[int] = []
    for at, status, what in arrivals:
        within = begin <= at < end
        found.requests += within
        found.refused += status == 429
        found.offers += within and what.startswith("offer ")
        if not what.startswith("echo ") or status >= 300:
            continue
        found.answers += within
        _, ended_at, text = what.split(" ", 2)
        took, place = (at - int(ended_at)) / 1e6, asked.pop(text)
        if warming <= place < warming + singles:
            found.singles.append(took)
            ended.append(int(ended_at))
        elif place >= warming:
            found.bursts.append(took)
    found.lost = len(asked)
    found.ideal = _first_requests(ended, moments)
    found.eleven = min((b - a for a, b in zip(moments, moments[10:], strict=False)), default=0) / 1e9


def ways(given: argparse.Namespace) -> list[Way]:
    command = (str(Path(sys.executable).with_name("flashbot")), "run", str(HERE / "backlog_bot.py"))
    bots = [Candidate(f"flashbot {place}", command) for place in range(given.processes)]
    plain = [Candidate("plain queue", (sys.executable, str(HERE / "plain_queue.py")))]
    return [
        Way("flashbot", bots, partial(_lanes, given.waiting)),
        Way("nobody waits", bots),
        Way("plain queue", plain, partial(_list, given.waiting)),
    ]


async def _lanes(count: int, store: Embedded, progress: Callable[[int], None]) -> None:
    await in_lanes(store, INSTANCE, count, progress)


async def _list(count: int, store: Embedded, progress: Callable[[int], None]) -> None:
    await in_a_list(store, INSTANCE, count, progress)


async def run(given: argparse.Namespace, console: Console) -> dict[str, Found]:
    found: dict[str, Found] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory(prefix="flashbot-bench-") as folder,
        Progress(*columns, console=console, transient=True, refresh_per_second=1) as progress,
    ):
        chosen = [way for way in ways(given) if not given.only or way.name in given.only]
        task = progress.add_task("", total=len(chosen) * given.seconds)

        def tick(what: str, seconds: float) -> None:
            progress.update(task, description=what, advance=seconds)

        for place, way in enumerate(chosen):
            own = Path(folder) / str(place)
            own.mkdir()
            found[way.name] = await _measure(way, given, own, tick)
    return found


def lines(found: Sequence[Found]) -> list[list[str]]:
    """The table: a label, a figure for each way, and what the first is to the others."""
    rows: list[tuple[str, list[float], int, bool]] = [
        (f"handler to request, p{percent} (ms)", [_percentile(one.singles, percent) for one in found], 0, True)
        for percent in (50, 95, 99)
    ]
    rows += [
        ("longest (ms)", [_percentile(one.singles, 100) for one in found], 0, True),
        ("p99, had it taken the next request (ms)", [_percentile(one.ideal, 99) for one in found], 0, False),
        ("five at once, p50 (ms)", [_percentile(one.bursts, 50) for one in found], 0, True),
        ("five at once, longest (ms)", [_percentile(one.bursts, 100) for one in found], 0, True),
        ("requests a second", [one.used for one in found], 2, True),
        (f"share of {PER_SECOND:g} a second (%)", [100 * one.used / PER_SECOND for one in found], 1, False),
        (f"share of {ALLOWED} a second (%)", [100 * one.used / ALLOWED for one in found], 1, False),
        ("refused with 429", [one.refused for one in found], 0, False),
        ("closest eleven requests (ms)", [one.eleven * 1000 for one in found], 0, False),
        ("answers sent meanwhile", [one.answers for one in found], 0, False),
        ("unasked messages sent meanwhile", [one.offers for one in found], 0, False),
        ("other requests meanwhile", [one.requests - one.answers - one.offers for one in found], 0, False),
        ("CPU of the sending program (% of a core)", [100 * one.bot_cpu for one in found], 1, True),
        ("CPU of the store (% of a core)", [100 * one.store_cpu for one in found], 1, True),
        ("memory of the store, all waiting (MB)", [one.memory for one in found], 0, True),
    ]
    return [
        [
            label,
            *(f"{figure:,.{digits}f}" for figure in figures),
            *(f"{figures[0] / other:.2f}" if compared and other else "" for other in figures[1:]),
        ]
        for label, figures, digits, compared in rows
    ]


def show(console: Console, found: dict[str, Found], given: argparse.Namespace) -> None:
    first, *others = found
    title = (
        f"{given.waiting:,} unasked messages wait; {given.processes} process(es); somebody writes every "
        f"{given.every:g} s for {given.seconds:g} s; load average {given.load:.1f} when it began"
    )
    table = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False)
    for heading in ["", *found, *(f"{first} / {other}" for other in others)]:
        table.add_column(heading, justify="right" if heading else "left", no_wrap=not heading)
    for line in lines(list(found.values())):
        table.add_row(*line)
    console.print(table)
    strict = given.waiting / PER_SECOND / 3600
    console.print(
        f"Health: stable, 1,000,000 an hour, no gaps. Policy: open at all hours; every body its own. A strict queue, "
        f"first in, first out, would send an answer after {strict:.1f} hours (reckoned).",
        highlight=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/backlog.py", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each of the three ways")
    parser.add_argument("--waiting", type=int, default=100_000, help="unasked messages, each of another person")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--every", type=float, default=1.0, help="seconds from one person to the next, on average")
    parser.add_argument("--bursts", type=int, default=BURSTS, help="times that five people write at once, afterwards")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", help="measure just this way; may be repeated")
    given = parser.parse_args()
    given.load = os.getloadavg()[0]
    people = 4 + round(given.seconds / given.every) + given.bursts * BURST if given.every > 0 else 0
    if given.seconds <= 0 or given.every <= 0 or given.processes < 1 or given.waiting < people:
        parser.error(
            "--seconds and --every must be above 0, there must be a process, and more must wait than people write."
        )
    # Rich takes 80 columns where there is no terminal; the table needs more.
    console = Console() if sys.stdout.isatty() else Console(width=120)
    try:
        found = asyncio.run(run(given, console))
    except (RuntimeError, TimeoutError) as fault:
        console.print(f"The benchmark failed: {fault}", style="red", markup=False, highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    show(console, found, given)
    missed = found["flashbot"].faults() if "flashbot" in found else []
    for what in missed:
        console.print(f"Missed: {what}.", style="red", highlight=False)
    if missed:
        console.print(found["flashbot"].said, markup=False, highlight=False)
        sys.exit(1)
    console.print("The goal was met: 250 ms at p99, 95 % of the rate, no 429.", highlight=False)


if __name__ == "__main__":
    main()
