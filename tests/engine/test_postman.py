"""The list read back: as far as the window goes, or not at all; in the store's time, and no more often than needed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.engine.postman import Look, Postman
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import MsgFlashError, OutcomeUnknown
from flashbot.msgflash.transport import Request, Response

KEY = "msgf_live_" + "0" * 64
PAGE = 100


def row(message_id: str, created: datetime | None, **more: object) -> dict[str, object]:
    shown = {
        "id": message_id,
        "instanceId": "i",
        "direction": "outbound",
        "to": "+2250700000001",
        "type": "text",
        "body": "hello",
        **more,
    }
    return shown if created is None else {**shown, "createdAt": created.isoformat()}


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
            row(f"m{n}", self.clock.now() - n * self.apart, direction="inbound" if n % 2 else "outbound")
            for n in range(start, start + PAGE)
        ]
        body = {"data": {"messages": rows, "nextCursor": str(start + PAGE), "hasMore": True}}
        return Response(200, {}, json.dumps(body).encode())


class Pages:
    """A list of pages that the test wrote: rows and the next cursor, by the cursor that asks."""

    def __init__(self, pages: Mapping[str | None, tuple[Sequence[dict[str, Any]], str | None]]) -> None:
        self.given = pages
        self.pages = 0
        self.headers: dict[str, str] = {}

    async def send(self, request: Request) -> Response:
        self.pages += 1
        rows, following = self.given[request.params.get("cursor")]
        body = {"data": {"messages": list(rows), "nextCursor": following, "hasMore": following is not None}}
        return Response(200, self.headers, json.dumps(body).encode())


class NoRate:
    async def wait(self) -> None: ...

    async def pause(self, seconds: float) -> None: ...


def postman(wire: Any, clock: ManualClock) -> Postman:
    client = Client("http://sandbox.invalid", api_key=KEY, transport=wire, rate=NoRate(), clock=clock)
    return Postman(client, clock, timeout=20, fresh=5)


async def look(reader: Postman, clock: ManualClock, *, back: timedelta, due: timedelta = timedelta()) -> Look:
    """With this host's clock as the store's."""
    now = clock.now()
    return await reader.look("i", since=now - back, now_ms=to_ms(now), due_ms=to_ms(now - due))


async def test_the_list_is_read_to_the_windows_start_and_not_much_further(clock: ManualClock) -> None:
    wire = Endless(clock, timedelta(seconds=1))

    seen = await look(postman(wire, clock), clock, back=timedelta(minutes=10))

    assert wire.pages in (7, 8)
    assert {one.outbound for one in seen.rows} == {True, False}
    assert seen.rows[0].id == "m0"


async def test_a_list_too_long_to_be_read_to_its_window_is_no_look(clock: ManualClock) -> None:
    """A campaign can put thousands of rows into the list between a send and the look."""
    wire = Endless(clock, timedelta(milliseconds=1))

    with pytest.raises(MsgFlashError):
        await look(postman(wire, clock), clock, back=timedelta(minutes=10))


async def test_a_list_that_ends_before_the_windows_start_is_read_whole(clock: ManualClock) -> None:
    now = clock.now()
    wire = Pages({None: ([row("b", now)], "c"), "c": ([row("a", now - timedelta(seconds=9))], None)})

    seen = await look(postman(wire, clock), clock, back=timedelta(minutes=10))

    assert [one.id for one in seen.rows] == ["b", "a"]


CIRCLES: dict[str, dict[str | None, str | None]] = {
    "to itself": {None: "c", "c": "c"},
    "through another": {None: "c", "c": "d", "d": "c"},
}


@pytest.mark.parametrize("cursors", CIRCLES.values(), ids=CIRCLES.keys())
async def test_a_list_that_goes_in_circles_is_no_look(
    clock: ManualClock, cursors: dict[str | None, str | None]
) -> None:
    rows = [row("a", clock.now())]
    wire = Pages({cursor: (rows, following) for cursor, following in cursors.items()})

    with pytest.raises(MsgFlashError):
        await look(postman(wire, clock), clock, back=timedelta(minutes=10))


async def test_one_row_out_of_its_place_does_not_end_the_look(clock: ManualClock) -> None:
    now, old = clock.now(), clock.now() - timedelta(hours=2)
    wire = Pages({None: ([row("c", now), row("old", old), row("b", now)], "c"), "c": ([row("a", now)], None)})

    seen = await look(postman(wire, clock), clock, back=timedelta(minutes=10))

    assert [one.id for one in seen.rows] == ["c", "old", "b", "a"]


async def test_a_list_that_begins_with_its_oldest_is_read_to_its_end(clock: ManualClock) -> None:
    now = clock.now()
    ages = [timedelta(hours=9), timedelta(hours=8), timedelta(seconds=2), timedelta(seconds=1)]
    rows = [row(f"m{n}", now - age) for n, age in enumerate(ages)]
    wire = Pages({None: (rows[:2], "c"), "c": (rows[2:], None)})

    seen = await look(postman(wire, clock), clock, back=timedelta(minutes=10))

    assert [one.id for one in seen.rows] == ["m0", "m1", "m2", "m3"]


async def test_rows_without_a_time_neither_end_the_look_nor_spoil_it(clock: ManualClock) -> None:
    old = clock.now() - timedelta(hours=2)
    wire = Pages(
        {
            None: ([row("d", None), row("c", None)], "c"),
            "c": ([row("b", None), row("old", old), row("older", old - timedelta(hours=1))], "d"),
        }
    )

    seen = await look(postman(wire, clock), clock, back=timedelta(minutes=10))

    assert [one.id for one in seen.rows] == ["d", "c", "b", "old", "older"]


async def test_messages_in_doubt_at_the_same_moment_share_a_look(clock: ManualClock) -> None:
    wire = Endless(clock, timedelta(seconds=1))
    reader = postman(wire, clock)

    for _ in range(10):
        await look(reader, clock, back=timedelta(seconds=10))
    shared = wire.pages
    clock.advance(timedelta(seconds=6))
    await look(reader, clock, back=timedelta(seconds=10))

    assert shared == 1
    assert wire.pages == 2


async def test_a_look_serves_whoever_was_due_when_it_was_made(clock: ManualClock) -> None:
    """However long they wait for a slot in the rate."""
    wire = Endless(clock, timedelta(seconds=1))
    reader = postman(wire, clock)
    first = await look(reader, clock, back=timedelta(seconds=10))
    clock.advance(timedelta(seconds=25))

    second = await look(reader, clock, back=timedelta(seconds=35), due=timedelta(seconds=26))

    assert second is first
    assert wire.pages == 1


async def test_a_look_that_went_less_far_back_does_not_serve(clock: ManualClock) -> None:
    wire = Endless(clock, timedelta(seconds=1))
    reader = postman(wire, clock)
    await look(reader, clock, back=timedelta(seconds=10))

    seen = await look(reader, clock, back=timedelta(minutes=10))

    assert len(seen.rows) > 600


HOURS = (-2, 0, 2)


@pytest.mark.parametrize("hours", HOURS)
async def test_times_are_told_by_the_stores_clock_whatever_msgflashs_says(clock: ManualClock, hours: int) -> None:
    theirs = clock.now() + timedelta(hours=hours)
    wire = Pages({None: ([row("a", theirs - timedelta(seconds=40))], None)})
    wire.headers = {"Date": format_datetime(theirs, usegmt=True)}
    reader = postman(wire, clock)

    seen = await look(reader, clock, back=timedelta(minutes=1))

    assert seen.rows[0].created == clock.now() - timedelta(seconds=40)


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Jan 2026 09:00:00 GMT"])
async def test_without_a_date_that_can_be_read_the_clocks_are_taken_to_agree(clock: ManualClock, date: str) -> None:
    wire = Pages({None: ([row("a", clock.now())], None)})
    wire.headers = {"Date": date} if date else {}

    seen = await look(postman(wire, clock), clock, back=timedelta(minutes=1))

    assert seen.rows[0].created == clock.now()


class Said:
    """Answers everything the same."""

    def __init__(self, answer: Response | Exception) -> None:
        self.answer = answer

    async def send(self, request: Request) -> Response:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


NOTHING_KNOWN: dict[str, Response] = {
    "not found": Response(404, {}, b'{"error":{"code":"NOT_FOUND"}}'),
    "an id that is none": Response(400, {}, b'{"error":{"code":"VALIDATION_ERROR"}}'),
    "no JSON": Response(200, {}, b"<html>"),
    "no message": Response(200, {}, b'{"data":{"name":"x"}}'),
}


@pytest.mark.parametrize("answer", NOTHING_KNOWN.values(), ids=NOTHING_KNOWN.keys())
async def test_a_message_that_msgflash_does_not_show_is_none(clock: ManualClock, answer: Response) -> None:
    reader = postman(Said(answer), clock)
    asked = reader.row("vendor-1", now_ms=to_ms(clock.now()))

    assert await _when_asked(asked, clock) is None


NOT_ASKED: dict[str, Response | Exception] = {
    "a fault of the server": Response(500, {}, b""),
    "a gateway": Response(502, {}, b'{"error":{"code":"PROVIDER_TIMEOUT"}}'),
    "too fast": Response(429, {"Retry-After": "60"}, b'{"error":{"code":"API_RATE_LIMIT_EXCEEDED"}}'),
    "no key": Response(401, {}, b'{"error":{"code":"UNAUTHORIZED"}}'),
    "no answer": OutcomeUnknown("no answer", call="GET /messages/vendor-1"),
}


@pytest.mark.parametrize("answer", NOT_ASKED.values(), ids=NOT_ASKED.keys())
async def test_a_message_that_cannot_be_asked_for_is_not_taken_for_none(
    clock: ManualClock, answer: Response | Exception
) -> None:
    asked = postman(Said(answer), clock).row("vendor-1", now_ms=to_ms(clock.now()))

    with pytest.raises(MsgFlashError):
        await _when_asked(asked, clock)


async def _when_asked(asked: Any, clock: ManualClock) -> Any:
    """Let the pauses between the client's repetitions pass."""
    task = asyncio.ensure_future(asked)
    while not task.done():
        await asyncio.sleep(0)
        clock.advance(timedelta(seconds=1))
    return task.result()
