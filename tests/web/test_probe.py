"""Looking at a webhook from outside, over real connections."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web as aio

from flashbot.engine.intake import TEST_LETTER
from flashbot.msgflash.signature import sign
from flashbot.web.probe import probe, why

HOOK = "/webhooks/msgflash"
SECRET = "the secret of a test"


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Any]]:
    """Start an app on a free port; gives its address."""
    runners: list[aio.AppRunner] = []

    async def start(*routes: aio.RouteDef) -> str:
        app = aio.Application()
        app.add_routes(routes)
        runner = aio.AppRunner(app)
        runners.append(runner)
        await runner.setup()
        await aio.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


async def test_a_bot_tells_signatures_apart_and_nothing_is_left_behind(house: Any) -> None:
    probed = await probe(house.url + HOOK, [SECRET, "another"])

    assert [reply.status for reply in probed.signed] == [200, 401]
    assert probed.forged.status == 401
    assert probed.alive
    assert probed.addresses == ("127.0.0.1",)
    assert await house.stored() == 0
    assert await house.runner.command("KEYS", "*") == []
    assert house.tally.counts == {}


async def test_the_test_letter_is_neither_read_nor_kept_while_the_store_is_away(house: Any, web: Any) -> None:
    house.runner.away = True

    headers = {"X-MsgFlash-Signature": sign(SECRET, TEST_LETTER)}
    async with web.post(HOOK, data=TEST_LETTER, headers=headers) as answer:
        assert answer.status == 200


async def test_a_letter_that_only_resembles_it_is_kept(house: Any, web: Any) -> None:
    body = TEST_LETTER + b" "

    async with web.post(HOOK, data=body, headers={"X-MsgFlash-Signature": sign(SECRET, body)}) as answer:
        assert answer.status == 200

    assert house.tally.counts["buried"] == 1


async def test_a_bot_that_is_not_ready_says_why_and_what_it_refused(house: Any, web: Any) -> None:
    house.wrong = {"store": "It is away."}
    async with web.post(HOOK, data=b"{}"):
        pass

    probed = await probe(house.url + HOOK, [SECRET])

    assert probed.wrong == {"store": "It is away."}
    assert probed.counts == {"forged": 1}


async def test_nobody_there_is_told_once_for_every_secret() -> None:
    probed = await probe("http://127.0.0.1:1" + HOOK, [SECRET, "another"])

    assert {reply.why for reply in (*probed.signed, probed.forged)} == {"refused"}
    assert not probed.answered


async def test_a_name_that_is_not_found_is_told_apart() -> None:
    assert (await probe(f"https://nobody.invalid{HOOK}", [])).forged.why == "name"


async def test_https_where_none_is_spoken_is_told_apart(house: Any) -> None:
    assert (await probe(f"https://127.0.0.1:{house.port}{HOOK}", [])).forged.why == "tls"


async def test_what_is_no_address_is_told_apart() -> None:
    assert (await probe("https://", [])).forged.why == "address"


async def test_a_connection_that_breaks_is_told_apart() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        probed = await probe(f"http://127.0.0.1:{port}{HOOK}", [])

    assert probed.forged.why == "broken"


def test_certificates_ways_and_patience_are_told_apart() -> None:
    key: Any = SimpleNamespace(host="bot.example.com", port=443, ssl=True, is_ssl=True)

    faults = [
        aiohttp.ClientConnectorCertificateError(key, ssl.SSLCertVerificationError("expired")),
        aiohttp.ClientConnectorSSLError(key, ssl.SSLError("odd")),
        aiohttp.ClientConnectorError(key, OSError(errno.ENETUNREACH, "no way")),
        aiohttp.ServerTimeoutError(),
        None,
    ]

    assert [why(fault) for fault in faults] == ["certificate", "tls", "unreachable", "slow", "broken"]


async def test_a_redirect_is_not_followed(serve: Any) -> None:
    async def away(request: aio.Request) -> aio.Response:
        raise aio.HTTPMovedPermanently("/elsewhere")

    probed = await probe(await serve(aio.post(HOOK, away)) + HOOK, [SECRET])

    assert probed.forged.status == 301
    assert not probed.alive


async def test_pages_below_a_proxys_own_path_are_found(serve: Any) -> None:
    async def alive(request: aio.Request) -> aio.Response:
        return aio.Response(text="alive\n")

    url = await serve(aio.get("/shop/healthz", alive))

    assert (await probe(f"{url}/shop{HOOK}?token=1", [])).alive


async def test_odd_pages_beside_the_webhook_do_no_harm(serve: Any) -> None:
    async def alive(request: aio.Request) -> aio.Response:
        return aio.Response(text="alive")

    async def odd(request: aio.Request) -> aio.Response:
        return aio.Response(text="[1]")

    url = await serve(aio.get("/healthz", alive), aio.get("/readyz", odd), aio.get("/metrics", odd))

    probed = await probe(url + HOOK, [])

    assert (probed.wrong, probed.counts) == ({}, {})
