"""The shared rate: one key, one pace, whoever asks."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from flashbot.clock import ManualClock
from flashbot.engine.pace import SharedPace
from flashbot.errors import StoreAway
from flashbot.store.mailbox import Store


async def run_all(clock: ManualClock, *paces: SharedPace) -> list[datetime]:
    """Let each wait for its slot; the moments of the slots."""
    moments: list[datetime] = []

    async def one(pace: SharedPace) -> None:
        await pace.wait()
        moments.append(clock.now())

    tasks = [asyncio.create_task(one(pace)) for pace in paces]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0.001)
        clock.advance(timedelta(milliseconds=20))
    await asyncio.gather(*tasks)
    return moments


async def test_two_processes_of_one_key_share_its_rate(store: Store, clock: ManualClock) -> None:
    one, two = (SharedPace(store, clock, api_key="k", per_second=10) for _ in range(2))
    begun = clock.now()

    moments = await run_all(clock, one, two, one, two, one)

    gaps = [b - a for a, b in pairwise(sorted(moments))]
    assert min(gaps) >= timedelta(milliseconds=80)
    assert max(moments) - begun <= timedelta(milliseconds=700)


async def test_another_key_has_a_rate_of_its_own(store: Store, clock: ManualClock) -> None:
    begun = clock.now()
    paces = [SharedPace(store, clock, api_key=key, per_second=1) for key in ("a", "b", "c")]

    moments = await run_all(clock, *paces)

    assert max(moments) - begun <= timedelta(milliseconds=100)


async def test_a_queue_of_many_seconds_gets_its_slots_all_the_same(store: Store, clock: ManualClock) -> None:
    pace = SharedPace(store, clock, api_key="k", per_second=1)
    begun = clock.now()

    moments = sorted(await run_all(clock, *[pace] * 8))

    assert max(moments) - begun >= timedelta(seconds=6.9)
    assert min(b - a for a, b in pairwise(moments)) >= timedelta(milliseconds=960)


async def test_a_lifted_rate_waits_for_nobody(store: Store, clock: ManualClock) -> None:
    pace = SharedPace(store, clock, api_key="k", per_second=0)

    for _ in range(1000):
        await pace.wait()

    assert pace.unlimited


async def test_after_a_pause_nobody_asks_before_it_is_over(store: Store, clock: ManualClock) -> None:
    one, two = (SharedPace(store, clock, api_key="k", per_second=1000) for _ in range(2))
    loop = asyncio.get_running_loop()
    begun = loop.time()

    await one.pause(0.2)
    await run_all(clock, two)

    assert loop.time() - begun >= 0.19


async def test_the_key_itself_is_not_written_to_the_store(store: Store, clock: ManualClock) -> None:
    pace = SharedPace(store, clock, api_key="msgf_live_secret", per_second=10)

    await pace.wait()

    keys = await store._runner.command("KEYS", "*")  # type: ignore[attr-defined]  # both runners have it
    assert keys
    assert not any(b"secret" in key for key in keys)


class Away:
    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...]) -> object:
        raise StoreAway("No Redis or Valkey answers.")


async def test_without_the_store_there_are_no_slots(clock: ManualClock) -> None:
    pace = SharedPace(Store(Away()), clock, api_key="k", per_second=10)

    with pytest.raises(StoreAway):
        await pace.wait()
