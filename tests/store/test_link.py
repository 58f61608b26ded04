"""The way to the server: shared writes, losses that are told, scripts that come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flashbot.errors import SettingsError, StoreAway
from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.records import Committed, Done, Later, TimerKey
from flashbot.store.wire import MOST_WAITING, Address, Refusal, Wire


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


async def test_connections_handed_out_end_with_the_link(real_server: Embedded) -> None:
    """Whoever met a fault on the way to closing its own would leave it open beyond the loop's end."""
    link = Link(real_server.address)
    other = await link.separate()
    late = asyncio.create_task(link.separate())
    await asyncio.sleep(0)

    await link.close()

    assert other.lost is not None
    with pytest.raises(StoreAway, match="was closed"):
        await late


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


async def test_a_connection_is_closed_at_once_also_when_nobody_reads_at_the_other_end() -> None:
    """It would linger beyond the end of the loop, with whatever was not sent yet."""
    accepted: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport reads
        accepted.set_result(writer)

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    wire = await Wire.open(Address(host="127.0.0.1", port=server.sockets[0].getsockname()[1]))
    there = await accepted
    call = wire.call("SET", "k", b"x" * 20_000_000)
    transport = wire._transport
    assert transport is not None

    wire.close()

    with pytest.raises(StoreAway, match="was closed"):
        await call
    assert transport.get_write_buffer_size() == 0
    there.close()
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


async def test_a_server_of_another_kind_is_named_as_such(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(answer, tmp_path / "web.sock")
    link = Link(Address(path=str(tmp_path / "web.sock")))

    with pytest.raises(StoreAway, match="is no Redis or Valkey"):
        await link.command("PING")
    await link.close()
    server.close()
    await server.wait_closed()


async def test_calls_without_end_are_refused_and_those_before_still_wait(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    server = await asyncio.start_unix_server(silent, tmp_path / "silent.sock")
    wire = await Wire.open(Address(path=str(tmp_path / "silent.sock")))
    waiting = [wire.call("PING") for _ in range(MOST_WAITING)]

    with pytest.raises(StoreAway, match="already wait for the store"):
        await wire.call("PING")
    assert not any(call.done() for call in waiting)
    wire.drop("the test is over")
    await asyncio.gather(*waiting, return_exceptions=True)
    server.close()
    await server.wait_closed()
