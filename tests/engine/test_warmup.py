"""The drips of a young number keep to what MsgFlash advises; answers never wait for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from flashbot import Bot, Drip, Router, Turn
from flashbot.clock import ManualClock, to_ms
from flashbot.engine.history import load_days
from flashbot.engine.outbox import Outgoing
from flashbot.engine.pace import SharedPace
from flashbot.engine.pacing import Pacing, Questions
from flashbot.engine.patience import Patience
from flashbot.engine.pauses import Pauses
from flashbot.engine.sender import Sender
from flashbot.engine.tally import Tally
from flashbot.msgflash.content import Text
from flashbot.msgflash.errors import MsgFlashError, NotFound, error_for
from flashbot.msgflash.instances import InstanceHealth
from flashbot.msgflash.models import Instance
from flashbot.msgflash.sent import SentMessage, body_of
from flashbot.sandbox.world import DEMO_INSTANCE
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.testing.acquainting import acquaint
from flashbot.testing.any_time import ANY_TIME

INSTANCE = "i"
DAYS = timedelta(days=1)


def club() -> Bot:
    """A tip, an hour after somebody joins."""
    router: Router[None] = Router("club")
    drip = Drip("tips").send("tip", after=timedelta(hours=1))

    @router.intent("join", examples=["join"])
    async def join(turn: Turn[None]) -> None:
        turn.start(drip)

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply("yes?")

    return Bot(router, drips=[drip])


async def join_all(chat: Any, people: int) -> list[str]:
    phones = [f"+22507001{number:05}" for number in range(people)]
    for phone in phones:
        chat.world.says(phone, "join")
    await chat.wait(seconds=1)
    return phones


def tips(chat: Any) -> list[datetime]:
    return [datetime.fromisoformat(str(one["createdAt"])) for one in chat.world.sent if one["body"] == "tip"]


async def test_within_an_hour_no_more_drips_leave_than_msgflash_advises(conversation: Any) -> None:
    chat = await conversation(club())
    chat.world.set_health(DEMO_INSTANCE, "warming", hourlyOutboundCap=6)
    await join_all(chat, 10)

    await chat.wait(hours=6)

    moments = tips(chat)
    assert len(moments) == 10
    # Three of ten are kept for answers.
    assert all(sum(at <= one < at + timedelta(hours=1) for one in moments) <= 4 for at in moments)
    assert min((b - a for a, b in pairwise(moments)), default=DAYS) > timedelta(minutes=4)


async def test_a_spent_day_makes_drips_wait_until_tomorrow_and_answers_go(conversation: Any) -> None:
    chat = await conversation(club())
    chat.world.set_health(DEMO_INSTANCE, "warming", dailyOutboundCap=3)
    await join_all(chat, 5)
    await chat.wait(hours=9)
    today = len(tips(chat))

    await chat.says("anybody there?")
    answered = chat.replies
    await chat.wait(hours=40)

    assert today == 3
    assert answered == ["yes?"]
    assert len(tips(chat)) == 5
    assert await chat.dead_letters() == []


async def test_what_the_number_sent_otherwise_counts_as_well(conversation: Any) -> None:
    chat = await conversation(club())
    chat.world.set_health(DEMO_INSTANCE, "warming", hourlyOutboundCap=6)
    await join_all(chat, 5)
    await chat.wait(minutes=58)
    for number in range(5):
        await chat.says(f"question {number}")

    await chat.wait(minutes=5)
    soon = len(tips(chat))
    await chat.wait(hours=3)

    assert soon == 1
    assert len(tips(chat)) == 5


# -- several processes


@dataclass
class Health:
    """Answers with the caps of the test's choice, or not at all."""

    fault: MsgFlashError | None = None
    policy: dict[str, float] = field(default_factory=lambda: {"hourlyOutboundCap": 50, "dailyOutboundCap": 1000})
    state: str = "stable"
    score: float = 100
    age: timedelta = 100 * DAYS
    clock: ManualClock | None = None
    asked: int = 0
    hangs: asyncio.Event | None = None

    async def health(self, instance_id: str) -> InstanceHealth:
        self.asked += 1
        await asyncio.sleep(0)
        if self.hangs is not None:
            await self.hangs.wait()
        if self.fault is not None:
            raise self.fault
        return InstanceHealth.model_validate(
            {"safetyState": self.state, "safetyScore": self.score, "warmupPolicy": self.policy}
        )

    async def instance(self, instance_id: str) -> Instance:
        assert self.clock is not None
        return Instance(id=instance_id, wa_number="2250700000000", created_at=self.clock.now() - self.age)


