"""What a number's ledger costs its server when it is full: each move beside an INCR, in turn, on one server.

Server time is the server's own (`INFO commandstats`) with one call at a time, so that nothing else takes its core from
it meanwhile; calls a second are of one connection with many under way.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import re
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from flashbot.outreach.grants import Granted, Refused
from flashbot.store.embedded import Embedded
from flashbot.store.ledgers import Ledgers
from flashbot.store.link import Link

TAG = "{key:bench}"
NUMBER = "number"
DAY_MS = 24 * 3600 * 1000
HELD = 64
AT_ONCE = 64
ONE_BY_ONE = 8
"""So many times fewer calls are made one at a time."""


@dataclass(frozen=True, slots=True)
class Wide:
    """Caps that a full ledger is under."""

    hour: int = 1_000_000
    day: int = 1_000_000
    recipients_hour: int = 1_000_000
    recipients_day: int = 1_000_000
    proactive_hour: int = 1_000_000
    proactive_day: int = 1_000_000
    new_hour: int = 1_000_000
    new_day: int = 1_000_000
    cold_ratio: float = 0.4
    identical_hour: int = 3


@dataclass(frozen=True, slots=True)
class Halved(Wide):
    """Caps that fell far below what was sent: the moment of room is a long way off."""

    day: int = 1000


class Bench:
    """A ledger of a day's sends, spread evenly, with its clock in the bench's hand."""

    def __init__(self, link: Link, entries: int) -> None:
        self.link = link
        self.entries = entries
        self.now = int(time.time() * 1000)
        self.serial = itertools.count()
        self.ledgers = Ledgers(link, lambda: str(self.now))

    async def fill(self, tick: Callable[[int], None]) -> None:
        begun = self.now
        for first in range(0, self.entries, AT_ONCE):
            self.now = begun + DAY_MS * first // self.entries
            await asyncio.gather(
                *(
                    self.ledgers.note(
                        TAG, NUMBER, f"sent-{n}", f"+22507{n:08}", "marketing" if n % 3 else "cold", new=n % 2 == 0
                    )
                    for n in range(first, min(first + AT_ONCE, self.entries))
                )
            )
            tick(AT_ONCE)
        self.now = begun + DAY_MS - 60_000
        for n in range(HELD):
            await self.reserve(f"held-{n}")

    async def reserve(self, name: str, caps: Wide = Wide()) -> Granted | Refused:
        n = next(self.serial)
        self.now += 2
        source = f"broadcast-{n % 3}"
        return await self.ledgers.reserve(
            TAG, NUMBER, name, f"+22505{n:08}", "marketing", f"{n:032x}", source, caps, 0, (0, 0)
        )

    async def granted(self) -> None:
        await self.reserve(f"m-{next(self.serial)}")

    async def refused(self) -> None:
        assert isinstance(await self.reserve(f"m-{next(self.serial)}", Halved()), Refused)

    async def settled(self) -> None:
        name = f"m-{next(self.serial)}"
        await self.reserve(name)
        await self.ledgers.commit(TAG, NUMBER, name)

    async def released(self) -> None:
        name = f"m-{next(self.serial)}"
        await self.reserve(name)
        await self.ledgers.release(TAG, NUMBER, name)

    async def noted(self) -> None:
        n = next(self.serial)
        await self.ledgers.note(TAG, NUMBER, f"r-{n}", f"+22505{n:08}", "reply")

    async def counted(self) -> None:
        await self.ledgers.counts(TAG, NUMBER)

    async def incremented(self) -> None:
        await self.link.command("INCR", TAG + ":incr")

    async def measure(self, once: Callable[[], Awaitable[None]], calls: int) -> tuple[float, float]:
        """Server time in µs and calls a second; a way of two calls counts as one."""

        async def work(count: int) -> None:
            for _ in range(count):
                await once()

        begun = time.perf_counter()
        await asyncio.gather(*(work(calls // AT_ONCE) for _ in range(AT_ONCE)))
        took = time.perf_counter() - begun
        await self.link.command("CONFIG", "RESETSTAT")
        await work(calls // ONE_BY_ONE)
        stats = (await self.link.command("INFO", "commandstats")).decode()
        command = "incr" if once == self.incremented else "evalsha"
        found = re.search(rf"cmdstat_{command}:calls=(\d+),usec=(\d+)", stats)
        assert found is not None, stats
        return int(found[2]) / (calls // ONE_BY_ONE), calls // AT_ONCE * AT_ONCE / took


async def run(entries: int, rounds: int, calls: int, server: str | None, console: Console) -> None:
    with tempfile.TemporaryDirectory(prefix="flashbot-bench-") as folder:
        embedded = Embedded(Path(folder) / "store", server)
        link = Link(await embedded.ensure())
        try:
            bench = Bench(link, entries)
            ways = {
                "INCR": bench.incremented,
                "reserve, granted": bench.granted,
                "reserve, refused, caps fallen far": bench.refused,
                "reserve and commit": bench.settled,
                "reserve and release": bench.released,
                "note": bench.noted,
                "counts": bench.counted,
            }
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
            with Progress(console=console, transient=True) as progress:
                filling = progress.add_task("filling", total=entries)
                await bench.fill(lambda n: progress.update(filling, advance=n))
                before = await _memory(link)
                task = progress.add_task("calling", total=rounds * len(ways))
                for _ in range(rounds):
                    for name, way in ways.items():
                        found[name].append(await bench.measure(way, calls))
                        progress.update(task, advance=1)
        finally:
            await link.close()
            await embedded.stop()
    table = Table(
        title=f"A ledger of {entries:,} sends, {before / 2**20:.0f} MB; medians of {rounds} rounds of {calls:,} calls",
        title_justify="left",
    )
    table.add_column("", no_wrap=True)
    for title in ("server µs", "/ INCR", "a second", "/ INCR"):
        table.add_column(title, justify="right")
    base = found["INCR"]
    for label, costs in found.items():
        server_us, rate = (median(column) for column in zip(*costs, strict=True))
        longer = median(one[0] / other[0] for one, other in zip(costs, base, strict=True))
        fewer = median(one[1] / other[1] for one, other in zip(costs, base, strict=True))
        table.add_row(label, f"{server_us:.1f}", f"{longer:.0f}", f"{rate:,.0f}", f"{fewer:.2f}")
    console.print(table)


async def _memory(link: Link) -> int:
    found = re.search(r"used_memory:(\d+)", (await link.command("INFO", "memory")).decode())
    return int(found[1]) if found else 0


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/ledger.py", description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=6400)
    parser.add_argument("--server", help="the program of another server")
    given = parser.parse_args()
    if given.entries < 2000 or given.calls < AT_ONCE or given.rounds <= 0:
        parser.error(f"There must be 2,000 entries, {AT_ONCE} calls and a round.")
    asyncio.run(run(given.entries, given.rounds, given.calls, given.server, Console()))


if __name__ == "__main__":
    main()
