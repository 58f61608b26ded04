"""A primary that dies, steps down or is left alone: what was acknowledged stays, and the way leads to the new one."""

from __future__ import annotations

import asyncio
import os
import time
import traceback

import pytest

from flashbot.errors import SettingsError, StoreAway
from flashbot.store.confirm import Confirm
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.opening import open_store
from flashbot.store.records import Done
from flashbot.store.sentinel import Sentinels
from flashbot.store.wire import Wire
from tests.topologies.replicas_rig import HOST, NAME, PASSWORD, Door, Server, Topology, cut_off, free_port, reconnect

AWA = "+2250700000001"
LONG = os.environ.get("FLASHBOT_TOPOLOGIES") == "long"
EVENTS = 5000 if LONG else 300


async def acknowledged_during(store: Store, replica: Server) -> set[str]:
    """Post event after event; the replica's link is cut half-way."""
    kept = set()
    for n in range(EVENTS):
        if n == EVENTS // 2:
            await cut_off(replica)
        if n == EVENTS // 2 + 1 and len(kept) == EVENTS // 2:
            break  # the one since then was not confirmed
        try:
            await store.post("in", str(n), AWA, b"W 1\n%d" % n)
        except StoreAway:
            continue
        kept.add(str(n))
    return kept


async def events_in(link: Link) -> set[str]:
    deadline = time.monotonic() + 60  # a Sentinel that was not scheduled for two seconds rests for thirty
    while True:
        try:
            rows = await link.command("LRANGE", f"{{fb:0}}:in:box:{AWA}", 0, -1)
            return {row.partition(b"\n")[2].decode() for row in rows}
        except StoreAway:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


async def test_a_failover_to_a_replica_that_lags_loses_nothing_that_was_confirmed(topology: Topology) -> None:
    """Nor does it forget what it was about to send: a message taken before is in doubt after, not sent blindly."""
    primary = await topology.server()
    replica = await topology.replica_of(primary)
    url = await topology.watch(primary, replica, count=3)
    dead = f"{HOST}:{free_port()}"  # the first Sentinel of the list is not there
    link = topology.link(Sentinels.from_url(url.replace("//", f"//{dead},", 1)), confirm=Confirm(1, within_ms=1000))
    store = Store(link)
    await store.post("reply", "", AWA, b"M 1\nx")
    await store.take(("reply",), lease_ms=1, most=1)
    kept = await acknowledged_during(store, replica)

    primary.kill()

    assert len(kept) == EVENTS // 2
    assert kept <= await events_in(link)
    unsure = topology.link(link.address)  # nobody is left to confirm
    _, (taken,) = await Store(unsure).take(("reply",), lease_ms=1000, most=1)
    assert taken.attempts == 2


async def led_to(link: Link, topology: Topology) -> Server:
    told = (await link.command("INFO", "server")).decode()
    return next(server for server in topology.servers if f"tcp_port:{server.port}\r" in told)


@pytest.mark.skipif(not LONG, reason="half a minute; FLASHBOT_TOPOLOGIES=long")
async def test_posting_through_one_failover_after_another_loses_and_doubles_nothing(topology: Topology) -> None:
    """Each primary is killed in the middle of posts, and comes back as a replica."""
    primary = await topology.server()
    replicas = [await topology.replica_of(primary) for _ in range(2)]
    url = await topology.watch(primary, *replicas, count=3)
    link = topology.link(Sentinels.from_url(url), confirm=Confirm(1, within_ms=300))
    store = Store(link)
    kept: list[int] = []

    async def post(n: int) -> None:
        while True:
            try:
                await store.post("in", str(n), AWA, b"W 1\n%d" % n)
            except StoreAway:
                await asyncio.sleep(0.05)
                continue
            kept.append(n)
            return

    for turn in range(3):
        posting = [asyncio.create_task(post(n)) for n in range(turn * EVENTS, (turn + 1) * EVENTS)]
        await asyncio.sleep(0.05)
        killed = await led_to(link, topology)
        killed.kill()
        await asyncio.gather(*posting)
        await killed.start()
        await reconnect(killed, await led_to(link, topology))

    rows = [row.partition(b"\n")[2] for row in await link.command("LRANGE", f"{{fb:0}}:in:box:{AWA}", 0, -1)]
    assert sorted(map(int, rows)) == sorted(kept) == list(range(3 * EVENTS))


