"""A real cluster: three primaries and a replica of the first. Slots move and primaries change while events flow."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flashbot.errors import SettingsError, StoreAway, StoreUnfit
from flashbot.store.casts import Feeding
from flashbot.store.cluster import Cluster
from flashbot.store.cluster_ears import ClusterEars
from flashbot.store.confirm import Confirm
from flashbot.store.deadletters import DeadLetters
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.opening import open_store
from flashbot.store.records import Done, Later, Message, Miss, TimerKey
from flashbot.store.scripts import NAMES
from flashbot.store.slotmap import SLOTS, slot_of
from tests.topologies.cluster_rig import PRIMARIES, Nodes
from tests.topologies.cluster_rig import cluster as started

PARTITIONS = 8
LEASE = 3000
LONG = os.environ.get("FLASHBOT_TOPOLOGIES") == "long"


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    loop = asyncio.new_event_loop()
    stack = contextlib.AsyncExitStack()
    with ThreadPoolExecutor(1) as beside:
        found = beside.submit(loop.run_until_complete, stack.enter_async_context(started(replicas=1))).result()
        yield found
        beside.submit(loop.run_until_complete, stack.aclose()).result()
        beside.submit(loop.close).result()


@pytest.fixture
async def cluster(nodes: Nodes) -> AsyncIterator[Cluster]:
    cluster = Cluster(nodes.seeds)
    await cluster.command("FLUSHALL")
    yield cluster
    await cluster.close()


@pytest.fixture
def store(cluster: Cluster) -> Store:
    return Store(cluster, partitions=PARTITIONS)


def contacts_of(store: Store, tag: str, count: int) -> list[str]:
    found = (f"+22507{n:08}" for n in range(100_000))
    return [contact for contact in found if store.tag(contact) == tag][:count]


async def patiently(call: Callable[[], Awaitable[Any]]) -> Any:
    """As everybody in flashbot does: again, until the store is back."""
    while True:
        try:
            return await call()
        except StoreAway:
            await asyncio.sleep(0.02)


class Traffic:
    """Events that flow through: each is posted, handled into a reply with its number, and the reply is sent."""

    def __init__(self, store: Store, contacts: list[str], each: int) -> None:
        self.store = store
        self.contacts = contacts
        self.each = each
        self.sent: dict[str, list[str]] = defaultdict(list)
        self.posted = 0

    @property
    def wanted(self) -> dict[str, list[str]]:
        return {contact: [f"{n} m{n}" for n in range(self.each)] for contact in self.contacts}

    async def flow(self, meanwhile: Callable[[], Awaitable[object]] | None = None) -> None:
        """Until all was sent; `meanwhile` happens once a third was posted."""
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            working = [group.create_task(self._hand("in", self._handle)) for _ in range(4)]
            working += [group.create_task(self._hand("reply", self._send)) for _ in range(4)]
            posting = [group.create_task(self._post(contact)) for contact in self.contacts]
            if meanwhile is not None:
                while self.posted < len(self.contacts) * self.each / 3:
                    await asyncio.sleep(0.01)
                before = self.posted
                await meanwhile()
                assert before < self.posted < len(self.contacts) * self.each, "nothing flowed meanwhile"
            await asyncio.wait(posting)
            while sum(map(len, self.sent.values())) < len(self.contacts) * self.each:
                await asyncio.sleep(0.01)
            for task in working:
                task.cancel()

    async def _post(self, contact: str) -> None:
        for serial in range(self.each):
            for _ in range(2):  # the platform tells everything twice
                await patiently(
                    functools.partial(self.store.post, "in", f"{contact}/{serial}", contact, b"m%d" % serial)
                )
            self.posted += 1
            await asyncio.sleep(0.02)

    async def _hand(self, queue: Any, work: Callable[[Any], Done]) -> None:
        while True:
            _, found = await patiently(lambda: self.store.take((queue,), lease_ms=LEASE, most=4))
            for taken in found:
                await patiently(functools.partial(self.store.commit, taken, work(taken)))
            if not found:
                await asyncio.sleep(0.01)

    def _handle(self, taken: Any) -> Done:
        seen = int(taken.state or b"0")
        return Done(state=b"%d" % (seen + 1), messages=(Message("reply", b"%d %s" % (seen, taken.entry)),))

    def _send(self, taken: Any) -> Done:
        text = taken.entry.decode()
        if taken.attempts == 1 or text not in self.sent[taken.contact]:  # it looks before it repeats
            self.sent[taken.contact].append(text)
        return Done()


async def test_a_contacts_slot_is_the_servers(nodes: Nodes) -> None:
    keys = ["{fb:0}", "{fb:63}:in:box:+1", "{key:0123}", "fb:meta", "a{}b", "a{b", "{x}{y}", "é{ü}"]

    said = [await nodes.nodes[0]("CLUSTER", "KEYSLOT", key) for key in keys]

    assert [slot_of(key) for key in keys] == said


async def test_events_of_every_partition_go_through(store: Store, nodes: Nodes) -> None:
    contacts = [contact for tag in store.tags for contact in contacts_of(store, tag, 2)]
    traffic = Traffic(store, contacts, each=3)

    await traffic.flow()

    assert traffic.sent == traffic.wanted
    assert len({(await nodes.holder(slot_of(tag))).port for tag in store.tags}) == 3


async def test_nothing_is_lost_or_doubled_while_a_slot_moves(store: Store, nodes: Nodes) -> None:
    tag = store.tags[0]
    slot = slot_of(tag)
    contacts = [*contacts_of(store, tag, 6), *contacts_of(store, store.tags[1], 2)]
    traffic = Traffic(store, contacts, each=40)
    source = await nodes.holder(slot)
    target = next(node for node in await nodes.primaries() if node is not source)

    async def move() -> None:
        await nodes.begin_move(slot, target)
        await asyncio.sleep(0.1)
        while await nodes.move_some(slot, source, target, 5):
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)
        await nodes.end_move(slot, target)

    await traffic.flow(move)

    assert traffic.sent == traffic.wanted
    assert (await nodes.holder(slot)).port == target.port


async def test_nothing_is_lost_or_doubled_while_a_replica_takes_over(store: Store, nodes: Nodes) -> None:
    (replica,) = await nodes.replicas()
    contacts = [contact for tag in store.tags for contact in contacts_of(store, tag, 2)]
    traffic = Traffic(store, contacts, each=40)

    async def fail_over() -> None:
        await replica("CLUSTER", "FAILOVER")
        while not await replica.is_primary():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)

    await traffic.flow(fail_over)

    assert traffic.sent == traffic.wanted
    assert replica.port in {link.address.port for link in await store._runner.primaries()}  # type: ignore[attr-defined]  # a cluster


async def test_a_confirmed_write_is_on_the_replica(nodes: Nodes) -> None:
    (replica,) = await nodes.replicas()
    with_replica = int((await replica("ROLE"))[2])
    cluster = Cluster(nodes.seeds, reach=functools.partial(Link, confirm=Confirm(replicas=1)))
    store = Store(cluster, partitions=64)
    tags: dict[bool, str] = {}
    for tag in store.tags:
        tags[(await nodes.holder(slot_of(tag))).port == with_replica] = tag

    posted = await store.post("in", "k", contacts_of(store, tags[True], 1)[0], b"W")
    with pytest.raises(StoreAway, match="0 of 1 replicas"):
        await store.post("in", "k", contacts_of(store, tags[False], 1)[0], b"W")

    assert posted.new
    await cluster.close()


async def test_a_wake_token_is_heard_also_where_its_slot_has_moved(cluster: Cluster, nodes: Nodes) -> None:
    store = Store(cluster, partitions=4)
    contact = contacts_of(store, store.tags[2], 1)[0]
    ears = ClusterEars(cluster, store)
    await ears()  # about a second: nobody left anything
    loop = asyncio.get_running_loop()

    await nodes.move(slot_of(store.tags[2]))
    await asyncio.sleep(2)
    waiting = asyncio.create_task(_until_hint(ears, store, store.tags[2]))
    await Store(cluster, partitions=4).post("in", "k", contact, b"W")
    asked = loop.time()
    await waiting

    assert loop.time() - asked < 0.5
    _, found = await store.take(("in",), lease_ms=LEASE, most=1)
    assert [taken.contact for taken in found] == [contact]
    ears.close()


async def _until_hint(ears: ClusterEars, store: Store, tag: str) -> None:
    while tag not in store._partitions._worth["in"]:
        await ears()


async def test_the_first_start_makes_64_partitions_which_stay(nodes: Nodes, tmp_path: Path, cluster: Cluster) -> None:
    async with open_store(url=nodes.url, folder=tmp_path) as first:
        assert len(first.store.tags) == 64
        assert "cluster of 3 primaries" in first.sentence
        assert await first.dead.count() == 0

    async with open_store(url=nodes.url, folder=tmp_path, partitions=3) as second:
        assert len(second.store.tags) == 64


async def test_any_node_may_be_named_and_several(nodes: Nodes, tmp_path: Path, cluster: Cluster) -> None:
    hosts = ",".join(f"127.0.0.1:{port}" for port in (1, nodes.nodes[3].port))

    async with open_store(url=f"redis://{hosts}", folder=tmp_path) as opened:
        assert len(opened.store.tags) == 64


async def test_a_database_of_a_cluster_is_refused(nodes: Nodes, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="names database 3"):
        async with open_store(url=nodes.url.replace("/0", "/3"), folder=tmp_path):
            pass


async def test_the_weakest_node_is_named(nodes: Nodes, tmp_path: Path, cluster: Cluster) -> None:
    strong, weak, unfit = await nodes.primaries()
    await strong("CONFIG", "SET", "appendfsync", "always")
    await weak("CONFIG", "SET", "appendfsync", "no")
    try:
        async with open_store(url=nodes.url, folder=tmp_path) as opened:
            assert f"127.0.0.1:{weak.port}" in opened.sentence
            assert "the last half minute" in opened.sentence
        await unfit("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        with pytest.raises(StoreUnfit, match=f"127.0.0.1:{unfit.port}.* allkeys-lru"):
            async with open_store(url=nodes.url, folder=tmp_path):
                pass
    finally:
        for node in (strong, weak, unfit):
            await node("CONFIG", "SET", "appendfsync", "everysec")
            await node("CONFIG", "SET", "maxmemory-policy", "noeviction")


class Noting:
    """Remembers which scripts ran."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.ran: set[str] = set()

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        self.ran.add(name)
        return await self.cluster.run(name, tag, args, confirm=confirm)


