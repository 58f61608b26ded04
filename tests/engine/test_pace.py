"""The shared rate: one key, one pace, whoever asks, and a platform that counts strictly."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import cycle, pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashbot.clock import ManualClock, SystemClock, to_ms
from flashbot.engine.pace import SharedPace
from flashbot.errors import StoreAway
from flashbot.settings import Settings
from flashbot.store.embedded import Embedded
from flashbot.store.fake import FakeRunner
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.testing.virtual import VirtualClock, VirtualLoop, run_virtual

RATE = Settings.model_fields["requests_per_second"].default
MARGIN = 0.060
"""Seconds by which the ways of two requests to the platform may differ."""


class LateClock(VirtualClock):
    """Of a machine with too much to do: whoever sleeps wakes late."""

    def __init__(self, loop: VirtualLoop, late: Callable[[], float]) -> None:
        super().__init__(loop)
        self._late = late

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds + self._late())


class FarRunner:
    """A store whose every call takes its time, on the way there and on the way back."""

    def __init__(self, fake: FakeRunner, way: Callable[[], float]) -> None:
        self._fake = fake
        self._way = way

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> object:
        await asyncio.sleep(self._way())
        answer = self._fake.run_now(name, tag, args)
        await asyncio.sleep(self._way())
        return answer


def exact() -> float:
    return 0.0


class House:
    """Processes that share a key on one loop whose time jumps; the store's clock can be moved."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self.fake = FakeRunner()
        self.step_ms = 0
        self.begun: list[float] = []
        self.by: Counter[int] = Counter()

    def process(self, late: Callable[[], float] = exact, way: Callable[[], float] = exact) -> SharedPace:
        clock = LateClock(self.loop, late)
        store = Store(FarRunner(self.fake, way), now_ms=lambda: to_ms(clock.now()) + self.step_ms)
        return SharedPace(store, clock, api_key="k", per_second=RATE)

    async def call(self, number: int, pace: SharedPace, times: int) -> None:
        """One call after the other."""
        for _ in range(times):
            await pace.wait()
            self.begun.append(self.loop.elapsed)
            self.by[number] += 1

    async def call_all(self, paces: list[SharedPace], times: int) -> None:
        await asyncio.gather(*(self.call(number, pace, times) for number, pace in enumerate(paces)))


def closest_eleven(moments: list[float]) -> float:
    """Seconds between the first and the last of the closest eleven; below 1 a strict server has refused."""
    moments = sorted(moments)
    return min((b - a for a, b in zip(moments, moments[10:], strict=False)), default=float("inf"))


async def run_all(clock: ManualClock, *paces: SharedPace) -> list[datetime]:
    """Let each wait for its slot; the moments of the slots."""
    moments: list[datetime] = []

    async def one(pace: SharedPace) -> None:
        await pace.wait()
        moments.append(clock.now())

    tasks = [asyncio.create_task(one(pace)) for pace in paces]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0.005)
        clock.move_to(clock.next_wake() or clock.now())
    await asyncio.gather(*tasks)
    return moments


async def test_two_processes_of_one_key_share_its_rate(store: Store, clock: ManualClock) -> None:
    one, two = (SharedPace(store, clock, api_key="k", per_second=10) for _ in range(2))

    moments = await run_all(clock, one, two, one, two, one)

    assert min(b - a for a, b in pairwise(sorted(moments))) >= timedelta(milliseconds=100)


async def test_another_key_has_a_rate_of_its_own(store: Store, clock: ManualClock) -> None:
    begun = clock.now()
    paces = [SharedPace(store, clock, api_key=key, per_second=1) for key in ("a", "b", "c")]

    moments = await run_all(clock, *paces)

    assert moments == [begun] * 3


@pytest.mark.parametrize(("per_second", "apart_ms"), [(9.0, 112), (9.2, 109), (3.0, 334), (300.0, 4), (10_000.0, 1)])
async def test_whole_milliseconds_never_make_the_rate_higher_than_asked(
    clock: ManualClock, per_second: float, apart_ms: int
) -> None:
    store = Store(FakeRunner(), now_ms=lambda: to_ms(clock.now()))
    pace = SharedPace(store, clock, api_key="k", per_second=per_second)

    moments = await run_all(clock, pace, pace, pace)

    assert [b - a for a, b in pairwise(moments)] == [timedelta(milliseconds=apart_ms)] * 2


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), longest=st.sampled_from([0.005, 0.03, 0.1, 0.8]))
def test_no_second_holds_eleven_requests_however_late_anybody_wakes(seed: int, longest: float) -> None:
    random = Random(seed)
    loop = VirtualLoop()
    house = House(loop)

    def late() -> float:
        return random.choice((longest, random.uniform(0, longest))) if random.random() < 0.3 else tiny()

    def tiny() -> float:
        return random.choice((0.0, 0.005, random.uniform(0, 0.005)))

    def way() -> float:
        return random.choice((0.0, longest / 4, random.uniform(0, longest / 4)))

    async def story() -> None:
        await house.call_all([house.process(late, way) for _ in range(5)], 8)

    run_virtual(story(), loop)

    assert len(house.begun) == 40
    assert closest_eleven(house.begun) >= 1 + MARGIN


