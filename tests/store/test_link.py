"""The way to the server: shared writes, losses that are told, scripts that come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from flashbot.errors import SettingsError, StoreAway
from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.records import Committed, Done, Later, TimerKey
from flashbot.store.wire import Address, Refusal, Wire


@pytest.fixture
async def link(real_server: Embedded) -> AsyncIterator[Link]:
    link = Link(real_server.address, connect_anew_after=0)
    await link.command("FLUSHALL")
    yield link
    await link.close()


async def test_answers_reach_whoever_asked(link: Link) -> None:
    await asyncio.gather(*(link.command("SET", f"k{n}", n) for n in range(500)))

    values = await asyncio.gather(*(link.command("GET", f"k{n}") for n in range(500)))

    assert [int(value) for value in values] == list(range(500))


async def test_a_script_the_server_forgot_is_sent_again(link: Link) -> None:
    await link.run("permit", "{key:a}", ("1000", 110, 5000, 0, 0))
    await link.command("SCRIPT", "FLUSH")

    assert await link.run("permit", "{key:b}", ("1000", 110, 5000, 0, 0)) == [1, 0, 1000]


async def test_a_cut_connection_fails_its_calls_and_the_next_call_reconnects(link: Link) -> None:
    await link.command("PING")
    other = await link.separate()
    await other.call("PING")  # so that the server knows both connections
    blocked = other.call("BLPOP", "nothing", 5)
    await asyncio.sleep(0)

    await link.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    with pytest.raises(StoreAway):
        await blocked
    assert await link.command("PING") == b"PONG"


async def test_a_refusal_is_no_loss_of_the_connection(link: Link) -> None:
    with pytest.raises(Refusal, match="WRONGTYPE"):
        await asyncio.gather(link.command("SET", "k", 1), link.command("LPUSH", "k", 1))

    assert await link.command("GET", "k") == b"1"


async def test_memory_that_is_full_reads_as_away(link: Link) -> None:
    await link.command("CONFIG", "SET", "maxmemory", "1")
    try:
        with pytest.raises(StoreAway, match="OOM"):
            await link.command("SET", "k", 1)
    finally:
        await link.command("CONFIG", "SET", "maxmemory", "0")


async def test_a_server_that_says_nothing_is_given_up() -> None:
    hung_up = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()
        await writer.wait_closed()
        hung_up.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire = await Wire.open(Address(host="127.0.0.1", port=port), answer_within=0.02)

    with pytest.raises(StoreAway, match="no answer within"):
        await wire.call("PING")
    await hung_up.wait()
    server.close()
    await server.wait_closed()


def test_a_url_of_another_kind_is_refused() -> None:
    with pytest.raises(SettingsError, match="FLASHBOT_REDIS_URL"):
        Address.from_url("http://localhost")


def test_an_address_never_shows_its_password() -> None:
    address = Address.from_url("redis://user:hunter2@db.example:6380/3")

    assert str(address) == "db.example:6380/3"
    assert (address.username, address.password, address.db) == ("user", "hunter2", 3)


async def test_full_memory_stops_no_work_that_frees_it(link: Link) -> None:
    """A timer and an ended lease are due; the rate's slot is free: taking, parking and pacing must go on."""
    store = Store(link)
    timer = TimerKey("+1", "step", 1)
    await store.post("in", "1", "+1", b"W 1 e name\n{}", lease_ms=1)
    await store.post("in", "2", "+2", b"W 1 e name\n{}")
    _, (other,) = await store.take(("in",), lease_ms=60_000, most=1)
    await store.commit(other, Done(set_timers=((timer, 1),)))
    await link.command("CONFIG", "SET", "maxmemory", "1")
    try:
        with pytest.raises(StoreAway, match="OOM"):
            await store.post("in", "3", "+3", b"W 1 e name\n{}")

        _, found = await store.take(("in",), lease_ms=60_000, most=5)
        parked, _ = await store.commit(found[0], Later(1000))

        assert [taken.contact for taken in found] == ["+1"]
        assert parked is Committed.OK
        assert (await store.permit("{key:x}", interval_ms=110)).granted
    finally:
        await link.command("CONFIG", "SET", "maxmemory", "0")
