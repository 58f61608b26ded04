"""The world of the simulation: a store, a MsgFlash, clocks and processes that may all fail, by one seeded dice.

It lets things go wrong and writes down what happened; it judges nothing.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json

from flashbot.clock import Clock, from_ms, to_ms
from flashbot.engine.doubt import Row
from flashbot.engine.pacing import Questions
from flashbot.engine.patience import Patience
from flashbot.engine.postman import Look
from flashbot.engine.runtime import Engine
from flashbot.errors import StoreAway
from flashbot.msgflash.errors import NotSent, OutcomeUnknown
from flashbot.msgflash.instances import InstanceHealth, WarmupPolicy
from flashbot.msgflash.models import Instance, InstanceState
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.testing.virtual import VirtualClock, VirtualLoop

__all__ = [
    "INSTANCE",
    "PATIENCE",
    "WELL",
    "Accepted",
    "Faults",
    "HostClock",
    "Post",
    "Process",
    "Report",
    "Runner",
    "World",
    "linked",
]

INSTANCE = "instance-1"
# Age decides nothing here: a reply that waited behind a doubtful one must still arrive.
PATIENCE = Patience(drain=1, answer_age=1e9)
HOUR_MS = 3_600_000
NIGHT = 2 * 24 * 3600.0
"""Seconds."""


async def linked(instance_id: str) -> InstanceState:
    return InstanceState(provider_state="open")


async def _well(instance_id: str) -> InstanceHealth:
    caps = WarmupPolicy(
        hourly_outbound_cap=1_000_000,
        daily_outbound_cap=1_000_000,
        hourly_unique_recipients_cap=1_000_000,
        daily_unique_recipients_cap=1_000_000,
        max_campaign_recipients=1_000_000,
    )
    return InstanceHealth(safety_state="stable", safety_score=100, warmup_policy=caps)


async def _of_that_number(instance_id: str) -> Instance:
    return Instance(id=instance_id, wa_number="2250700000000")


WELL = Questions(_well, _of_that_number)
"""A number that is trusted with anything."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong, as probabilities for each call unless said."""

    kills: int = 6
    """Whole processes, in a run."""
    freeze: float = 0.0
    """The whole process stands still between a script and its answer, as under SIGSTOP."""
    freeze_seconds: float = 0.0
    """At most."""
    repeat: float = 0.0
    """A script runs twice."""
    lose_reply: float = 0.03
    """A script runs, its answer never comes."""
    no_answer: float = 0.05
    """A send is accepted (half of the time) and not answered."""
    refuse: float = 0.03
    """A send does not leave."""
    late_seconds: float = 0.0
    """An unanswered send is accepted up to this much later."""
    statuses: float = 0.0
    """A webhook tells that a message was sent: at once, before the 201 even, or up to three minutes later."""
    blind: float = 0.0
    """MsgFlash knows no message by the id that a webhook named."""
    twice: float = 0.0
    """A webhook comes to two processes at the same instant."""
    raises: float = 0.0
    """A handler raises, for each time that it runs; three times for one event at most."""
    hangs: float = 0.0
    """A handler never comes back; as seldom."""
    stubborn: float = 0.0
    """A handler swallows its cancellation, and goes on for a while."""
    jumps: int = 0
    """Times in a run that the store's clock jumps by an hour, either way."""
    host_hours: float = 0.0
    """Each process's own clock is wrong by up to this, either way."""
    deletes: int = 0
    """Times in a run that somebody deletes a contact's state, or its inbox's counters, by hand."""
    failovers: int = 0
    """Times in a run that a replica takes over, which lacks the last writes that nobody had confirmed."""
    confirm: bool = True
    """What must be confirmed waits for the replica (`FLASHBOT_REDIS_WAIT`)."""
    night: bool = False
    """Once in a run everything is down for two days."""