@dataclass
class Post:
    """Accepts all, and says what the test wants beside it."""

    clock: ManualClock
    safety: dict[str, object] | None = None
    sent: list[tuple[str, datetime]] = field(default_factory=list)

    async def send(self, body: bytes) -> SentMessage:
        message = Outgoing("", "reply", 0, body).fields()
        self.sent.append((message["text"], self.clock.now()))
        return SentMessage(f"m{len(self.sent)}", "queued", safety=self.safety)

    async def look(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("Nothing here is in doubt.")

    row = look


class Crew:
    """Processes of one key on one store."""

    def __init__(self, clock: ManualClock, processes: int = 2) -> None:
        self.clock = clock
        self.health = Health(clock=clock)
        self.post = Post(clock)
        self.fake = FakeRunner()
        self.crew = [self._process(number) for number in range(processes)]

    def _process(self, number: int) -> tuple[Sender, Pacing]:
        store, tally = Store(self.fake, now_ms=lambda: to_ms(self.clock.now())), Tally()
        pace = SharedPace(store, self.clock, api_key="k", per_second=0)
        pauses = Pauses(store, self.clock, tally, key_tag=pace.tag, patience=Patience())
        questions = Questions(self.health.health, self.health.instance)
        pacing = Pacing(store, questions, pauses, self.clock, tally, ANY_TIME, key_tag=pace.tag)
        sender = Sender(
            store, self.post, pace, self.clock, patience=Patience(), hands=2, tally=tally,
            pauses=pauses, pacing=pacing, policy=ANY_TIME, rng=Random(number),
        )  # fmt: skip
        self.store = store
        return sender, pacing

    async def queue(self, count: int, cls: Any = "follow_up", name: str = "tip") -> None:
        phones = [f"+22507{number:08}" for number in range(count)]
        if not self.fake.keys():
            await self._acquaint([f"+22507{number:08}" for number in range(60)])
        for number, phone in enumerate(phones):
            body = body_of(INSTANCE, phone, Text(f"{name} {number}"))
            message = Outgoing(f"{name}-{number}/0", cls, to_ms(self.clock.now()), body)
            await self.store.post("reply" if cls == "reply" else "drip", "", phone, message.pack())

    async def _acquaint(self, phones: list[str]) -> None:
        await acquaint(self.store, *phones, instance=INSTANCE)
        await self.store.numbers.set(INSTANCE, dict.fromkeys(("health", "at", "asked", "state", "score", "since"), ""))

    async def die_asking(self) -> None:
        """The first process asks how the number is, and ends before it hears."""
        sender, pacing = self.crew.pop(0)
        self.health.hangs = asyncio.Event()
        await sender.step()
        await sender.slots.finish()
        question = asyncio.create_task(pacing.step())
        while not self.health.asked:
            await asyncio.sleep(0)
        question.cancel()
        await asyncio.gather(question, return_exceptions=True)
        self.health.hangs = None

    async def run(self, minutes: float, every: float = 15) -> int:
        """Try every so many seconds for so long; how many have left in all."""
        until = self.clock.now() + timedelta(minutes=minutes)
        while self.clock.now() < until:
            for sender, pacing in self.crew:
                await pacing.step()
                while await sender.step():
                    await sender.slots.finish()
            self.clock.advance(timedelta(seconds=every))
        return len(self.post.sent)


async def test_two_processes_share_one_budget_and_one_question(clock: ManualClock) -> None:
    crew = Crew(clock)
    crew.health.policy |= {"hourlyUniqueRecipientsCap": 50, "dailyUniqueRecipientsCap": 1000}
    await crew.queue(60)

    left = await crew.run(62)

    moments = [at for _, at in crew.post.sent]
    assert left >= 20
    assert all(sum(at <= one < at + timedelta(hours=1) for one in moments) <= 35 for at in moments)
    assert 4 <= crew.health.asked <= 5


async def test_who_comes_while_another_asks_waits_for_the_answer_and_not_for_minutes(clock: ManualClock) -> None:
    crew = Crew(clock)
    crew.health.policy |= {"hourlyOutboundCap": 1_000_000, "hourlyUniqueRecipientsCap": 50}
    await crew.queue(10)
    (first, asking), (second, _) = crew.crew
    await first.step()
    await first.slots.finish()
    await crew.store.numbers.ask(INSTANCE, within_ms=60_000)  # its question is on its way
    await second.step()
    await second.slots.finish()
    await crew.store.numbers.set(INSTANCE, {"asked": ""})
    await asking.step()

    clock.advance(timedelta(seconds=2))
    await second.step()
    await second.slots.finish()

    assert len(crew.post.sent) > 0


async def test_a_process_that_dies_while_it_asks_costs_seconds(clock: ManualClock) -> None:
    crew = Crew(clock)
    crew.health.policy |= {"hourlyOutboundCap": 1_000_000, "hourlyUniqueRecipientsCap": 50}
    await crew.queue(10)
    await crew.die_asking()

    assert await crew.run(0.3, every=5) > 0


async def test_nobody_else_asks_while_one_waits_for_an_answer_that_does_not_come(clock: ManualClock) -> None:
    crew = Crew(clock, processes=3)
    crew.health.hangs = asyncio.Event()
    await crew.queue(10)
    questions = []

    for _ in range(55):
        for sender, pacing in crew.crew:
            while await sender.step():
                await sender.slots.finish()
            questions.append(asyncio.create_task(pacing.step()))
        clock.advance(timedelta(seconds=1))
        for _ in range(20):
            await asyncio.sleep(0)

    for question in questions:
        question.cancel()
    await asyncio.gather(*questions, return_exceptions=True)
    assert crew.health.asked == 1


async def test_who_went_on_without_an_answer_waits_for_seconds_where_one_is_still_to_come(clock: ManualClock) -> None:
    crew = Crew(clock)
    crew.health.policy |= {"hourlyOutboundCap": 1_000_000, "hourlyUniqueRecipientsCap": 50}
    crew.health.age = DAYS
    await crew.queue(10)
    (first, asking), (second, _) = crew.crew
    crew.health.hangs = asyncio.Event()
    await first.step()
    await first.slots.finish()
    question = asyncio.create_task(asking.step())

    for seconds in range(20):
        await second.step()
        await second.slots.finish()
        clock.advance(timedelta(seconds=1))
        for _ in range(20):
            await asyncio.sleep(0)
        if seconds == 10:
            crew.health.hangs.set()

    await asyncio.gather(question)
    assert len(crew.post.sent) > 0


async def test_an_answer_that_says_nothing_is_asked_for_again_after_a_minute_at_most(clock: ManualClock) -> None:
    crew = Crew(clock, processes=4)
    crew.health.fault = NotFound("gone", call="GET /instances/i/health")
    await crew.queue(10)

    await crew.run(20)

    assert crew.health.asked <= 20


async def test_health_that_cannot_be_had_is_said_once_for_each_cause_and_so_is_its_return(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    crew = Crew(clock, processes=1)
    crew.health.policy = {"hourlyOutboundCap": 10, "dailyOutboundCap": 100}
    caplog.set_level("INFO", "flashbot.pacing")
    await crew.queue(60)
    call = "GET /instances/i/health"

    for fault in (NotFound("gone", call=call), NotFound("gone still", call=call), error_for(503, b"", call), None):
        crew.health.fault = fault
        await crew.run(20)
    asked = crew.health.asked
    crew.health.fault = error_for(503, b"", call)
    await crew.run(40)

    said = [(one.levelname, one.getMessage().partition(";")[0]) for one in caplog.records]
    assert asked > 10
    assert said == [
        ("WARNING", "The health of instance i cannot be had (gone)"),
        ("WARNING", f"The health of instance i cannot be had ({error_for(503, b'', call)})"),
        ("INFO", "The health of instance i can be had again."),
        ("WARNING", f"The health of instance i cannot be had ({error_for(503, b'', call)})"),
    ]


async def test_health_without_caps_leaves_the_stage_of_the_numbers_age(clock: ManualClock) -> None:
    crew = Crew(clock)
    crew.health.policy = {"maxCampaignRecipients": 100}
    await crew.queue(20)

    left = await crew.run(180)

    assert 8 <= left <= 10, "a number without a history begins with ten a day"


async def test_a_number_that_was_linked_yesterday_sends_nothing_where_msgflash_names_no_caps(
    clock: ManualClock,
) -> None:
    crew = Crew(clock)
    crew.health.fault = NotFound("gone", call="GET /instances/i/health")
    crew.health.age = DAYS
    await crew.queue(5)

    assert await crew.run(60) == 0


async def test_health_that_disappears_lowers_the_pace_within_one_send(clock: ManualClock) -> None:
    crew = Crew(clock)
    crew.health.policy = {"hourlyOutboundCap": 20, "dailyOutboundCap": 20}
    await crew.queue(30)
    assert await crew.run(60) < 16
    crew.health.fault = NotFound("gone", call="GET /instances/i/health")

    left = await crew.run(300)

    assert left == 16, "four fifths of twenty"


async def test_a_refused_account_found_by_this_question_pauses_sending(clock: ManualClock) -> None:
    crew = Crew(clock)
    crew.health.fault = error_for(401, b"", "GET /instances/i/health")
    await crew.queue(1)

    await crew.run(1)

    assert crew.crew[0][0].pauses.account == "key_refused"
    assert crew.health.asked == 1


async def test_each_day_that_is_over_is_kept_with_the_number_and_moves_its_stage(clock: ManualClock) -> None:
    crew = Crew(clock)
    await crew.queue(30)
    left = await crew.run(60)
    clock.advance(DAYS)
    await crew.queue(1, name="next day")
    await crew.run(2)

    _, known = await crew.store.numbers.read(INSTANCE, "days", "stage")

    (day,) = load_days(known["days"]).values()
    assert (day.active, day.sent, day.reply_rate) == (True, left, 0.0)
    assert known["stage"] == "1"


# -- what a send tells


@pytest.mark.parametrize("state", ["restricted", "a new word"])
async def test_restricted_stops_what_is_unasked_within_one_send_and_no_reply(clock: ManualClock, state: str) -> None:
    crew = Crew(clock, processes=8)
    crew.health.policy = {"hourlyOutboundCap": 1_000_000, "dailyOutboundCap": 1_000_000}
    await crew.queue(3, name="before")
    before = await crew.run(1)
    crew.post.safety = {"decision": "warn", "riskLevel": "high", "state": state, "score": 80}
    crew.health.state = state
    await crew.queue(20, name="after")

    after = await crew.run(30)
    await crew.queue(3, "reply", name="answer")
    answered = await crew.run(1)

    assert before == 3
    assert after <= before + 2, "those that were under way when it was told"
    assert answered == after + 3


async def test_a_state_that_is_over_lets_drips_leave_again(clock: ManualClock) -> None:
    crew = Crew(clock)
    crew.health.policy = {"hourlyOutboundCap": 1_000_000, "dailyOutboundCap": 1_000_000}
    crew.health.state = "restricted"
    await crew.queue(3)
    none = await crew.run(10)
    crew.health.state = "stable"

    assert none == 0
    assert await crew.run(20) == 3


@pytest.mark.parametrize("hours", [-48, -1, 1, 48])
async def test_a_clock_that_jumps_releases_no_burst(clock: ManualClock, hours: int) -> None:
    crew = Crew(clock)
    crew.health.policy = {"hourlyOutboundCap": 20, "dailyOutboundCap": 1000}
    await crew.queue(60)
    before = await crew.run(60)

    for sender, _ in crew.crew:
        store: Any = sender._store
        store._now_ms = lambda: to_ms(clock.now() + timedelta(hours=hours))
    after = await crew.run(60)

    assert after - before <= 15, "no more than an hour's fourteen, and one at its edge"
