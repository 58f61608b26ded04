"""Fixtures shared by all: a store on fakeredis and on a real server, with the time in the test's hand."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.store.embedded import Embedded
from flashbot.store.fake import FakeRunner
from flashbot.store.link import Link
from flashbot.store.mailbox import Store


def pytest_configure() -> None:
    """Compiled code is kept, whatever the environment says: hundreds of processes are started here, and each run,
    in each of its workers, would rewrite every test's assertions anew."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """Ten thousand tests and all modules stay until the end: nobody need look through them for garbage again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def real_server() -> Iterator[Embedded]:
    """One embedded server for the whole run; each test flushes it."""
    with tempfile.TemporaryDirectory() as folder:
        server = Embedded(Path(folder), os.environ.get("FLASHBOT_REDIS_SERVER"))
        # In a thread: the test that asks first is running a loop already.
        with ThreadPoolExecutor(1) as beside:
            beside.submit(asyncio.run, server.ensure()).result()
            yield server
            beside.submit(asyncio.run, server.stop()).result()


@pytest.fixture(params=["fakeredis", "embedded"])
async def store(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[Store]:
    """The same storage on both servers, living by the manual clock."""

    def now() -> int:
        return to_ms(clock.now())

    if request.param == "fakeredis":
        yield Store(FakeRunner(), now_ms=now)
        return
    server: Embedded = request.getfixturevalue("real_server")
    link = Link(server.address)
    await link.command("FLUSHALL")
    yield Store(link, now_ms=now)
    await link.close()
