"""A seeded world in which everything that can fail does: the real scripts, worker and sender, on virtual time.

Every call to the store and to MsgFlash takes a random while and may die, be repeated or lose its answer; whole
processes are killed, frozen and started again; clocks jump, replicas take over, handlers fail. A seed replays a run
exactly.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta

from pydantic_core import from_json

from flashbot.dialogue.memory import Memory
from flashbot.engine.asks import Asks
from flashbot.engine.links import Links
from flashbot.engine.outbox import Outgoing
from flashbot.engine.pace import SharedPace
from flashbot.engine.pacing import Pacing
from flashbot.engine.patience import Patience
from flashbot.engine.pauses import Pauses
from flashbot.engine.runtime import Engine
from flashbot.engine.sender import Sender
from flashbot.engine.tally import Tally
from flashbot.engine.worker import Worker
from flashbot.errors import StoreAway
from flashbot.store.mailbox import Store
from flashbot.store.records import Entry
from flashbot.testing.any_time import ANY_TIME
from flashbot.testing.simulated_bots import WAITS, BotName, drops, handle_of, in_drip_lane, webhook
from flashbot.testing.simulated_world import (
    NIGHT,
    PATIENCE,
    WELL,
    Faults,
    Post,
    Process,
    Report,
    Runner,
    World,
    linked,
)
from flashbot.testing.virtual import VirtualLoop, run_virtual

__all__ = ["Faults", "Report", "simulate"]

ENDS = ("sent", "found", "assumed", "unknown", "refused", "dropped")
"""How a message ends, as its story tells it."""


def simulate(
    seed: int,
    faults: Faults,
    *,
    contacts: int = 3,
    events: int = 5,
    patience: Patience = PATIENCE,
    bot: BotName = "counting",
    settle: float = 3600.0,
    mutate: Callable[[str, str], str] = lambda _, text: text,
) -> Report:
    """One run: every event reaches MsgFlash exactly once, and each contact's in order, or it is a violation.

    Work that is left `settle` seconds after the last trouble is one too. `mutate(name, text)` may change a script, to
    show that a missing rule is found.
    """
    loop = VirtualLoop()
    world = World(seed, faults, loop, mutate)
    asyncio.set_event_loop(loop)
    try:
        run_virtual(_Life(world, contacts, events, patience, bot, settle).run(), loop)
    finally:
        asyncio.set_event_loop(None)
    report = world.report
    if not report.finished:
        report.violations.append("work was left in the end")
    unknown = _unknown(world)
    report.unknown = len(unknown)
    examine = {"counting": _examine_counting, "stopping": _examine_stopping, "waiting": _examine_waiting}[bot]
    for contact in range(contacts):
        report.violations += examine(world, contact, events, unknown)
        report.violations += _examine_story(world, contact)
    return report


def _phone(contact: int) -> str:
    return f"+22500{contact}"


class _Life:
    """What happens in one run."""

    def __init__(
        self, world: World, contacts: int, events: int, patience: Patience, bot: BotName, settle: float
    ) -> None:
        self._world = world
        self._contacts = contacts
        self._events = events
        self._patience = patience
        self._bot: BotName = bot
        self._settle = settle

    async def run(self) -> None:
        world, faults = self._world, self._world.faults
        world.processes = [self._boot("p0"), self._boot("p1")]
        await asyncio.gather(
            *(self._write(contact) for contact in range(self._contacts)),
            self._reap(),
            self._now_and_then(faults.jumps, world.jump),
            self._now_and_then(faults.deletes, world.delete_something),
            self._now_and_then(faults.failovers, world.fail_over),
            self._night(),
        )
        # Timers may be late by as much as the store's clock went back.
        limit = world.loop.elapsed + (4 * 3600 if faults.jumps and self._bot == "waiting" else self._settle)
        while world.loop.elapsed < limit:
            await asyncio.sleep(20)
            if not world.left():
                for process in world.processes:
                    if process.engine is not None:
                        await process.engine.halt()
                # Long enough for a late acceptance or a second owner to show itself.
                await asyncio.sleep(300)
                world.report.finished = True
                return

    def _store(self, process: Process) -> Store:
        store = Store(Runner(self._world, process), now_ms=self._world.store_ms, rng=self._world.rng)
        store.reasons.within = timedelta(days=30)
        return store

    def _boot(self, name: str) -> Process:
        world, patience = self._world, self._patience
        process = world.process(name)
        store, tally, clock = self._store(process), Tally(), process.clock
        pace = SharedPace(store, clock, api_key="k", per_second=0 if world.rng.random() < 0.7 else 50)
        pauses = Pauses(store, clock, tally, key_tag=pace.tag, patience=patience)
        pacing = Pacing(store, WELL, pauses, clock, tally, ANY_TIME, key_tag=pace.tag)
        sender = Sender(
            store, Post(world, process), pace, clock,
            patience=patience, hands=3, tally=tally, pauses=pauses, pacing=pacing, policy=ANY_TIME,
        )  # fmt: skip
        worker = Worker(
            store, handle_of(self._bot, world, process), sender, clock,
            patience=patience, hands=3, handler_seconds=30, tally=tally, crashes=1000,
        )  # fmt: skip
        asks = Asks(Links(pauses, linked), pacing)
        process.engine = Engine(worker, sender, clock, patience, listen=None, tick=2.0, asks=asks)
        process.engine.start()
        return process

    async def _write(self, contact: int) -> None:
        """One contact's webhooks; the platform repeats what was not acknowledged."""
        world, dice = self._world, self._world.rng
        outside = world.process("webhooks")
        for number in range(self._events):
            # Some come at the very instant at which the last turn's timer is due.
            await asyncio.sleep(WAITS if dice.random() < 0.3 else dice.expovariate(1 / 4))
            body = webhook(self._bot, _phone(contact), f"{contact}.{number}", f"e{contact}-{number}")
            entry = Entry(("W", str(world.store_ms()), f"e{contact}-{number}"), body)
            ways = 2 if dice.random() < world.faults.twice else 1
            while True:
                await world.up.wait()
                if any(await asyncio.gather(*(self._post(outside, entry, _phone(contact)) for _ in range(ways)))):
                    break
                await asyncio.sleep(1)

    async def _post(self, outside: Process, entry: Entry, contact: str) -> bool:
        """As intake does it: half of the time in a process that also works, which may then take it at once."""
        world = self._world
        process = world.rng.choice(world.processes)
        worker = process.engine.worker if process.engine is not None and world.rng.random() < 0.5 else None
        claimed = worker is not None and worker.claim()
        taken = None
        try:
            posted = await self._store(outside).post(
                "in", entry.words[2], contact, entry.pack(), lease_ms=15_000 if claimed else 0
            )
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

    async def _reap(self) -> None:
        world = self._world
        for _ in range(world.faults.kills):
            await asyncio.sleep(world.rng.expovariate(1 / 5))
            await world.up.wait()
            index = world.rng.randrange(len(world.processes))
            await self._kill(world.processes[index])
            await asyncio.sleep(world.rng.uniform(0, 3))
            if world.up.is_set():
                world.processes[index] = self._boot(f"p{index}")

    async def _kill(self, process: Process) -> None:
        self._world.report.kills += not process.dead
        process.dead = True
        if process.engine is not None:
            await process.engine.halt()  # whatever it does never comes back; only its ticking would go on

    async def _night(self) -> None:
        """Everything dies, and comes back after two days."""
        world = self._world
        if not world.faults.night:
            return
        await asyncio.sleep(world.rng.uniform(2, 30))
        world.up.clear()
        for process in world.processes:
            await self._kill(process)
        await asyncio.sleep(NIGHT)
        world.up.set()
        world.processes = [self._boot("p0"), self._boot("p1")]

    async def _now_and_then(self, times: int, happens: Callable[[], None]) -> None:
        for _ in range(times):
            await asyncio.sleep(self._world.rng.expovariate(1 / 8))
            happens()


