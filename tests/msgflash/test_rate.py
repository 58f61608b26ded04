"""The rate of one process: even, in order, and strict however late the machine is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashbot.msgflash.rate import LocalRate, Rate, Unlimited
from flashbot.settings import Settings
from flashbot.testing.virtual import VirtualClock, VirtualLoop, run_virtual

SPACING = 1 / 9.2
MARGIN = 0.050
"""Seconds by which the ways of two requests to the platform may differ."""


class LateClock(VirtualClock):
    """Of a machine with too much to do: whoever sleeps wakes late."""

    def __init__(self, loop: VirtualLoop, late: Callable[[], float]) -> None:
        super().__init__(loop)
        self._late = late

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds + self._late())


def begun(calls: int, late: Callable[[], float], *, between: Callable[[], float] = lambda: 0.0) -> list[float]:
    """When so many calls began that were asked for `between` seconds apart."""
    loop = VirtualLoop()
    moments: list[float] = []

    async def call(rate: Rate) -> None:
        await rate.wait()
        moments.append(loop.elapsed)

    async def story() -> None:
        rate = LocalRate(clock=LateClock(loop, late))
        async with asyncio.TaskGroup() as group:
            for _ in range(calls):
                group.create_task(call(rate))
                await asyncio.sleep(between())

    run_virtual(story(), loop)
    return moments


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), longest=st.sampled_from([0.0, 0.03, 0.2, 2.0]))
def test_no_second_holds_eleven_requests_however_late_the_machine_is(seed: int, longest: float) -> None:
    random = Random(seed)

    def late() -> float:
        return random.choice((longest, random.uniform(0, longest))) if random.random() < 0.3 else 0.0

    moments = begun(60, late, between=lambda: random.uniform(0, 0.2))

    assert len(moments) == 60
    assert min(b - a for a, b in zip(moments, moments[10:], strict=False)) >= 1 + MARGIN


def test_being_a_little_late_does_not_make_the_rate_lower() -> None:
    random = Random(1)

    moments = begun(100, lambda: random.uniform(0, 0.02))

    assert moments[-1] <= 99 * SPACING + 0.02


def test_whoever_asked_first_begins_first() -> None:
    loop = VirtualLoop()
    served: list[int] = []

    async def call(number: int, rate: Rate) -> None:
        await rate.wait()
        served.append(number)

    async def story() -> None:
        rate = LocalRate(clock=VirtualClock(loop))
        await asyncio.gather(*(call(number, rate) for number in range(30)))

    run_virtual(story(), loop)

    assert served == list(range(30))


def test_whoever_gives_up_waiting_leaves_no_gap() -> None:
    loop = VirtualLoop()

    async def story() -> None:
        rate = LocalRate(clock=VirtualClock(loop))
        await rate.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await rate.wait()
        await rate.wait()

    run_virtual(story(), loop)

    assert loop.elapsed == pytest.approx(SPACING)


def test_a_pause_holds_back_those_who_wait_already_and_the_longer_one_counts() -> None:
    loop = VirtualLoop()
    moments: list[float] = []

    async def call(rate: Rate) -> None:
        await rate.wait()
        moments.append(loop.elapsed)

    async def story() -> None:
        rate = LocalRate(clock=VirtualClock(loop))
        waiting = asyncio.gather(*(call(rate) for _ in range(4)))
        await asyncio.sleep(0.15)
        await rate.pause(2)
        await rate.pause(1)
        await waiting

    run_virtual(story(), loop)

    assert moments == [0.0, pytest.approx(SPACING), pytest.approx(2.15), pytest.approx(2.15 + SPACING)]


def test_a_pause_is_never_longer_than_a_minute() -> None:
    loop = VirtualLoop()

    async def story() -> None:
        rate = LocalRate(clock=VirtualClock(loop))
        await rate.pause(1e9)
        await rate.wait()

    run_virtual(story(), loop)

    assert loop.elapsed == pytest.approx(60)


async def test_without_a_limit_nobody_waits_not_even_after_a_pause() -> None:
    rate = Unlimited()

    await rate.pause(60)

    async with asyncio.timeout(5):
        await rate.wait()


def test_a_client_alone_and_a_bot_go_by_the_same_rate() -> None:
    assert LocalRate()._spacing == 1 / Settings.model_fields["requests_per_second"].default


def test_a_rate_serves_one_event_loop_after_another() -> None:
    rate = LocalRate(1_000)

    async def crowd() -> None:
        await asyncio.gather(*(rate.wait() for _ in range(3)))

    asyncio.run(crowd())
    asyncio.run(crowd())
