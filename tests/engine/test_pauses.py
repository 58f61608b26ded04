"""Sending stands still for a cause: told once, tried by one process for all, gone on with by itself, nothing lost."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr

from flashbot.bot import Bot
from flashbot.clock import to_ms
from flashbot.consent import MARKETING, Entry
from flashbot.dialogue.memory import Memory
from flashbot.dialogue.router import Router
from flashbot.dialogue.turn import Turn
from flashbot.engine.assembly import Parts, assemble
from flashbot.engine.doubt import Doubt
from flashbot.engine.outbox import Outgoing, lane_of
from flashbot.msgflash.content import Text
from flashbot.msgflash.errors import NotSent, OutcomeUnknown
from flashbot.msgflash.sent import body_of
from flashbot.msgflash.transport import Request, Response
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.settings import Settings
from flashbot.store.deadletters import DeadLetters
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Later
from flashbot.testing.any_time import ANY_TIME
from flashbot.testing.sandbox import SandboxTransport
from flashbot.testing.virtual import VirtualClock, VirtualLoop, run_virtual

SECRET = "a secret of the test"
SEND = "POST /messages/send"
STATE = f"GET /instances/{DEMO_INSTANCE}/state"
Story = Callable[[VirtualClock], Coroutine[Any, Any, None]]


class At(VirtualClock):
    """A virtual clock that begins at a moment of the test's choice."""

    def __init__(self, loop: VirtualLoop, begin: datetime) -> None:
        super().__init__(loop)
        self._ahead = begin - super().now()

    def now(self) -> datetime:
        return super().now() + self._ahead


class Wire:
    """Into the sandbox; notes what is asked, and when. `away`: nothing gets there. `takes`: seconds for an answer."""

    def __init__(self, world: World, clock: VirtualClock) -> None:
        self._sandbox = SandboxTransport(world)
        self._clock = clock
        self.away = False
        self.takes = 0.0
        self.asked: list[tuple[float, str]] = []
        self.under_way: list[bytes] = []
        self.together: list[list[bytes]] = []

    async def send(self, request: Request) -> Response:
        self.asked.append((self._clock.monotonic(), f"{request.method} {request.path}"))
        if self.away:
            raise NotSent("No connection to MsgFlash.", call=request.call)
        self.under_way.append(request.body or b"")
        self.together.append(list(self.under_way))
        await self._clock.sleep(self.takes)
        self.under_way.remove(request.body or b"")
        return await self._sandbox.send(request)

    def moments(self, call: str, since: float = 0) -> list[float]:
        return [at for at, asked in self.asked if asked == call and at >= since]


class Counting:
    """A runner that counts the slots of the rate that were given out."""

    def __init__(self, fake: FakeRunner) -> None:
        self.fake = fake
        self.slots = 0

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        found = self.fake.run_now(name, tag, args)
        self.slots += name == "permit" and bool(found[0])
        return found


