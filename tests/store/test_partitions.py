"""Where a process with many partitions looks for work: where it may be, and everywhere from time to time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.errors import StoreAway
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.partitions import share
from flashbot.testing.virtual import VirtualLoop, run_virtual

MANY = 64
LEASE = 15_000


class Nodes:
    """Partitions that may be away or hang; counts the calls."""

    def __init__(self) -> None:
        self.fake = FakeRunner()
        self.away: set[str] = set()
        self.hangs: set[str] = set()
        self.calls: list[str] = []

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        self.calls.append(tag)
        if tag in self.away:
            raise StoreAway("lost")
        if tag in self.hangs:
            await asyncio.sleep(3600)
        return await self.fake.run(name, tag, args)


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


@pytest.fixture
def store(nodes: Nodes, clock: ManualClock) -> Store:
    return Store(nodes, partitions=MANY, now_ms=lambda: to_ms(clock.now()))


def contact_in(store: Store, tag: str) -> str:
    return next(contact for contact in map("+225{}".format, range(10_000)) if store.tag(contact) == tag)


async def taken_in(store: Store, *queues: Any, most: int = 10) -> set[str]:
    _, found = await store.take(queues, lease_ms=LEASE, most=most)
    return {taken.contact for taken in found}


async def test_a_process_that_knows_of_no_work_asks_nobody_until_its_next_look_around(
    store: Store, nodes: Nodes, clock: ManualClock
) -> None:
    await taken_in(store, "in")
    before = len(nodes.calls)

    await taken_in(store, "in")
    at_once = len(nodes.calls)
    clock.advance(timedelta(seconds=1))
    await taken_in(store, "in")

    assert (before, at_once, len(nodes.calls)) == (MANY, MANY, 2 * MANY)


async def test_when_a_gap_is_over_the_next_look_is_everywhere(store: Store, nodes: Nodes) -> None:
    await taken_in(store, "drip")
    nodes.calls.clear()

    store.look_everywhere("drip")
    await taken_in(store, "in")
    others = len(nodes.calls)
    await taken_in(store, "drip")

    assert (others, len(nodes.calls)) == (MANY, 2 * MANY)


async def test_one_partition_is_asked_when_a_token_names_it(store: Store, nodes: Nodes) -> None:
    await taken_in(store, "in")
    other = Store(nodes, partitions=MANY, now_ms=store._now_ms)
    contact = contact_in(store, store.tags[7])
    await other.post("in", "k", contact, b"W")
    nodes.calls.clear()

    store.hint(store.tags[7])
    found = await taken_in(store, "in")

    assert found == {contact}
    assert nodes.calls == [store.tags[7]]


async def test_work_that_stays_behind_is_looked_for_again(store: Store, nodes: Nodes) -> None:
    contacts = {contact_in(store, tag) for tag in store.tags[:5]}
    for contact in contacts:
        await store.post("in", contact, contact, b"W")

    found = [await taken_in(store, "in", most=2) for _ in range(3)]

    assert [len(each) for each in found] == [2, 2, 1]
    assert set[str]().union(*found) == contacts


async def test_a_reply_goes_before_a_drip_of_another_partition(store: Store) -> None:
    drips = {contact_in(store, tag) for tag in store.tags[1:]}
    for contact in drips:
        await store.post("drip", contact, contact, b"M")
    reply = contact_in(store, store.tags[0])
    await store.post("reply", "k", reply, b"M")

    assert await taken_in(store, "reply", "drip", most=1) == {reply}


async def test_a_node_that_is_away_keeps_no_other_waiting(store: Store, nodes: Nodes, clock: ManualClock) -> None:
    here, there = contact_in(store, store.tags[0]), contact_in(store, store.tags[1])
    for contact in (here, there):
        await store.post("in", contact, contact, b"W")
    nodes.away = {store.tags[1]}

    found = await taken_in(store, "in")
    nodes.away.clear()
    later = await taken_in(store, "in")

    assert (found, later) == ({here}, {there})
    nodes.away = set(store.tags)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(StoreAway, match="lost"):
        await taken_in(store, "in")


def test_a_node_that_hangs_costs_a_second() -> None:
    async def story() -> None:
        nodes = Nodes()
        store = Store(nodes, partitions=2, now_ms=lambda: 1_000_000)
        here = contact_in(store, store.tags[0])
        await store.post("in", "k", here, b"W")
        nodes.hangs = {store.tags[1]}

        assert await taken_in(store, "in") == {here}
        assert asyncio.get_running_loop().time() <= 1.1

    run_virtual(story(), VirtualLoop())


async def test_leases_at_one_node_are_prolonged_while_another_is_away(store: Store, nodes: Nodes) -> None:
    contacts = [contact_in(store, tag) for tag in store.tags[:2]]
    for contact in contacts:
        await store.post("in", contact, contact, b"W")
    _, held = await store.take(("in",), lease_ms=LEASE, most=2)
    lost = next(taken for taken in held if taken.contact == contacts[0])
    await nodes.fake.command("HSET", f"{store.tags[0]}:in:m:{contacts[0]}", "e", lost.epoch + 1)
    nodes.away = {store.tags[1]}

    assert await store.renew(held, lease_ms=LEASE) == {contacts[0]}


def test_hands_are_dealt_out_one_each_before_anybody_gets_two() -> None:
    assert share(4, {"a": 9, "b": 1, "c": 0, "d": 9}) == {"a": 2, "b": 1, "d": 1}
    assert share(2, {"a": 9, "b": 1, "d": 9}) == {"a": 1, "b": 1}
    assert share(9, {"a": 2}) == {"a": 2}
    assert share(0, {"a": 2}) == {}
