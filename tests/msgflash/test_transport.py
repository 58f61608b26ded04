from __future__ import annotations

import asyncio
import gzip
import pickle
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from aiohttp import web

from flashbot.errors import SettingsError
from flashbot.msgflash.errors import NotSent, OutcomeUnknown, Retry
from flashbot.msgflash.transport import HttpTransport, Request, Response, Timeouts

Sending = asyncio.Task[Response]
KEY = "msgf_live_" + "ab" * 32
SEND = Request("POST", "/messages/send", body=b'{"to":"+33612345678"}', timeout=5)
READ = Request("GET", "/messages", {"limit": "2", "cursor": "a b+/="}, timeout=5)


@pytest.fixture
async def carry(loopback):
    transport = HttpTransport(loopback.url, KEY)
    yield transport
    await transport.close()


@asynccontextmanager
async def serving(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """A bare TCP server; gone without a trace afterwards."""
    done: list[asyncio.Task[None]] = []

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        done.append(task)
        with suppress(OSError, asyncio.IncompleteReadError):
            await talk(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*done)


async def refuse_everything(port_holder: socket.socket) -> int:
    port_holder.bind(("127.0.0.1", 0))
    return port_holder.getsockname()[1]


async def test_a_write_carries_the_key_the_body_and_its_type(loopback, carry) -> None:
    loopback.answer = lambda request: web.Response(status=201, body=b"{}", headers={"Retry-After": "2"})

    response = await carry.send(SEND)

    seen = loopback.seen[0]
    assert (seen.method, seen.path, loopback.bodies) == ("POST", "/api/v1/messages/send", [SEND.body])
    assert seen.headers["x-api-key"] == KEY
    assert seen.headers["Content-Type"] == "application/json"
    assert "X-Team-Id" not in seen.headers
    assert "Authorization" not in seen.headers
    assert (response.status, response.body, response.headers["retry-after"]) == (201, b"{}", "2")


async def test_a_read_carries_its_parameters_and_no_body(loopback, carry) -> None:
    await carry.send(READ)

    seen = loopback.seen[0]
    assert dict(seen.query) == READ.params
    assert "Content-Type" not in seen.headers
    assert loopback.bodies == [b""]


async def test_a_team_id_goes_into_its_header(loopback) -> None:
    transport = HttpTransport(loopback.url + "api/v1", "msgf_team_1", "team-1")

    await transport.send(SEND)
    await transport.close()

    assert loopback.seen[0].headers["X-Team-Id"] == "team-1"
    assert loopback.seen[0].path == "/api/v1/messages/send"


async def test_an_error_status_is_an_answer(loopback, carry) -> None:
    loopback.answer = lambda request: web.Response(status=502, body=b"<html>")

    assert (await carry.send(SEND)).status == 502


async def test_a_redirect_is_not_followed(loopback, carry) -> None:
    loopback.answer = lambda request: web.Response(status=307, headers={"Location": "/elsewhere"})

    assert (await carry.send(SEND)).status == 307
    assert len(loopback.seen) == 1


async def test_a_cookie_is_not_kept(loopback, carry) -> None:
    loopback.answer = lambda request: web.Response(headers={"Set-Cookie": "a=b"})

    await carry.send(READ)
    await carry.send(READ)

    assert "Cookie" not in loopback.seen[1].headers


async def test_a_packed_answer_is_unpacked(loopback, carry) -> None:
    loopback.answer = lambda request: web.Response(body=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})

    assert (await carry.send(READ)).body == b"{}"


async def test_a_huge_answer_is_read_whole(loopback, carry) -> None:
    loopback.answer = lambda request: web.Response(body=b"x" * 20_000_000)

    assert len((await carry.send(READ)).body) == 20_000_000


async def test_connections_are_reused(loopback, carry) -> None:
    await carry.send(SEND)
    await carry.send(SEND)

    assert loopback.seen[0].transport is loopback.seen[1].transport


async def test_a_refused_connection_is_not_sent() -> None:
    with socket.socket() as holder:
        port = await refuse_everything(holder)
        transport = HttpTransport(f"http://127.0.0.1:{port}", KEY)

        with pytest.raises(NotSent) as caught:
            await transport.send(SEND)
        await transport.close()

    assert caught.value.retry is Retry.SOON
    assert caught.value.call == "POST /messages/send"


async def test_a_name_that_does_not_resolve_is_not_sent() -> None:
    transport = HttpTransport("http://no-such-host.invalid", KEY)

    with pytest.raises(NotSent):
        await transport.send(SEND)
    await transport.close()


async def test_a_failed_tls_handshake_is_not_sent(loopback) -> None:
    transport = HttpTransport(loopback.url.replace("http://", "https://"), KEY)

    with pytest.raises(NotSent) as caught:
        await transport.send(SEND)
    await transport.close()

    assert isinstance(caught.value.__cause__, ssl.SSLError | OSError)
    assert loopback.seen == []


async def test_a_handshake_that_never_ends_is_not_sent() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(silence) as port:
        transport = HttpTransport(f"https://127.0.0.1:{port}", KEY)
        with pytest.raises(NotSent):
            await transport.send(Request("POST", "/messages/send", body=b"{}", timeout=0.2))
        await transport.close()