class House:
    """Processes of one bot on one store, and the MsgFlash they send to."""

    def __init__(self, clock: VirtualClock, *, processes: int = 2, key: str = DEMO_KEY, **world: Any) -> None:
        self.clock = clock
        self.world = World(clock, Random(1), secret=SECRET, **world)
        self.world.add_webhook("http://bot.invalid/webhooks/msgflash")
        self.wire = Wire(self.world, clock)
        self.fake = FakeRunner()
        self.runner = Counting(self.fake)
        self.processes = [self.process(key=key) for _ in range(processes)]

    def process(self, *, key: str = DEMO_KEY, work: bool = True) -> Parts:
        router: Router[None] = Router("quiet")

        @router.fallback
        async def hush(turn: Turn[None]) -> None:
            return None

        bot = Bot(router)
        settings = Settings.model_construct(
            msgflash_url="http://sandbox.invalid", api_key=SecretStr(key), webhook_secret=SecretStr(SECRET),
            data_dir=Path(os.devnull),
        )  # fmt: skip
        parts = assemble(
            self.new_store(), bot.turns(DEMO_INSTANCE, self.clock), settings, self.clock,
            routes=bot.routes, parse=bot.parse, work=work, web=True, ears=None, transport=self.wire,
            policy=ANY_TIME,
        )  # fmt: skip
        if parts.engine is not None:
            parts.engine.start()
        return parts

    def new_store(self) -> Store:
        return Store(self.runner, now_ms=lambda: to_ms(self.clock.now()))

    async def run(self, seconds: float, *, webhooks: bool = True) -> None:
        """Let time pass; every webhook goes to one process, as behind a load balancer."""
        until = self.clock.monotonic() + seconds
        while self.clock.monotonic() < until:
            for at, delivery in enumerate(self.world.due(self.clock.now())):
                intake = self.processes[at % len(self.processes)].intake
                if not webhooks or intake is None:
                    continue
                answer = await intake.receive(delivery.body, delivery.headers.get("X-MsgFlash-Signature"))
                self.world.delivered(delivery, answer.status)
            await self.clock.sleep(0.5)

    async def queue(
        self, text: str, *, to: int = 1, cls: Any = "reply", instance: str = DEMO_INSTANCE, age: timedelta = timedelta()
    ) -> None:
        phone = f"+22507{to:08}"
        name = text.replace(" ", "-")
        if lane_of(cls) == "drip":
            memory = Memory()
            memory.heard(to_ms(self.clock.now()), instance)
            memory.note(Entry(MARKETING, "given", "a test", "yes", to_ms(self.clock.now())))
            await self.fake.command("SET", f"{{fb:0}}:st:{phone}", memory.dump())
        message = Outgoing(f"{name}/0", cls, to_ms(self.clock.now() - age), body_of(instance, phone, Text(text)))
        await self.new_store().post(lane_of(cls), "", phone, message.pack())

    @property
    def texts(self) -> list[str]:
        return [str(message["body"]) for message in self.world.sent]

    def count(self, what: str) -> int:
        return sum(one.tally.counts[what] for one in self.processes)

    async def dead(self) -> list[str]:
        return [letter.reason["why"] async for letter in DeadLetters(self.fake, self.new_store()).list()]

    async def stop(self) -> None:
        for one in self.processes:
            if one.engine is not None:
                await one.engine.stop()
            await one.close()


def tell(story: Story, begin: datetime | None = None) -> None:
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        run_virtual(story(VirtualClock(loop) if begin is None else At(loop, begin)), loop)
    finally:
        asyncio.set_event_loop(None)


def said(caplog: pytest.LogCaptureFixture, level: int, word: str) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == level and word in one.getMessage()]


def refuse_key(world: World) -> Callable[[], None]:
    kept = world.access.keys.pop(DEMO_KEY)
    return lambda: world.access.keys.update({DEMO_KEY: kept})


def end_subscription(world: World) -> Callable[[], None]:
    world.set_subscription(False)
    return lambda: world.set_subscription(True)


@pytest.mark.parametrize(("begin", "cause"), [(refuse_key, "key_refused"), (end_subscription, "subscription_inactive")])
def test_a_refused_account_is_told_once_and_tried_once_a_minute_by_all_processes_together(
    begin: Callable[[World], Callable[[], None]], cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        mend = begin(house.world)
        for number in range(12):
            await house.queue(f"{number}", to=number % 4)
        await house.run(250)
        probes = house.wire.moments(SEND, since=10)
        unsent = list(house.texts)
        paused = [dict(one.tally.paused) for one in house.processes]
        shown = [await one.paused() for one in house.processes]
        mended_at = clock.monotonic()
        mend()
        await house.run(65)

        assert unsent == []
        assert len([at for at in house.wire.moments(SEND) if at < 10]) <= 8, "what was under way together, no more"
        assert [round(b - a) for a, b in pairwise(probes) if b < mended_at] == [60, 60, 60]
        assert paused == [{(cause, "account"): True}] * 2
        assert [[(one["cause"], one["scope"]) for one in each] for each in shown] == [[(cause, "account")]] * 2
        assert len(house.texts) == 12
        for contact in range(4):
            own = [text for text in house.texts if int(text) % 4 == contact]
            assert own == sorted(own, key=int)
        assert [one.tally.paused for one in house.processes] == [{(cause, "account"): False}] * 2
        assert await house.dead() == []
        await house.stop()

    with caplog.at_level(logging.DEBUG):
        tell(story)

    assert len(said(caplog, logging.ERROR, "Sending is paused")) == 1
    assert len(said(caplog, logging.INFO, "Sending goes on")) == 1
    assert DEMO_KEY not in caplog.text


def test_a_spent_month_is_tried_again_when_it_ends_replies_first() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock, processes=1, monthly_outbound=1)
        await house.queue("the last of January")
        await house.run(2)
        await house.queue("a drip", to=2, cls="follow_up")
        await house.run(3)
        await house.queue("a reply", to=3)
        await house.run(590)
        in_january, tries = list(house.texts), len(house.wire.moments(SEND))
        house.world.account._limits["monthlyOutboundQuota"] = 3
        await house.run(20)

        assert in_january == ["the last of January"]
        assert tries == 2
        assert house.texts == ["the last of January", "a reply", "a drip"]
        assert house.count("paused_outbound_quota") == 1
        assert await house.dead() == []
        await house.stop()

    tell(story, datetime.fromisoformat("2026-01-31T23:50:00+00:00"))


