"""The list read back: as far as the window goes, or not at all."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.engine.postman import Postman
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import MsgFlashError
from flashbot.msgflash.transport import Request, Response

KEY = "msgf_live_" + "0" * 64
PAGE = 100


class Endless:
    """A list that goes on for ever, one message each `apart`, the newest now."""

    def __init__(self, clock: ManualClock, apart: timedelta) -> None:
        self.clock = clock
        self.apart = apart
        self.pages = 0

    async def send(self, request: Request) -> Response:
        start = int(request.params.get("cursor", "0"))
        self.pages += 1
        rows = [
            {
                "id": f"m{n}",
                "instanceId": "i",
                "direction": "inbound" if n % 2 else "outbound",
                "to": "+2250700000001",
                "type": "text",
                "body": "hello",
                "createdAt": (self.clock.now() - n * self.apart).isoformat(),
            }
            for n in range(start, start + PAGE)
        ]
        body = {"data": {"messages": rows, "nextCursor": str(start + PAGE), "hasMore": True}}
        return Response(200, {}, json.dumps(body).encode())


class NoRate:
    async def wait(self) -> None: ...

    async def pause(self, seconds: float) -> None: ...


def postman(wire: Endless, clock: ManualClock) -> Postman:
    client = Client("http://sandbox.invalid", api_key=KEY, transport=wire, rate=NoRate(), clock=clock)
    return Postman(client, clock, timeout=20, fresh=5)


async def test_the_list_is_read_to_the_windows_start_and_not_much_further(clock: ManualClock) -> None:
    wire = Endless(clock, timedelta(seconds=1))

    rows = await postman(wire, clock).rows("i", since_ms=to_ms(clock.now() - timedelta(minutes=10)))

    assert wire.pages in (7, 8)
    assert {row.outbound for row in rows} == {True, False}
    assert rows[0].id == "m0"


async def test_a_list_too_long_to_be_read_to_its_window_is_no_look(clock: ManualClock) -> None:
    """A campaign can put thousands of rows into the list between a send and the look."""
    wire = Endless(clock, timedelta(milliseconds=1))

    with pytest.raises(MsgFlashError):
        await postman(wire, clock).rows("i", since_ms=to_ms(clock.now() - timedelta(minutes=10)))


async def test_messages_in_doubt_at_the_same_moment_share_a_look(clock: ManualClock) -> None:
    wire = Endless(clock, timedelta(seconds=1))
    since = to_ms(clock.now() - timedelta(seconds=10))
    reader = postman(wire, clock)

    for _ in range(10):
        await reader.rows("i", since_ms=since)
    shared = wire.pages
    clock.advance(timedelta(seconds=6))
    await reader.rows("i", since_ms=since)

    assert shared == 1
    assert wire.pages == 2


async def test_a_look_that_went_less_far_back_does_not_serve(clock: ManualClock) -> None:
    wire = Endless(clock, timedelta(seconds=1))
    reader = postman(wire, clock)
    await reader.rows("i", since_ms=to_ms(clock.now() - timedelta(seconds=10)))

    rows = await reader.rows("i", since_ms=to_ms(clock.now() - timedelta(minutes=10)))

    assert len(rows) > 600
