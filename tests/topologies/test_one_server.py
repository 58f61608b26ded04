"""One server that restarts, loads, is full, forgets, or whose answers are lost on the way."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from flashbot.errors import StoreAway
from flashbot.store.confirm import Confirm
from flashbot.store.ears import Ears
from flashbot.store.mailbox import Store
from flashbot.store.opening import open_store
from flashbot.store.records import Committed, Done, Later
from tests.topologies.replicas_rig import Door, Topology

AWA, BEN, CHI = "+2250700000001", "+2250700000002", "+2250700000003"
LEASE = 60_000
KEYS = 200
"""The slowed server loads one in 5 ms, and answers after each of this size."""


async def test_work_goes_on_within_two_seconds_of_a_restart_with_scripts_that_are_unknown(topology: Topology) -> None:
    server = await topology.server()
    link = topology.link(server.address)
    store = Store(link)
    ears = Ears(link, store)
    await store.post("in", "1", AWA, b"W 1\n1")
    await ears()
    hearing = asyncio.create_task(ears())
    await asyncio.sleep(0.01)
    server.kill()
    with pytest.raises(StoreAway):
        await hearing

    await server.start()
    back = time.monotonic()
    while True:
        try:
            await ears()
            _, found = await store.take(("in",), lease_ms=LEASE, most=1)
            break
        except StoreAway:
            await asyncio.sleep(0.02)

    assert [taken.contact for taken in found] == [AWA]
    assert time.monotonic() - back < 2
    ears.close()


async def test_a_server_that_loads_its_data_is_waited_for_at_the_start(
    topology: Topology, caplog: pytest.LogCaptureFixture
) -> None:
    """Those who run already are told that it is away, at once, and go on by themselves."""
    server = await topology.server()
    link = topology.link(server.address, connect_anew_after=0.02)
    await asyncio.gather(*(link.command("SET", f"k{n}", os.urandom(1500)) for n in range(KEYS)))
    await link.command("BGREWRITEAOF")
    await server.wait_for("aof_rewrite_in_progress:0", "INFO", "persistence")
    server.kill()
    await server.start("key-load-delay 5000", "loading-process-events-interval-bytes 1024")

    began = time.monotonic()
    with pytest.raises(StoreAway, match="LOADING"):
        await Store(link).post("in", "1", AWA, b"W 1\n1")
    refused_after = time.monotonic() - began
    stop = asyncio.Event()
    stop.set()
    with pytest.raises(StoreAway, match="loads its data still"):
        async with open_store(url=server.url, folder=topology.folder, stop=stop):
            pass
    async with open_store(url=server.url, folder=topology.folder) as opened:
        assert (await opened.store.post("in", "1", AWA, b"W 1\n1")).new

    assert refused_after < 1
    assert [record.getMessage() for record in caplog.records if "loading its data" in record.getMessage()]
    assert not (await Store(link).post("in", "1", AWA, b"W 1\n1")).new


@pytest.mark.parametrize("confirm", [Confirm(), Confirm(1)], ids=["plain", "confirmed"])
async def test_a_full_memory_refuses_events_and_lets_everything_else_drain(
    topology: Topology, confirm: Confirm
) -> None:
    server = await topology.server()
    if confirm:
        await topology.replica_of(server)
    link = topology.link(server.address, confirm=confirm)
    store = Store(link)
    for contact in (AWA, BEN, CHI):
        await store.post("in", contact, contact, b"W 1\nx")
        await store.post("reply", "", contact, b"M 1\nx")
    async with open_store(url=server.url, folder=topology.folder):
        pass
    await server("CONFIG", "SET", "maxmemory", 1)

    with pytest.raises(StoreAway, match="OOM"):
        await store.post("in", "4", AWA, b"W 1\nx")
    _, (handled, parked, held) = await store.take(("in",), lease_ms=LEASE, most=3)
    _, (message,) = await store.take(("reply",), lease_ms=LEASE, most=1)
    ends = [
        (await store.commit(handled, Done(state=b"{}"), next_out_ms=LEASE))[0],
        (await store.commit(parked, Later(1000)))[0],
        (await store.commit(message, Done(), next_out_ms=LEASE))[0],
    ]

    assert ends == [Committed.OK] * 3
    assert await store.renew([held], lease_ms=LEASE) == set()
    assert await link.command("ZSCORE", "{fb:0}:in:busy", held.contact) is not None
    assert (await store.permit("{key:x}", interval_ms=110)).granted
    async with open_store(url=server.url, folder=topology.folder) as opened:  # a restart must be able to drain it
        assert "Store: " in opened.sentence


async def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_happens_twice(topology: Topology) -> None:
    server = await topology.server()
    door = Door(server)
    async with door.open() as address:
        link = topology.link(address, connect_anew_after=0)
        store = Store(link)
        await link.command("PING")

        async def lost(call: asyncio.Task[object]) -> None:
            door.swallow = True
            with pytest.raises(StoreAway):
                await call
            door.swallow = False

        await lost(asyncio.create_task(store.post("in", "key", AWA, b"W 1\nx")))  # type: ignore[arg-type]
        again = await store.post("in", "key", AWA, b"W 1\nx")
        _, (taken,) = await store.take(("in",), lease_ms=LEASE, most=1)
        await lost(asyncio.create_task(store.commit(taken, Done())))  # type: ignore[arg-type]
        verdict, _ = await store.commit(taken, Done())

        assert not again.new
        assert verdict is Committed.DONE
        assert await server("LLEN", f"{{fb:0}}:in:box:{AWA}") == 0


async def test_a_store_that_was_emptied_is_noticed_at_the_next_start(topology: Topology, tmp_path: Path) -> None:
    server = await topology.server()
    folder = tmp_path / "data"
    async with open_store(url=server.url, folder=folder) as first:
        first.remember()
    await server("FLUSHALL")

    async with open_store(url=server.url, folder=folder) as emptied:
        emptied.remember()
    async with open_store(url=server.url, folder=folder) as known:
        pass

    assert (first.forgotten, emptied.forgotten, known.forgotten) == (False, True, False)
    assert any("NOT the one that was here last time" in said for said in emptied.warnings)
    assert not first.warnings
    assert not known.warnings


async def test_another_database_of_the_same_server_is_noticed(topology: Topology, tmp_path: Path) -> None:
    server = await topology.server()
    async with open_store(url=server.url, folder=tmp_path) as opened:
        opened.remember()

    async with open_store(url=server.url.replace("/0", "/1"), folder=tmp_path) as wrong:
        assert wrong.forgotten
    async with open_store(url=server.url.replace("/0", "/1"), folder=tmp_path / "other") as elsewhere:
        assert not elsewhere.forgotten


async def test_a_folder_that_cannot_be_written_remembers_nothing(topology: Topology, tmp_path: Path) -> None:
    server = await topology.server()
    (tmp_path / "file").write_text("")

    async with open_store(url=server.url, folder=tmp_path / "file") as opened:
        opened.remember()

        assert not opened.forgotten