def test_a_look_that_the_account_is_refused_pauses_sending_and_is_no_failed_look() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock, statuses=None)
        house.world.faults.hang_after()
        await house.queue("accepted in silence")
        await house.run(25, webhooks=False)
        mend = refuse_key(house.world)
        await house.run(200, webhooks=False)
        paused = house.count("paused_key_refused")
        note = house.fake.run_command("HGET", "{fb:0}:reply:m:+2250700000001", "n")
        mend()
        await house.queue("another", to=2)
        await house.run(70, webhooks=False)

        assert paused == 1
        assert Doubt.load(note).failed_looks == 0
        assert house.texts == ["accepted in silence", "another"]
        assert house.count("resolved_list") == 1
        assert await house.dead() == []
        await house.stop()

    tell(story)


def test_one_message_that_is_forbidden_does_not_hold_up_the_others_for_ever() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        forbidden = house.wire.send

        async def send(request: Request) -> Response:
            if b"forbidden" in (request.body or b""):
                return Response(403, {}, b'{"error":{"code":"FORBIDDEN","message":""}}')
            return await forbidden(request)

        house.wire.send = send  # type: ignore[method-assign]  # MsgFlash's answer to one message
        await house.queue("forbidden")
        for number in range(8):
            await house.queue(f"{number}", to=2 + number)
            await house.run(61)

        assert house.texts == [str(number) for number in range(8)]
        assert len(await house.dead()) == 1
        assert house.count("paused_key_refused") == 3
        assert house.count("resumed") == 3
        await house.stop()

    tell(story)


def test_too_many_requests_hold_everybody_back_and_the_same_message_goes_again() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        house.world.faults.rate_limit(2)
        for text in ("one", "two", "three"):
            await house.queue(text)
        await house.queue("to another", to=2)
        await house.run(10)

        refused = house.count("rate_limited")
        moments = house.wire.moments(SEND)
        assert refused == 2
        assert len(moments) == 6
        assert all(b - a >= 1 for a, b in pairwise(moments[:refused]))
        assert [text for text in house.texts if text != "to another"] == ["one", "two", "three"]
        assert house.count("sent") == 4
        await house.stop()

    tell(story)


# -- MsgFlash cannot be reached


def test_while_msgflash_cannot_be_reached_one_message_tries_and_the_rest_wait_untouched(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock, processes=1)
        house.wire.away = True
        for number in range(100):
            await house.queue(f"{number}", to=number)
        await house.run(120)
        tries = house.wire.moments(SEND)
        house.wire.away = False
        await house.run(45)

        assert len(tries) < 15
        assert max(b - a for a, b in pairwise(tries)) < 32
        assert sorted(map(int, house.texts)) == list(range(100))
        assert house.count("ambiguous") == 0
        assert await house.dead() == []
        await house.stop()

    with caplog.at_level(logging.INFO):
        tell(story)

    assert len(said(caplog, logging.ERROR, "cannot be reached")) == 1
    assert len(said(caplog, logging.INFO, "can be reached again")) == 1


# -- an instance that lost its link


