"""A seeded world in which everything that can fail does: the real scripts, worker and sender, on virtual time.

Every call to the store and to MsgFlash takes a random while and may die, be repeated or lose its answer; whole
processes are killed, frozen and started again. A seed replays a run exactly.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json, to_json

from flashbot.clock import to_ms
from flashbot.engine.doubt import Row
from flashbot.engine.outbox import Outgoing
from flashbot.engine.pace import SharedPace
from flashbot.engine.patience import Patience
from flashbot.engine.runtime import Engine
from flashbot.engine.sender import Sender
from flashbot.engine.tally import Tally
from flashbot.engine.worker import Worker
from flashbot.errors import StoreAway
from flashbot.msgflash.errors import NotSent, OutcomeUnknown
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Entry, Lane, Message, Taken
from flashbot.testing.virtual import VirtualClock, VirtualLoop, run_virtual

__all__ = ["Faults", "Report", "simulate"]

INSTANCE = "instance-1"
# Age decides nothing here: a reply that waited behind a doubtful one must still arrive.
PATIENCE = Patience(drain=1, answer_age=1e9)


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


@dataclass(slots=True)
class Report:
    """What was seen from outside. Empty `violations` is a pass."""

    seed: int
    kills: int = 0
    ambiguous: int = 0
    unknown: int = 0
    """Messages that ended, visibly, without anybody knowing whether they were sent."""
    finished: bool = False
    violations: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Process:
    """Every call it makes passes through `alive`: a dead one never comes back from there."""

    name: str
    dead: bool = False
    frozen_until: float = 0.0
    engine: Engine | None = None


class _World:
    def __init__(self, seed: int, faults: Faults, loop: VirtualLoop, mutate: Callable[[str, str], str]) -> None:
        self.rng = random.Random(seed)
        self.faults = faults
        self.loop = loop
        self.clock = VirtualClock(loop)
        self.fake = FakeRunner(mutate=mutate)
        self.accepted: list[Row] = []
        self.report = Report(seed)
        self.processes: list[_Process] = []

    async def alive(self, process: _Process, most: float = 0.02) -> None:
        await asyncio.sleep(self.rng.uniform(0.0005, most))
        while self.loop.elapsed < process.frozen_until:
            await asyncio.sleep(process.frozen_until - self.loop.elapsed)
        if process.dead:
            await asyncio.get_running_loop().create_future()


@dataclass(slots=True)
class _Runner:
    world: _World
    process: _Process

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        world, dice = self.world, self.world.rng
        await world.alive(self.process)
        reply = world.fake.run_now(name, tag, args)
        if dice.random() < world.faults.repeat:
            await world.alive(self.process)
            reply = world.fake.run_now(name, tag, args)
        lost = dice.random() < world.faults.lose_reply
        if dice.random() < world.faults.freeze:
            self.process.frozen_until = world.loop.elapsed + dice.uniform(0, world.faults.freeze_seconds)
        await world.alive(self.process)
        if lost:
            raise StoreAway("the reply was lost")
        return reply


@dataclass(frozen=True, slots=True)
class _Accepted:
    id: str


@dataclass(slots=True)
class _MsgFlash:
    world: _World
    process: _Process

    async def send(self, body: bytes) -> _Accepted:
        # No pause before the first byte: between the deadline check and the write nothing is awaited.
        world, dice, faults = self.world, self.world.rng, self.world.faults
        if dice.random() < faults.refuse:
            raise NotSent("refused", call="POST /messages/send")
        if dice.random() < faults.no_answer:
            world.report.ambiguous += 1
            if dice.random() < 0.5:
                if faults.late_seconds:
                    late = dice.uniform(0, faults.late_seconds)
                    world.loop.call_later(late, self._accept, body)
                else:
                    self._accept(body)
            await asyncio.sleep(dice.uniform(0.1, PATIENCE.send_timeout))
            await world.alive(self.process)
            raise OutcomeUnknown("no answer", call="POST /messages/send")
        row = self._accept(body)
        await world.alive(self.process, 0.4)
        return _Accepted(row.id)

    async def rows(self, instance: str | None, *, since_ms: int) -> list[Row]:
        await self.world.alive(self.process)
        return self.world.accepted[::-1]

    def _accept(self, body: bytes) -> Row:
        fields = from_json(body)
        row = Row(
            id=f"api-{len(self.world.accepted)}",
            to=fields["to"],
            instance=fields["instanceId"],
            type=fields["type"],
            body=fields["text"],
            media_url=None,
            outbound=True,
            created=self.world.clock.now(),
        )
        self.world.accepted.append(row)
        return row


async def _handle(taken: Taken, attempt: int, event: object = None) -> Done:
    """The bot under simulation: numbers each contact's events and repeats them, in both lanes."""
    entry = Entry.unpack(taken.entry)
    seen = from_json(taken.state)["seen"] if taken.state else 0
    lane: Lane = "drip" if entry.body.endswith(b"3") else "reply"
    text = f"{seen}:{entry.body.decode()}"
    body = to_json({"instanceId": INSTANCE, "to": taken.contact, "type": "text", "text": text})
    message = Outgoing(f"{entry.words[2]}/0", "reply", int(entry.words[1]), body)
    return Done(state=to_json({"seen": seen + 1}), messages=(Message(lane, message.pack()),))