async def test_without_confirmation_the_same_failover_loses_acknowledged_events(topology: Topology) -> None:
    """What FLASHBOT_REDIS_WAIT is for; the start says so."""
    primary = await topology.server()
    replica = await topology.replica_of(primary)
    url = await topology.watch(primary, replica)
    async with open_store(url=url, folder=topology.folder) as opened:
        kept = await acknowledged_during(opened.store, replica)

        primary.kill()

        assert any("FLASHBOT_REDIS_WAIT=1" in said for said in opened.warnings)
        assert len(kept) == EVENTS
        assert len(kept - await events_in(opened.link)) >= EVENTS // 2  # type: ignore[arg-type]  # no cluster


async def test_a_server_that_turns_read_only_is_left_and_its_name_followed(topology: Topology) -> None:
    """As managed services fail over: the name leads elsewhere, and nobody closes the old connections."""
    old = await topology.server()
    new = await topology.replica_of(old)
    door = Door(old)
    async with door.open() as address:
        link = topology.link(address, connect_anew_after=0)
        store = Store(link)
        await store.post("in", "1", AWA, b"W 1\n1")
        await new("REPLICAOF", "NO", "ONE")
        await cut_off(old)
        door.leads_to = new

        with pytest.raises(StoreAway, match="READONLY"):
            await store.post("in", "2", AWA, b"W 1\n2")
        posted = await store.post("in", "2", AWA, b"W 1\n2")

        assert posted.new
        assert await new("LLEN", f"{{fb:0}}:in:box:{AWA}") == 2


async def without_end(store: Store) -> None:
    """The server counts its replicas once a second."""
    while True:
        await store.post("in", "2", AWA, b"W 1\n2")


async def test_an_old_primary_left_alone_takes_nothing_and_sentinels_are_asked_again(topology: Topology) -> None:
    """Two primaries: the old one still answers, and min-replicas-to-write keeps it from acknowledging."""
    old = await topology.server("min-replicas-to-write 1", "min-replicas-max-lag 2")
    new = await topology.replica_of(old)
    url = await topology.watch(old, new)
    link = topology.link(Sentinels.from_url(url), connect_anew_after=0)
    store = Store(link)
    await store.post("in", "1", AWA, b"W 1\n1")
    plain = topology.link(old.address, connect_anew_after=0)
    await new("REPLICAOF", "NO", "ONE")
    await old.wait_for("connected_slaves:0", "INFO", "replication")

    with pytest.raises(StoreAway, match="NOREPLICAS"):
        await without_end(Store(plain))
    with pytest.raises(StoreAway, match="NOREPLICAS"):
        await store.post("in", "3", AWA, b"W 1\n3")
    await topology.sentinels[0]("SENTINEL", "REMOVE", NAME)
    await topology.sentinels[0]("SENTINEL", "MONITOR", NAME, HOST, new.port, 1)

    assert (await store.post("in", "4", AWA, b"W 1\n4")).new
    assert (await new("ROLE"))[0] == b"master"


async def test_a_primary_that_no_replica_confirms_is_left_for_the_one_that_sentinels_name(topology: Topology) -> None:
    """Without min-replicas-to-write the old one goes on; nothing on it is acknowledged."""
    old = await topology.server()
    new = await topology.replica_of(old)
    url = await topology.watch(old, new)
    link = topology.link(Sentinels.from_url(url), confirm=Confirm(1, within_ms=100), connect_anew_after=0)
    store = Store(link)
    await link.command("PING")
    await new("REPLICAOF", "NO", "ONE")
    await topology.sentinels[0]("SENTINEL", "REMOVE", NAME)
    await topology.sentinels[0]("SENTINEL", "MONITOR", NAME, HOST, new.port, 1)

    for _ in range(3):  # at the old one, at the new one that does not know the script, at the new one
        with pytest.raises(StoreAway, match="Only 0 of 1"):
            await store.post("in", "2", AWA, b"W 1\n2")

    assert await new("LLEN", f"{{fb:0}}:in:box:{AWA}") == 1
    assert f"tcp_port:{new.port}" in (await link.command("INFO", "server")).decode()


