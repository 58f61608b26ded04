"""Bodies and signatures made to hurt, over a real connection: an answer in time, and never a fault of ours."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashbot.msgflash.signature import sign

HOOK = "/webhooks/msgflash"
SECRET = "the secret of a test"
ROOMY = 1_100_000


def message(**fields: object) -> bytes:
    return json.dumps(
        {"event": "message.received", "messageId": "m1", "from": "+2250700000001", "body": "hi", **fields}
    ).encode()


UNREADABLE: dict[str, bytes] = {
    "no JSON": b"{not json",
    "cut off": message()[:-1],
    "nothing": b"",
    "a megabyte of spaces": b" " * 1_000_000,
    "no UTF-8": b'{"event":"message.received","from":"+2250700000001","body":"\xff\xfe"}',
    "NUL": b"\x00" * 1000,
    "NUL inside": message()[:-2] + b"\x00" + b'"}',
    "100,000 open brackets": b"[" * 100_000,
    "100,000 brackets": b"[" * 100_000 + b"]" * 100_000,
    "100,000 braces": b'{"event":' * 100_000 + b"1" + b"}" * 100_000,
    "deep inside data": b'{"event":"message.received","data":' + b'{"data":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
    "a wrong type": message(**{"from": ["+2250700000001"]}),
    "an event that is a list": message(event=["message.received"]),
    "an unknown event": message(event="message.exploded"),
    "no contact": b'{"event":"message.received","messageId":"m1","body":"hi"}',
    "a huge event name": message(event="x" * 900_000),
}
READABLE: dict[str, bytes] = {
    "a huge number": message(timestamp=0)[:-1] + b',"extra":' + b"9" * 100_000 + b"}",
    "an endless exponent": message()[:-1] + b',"latitude":1e999999999,"extra":-1e-999999999}',
    "NUL in the text": message(body="a\x00b"),
    "a key twice": message()[:-1] + b',"messageId":"m2","from":"+2250700000002"}',
    "spaces around it": b" " * 500_000 + message() + b"\n" * 500_000,
    "a megabyte of text": message(body="é" * 160_000),
    "60,000 keys": message(**{f"k{n}": 1 for n in range(60_000)}),
}


async def ask(house: Any, web: Any, body: bytes, *, signature: str | None) -> tuple[int, float]:
    headers = {"X-MsgFlash-Signature": signature} if signature is not None else {}
    began = time.monotonic()
    async with web.post(house.url + HOOK, data=body, headers=headers) as answer:
        await answer.read()
    return answer.status, time.monotonic() - began


async def letters(house: Any) -> int:
    found: int = await house.runner.command("XLEN", "{fb:0}:dead")
    return found


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
async def test_signed_garbage_is_acknowledged_kept_once_and_told_without_a_traceback(
    build: Any, web: Any, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    house = await build(max_body_bytes=ROOMY)

    answers = [await ask(house, web, body, signature=sign(SECRET, body)) for _ in range(3)]

    assert [status for status, _ in answers] == [200] * 3
    assert max(took for _, took in answers) < 3
    assert await letters(house) == 1
    assert await house.stored() == 0
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("body", READABLE.values(), ids=READABLE)
async def test_odd_bodies_that_can_be_read_are_stored_once_or_kept(
    build: Any, web: Any, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    house = await build(max_body_bytes=ROOMY)

    answers = [await ask(house, web, body, signature=sign(SECRET, body)) for _ in range(3)]

    assert [status for status, _ in answers] == [200] * 3
    assert max(took for _, took in answers) < 3
    assert await house.stored() + await letters(house) == 1
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("body", [*UNREADABLE.values(), *READABLE.values()], ids=[*UNREADABLE, *READABLE])
async def test_unsigned_bodies_are_refused_unread_and_leave_nothing(build: Any, web: Any, body: bytes) -> None:
    house = await build(max_body_bytes=ROOMY)

    status, took = await ask(house, web, body, signature=sign("a guess", body))

    assert status == 401
    assert took < 1
    assert await house.runner.command("KEYS", "*") == []


# -- signatures


async def test_the_first_of_two_signatures_counts(house: Any, web: Any, letter: Any) -> None:
    good = letter()["headers"]["X-MsgFlash-Signature"]
    bad = sign("a guess", letter()["data"])

    statuses = []
    for pair in ((bad, good), (good, bad)):
        headers = [("X-MsgFlash-Signature", one) for one in pair]
        async with web.post(HOOK, data=letter()["data"], headers=headers) as answer:
            statuses.append(answer.status)

    assert statuses == [401, 200]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda good: "",
        lambda good: good[:-1],
        lambda good: good + "0",
        lambda good: good.upper(),
        lambda good: "sha256=" + good[7:].upper(),
        lambda good: "sha1=" + good[7:],
        lambda good: good.replace("=", "= "),
        lambda good: good + ", " + good,
        lambda good: "sha256=" + "é" * 64,
        lambda good: "sha256=" + "\udc80" * 64,
        lambda good: "a" * 8000,
    ],
    ids=["empty", "cut", "longer", "shouted", "upper", "sha1", "space", "list", "accents", "bytes", "huge"],
)
async def test_a_signature_that_is_not_exactly_ours_is_refused(house: Any, letter: Any, spoil: Any) -> None:
    body = letter()["data"]
    given = spoil(sign(SECRET, body)).encode("utf-8", "surrogateescape")
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)

    writer.write(b"POST /webhooks/msgflash HTTP/1.1\r\nHost: x\r\nX-MsgFlash-Signature: %s\r\n" % given)
    writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)

    writer.close()
    assert head.split(b" ")[1] == b"401"
    assert await house.stored() == 0


# -- anything at all


class Bench:
    """A house on a loop of its own, so that each example of a fuzz is one question."""

    def __init__(self, runner: asyncio.Runner, house: Any) -> None:
        self.runner = runner
        self.house = house

    def ask(self, request: bytes, *, hang_up: bool) -> bytes:
        """All that came back until the site closed. Who hangs up at once may get no answer."""
        return self.runner.run(self._ask(request, hang_up))

    async def _ask(self, request: bytes, hang_up: bool) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.house.port)
        try:
            writer.write(request)
            if hang_up:
                writer.write_eof()
            async with asyncio.timeout(5):
                return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    house_of = request.getfixturevalue("house_class")
    with asyncio.Runner() as runner:
        house = house_of(limits={"max_body_bytes": 2000, "body_within": 1.0})
        house.port = runner.run(house.site.start())
        yield Bench(runner, house)
        runner.run(house.site.stop())


NAMES = st.sampled_from(["message.received", "message.delivered", "message.read", "instance.connected", "odd", ""])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))
FIELDS = st.dictionaries(
    st.sampled_from(
        [
            "messageId",
            "from",
            "body",
            "text",
            "to",
            "status",
            "timestamp",
            "data",
            "instanceId",
            "type",
            "fromMe",
            "groupId",
            "key",
            "id",
        ]
    ),
    JSON | st.just("+2250700000001") | st.just("2026-05-01T10:00:00Z"),
)
BODIES = st.binary(max_size=3000) | st.builds(
    lambda name, fields: json.dumps({"event": name, **fields}).encode(), NAMES, FIELDS
)
PATIENT = settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))


@PATIENT
@given(
    body=BODIES,
    signer=st.sampled_from([SECRET, "a guess", None]),
    event=st.none()
    | st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=20),
    framing=st.sampled_from(["length", "chunked", "too short", "too long"]),
    method=st.sampled_from(["POST"] * 8 + ["GET", "PUT", "DELETE"]),
)
def test_whatever_is_posted_gets_one_of_the_known_answers(
    bench: Bench,
    caplog: pytest.LogCaptureFixture,
    body: bytes,
    signer: str | None,
    event: str | None,
    framing: str,
    method: str,
) -> None:
    head = f"{method} {HOOK} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    head += f"X-MsgFlash-Signature: {sign(signer, body)}\r\n" if signer is not None else ""
    head += f"X-MsgFlash-Event: {event}\r\n" if event is not None else ""
    length = {"too short": max(0, len(body) - 1), "too long": len(body) + 1}.get(framing, len(body))
    head += "Transfer-Encoding: chunked\r\n\r\n" if framing == "chunked" else f"Content-Length: {length}\r\n\r\n"
    sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if framing == "chunked" and body else body

    heard = bench.ask(head.encode("latin-1") + sent, hang_up=framing in ("too long", "chunked"))

    status = int(heard.split(b" ")[1]) if heard else None
    if framing == "length":
        right = 405 if method != "POST" else 413 if len(body) > 2000 else 200 if signer == SECRET else 401
        assert status == right
    else:
        assert status in {None, 200, 400, 401, 405, 408, 413}
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]


@PATIENT
@given(
    request_=st.binary(max_size=300)
    | st.builds(
        lambda line, fields: line + b" HTTP/1.1\r\n" + b"\r\n".join(fields) + b"\r\n\r\n",
        st.sampled_from([b"GET /", b"POST ", b"GET //", b"GET http://[", b"OPTIONS *", b"CONNECT a:1", b"GET /%ff%00?"])
        | st.binary(max_size=30),
        st.lists(
            st.sampled_from(
                [
                    b"Host: x", b"Upgrade: websocket", b"Connection: upgrade", b"Expect: 100-continue",
                    b"Content-Length: 5", b"Content-Length: 6", b"Transfer-Encoding: chunked", b"Cookie: \xff=\xfe",
                    b"Content-Type: ;;;", b"Content-Encoding: gzip",
                ]
            )
            | st.binary(max_size=20),
            max_size=5,
        ),
    )
)  # fmt: skip
def test_whatever_bytes_come_there_is_no_fault_of_ours(
    bench: Bench, caplog: pytest.LogCaptureFixture, request_: bytes
) -> None:
    heard = bench.ask(request_, hang_up=True)

    assert not heard or int(heard.split(b" ")[1]) in {200, 400, 404, 405, 408, 413}
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]
