"""A write that counts only once a replica, or the disk, has it."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from flashbot.errors import StoreAway, StoreUnfit
from flashbot.store.confirm import Confirm
from flashbot.store.embedded import find_server
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.opening import open_store
from flashbot.store.records import Committed, Done
from flashbot.store.wire import MOST_WAITING, Address
from tests.topologies.replicas_rig import Topology, cut_off, reconnect

AWA, BEN = "+2250700000001", "+2250700000002"
ONE = Confirm(1, within_ms=600)
HAS_WAITAOF = find_server(os.environ.get("FLASHBOT_REDIS_SERVER")).version >= "7.2"


async def test_what_no_replica_confirmed_counts_as_not_stored_and_is_safe_to_repeat(topology: Topology) -> None:
    """Also the repeat that finds the event known: its own connection wrote nothing that WAIT would wait for."""
    primary = await topology.server()
    replica = await topology.replica_of(primary)
    link, other = topology.link(primary.address, confirm=ONE), topology.link(primary.address, confirm=ONE)
    await cut_off(replica)
    await primary.wait_for("connected_slaves:0", "INFO", "replication")

    with pytest.raises(StoreAway, match=r"Only 0 of 1 replicas confirmed .* FLASHBOT_REDIS_WAIT"):
        await Store(link).post("in", "key", AWA, b"W 1\nx")
    with pytest.raises(StoreAway, match="Only 0 of 1"):
        await Store(other).post("in", "key", AWA, b"W 1\nx")
    await reconnect(replica, primary)
    repeated = await Store(other).post("in", "key", AWA, b"W 1\nx")

    assert not repeated.new
    assert await replica("LLEN", f"{{fb:0}}:in:box:{AWA}") == 1


async def test_a_repeat_waits_for_the_replica_to_have_what_it_repeats(topology: Topology) -> None:
    """The first one was written and not yet replicated; the repeat writes nothing, and must not be answered before."""
    primary = await topology.server()
    replica = await topology.replica_of(primary)
    plain, sure = topology.link(primary.address), topology.link(primary.address, confirm=ONE)
    replica.signal(signal.SIGSTOP)
    await Store(plain).post("in", "key", AWA, b"W 1\nx")

    with pytest.raises(StoreAway, match="Only 0 of 1"):
        await Store(sure).post("in", "key", AWA, b"W 1\nx")

    replica.signal(signal.SIGCONT)
    assert not (await Store(sure).post("in", "key", AWA, b"W 1\nx")).new


async def test_a_message_taken_without_confirmation_goes_back_and_is_in_no_doubt(topology: Topology) -> None:
    primary = await topology.server()
    replica = await topology.replica_of(primary)
    link = topology.link(primary.address, confirm=ONE)
    store = Store(link)
    await store.post("reply", "", AWA, b"M 1\nx")
    await store.post("reply", "", BEN, b"M 2\ny")
    _, (sending,) = await store.take(("reply",), lease_ms=60_000, most=1)
    replica.signal(signal.SIGSTOP)

    with pytest.raises(StoreAway):
        await store.take(("reply",), lease_ms=60_000, most=1)
    with pytest.raises(StoreAway):
        await store.commit(sending, Done(), next_out_ms=60_000)
    replica.signal(signal.SIGCONT)
    settled, _ = await store.commit(sending, Done())
    _, (taken,) = await store.take(("reply",), lease_ms=60_000, most=1)

    assert settled is Committed.DONE
    assert (taken.contact, taken.attempts) == (BEN, 1)


async def test_calls_made_at_once_wait_together_and_forgotten_scripts_are_sent_again(topology: Topology) -> None:
    primary = await topology.server()
    replica = await topology.replica_of(primary)
    link = topology.link(primary.address, confirm=Confirm(1))
    store = Store(link)
    await store.post("in", "first", AWA, b"W 1\nx")
    await primary("SCRIPT", "FLUSH")
    before = await waits(link)

    posted = await asyncio.gather(*(store.post("in", str(n), AWA, b"W 1\nx") for n in range(500)))

    assert all(one.new for one in posted)
    assert await replica("LLEN", f"{{fb:0}}:in:box:{AWA}") == 501
    assert await waits(link) - before <= 3


async def waits(link: Link) -> int:
    told = (await link.command("INFO", "commandstats")).decode()
    line = next(line for line in told.splitlines() if line.startswith("cmdstat_wait:"))
    return int(line.partition("calls=")[2].partition(",")[0])


async def test_a_primary_killed_at_once_has_on_disk_what_it_confirmed(topology: Topology) -> None:
    if not HAS_WAITAOF:
        pytest.skip("this server has no WAITAOF")
    primary = await topology.server()
    link = topology.link(primary.address, confirm=Confirm(disk=True, within_ms=4500))
    posts = [Store(link).post("in", str(n), AWA, b"W 1\nx") for n in range(100)]
    await asyncio.gather(*posts)

    primary.kill()
    await primary.start()
    await primary.wait_for("loading:0", "INFO", "persistence")

    assert await primary("LLEN", f"{{fb:0}}:in:box:{AWA}") == 100


async def test_a_disk_that_confirms_nothing_is_named(topology: Topology) -> None:
    if not HAS_WAITAOF:
        pytest.skip("this server has no WAITAOF")
    primary = await topology.server()
    link = topology.link(primary.address, confirm=Confirm(disk=True, within_ms=100))
    await primary("CONFIG", "SET", "appendfsync", "no")

    with pytest.raises(StoreAway, match=r"disk did not confirm .* FLASHBOT_REDIS_WAITAOF"):
        await Store(link).post("in", "1", AWA, b"W 1\nx")


async def test_waitaof_asked_of_a_server_that_cannot_is_refused_at_the_start(topology: Topology) -> None:
    primary = await topology.server("appendonly no")

    with pytest.raises(StoreUnfit, match="appendonly yes" if HAS_WAITAOF else "has no WAITAOF"):
        async with open_store(url=primary.url, folder=topology.folder, wait_aof=True):
            pass


async def test_confirmed_calls_without_end_are_refused_and_none_is_kept() -> None:
    """A server that is there and says nothing: what waits for it is bounded."""
    hung_up = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()
        hung_up.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    link = Link(Address(host="127.0.0.1", port=server.sockets[0].getsockname()[1]), confirm=Confirm(1))
    store = Store(link)
    calls = [asyncio.create_task(store.post("in", str(n), AWA, b"W 1\nx")) for n in range(MOST_WAITING)]
    await asyncio.sleep(0)

    late = [asyncio.create_task(store.post("in", str(n), AWA, b"W 1\nx")) for n in range(2000)]
    refused = list(await asyncio.gather(*late[1000:], return_exceptions=True))

    assert {type(fault) for fault in refused} == {StoreAway}
    assert "20000 calls already wait" in str(refused[0])
    await link.close()
    ends = await asyncio.gather(*calls, *late, return_exceptions=True)
    assert {type(end) for end in ends} == {StoreAway}
    server.close()
    await hung_up.wait()
    await server.wait_closed()
