"""The worker, with a handler of the test's own: what a turn can do to the turns after it, which is nothing."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import timedelta
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.engine.worker import Worker
from flashbot.errors import StoreAway
from flashbot.store.deadletters import DeadLetter, DeadLetters
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Entry, Later, Taken

AWA, BEN = "+2250700000001", "+2250700000002"
LEASE = 15_000


class Boom(Exception):
    pass


async def post(store: Store, name: str, contact: str = AWA) -> None:
    await store.post("in", name, contact, Entry(("W", "1", name, ""), name.encode()).pack())


async def dead(store: Store) -> list[DeadLetter]:
    return [letter async for letter in DeadLetters(store._runner, store).list()]  # type: ignore[arg-type]  # both runners take commands


async def work(worker: Worker) -> None:
    while await worker.step():
        await worker.slots.finish()


class Handler:
    """Raises what it is told to, per event; remembers what came."""

    def __init__(self, faults: dict[str, list[BaseException]] | None = None) -> None:
        self.faults = faults or {}
        self.seen: list[tuple[str, int]] = []

    async def __call__(self, taken: Taken, attempt: int, event: object = None) -> Done:
        name = Entry.unpack(taken.entry).body.decode()
        self.seen.append((name, attempt))
        if self.faults.get(name):
            raise self.faults[name].pop(0)
        return Done(state=name.encode())


async def test_a_handler_that_raises_is_tried_again_with_growing_waits_and_then_given_up(
    store: Store, clock: ManualClock, working: Any
) -> None:
    handler = Handler({"bad": [Boom("nobody is there")] * 9})
    worker = working(store, handler)
    await post(store, "bad")
    await post(store, "next")

    await work(worker)
    for wait in (1, 5, 30, 120):
        before = len(handler.seen)
        clock.advance(timedelta(seconds=wait, milliseconds=-1))
        await work(worker)
        assert len(handler.seen) == before, f"tried again before {wait} s"
        clock.advance(timedelta(milliseconds=1))
        await work(worker)

    assert handler.seen == [*[("bad", n) for n in range(1, 6)], ("next", 1)]
    (letter,) = await dead(store)
    assert (letter.queue, letter.contact, letter.entry) == ("in", AWA, b"W 1 bad \nbad")
    assert "failed 5 times" in letter.reason["why"]
    assert "Boom: nobody is there" in letter.reason["why"]
    assert "Boom" in letter.reason["stack"]
    assert "test_worker.py" in letter.reason["stack"]
    assert letter.reason["attempts"] == 5


async def test_another_contact_does_not_wait_for_one_that_fails(store: Store, working: Any) -> None:
    handler = Handler({"bad": [Boom()]})
    worker = working(store, handler)
    await post(store, "bad")
    await post(store, "good", BEN)

    await work(worker)

    assert ("good", 1) in handler.seen


async def test_a_handler_that_recovers_is_settled_and_starts_anew_with_the_next_event(
    store: Store, clock: ManualClock, working: Any
) -> None:
    handler = Handler({"first": [Boom()] * 4, "second": [Boom()] * 4})
    worker = working(store, handler)
    await post(store, "first")
    await post(store, "second")

    for _ in range(12):
        await work(worker)
        clock.advance(timedelta(minutes=3))

    assert handler.seen == [*[("first", n) for n in range(1, 6)], *[("second", n) for n in range(1, 6)]]
    assert await dead(store) == []


async def test_a_handler_over_its_time_limit_counts_as_one_that_raised(
    store: Store, clock: ManualClock, working: Any
) -> None:
    begun = []

    async def hang(taken: Taken, attempt: int, event: object = None) -> Done:
        begun.append(attempt)
        await asyncio.Event().wait()
        return Done()

    worker = working(store, hang, handler_seconds=0.01)
    await post(store, "slow")

    for _ in range(6):
        await work(worker)
        clock.advance(timedelta(minutes=3))

    assert begun == [1, 2, 3, 4, 5]
    (letter,) = await dead(store)
    assert "did not finish within 0.01 seconds" in letter.reason["why"]


async def test_a_timeout_of_the_handlers_own_is_not_called_its_time_limit(
    store: Store, clock: ManualClock, working: Any
) -> None:
    worker = working(store, Handler({"bad": [TimeoutError()] * 9}))
    await post(store, "bad")

    for _ in range(6):
        await work(worker)
        clock.advance(timedelta(minutes=3))

    (letter,) = await dead(store)
    assert "TimeoutError" in letter.reason["why"]
    assert "did not finish within" not in letter.reason["why"]


async def test_a_cancellation_of_the_handlers_own_counts_as_one_that_raised(
    store: Store, clock: ManualClock, working: Any
) -> None:
    async def wait_for_a_cancelled_task(taken: Taken, attempt: int, event: object = None) -> Done:
        inner = asyncio.create_task(asyncio.sleep(60))
        inner.cancel()
        await inner
        return Done()

    worker = working(store, wait_for_a_cancelled_task)
    await post(store, "bad")

    rounds = 0
    while rounds < 20 and await worker.step():
        await worker.slots.finish()
        rounds += 1
    for _ in range(6):
        clock.advance(timedelta(minutes=3))
        await worker.step()
        await worker.slots.finish()

    assert rounds == 1, "it was tried again at once, without a back-off"
    assert len(await dead(store)) == 1


async def test_three_deaths_make_a_dead_letter(store: Store, die: Any, working: Any) -> None:
    handler = Handler()
    await post(store, "poison")
    await post(store, "next")
    await die(3)

    await work(working(store, handler))

    (letter,) = await dead(store)
    assert letter.entry.endswith(b"poison")
    assert "died 3 times" in letter.reason["why"]
    assert handler.seen == [("next", 1)]


async def test_two_crashes_are_forgiven(store: Store, clock: ManualClock, working: Any) -> None:
    handler = Handler()
    await post(store, "unlucky")
    for _ in range(2):
        await store.take(("in",), lease_ms=LEASE, most=1)
        clock.advance(timedelta(milliseconds=LEASE))

    await work(working(store, handler))

    assert handler.seen == [("unlucky", 3)]
    assert await dead(store) == []


async def test_crashes_and_failures_are_counted_apart(store: Store, clock: ManualClock, working: Any) -> None:
    handler = Handler({"bad": [Boom(), Boom()]})
    worker = working(store, handler)
    await post(store, "bad")

    await work(worker)
    clock.advance(timedelta(seconds=1))
    for _ in range(2):
        await store.take(("in",), lease_ms=LEASE, most=1)
        clock.advance(timedelta(milliseconds=LEASE))
    await work(worker)
    clock.advance(timedelta(seconds=5))
    await work(worker)

    first, *later = [attempt for _, attempt in handler.seen]
    assert first == 1
    assert len(later) == 2
    assert min(later) > 1
    assert await dead(store) == []


async def test_an_event_given_back_at_a_deploy_keeps_its_count_of_crashes_right(
    store: Store, clock: ManualClock, die: Any, working: Any
) -> None:
    """It failed twice and was then given back untouched; three crashes after that are still three crashes."""
    handler = Handler({"bad": [Boom(), Boom()]})
    worker = working(store, handler)
    await post(store, "bad")
    await work(worker)
    clock.advance(timedelta(seconds=1))
    await work(worker)
    clock.advance(timedelta(seconds=5))
    _, (taken,) = await store.take(("in",), lease_ms=LEASE, most=1)
    await store.commit(taken, Later(0, clean=True, note=taken.note))
    await die(3)

    await work(worker)

    assert len(await dead(store)) == 1


async def test_nothing_a_handler_raises_shows_its_words_in_the_log(
    store: Store, working: Any, caplog: pytest.LogCaptureFixture
) -> None:
    worker = working(store, Handler({"bad": [Boom("my salary is 500")]}))
    await post(store, "bad")

    with caplog.at_level(logging.DEBUG):
        await work(worker)

    assert "Boom" in caplog.text
    assert "salary" not in caplog.text
    assert AWA not in caplog.text


async def test_a_turn_whose_lease_was_lost_is_cancelled_and_changes_nothing(
    store: Store, clock: ManualClock, working: Any
) -> None:
    begun, ended = asyncio.Event(), []

    async def slow(taken: Taken, attempt: int, event: object = None) -> Done:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(attempt)
        return Done()

    worker = working(store, slow)
    await post(store, "slow")
    await worker.step()
    await begun.wait()
    clock.advance(timedelta(milliseconds=LEASE))
    _, (other,) = await store.take(("in",), lease_ms=LEASE, most=1)

    await worker.renew()
    await worker.slots.finish()

    assert ended == [1]
    assert (await store.commit(other, Done()))[0].value == "ok"


async def test_the_heartbeat_keeps_a_slow_turns_lease(store: Store, clock: ManualClock, working: Any) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow(taken: Taken, attempt: int, event: object = None) -> Done:
        begun.set()
        await go.wait()
        return Done()

    worker = working(store, slow)
    await post(store, "slow")
    await worker.step()
    await begun.wait()

    for _ in range(6):
        clock.advance(timedelta(seconds=5))
        await worker.renew()

    assert (await store.take(("in",), lease_ms=LEASE, most=1))[1] == []
    go.set()
    await worker.slots.finish()
    assert worker._tally.counts["fenced"] == 0


class SlowRenewal:
    """A runner on which a renewal travels until the test lets it arrive."""

    def __init__(self) -> None:
        self.fake = FakeRunner()
        self.sent, self.arrives = asyncio.Event(), asyncio.Event()

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        if name == "renew":
            self.sent.set()
            await self.arrives.wait()
        return await self.fake.run(name, tag, args)


async def test_a_renewal_that_arrives_after_its_turn_leaves_the_contacts_next_turn_alone(
    clock: ManualClock, working: Any, caplog: pytest.LogCaptureFixture
) -> None:
    runner = SlowRenewal()
    store = Store(runner, now_ms=lambda: to_ms(clock.now()))
    gates = {"first": asyncio.Event(), "second": asyncio.Event()}
    begun = {"first": asyncio.Event(), "second": asyncio.Event()}
    finished = []

    async def gated(taken: Taken, attempt: int, event: object = None) -> Done:
        name = Entry.unpack(taken.entry).body.decode()
        begun[name].set()
        await gates[name].wait()
        finished.append(name)
        return Done()

    worker = working(store, gated)
    await post(store, "first")
    await post(store, "second")
    await worker.step()
    await begun["first"].wait()
    renewal = asyncio.create_task(worker.renew())
    await runner.sent.wait()
    gates["first"].set()
    await begun["second"].wait()

    runner.arrives.set()
    await renewal
    gates["second"].set()
    await worker.slots.finish()

    assert finished == ["first", "second"]
    assert "took too long" not in caplog.text


class AwayAtCommit:
    """A runner whose server is away for the next few commits; with `after`, only its answer is lost."""

    def __init__(self, times: int, *, after: bool) -> None:
        self.fake = FakeRunner()
        self.times, self.after = times, after

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        if name == "commit" and self.times:
            self.times -= 1
            if self.after:
                await self.fake.run(name, tag, args)
            raise StoreAway("the reply was lost")
        return await self.fake.run(name, tag, args)


@pytest.mark.parametrize("after", [False, True])
async def test_a_commit_is_repeated_until_the_store_is_back(clock: ManualClock, working: Any, after: bool) -> None:
    store = Store(AwayAtCommit(3, after=after), now_ms=lambda: to_ms(clock.now()))
    handler = Handler()
    worker = working(store, handler)
    await post(store, "once")

    await worker.step()
    while not worker.slots.idle:
        await asyncio.sleep(0)
        clock.advance(timedelta(seconds=0.5))

    assert handler.seen == [("once", 1)]
    assert (await store.take(("in",), lease_ms=LEASE, most=1))[1] == []


async def test_a_handler_that_calls_exit_does_not_lose_its_event(
    store: Store, clock: ManualClock, working: Any
) -> None:
    """SystemExit ends the process, as it must; the event waits for the next one and counts as a crash."""
    caught: list[BaseException] = []

    async def leave(taken: Taken, attempt: int, event: object = None) -> Done:
        sys.exit(3)

    async def in_a_process_of_its_own() -> None:
        worker = working(store, leave)
        await post(store, "exit")
        _, (taken,) = await store.take(("in",), lease_ms=LEASE, most=1)
        try:
            await worker._turn(taken, None)
        except SystemExit as fault:
            caught.append(fault)

    await in_a_process_of_its_own()
    clock.advance(timedelta(milliseconds=LEASE))
    _, (again,) = await store.take(("in",), lease_ms=LEASE, most=1)

    assert len(caught) == 1
    assert again.attempts == 2


async def test_no_more_turns_run_at_once_than_there_are_hands(store: Store, working: Any) -> None:
    running, most = 0, 0

    async def count(taken: Taken, attempt: int, event: object = None) -> Done:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return Done()

    worker = working(store, count, hands=3)
    for n in range(10):
        await post(store, f"e{n}", f"+22507000000{n:02}")

    await work(worker)

    assert most == 3
    assert (await store.take(("in",), lease_ms=LEASE, most=1))[1] == []


async def test_a_stopping_worker_takes_nothing(store: Store, working: Any) -> None:
    handler = Handler()
    worker = working(store, handler)
    await post(store, "late")

    worker.stopping = True

    assert not await worker.step()
    assert not worker.claim()
    assert handler.seen == []
