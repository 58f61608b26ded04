"""Messages whose webhook never came: found in MsgFlash's list, answered once, whoever dies and whatever comes late."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr

from flashbot import Bot, Received, Router, Turn
from flashbot.clock import ManualClock, to_ms
from flashbot.engine.assembly import assemble
from flashbot.engine.catchup import CatchUp
from flashbot.engine.lastpass import LastPass
from flashbot.engine.patience import Patience
from flashbot.engine.runtime import Engine
from flashbot.engine.slots import Slots
from flashbot.engine.tally import Tally
from flashbot.engine.worker import Worker
from flashbot.errors import StoreAway, UnreadableEvent
from flashbot.msgflash.client import Client
from flashbot.msgflash.listing import Page
from flashbot.msgflash.models import Message
from flashbot.msgflash.rate import Unlimited
from flashbot.sandbox.switches import Switches
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, Delivery, World
from flashbot.settings import Settings
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.testing.sandbox import SandboxTransport
from flashbot.testing.virtual import VirtualClock

AWA, BEN = "+2250700000001", "+2250700000002"
GROUP = "120363000000000001@g.us"
SECRET = "the secret of a test"


def echo(**options: Any) -> Bot:
    """A bot that says what it hears."""
    router: Router[None] = Router("echo", hears=options.pop("hears", ("people",)))

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply(f"You said {turn.text}")

    return Bot(router, **options)


@dataclass
class Counting:
    """The client's messages, counted; `before` runs before a page, `changed` is said of its rows instead."""

    client: Client
    asked: int = 0
    before: list[Callable[[], Any]] = field(default_factory=list)
    changed: dict[str, Any] = field(default_factory=dict)

    async def page(self, limit: int | None = None, cursor: str | None = None) -> Page[Message]:
        self.asked += 1
        if self.before:
            await self.before.pop(0)()
        page = await self.client.messages.page(limit=limit, cursor=cursor)
        return replace(page, items=tuple(row.model_copy(update=self.changed.get(row.id)) for row in page.items))


class House:
    """A bot's intake and worker, a MsgFlash, and processes that catch up."""

    def __init__(self, desk: Any, clock: ManualClock, **options: Any) -> None:
        self.desk = desk
        self.clock = clock
        self.world = World(clock, Random(0), secret=SECRET, requests_per_second=0, **options)
        self.world.add_webhook("http://bot.invalid/webhooks/msgflash")
        self.tally = Tally()
        transport = SandboxTransport(self.world)
        self.pages = Counting(
            Client("http://sandbox.invalid", api_key=DEMO_KEY, transport=transport, rate=Unlimited(), clock=clock)
        )

    def process(self, *, minutes: float = 60, **more: Any) -> CatchUp:
        """One that has just started."""
        return CatchUp(
            self.desk.store, self.pages, self.desk.bot.routes, self.clock, self.tally,
            patience=Patience(), every=timedelta(minutes=minutes), **more,
        )  # fmt: skip

    async def settled(self) -> CatchUp:
        """A process that has made its first pass, an hour ago."""
        process = self.process()
        await process.step()
        self.wait(hours=1)
        return process

    def wait(self, **span: float) -> None:
        self.clock.advance(timedelta(**span))

    def lost(self, text: str, phone: str = AWA, **more: Any) -> str:
        """Somebody writes, and no webhook ever comes."""
        self.world.faults.lose_webhooks(event="message.received")
        return self.world.says(phone, text, **more)

    def due(self) -> list[Delivery]:
        return self.world.due(self.clock.now())

    async def carry(self, delivery: Delivery) -> int:
        """A webhook comes to the bot."""
        answer = await self.desk.intake.receive(delivery.body, delivery.headers["X-MsgFlash-Signature"])
        self.world.delivered(delivery, answer.status)
        return int(answer.status)

    async def heard(self, text: str, phone: str = AWA, **more: Any) -> Delivery:
        """Somebody writes, and the webhook comes."""
        self.world.says(phone, text, **more)
        (delivery,) = self.due()
        assert await self.carry(delivery) == 200
        return delivery

    async def texts(self) -> list[str]:
        return [text.removeprefix("You said ") for text in await self.desk.texts()]


