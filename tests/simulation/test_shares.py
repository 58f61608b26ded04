"""Two broadcasts of one number, by real processes in simulated hours: each gets half from its beginning, whoever was
first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from random import Random

import pytest

from flashbot.engine.broadcast import dump_rules
from flashbot.engine.casting import Casting
from flashbot.engine.outbox import Outgoing
from flashbot.engine.pace import SharedPace
from flashbot.engine.pacing import Pacing
from flashbot.engine.pauses import Pauses
from flashbot.engine.sender import Sender
from flashbot.engine.tally import Tally
from flashbot.msgflash.content import Text
from flashbot.msgflash.sent import body_of
from flashbot.outreach.cast import DAY_MS, Rules, source_of
from flashbot.outreach.policy import Policy
from flashbot.store.mailbox import Store
from flashbot.testing.acquainting import acquaint
from flashbot.testing.any_time import ANY_TIME
from flashbot.testing.simulated_world import INSTANCE, PATIENCE, WELL, Faults, Post, Process, Runner, World
from flashbot.testing.virtual import VirtualLoop, run_virtual

CALM = Faults(kills=0, lose_reply=0, no_answer=0, refuse=0)
FIRST, SECOND = "aa", "bb"
PREFIX = {FIRST: "+22507", SECOND: "+22505"}


@dataclass(frozen=True)
class Race:
    people: tuple[int, int]
    later: float
    """Seconds until the second begins."""
    policy: Policy
    rate: float
    """Requests a second of the key; 0: only the gaps hold it up."""
    naps: tuple[float, float]
    """Seconds that a process sleeps when there is nothing to do."""
    soon: int = 2
    """Messages of the first that leave at most between the second's beginning and its first. Where only the rate holds
    them up, that is as many as leave between two looks at the broadcasts."""
    drip: bool = False
    """The first is a drip, all of which lies in the lanes at once."""
    processes: int = 3


SLOW = Race((110, 20), 300, replace(ANY_TIME, most_an_hour=300), 0, (2, 6))
CROWD = replace(SLOW, people=(150, 15), later=60, drip=True, naps=(0.5, 1.2))
FAST = Race((400, 150), 20, ANY_TIME, 9.2, (0.2, 1), soon=10)


def play(race: Race, seed: int) -> tuple[list[str], int]:
    """Whose messages left, in that order, and how many had before the second began."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        return run_virtual(_play(race, World(seed, CALM, loop, lambda _, text: text)), loop)
    finally:
        asyncio.set_event_loop(None)


async def _play(race: Race, world: World) -> tuple[list[str], int]:
    dice = Random(world.rng.random())
    store = Store(world.fake, now_ms=world.store_ms, rng=dice)
    crew = [asyncio.create_task(_work(race, world, world.process(f"p{n}"), dice)) for n in range(race.processes)]
    if race.drip:
        await _post(store, race.people[0], world.store_ms())
    else:
        await _make(store, FIRST, race.people[0], world.store_ms())
    await store.numbers.set(INSTANCE, {"stage": "7", "health": "", "at": "", "asked": ""})
    await asyncio.sleep(race.later)
    before = len(world.accepted)
    await _make(store, SECOND, race.people[1], world.store_ms())
    while sum(str(row.to).startswith(PREFIX[SECOND]) for row in world.accepted) < race.people[1]:
        await asyncio.wait(crew, timeout=5, return_when=asyncio.FIRST_EXCEPTION)
        for one in crew:
            if one.done():
                one.result()
    for one in crew:
        one.cancel()
    await asyncio.gather(*crew, return_exceptions=True)
    ordered = sorted(world.accepted, key=lambda row: row.created or world.clock.now())
    return [FIRST if str(row.to).startswith(PREFIX[FIRST]) else SECOND for row in ordered], before


async def _post(store: Store, people: int, now_ms: int) -> None:
    phones = [f"{PREFIX[FIRST]}{number:08}" for number in range(people)]
    await acquaint(store, *phones, instance=INSTANCE)
    for to in phones:
        message = Outgoing(f"{to}/0", "marketing", now_ms, body_of(INSTANCE, to, Text(to)), source="drip:welcome")
        await store.post("drip", to, to, message.pack())


async def _make(store: Store, job: str, people: int, now_ms: int) -> None:
    phones = [f"{PREFIX[job]}{number:08}" for number in range(people)]
    before_ms = now_ms + 30 * DAY_MS
    rules = Rules(canary=0)
    await acquaint(store, *phones, instance=INSTANCE)
    await store.casts.begin(
        job, "", "", {"name": job, "instance": INSTANCE, "before": before_ms, "rules": dump_rules(rules)}
    )
    entries = [
        (
            to,
            Outgoing(
                f"cast-{job}-{to[1:]}", "marketing", now_ms, body_of(INSTANCE, to, Text(to)),
                source=source_of(job), send_before_ms=before_ms,
            ).pack(),
        )
        for to in phones
    ]  # fmt: skip
    await store.casts.add(job, "", entries)
    assert await store.casts.start(job, "", canary=0, total=people)


async def _work(race: Race, world: World, process: Process, dice: Random) -> None:
    tally = Tally()
    store = Store(Runner(world, process), now_ms=world.store_ms, rng=dice)
    pace = SharedPace(store, process.clock, api_key="k", per_second=race.rate)
    pauses = Pauses(store, process.clock, tally, key_tag=pace.tag, patience=PATIENCE)
    pacing = Pacing(store, WELL, pauses, process.clock, tally, race.policy, key_tag=pace.tag)
    sender = Sender(
        store, Post(world, process), pace, process.clock, patience=PATIENCE, hands=3, tally=tally,
        pauses=pauses, pacing=pacing, policy=race.policy, rng=dice,
    )  # fmt: skip
    casting = Casting(store, pacing, race.policy, process.clock, key_tag=pace.tag)

    async def send() -> None:
        while True:
            while await sender.step():
                pass
            await asyncio.sleep(dice.uniform(*race.naps))

    async def feed() -> None:
        while True:
            await pacing.step()
            await casting.step()
            await asyncio.sleep(max(0.95, race.naps[0]))

    async with asyncio.TaskGroup() as both:
        both.create_task(send())
        both.create_task(feed())


@pytest.mark.parametrize("race", [SLOW, FAST, CROWD], ids=["gaps", "rate", "a crowd in the lanes"])
def test_a_small_broadcast_that_begins_later_gets_its_half(race: Race) -> None:
    left, before = play(race, seed=1)

    begun = left.index(SECOND)
    ended = len(left) - left[::-1].index(SECOND)
    shared = left[begun:ended]
    apart = abs(shared.count(FIRST) - shared.count(SECOND)) / len(shared)
    assert left.count(FIRST) < race.people[0], "it has somebody left to write to"
    assert begun - before <= race.soon
    assert apart <= 0.05
