"""A running engine: it finishes in good order, it keeps its leases, and nothing waits for a restart."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any

from flashbot.clock import to_ms
from flashbot.engine.doubt import Row
from flashbot.engine.outbox import Outgoing
from flashbot.engine.pace import SharedPace
from flashbot.engine.patience import Patience
from flashbot.engine.postman import Look
from flashbot.engine.runtime import Engine
from flashbot.engine.sender import Sender
from flashbot.engine.tally import Tally
from flashbot.engine.worker import Handle, Worker
from flashbot.errors import StoreAway
from flashbot.outreach.policy import Policy
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Entry, Message, Taken
from flashbot.testing.acquainting import acquaint
from flashbot.testing.any_time import ANY_TIME
from flashbot.testing.virtual import VirtualClock

AWA, BEN = "+2250700000001", "+2250700000002"
LEASE = 15_000


@dataclass
class Accepted:
    id: str


class Post:
    """Accepts everything after `seconds`."""

    def __init__(self, clock: VirtualClock, seconds: float = 0.1) -> None:
        self.clock = clock
        self.seconds = seconds
        self.begun: list[str] = []
        self.sent: list[str] = []

    async def send(self, body: bytes) -> Accepted:
        text = json.loads(body)["text"]
        self.begun.append(text)
        await self.clock.sleep(self.seconds)
        self.sent.append(text)
        return Accepted(f"vendor-{len(self.sent)}")

    async def look(self, instance: str | None, *, since: datetime, now_ms: int, due_ms: int) -> Look:
        return Look([], now_ms)

    async def row(self, message_id: str, *, now_ms: int) -> Row | None:
        return None


class Rough:
    """A runner that is slow where the test says so, and can be away."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.fake = FakeRunner()
        self.slow: dict[str, float] = {}
        self.away = False

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        if self.away:
            raise StoreAway("No Redis or Valkey answers.")
        found = await self.fake.run(name, tag, args)
        if name in self.slow:
            await self.clock.sleep(self.slow[name])
        return found

    async def command(self, *words: str | bytes | int) -> Any:
        return await self.fake.command(*words)