def _examine_counting(world: World, contact: int, events: int, unknown: set[str]) -> Sequence[str]:
    wanted, said = [f"{n}:{contact}.{n}" for n in range(events)], _said(world, contact)
    if world.faults.deletes:  # whose state is gone begins to count anew
        wanted, said, unknown = _bare(wanted), _bare(said), set(_bare(unknown))
    found = []
    for drips in (False, True):
        told = [text for text in said if in_drip_lane(text) is drips]
        # A send that nobody can tell about, twice, ends visibly among the dead letters: sent or not.
        due = [text for text in wanted if in_drip_lane(text) is drips and (text not in unknown or text in told)]
        if told != due:
            missing, extra = set(due) - set(told), len(told) - len(set(told))
            found.append(f"contact {contact}: {len(missing)} lost, {extra} doubled, wanted {due}, got {told}")
    return found


def _examine_stopping(world: World, contact: int, events: int, unknown: set[str]) -> Sequence[str]:
    """What was said in answer all arrives; of the rest what a drop may have met, in order and never twice."""
    said = _said(world, contact)
    heard = [number for number in range(events) if not drops(number)]
    found = []
    for lane in ("reply", "drip"):
        told = [text for text in said if text.startswith(lane)]
        wanted = [(f"{lane} {contact}.{number}", number) for number in heard]
        last = max((number for number in range(events) if drops(number)), default=-1) if lane == "drip" else -1
        due = [text for text, number in wanted if text in told or (number > last and text not in unknown)]
        if told != due:
            found.append(f"contact {contact}: wanted {due}, got {told}")
    return found