@dataclass(slots=True)
class Report:
    """What was seen from outside. Empty `violations` is a pass."""

    seed: int
    kills: int = 0
    ambiguous: int = 0
    unknown: int = 0
    """Messages that ended, visibly, without anybody knowing whether they were sent."""
    rolled_back: int = 0
    """Writes that a replica did not have when it took over."""
    finished: bool = False
    violations: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class HostClock:
    """A machine's own idea of what day it is; its seconds are as long as everybody's."""

    true: VirtualClock
    wrong_by: timedelta

    def now(self) -> datetime:
        return self.true.now() + self.wrong_by

    def monotonic(self) -> float:
        return self.true.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self.true.sleep(seconds)


@dataclass(slots=True)
class Process:
    """Every call it makes passes through `World.alive`: a dead one never comes back from there."""

    name: str
    clock: Clock
    dead: bool = False
    frozen_until: float = 0.0
    engine: Engine | None = None


class World:
    """`mutate(name, text)` may change a script."""

    def __init__(self, seed: int, faults: Faults, loop: VirtualLoop, mutate: Callable[[str, str], str]) -> None:
        self.rng = random.Random(seed)
        self.faults = faults
        self.loop = loop
        self.clock = VirtualClock(loop)
        self.fake = FakeRunner(mutate=mutate)
        self.accepted: list[Row] = []
        self.report = Report(seed)
        self.processes: list[Process] = []
        self.failed: Counter[bytes] = Counter()
        """How often the handler of an entry did not come back, or not well."""
        self.up = asyncio.Event()
        self.up.set()
        self.store_ahead_ms = 0
        self.telling: set[asyncio.Task[None]] = set()
        self._mutate = mutate
        self._calls: list[tuple[str, str, tuple[str | bytes | int, ...]]] = []
        self._confirmed = 0
        self._primary = 0

    def process(self, name: str) -> Process:
        hours = self.faults.host_hours
        wrong_by = timedelta(hours=self.rng.uniform(-hours, hours)) if hours else timedelta()
        return Process(name, HostClock(self.clock, wrong_by))

    def store_ms(self) -> int:
        """The time by the store's clock."""
        return to_ms(self.clock.now()) + self.store_ahead_ms

    async def alive(self, process: Process, most: float = 0.02) -> None:
        await asyncio.sleep(self.rng.uniform(0.0005, most))
        while self.loop.elapsed < process.frozen_until:
            await asyncio.sleep(process.frozen_until - self.loop.elapsed)
        if process.dead:
            await asyncio.get_running_loop().create_future()

    # -- the store

    async def call(
        self, process: Process, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool
    ) -> Any:
        """Run a script. Raises StoreAway when its answer is lost, or its server before the answer came."""
        dice, faults = self.rng, self.faults
        await self.alive(process)
        primary = self._primary
        reply = self._run(name, tag, args)
        if dice.random() < faults.repeat:
            await self.alive(process)
            reply = self._run(name, tag, args)
        written = len(self._calls)
        lost = dice.random() < faults.lose_reply
        if dice.random() < faults.freeze:
            process.frozen_until = self.loop.elapsed + dice.uniform(0, faults.freeze_seconds)
        if confirm and faults.failovers and faults.confirm:
            await asyncio.sleep(dice.uniform(0.0005, 0.01))
            if primary == self._primary:
                self._confirmed = max(self._confirmed, written)
        await self.alive(process)
        if lost or primary != self._primary:
            raise StoreAway("the reply was lost")
        return reply

    def fail_over(self) -> None:
        """A replica takes over with all that was confirmed and some of what came after."""
        kept = self.rng.randint(self._confirmed, len(self._calls))
        self.report.rolled_back += len(self._calls) - kept
        calls, self._calls = self._calls[:kept], []
        self.fake = FakeRunner(mutate=self._mutate)
        self._primary += 1
        for name, tag, args in calls:
            self._run(name, tag, args)
        self._confirmed = len(self._calls)

    def jump(self) -> None:
        self.store_ahead_ms += self.rng.choice((-HOUR_MS, HOUR_MS))

    def delete_something(self) -> None:
        """As a person with a console might."""
        keys = [key for key in sorted(self.fake.keys()) if b":st:" in key or b":in:m:" in key]
        if keys:
            self.fake.run_command("DEL", self.rng.choice(keys))

    def left(self) -> bool:
        """Whether anything waits in a mailbox or for its time."""
        keys = self.fake.keys()
        return any(b":box:" in key or key.endswith((b":ready", b":busy", b":timers")) for key in keys)

    def _run(self, name: str, tag: str, args: tuple[str | bytes | int, ...]) -> Any:
        if self.faults.failovers:
            self._calls.append((name, tag, args))
        return self.fake.run_now(name, tag, args)

    # -- MsgFlash

    def accept(self, body: bytes) -> Row:
        fields = from_json(body)
        row = Row(
            id=f"api-{len(self.accepted)}",
            to=fields["to"],
            instance=fields["instanceId"],
            type=fields["type"],
            body=fields["text"],
            media_url=None,
            outbound=True,
            created=self.clock.now(),
        )
        self.accepted.append(row)
        if self.faults.statuses and self.rng.random() < self.faults.statuses:
            late = 0.0 if self.rng.random() < 0.3 else self.rng.uniform(0, 180)
            self.telling.add(asyncio.get_running_loop().create_task(self._tell(row, late)))
        return row

    async def _tell(self, row: Row, late: float) -> None:
        """A status webhook, as intake stores it; the platform repeats what was not acknowledged."""
        await asyncio.sleep(late)
        outside = self.process("webhooks")
        store = Store(Runner(self, outside), now_ms=self.store_ms, rng=self.rng)
        while True:
            try:
                await store.note_status(row.to, row.id, "sent", instance=row.instance)
            except StoreAway:
                await asyncio.sleep(1)
            else:
                return


