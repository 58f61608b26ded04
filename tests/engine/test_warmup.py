"""The drips of a young number keep to what MsgFlash advises; answers never wait for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from flashbot import Bot, Drip, Router, Turn
from flashbot.clock import ManualClock, to_ms
from flashbot.engine.patience import Patience
from flashbot.engine.pauses import Pauses
from flashbot.engine.tally import Tally
from flashbot.engine.warmup import Warmup
from flashbot.msgflash.errors import MsgFlashError, NotFound, error_for
from flashbot.msgflash.instances import InstanceHealth
from flashbot.sandbox.world import DEMO_INSTANCE
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store

KEY = "{key:k}"


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
    chat.world.set_health(DEMO_INSTANCE, "warming", hourlyOutboundCap=4)
    await join_all(chat, 10)

    await chat.wait(hours=1, minutes=30)
    first = len(tips(chat))
    await chat.wait(hours=5)

    moments = tips(chat)
    assert first == 4
    assert len(moments) == 10
    assert all(sum(at <= one < at + timedelta(hours=1) for one in moments) <= 4 for at in moments)


async def test_a_spent_day_makes_drips_wait_until_tomorrow_and_answers_go(conversation: Any) -> None:
    chat = await conversation(club())
    chat.world.set_health(DEMO_INSTANCE, "warming", dailyOutboundCap=3)
    await join_all(chat, 5)
    await chat.wait(hours=9)
    today = len(tips(chat))

    await chat.says("anybody there?")
    answered = chat.replies
    await chat.wait(hours=20)

    assert today == 3
    assert answered == ["yes?"]
    assert len(tips(chat)) == 5
    assert await chat.dead_letters() == []


async def test_what_the_number_sent_otherwise_counts_as_well(conversation: Any) -> None:
    chat = await conversation(club())
    chat.world.set_health(DEMO_INSTANCE, "warming", hourlyOutboundCap=4)
    await join_all(chat, 5)
    await chat.wait(minutes=58)
    for number in range(3):
        await chat.says(f"question {number}")

    await chat.wait(minutes=5)

    assert len(tips(chat)) == 1


# -- the budget alone


class Health:
    """Answers with the caps of the test's choice, or not at all."""

    def __init__(self) -> None:
        self.fault: MsgFlashError | None = None
        self.policy: dict[str, int] | None = {"hourlyOutboundCap": 25, "dailyOutboundCap": 100}
        self.asked = 0

    async def __call__(self, instance_id: str) -> InstanceHealth:
        self.asked += 1
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        return InstanceHealth.model_validate({"warmupPolicy": self.policy})


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def two(clock: ManualClock, health: Health) -> list[Warmup]:
    """As two processes of one key have them."""
    fake = FakeRunner()
    found = []
    for _ in range(2):
        store, tally = Store(fake, now_ms=lambda: to_ms(clock.now())), Tally()
        pauses = Pauses(store, clock, tally, key_tag=KEY, patience=Patience())
        found.append(Warmup(store, health, pauses, clock, tally, key_tag=KEY))
    return found


async def spend_all(warmups: list[Warmup], clock: ManualClock, minutes: int) -> int:
    """Try as often as one may for so long; how many were let through."""
    counts = Counter[str]()
    until = clock.now() + timedelta(minutes=minutes)
    while clock.now() < until:
        for warmup in warmups:
            await warmup.step()
            while await warmup.spend("i") is None:
                counts["left"] += 1
                assert counts["left"] < 1000, "without end"
        clock.advance(timedelta(seconds=20))
    return counts["left"]


async def test_two_processes_share_one_budget_and_one_question(
    two: list[Warmup], clock: ManualClock, health: Health
) -> None:
    left = await spend_all(two, clock, 10)

    assert left == 25
    assert health.asked == 1


async def test_health_is_asked_for_again_when_it_is_old_and_there_is_something_to_send(
    two: list[Warmup], clock: ManualClock, health: Health
) -> None:
    await spend_all(two, clock, 50)

    assert health.asked <= 4


@pytest.mark.parametrize("policy", [None, {}, {"maxCampaignRecipients": 100}])
async def test_health_without_caps_lets_a_few_through(
    two: list[Warmup], clock: ManualClock, health: Health, policy: dict[str, int] | None
) -> None:
    health.policy = policy

    assert await spend_all(two, clock, 50) == 20


async def test_health_that_cannot_be_had_lets_a_few_through(
    two: list[Warmup], clock: ManualClock, health: Health
) -> None:
    health.fault = NotFound("gone", call="GET /instances/i/health")

    assert await spend_all(two, clock, 50) == 20


async def test_health_that_cannot_be_had_any_more_leaves_four_fifths_of_what_was_known(
    two: list[Warmup], clock: ManualClock, health: Health
) -> None:
    await spend_all(two, clock, 1)
    health.fault = NotFound("gone", call="GET /instances/i/health")
    clock.advance(timedelta(hours=2))

    assert await spend_all(two, clock, 50) == 20


async def test_a_refused_account_found_by_this_question_pauses_sending(
    two: list[Warmup], clock: ManualClock, health: Health
) -> None:
    health.fault = error_for(401, b"", "GET /instances/i/health")

    await spend_all(two, clock, 1)

    assert two[0]._pauses.account == "key_refused"
    assert health.asked == 1
