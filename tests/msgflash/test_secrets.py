"""The key and the contacts' numbers stay out of whatever may be printed. Keys are globals here: a traceback that
shows variables must find them in none.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
import traceback
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from flashbot.errors import SettingsError
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import MsgFlashError, NotSent, OutcomeUnknown, TeamKeyRequired, Unauthorized
from flashbot.msgflash.rate import Unlimited
from flashbot.msgflash.transport import HttpTransport, Request, Response, Timeouts
from tests.msgflash.scripted import SkippingClock

TAIL = "5ec7e7" * 10 + "5ec7"
PERSONAL, TEAM = "msgf_live_" + TAIL, "msgf_team_" + TAIL
TO = "+2250700000001"


def opened(url: str) -> Client:
    limits = Timeouts(total=0.4, connect=0.2)
    return Client(url, api_key=PERSONAL, rate=Unlimited(), clock=SkippingClock(), timeout=limits)


def shown(fault: BaseException) -> str:
    return "".join(traceback.TracebackException.from_exception(fault, capture_locals=True).format())


async def failure_of(url: str, use: Callable[[Client], Awaitable[object]]) -> MsgFlashError:
    async with opened(url) as client:
        with pytest.raises(MsgFlashError) as caught:
            await use(client)
    return caught.value


async def send(client: Client) -> None:
    await client.messages.send("inst-1", TO, "hello")


async def search(client: Client) -> None:
    await client.contacts.page(search=TO)


async def refused(loopback) -> MsgFlashError:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return await failure_of(f"http://127.0.0.1:{holder.getsockname()[1]}", send)


async def unresolved(loopback) -> MsgFlashError:
    return await failure_of("http://no-such-host.invalid", send)


async def reset(loopback) -> MsgFlashError:
    def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = writer.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    fault = await failure_of(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", send)
    server.close()
    return fault


async def silent(loopback) -> MsgFlashError:
    release = asyncio.Event()

    async def wait(request: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    loopback.answer = wait
    fault = await failure_of(loopback.url, send)
    release.set()
    return fault


async def garbage(loopback) -> MsgFlashError:
    loopback.answer = lambda request: web.Response(status=201, body=b"\xff not json")
    return await failure_of(loopback.url, send)


async def unauthorized(loopback) -> MsgFlashError:
    said = json.dumps({"error": {"code": "UNAUTHORIZED", "message": f"{PERSONAL} of {TO} is no key"}})
    loopback.answer = lambda request: web.Response(status=401, text=said)
    return await failure_of(loopback.url, search)


async def misfit(loopback) -> MsgFlashError:
    loopback.answer = lambda request: web.json_response({"data": {"phone": TO}})
    return await failure_of(loopback.url, send)


WAYS = [refused, unresolved, reset, silent, garbage, unauthorized, misfit]


@pytest.mark.parametrize("fail", WAYS)
async def test_a_traceback_with_its_variables_shows_no_key(
    loopback, fail: Callable[[object], Awaitable[MsgFlashError]]
) -> None:
    fault = await fail(loopback)

    text = shown(fault)

    assert "request = Request(method=" in text or fail in (garbage, unauthorized, misfit)
    assert TAIL not in text


@pytest.mark.parametrize("fail", WAYS)
async def test_an_error_names_neither_the_key_nor_a_number(
    loopback, fail: Callable[[object], Awaitable[MsgFlashError]]
) -> None:
    fault = await fail(loopback)

    text = "".join(traceback.format_exception(fault)) + repr(fault)

    assert TAIL not in text
    assert TO.lstrip("+") not in text


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: Client(api_key=PERSONAL, team_id="team-1"), TeamKeyRequired),
        (lambda: Client(api_key=TEAM), Unauthorized),
        (lambda: Client(api_key=TEAM, team_id=""), Unauthorized),
        (lambda: Client(api_key=PERSONAL + " "), Unauthorized),
        (lambda: Client("srv.msgflash.com", api_key=PERSONAL), SettingsError),
        (lambda: HttpTransport("srv.msgflash.com", PERSONAL), SettingsError),
    ],
    ids=["personal with a team", "team without one", "team with an empty one", "a space", "address", "transport"],
)
def test_a_client_that_cannot_be_built_shows_no_key(make: Callable[[], object], kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        make()

    assert TAIL not in shown(caught.value)


async def test_the_logs_hold_neither_the_key_nor_a_number_even_at_debug(loopback, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    logging.getLogger("test").debug("listening")

    for fail in WAYS:
        await fail(loopback)

    ours = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]  # the test's server's
    assert "listening" in ours
    assert not any(TAIL in line or TO.lstrip("+") in line for line in ours)


async def test_nothing_shows_its_secrets_in_a_repr(loopback) -> None:
    async with opened(loopback.url) as client:
        parts = [client, vars(client), client._own, vars(client._own), client._calls, vars(client._calls)]

        assert not any(TAIL in repr(part) for part in parts)
    request = Request("POST", "/messages/send", {"search": TO}, body=TO.encode())
    assert TO.lstrip("+") not in repr(request) + repr(Response(200, {}, TO.encode()))


async def test_the_key_still_reaches_the_server(loopback) -> None:
    async with opened(loopback.url) as client:
        with pytest.raises(OutcomeUnknown):
            await send(client)

    assert loopback.seen[0].headers["x-api-key"] == PERSONAL


async def test_a_closed_client_shows_no_key(loopback) -> None:
    client = opened(loopback.url)
    await client.close()

    with pytest.raises(NotSent) as caught:
        await client.messages.send_raw(b"{}")

    assert TAIL not in shown(caught.value)
