"""What each request gets, good or bad, over a real connection."""

from __future__ import annotations

import asyncio
import json
import socket
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from flashbot.errors import SettingsError
from flashbot.msgflash.signature import sign

HOOK = "/webhooks/msgflash"
LIMIT = 4096
SECRET = "the secret of a test"


async def raw(house: Any, request: bytes, *, close: bool = False) -> tuple[int, bytes]:
    """Write bytes as they are; the status and all that came back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(request)
    await writer.drain()
    if close:
        writer.write_eof()
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.close()
    return int(head.split(b" ", 2)[1]), head


async def test_a_signed_message_is_accepted_and_stored(house: Any, web: Any, letter: Any) -> None:
    async with web.post(HOOK, **letter()) as answer:
        assert answer.status == 200

    assert await house.stored() == 1


async def test_a_message_delivered_twice_is_accepted_twice_and_stored_once(house: Any, web: Any, letter: Any) -> None:
    statuses = []
    for _ in range(2):
        async with web.post(HOOK, **letter()) as answer:
            statuses.append(answer.status)

    assert statuses == [200, 200]
    assert (house.tally.counts["received"], house.tally.counts["repeated"]) == (1, 1)


async def test_a_forged_message_is_refused_with_what_to_check(house: Any, web: Any, letter: Any) -> None:
    async with web.post(HOOK, **letter(secret="another")) as answer:
        said = await answer.text()

    assert answer.status == 401
    assert "FLASHBOT_WEBHOOK_SECRET" in said
    assert await house.stored() == 0


async def test_a_message_without_a_signature_is_refused(house: Any, web: Any, letter: Any) -> None:
    async with web.post(HOOK, data=letter()["data"]) as answer:
        assert answer.status == 401

    assert await house.stored() == 0


async def test_the_signature_covers_the_bytes_as_they_came(house: Any, web: Any) -> None:
    body = b'{ "event":"message.received",\n "messageId":"m1", "from":"+2250700000001", "body":"\xc3\xa9\\u00e9 " }'

    async with web.post(HOOK, data=body, headers={"x-msgflash-signature": sign(SECRET, body)}) as answer:
        assert answer.status == 200

    assert await house.stored() == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
async def test_the_webhook_takes_posts_only(web: Any, method: str) -> None:
    async with web.request(method, HOOK) as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("page", ["/healthz", "/readyz", "/metrics"])
async def test_pages_are_not_posted_to(web: Any, page: str) -> None:
    async with web.post(page, data=b"x") as answer:
        assert answer.status == 405


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/webhooks"), ("POST", "/elsewhere")])
async def test_anything_else_is_not_there(web: Any, method: str, path: str) -> None:
    async with web.request(method, path) as answer:
        assert answer.status == 404


async def test_who_looks_at_the_wrong_place_is_told_the_right_one(web: Any) -> None:
    async with web.get("/") as answer:
        assert HOOK in await answer.text()


async def test_a_query_does_not_hide_the_webhook(web: Any, letter: Any) -> None:
    async with web.post(HOOK + "?from=msgflash", **letter()) as answer:
        assert answer.status == 200


# -- size


def of_size(size: int) -> bytes:
    frame = {"event": "message.received", "messageId": "m1", "from": "+2250700000001", "body": ""}
    return json.dumps({**frame, "body": "x" * (size - len(json.dumps(frame)))}).encode()


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413), (LIMIT * 10, 413)])
async def test_a_body_may_be_as_large_as_the_limit_and_no_larger(
    house: Any, web: Any, size: int, status: int, chunked: bool
) -> None:
    body = of_size(size)
    assert len(body) == size

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000]

    data = pieces() if chunked else body
    async with web.post(HOOK, data=data, headers={"X-MsgFlash-Signature": sign(SECRET, body)}) as answer:
        said = await answer.text()

    assert answer.status == status
    assert await house.stored() == (status == 200)
    assert status == 200 or str(LIMIT) in said


async def test_a_body_announced_too_large_is_refused_before_it_comes(house: Any) -> None:
    status, _ = await raw(house, b"POST /webhooks/msgflash HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n")

    assert status == 413
    assert house.tally.counts["too_large"] == 1


async def test_an_endless_chunked_body_is_refused_at_the_limit(house: Any) -> None:
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    head = b"POST /webhooks/msgflash HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

    status, _ = await raw(house, head + chunk * 10)

    assert status == 413
    assert house.tally.counts["too_large"] == 1


async def test_a_body_that_unpacks_beyond_the_limit_is_refused(house: Any, web: Any) -> None:
    body = zlib.compress(b"x" * 3_000_000)
    headers = {"Content-Encoding": "deflate", "X-MsgFlash-Signature": sign(SECRET, body)}
    assert len(body) < LIMIT

    async with web.post(HOOK, data=body, headers=headers) as answer:
        assert answer.status == 413

    assert await house.stored() == 0


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /webhooks/msgflash HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"POST /webhooks/msgflash HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused(house: Any, request_: bytes) -> None:
    status, _ = await raw(house, request_)

    assert status == 400


async def test_an_empty_body_is_no_reason_to_fall_over(house: Any, web: Any) -> None:
    async with web.post(HOOK, data=b"", headers={"X-MsgFlash-Signature": sign(SECRET, b"")}) as answer:
        assert answer.status == 200

    assert house.tally.counts["buried"] == 1


async def test_a_sender_that_hangs_up_in_the_middle_stores_nothing(house: Any, web: Any, letter: Any) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(b"POST /webhooks/msgflash HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.close()
    await writer.wait_closed()

    async with web.post(HOOK, **letter()) as answer:
        assert answer.status == 200
    assert await house.stored() == 1


# -- away and closing


async def test_while_the_store_is_away_the_sender_is_told_to_come_again(house: Any, web: Any, letter: Any) -> None:
    house.runner.away = True
    async with web.post(HOOK, **letter()) as answer:
        first = answer.status, answer.headers.get("Retry-After")

    house.runner.away = False
    async with web.post(HOOK, **letter()) as answer:
        second = answer.status

    assert first == (503, "1")
    assert second == 200
    assert await house.stored() == 1


async def test_while_it_closes_nothing_is_accepted(house: Any, web: Any, letter: Any) -> None:
    house.site.closing = True

    async with web.post(HOOK, **letter()) as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "1"
    async with web.get("/readyz") as answer:
        assert answer.status == 503
    async with web.get("/healthz") as answer:
        assert answer.status == 200

    assert await house.stored() == 0


async def test_once_stopped_the_port_is_free_again(house: Any) -> None:
    await house.site.stop()

    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", house.port))


async def test_stopping_does_not_wait_for_idle_connections(house: Any, web: Any) -> None:
    async with web.get("/healthz"):
        pass

    async with asyncio.timeout(2):
        await house.site.stop()


# -- starting


async def test_a_busy_port_is_told_in_one_sentence(house: Any) -> None:
    second = type(house)()
    second.site._port = house.port

    with pytest.raises(SettingsError) as caught:
        await second.site.start()

    said = str(caught.value)
    assert str(house.port) in said
    assert "FLASHBOT_PORT" in said
    assert said.count(". ") == 0


async def test_a_host_that_is_not_ours_is_told_in_one_sentence(house: Any) -> None:
    second = type(house)()
    second.site._host = "192.0.2.1"

    with pytest.raises(SettingsError, match="FLASHBOT_HOST"):
        await second.site.start()


async def test_a_host_that_has_no_address_is_told_in_one_sentence(house: Any) -> None:
    second = type(house)()
    second.site._host = "nowhere.invalid"

    with pytest.raises(SettingsError, match="FLASHBOT_HOST"):
        await second.site.start()


# -- pages


async def test_a_living_process_says_so(web: Any) -> None:
    async with web.get("/healthz") as answer:
        assert answer.status == 200


async def test_a_living_process_says_so_also_without_its_store(house: Any, web: Any) -> None:
    house.runner.away = True
    house.wrong["store"] = "away"

    async with web.get("/healthz") as answer:
        assert answer.status == 200


async def test_readiness_names_what_is_wrong(house: Any, web: Any) -> None:
    async with web.get("/readyz") as answer:
        good = answer.status, await answer.json()

    house.wrong["key"] = "it was revoked"
    async with web.get("/readyz") as answer:
        bad = answer.status, await answer.json()

    assert good == (200, {"ready": True})
    assert bad == (503, {"ready": False, "wrong": {"key": "it was revoked"}})
