"""What a handler can do to its process and to its contact, and what is left of it: a dead letter that says where."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.engine.trouble import Trouble
from flashbot.engine.worker import NO_STACK, Worker
from flashbot.errors import StoreAway
from flashbot.store.deadletters import DeadLetter, DeadLetters
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Committed, Done, Entry, Taken

AWA, BEN, CLEO = "+2250700000001", "+2250700000002", "+2250700000003"
LEASE = 15_000
LIMIT, HEARTBEAT = 30.0, 5.0


async def post(store: Store, name: str, contact: str = AWA) -> None:
    await store.post("in", name, contact, Entry(("W", "1", name, ""), name.encode()).pack())


async def dead(store: Store) -> list[DeadLetter]:
    return [letter async for letter in DeadLetters(store._runner, store).list()]  # type: ignore[arg-type]  # both runners take commands


async def work(worker: Worker) -> None:
    while await worker.step():
        await worker.slots.finish()


class Stubborn:
    """Swallows every cancellation until the test lets it go."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.free = asyncio.Event()

    async def __call__(self, taken: Taken, attempt: int, event: object = None) -> Done:
        if not taken.entry.endswith(b"stubborn"):
            return Done(state=b"{}")
        self.begun.append(attempt)
        while not self.free.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.free.wait()
        return Done(state=b'{"late":true}')


@pytest.fixture
async def stubborn() -> AsyncIterator[Stubborn]:
    """Let go at the end, or the loop would never close."""
    handler = Stubborn()
    yield handler
    handler.free.set()
    await asyncio.sleep(0)


async def test_a_handler_that_hangs_leaves_the_place_where_it_hung(
    store: Store, clock: ManualClock, working: Callable[..., Worker]
) -> None:
    async def deep_inside() -> None:
        await asyncio.Event().wait()

    async def hang(taken: Taken, attempt: int, event: object = None) -> Done:
        await deep_inside()
        return Done()

    worker = working(store, hang, handler_seconds=0.01)
    await post(store, "slow")

    for _ in range(5):
        await work(worker)
        clock.advance(timedelta(minutes=3))

    (letter,) = await dead(store)
    assert "did not finish within 0.01 seconds" in letter.reason["why"]
    assert "deep_inside" in letter.reason["stack"]


async def test_a_handler_that_ignores_its_cancellation_loses_its_event_and_its_hand_is_free_again(
    store: Store,
    clock: ManualClock,
    working: Callable[..., Worker],
    caplog: pytest.LogCaptureFixture,
    stubborn: Stubborn,
) -> None:
    worker = working(store, stubborn, hands=1, handler_seconds=LIMIT)
    await post(store, "stubborn")
    await post(store, "next", BEN)
    await worker.step()
    await asyncio.sleep(0)

    clock.advance(timedelta(seconds=LIMIT + HEARTBEAT + 0.1))
    await worker.renew()
    await work(worker)

    assert stubborn.begun == [1]
    assert worker._tally.counts["turns"] == 1
    assert worker._tally.counts["handlers_stuck"] == 1
    assert "Stubborn.__call__" in caplog.text
    assert "test_poison.py" in caplog.text
    assert AWA not in caplog.text
    stubborn.free.set()
    await worker.slots.finish()


async def test_what_it_makes_late_counts_for_nothing(
    store: Store, clock: ManualClock, working: Callable[..., Worker], stubborn: Stubborn
) -> None:
    worker = working(store, stubborn)
    await post(store, "stubborn")
    await worker.step()
    await asyncio.sleep(0)
    clock.advance(timedelta(seconds=LIMIT + HEARTBEAT + 0.1))
    await worker.renew()

    stubborn.free.set()
    await asyncio.gather(*worker._strays)

    clock.advance(timedelta(seconds=1))
    _, (again,) = await store.take(("in",), lease_ms=LEASE, most=1)
    assert (again.state, again.entry) == (None, b"W 1 stubborn \nstubborn")
    assert worker._tally.counts["fenced"] == 1


async def test_one_that_always_ignores_it_ends_as_a_dead_letter_with_its_stack(
    store: Store, clock: ManualClock, working: Callable[..., Worker], stubborn: Stubborn
) -> None:
    worker = working(store, stubborn)
    await post(store, "stubborn")
    await post(store, "next")

    for _ in range(5):
        await worker.step()
        await asyncio.sleep(0)
        clock.advance(timedelta(seconds=LIMIT + HEARTBEAT + 0.1))
        await worker.renew()
        clock.advance(timedelta(minutes=3))
    await work(worker)

    (letter,) = await dead(store)
    assert "ignored that it was cancelled" in letter.reason["why"]
    assert "self.free.wait()" in letter.reason["stack"]
    assert letter.reason["attempts"] == 5
    assert (await store.take(("in",), lease_ms=LEASE, most=1))[1] == []
    stubborn.free.set()
    await asyncio.gather(*worker._strays)


