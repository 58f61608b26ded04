"""Connections that are meant to hurt: held open, trickled, too large, too many. Real webhooks still get in.

`FLASHBOT_HELD_CONNECTIONS` sets how many are held at once (2,000 by default, twice the cap; 10,000 in `make chaos`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import subprocess
import sys
import time
from typing import Any

import pytest

from flashbot.msgflash.signature import sign

HEAD = b"POST /webhooks/msgflash HTTP/1.1\r\nHost: x\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
SECRET = "the secret of a test"
HELD = int(os.environ.get("FLASHBOT_HELD_CONNECTIONS", "2000"))


async def connect(house: Any, said: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(said)
    await writer.drain()
    return reader, writer


async def closed(reader: asyncio.StreamReader, within: float = 3.0) -> bytes:
    """What came until the other side closed."""
    heard = b""
    async with asyncio.timeout(within):
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65536):
                heard += piece
    return heard


async def answered(reader: asyncio.StreamReader) -> int:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    return int(head.split(b" ", 2)[1])


def webhook(message_id: str) -> bytes:
    body = b'{"event":"message.received","messageId":"%s","from":"+2250700000001","body":"hi"}' % message_id.encode()
    head = HEAD + b"X-MsgFlash-Signature: %s\r\nContent-Length: %d\r\n\r\n" % (sign(SECRET, body).encode(), len(body))
    return head + body


# -- those who say nothing, or say it slowly


async def test_a_connection_that_never_says_anything_is_closed(build: Any) -> None:
    house = await build(head_within=0.05)
    reader, writer = await connect(house)

    heard = await closed(reader)

    writer.close()
    assert heard == b""
    assert house.tally.counts["connections_silent"] == 1


async def test_a_head_that_trickles_is_cut_off(build: Any) -> None:
    house = await build(head_within=0.1)
    reader, writer = await connect(house, HEAD)

    async def trickle() -> None:
        for number in range(10_000):
            writer.write(b"X-%d: y\r\n" % number)
            await asyncio.sleep(0.01)

    trickling = asyncio.create_task(trickle())
    began = time.monotonic()
    await closed(reader)

    trickling.cancel()
    writer.close()
    assert 0.09 < time.monotonic() - began < 2


async def test_a_silent_one_is_closed_at_its_own_time_and_not_at_the_first_ones(build: Any) -> None:
    house = await build(head_within=0.3)
    first, one = await connect(house)
    await asyncio.sleep(0.2)
    second, two = await connect(house)

    await closed(first)
    began = time.monotonic()
    await closed(second)

    assert time.monotonic() - began > 0.1
    one.close()
    two.close()


async def test_who_was_answered_once_may_stay_silent_for_longer(build: Any) -> None:
    house = await build(head_within=0.05)
    reader, writer = await connect(house, HEALTH)
    first = await answered(reader)
    await reader.readexactly(len(b"alive\n"))
    await asyncio.sleep(0.15)

    writer.write(HEALTH)
    second = await answered(reader)

    writer.close()
    assert (first, second) == (200, 200)


async def test_a_body_that_trickles_is_refused_in_time(build: Any) -> None:
    house = await build(body_within=0.1)
    reader, writer = await connect(house, HEAD + b"Content-Length: 4000\r\n\r\n")

    async def trickle() -> None:
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.01)

    trickling = asyncio.create_task(trickle())
    status = await answered(reader)

    trickling.cancel()
    writer.close()
    assert status == 408


# -- those who come in crowds


def crowd_of(count: int) -> int:
    """So many connections as this machine lets one process hold at both ends."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(count, hard - 3000) if hard != resource.RLIM_INFINITY else count


async def crowd(house: Any, count: int, said: bytes) -> list[socket.socket]:
    """Connections that stay open at this end."""
    loop = asyncio.get_running_loop()
    sockets = []

    async def come() -> None:
        one = socket.socket()
        one.setblocking(False)
        sockets.append(one)
        with contextlib.suppress(OSError):
            await loop.sock_connect(one, ("127.0.0.1", house.port))
            await loop.sock_sendall(one, said)

    for start in range(0, count, 500):
        await asyncio.gather(*(come() for _ in range(min(500, count - start))))
    return sockets


