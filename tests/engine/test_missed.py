"""What no intent understood: counted always, kept only where the settings say so, and never at a turn's expense."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from flashbot import Bot, Router, Turn
from flashbot.clock import ManualClock, to_ms
from flashbot.dialogue.memory import Memory
from flashbot.engine import missed as missed_module
from flashbot.engine.missed import Missed, miss_of
from flashbot.engine.patience import Patience
from flashbot.engine.runtime import Engine
from flashbot.engine.slots import Slots
from flashbot.engine.tally import Tally
from flashbot.errors import StoreAway
from flashbot.msgflash.events import Received
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.misses import Kept
from flashbot.store.records import Miss
from flashbot.testing.teaching import teach
from flashbot.testing.virtual import VirtualClock

AWA = "+2250700000001"
WEEK = timedelta(days=7)


def shop() -> Bot:
    router: Router[None] = Router("shop")

    @router.intent("greet", examples=["hello", "good morning to you"], threshold=0.999)
    async def greet(turn: Turn[None]) -> None:
        turn.reply("Hello!")

    @router.intent("track", examples=["where is my parcel", "track my parcel please"], threshold=0.999)
    async def track(turn: Turn[None]) -> None:
        turn.reply("Number?")
        turn.expect(number)

    @router.intent("menu")
    async def menu(turn: Turn[None]) -> None:
        turn.reply("Menu")

    @router.intent("person", examples=["a person please"])
    async def person(turn: Turn[None]) -> None:
        turn.handoff("desk")

    @router.step("number")
    async def number(turn: Turn[None]) -> None:
        turn.reply("Thanks")

    @router.fallback
    async def anything(turn: Turn[None]) -> None:
        turn.reply("?")

    return Bot(router)


class Shop:
    """A desk whose worker tells `missed`; a second passes after every message."""

    def __init__(self, desk: Any, missed: Missed, tally: Tally, message: Any) -> None:
        self.store: Store = desk.store
        self.tally = tally
        self.missed = missed
        self._desk = desk
        self._message = message

    async def hears(self, *texts: str) -> None:
        for text in texts:
            await self._desk.tell(self._message(f"m-{text}", text))
            await self._desk.work()
            await self.missed.step()
            self._desk.clock.advance(timedelta(seconds=1))

    async def kept(self) -> list[Kept]:
        return [one async for one in self.store.misses.read()]

    async def command(self, *words: str) -> Any:
        runner: Any = self.store._runner
        return await runner.command(*words)

    async def keys(self) -> list[bytes]:
        found: list[bytes] = await self.command("KEYS", "*misses*")
        return found


@pytest.fixture
def opened(store: Store, desk: Callable[..., Any], message: Any, clock: ManualClock) -> Callable[..., Shop]:
    def open_shop(bot: Bot | None = None, *, within: timedelta = WEEK) -> Shop:
        tally = Tally()
        missed = Missed(store.misses, clock, tally, within=within)
        return Shop(desk(bot or shop(), missed=missed.add), missed, tally, message)

    return open_shop


async def test_by_default_nothing_at_all_is_kept_and_everything_counted(opened: Callable[..., Shop]) -> None:
    shop = opened(within=timedelta(0))

    await shop.hears("qwertz", "hello")

    assert await shop.keys() == []
    assert shop.tally.misses == {"fallback": 1}


async def test_where_the_settings_say_so_the_text_is_kept_and_nobody_named(opened: Callable[..., Shop]) -> None:
    shop = opened()

    await shop.hears("qwertz", "hello")

    (one,) = await shop.kept()
    assert (one.text, one.asked, one.chosen) == ("qwertz", False, None)
    stored = await shop.command("ZRANGE", "{fb:0}:misses", "0", "-1")
    assert AWA[1:].encode() not in stored[0]


async def test_a_question_is_kept_with_the_guess_and_then_with_the_answer(opened: Callable[..., Shop]) -> None:
    bot = shop()
    teach(bot)
    one = opened(bot)

    await one.hears("parcel where", "1")

    asked, answered = await one.kept()
    assert (asked.text, asked.guess, asked.asked, asked.chosen) == ("parcel where", "track", True, None)
    assert 0 < asked.score < 1
    assert (answered.text, answered.chosen) == ("parcel where", "track")
    assert one.tally.misses == {"asked": 1}


async def test_none_of_what_was_offered_is_an_answer_too_and_no_second_miss(opened: Callable[..., Shop]) -> None:
    bot = shop()
    teach(bot)
    one = opened(bot)

    await one.hears("parcel where", "none of these")

    assert [kept.chosen for kept in await one.kept()] == [None, ""]
    assert one.tally.misses == {"asked": 1}


def received(text: str = "qwertz", **more: Any) -> Received:
    return Received(name="message.received", sender=AWA, text=text, **more)


NO_MISSES = {
    "understood": received("Hello"),
    "an escape": received("menu"),
    "an opt-out": received("stop"),
    "no text": received("", kind="image", media_url="https://a/b.jpg"),
    "spaces": received("  "),
    "a group": received(chat="group", group="1@g.us"),
    "our own": received(own=True),
    "a tap": received(choice="x-1"),
}


@pytest.mark.parametrize("event", NO_MISSES.values(), ids=NO_MISSES.keys())
def test_what_is_no_miss(event: Received, clock: ManualClock) -> None:
    decision = shop().routes.decide(event, Memory(), clock.now())

    assert miss_of(decision, event, AWA) is None


def test_a_caption_that_nothing_understands_is_one(clock: ManualClock) -> None:
    event = received("qwertz", kind="image", media_url="https://a/b.jpg")

    found = miss_of(shop().routes.decide(event, Memory(), clock.now()), event, AWA)

    assert found == Miss(AWA, "qwertz")


async def test_what_a_step_or_a_person_answers_is_none(opened: Callable[..., Shop]) -> None:
    shop = opened()

    await shop.hears("where is my parcel", "CI-1001", "a person please", "is anybody there")

    assert await shop.kept() == []
    assert not shop.tally.misses


async def test_a_turn_that_fails_is_no_miss_yet(opened: Callable[..., Shop]) -> None:
    router: Router[None] = Router("shop")
    faults = [RuntimeError()]

    @router.fallback
    async def anything(turn: Turn[None]) -> None:
        if faults:
            raise faults.pop()

    shop = opened(Bot(router))

    await shop.hears("qwertz")

    assert await shop.kept() == []
    assert not shop.tally.misses


async def test_a_lower_setting_deletes_what_is_older_at_the_next_start(
    opened: Callable[..., Shop], clock: ManualClock
) -> None:
    shop = opened()
    await shop.hears("old")
    clock.advance(timedelta(days=2))
    await shop.hears("new")

    await Missed(shop.store.misses, clock, Tally(), within=timedelta(days=1)).step()
    lowered = [one.text for one in await shop.kept()]
    await Missed(shop.store.misses, clock, Tally(), within=timedelta(0)).step()

    assert lowered == ["new"]
    assert await shop.keys() == []


async def test_texts_go_within_the_hour_after_their_time_though_nothing_new_comes(
    opened: Callable[..., Shop], clock: ManualClock
) -> None:
    shop = opened()
    await shop.hears("qwertz")
    clock.advance(WEEK)

    await shop.missed.step()

    assert await shop.keys() == []


class Away:
    """A store whose server does not answer."""

    async def run(self, *_: Any, **__: Any) -> Any:
        raise StoreAway("gone")


async def test_a_store_that_is_away_is_told_of_once_and_costs_no_turn(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    missed = Missed(Store(Away()).misses, clock, Tally(), within=WEEK)
    missed.add(Miss(AWA, "my secret"))

    with caplog.at_level(logging.WARNING):
        again = [await missed.step() for _ in range(3)]
        await missed.finish()

    assert again == [False] * 3
    assert ["said once" in record.getMessage() for record in caplog.records] == [True]
    assert "secret" not in caplog.text


async def test_more_than_fit_are_dropped_the_oldest_first(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missed_module, "MOST_WAITING", 3)
    store = Store(FakeRunner(), now_ms=lambda: to_ms(clock.now()))
    missed = Missed(store.misses, clock, Tally(), within=WEEK)
    for n in range(5):
        missed.add(Miss(AWA, f"text {n}x"))

    await missed.finish()

    assert sorted([one.text async for one in store.misses.read()]) == ["text 2x", "text 3x", "text 4x"]
    assert missed.stopping


class Nothing:
    """A worker or sender without work."""

    due = None

    def __init__(self) -> None:
        self.slots = Slots(1)
        self.stopping = False

    async def step(self) -> bool:
        return False

    async def renew(self) -> bool:
        return False


def test_a_running_engine_keeps_them_within_a_second_and_the_last_ones_when_it_stops(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        store = Store(FakeRunner(), now_ms=lambda: to_ms(clock.now()))
        missed = Missed(store.misses, clock, Tally(), within=WEEK)
        idle: Any = Nothing()
        engine = Engine(idle, idle, clock, Patience(), listen=None, missed=missed)
        engine.start()

        missed.add(Miss(AWA, "first"))
        await clock.sleep(1)
        running = [one.text async for one in store.misses.read()]
        missed.add(Miss(AWA, "last"))
        await engine.stop()

        assert running == ["first"]
        assert [one.text async for one in store.misses.read()] == ["first", "last"]

    virtually(story)