def test_ten_processes_use_every_slot_and_each_has_its_turn() -> None:
    random = Random(1)
    loop = VirtualLoop()
    house = House(loop)

    def late() -> float:
        return random.uniform(0, 0.008)

    def way() -> float:
        return random.uniform(0, 0.005)

    async def story() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                await house.call_all([house.process(late, way) for _ in range(10)], 10_000)

    run_virtual(story(), loop)

    assert len(house.begun) / 60 >= 9.15
    assert max(house.by.values()) - min(house.by.values()) <= 1


def test_many_calls_of_one_process_take_no_more_than_its_turn() -> None:
    loop = VirtualLoop()
    house = House(loop)

    async def story() -> None:
        busy, quiet = house.process(), house.process()
        callers = [house.call(0, busy, 1000) for _ in range(100)]
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.gather(*callers, house.call(1, quiet, 1000))

    run_virtual(story(), loop)

    assert abs(house.by[0] - house.by[1]) <= 1


def test_calls_of_one_process_are_served_in_the_order_they_came() -> None:
    loop = VirtualLoop()
    pace = House(loop).process()
    served: list[int] = []

    async def call(number: int) -> None:
        await pace.wait()
        served.append(number)

    async def story() -> None:
        await asyncio.gather(*(call(number) for number in range(100)))

    run_virtual(story(), loop)

    assert served == list(range(100))


def test_whoever_oversleeps_until_somebody_behind_has_begun_asks_again() -> None:
    loop = VirtualLoop()
    house = House(loop)
    naps = iter([0.12])

    async def story() -> None:
        sleepy = house.process(lambda: next(naps, 0.0))
        await house.process().wait()
        await asyncio.gather(house.call(0, sleepy, 1), house.call(1, house.process(), 1))

    run_virtual(story(), loop)

    # Asleep until 0.229, when the other has begun; the next slot is one interval later.
    assert house.begun == [pytest.approx(0.218), pytest.approx(0.218 + 0.109)]


def test_whoever_is_late_moves_those_behind_and_nobody_loses_a_slot() -> None:
    loop = VirtualLoop()
    house = House(loop)
    naps = iter([0.0, 0.0, 0.055])

    async def story() -> None:
        sleepy = house.process(lambda: next(naps, 0.0))
        await house.call_all([sleepy, *(house.process() for _ in range(9))], 10)

    run_virtual(story(), loop)

    # The first 15 ms are forgiven: they do not move the others.
    assert max(house.begun) == pytest.approx(99 * 0.109 + 0.04)
    assert house.by == Counter(dict.fromkeys(range(10), 10))


def test_a_slow_answer_of_the_store_counts_as_lateness() -> None:
    loop = VirtualLoop()
    house = House(loop)
    ways = iter([0.0, 0.04])

    async def story() -> None:
        await house.call(0, house.process(way=lambda: next(ways, 0.0)), 2)

    run_virtual(story(), loop)

    # Granted at 0 but heard of at 0.04: the slot is lost, and the next one is at 0.109, with
    # 30 ms behind it that pay for a longer tolerance.
    assert house.begun == [pytest.approx(0.109), pytest.approx(0.109 + 0.139)]


@pytest.mark.parametrize("way", [0.05, 0.4])
def test_with_a_far_store_requests_are_fewer_but_never_too_many(way: float) -> None:
    loop = VirtualLoop()
    house = House(loop)

    async def story() -> None:
        await house.call_all([house.process(way=lambda: way) for _ in range(4)], 10)

    run_virtual(story(), loop)

    assert len(house.begun) == 40
    assert closest_eleven([at + (number % 2) * MARGIN for number, at in enumerate(sorted(house.begun))]) >= 1


def test_a_far_process_does_not_push_its_requests_onto_those_of_near_ones() -> None:
    loop = VirtualLoop()
    house = House(loop)
    ways = cycle([0.0, 0.09])

    async def story() -> None:
        far, near = house.process(way=lambda: next(ways)), [house.process() for _ in range(9)]
        await house.call_all([far, *near], 6)

    run_virtual(story(), loop)

    assert len(house.begun) == 60
    assert closest_eleven(house.begun) >= 1 + MARGIN


def test_a_far_process_has_its_turn_among_near_ones_that_never_rest() -> None:
    loop = VirtualLoop()
    house = House(loop)

    async def story() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                await house.call_all([house.process(way=lambda: 0.3), *(house.process() for _ in range(9))], 10_000)

    run_virtual(story(), loop)

    assert house.by[0] >= 10
    assert closest_eleven(house.begun) >= 1 + MARGIN


def test_a_process_that_dies_in_line_costs_no_more_than_its_slot() -> None:
    loop = VirtualLoop()
    house = House(loop)

    async def story() -> None:
        first, dying, last = (house.process() for _ in range(3))
        await house.call(0, first, 1)
        doomed = asyncio.create_task(dying.wait())
        await asyncio.sleep(0.01)
        calling = asyncio.create_task(house.call(1, last, 1))
        await asyncio.sleep(0.01)
        doomed.cancel()
        await calling

    run_virtual(story(), loop)

    assert house.begun == [0.0, pytest.approx(0.218)]


