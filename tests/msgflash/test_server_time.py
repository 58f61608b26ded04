"""MsgFlash's clock, as its answers tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flashbot.msgflash.errors import NotFound
from tests.msgflash.scripted import Script, SkippingClock, client_of, data

THEN = datetime(2026, 1, 5, 11, 30, 7, tzinfo=UTC)


async def test_before_any_answer_nothing_is_known_of_msgflashs_clock() -> None:
    assert client_of(Script()).server_time is None


DATES = {
    "as HTTP writes it": "Mon, 05 Jan 2026 11:30:07 GMT",
    "with an offset": "Mon, 05 Jan 2026 12:30:07 +0100",
    "without a zone": "Mon, 05 Jan 2026 11:30:07 -0000",
    "as C writes it": "Mon Jan  5 11:30:07 2026",
}


@pytest.mark.parametrize("date", DATES.values(), ids=DATES.keys())
async def test_an_answer_tells_msgflashs_clock(date: str) -> None:
    client = client_of(Script((200, data([]), {"Date": date})))

    await client.webhooks.list()

    assert client.server_time == THEN


@pytest.mark.parametrize("date", ["", "soon", "Mon, 05 Jan 99999 11:30:07 GMT", "5"])
async def test_a_date_that_cannot_be_read_tells_nothing(date: str) -> None:
    client = client_of(Script((200, data([]), {"Date": date})))

    await client.webhooks.list()

    assert client.server_time is None


async def test_an_answer_without_a_date_leaves_what_is_known() -> None:
    client = client_of(Script((200, data([]), {"Date": DATES["as HTTP writes it"]}), (200, data([]))))

    await client.webhooks.list()
    await client.webhooks.list()

    assert client.server_time == THEN


async def test_a_refusal_tells_it_too_and_time_goes_on() -> None:
    script = Script((404, b"", {"Date": DATES["as HTTP writes it"]}))
    clock = SkippingClock()
    client = client_of(script, clock=clock)
    with pytest.raises(NotFound):
        await client.messages.get("m-1")

    clock.advance(timedelta(seconds=5))

    assert client.server_time == THEN + timedelta(seconds=5)
