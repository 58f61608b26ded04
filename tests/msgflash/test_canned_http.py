"""The client against answers that a working MsgFlash would not give, by aioresponses in the place of the network."""

from __future__ import annotations

import json
import re
import types
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from aioresponses import CallbackResult, aioresponses

from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import (
    ApiRateLimitExceeded,
    BadRequest,
    InvalidRequest,
    KeyRefused,
    MonthlyApiRequestQuotaExceeded,
    MsgFlashError,
    NotFound,
    NotSent,
    OutcomeUnknown,
    ProviderTimeout,
    Refused,
    Retry,
    ServerFault,
)
from flashbot.msgflash.rate import Unlimited
from tests.msgflash.scripted import PERSONAL, TO, SkippingClock, data, error

ID = "3f2b8c1e-5a47-4d8e-9b61-0c7d2e4f6a89"
ANYWHERE = re.compile(r"https://srv\.msgflash\.com/api/v1/.*")
HTML = b"<html><h1>Bad gateway</h1></html>"


class CannedResponse(aiohttp.ClientResponse):
    """aioresponses 0.7.9 does not know the argument that aiohttp 3.14 asks for."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, stream_writer=types.SimpleNamespace(output_size=0), **more)


class Canned:
    """`canned.then(...)` says what the next request gets, whatever it is."""

    def __init__(self, network: aioresponses) -> None:
        self._answers: list[CallbackResult | Exception] = []
        self._network = network
        for method in (network.get, network.post, network.delete):
            method(ANYWHERE, callback=self._next, repeat=True)

    def then(self, status: int = 200, body: bytes = b"", **more: Any) -> None:
        self._answers.append(CallbackResult(status=status, body=body, response_class=CannedResponse, **more))

    def fails(self, fault: Exception, times: int = 1) -> None:
        self._answers += [fault] * times

    def _next(self, url: object, **request: object) -> CallbackResult:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def count(self) -> int:
        return sum(len(calls) for calls in self._network.requests.values())


@pytest.fixture
def canned() -> Iterator[Canned]:
    with aioresponses() as network:
        yield Canned(network)


@pytest.fixture
def clock() -> SkippingClock:
    return SkippingClock()


@pytest.fixture
async def client(clock: SkippingClock) -> AsyncIterator[Client]:
    async with Client(api_key=PERSONAL, rate=Unlimited(), clock=clock) as opened:
        yield opened


async def read(client: Client) -> object:
    return await client.instances.get(ID)


async def write(client: Client) -> object:
    return await client.messages.send(ID, TO, "hello")


def refused_connection() -> Exception:
    key = ConnectionKey("srv.msgflash.com", 443, True, True, None, None, None)
    return aiohttp.ClientConnectorError(key, OSError(111, "refused"))


BEFORE = {
    "refused": refused_connection(),
    "a connection too late": aiohttp.ConnectionTimeoutError(),
}
AFTER = {
    "reset": aiohttp.ClientOSError(104, "reset"),
    "closed": aiohttp.ServerDisconnectedError(),
    "cut": aiohttp.ClientPayloadError("cut"),
    "silence while reading": aiohttp.SocketTimeoutError(),
    "all of it too late": TimeoutError(),
}
UNREADABLE = {
    "empty": b"",
    "truncated": b'{"data": {"id": "3f2b',
    "a page": HTML,
    "not text": b"\xff\xfe",
    "no envelope": b'{"id": "3f2b"}',
    "a list": b"[]",
    "null": b"null",
    "an error": error("BAD_REQUEST"),
}


@pytest.mark.parametrize("fault", BEFORE.values(), ids=BEFORE.keys())
@pytest.mark.parametrize("call", [read, write])
async def test_what_was_certainly_not_sent_is_sent_again(canned, client, call, fault: Exception) -> None:
    canned.fails(fault, times=2)
    canned.then(body=data({"id": ID}))

    await call(client)

    assert canned.count == 3


@pytest.mark.parametrize("fault", BEFORE.values(), ids=BEFORE.keys())
@pytest.mark.parametrize("call", [read, write])
async def test_what_never_gets_through_is_not_sent(canned, client, call, fault: Exception) -> None:
    canned.fails(fault, times=9)

    with pytest.raises(NotSent) as caught:
        await call(client)

    assert canned.count == 4
    assert caught.value.__cause__ is fault


@pytest.mark.parametrize("fault", AFTER.values(), ids=AFTER.keys())
async def test_a_read_without_an_answer_is_asked_again(canned, client, fault: Exception) -> None:
    canned.fails(fault)
    canned.then(body=data({"id": ID}))

    assert (await read(client)).id == ID

    assert canned.count == 2


@pytest.mark.parametrize("fault", AFTER.values(), ids=AFTER.keys())
async def test_a_write_without_an_answer_is_never_repeated(canned, client, fault: Exception) -> None:
    canned.fails(fault)

    with pytest.raises(OutcomeUnknown) as caught:
        await write(client)

    assert (caught.value.retry, caught.value.status, canned.count) == (Retry.ASK, None, 1)


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_a_2xx_that_cannot_be_read_is_asked_again_or_left_unknown(canned, client, body: bytes) -> None:
    canned.then(body=body)
    canned.then(body=data({"id": ID}))
    canned.then(201, body)

    await read(client)
    with pytest.raises(OutcomeUnknown) as caught:
        await write(client)

    assert (caught.value.retry, caught.value.status, canned.count) == (Retry.ASK, 201, 3)


@pytest.mark.parametrize("content_type", ["text/plain", "text/html; charset=latin-1", "application/octet-stream", ""])
async def test_json_is_read_whatever_it_is_called(canned, client, content_type: str) -> None:
    canned.then(body=data({"id": ID, "name": "Côte"}), content_type=content_type)

    assert (await read(client)).name == "Côte"


@pytest.mark.parametrize("call", [read, write])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_neither_followed_nor_asked_again_and_proves_nothing(
    canned, client, status: int, call
) -> None:
    canned.then(status, headers={"Location": "https://elsewhere.example/"})

    with pytest.raises(OutcomeUnknown, match="address") as caught:
        await call(client)

    assert (caught.value.status, canned.count) == (status, 1)


async def test_a_delete_answered_without_a_body_is_done(canned, client) -> None:
    canned.then(204)

    await client.contacts.delete(ID)

    assert canned.count == 1


@pytest.mark.parametrize("call", [read, write])
async def test_no_content_where_something_must_come_is_unknown(canned, client, call) -> None:
    canned.then(204)

    with pytest.raises(OutcomeUnknown):
        await call(client)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, HTML, InvalidRequest),
        (401, HTML, KeyRefused),
        (404, b"", NotFound),
        (418, HTML, Refused),
        (400, b'{"error": "plain"}', InvalidRequest),
        (400, b'{"error": {"code": 400, "message": ["a"]}}', InvalidRequest),
        (429, error("MONTHLY_API_REQUEST_QUOTA_EXCEEDED"), MonthlyApiRequestQuotaExceeded),
        (400, error("BAD_REQUEST"), BadRequest),
    ],
)
@pytest.mark.parametrize("call", [read, write])
async def test_a_refusal_is_final_whatever_its_body(
    canned, client, call, status: int, body: bytes, kind: type[MsgFlashError]
) -> None:
    canned.then(status, body)

    with pytest.raises(kind) as caught:
        await call(client)

    assert (caught.value.status, canned.count) == (status, 1)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, HTML, ServerFault),
        (502, error("PROVIDER_TIMEOUT"), ProviderTimeout),
        (502, error("NOT_FOUND"), ServerFault),
        (503, b"", ServerFault),
        (529, HTML, ServerFault),
        (408, b"", OutcomeUnknown),
    ],
)
async def test_a_fault_of_the_server_ends_a_write_and_only_delays_a_read(
    canned, client, status: int, body: bytes, kind: type[MsgFlashError]
) -> None:
    canned.then(status, body)
    canned.then(body=data({"id": ID}))
    canned.then(status, body)

    await read(client)
    with pytest.raises(kind) as caught:
        await write(client)

    assert (caught.value.retry, canned.count) == (Retry.ASK, 3)


@pytest.mark.parametrize("call", [read, write])
@pytest.mark.parametrize(
    ("told", "low", "high"), [("3", 3, 4), ("Mon, 05 Jan 2026 09:00:05 GMT", 5, 6), (None, 1, 2), ("0", 0, 1)]
)
async def test_too_fast_is_waited_out_by_reads_and_writes(
    canned, client, clock, call, told: str | None, low: float, high: float
) -> None:
    canned.then(429, error("API_RATE_LIMIT_EXCEEDED"), headers={} if told is None else {"retry-after": told})
    canned.then(body=data({"id": ID}))

    await call(client)

    assert canned.count == 2
    assert low <= clock.slept[0] <= high


async def test_too_fast_for_long_is_raised(canned, client) -> None:
    canned.then(429, error("API_RATE_LIMIT_EXCEEDED"), headers={"Retry-After": "31"})

    with pytest.raises(ApiRateLimitExceeded) as caught:
        await write(client)

    assert (caught.value.retry_after, canned.count) == (31, 1)


async def test_a_server_that_names_its_wait_with_a_503_is_heard(canned, client, clock) -> None:
    canned.then(503, HTML, headers={"Retry-After": "4"})
    canned.then(body=data({"id": ID}))

    await read(client)

    assert 4 <= clock.slept[0] <= 5


async def test_the_short_way_says_what_the_long_way_says(canned, client) -> None:
    canned.then(201, b'{"data": {"id": "')

    with pytest.raises(OutcomeUnknown):
        await client.messages.send_raw(json.dumps({"to": TO}).encode())

    assert canned.count == 1