@pytest.fixture
def house(desk: Any, clock: ManualClock) -> Callable[..., House]:
    def build(bot: Bot | None = None, **options: Any) -> House:
        return House(desk(bot or echo()), clock, **options)

    return build


# -- what is found


async def test_a_message_whose_webhook_never_came_is_answered_once(house: Any) -> None:
    home = house()
    process = await home.settled()
    await home.heard("this one came")
    home.lost("and this one did not")
    home.wait(minutes=3)

    await process.step()
    said = await home.texts()
    home.wait(hours=1)
    await process.step()

    assert said == ["this one came", "and this one did not"]
    assert await home.texts() == []
    assert home.tally.counts["caught_up"] == 1


async def test_a_webhook_process_killed_before_it_stores_loses_nothing(house: Any) -> None:
    """No attempt got a 200: all five are over, or the last comes when the message was found already."""
    home = house()
    await home.settled()
    home.world.says(AWA, "are you there?")
    attempts = []
    for _ in range(4):
        (delivery,) = home.due()
        home.world.delivered(delivery, None)  # the connection broke: the process is dead
        attempts.append(delivery)
        home.wait(minutes=2)

    await home.process().step()
    answered = await home.texts()
    (last,) = home.due()
    status = await home.carry(last)

    assert answered == ["are you there?"]
    assert status == 200
    assert await home.texts() == []
    assert home.desk.tally.counts["repeated"] == 1


async def test_a_start_finds_what_came_while_everything_was_down(house: Any) -> None:
    home = house()
    await home.settled()
    for number in range(3):
        home.lost(f"m{number}", AWA if number % 2 else BEN)
        home.wait(hours=20)

    await home.process().step()

    assert sorted(await home.texts()) == ["m0", "m1", "m2"]


async def test_a_contact_s_messages_are_answered_oldest_first(house: Any) -> None:
    home = house()
    process = await home.settled()
    for number in range(8):
        home.lost(f"m{number}")
        home.wait(seconds=30)
    home.wait(minutes=3)

    await process.step()

    assert await home.texts() == [f"m{number}" for number in range(8)]


async def test_a_handler_sees_when_the_message_was_written(house: Any, clock: ManualClock) -> None:
    router: Router[None] = Router("late")
    seen = []

    @router.fallback
    async def look(turn: Turn[None]) -> None:
        seen.append((turn.event.at, turn.instance, turn.now))  # type: ignore[union-attr]  # a message

    home = house(Bot(router))
    process = await home.settled()
    written = clock.now()
    home.lost("when?")
    home.wait(hours=1)

    await process.step()
    await home.desk.work()

    assert seen == [(written, DEMO_INSTANCE, clock.now())]


@pytest.mark.parametrize("rows", [0, 99, 100, 101, 350])
async def test_the_list_is_read_page_by_page_as_far_as_needed(house: Any, rows: int) -> None:
    home = house()
    process = await home.settled()
    home.lost("the one")
    home.wait(seconds=1)
    for number in range(rows):
        home.world.says(BEN, f"n{number}", own=True)  # rows of our own
    home.wait(minutes=5)
    home.pages.asked = 0

    await process.step()

    assert await home.texts() == ["the one"]
    assert home.pages.asked == rows // 100 + 1


# -- what is left alone


async def test_the_first_start_answers_no_old_history(house: Any) -> None:
    home = house()
    for number in range(5):
        home.lost(f"before {number}")
        home.wait(minutes=30)
    process = home.process()

    await process.step()
    home.wait(hours=1)
    home.lost("after")
    home.wait(minutes=5)
    await process.step()

    assert await home.texts() == ["after"]


async def test_what_is_older_than_seven_days_stays_unanswered(house: Any) -> None:
    home = house()
    await home.settled()
    home.lost("too old")
    home.wait(hours=2)
    home.lost("old enough")
    home.wait(days=6, hours=22)

    await home.process().step()

    assert await home.texts() == ["old enough"]


async def test_a_message_so_young_that_its_webhook_may_come_is_left_for_the_next_pass(house: Any) -> None:
    home = house()
    process = await home.settled()
    home.lost("young")
    home.wait(seconds=119)

    await process.step()
    first = await home.texts()
    home.wait(hours=1)
    home.lost("younger")
    await process.step()

    assert first == []
    assert await home.texts() == ["young"]