def test_a_disconnected_instance_parks_its_messages_and_others_flow(caplog: pytest.LogCaptureFixture) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        other = house.world.add_instance("second", "+33600000009")
        house.world.set_status(DEMO_INSTANCE, "disconnected")
        await house.run(2)
        for number in range(5):
            await house.queue(f"held {number}", to=number)
            await house.queue(f"free {number}", to=10 + number, instance=other)
        await house.run(300)
        while_held = list(house.texts)
        asked = house.wire.moments(STATE)
        house.world.set_status(DEMO_INSTANCE, "connected")
        await house.run(62)

        assert sorted(while_held) == [f"free {number}" for number in range(5)]
        assert 4 <= len(asked) <= 5
        assert min(b - a for a, b in pairwise(asked)) >= 60
        assert sorted(house.texts) == sorted(f"{kind} {n}" for kind in ("free", "held") for n in range(5))
        assert house.count("paused_instance_disconnected") == 1
        assert await house.dead() == []
        await house.stop()

    with caplog.at_level(logging.INFO):
        tell(story)

    assert len(said(caplog, logging.ERROR, f"Instance {DEMO_INSTANCE} is paused")) == 1
    assert len(said(caplog, logging.INFO, f"Instance {DEMO_INSTANCE} goes on")) == 1


def test_an_instance_that_is_linked_again_goes_on_without_a_webhook() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        house.world.set_status(DEMO_INSTANCE, "disconnected")
        await house.run(2)
        await house.queue("held")
        await house.run(10)
        house.world.faults.lose_webhooks(event="instance.connected")
        house.world.set_status(DEMO_INSTANCE, "connected")
        await house.run(125)

        assert house.texts == ["held"]
        await house.stop()

    tell(story)


def test_every_loss_of_the_link_is_noted_once_whoever_hears_of_it() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        for _ in range(3):
            house.world.set_status(DEMO_INSTANCE, "disconnected")
            await house.run(30)
            house.world.set_status(DEMO_INSTANCE, "connected")
            await house.run(30)

        _, known = await house.new_store().numbers.read(DEMO_INSTANCE, "losses")
        assert len(known["losses"].split()) == 3
        await house.stop()

    tell(story)


@pytest.mark.parametrize("sign", ["a failed message", "a fault of the provider"])
def test_a_disconnected_instance_is_found_out_without_its_webhook(sign: str) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        house.world.faults.lose_webhooks(event="instance.disconnected")
        house.world.set_status(DEMO_INSTANCE, "disconnected")
        if sign == "a fault of the provider":
            house.world.faults.plan("error_before", code="PROVIDER_UNAVAILABLE")
        await house.queue("a sign")
        await house.run(5)
        await house.queue("later", to=2)
        await house.run(150)

        assert "later" not in house.texts
        assert 2 <= len(house.wire.moments(STATE)) <= 4
        assert house.count("paused_instance_disconnected") == 1
        await house.stop()

    tell(story)


def test_failing_messages_of_a_linked_instance_ask_for_its_state_once_a_minute() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        house.world.faults.fail_message(100)
        for number in range(100):
            await house.queue(f"{number}", to=number)
        await house.run(62)

        assert 1 <= len(house.wire.moments(STATE)) <= 2
        assert house.count("paused_instance_disconnected") == 0
        await house.stop()

    tell(story)


def test_an_old_webhook_of_a_disconnection_is_not_believed() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        house.world.set_status(DEMO_INSTANCE, "disconnected")
        late = house.world.due(clock.now())
        house.world.set_status(DEMO_INSTANCE, "connected")
        await house.run(120)
        for delivery in late:
            assert house.processes[0].intake is not None
            await house.processes[0].intake.receive(delivery.body, delivery.headers.get("X-MsgFlash-Signature"))
        await house.queue("hello")
        await house.run(3)

        assert late
        assert house.texts == ["hello"]
        assert house.count("paused_instance_disconnected") == 0
        await house.stop()

    tell(story)


def test_an_instance_that_is_gone_is_let_go_and_its_messages_are_buried() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        house.world.set_status(DEMO_INSTANCE, "disconnected")
        await house.run(2)
        await house.queue("to nowhere")
        del house.world.instances._all[DEMO_INSTANCE]
        await house.run(130)

        assert len(await house.dead()) == 1
        assert not any(house.processes[0].tally.paused.values())
        await house.stop()

    tell(story)


def test_a_process_without_a_key_tells_the_others_of_a_disconnected_instance() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock, processes=1)
        web_only = house.process(key="", work=False)
        house.world.set_status(DEMO_INSTANCE, "disconnected")
        (delivery,) = house.world.due(clock.now())
        assert web_only.intake is not None
        await web_only.intake.receive(delivery.body, delivery.headers.get("X-MsgFlash-Signature"))
        await house.run(1.5)
        await house.queue("held")
        await house.run(30)

        assert house.texts == []
        assert [one["scope"] for one in await web_only.paused()] == [DEMO_INSTANCE]
        await house.stop()

    tell(story)


