"""What is kept of where a person lives: the zone that a handler sets, and the hours in which they write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.dialogue.router import Router
from flashbot.dialogue.routes import Routes
from flashbot.dialogue.turn import Turn
from flashbot.dialogue.waking import counted
from flashbot.errors import BotMistake
from flashbot.msgflash.events import Read

if TYPE_CHECKING:
    from collections.abc import Callable

AT = datetime(2026, 1, 5, 13, 59, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def desk() -> Router[None]:
    router = Router("desk")

    @router.intent("move", examples=["i moved to new york"])
    async def move(turn: Turn[None]) -> None:
        turn.zone = "America/New_York"

    @router.intent("forget", examples=["forget it"])
    async def forget(turn: Turn[None]) -> None:
        turn.zone = None

    @router.fallback
    async def show(turn: Turn[None]) -> None:
        turn.reply(f"{turn.zone}")

    return router


def spread(talk: Any, *, is_spread: bool = True) -> Any:
    """The same chat, with a number that may be anywhere."""
    talk.routes = Routes([desk()], is_spread=lambda _: is_spread)
    return talk


# -- the zone


async def test_a_zone_that_was_set_stays_until_it_is_forgotten(chat: Callable[..., Any]) -> None:
    talk = chat(desk())

    assert await talk.says("where") == ["None"]
    await talk.says("i moved to new york")
    assert await talk.says("where") == ["America/New_York"]
    await talk.says("forget it")
    assert await talk.says("where") == ["None"]
    assert talk.memory.zone is None


@pytest.mark.parametrize("zone", ["New York", "", "+01:00", "localtime", "../etc/passwd", "a\0b", 3])
def test_what_is_no_zone_is_a_mistake_in_one_sentence(zone: Any) -> None:
    turn = Turn.for_test(state=None)

    with pytest.raises(BotMistake, match=r"^turn\.zone takes the name of a time zone .*\.$"):
        turn.zone = zone

    assert turn.zone is None


# -- the hours


async def test_each_conversation_that_begins_counts_its_hour(chat: Callable[..., Any]) -> None:
    talk = spread(chat(desk()))
    talk.now = AT

    for _ in range(3):
        await talk.says("hello")
        talk.now += DAY

    assert talk.memory.hours == {13: 3}


async def test_a_long_evening_counts_once(chat: Callable[..., Any]) -> None:
    talk = spread(chat(desk()))
    talk.now = AT

    for _ in range(8):
        await talk.says("hello")
        talk.now += HOUR

    assert talk.memory.hours == {13: 1}


async def test_an_hour_is_that_in_which_it_was_written(chat: Callable[..., Any]) -> None:
    talk = spread(chat(desk()))
    talk.now = AT + 5 * HOUR

    await talk.says("hello", at=AT)

    assert talk.memory.hours == {13: 1}


async def test_what_comes_later_than_it_was_written_counts_not_behind_newer(chat: Callable[..., Any]) -> None:
    talk = spread(chat(desk()))
    talk.now = AT
    await talk.says("hello")

    await talk.says("hello", at=AT - 2 * DAY)

    assert talk.memory.hours == {13: 1}


async def test_of_others_nothing_is_kept(chat: Callable[..., Any]) -> None:
    talk = spread(chat(desk()), is_spread=False)

    await talk.says("hello")

    assert b"hours" not in talk.stored


async def test_only_what_the_person_writes_counts(chat: Callable[..., Any]) -> None:
    talk = spread(chat(desk()))

    await talk.says("from us", own=True)
    await talk.gets(Read(name="message.read"))

    assert talk.memory.hours == {}


def test_at_fifty_all_are_halved() -> None:
    assert counted({13: 49, 9: 7, 3: 1}, AT, None) == {13: 25, 9: 3}


@given(st.lists(st.integers(0, 23), max_size=300))
def test_counts_stay_few_and_small(hours: list[int]) -> None:
    found: Any = {}

    for hour in hours:
        found = counted(found, AT.replace(hour=hour), None)

    assert len(found) <= 24
    assert all(0 < count < 50 for count in found.values())