async def test_no_script_touches_two_slots(cluster: Cluster) -> None:
    """A cluster refuses a script that does; so each is run here, with something to find and in every partition."""
    runner = Noting(cluster)
    store = Store(runner, partitions=PARTITIONS)
    key_tag = "{key:0123}"
    for contact in [contacts_of(store, tag, 1)[0] for tag in store.tags]:
        timer = TimerKey(contact, "step", 1)
        await store.post("in", contact, contact, b"W", also=["other"])
        (taken,) = (await store.take(("in",), lease_ms=LEASE, most=1))[1]
        await store.renew([taken], lease_ms=LEASE)
        messages = (Message("reply", b"M"), Message("drip", b"M"))
        await store.commit(taken, Done(state=b"{}", messages=messages, set_timers=((timer, 1),)))
        (fired,) = (await store.take(("in",), lease_ms=LEASE, most=1))[1]
        await store.commit(fired, Done(dead=b"W", reason=b"{}", clear_timers=(timer,)))
        (reply,) = (await store.take(("reply",), lease_ms=LEASE, most=1))[1]
        await store.commit(reply, Later(0, clean=False))
        await store.note_status(contact, "vendor-1", "sent", provider_id="provider-1")
        await store.loose(contact, "reply", since_ms=0)
        (reply,) = (await store.take(("reply",), lease_ms=LEASE, most=1))[1]
        await store.commit(reply, Done(bind="vendor-1", bound="event/0"))
        await store.standing(contact, "vendor-1", provider_id="provider-1")
        assert await store.bound(contact, ["vendor-1"]) == {"vendor-1"}
        await store.misses.keep([Miss(contact, "what")], within=timedelta(days=1))
        await store.bury(f"dead {contact}", "in", contact, b"{}", b"W")
        assert await store.known([contact]) == {contact}
        assert not (await store.post("in", contact, contact, b"W")).new
    await store.permit(key_tag, interval_ms=100)
    begun = await store.passes.begin("token", hold_ms=1000, least_ms=0, apart_ms=1000, asked=True)
    await store.passes.heard(["a"])
    await store.holds.hold("instance", "gone", key_tag=key_tag, wait_ms=1000)
    await store.holds.read(key_tag)
    for contact in [contacts_of(store, tag, 1)[0] for tag in store.tags]:
        await store.acquaintances.read(contact)
        await store.silenced(contact)
        await store.reasons.read(contact)
        await store.ledgers.note(key_tag, "instance", f"m-{contact}", contact, "reply")
    people = [contacts_of(store, tag, 1)[0] for tag in store.tags]
    await store.casts.begin("ab12", "digest", "salt", {"name": "sale"})
    await store.casts.add("ab12", "salt", [(contact, b"M") for contact in people])
    await store.casts.start("ab12", "salt", canary=0, total=len(people))
    await store.casts.going("token", lease_ms=1000)
    assert await store.casts.feed("ab12", [Feeding(contact, b"M") for contact in people]) == PARTITIONS
    await store.casts.advance("ab12", 0, 1, [0])
    await store.casts.forget(people[0])
    await store.casts.move("ab12", {"state": "finished"})
    assert (await store.casts.counts("ab12")).words == {"waiting": PARTITIONS}
    await store.numbers.set("instance", {"state": "stable"})
    await store.numbers.days("instance", 1, 2, since_ms=0)

    letters = [letter async for letter in DeadLetters(cluster, store).list()]
    misses = [miss async for miss in store.misses.read()]

    waiting = await store.waiting.count()
    assert await store.people.erase(cluster, people[0], silent=lambda _: False) > 0

    assert not isinstance(begun, int)
    assert len(misses) == PARTITIONS
    assert sum(crowd.messages for crowd in waiting) > PARTITIONS
    assert len(letters) == 2 * PARTITIONS
    assert runner.ran == set(NAMES)