@pytest.mark.parametrize(
    "said", [b"", HEAD, HEAD + b"Content-Length: 4000\r\n\r\nhalf"], ids=["silent", "half a head", "half a body"]
)
async def test_thousands_of_held_connections_keep_no_webhook_out(
    build: Any, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    house = await build(head_within=60, body_within=60)
    number = crowd_of(HELD)
    sockets = await crowd(house, number, said)
    try:
        began = time.monotonic()
        statuses = []
        for message in range(5):
            reader, writer = await connect(house, webhook(f"m{message}"))
            statuses.append(await answered(reader))
            writer.close()
        took = time.monotonic() - began
    finally:
        for one in sockets:
            one.close()

    assert statuses == [200] * 5
    assert took < 5
    assert len(house.site._guard._waiting) <= 1000
    assert house.tally.counts["connections_replaced"] >= number - 1000
    assert caplog.text.count("FLASHBOT_MOST_CONNECTIONS") == 1
    assert "Traceback" not in caplog.text


async def test_whoever_waits_longest_makes_room(build: Any) -> None:
    house = await build(most_connections=2)
    old, one = await connect(house, HEALTH)
    await answered(old)
    young, two = await connect(house, HEALTH)
    await answered(young)
    one.write(HEALTH)  # the old one speaks again, and the young one is now the one that waits longest
    await answered(old)

    newest, three = await connect(house, HEALTH)
    status = await answered(newest)

    assert status == 200
    assert b"alive" in await closed(young)
    one.write(HEALTH)
    assert await answered(old) == 200
    for writer in (one, two, three):
        writer.close()


async def test_a_request_under_way_is_never_broken_off_for_a_new_connection(build: Any) -> None:
    house = await build(most_connections=1)
    gate = asyncio.Event()
    run = house.runner.run

    async def slowly(*given: Any, **more: Any) -> Any:
        await gate.wait()
        return await run(*given, **more)

    house.runner.run = slowly
    busy, one = await connect(house, webhook("m1"))
    while not house.site._guard._busy:
        await asyncio.sleep(0.01)

    late, two = await connect(house, webhook("m2"))
    refused = await closed(late)
    gate.set()
    status = await answered(busy)

    one.close()
    two.close()
    assert refused == b"" or refused.startswith(b"HTTP/1.1 503 ")  # a reset may overtake the answer
    assert status == 200
    assert house.tally.counts["connections_refused"] == 1
    assert await house.stored() == 1


async def test_a_place_is_free_again_when_its_holder_leaves(build: Any) -> None:
    house = await build(most_connections=1)
    for _ in range(5):
        reader, writer = await connect(house, HEALTH)
        assert await answered(reader) == 200
        writer.close()
        await writer.wait_closed()
        while house.site._guard._waiting:
            await asyncio.sleep(0.01)

    assert house.tally.counts["connections_replaced"] == 0


async def test_thousands_of_requests_in_one_breath_are_answered_in_turn_and_keep_nobody_waiting(house: Any) -> None:
    count = 3000
    reader, writer = await connect(house)

    async def hurl() -> None:
        writer.write(HEALTH * count)
        await writer.drain()

    hurling = asyncio.create_task(hurl())
    first = await answered(reader)
    began = time.monotonic()
    other, two = await connect(house, webhook("m1"))
    status = await answered(other)
    took = time.monotonic() - began
    queued = max(len(one._messages) for one in house.site._runner.server.connections)
    heard = 1
    while heard < count:
        assert await answered(reader) == 200
        heard += 1

    await hurling
    writer.close()
    two.close()
    assert (first, status) == (200, 200)
    assert took < 1
    assert queued <= 32


# -- those who send too much


@pytest.mark.parametrize("chunked", [False, True])
async def test_fifty_megabytes_are_refused_and_not_read(house: Any, chunked: bool) -> None:
    size = 50_000_000
    announced = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
    reader, writer = await connect(house, HEAD + announced + b"\r\n\r\n")
    taken = 0

    async def pour() -> None:
        nonlocal taken
        piece = (b"10000\r\n" + b"x" * 65536 + b"\r\n") if chunked else b"x" * 65536
        with contextlib.suppress(ConnectionError):
            while taken < size:
                writer.write(piece)
                await writer.drain()
                taken += 65536

    pouring = asyncio.create_task(pour())
    status = await answered(reader)
    await closed(reader)
    await pouring

    writer.close()
    assert status == 413
    assert taken < 20_000_000  # what the kernel's own buffers take on both sides


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-%d: y\r\n" * 5000 + b"\r\n",
    ],
    ids=["line", "field", "number"],
)
async def test_a_huge_head_is_refused(house: Any, head: bytes, caplog: pytest.LogCaptureFixture) -> None:
    reader, writer = await connect(house, head)

    status = await answered(reader)

    writer.close()
    assert status == 400
    assert caplog.text == ""