def simulate(
    seed: int,
    faults: Faults,
    *,
    contacts: int = 3,
    events: int = 5,
    patience: Patience = PATIENCE,
    mutate: Callable[[str, str], str] = lambda _, text: text,
) -> Report:
    """One run: every event reaches MsgFlash exactly once, and each contact's in order, or it is a violation.

    `mutate(name, text)` may change a script, to show that a missing rule is found.
    """
    loop = VirtualLoop()
    world = _World(seed, faults, loop, mutate)
    asyncio.set_event_loop(loop)
    try:
        run_virtual(_life(world, contacts, events, patience), loop)
    finally:
        asyncio.set_event_loop(None)
    _examine(world, contacts, events)
    return world.report


async def _life(world: _World, contacts: int, events: int, patience: Patience) -> None:
    def boot(name: str) -> _Process:
        return _boot(world, name, patience)

    world.processes = [boot("p0"), boot("p1")]
    await asyncio.gather(*(_write(world, contact, events) for contact in range(contacts)), _reap(world, boot))
    limit = world.loop.elapsed + 3600
    while world.loop.elapsed < limit:
        await asyncio.sleep(20)
        if not _left(world):
            for process in world.processes:
                if process.engine is not None:
                    await process.engine.halt()
            # Long enough for a late acceptance or a second owner to show itself.
            await asyncio.sleep(300)
            world.report.finished = True
            return


def _boot(world: _World, name: str, patience: Patience) -> _Process:
    process = _Process(name)
    store = Store(_Runner(world, process), now_ms=lambda: to_ms(world.clock.now()))
    tally = Tally()
    pace = SharedPace(store, world.clock, api_key="k", per_second=0 if world.rng.random() < 0.7 else 50)
    sender = Sender(store, _MsgFlash(world, process), pace, world.clock, patience=patience, hands=3, tally=tally)
    worker = Worker(
        store, _handle, sender, world.clock,
        patience=patience, hands=3, handler_seconds=30, tally=tally, crashes=1000,
    )  # fmt: skip
    process.engine = Engine(worker, sender, world.clock, patience, listen=None, tick=2.0)
    process.engine.start()
    return process


async def _write(world: _World, contact: int, events: int) -> None:
    """One contact's webhooks; the platform repeats what was not acknowledged."""
    outside = _Process("webhooks")
    store = Store(_Runner(world, outside), now_ms=lambda: to_ms(world.clock.now()))
    for number in range(events):
        await asyncio.sleep(world.rng.expovariate(1 / 4))
        entry = Entry(("W", str(to_ms(world.clock.now())), f"e{contact}-{number}"), f"{contact}.{number}".encode())
        while not await _post(world, store, entry, f"+22500{contact}"):
            await asyncio.sleep(1)


async def _post(world: _World, store: Store, entry: Entry, contact: str) -> bool:
    """As intake does it: half of the time in a process that also works, which may then take it at once."""
    process = world.rng.choice(world.processes)
    worker = process.engine.worker if process.engine is not None and world.rng.random() < 0.5 else None
    claimed = worker is not None and worker.claim()
    taken = None
    try:
        posted = await store.post("in", entry.words[2], contact, entry.pack(), lease_ms=15_000 if claimed else 0)
        taken = posted.taken
    except StoreAway:
        return False
    finally:
        if worker is not None and claimed:
            if taken is not None and not process.dead:
                worker.adopt(taken)
            else:
                worker.unclaim()
    return True


async def _reap(world: _World, boot: Callable[[str], _Process]) -> None:
    for _ in range(world.faults.kills):
        await asyncio.sleep(world.rng.expovariate(1 / 5))
        index = world.rng.randrange(len(world.processes))
        world.processes[index].dead = True
        world.report.kills += 1
        await asyncio.sleep(world.rng.uniform(0, 3))
        world.processes[index] = boot(f"p{index}")


def _left(world: _World) -> bool:
    keys = world.fake.keys()
    return any(b":box:" in key or key.endswith((b":ready", b":busy")) for key in keys)


def _examine(world: _World, contacts: int, events: int) -> None:
    report = world.report
    if not report.finished:
        report.violations.append("work was left after an hour")
    unknown = _unknown(world)
    for contact in range(contacts):
        for drips in (False, True):
            wanted = [f"{n}:{contact}.{n}" for n in range(events) if f"{contact}.{n}".endswith("3") is drips]
            said = [
                row.body or "" for row in world.accepted
                if row.to == f"+22500{contact}" and (row.body or "").endswith("3") is drips
            ]  # fmt: skip
            # A send that nobody can tell about, twice, ends visibly among the dead letters: sent or not.
            due = [text for text in wanted if text not in unknown or text in said]
            if said != due:
                missing, extra = set(due) - set(said), len(said) - len(set(said))
                report.violations.append(
                    f"contact {contact}: {len(missing)} lost, {extra} doubled, wanted {due}, got {said}"
                )
    report.unknown = len(unknown)


def _unknown(world: _World) -> set[str]:
    texts = set()
    for _, fields in world.fake.run_command("XRANGE", "{fb:0}:dead", "-", "+"):
        kept = fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2], strict=True))
        if kept[b"q"] == b"in":
            world.report.violations.append("an event was buried")
        else:
            texts.add(from_json(Outgoing.unpack(kept[b"entry"]).body)["text"])
    return texts