def test_a_pause_holds_back_whoever_is_in_line_already() -> None:
    loop = VirtualLoop()
    house = House(loop)

    async def story() -> None:
        paces = [house.process() for _ in range(5)]
        calling = asyncio.create_task(house.call_all(paces, 2))
        await asyncio.sleep(0.15)
        await paces[0].pause(2)
        await paces[1].pause(0.5)
        await calling

    run_virtual(story(), loop)

    assert [at for at in house.begun if at < 2.15] == [0.0, pytest.approx(0.109)]
    assert len(house.begun) == 10
    assert closest_eleven(house.begun) >= 1


def test_a_pause_is_never_longer_than_a_minute() -> None:
    loop = VirtualLoop()
    house = House(loop)

    async def story() -> None:
        pace = house.process()
        await pace.pause(1e9)
        await house.call(0, pace, 1)

    run_virtual(story(), loop)

    assert house.begun == [pytest.approx(60)]


@pytest.mark.parametrize("step_ms", [-3_600_000, -20_000, -3000, -50, 50, 3000, 3_600_000])
def test_when_the_stores_clock_is_set_nobody_is_too_fast_and_nobody_waits_long(step_ms: int) -> None:
    loop = VirtualLoop()
    house = House(loop)

    async def story() -> None:
        loop.call_later(1.5, setattr, house, "step_ms", step_ms)
        await house.call_all([house.process() for _ in range(10)], 4)

    run_virtual(story(), loop)

    assert closest_eleven(house.begun) >= 1 + MARGIN
    assert max(house.begun) < 40 * 0.109 + 12


def test_whoever_comes_a_millisecond_early_waits_for_it_and_keeps_the_slot() -> None:
    loop = VirtualLoop()
    house = House(loop)

    async def story() -> None:
        loop.call_later(0.15, setattr, house, "step_ms", -1)
        await house.call_all([house.process() for _ in range(10)], 2)

    run_virtual(story(), loop)

    assert house.begun == [pytest.approx(n * 0.109 + (0.001 if n > 1 else 0)) for n in range(20)]


def test_a_pause_does_not_last_when_the_clock_is_set_back() -> None:
    loop = VirtualLoop()
    house = House(loop)

    async def story() -> None:
        pace = house.process()
        await pace.pause(30)
        house.step_ms = -3_600_000
        await house.call(0, pace, 1)

    run_virtual(story(), loop)

    assert house.begun[0] <= 60


def test_when_the_store_forgets_no_two_processes_begin_at_once() -> None:
    loop = VirtualLoop()
    house = House(loop)

    async def story() -> None:
        async def newcomers() -> None:
            await asyncio.sleep(1.53)
            house.fake.run_command("FLUSHALL")
            await house.call_all([house.process() for _ in range(5)], 2)

        await asyncio.gather(house.call_all([house.process() for _ in range(10)], 4), newcomers())

    run_virtual(story(), loop)

    gaps = sorted(b - a for a, b in pairwise(house.begun))
    assert len(house.begun) == 50
    assert gaps[1] >= 0.108
    assert closest_eleven(house.begun) >= 1 - 0.02


async def test_a_lifted_rate_waits_for_nobody(store: Store, clock: ManualClock) -> None:
    pace = SharedPace(store, clock, api_key="k", per_second=0)

    await pace.pause(60)
    for _ in range(1000):
        await pace.wait()

    assert pace.unlimited


async def test_after_a_pause_nobody_asks_before_it_is_over(store: Store, clock: ManualClock) -> None:
    one, two = (SharedPace(store, clock, api_key="k", per_second=1000) for _ in range(2))
    begun = clock.now()

    await one.pause(0.2)
    moments = await run_all(clock, two)

    assert moments == [begun + timedelta(seconds=0.2)]


async def test_the_key_itself_is_not_written_to_the_store(store: Store, clock: ManualClock) -> None:
    pace = SharedPace(store, clock, api_key="msgf_live_secret", per_second=10)

    await pace.wait()

    keys = await store._runner.command("KEYS", "*")  # type: ignore[attr-defined]  # both runners have it
    assert keys
    assert not any(b"secret" in key for key in keys)


async def test_slots_are_not_written_to_the_disk(real_server: Embedded) -> None:
    async def written() -> bytes:
        told: bytes = await link.command("INFO", "persistence")
        return next(line for line in told.splitlines() if line.startswith(b"aof_current_size:"))

    link = Link(real_server.address)
    pace = SharedPace(Store(link), SystemClock(), api_key="k", per_second=10_000)
    await link.command("PING")
    before = await written()

    await asyncio.gather(*(pace.wait() for _ in range(20)))

    after = await written()
    await link.close()
    assert after == before


class Away:
    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> object:
        raise StoreAway("No Redis or Valkey answers.")


async def test_without_the_store_there_are_no_slots(clock: ManualClock) -> None:
    pace = SharedPace(Store(Away()), clock, api_key="k", per_second=10)

    with pytest.raises(StoreAway):
        await pace.wait()