def _bare(texts: Iterable[str]) -> list[str]:
    return [text.partition(":")[2] for text in texts]


def _examine_waiting(world: World, contact: int, events: int, unknown: set[str]) -> Sequence[str]:
    """Its log tells which turns were committed; each must have been said once, and each step ended in one way."""
    log = _log(world, contact)
    said = _said(world, contact)
    due = [text for text in log if text not in unknown or text in said]
    found = []
    if world.faults.night:  # an answer that comes days late is a follow-up: another lane, and never sent twice
        late = {text for text in due if text.startswith("late")}
        if len(said) != len(set(said)) or not set(said) <= set(due):
            found.append(f"contact {contact}: committed {due}, said {said}")
        said, due = ([text for text in texts if text not in late] for texts in (said, due))
    if said != due:
        found.append(f"contact {contact}: committed {due}, said {said}")
    turns: list[str] = []
    for number in range(events):
        # The first is new; whoever waited for it has answered it in time, or was told that it was late, never both.
        in_time = f"in time {contact}.{number}" in log
        turns += [f"in time {contact}.{number}" if in_time else f"anew {contact}.{number}"]
        next_in_time = f"in time {contact}.{number + 1}" in log
        turns += [] if next_in_time else [f"late {contact}.{number}"]
    if log != turns:
        found.append(f"contact {contact}: wanted turns like {turns}, got {log}")
    return found


def _examine_story(world: World, contact: int) -> Sequence[str]:
    """Each message of which something is told has come to one end there, in the commit that settled it."""
    ends: Counter[str] = Counter()
    for kept in world.fake.run_command("LRANGE", f"{{fb:0}}:why:{_phone(contact)}", 0, -1):
        said = from_json(kept.split(b" ", 5)[5])
        if "/" in said["id"]:
            ends[said["id"]] += said["kind"] in ENDS or said.get("step") in ENDS
    wrong = [message for message, count in ends.items() if count != 1]
    return [f"contact {contact}: not one end of {wrong} is told"] if wrong and world.report.finished else []


def _said(world: World, contact: int) -> list[str]:
    return [row.body or "" for row in world.accepted if row.to == _phone(contact)]


def _log(world: World, contact: int) -> list[str]:
    stored = world.fake.run_command("GET", f"{{fb:0}}:st:{_phone(contact)}")
    state = Memory.load(stored).state("waiting")
    with suppress(KeyError):
        return [str(text) for text in state["said"]] if isinstance(state, dict) else []
    return []


def _unknown(world: World) -> set[str]:
    texts = set()
    for _, fields in world.fake.run_command("XRANGE", "{fb:0}:dead", "-", "+"):
        kept = fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2], strict=True))
        if kept[b"q"] == b"in":
            world.report.violations.append("an event was buried")
        else:
            texts.add(from_json(Outgoing.unpack(kept[b"entry"]).body)["text"])
    return texts