async def test_connections_to_an_old_primary_end_when_another_connection_found_the_new(topology: Topology) -> None:
    old, new = await topology.server(), await topology.server()

    class Moving:
        place = "moving"
        leads_to = old

        async def open(self, answer_within: float = 5) -> Wire:
            return await Wire.open(self.leads_to.address, answer_within)

    way = Moving()
    link = topology.link(way)
    await link.command("SET", "k", "old")
    way.leads_to = new

    ears = await link.separate()

    assert await link.command("GET", "k") is None
    ears.close()


async def test_a_name_nobody_knows_and_sentinels_that_are_not_there_are_told(topology: Topology) -> None:
    primary = await topology.server()
    url = await topology.watch(primary)

    with pytest.raises(StoreAway, match="knows a primary named other"):
        await Sentinels.from_url(url.replace(NAME, "other")).open()
    topology.sentinels[0].kill()
    with pytest.raises(StoreAway, match=r"No Sentinel answers at 127\.0\.0\.1:\d+"):
        async with open_store(url=url, folder=topology.folder):
            pass


async def test_a_replica_that_sentinels_still_name_is_not_taken_for_a_primary(topology: Topology) -> None:
    other = await topology.server()
    primary = await topology.server()
    url = await topology.watch(primary)
    await primary("REPLICAOF", HOST, other.port)

    with pytest.raises(StoreAway, match="it is none"):
        await Sentinels.from_url(url).open()


async def test_passwords_open_both_and_are_never_shown(topology: Topology) -> None:
    primary = await topology.server(f"requirepass {PASSWORD}")
    url = await topology.watch(primary, password=PASSWORD)
    entered = url.replace("//", f"//default:{PASSWORD}@")

    with pytest.raises(StoreAway, match=r"refuses: NOAUTH .*sentinel_password") as refused:
        await Sentinels.from_url(entered).open()
    async with open_store(url=f"{entered}?sentinel_password={PASSWORD}", folder=topology.folder) as opened:
        assert PASSWORD not in opened.sentence
        await opened.store.post("in", "1", AWA, b"W 1\n1")
        _, found = await opened.store.take(("in",), lease_ms=1000, most=1)
        await opened.store.commit(found[0], Done())

    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://:hunter2@host:26379",
        "redis+sentinel://:hunter2@host:26379/",
        "redis+sentinel://:hunter2@host:port/desk",
        "redis+sentinel://:hunter2@/desk",
        "redis+sentinel://:hunter2@host,,other/desk",
        "redis+sentinel://:hunter2@host/desk/one",
        "redis+sentinel://:hunter2@host/desk/-1",
        "redis+sentinel://:hunter2@[::1/desk",
    ],
)
def test_a_wrong_sentinel_url_is_one_sentence_without_what_is_secret(url: str) -> None:
    with pytest.raises(SettingsError, match=r"FLASHBOT_REDIS_URL is not a Sentinel URL") as caught:
        Sentinels.from_url(url)

    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_a_sentinel_url_names_hosts_primary_and_database() -> None:
    sentinels = Sentinels.from_url("redis+sentinel://user:p%40ss@[::1],other:5000/desk/3?sentinel_password=s%26t")

    assert str(sentinels) == "desk/3 (Sentinels at ::1:26379, other:5000)"
    assert sentinels._server.password == "p@ss"
    assert {sentinel.password for sentinel in sentinels._sentinels} == {"s&t"}