async def test_after_a_start_what_was_too_young_is_looked_for_soon(house: Any) -> None:
    home = house()
    await home.settled()
    home.lost("just before the restart")
    home.wait(seconds=5)
    process = home.process()

    await process.step()
    first = await home.texts()
    for _ in range(3):
        home.wait(minutes=1)
        await process.step()

    assert first == []
    assert await home.texts() == ["just before the restart"]


async def test_a_message_that_no_router_wants_is_left(house: Any) -> None:
    home = house()
    process = await home.settled()
    home.pages.changed[home.lost("nobody hears groups")] = {"meta": {"groupId": GROUP}}
    home.wait(minutes=5)

    await process.step()

    assert await home.texts() == []
    assert "caught_up" not in home.tally.counts


async def test_a_group_s_message_is_not_answered_in_private_because_the_list_says_less_of_it(house: Any) -> None:
    """The row has only its writer: that it was a group's message was in the webhook alone."""
    home = house()
    process = await home.settled()
    await home.heard("to all", group=GROUP)
    home.wait(minutes=5)

    await process.step()

    assert home.desk.tally.counts["unheard"] == 1
    assert await home.texts() == []


async def test_a_full_mailbox_stays_as_it_is(house: Any) -> None:
    home = house()
    await home.settled()
    for number in range(5):
        home.lost(f"m{number}")
    home.wait(minutes=5)

    await home.process(most=3).step()

    assert await home.texts() == ["m0", "m1", "m2"]
    assert home.tally.counts["flood_refused"] == 2


# -- once, in every order


@pytest.mark.parametrize("shape", ["flat", "nested", "provider"])
async def test_a_webhook_that_comes_after_all_is_a_repetition_under_either_id(house: Any, shape: str) -> None:
    home = house(webhook_shape=shape)
    process = await home.settled()
    home.world.says(AWA, "late")
    (late,) = home.due()
    home.wait(minutes=5)
    await process.step()
    answered = await home.texts()

    status = await home.carry(late)

    assert (answered, status) == (["late"], 200)
    assert await home.texts() == []


@pytest.mark.parametrize("shape", ["flat", "nested", "provider"])
async def test_a_message_whose_webhook_came_is_known_under_either_id(house: Any, shape: str) -> None:
    home = house(webhook_shape=shape)
    process = await home.settled()
    await home.heard("came")
    answered = await home.texts()
    home.wait(minutes=5)

    await process.step()

    assert (answered, await home.texts()) == (["came"], [])


async def test_a_contact_of_another_name_in_the_list_is_no_reason_to_answer_twice(
    house: Any, clock: ManualClock
) -> None:
    """The webhook knew only a hidden number, the list has the phone: two contacts, in two partitions."""
    home = house()
    store = Store(home.desk.store._runner, partitions=16, now_ms=lambda: to_ms(clock.now()))
    process = CatchUp(
        store, home.pages, home.desk.bot.routes, clock, home.tally,
        patience=Patience(), every=timedelta(hours=1),
    )  # fmt: skip
    await process.step()
    for number in range(8):
        key = f"message.received|{home.lost('hello', f'+225070000000{number}')}|"
        await store.post("in", key, f"lid:12345{number}", b"W 1 e message.received\n{}")
    home.wait(minutes=61)

    await process.step()

    assert home.pages.asked == 2
    assert "caught_up" not in home.tally.counts


@pytest.mark.parametrize("shape", ["flat", "provider"])
@pytest.mark.parametrize("steps", range(12))
async def test_a_webhook_at_the_very_instant_of_the_pass_is_answered_once(house: Any, shape: str, steps: int) -> None:
    home = house(webhook_shape=shape)
    process = await home.settled()
    home.world.says(AWA, "now")
    (delivery,) = home.due()
    home.wait(minutes=5)

    async def arrive() -> None:
        for _ in range(steps):
            await asyncio.sleep(0)
        await home.carry(delivery)

    await asyncio.gather(process.step(), arrive())

    assert await home.texts() == ["now"]


