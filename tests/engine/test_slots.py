"""Hands: how many there are, and when they are free again."""

from __future__ import annotations

import asyncio

import pytest

from flashbot.engine.slots import Slots


async def test_no_more_hands_are_claimed_than_there_are() -> None:
    slots = Slots(2)

    assert [slots.claim() for _ in range(3)] == [True, True, False]
    assert (slots.free, slots.idle) == (0, False)


async def test_a_hand_is_free_again_when_its_work_ends() -> None:
    slots = Slots(1)
    go = asyncio.Event()

    async def work() -> None:
        await go.wait()

    assert slots.claim()
    slots.start(work())
    await asyncio.sleep(0)
    busy = slots.free
    go.set()
    await slots.finish()

    assert (busy, slots.free, slots.idle) == (0, 1, True)


async def test_a_hand_is_free_again_also_when_its_work_fails() -> None:
    slots = Slots(1)
    faults: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))

    async def work() -> None:
        raise ValueError("broken")

    assert slots.claim()
    slots.start(work())
    await slots.finish()

    assert slots.idle


async def test_a_claimed_hand_can_be_given_back() -> None:
    slots = Slots(1)
    assert slots.claim()

    slots.release()

    assert slots.idle


@pytest.mark.parametrize(("within", "done"), [(0.01, False), (None, True)])
async def test_finishing_waits_as_long_as_it_may(within: float | None, done: bool) -> None:
    slots = Slots(1)
    go = asyncio.Event()

    async def work() -> None:
        await go.wait()

    assert slots.claim()
    slots.start(work())
    if done:
        asyncio.get_running_loop().call_later(0.01, go.set)

    assert await slots.finish(within) is done
    await slots.abandon()


async def test_abandoned_work_is_cancelled_and_waited_for() -> None:
    slots = Slots(1)
    ended = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    assert slots.claim()
    slots.start(work())
    await asyncio.sleep(0)

    await slots.abandon()

    assert ended == [True]
    assert slots.idle


async def test_a_hand_whose_work_ended_without_looking_for_more_has_it_looked_for_once_it_is_free() -> None:
    slots = Slots(1)
    free_when_told = []

    async def work() -> None:
        slots.look_again()

    async def driver() -> None:
        await slots.changed.wait()
        free_when_told.append(slots.free)

    driving = asyncio.create_task(driver())
    assert slots.claim()
    slots.start(work())
    await driving

    assert free_when_told == [1]