class House:
    """One store, and engines on it."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.runner = Rough(clock)
        self.store = Store(self.runner, now_ms=lambda: to_ms(clock.now()))
        self.post = Post(clock)
        self.tally = Tally()

    def engine(
        self, handle: Handle, *, per_second: float = 0, start: bool = True, policy: Policy | None = None
    ) -> Engine:
        clock, store = self.clock, self.store
        pace = SharedPace(store, clock, api_key="k", per_second=per_second)
        sender = Sender(
            store, self.post, pace, clock, patience=Patience(), hands=4, tally=self.tally, policy=policy, rng=Random(1)
        )
        worker = Worker(
            store, handle, sender, clock,
            patience=Patience(), hands=4, handler_seconds=600, tally=self.tally,
        )  # fmt: skip
        engine = Engine(worker, sender, clock, Patience(), listen=None)
        if start:
            engine.start()
        return engine

    async def event(self, name: str, contact: str = AWA) -> None:
        await self.store.post("in", name, contact, Entry(("W", "1", name, ""), name.encode()).pack())

    async def take(self) -> list[Taken]:
        return (await self.store.take(("in",), lease_ms=LEASE, most=9))[1]


def saying(text: str) -> Done:
    body = json.dumps({"instanceId": "i", "to": AWA, "type": "text", "text": text}).encode()
    return Done(messages=(Message("reply", Outgoing(f"{text}/0", "reply", 1, body).pack()),))


def name_of(taken: Taken) -> str:
    return Entry.unpack(taken.entry).body.decode()


def test_an_event_is_answered_by_a_running_engine(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            return saying(name_of(taken))

        engine = house.engine(handle)
        await house.event("one")
        await clock.sleep(3)

        assert house.post.sent == ["one"]
        await engine.stop()

    virtually(story)


def test_what_comes_before_the_start_is_kept_for_it(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            return saying(name_of(taken))

        engine = house.engine(handle, start=False)
        engine.hold()
        claimed = engine.worker.claim()
        await house.event("early")
        await engine.worker.step()
        await clock.sleep(3)
        early = list(house.post.begun)
        engine.start()
        await clock.sleep(3)

        assert (claimed, early) == (False, [])
        assert house.post.sent == ["early"]
        await engine.stop()

    virtually(story)


def test_a_stopping_engine_lets_a_running_handler_finish(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        finished = []

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            await clock.sleep(5)
            finished.append(name_of(taken))
            return Done()

        engine = house.engine(handle)
        await house.event("one")
        await house.event("behind")
        await clock.sleep(2)
        begun = clock.monotonic()
        await engine.stop()

        assert finished == ["one"]
        assert clock.monotonic() - begun < 5
        left = await house.take()
        assert [(name_of(taken), taken.attempts) for taken in left] == [("behind", 1)]

    virtually(story)


def test_a_handler_that_does_not_finish_in_time_is_given_back_untouched(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        ended = []

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            try:
                await clock.sleep(300)
            finally:
                ended.append(name_of(taken))
            return Done()

        engine = house.engine(handle)
        await house.event("long")
        await clock.sleep(2)
        begun = clock.monotonic()
        await engine.stop()

        assert ended == ["long"]
        assert 10 <= clock.monotonic() - begun < 13
        (again,) = await house.take()
        assert (name_of(again), again.attempts, again.note) == ("long", 1, b"")

    virtually(story)


def test_a_take_that_is_slow_to_come_back_does_not_stretch_the_stop(virtually: Any) -> None:
    """Ten seconds for everything in hand, not ten for the take and ten more for the handler."""

    async def story(clock: VirtualClock) -> None:
        house = House(clock)

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            await clock.sleep(300)
            return Done()

        engine = house.engine(handle)
        await house.event("long")
        await clock.sleep(2)
        house.runner.slow["take"] = 9
        engine.nudge()
        await clock.sleep(0.1)
        begun = clock.monotonic()
        await engine.stop()

        assert clock.monotonic() - begun < 13

    virtually(story)


def test_a_handler_that_swallows_its_cancellation_does_not_hold_up_the_stop(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            while True:
                try:
                    await clock.sleep(300)
                except asyncio.CancelledError:
                    continue

        engine = house.engine(handle)
        await house.event("stubborn")
        await clock.sleep(2)
        begun = clock.monotonic()
        await engine.stop()

        assert clock.monotonic() - begun < 15

    virtually(story)


def test_a_stopping_engine_takes_nothing_new(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        seen = []

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            seen.append(name_of(taken))
            await clock.sleep(5)
            return Done()

        engine = house.engine(handle)
        await house.event("one")
        await clock.sleep(2)
        stop = asyncio.create_task(engine.stop())
        await asyncio.sleep(0)
        await house.event("late", BEN)
        await stop
        await clock.sleep(5)

        assert seen == ["one"]
        assert not engine.worker.claim()

    virtually(story)


def test_what_a_take_brings_while_the_engine_stops_is_not_left_leased(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        seen = []

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            seen.append(name_of(taken))
            return Done()

        engine = house.engine(handle)
        await clock.sleep(1.5)
        house.runner.slow["take"] = 0.2
        await house.event("one")
        engine.nudge()
        await clock.sleep(0.1)
        await engine.stop()

        left = await house.take()
        assert seen == ["one"] or [(name_of(taken), taken.attempts) for taken in left] == [("one", 1)]

    virtually(story)


def test_a_hand_that_intake_has_claimed_is_waited_for(virtually: Any) -> None:
    """SIGTERM comes between intake's claim and the answer of its post: the turn must not outlive the engine."""

    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        finished = []

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            await clock.sleep(1)
            finished.append(name_of(taken))
            return Done()

        engine = house.engine(handle)
        house.runner.slow["post"] = 0.5

        async def intake() -> None:
            assert engine.worker.claim()
            entry = Entry(("W", "1", "one", ""), b"one").pack()
            posted = await house.store.post("in", "one", AWA, entry, lease_ms=LEASE)
            assert posted.taken is not None
            engine.worker.adopt(posted.taken)

        request = asyncio.create_task(intake())
        await clock.sleep(0.1)
        await engine.stop()
        finished_by_then, idle = list(finished), engine.worker.slots.idle
        await request
        await clock.sleep(5)

        assert finished_by_then == ["one"]
        assert idle

    virtually(story)


