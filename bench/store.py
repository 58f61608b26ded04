"""What a call to the store costs its caller: redis-py against flashbot's multiplexed wire, in turn, on one server.

Every way runs the same script with the same arguments: an event that is known already, so nothing grows.
Only the CPU time of this process counts; the server's is its own.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import TypeAlias

from redis.asyncio import ConnectionPool, Redis
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from flashbot.store.scripts import load
from flashbot.store.wire import Address, Wire

PIPELINE = 64
BASE = "redis-py, one at a time"
TAG = "{fb:0}"
ARGUMENTS: tuple[str | bytes | int, ...] = ("", "in", "event", 60_000, "+33600000000", b"x" * 500, 0)
Way: TypeAlias = Callable[[int], Awaitable[None]]
"""Makes that many calls."""


@asynccontextmanager
async def _ways(address: Address) -> AsyncIterator[dict[str, Way]]:
    post = load("post")
    pool = ConnectionPool.from_url(f"unix://{address.path}", max_connections=1000)
    redis = Redis(connection_pool=pool)
    wire, link = await Wire.open(address), Link(address)
    await redis.script_load(post.text)

    async def pipelined(calls: int) -> None:
        for _ in range(calls // PIPELINE):
            pipeline = redis.pipeline(transaction=False)
            for _ in range(PIPELINE):
                pipeline.evalsha(post.sha, 1, TAG, *ARGUMENTS)  # type: ignore[unused-awaitable]  # only queued
            await pipeline.execute()

    def shared(concurrency: int, once: Callable[[], Awaitable[object]]) -> Way:
        async def work(calls: int) -> None:
            for _ in range(calls):
                await once()

        async def together(calls: int) -> None:
            await asyncio.gather(*(work(calls // concurrency) for _ in range(concurrency)))

        return together

    def by_redis() -> Awaitable[object]:
        return redis.evalsha(post.sha, 1, TAG, *ARGUMENTS)

    def by_wire() -> Awaitable[object]:
        return wire.call("EVALSHA", post.sha, 1, TAG, *ARGUMENTS)

    def by_link() -> Awaitable[object]:
        return link.run("post", TAG, ARGUMENTS)

    yield {
        BASE: shared(1, by_redis),
        "redis-py, 16 at once": shared(16, by_redis),
        "redis-py, 64 at once": shared(64, by_redis),
        f"redis-py, pipelines of {PIPELINE}": pipelined,
        "Wire, one at a time": shared(1, by_wire),
        "Wire, 16 at once": shared(16, by_wire),
        "Wire, 64 at once": shared(64, by_wire),
        "Link, 64 at once": shared(64, by_link),
    }
    wire.close()
    await link.close()
    await redis.aclose()
    await pool.disconnect()


async def _cost(way: Way, calls: int) -> tuple[float, float]:
    """CPU µs a call, and calls a second."""
    await way(calls // 10 // PIPELINE * PIPELINE)
    gc.collect()
    spent, start = time.process_time(), time.perf_counter()
    await way(calls)
    return (time.process_time() - spent) * 1e6 / calls, calls / (time.perf_counter() - start)


async def run(rounds: int, calls: int, console: Console) -> None:
    with tempfile.TemporaryDirectory(prefix="flashbot-bench-") as folder:
        store = Embedded(Path(folder) / "store")
        address = await store.ensure()
        try:
            async with _ways(address) as ways:
                found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
                with Progress(console=console, transient=True, auto_refresh=False) as progress:
                    task = progress.add_task("calling", total=rounds * len(ways))
                    for _ in range(rounds):
                        for name, way in ways.items():
                            found[name].append(await _cost(way, calls))
                            progress.update(task, advance=1, refresh=True)
        finally:
            await store.stop()
    table = Table(title=f"A script call, medians of {rounds} rounds of {calls:,} calls", title_justify="left")
    table.add_column("", no_wrap=True)
    for title in ("CPU µs a call", "calls a second", "CPU / redis-py's"):
        table.add_column(title, justify="right")
    for name, costs in found.items():
        cpu, rate = (median(column) for column in zip(*costs, strict=True))
        ratio = median(one[0] / base[0] for one, base in zip(costs, found[BASE], strict=True))
        table.add_row(name, f"{cpu:.1f}", f"{rate:,.0f}", f"{ratio:.2f}")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/store.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=12_800, help="a multiple of 64")
    given = parser.parse_args()
    if given.calls % PIPELINE or given.calls <= 0 or given.rounds <= 0:
        parser.error(f"--calls must be a multiple of {PIPELINE}, and there must be a round.")
    asyncio.run(run(given.rounds, given.calls, Console()))


if __name__ == "__main__":
    main()