def test_thousands_of_parked_contacts_cost_another_instance_nothing() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock, processes=1)
        other = house.world.add_instance("second", "+33600000009")
        house.world.set_status(DEMO_INSTANCE, "disconnected")
        await house.run(2)
        for number in range(2000):
            await house.queue("held", to=number)
        for number in range(20):
            await house.queue(f"{number}", to=5000 + number, instance=other)
        begun = clock.monotonic()
        await house.run(4)
        moments = house.wire.moments(SEND, since=begun)
        slots = house.runner.slots
        await house.run(100)

        assert [int(text) for text in house.texts] == list(range(20))
        assert moments[-1] - moments[0] <= 19 / 9.2 + 0.1
        assert house.runner.slots - slots <= 3, "a parked message burnt a slot of the rate"
        await house.stop()

    tell(story)


# -- what is too old, and what goes first


def test_what_is_sent_unasked_expires_after_six_hours_and_an_answer_never() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock, processes=1)
        old, nearly = timedelta(hours=6, minutes=1), timedelta(hours=5, minutes=59)
        await house.queue("an old follow-up", to=1, cls="follow_up", age=old)
        await house.queue("old marketing", to=2, cls="marketing", age=old)
        await house.queue("a follow-up", to=3, cls="follow_up", age=nearly)
        await house.queue("an old answer", to=4, age=old)
        await house.queue("an old notice", to=5, cls="service", age=old)
        await house.run(10)

        assert sorted(house.texts) == ["a follow-up", "an old answer", "an old notice"]
        assert house.count("expired") == 2
        assert await house.dead() == []
        await house.stop()

    tell(story)


def test_drips_of_an_instance_that_was_disconnected_for_hours_expire_and_its_answers_leave() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock, processes=1)
        house.world.set_status(DEMO_INSTANCE, "disconnected")
        await house.run(2)
        await house.queue("a tip", cls="follow_up", age=timedelta(hours=5, minutes=57))
        await house.queue("an answer", to=2, age=timedelta(hours=5, minutes=57))
        await house.run(200)
        house.world.set_status(DEMO_INSTANCE, "connected")
        await house.run(90)

        assert house.texts == ["an answer"]
        assert house.count("expired") == 1
        await house.stop()

    tell(story)


def test_a_reply_goes_before_a_drip_and_no_lane_of_a_contact_has_two_under_way() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        house.wire.takes = 1.5
        await house.run(2)
        for number in range(3):
            await house.queue(f"drip {number}", cls="follow_up")
            await house.queue(f"reply {number}")
        await house.run(30)

        assert house.texts[0] == "reply 0"
        for lane in ("drip", "reply"):
            assert [text for text in house.texts if lane in text] == [f"{lane} {number}" for number in range(3)]
            together = [sum(lane.encode() in body for body in bodies) for bodies in house.wire.together]
            assert max(together) == 1
        await house.stop()

    tell(story)


def test_drips_that_wait_for_their_budget_burn_no_slots_and_answers_flow() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        house.world.set_health(DEMO_INSTANCE, "warming", hourlyOutboundCap=3)
        for number in range(50):
            await house.queue(f"drip {number}", to=number, cls="marketing")
        await house.run(20)
        slots = house.runner.slots
        await house.run(100)
        waiting = house.runner.slots - slots
        await house.queue("an answer", to=3)
        await house.run(2)

        assert len([text for text in house.texts if "drip" in text]) == 1, "the next comes after a gap"
        assert waiting <= 2
        assert house.texts[-1] == "an answer"
        assert len(house.wire.moments(f"GET /instances/{DEMO_INSTANCE}/health")) == 1
        await house.stop()

    tell(story)


def forbid(house: House, what: str) -> None:
    """Every call with these words is answered 403: the key may not do that."""
    allowed = house.wire.send

    async def send(request: Request) -> Response:
        if what in f"{request.method} {request.path}":
            return Response(403, {}, b'{"error":{"code":"FORBIDDEN"}}')
        return await allowed(request)

    house.wire.send = send  # type: ignore[method-assign]  # the wire of this test


