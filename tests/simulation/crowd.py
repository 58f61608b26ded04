"""A number of which many ready messages want to leave at once, and processes that send them. Nothing is judged here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from flashbot.engine.outbox import Outgoing
from flashbot.engine.pace import SharedPace
from flashbot.engine.pacing import Pacing, Questions
from flashbot.engine.pauses import Pauses
from flashbot.engine.sender import Sender
from flashbot.engine.tally import Tally
from flashbot.errors import StoreAway
from flashbot.msgflash.content import Text
from flashbot.msgflash.sent import body_of
from flashbot.outreach.policy import Policy
from flashbot.store.mailbox import Store
from flashbot.store.records import Done
from flashbot.testing.acquainting import acquaint
from flashbot.testing.simulated_world import INSTANCE, PATIENCE, Faults, Post, Process, Runner, World
from flashbot.testing.virtual import VirtualLoop, run_virtual


class Crowd:
    """`sent`: when each left and to whom, in seconds of the simulation; `heard`: when who wrote."""

    def __init__(
        self, seed: int, faults: Faults, policy: Policy, questions: Questions, *, people: int, processes: int = 8
    ) -> None:
        self.loop = VirtualLoop()
        self.world = World(seed, faults, self.loop, lambda _, text: text)
        self.dice = Random(seed)
        self.phones = [f"+22507{number:08}" for number in range(people)]
        self.heard: list[tuple[float, str]] = []
        self._policy = policy
        self._questions = questions
        self._processes = processes

    @property
    def sent(self) -> list[tuple[float, str]]:
        begin = self.world.clock.now().timestamp() - self.loop.elapsed
        return [(row.created.timestamp() - begin, row.to) for row in self.world.accepted if row.created and row.to]

    def run(self, hours: float, *happens: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """What happens goes on until the end."""
        asyncio.set_event_loop(self.loop)
        try:
            run_virtual(self._run(hours, happens), self.loop)
        finally:
            asyncio.set_event_loop(None)

    async def _run(self, hours: float, happens: tuple[Callable[[], Coroutine[Any, Any, None]], ...]) -> None:
        world, end = self.world, hours * 3600
        await self._fill()
        crew = [asyncio.create_task(self._work(world.process(f"p{n}"))) for n in range(self._processes)]
        around = [asyncio.create_task(one()) for one in happens]
        for at in sorted(self.dice.uniform(0, end) for _ in range(world.faults.kills)):
            await asyncio.sleep(max(0.0, at - self.loop.elapsed))
            victim = self.dice.randrange(self._processes)
            crew[victim].cancel()
            crew[victim] = asyncio.create_task(self._work(world.process(f"p{victim}")))
        await asyncio.sleep(max(0.0, end - self.loop.elapsed))
        for one in (*crew, *around):
            one.cancel()
        ended = await asyncio.gather(*crew, *around, return_exceptions=True)
        fallen = [one for one in ended if isinstance(one, Exception)]
        if fallen:
            raise fallen[0]

    async def _fill(self) -> None:
        store = Store(self.world.fake, now_ms=self.world.store_ms, rng=self.dice)
        await acquaint(store, *self.phones, instance=INSTANCE)
        await store.numbers.set(INSTANCE, dict.fromkeys(("health", "at", "asked"), ""))
        for number, phone in enumerate(self.phones):
            body = body_of(INSTANCE, phone, Text(f"{number}"))
            message = Outgoing(f"m{number}/0", "follow_up", self.world.store_ms(), body)
            await store.post("drip", f"k{number}", phone, message.pack())

    async def writes(self, phone: str) -> None:
        """This person writes, and the turn is over at once."""
        store = Store(self.world.fake, now_ms=self.world.store_ms, rng=self.dice)
        await store.post("in", "", phone, b"W 1 x\n")
        _, taken = await store.take(("in",), lease_ms=1000, most=1)
        for one in taken:
            await store.commit(one, Done(answers="heard"))
            self.heard.append((self.loop.elapsed, one.contact))

    async def _work(self, process: Process) -> None:
        """A process; it dies by never coming back from wherever it is."""
        world, tally = self.world, Tally()
        store = Store(Runner(world, process), now_ms=world.store_ms, rng=self.dice)
        pace = SharedPace(store, process.clock, api_key="k", per_second=0)
        pauses = Pauses(store, process.clock, tally, key_tag=pace.tag, patience=PATIENCE)
        pacing = Pacing(store, self._questions, pauses, process.clock, tally, self._policy, key_tag=pace.tag)
        sender = Sender(
            store, Post(world, process), pace, process.clock, patience=PATIENCE, hands=3, tally=tally,
            pauses=pauses, pacing=pacing, policy=self._policy, rng=self.dice,
        )  # fmt: skip
        try:
            while True:
                try:
                    await pacing.step()
                    while await sender.step():
                        pass
                except StoreAway:
                    pass
                await asyncio.sleep(self.dice.uniform(10, 40))
        finally:
            process.dead = True