async def test_waiting_in_vain_for_a_free_connection_is_not_sent(loopback) -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        arrived.set()
        await release.wait()
        return web.Response(body=b"{}")

    loopback.answer = slow
    transport = HttpTransport(loopback.url, KEY, connections=1)
    first = asyncio.create_task(transport.send(SEND))
    await arrived.wait()

    with pytest.raises(NotSent):
        await transport.send(Request("POST", "/messages/send", body=b"{}", timeout=0.1))

    release.set()
    assert (await first).status == 200
    assert len(loopback.seen) == 1
    await transport.close()


async def test_no_answer_in_time_leaves_the_outcome_unknown(loopback, carry) -> None:
    release = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    loopback.answer = slow

    with pytest.raises(OutcomeUnknown) as caught:
        await carry.send(Request("POST", "/messages/send", body=b"{}", timeout=0.1))
    release.set()

    assert caught.value.retry is Retry.ASK
    assert len(loopback.seen) == 1


async def test_a_silence_in_the_middle_of_an_answer_leaves_the_outcome_unknown() -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{")
        await reader.read()

    async with serving(stall) as port:
        transport = HttpTransport(f"http://127.0.0.1:{port}", KEY, timeouts=Timeouts(read=0.1))
        with pytest.raises(OutcomeUnknown, match="SocketTimeoutError"):
            await transport.send(Request("POST", "/messages/send", timeout=60))
        await transport.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 201 Cre",
        b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{}",
        b"no http at all\r\n\r\n",
        b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["nothing", "half a line", "half a body", "garbage", "bad packing", "bad chunk"],
)
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_a_connection_lost_after_writing_leaves_the_outcome_unknown_and_nothing_is_repeated(
    said: bytes, method: str
) -> None:
    served = 0

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        await reader.readuntil(b"\r\n\r\n")
        served += 1
        writer.write(said)
        await writer.drain()

    async with serving(cut) as port:
        transport = HttpTransport(f"http://127.0.0.1:{port}", KEY)
        with pytest.raises(OutcomeUnknown):
            await transport.send(Request(method, "/x", body=b"{}" if method == "POST" else None, timeout=5))
        await transport.close()

    assert served == 1


async def test_a_read_on_a_connection_that_was_closed_meanwhile_is_not_quietly_repeated() -> None:
    asked = 0

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        await reader.readuntil(b"\r\n\r\n")
        asked += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await reader.readuntil(b"\r\n\r\n")
        asked += 1

    async with serving(answer_once) as port:
        transport = HttpTransport(f"http://127.0.0.1:{port}", KEY)
        await transport.send(READ)
        with pytest.raises(OutcomeUnknown):
            await transport.send(READ)
        await transport.close()

    assert asked == 2


async def test_a_closed_transport_sends_nothing(loopback, carry) -> None:
    await carry.send(SEND)
    await carry.close()
    await carry.close()

    with pytest.raises(NotSent):
        await carry.send(SEND)
    assert len(loopback.seen) == 1


@asynccontextmanager
async def one_behind_another(loopback) -> AsyncIterator[tuple[HttpTransport, Sending, Sending]]:
    """A transport of one connection, the send that has it, and the one that waits for it."""
    arrived, release = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        arrived.set()
        await release.wait()
        return web.Response(body=b"{}")

    loopback.answer = slow
    transport = HttpTransport(loopback.url, KEY, connections=1)
    first = asyncio.create_task(transport.send(SEND))
    await arrived.wait()
    second = asyncio.create_task(transport.send(SEND))
    await asyncio.sleep(0)
    yield transport, first, second
    release.set()


async def test_closing_tells_those_who_wait_for_a_connection_that_nothing_was_sent(loopback) -> None:
    async with one_behind_another(loopback) as (transport, first, second):
        await transport.close()

        with pytest.raises(OutcomeUnknown):
            await first
        with pytest.raises(NotSent) as caught:
            await second
        assert caught.value.retry is Retry.NEVER


async def test_whoever_is_cancelled_while_the_transport_closes_stays_cancelled(loopback) -> None:
    async with one_behind_another(loopback) as (transport, first, second):
        second.cancel()
        await transport.close()

        with pytest.raises(asyncio.CancelledError):
            await second
        with pytest.raises(OutcomeUnknown):
            await first


async def test_another_event_loop_is_told_that_nothing_was_sent(loopback, carry) -> None:
    await carry.send(READ)

    with pytest.raises(NotSent) as caught:
        await asyncio.to_thread(lambda: asyncio.run(carry.send(SEND)))

    assert caught.value.retry is Retry.NEVER
    assert "event loop" in str(caught.value)
    assert len(loopback.seen) == 1


async def test_neither_repr_nor_errors_show_the_key_and_errors_survive_pickling() -> None:
    with socket.socket() as holder:
        transport = HttpTransport(f"http://127.0.0.1:{await refuse_everything(holder)}", KEY)
        with pytest.raises(NotSent) as caught:
            await transport.send(SEND)
        await transport.close()

    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (str(copy), copy.retry) == (str(caught.value), Retry.SOON)
    assert not any(KEY in shown for shown in (repr(transport), repr(caught.value), str(caught.value)))


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), True, "20"])
@pytest.mark.parametrize("phase", ["total", "connect", "read"])
def test_a_timeout_that_would_mean_none_is_refused(phase: str, seconds: Any) -> None:
    with pytest.raises(SettingsError):
        Timeouts(**{phase: seconds})


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(SettingsError):
        HttpTransport("srv.msgflash.com", KEY)