async def test_a_dead_letter_is_put_back_once(cluster: Cluster, store: Store) -> None:
    letters = DeadLetters(cluster, store)
    contact = contacts_of(store, store.tags[5], 1)[0]
    await store.bury("k", "in", contact, b"{}", b"W")
    (letter,) = [letter async for letter in letters.list()]

    put_back = [await letters.retry(letter), await letters.retry(letter)]

    assert put_back == [True, False]
    assert await letters.retried(letter.id)
    assert await letters.count() == 0
    _, found = await store.take(("in",), lease_ms=LEASE, most=5)
    assert [taken.contact for taken in found] == [contact]


@pytest.mark.skipif(not LONG, reason="FLASHBOT_TOPOLOGIES=long kills a primary and waits for the vote")
async def test_a_primary_that_dies_is_followed_by_its_replica() -> None:
    async with started(replicas=2) as nodes:
        cluster = Cluster(nodes.seeds, reach=functools.partial(Link, confirm=Confirm(replicas=1)))
        store = Store(cluster, partitions=64)
        tag = next(tag for tag in store.tags if slot_of(tag) < SLOTS // PRIMARIES)
        traffic = Traffic(store, contacts_of(store, tag, 6), each=60)

        async def die() -> None:
            killed = nodes.nodes.pop(0)
            killed.kill()
            while len(await nodes.primaries()) < PRIMARIES:
                await asyncio.sleep(0.05)
            posted = traffic.posted
            while traffic.posted == posted:
                await asyncio.sleep(0.05)

        await traffic.flow(die)

        assert traffic.sent == traffic.wanted
        await cluster.close()