async def test_its_lease_runs_out_where_the_store_cannot_be_told(
    clock: ManualClock, working: Callable[..., Worker], stubborn: Stubborn
) -> None:
    runner = FakeRunner()
    away = False

    class Away:
        async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
            if away:
                raise StoreAway("It is away.")
            return await runner.run(name, tag, args)

    store = Store(Away(), now_ms=lambda: to_ms(clock.now()))
    worker = working(store, stubborn)
    await post(store, "stubborn")
    await worker.step()
    await asyncio.sleep(0)

    clock.advance(timedelta(seconds=LIMIT + HEARTBEAT + 0.1))
    away = True
    await worker.renew()
    away = False
    clock.advance(timedelta(milliseconds=LEASE))
    await worker.renew()

    _, (again,) = await store.take(("in",), lease_ms=LEASE, most=1)
    assert again.attempts == 2
    stubborn.free.set()
    await asyncio.gather(*worker._strays)


async def test_a_handler_that_swallows_the_loss_of_its_lease_is_fenced(
    store: Store, clock: ManualClock, working: Callable[..., Worker]
) -> None:
    begun = asyncio.Event()

    async def swallow(taken: Taken, attempt: int, event: object = None) -> Done:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return Done(state=b'{"mine":true}')

    worker = working(store, swallow)
    await post(store, "slow")
    await worker.step()
    await begun.wait()
    clock.advance(timedelta(milliseconds=LEASE))
    _, (other,) = await store.take(("in",), lease_ms=LEASE, most=1)

    await worker.renew()
    await worker.slots.finish()

    assert worker._tally.counts["fenced"] == 1
    assert (await store.commit(other, Done(state=b'{"theirs":true}')))[0] is Committed.OK


async def test_a_turn_that_waits_for_the_store_to_commit_is_not_taken_for_a_stubborn_handler(
    clock: ManualClock, working: Callable[..., Worker]
) -> None:
    runner = FakeRunner()
    committing, back = asyncio.Event(), asyncio.Event()

    class Slow:
        async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
            if name == "commit":
                committing.set()
                await back.wait()
            return await runner.run(name, tag, args)

    async def quick(taken: Taken, attempt: int, event: object = None) -> Done:
        return Done(state=b"{}")

    store = Store(Slow(), now_ms=lambda: to_ms(clock.now()))
    worker = working(store, quick)
    await post(store, "once")
    await worker.step()
    await committing.wait()

    for _ in range(20):
        clock.advance(timedelta(seconds=HEARTBEAT))
        await worker.renew()
    back.set()
    await worker.slots.finish()

    assert worker._tally.counts["handlers_stuck"] == 0
    assert worker._tally.counts["fenced"] == 0
    assert (await store.take(("in",), lease_ms=LEASE, most=1))[1] == []


async def test_at_the_end_of_the_process_a_stubborn_handlers_event_is_given_back(
    store: Store,
    clock: ManualClock,
    working: Callable[..., Worker],
    monkeypatch: pytest.MonkeyPatch,
    stubborn: Stubborn,
) -> None:
    worker = working(store, stubborn)
    await post(store, "stubborn")
    await worker.step()
    await asyncio.sleep(0)
    finish = worker.slots.finish
    monkeypatch.setattr(worker.slots, "finish", lambda within=None: finish(within=0.01))

    await worker.give_back()

    _, (again,) = await store.take(("in",), lease_ms=LEASE, most=1)
    assert again.attempts == 1
    stubborn.free.set()
    await asyncio.gather(*worker._strays)


async def test_a_dead_letter_of_deaths_carries_what_the_processes_wrote_since_the_first(
    store: Store, clock: ManualClock, die: Any, working: Callable[..., Worker]
) -> None:
    asked = []

    def last_words(within: float) -> str:
        asked.append(within)
        return "Fatal Python error: Segmentation fault"

    await post(store, "poison")
    await die(3)

    await work(working(store, Stubborn(), last_words=last_words))

    (letter,) = await dead(store)
    assert asked == [45.0]
    assert letter.reason["stack"] == "Fatal Python error: Segmentation fault"


async def test_a_dead_letter_of_deaths_without_a_trace_says_why_there_is_none(
    store: Store, clock: ManualClock, die: Any, working: Callable[..., Worker]
) -> None:
    await post(store, "poison")
    await die(3)

    await work(working(store, Stubborn()))

    (letter,) = await dead(store)
    assert letter.reason["stack"] == NO_STACK


async def test_what_a_blocked_process_left_in_the_note_is_in_the_dead_letter(
    store: Store, clock: ManualClock, working: Callable[..., Worker]
) -> None:
    blocking = asyncio.Event()

    async def block(taken: Taken, attempt: int, event: object = None) -> Done:
        await blocking.wait()
        return Done()

    await post(store, "poison")
    await post(store, "innocent", BEN)
    for death in range(3):
        worker = working(store, block)
        await worker.step()
        await asyncio.sleep(0)
        guilty = worker._held[AWA].task
        for taken, later in worker.will(guilty, "The loop stood still.", f"stack {death}"):
            assert (await store.commit(taken, later))[0] is Committed.OK
        for hand in list(worker._held.values()):
            hand.lost = True
            hand.task.cancel()
        await worker.slots.finish()
        clock.advance(timedelta(seconds=1))
    blocking.set()

    await work(working(store, block))

    (letter,) = await dead(store)
    assert letter.contact == AWA
    assert letter.reason["why"] == "The process died 3 times while it handled this event. The loop stood still."
    assert letter.reason["stack"] == "stack 2"


