"""Very many contacts are ready at once: a take costs what it costs with few, and nobody is passed over.

`FLASHBOT_CROWD` sets how many (2,000 by default, 100,000 in `make chaos`).
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from figures import note

from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.records import Done

CROWD = int(os.environ.get("FLASHBOT_CROWD", "2000"))
FEW = CROWD // 100
WORKERS = 50
LEASE = 600_000
STATS = re.compile(r"cmdstat_(\S+):calls=(\d+),usec=(\d+)")


@pytest.fixture
async def link(tmp_path: Path) -> AsyncIterator[Link]:
    server = Embedded(tmp_path / "data", os.environ.get("FLASHBOT_REDIS_SERVER"))
    link = Link(await server.ensure())
    yield link
    await link.close()
    await server.stop()


async def ready(link: Link, contacts: int, *, events: int = 1) -> Store:
    await link.command("FLUSHALL")
    store = Store(link)
    for number in range(events):
        for start in range(0, contacts, 1000):
            some = range(start, min(contacts, start + 1000))
            await asyncio.gather(*(store.post("in", f"{n}-{number}", f"+{n}", b"W 1 e\n{}") for n in some))
    return store


async def price_of_a_take(link: Link, contacts: int, takes: int = 400) -> tuple[float, float]:
    """Commands inside one take, and the microseconds that the server spends on it."""
    store = await ready(link, contacts)
    await link.command("CONFIG", "RESETSTAT")
    for _ in range(takes):
        _, found = await store.take(("in",), lease_ms=LEASE, most=1)
        assert len(found) == 1
    stats = {
        name: (int(calls), int(usec))
        for name, calls, usec in STATS.findall((await link.command("INFO", "commandstats")).decode())
    }
    inside = sum(calls for name, (calls, _) in stats.items() if name not in ("evalsha", "info", "config|resetstat"))
    assert stats["evalsha"][0] == takes
    return inside / takes, stats["evalsha"][1] / takes


@pytest.mark.timeout(600)
async def test_a_take_costs_the_same_however_many_are_ready(link: Link) -> None:
    few, quick = await price_of_a_take(link, max(FEW, 500))
    many, slow = await price_of_a_take(link, CROWD)

    note("crowd", {"ready": CROWD, "take, µs": round(slow, 1), f"with {max(FEW, 500):,} ready, µs": round(quick, 1)})
    assert many <= few + 0.1
    if CROWD >= 100_000:
        assert slow < 3 * quick


@pytest.mark.timeout(600)
async def test_fifty_workers_take_everybody_once_before_anybody_twice(link: Link) -> None:
    store = await ready(link, CROWD, events=2)
    order: list[str] = []

    async def work() -> None:
        while True:
            _, found = await store.take(("in",), lease_ms=LEASE, most=1)
            if not found:
                return
            order.append(found[0].contact)
            await store.commit(found[0], Done())

    await asyncio.gather(*(work() for _ in range(WORKERS)))

    assert len(order) == 2 * CROWD
    # A worker may come back with a first event while another still brings a second one: fifty hands, no more.
    assert len(set(order[: CROWD + WORKERS])) == CROWD