@pytest.mark.parametrize("question", ["/health", "/state"])
def test_a_question_that_the_key_may_not_ask_holds_no_message_back(question: str) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock, processes=1)
        forbid(house, question)
        linked = to_ms(clock.now() - timedelta(days=5))
        await house.new_store().numbers.set(DEMO_INSTANCE, {"since": str(linked)})
        await house.processes[0].pauses.suspect(DEMO_INSTANCE)
        await house.queue("a tip", cls="follow_up")
        await house.run(5)
        await house.queue("an answer", to=2)
        await house.run(5)

        assert sorted(house.texts) == ["a tip", "an answer"]
        assert house.processes[0].pauses.account is None
        await house.stop()

    tell(story)


def test_with_nothing_but_drips_waiting_a_mended_account_is_found_out(caplog: pytest.LogCaptureFixture) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        mend = refuse_key(house.world)
        for process in house.processes:
            await process.pauses.hold("key_refused")
        await house.queue("a tip", cls="follow_up")
        await house.run(200)
        mend()
        await house.run(400)

        assert house.texts == ["a tip"]
        await house.stop()

    tell(story)


def test_drips_that_waited_for_the_numbers_budget_outlast_an_hour_without_a_process() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock, processes=1)
        house.world.set_health(DEMO_INSTANCE, "warming", dailyOutboundCap=1)
        for number in range(3):
            await house.queue(f"tip {number}", to=number, cls="follow_up", age=timedelta(hours=5, minutes=30))
        await house.run(120)
        await house.stop()
        await clock.sleep(3600)
        house.processes = [house.process()]
        await house.run(1200)

        assert house.count("expired") == 0
        house.world.set_health(DEMO_INSTANCE, "warming", dailyOutboundCap=50)
        await house.run(1200)
        assert len(house.texts) == 3
        await house.stop()

    tell(story)


def test_a_number_that_stays_disconnected_does_not_spend_the_months_requests() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock, processes=1)
        house.world.set_status(DEMO_INSTANCE, "disconnected")
        await house.run(10 * 60)
        first = len(house.wire.moments(STATE))
        await house.run(50 * 60)

        assert first >= 9
        assert len(house.wire.moments(STATE)) < first + 25
        await house.stop()

    tell(story)


async def doubt(house: House, count: int) -> None:
    """Messages whose request got no answer."""
    store = house.new_store()
    for number in range(count):
        await house.queue(f"doubt {number}", to=number)
    _, found = await store.take(("reply",), lease_ms=1000, most=count)
    for taken in found:
        note = Doubt(parked=True, first_ms=taken.since_ms).dump()
        await store.commit(taken, Later(0, clean=False, note=note))


def test_a_list_that_does_not_answer_keeps_no_reply_waiting() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock, processes=1)
        await doubt(house, 12)

        answered = house.wire.send

        async def send(request: Request) -> Response:
            if f"{request.method} {request.path}" == "GET /messages":
                await clock.sleep(20)
                raise OutcomeUnknown("no answer", call=request.call)
            return await answered(request)

        house.wire.send = send  # type: ignore[method-assign]  # the wire of this test
        await house.run(40)

        waited = []
        for number in range(20):
            begun = clock.monotonic()
            await house.queue(f"hello {number}", to=500 + number)
            while f"hello {number}" not in house.texts and clock.monotonic() - begun < 60:
                await clock.sleep(0.5)
            waited.append(clock.monotonic() - begun)
        await house.stop()

        assert max(waited) < 5

    tell(story)


def test_a_key_that_may_not_read_the_list_goes_on_sending() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock, processes=1)
        forbid(house, "GET /messages")
        await doubt(house, 1)

        held = 0
        for number in range(300):
            await house.queue(f"reply {number}", to=100 + number % 7)
            await house.run(1)
            held += house.processes[0].pauses.account is not None
        await house.stop()

        assert held == 0
        assert len(house.texts) >= 299

    tell(story)


def test_what_an_older_version_noted_of_refusals_buries_nothing() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock, processes=1)
        store = house.new_store()
        for number in range(5):
            await house.queue(f"message {number}", to=number)
        _, found = await store.take(("reply",), lease_ms=1000, most=5)
        for taken in found:
            await store.commit(taken, Later(0, clean=True, note=b'{"refusals":9}'))
        forbid(house, SEND)

        await house.run(150)
        await house.stop()

        assert await house.dead() == []

    tell(story)