# -- those who break off or talk nonsense


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"nonsense\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzzz\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        HEAD + b"Content-Encoding: deflate\r\nContent-Length: 4\r\n\r\nabcd",
        HEAD + b"Content-Length: 100\r\n\r\nhalf",
    ],
    ids=["TLS", "nonsense", "no chunk", "half a chunk", "badly packed", "half a body"],
)
async def test_nonsense_and_hanging_up_leave_no_traceback(
    house: Any, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await connect(house, said)
    writer.write_eof()

    heard = await closed(reader)

    writer.close()
    assert not heard or heard.split(b" ")[:2] in ([b"HTTP/1.0", b"400"], [b"HTTP/1.1", b"400"])
    assert caplog.text == ""
    assert await house.stored() == 0


# -- open files


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
from flashbot.web.files import affordable
print(affordable(1000), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "room", "raised"),
    [(256, 4096, 1000, 1712), (4096, 4096, 1000, 4096), (256, 1500, 788, 1500), (64, 256, 64, 256)],
)
def test_the_limit_of_open_files_is_raised_as_needed_and_the_cap_stays_below_it(
    soft: int, hard: int, room: int, raised: int
) -> None:
    found = subprocess.run(
        [sys.executable, "-c", LIMITED, str(soft), str(hard)], capture_output=True, text=True, check=True
    )

    assert found.stdout.split() == [str(room), str(raised)]
    assert found.stderr.count("FLASHBOT_MOST_CONNECTIONS") == (room < 1000)


async def test_without_a_free_file_nobody_gets_in_and_later_everybody_does(
    house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    sockets = [socket.socket() for _ in range(3)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = socket.socket()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free.fileno(), hard))
    lowest_free.close()
    try:
        for one in sockets:
            one.setblocking(False)
            await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", house.port))
            await asyncio.get_running_loop().sock_sendall(one, HEALTH)
        while "No file is left" not in caplog.text:
            await asyncio.sleep(0.01)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    async with asyncio.timeout(4):  # accept pauses for a second
        heard = [await asyncio.get_running_loop().sock_recv(one, 100) for one in sockets]

    for one in sockets:
        one.close()
    assert all(piece.startswith(b"HTTP/1.1 200") for piece in heard)
    assert caplog.text.count("No file is left") == 1
    assert "Traceback" not in caplog.text


async def test_a_health_check_under_way_does_not_make_room_either(build: Any) -> None:
    house = await build(most_connections=1)
    gate = asyncio.Event()
    house.site._ready = _held_by(gate)
    asking, one = await connect(house, b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
    while not house.site._guard._busy:
        await asyncio.sleep(0.01)

    late, two = await connect(house, HEALTH)
    await closed(late)
    gate.set()

    assert await answered(asking) == 200
    one.close()
    two.close()


def _held_by(gate: asyncio.Event) -> Any:
    async def ready() -> dict[str, str]:
        await gate.wait()
        return {}

    return ready
