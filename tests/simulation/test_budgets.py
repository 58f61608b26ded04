"""Eight processes that die at any moment never send more than the number's ceilings, by MsgFlash's own count."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from flashbot.engine.outbox import Outgoing
from flashbot.engine.pace import SharedPace
from flashbot.engine.pacing import Pacing, Questions
from flashbot.engine.pauses import Pauses
from flashbot.engine.sender import Sender
from flashbot.engine.tally import Tally
from flashbot.errors import StoreAway
from flashbot.msgflash.content import Text
from flashbot.msgflash.instances import InstanceHealth, UsageWindow, WarmupPolicy
from flashbot.msgflash.models import Instance
from flashbot.msgflash.sent import body_of
from flashbot.store.mailbox import Store
from flashbot.store.records import Lane
from flashbot.testing.acquainting import acquaint
from flashbot.testing.any_time import ANY_TIME
from flashbot.testing.simulated_world import INSTANCE, PATIENCE, Faults, Post, Process, Runner, World
from flashbot.testing.virtual import VirtualLoop, run_virtual

RUNS = int(os.environ.get("FLASHBOT_BUDGET_RUNS", "1"))
PROCESSES = 8
HOURS = 3
CONTACTS = 80
HOURLY, DAILY, PEOPLE = 20, 50, 45
HOUR = timedelta(hours=1)
FAULTS = {
    # A take whose answer is lost makes a doubt of a message that was never sent, and a drip's is then counted as sent.
    "kills": Faults(kills=60, lose_reply=0.005),
    "lost answers": Faults(kills=20, lose_reply=0.03, repeat=0.1),
    "silence and standstills": Faults(
        kills=20, lose_reply=0.005, no_answer=0.3, late_seconds=25, freeze=0.002, freeze_seconds=100
    ),
}


class Drama:
    """Drips of as many people as can never all be written to, answers between them, and processes that die."""

    def __init__(self, seed: int, faults: Faults, loop: VirtualLoop) -> None:
        self.world = World(seed, faults, loop, lambda _, text: text)
        self.dice = Random(seed)

    async def run(self) -> None:
        world = self.world
        await self._fill()
        crew = [asyncio.create_task(self._work(world.process(f"p{n}"))) for n in range(PROCESSES)]
        kills = [self.dice.uniform(0, HOURS * 3600) for _ in range(world.faults.kills)]
        for at in sorted(kills):
            await asyncio.sleep(max(0.0, at - world.loop.elapsed))
            victim = self.dice.randrange(PROCESSES)
            crew[victim].cancel()
            crew[victim] = asyncio.create_task(self._work(world.process(f"p{victim}")))
        await asyncio.sleep(max(0.0, HOURS * 3600 - world.loop.elapsed))
        for one in crew:
            one.cancel()
        await asyncio.gather(*crew, return_exceptions=True)

    async def _fill(self) -> None:
        store = Store(self.world.fake, now_ms=self.world.store_ms, rng=self.dice)
        phones = [f"+22507{number:08}" for number in range(CONTACTS)]
        await acquaint(store, *phones, instance=INSTANCE)
        await store.numbers.set(INSTANCE, dict.fromkeys(("health", "at", "asked"), ""))
        for number, phone in enumerate(phones):
            lane: Lane = "drip" if number % 10 else "reply"
            body = body_of(INSTANCE, phone, Text(f"{number}"))
            cls: Any = "reply" if lane == "reply" else "follow_up" if number % 3 else "marketing"
            entry = Outgoing(f"m{number}/0", cls, self.world.store_ms(), body).pack()
            await store.post(lane, f"k{number}", phone, entry)

    async def _work(self, process: Process) -> None:
        """A process; it dies by never coming back from wherever it is."""
        world = self.world
        store, tally = Store(Runner(world, process), now_ms=world.store_ms, rng=self.dice), Tally()
        pace = SharedPace(store, process.clock, api_key="k", per_second=0)
        pauses = Pauses(store, process.clock, tally, key_tag=pace.tag, patience=PATIENCE)
        questions = Questions(self._health, self._number)
        pacing = Pacing(store, questions, pauses, process.clock, tally, ANY_TIME, key_tag=pace.tag)
        sender = Sender(
            store, Post(world, process), pace, process.clock, patience=PATIENCE, hands=2, tally=tally,
            pauses=pauses, pacing=pacing, policy=ANY_TIME, rng=self.dice,
        )  # fmt: skip
        try:
            while True:
                try:
                    await pacing.step()
                    while await sender.step():
                        pass
                except StoreAway:
                    pass
                await asyncio.sleep(self.dice.uniform(10, 30))
        finally:
            process.dead = True

    async def _health(self, instance_id: str) -> InstanceHealth:
        """As MsgFlash counts: what it accepted, and those it went to."""
        await asyncio.sleep(self.dice.uniform(0.1, 3))
        now = self.world.clock.now()
        hour, day = ([one for one in self.world.accepted if one.created and now - one.created < span]
                     for span in (HOUR, 24 * HOUR))  # fmt: skip
        usage = UsageWindow(
            outbound_1h=len(hour), outbound_24h=len(day), unique_recipients_1h=len({one.to for one in hour}),
            unique_recipients_24h=len({one.to for one in day}),
        )  # fmt: skip
        caps = WarmupPolicy(
            hourly_outbound_cap=HOURLY, daily_outbound_cap=DAILY, hourly_unique_recipients_cap=HOURLY,
            daily_unique_recipients_cap=PEOPLE,
        )  # fmt: skip
        return InstanceHealth(safety_state="stable", safety_score=100, warmup_policy=caps, usage_window_summary=usage)

    async def _number(self, instance_id: str) -> Instance:
        return Instance(id=instance_id, wa_number="2250700000000")


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("seed", range(RUNS))
def test_no_ceiling_is_ever_passed_by_processes_that_die(kind: str, seed: int) -> None:
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    drama = Drama(seed, replace(FAULTS[kind]), loop)
    try:
        run_virtual(drama.run(), loop)
    finally:
        asyncio.set_event_loop(None)

    rows = sorted((row.created, row.to, row.body or "") for row in drama.world.accepted if row.created)
    drips = [row for row in rows if int(row[2]) % 10]
    for at, _, _ in drips:
        within = [row for row in rows if at - HOUR < row[0] <= at]
        assert len(within) <= HOURLY, f"{len(within)} in the hour before {at}"
        assert len([row for row in drips if at - HOUR < row[0] <= at]) <= int(HOURLY * 0.7)
        assert len({row[1] for row in within}) <= HOURLY
    assert len(drips) + CONTACTS // 10 <= DAILY
    assert len({row[1] for row in rows}) <= PEOPLE
    assert drips, "it is no test where nothing leaves"
    assert len([row for row in rows if not int(row[2]) % 10]) >= CONTACTS // 10 - 2, "but for one that nobody knows of"
    assert len({row[2] for row in rows}) == len(rows), "and nothing twice"