def test_a_request_that_was_written_is_heard_out_before_the_end(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        house.post.seconds = 15

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            return saying(name_of(taken))

        engine = house.engine(handle)
        await house.event("one")
        await clock.sleep(2)
        await engine.stop()

        assert house.post.sent == ["one"]
        await clock.sleep(3600)
        assert (await house.store.take(("reply",), lease_ms=90_000, most=1))[1] == []

    virtually(story)


def test_a_message_not_yet_begun_is_left_for_the_next_process_without_doubt(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            await clock.sleep(5)
            return saying(name_of(taken))

        first = house.engine(handle)
        await house.event("one")
        await clock.sleep(2)
        await first.stop()
        unsent = list(house.post.begun)
        second = house.engine(handle)
        await clock.sleep(2)

        assert unsent == []
        assert house.post.sent == ["one"]
        await second.stop()

    virtually(story)


def test_a_slow_handler_keeps_its_event_while_another_engine_looks_for_work(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        seen = []

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            seen.append((name_of(taken), attempt))
            await clock.sleep(100)
            return Done()

        engines = [house.engine(handle) for _ in range(2)]
        await house.event("slow")
        await clock.sleep(300)

        assert seen == [("slow", 1)]
        for engine in engines:
            await engine.stop()

    virtually(story)


def test_events_of_a_process_that_died_are_taken_up_by_another(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        seen = []

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            seen.append((name_of(taken), attempt))
            return Done()

        await house.event("one")
        await house.take()  # by one who dies now
        engine = house.engine(handle)
        await clock.sleep(20)

        assert seen == [("one", 2)]
        await engine.stop()

    virtually(story)


def test_work_goes_on_by_itself_when_the_store_is_back(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            return saying(name_of(taken))

        engine = house.engine(handle)
        await clock.sleep(2)
        house.runner.away = True
        await clock.sleep(60)
        house.runner.away = False
        await house.event("one")
        await clock.sleep(4)

        assert house.post.sent == ["one"]
        await engine.stop()

    virtually(story)


def test_the_store_going_away_in_a_turn_neither_loses_nor_repeats_it(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        seen = []

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            seen.append(attempt)
            house.runner.away = True
            return saying(name_of(taken))

        engine = house.engine(handle)
        await house.event("one")
        await clock.sleep(8)
        house.runner.away = False
        await clock.sleep(5)

        assert seen == [1]
        assert house.post.sent == ["one"]
        await engine.stop()

    virtually(story)


def test_a_stop_while_the_store_is_away_still_ends(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            house.runner.away = True
            return saying(name_of(taken))

        engine = house.engine(handle)
        await house.event("one")
        await clock.sleep(3)
        begun = clock.monotonic()
        await engine.stop()
        ended_after = clock.monotonic() - begun
        # As asyncio.run does at its end, once.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        _, hanging = await asyncio.wait(left, timeout=30) if left else (set(), set())

        assert ended_after < 15
        assert not hanging

    virtually(story)


def test_the_next_message_leaves_as_soon_as_the_gap_before_it_is_over(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            return Done()

        phones = [f"+22507{number:08}" for number in range(100)]
        await acquaint(house.store, *phones, instance="i")
        await house.store.numbers.set("i", {"stage": "7"})
        for to in phones:
            body = json.dumps({"instanceId": "i", "to": to, "type": "text", "text": to}).encode()
            await house.store.post("drip", to, to, Outgoing(f"{to}/0", "follow_up", to_ms(clock.now()), body).pack())
        engine = house.engine(handle, policy=replace(ANY_TIME, most_an_hour=1800))
        await clock.sleep(120)

        sent = len(house.post.sent)
        await engine.stop()
        assert sent >= 56, "about 60 gaps have passed"

    virtually(story)


def test_no_pace_is_broken_by_two_engines_of_one_key(virtually: Any) -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock)
        moments: list[float] = []

        async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
            return saying(name_of(taken))

        original = house.post.send

        async def noted(body: bytes) -> Accepted:
            moments.append(clock.monotonic())
            return await original(body)

        house.post.send = noted  # type: ignore[method-assign]  # only looks at the clock
        engines = [house.engine(handle, per_second=10) for _ in range(2)]
        for n in range(30):
            await house.event(f"e{n}", f"+22507000000{n:02}")
        await clock.sleep(30)

        assert len(moments) == 30
        assert all(sum(at <= one < at + 1 for one in moments) <= 11 for at in moments)
        for engine in engines:
            await engine.stop()

    virtually(story)