@pytest.mark.parametrize("came_first", [True, False])
async def test_a_webhook_six_days_late_counts_once_whoever_came_first(house: Any, came_first: bool) -> None:
    home = house()
    process = await home.settled()
    home.world.says(AWA, "slow")
    (late,) = home.due()
    if not came_first:
        home.wait(minutes=5)
        await process.step()
    home.wait(days=6)

    first = await home.texts()
    await home.carry(late)
    second = await home.texts()
    await home.process().step()

    assert (first, second) == (([], ["slow"]) if came_first else (["slow"], []))
    assert await home.texts() == []
    assert await home.desk.dead() == []


async def test_a_webhook_replayed_after_a_month_is_stale_though_catch_up_had_found_it(house: Any) -> None:
    home = house()
    process = await home.settled()
    home.world.says(AWA, "once")
    (replayed,) = home.due()
    home.wait(minutes=5)
    await process.step()
    answered = await home.texts()
    home.wait(days=30)

    status = await home.carry(replayed)
    await process.step()

    assert (answered, status) == (["once"], 200)
    assert await home.texts() == []
    (letter,) = await home.desk.dead()
    assert "older than 7 days" in letter.reason["why"]


# -- one at a time


async def test_two_processes_make_one_pass(house: Any) -> None:
    home = house()
    await home.settled()
    home.lost("hello")
    home.wait(minutes=5)
    home.pages.asked = 0
    one, two = home.process(), home.process()

    await asyncio.gather(one.step(), two.step())
    for _ in range(3):
        home.wait(seconds=15)
        await asyncio.gather(one.step(), two.step())

    assert home.pages.asked == 1
    assert await home.texts() == ["hello"]


async def test_several_processes_share_the_hour(house: Any) -> None:
    home = house()
    processes = [await home.settled(), *(home.process() for _ in range(3))]
    home.pages.asked = 0

    for _ in range(60 * 5):
        for process in processes:
            await process.step()
        home.wait(minutes=1)

    assert home.pages.asked in (5, 6)


async def test_a_crash_in_the_middle_of_a_pass_is_made_good_within_a_minute(house: Any) -> None:
    home = house()
    await home.settled()
    for number in range(3):
        home.lost(f"m{number}")
    home.wait(minutes=5)
    dying = home.process()
    posted = []
    post = home.desk.store.post

    async def post_and_die(*args: Any, **more: Any) -> Any:
        posted.append(args[3])
        if len(posted) == 2:
            raise asyncio.CancelledError
        return await post(*args, **more)

    home.desk.store.post = post_and_die
    with pytest.raises(asyncio.CancelledError):
        await dying.step()
    home.desk.store.post = post
    survivor = home.process()
    before = await home.texts()
    refused = await survivor.step()
    home.wait(seconds=refused)

    await survivor.step()

    assert before == ["m0"]
    assert 0 < refused <= 60
    assert await home.texts() == ["m1", "m2"]


async def test_a_pass_that_was_frozen_for_long_gives_way(house: Any) -> None:
    home = house()
    await home.settled()
    home.lost("hello")
    home.wait(seconds=1)
    for _ in range(150):
        home.world.says(BEN, "x", own=True)
    home.wait(minutes=5)
    home.pages.asked = 0
    frozen, other = home.process(), home.process()

    async def freeze() -> None:
        home.wait(minutes=2)
        await other.step()

    home.pages.before.append(freeze)
    await frozen.step()

    assert home.pages.asked == 3  # the other's two, and one that was on its way
    assert await home.texts() == ["hello"]


# -- what fails