@dataclass(slots=True)
class Runner:
    """A process's way to the store."""

    world: World
    process: Process

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        return await self.world.call(self.process, name, tag, args, confirm=confirm)


@dataclass(frozen=True, slots=True)
class Accepted:
    id: str


@dataclass(slots=True)
class Post:
    """A process's way to MsgFlash."""

    world: World
    process: Process

    async def send(self, body: bytes) -> Accepted:
        # No pause before the first byte: between the deadline check and the write nothing is awaited.
        world, dice, faults = self.world, self.world.rng, self.world.faults
        if dice.random() < faults.refuse:
            raise NotSent("refused", call="POST /messages/send")
        if dice.random() < faults.no_answer:
            world.report.ambiguous += 1
            if dice.random() < 0.5:
                if faults.late_seconds:
                    late = dice.uniform(0, faults.late_seconds)
                    world.loop.call_later(late, world.accept, body)
                else:
                    world.accept(body)
            await asyncio.sleep(dice.uniform(0.1, PATIENCE.send_timeout))
            await world.alive(self.process)
            raise OutcomeUnknown("no answer", call="POST /messages/send")
        row = world.accept(body)
        await world.alive(self.process, 0.4)
        return Accepted(row.id)

    async def look(self, instance: str | None, *, since: datetime, now_ms: int, due_ms: int) -> Look:
        asked = self.world.clock.now()
        await self.world.alive(self.process)
        return Look([self._by_the_store(row, now_ms, asked) for row in reversed(self.world.accepted)], now_ms)

    async def row(self, message_id: str, *, now_ms: int) -> Row | None:
        asked = self.world.clock.now()
        await self.world.alive(self.process)
        if self.world.rng.random() < self.world.faults.blind:
            return None
        known = self.world.accepted
        return next((self._by_the_store(row, now_ms, asked) for row in known if row.id == message_id), None)

    def _by_the_store(self, row: Row, now_ms: int, asked: datetime) -> Row:
        ahead = asked - from_ms(now_ms)
        return row if row.created is None else replace(row, created=row.created - ahead)