async def test_where_it_is_not_known_whose_code_blocks_nothing_is_given_back_as_innocent(
    store: Store, clock: ManualClock, working: Callable[..., Worker], stubborn: Stubborn
) -> None:
    worker = working(store, stubborn)
    await post(store, "stubborn")
    await post(store, "stubborn too: stubborn", BEN)
    await worker.step()
    await asyncio.sleep(0)

    assert worker.will(None, "", "") == []

    stubborn.free.set()
    await worker.slots.finish()


async def test_events_that_merely_stood_by_two_deaths_are_not_buried_with_the_one_that_kills(
    store: Store, clock: ManualClock, die: Any, working: Callable[..., Worker]
) -> None:
    """All three were in hand when two processes died. At their last chance they run one after the other."""
    together: list[str] = []
    most = 0

    async def handle(taken: Taken, attempt: int, event: object = None) -> Done:
        nonlocal most
        together.append(taken.contact)
        most = max(most, len(together))
        await asyncio.sleep(0)
        together.remove(taken.contact)
        return Done()

    for contact in (AWA, BEN, CLEO):
        await post(store, f"e{contact}", contact)
    await die(2)
    worker = working(store, handle)

    for _ in range(4):
        await work(worker)
        clock.advance(timedelta(seconds=1))

    assert most == 1
    assert worker._tally.counts["turns"] == 3
    assert await dead(store) == []


async def test_what_is_taken_and_never_begun_is_buried_by_no_number_of_deaths(
    store: Store, clock: ManualClock, die: Any, working: Callable[..., Worker]
) -> None:
    """Full hands, and a store that is away: a process that is killed then has not even begun with them."""
    await post(store, "innocent")
    await die(7, begun=False)
    worker = working(store, Stubborn())

    await work(worker)

    assert worker._tally.counts["turns"] == 1
    assert await dead(store) == []


async def test_one_kill_from_outside_while_an_event_has_its_last_chance_buries_nothing(
    store: Store, clock: ManualClock, die: Any, working: Callable[..., Worker]
) -> None:
    for contact in (AWA, BEN, CLEO):
        await post(store, f"e{contact}", contact)
    await die(2)
    await store.take(("in",), lease_ms=10 * LEASE, most=2)
    await die(1)

    clock.advance(timedelta(milliseconds=10 * LEASE))
    worker = working(store, Stubborn())
    for _ in range(4):
        await work(worker)
        clock.advance(timedelta(seconds=1))

    assert worker._tally.counts["turns"] == 3
    assert await dead(store) == []


async def test_waiting_for_its_last_chance_costs_an_event_nothing(
    store: Store, clock: ManualClock, die: Any, working: Callable[..., Worker], stubborn: Stubborn
) -> None:
    for contact in (AWA, BEN):
        await post(store, "stubborn" if contact == AWA else "e", contact)
    await die(2)
    worker = working(store, stubborn)
    for _ in range(6):
        await worker.step()
        await asyncio.sleep(0)
        clock.advance(timedelta(seconds=1))
    worker._held[AWA].task.cancel()
    stubborn.free.set()
    await worker.slots.finish()

    await work(worker)

    assert worker._tally.counts["turns"] == 2
    assert await dead(store) == []


async def test_deaths_are_still_counted_after_a_process_gave_the_event_back(
    store: Store, clock: ManualClock, die: Any, working: Callable[..., Worker]
) -> None:
    await post(store, "poison")
    await die(2)
    _, (taken,) = await store.take(("in",), lease_ms=LEASE, most=1)
    await store.commit(taken, Trouble.of(taken).unchanged())
    await die(1)

    await work(working(store, Stubborn()))

    assert len(await dead(store)) == 1


def test_a_note_of_a_newer_flashbot_is_read_as_far_as_it_is_known() -> None:
    assert Trouble.load(b'{"raised":2,"tries":3,"invented":{"later":1}}') == Trouble(raised=2, tries=3)


async def test_a_long_message_of_an_exception_does_not_fill_the_dead_letters(
    store: Store, clock: ManualClock, working: Callable[..., Worker], caplog: pytest.LogCaptureFixture
) -> None:
    async def shout(taken: Taken, attempt: int, event: object = None) -> Done:
        raise ValueError("x" * 1_000_000)

    worker = working(store, shout)
    await post(store, "loud")

    with caplog.at_level(logging.CRITICAL):
        for _ in range(5):
            await work(worker)
            clock.advance(timedelta(minutes=3))

    (letter,) = await dead(store)
    assert len(letter.reason["why"]) + len(letter.reason["stack"]) < 10_000
