"""A few days of two numbers whose limits really bind: processes that send, people who write, clocks that jump.

Every process records what it decides. Nothing is judged here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

from flashbot.consent import EVERYTHING, MARKETING, Entry
from flashbot.dialogue.memory import Memory
from flashbot.engine.outbox import Outgoing, lane_of
from flashbot.engine.pace import SharedPace, key_tag
from flashbot.engine.pacing import Pacing, Questions
from flashbot.engine.pauses import Pauses
from flashbot.engine.recording import Recording
from flashbot.engine.sender import Sender
from flashbot.engine.tally import Tally
from flashbot.errors import StoreAway
from flashbot.msgflash.content import Text
from flashbot.msgflash.errors import NotSent
from flashbot.msgflash.instances import InstanceHealth, UsageWindow, WarmupPolicy
from flashbot.msgflash.models import Instance
from flashbot.msgflash.sent import body_of
from flashbot.outreach.policy import Policy
from flashbot.outreach.presets import Presets
from flashbot.store.mailbox import Store
from flashbot.store.numbers import DAY_MS
from flashbot.store.stored import stored_of
from flashbot.testing.simulated_world import PATIENCE, Faults, Post, Process, Runner, World
from flashbot.testing.virtual import VirtualLoop, run_virtual

HOUR = 3600.0
HOUR_MS = 3_600_000
MOOD = 1.5 * HOUR
NUMBERS = ("instance-1", "instance-2")
PREFIXES = ("+22507", "+22507", "+3361", "+1213555", "+22177")
POLICY = Policy(
    contact_hours=Presets(closed_on=frozenset({"weekend", "holiday", "prayer", "ramadan"})),
    number_hours=Presets(closed_on=frozenset()),
    marketing_a_day=3,
    identical_an_hour=1,
    most_unanswered=25,
)
MOODS: tuple[dict[str, Any] | None, ...] = (
    {"state": "stable", "score": 95, "hour": 14, "day": 60, "who_hour": 14, "who_day": 60, "cold": 0.9},
    {"state": "stable", "score": 85, "hour": 200, "day": 24, "who_hour": 200, "who_day": 60, "cold": 0.5},
    {"state": "stable", "score": 90, "hour": 200, "day": 400, "who_hour": 6, "who_day": 400, "cold": 0.3},
    {"state": "warming", "score": 70, "hour": 200, "day": 400, "who_hour": 200, "who_day": 14, "cold": 0.05},
    {"state": "stable", "score": 95, "hour": 2000, "day": 4000, "who_hour": 2000, "who_day": 4000, "cold": 1.0},
    {"state": "stable", "score": 95, "hour": 2000, "day": 4000, "who_hour": 2000, "who_day": 4000, "cold": 1.0},
    {"state": "at_risk", "score": 55, "hour": 60, "day": 200, "who_hour": 60, "who_day": 200, "cold": 0.2},
    {"state": "restricted", "score": 20, "hour": 5, "day": 10, "who_hour": 5, "who_day": 10, "cold": 0.0},
    None,
)
"""What MsgFlash says of a number for some hours; None: nothing."""
BEGINS_DAYS = (0.3, 4.0, 44.0)
"""After a Monday at nine in January: its afternoon, a Friday morning, and a day in Ramadan."""


class Days:
    """`lines` by writer, in the order in which they were written."""

    def __init__(self, seed: int, *, faults: Faults, processes: int, hours: float, people: int = 60) -> None:
        self.loop = VirtualLoop()
        self.world = World(seed, faults, self.loop, lambda _, text: text)
        self.dice = Random(seed)
        self.hours = hours
        self.lines: list[list[str]] = []
        self.phones = [f"{self.dice.choice(PREFIXES)}{number:07}" for number in range(people)]
        self._processes = processes
        self._serial = 0
        self._over = False
        self.world.store_ahead_ms = int(BEGINS_DAYS[seed % len(BEGINS_DAYS)] * DAY_MS)
        self._moods = {number: self.dice.sample(range(len(MOODS)), len(MOODS)) for number in NUMBERS}

    def run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            run_virtual(self._run(), self.loop)
        finally:
            asyncio.set_event_loop(None)

    async def _run(self) -> None:
        world = self.world
        store = Store(world.fake, now_ms=world.store_ms, rng=self.dice)
        store.ledgers.heard = self._recording().moved
        for number in NUMBERS:
            await store.numbers.set(number, {"since": str(world.store_ms() - self.dice.randint(1, 200) * DAY_MS)})
        for phone in self.phones:
            await self._change(store, phone, self._first)
        crew = [asyncio.create_task(self._work(world.process(f"p{n}"))) for n in range(self._processes)]
        around = [
            asyncio.create_task(self._now_and_then(*one))
            for one in (
                (0.04, lambda: self._say(store)),
                (0.15, lambda: self._live(store)),
                (7.0, lambda: self._unlink(store)),
                (6.0, self._jump),
                (15.0, lambda: self._lock(store)),
                (0.5, lambda: self._expect(store)),
            )
        ]
        kills = sorted(self.dice.uniform(0, self.hours * HOUR) for _ in range(world.faults.kills))
        for at in kills:
            await asyncio.sleep(max(0.0, at - self.loop.elapsed))
            victim = self.dice.randrange(self._processes)
            crew[victim].cancel()
            crew[victim] = asyncio.create_task(self._work(world.process(f"p{victim}")))
        await asyncio.sleep(max(0.0, self.hours * HOUR - self.loop.elapsed))
        self._over = True
        await asyncio.gather(*crew, *around, return_exceptions=True)
        await asyncio.sleep(300)  # for what is under way

    async def _now_and_then(self, every_hours: float, happens: Callable[[], Any]) -> None:
        while not self._over:
            await asyncio.sleep(self.dice.expovariate(1 / (every_hours * HOUR)))
            done = happens()
            if done is not None:
                await done

    async def _work(self, process: Process) -> None:
        """A process; it dies by never coming back from wherever it is."""
        world, record, tally = self.world, self._recording(), Tally()
        store = Store(Runner(world, process), now_ms=world.store_ms, rng=self.dice)
        store.ledgers.heard = record.moved
        pace = SharedPace(store, process.clock, api_key="k", per_second=0)
        pauses = Pauses(store, process.clock, tally, key_tag=pace.tag, patience=PATIENCE)
        questions = Questions(self._health, self._number)
        pacing = Pacing(store, questions, pauses, process.clock, tally, POLICY, key_tag=pace.tag)
        sender = Sender(
            store, Post(world, process), pace, process.clock, patience=PATIENCE, hands=3, tally=tally,
            pauses=pauses, pacing=pacing, policy=POLICY, rng=self.dice, record=record,
        )  # fmt: skip
        asking = asyncio.create_task(self._ask(pacing))
        try:
            while not self._over:
                try:
                    for _ in range(12):
                        if not await sender.step():
                            break
                        await asyncio.sleep(1)
                except StoreAway:
                    pass
                await asyncio.sleep(self.dice.uniform(60, 300))
        finally:
            asking.cancel()
            process.dead = not self._over

    def _recording(self) -> Recording:
        self.lines.append([])
        return Recording(self.lines[-1].append, "a secret")

    async def _ask(self, pacing: Pacing) -> None:
        while True:
            await pacing.changed.wait()
            pacing.changed.clear()
            with suppress(StoreAway):
                await pacing.step()

    # -- what happens

    async def _say(self, store: Store) -> None:
        """A few messages as turns, drips and broadcasts leave them."""
        dice, text = self.dice, f"text {self.dice.choice((0, self.dice.randrange(40)))}"
        for phone in dice.sample(self.phones, dice.choice((1, 1, 2, 9))):
            cls: Any = dice.choice(("reply", "critical", "service", "follow_up", "marketing", "marketing", "cold"))
            now, number = self.world.store_ms(), NUMBERS[self.phones.index(phone) % 2]
            self._serial += 1
            message = Outgoing(
                f"m{self._serial}/0", cls, now, body_of(number, phone, Text(text)),
                dice.choice(("", "drip:one", "drip:two", "drip:two")), dice.choice((MARKETING, MARKETING, "news")),
                now + dice.choice((60_000, HOUR_MS, 20 * HOUR_MS)) if dice.random() < 0.15 else None,
            )  # fmt: skip
            await store.post(lane_of(cls), f"k{self._serial}", phone, message.pack())

    async def _live(self, store: Store) -> None:
        """Somebody writes, stops, agrees, is in a person's hands, or is forgotten."""
        phone = self.dice.choice(self.phones)
        if self.dice.random() < 0.04:
            runner: Any = store._runner
            runner.primaries = lambda: _alone(runner)
            await store.people.erase(runner, phone, silent=lambda _: True)
            return
        await self._change(store, phone, self._later)

    def _first(self, memory: Memory, number: str, now: int) -> None:
        draw = self.dice.random()
        if draw < 0.7:
            memory.heard(now - self.dice.randint(0, 50) * DAY_MS, number)
        if draw < 0.25 or draw > 0.5:
            memory.note(Entry(MARKETING, "given", "a test", "yes", now - DAY_MS))

    def _later(self, memory: Memory, number: str, now: int) -> None:
        memory.heard(now, number)
        draw = self.dice.random()
        if draw < 0.12:
            memory.note(Entry(self.dice.choice((MARKETING, EVERYTHING, "news")), "withdrawn", "a test", "no", now))
        elif draw < 0.3:
            memory.note(Entry(MARKETING, "asked", "a test", "what?", now))
        elif draw < 0.4:
            memory.hand_off("desk", "", now, now + self.dice.randint(1, 30) * HOUR_MS)
        elif draw < 0.7:
            memory.note(Entry(self.dice.choice((MARKETING, "news")), "given", "a test", "yes", now))

    async def _change(self, store: Store, phone: str, change: Callable[[Memory, str, int], None]) -> None:
        memory = Memory.load(await stored_of(self.world.fake, store, phone))
        change(memory, NUMBERS[self.phones.index(phone) % 2], self.world.store_ms())
        await self.world.fake.command("SET", f"{store.tag(phone)}:st:{phone}", memory.dump())

    async def _unlink(self, store: Store) -> None:
        number, outside = self.dice.choice(NUMBERS), self.world.process("outside")
        pauses = Pauses(store, outside.clock, Tally(), key_tag=None, patience=PATIENCE)
        await pauses.hold("instance_disconnected", number)
        await asyncio.sleep(self.dice.uniform(300, 4000))
        await pauses.lift(number)

    def _jump(self) -> None:
        self.world.store_ahead_ms += self.dice.choice((-HOUR_MS, HOUR_MS, -200_000, 200_000, -5000, -3 * HOUR_MS))

    async def _expect(self, store: Store) -> None:
        source = self.dice.choice(("drip:one", "drip:two", "drip:three"))
        await store.ledgers.expect(key_tag("k"), self.dice.choice(NUMBERS), source)

    async def _lock(self, store: Store) -> None:
        until = self.world.store_ms() - self.dice.randint(-1, 6) * HOUR_MS
        await store.numbers.set(self.dice.choice(NUMBERS), {"lock": str(until)})

    # -- MsgFlash

    async def _health(self, instance_id: str) -> InstanceHealth:
        await asyncio.sleep(self.dice.uniform(0.1, 3))
        moods = self._moods[instance_id]
        mood = MOODS[moods[int(self.loop.elapsed / MOOD) % len(moods)]]
        if mood is None:
            raise NotSent("no way", call="GET /instances/{id}/health")
        sent = sum(one.instance == instance_id for one in self.world.accepted)
        more = self.dice.choice((0, 0, 3))
        usage = UsageWindow(
            outbound_1h=min(sent, 5) + more, outbound_24h=sent + more, unique_recipients_1h=None,
            unique_recipients_24h=more,
        )  # fmt: skip
        caps = WarmupPolicy(
            hourly_outbound_cap=mood["hour"], daily_outbound_cap=mood["day"],
            hourly_unique_recipients_cap=mood["who_hour"], daily_unique_recipients_cap=mood["who_day"],
            max_cold_ratio=mood["cold"],
        )  # fmt: skip
        return InstanceHealth(
            safety_state=mood["state"], safety_score=mood["score"], warmup_policy=caps, usage_window_summary=usage
        )

    async def _number(self, instance_id: str) -> Instance:
        return Instance(id=instance_id, wa_number="2250700000000")


async def _alone(runner: Any) -> list[Any]:
    return [runner]