async def test_a_list_that_cannot_be_read_is_tried_again_and_nothing_is_passed_over(
    house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    home = house()
    process = await home.settled()
    home.lost("hello")
    home.wait(minutes=5)
    home.world.faults.plan("UNAUTHORIZED", 5, method="GET", path="/messages")
    home.pages.asked = 0
    tried = []

    with caplog.at_level(logging.WARNING):
        for minute in range(120):
            before = home.pages.asked
            await process.step()
            if home.pages.asked > before:
                tried.append(minute)
            home.wait(minutes=1)

    assert tried[:6] == [0, 1, 3, 7, 15, 31]
    assert home.tally.counts["catch_up_failed"] == 5
    assert [record.message[:15] for record in caplog.records] == ["Catch-up failed"]
    assert await home.texts() == ["hello"]


async def test_a_fault_of_its_own_is_not_met_again_each_minute(house: Any, caplog: pytest.LogCaptureFixture) -> None:
    home = house()
    process = await home.settled()
    home.lost("hello")
    home.wait(minutes=5)
    home.pages.asked = 0

    async def trip() -> None:
        raise LookupError("+2250700000001 wrote hello")

    home.pages.before += [trip] * 3
    for _ in range(30):
        await process.step()
        home.wait(minutes=1)

    assert home.pages.asked == 4
    assert home.tally.counts["catch_up_failed"] == 3
    assert "LookupError" in caplog.text
    assert "hello" not in caplog.text
    assert await home.texts() == ["hello"]


async def test_a_list_too_long_to_be_read_is_a_failed_pass(house: Any, caplog: pytest.LogCaptureFixture) -> None:
    home = house()
    process = await home.settled()
    home.lost("hello")
    home.wait(seconds=1)
    for _ in range(2500):
        home.world.says(BEN, "x", own=True)
    home.wait(minutes=5)
    home.pages.asked = 0

    with caplog.at_level(logging.WARNING):
        await process.step()

    assert home.pages.asked == 25
    assert home.tally.counts["catch_up_failed"] == 1
    assert "more than 2500 messages since" in caplog.text
    assert await home.texts() == []


async def test_the_store_going_away_in_a_pass_only_delays_it(house: Any) -> None:
    home = house()
    process = await home.settled()
    home.lost("hello")
    home.wait(minutes=5)
    renew = home.desk.store.passes.renew

    async def away(*_: Any, **__: Any) -> bool:
        raise StoreAway("No Redis or Valkey answers.")

    home.desk.store.passes.renew = away
    with pytest.raises(StoreAway):
        await process.step()
    home.desk.store.passes.renew = renew
    home.wait(minutes=1)

    await process.step()

    assert await home.texts() == ["hello"]


async def test_a_row_that_cannot_be_read_is_one_dead_letter(house: Any) -> None:
    home = house()
    process = await home.settled()
    home.lost("good")
    home.pages.changed[home.lost("bad")] = {"sender": None}
    home.wait(minutes=5)

    for _ in range(3):
        await process.step()
        home.wait(minutes=1)
        process.ask()

    (letter,) = await home.desk.dead()
    assert letter.reason["why"].startswith("A row of MsgFlash's list:")
    assert await home.texts() == ["good"]


# -- what the list is good for


async def test_a_list_without_incoming_messages_is_said_once_and_read_less(
    house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    home = house(switches=Switches(messages_list="outbound"))
    process = await home.settled()
    await home.heard("came")
    home.wait(minutes=5)

    with caplog.at_level(logging.WARNING):
        await process.step()
        home.pages.asked = 0
        for _ in range(6 * 24):
            home.wait(hours=1)
            await process.step()
        hourly = home.pages.asked
        await home.heard("came again")
        home.wait(minutes=5)
        await home.process().step()

    assert (hourly, home.pages.asked) == (0, 1)
    (line,) = [record.message for record in caplog.records if "list of messages" in record.message]
    assert "does not show incoming ones" in line
    assert home.tally.counts["catch_up_blind"] == 2


async def test_a_quiet_hour_says_nothing_about_the_list(house: Any) -> None:
    home = house(switches=Switches(messages_list="outbound"))
    process = await home.settled()
    home.lost("nobody told us")
    home.wait(minutes=5)

    await process.step()

    assert "catch_up_blind" not in home.tally.counts


async def test_messages_are_left_alone_where_the_list_s_ids_are_not_the_webhooks(
    house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    home = house()
    process = await home.settled()
    for number in range(4):
        body = {
            "event": "message.received",
            "from": AWA,
            "body": f"m{number}",
            "messageId": f"of the delivery {number}",
        }
        home.lost(f"m{number}")
        await home.desk.tell(body)
        home.wait(minutes=2)
    answered = await home.texts()

    with caplog.at_level(logging.WARNING):
        await process.step()

    assert answered == ["m0", "m1", "m2", "m3"]
    assert await home.texts() == []
    assert "cannot tell which messages came" in caplog.text


# -- a bot's own reading


async def test_a_found_message_is_read_by_flashbot_where_the_bot_has_a_parse_of_its_own(house: Any) -> None:
    def own(body: bytes, header: str | None) -> Received:
        found = json.loads(body)
        if "wer" not in found:
            raise UnreadableEvent("This is not our shape.")
        return Received(name="message.received", message_id=found["nummer"], sender=found["wer"], text=found["was"])

    home = house(echo(parse=own))
    process = await home.settled()
    await home.desk.tell({"wer": AWA, "was": "hallo", "nummer": home.lost("hallo")})
    home.lost("noch da?")
    home.wait(minutes=5)

    await process.step()

    assert await home.texts() == ["hallo", "noch da?"]
    assert await home.desk.dead() == []


# -- what asks for a pass


async def test_a_number_that_is_connected_again_asks_for_a_pass(house: Any) -> None:
    home = house()
    process = await home.settled()
    await process.step()
    home.wait(minutes=10)
    home.lost("while it was away")
    home.wait(minutes=5)
    await process.step()
    before = await home.texts()

    await home.desk.tell({"event": "instance.connected", "instanceId": "i"})
    await process.step()

    assert before == []
    assert await home.texts() == ["while it was away"]


async def test_with_zero_minutes_only_a_start_and_a_reconnect_make_a_pass(house: Any) -> None:
    home = house()
    process = home.process(minutes=0)
    for _ in range(48):
        await process.step()
        home.wait(hours=1)
    asked = home.pages.asked

    process.ask()
    await process.step()

    assert (asked, home.pages.asked) == (1, 2)


# -- a store that forgot everything


async def test_a_store_that_forgot_everything_answers_what_nobody_answered(house: Any, tmp_path: Path) -> None:
    """FLUSHALL: who was written to since has had an answer, and the rest is found from the last pass on."""
    home = house()
    await home.process(last=LastPass(tmp_path)).step()
    home.wait(minutes=10)
    for phone in (AWA, BEN):
        home.lost(f"from {phone}", phone)
    home.wait(minutes=1)
    home.world.says(AWA, "an answer of before", own=True)
    home.wait(minutes=4)
    await home.desk.store._runner.command("FLUSHALL")
    last = LastPass(tmp_path)
    process = home.process(since_ms=last.since_ms(forgotten=True), last=last)

    await process.step()
    said = await home.texts()
    home.wait(minutes=1)
    process.ask()
    await process.step()

    assert said == [f"from {BEN}"]
    assert await home.texts() == []


async def test_a_store_that_is_emptied_while_the_bot_runs_answers_what_came_since_the_last_pass(house: Any) -> None:
    home = house()
    process = await home.settled()
    await process.step()
    home.wait(minutes=10)
    home.world.says(AWA, "accepted, and gone with the store")
    for delivery in home.due():
        await home.carry(delivery)
    await home.desk.store._runner.command("FLUSHALL")
    home.wait(minutes=5)

    await process.step()

    assert await home.texts() == ["accepted, and gone with the store"]


async def test_a_store_that_forgot_everything_unknown_when_answers_nothing_of_before(
    house: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = house()
    home.lost("who knows?")
    home.wait(minutes=10)

    with caplog.at_level(logging.WARNING):
        since_ms = LastPass(tmp_path).since_ms(forgotten=True)
    process = home.process(since_ms=since_ms)
    await process.step()

    assert await home.texts() == []
    assert "stay unanswered" in caplog.text


# -- the running engine


def test_a_running_engine_catches_up_and_its_stop_does_not_wait_for_the_list(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        lines = Slow(clock)
        engine = running(clock, lines)
        engine.start()
        await clock.sleep(600)
        begun = list(lines.begun)
        lines.seconds = 600
        await clock.sleep(3600)
        stopping = clock.monotonic()
        await engine.stop()

        assert begun == [0]
        assert lines.begun == [0, 3600]
        assert clock.monotonic() - stopping < 1

    virtually(story)


def test_a_store_that_was_away_and_is_back_asks_for_a_pass(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        lines = Slow(clock)
        engine = running(clock, lines)
        engine.start()
        await clock.sleep(301)
        lines.away = True  # too short a while for catch-up itself to see it
        await clock.sleep(45)
        lines.away = False
        await clock.sleep(100)
        await engine.stop()

        assert lines.begun == [0, 360]

    virtually(story)


def test_a_whole_process_answers_what_it_missed_also_when_its_store_was_emptied(virtually: Any, tmp_path: Path) -> None:
    async def story(clock: VirtualClock) -> None:
        world = World(clock, Random(0), requests_per_second=0)
        first, runner = whole(clock, world, tmp_path)
        first.start()
        await clock.sleep(200)
        world.says(AWA, "while the webhook was down")  # no endpoint: nobody is told
        await clock.sleep(500)
        await first.stop()
        runner.run_command("FLUSHALL")
        world.says(BEN, "after the store was emptied")
        await clock.sleep(300)
        second, _ = whole(clock, world, tmp_path, forgotten=True)
        second.start()
        await clock.sleep(60)
        await second.stop()

        assert [row["body"] for row in world.heard(AWA)] == ["You said while the webhook was down"]
        assert [row["body"] for row in world.heard(BEN)] == ["You said after the store was emptied"]

    virtually(story)


class Slow(FakeRunner):
    """A store that can be away, and a list whose pages take `seconds`."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self.clock = clock
        self.away = False
        self.seconds = 0.0
        self.begun: list[float] = []

    async def run(self, *args: Any, **more: Any) -> Any:
        if self.away:
            raise StoreAway("No Redis or Valkey answers.")
        return await super().run(*args, **more)

    async def page(self, limit: int | None = None, cursor: str | None = None) -> Page[Message]:
        self.begun.append(round(self.clock.monotonic()))
        await self.clock.sleep(self.seconds)
        return Page()


def running(clock: VirtualClock, lines: Slow) -> Engine:
    bot, tally = echo(), Tally()
    store = Store(lines, now_ms=lambda: to_ms(clock.now()))
    worker = Worker(
        store, bot.turns(DEMO_INSTANCE, clock), None, clock,
        patience=Patience(), hands=4, handler_seconds=30, tally=tally,
    )  # fmt: skip
    catch_up = CatchUp(store, lines, bot.routes, clock, tally, patience=Patience(), every=timedelta(hours=1))
    return Engine(worker, Idle(), clock, Patience(), listen=None, tick=20, catch_up=catch_up)  # type: ignore[arg-type]  # no sender is needed here


class Idle:
    """A sender with nothing to send."""

    due = None

    def __init__(self) -> None:
        self.stopping = False
        self.slots = Slots(1)

    async def step(self) -> bool:
        return False


def whole(clock: VirtualClock, world: World, folder: Path, **more: Any) -> tuple[Engine, FakeRunner]:
    runner, bot = FakeRunner(), echo()
    store = Store(runner, now_ms=lambda: to_ms(clock.now()))
    settings = Settings.model_construct(
        msgflash_url="http://sandbox.invalid", api_key=SecretStr(DEMO_KEY), instance_id=DEMO_INSTANCE,
        data_dir=folder, requests_per_second=0, catch_up_minutes=5,
    )  # fmt: skip
    parts = assemble(
        store, bot.turns(DEMO_INSTANCE, clock), settings, clock,
        routes=bot.routes, parse=bot.parse, work=True, web=False, ears=None, transport=SandboxTransport(world), **more,
    )  # fmt: skip
    assert parts.engine is not None
    return parts.engine, runner


async def test_what_came_as_a_webhook_in_the_first_minutes_is_known_for_it_where_the_list_has_other_ids(
    house: Any,
) -> None:
    home = house()
    process = home.process()
    await process.step()
    home.wait(seconds=10)
    await home.heard("hello")
    answered = await home.texts()
    (row,) = (await home.pages.page()).items
    home.pages.changed[row.id] = {"id": "another", "provider_message_id": None}
    process.ask()

    for _ in range(6):
        home.wait(seconds=min(60, await process.step()))

    assert answered == ["hello"]
    assert await home.texts() == []
    assert home.tally.counts["caught_up"] == 0
