"""The store's clock jumps while hundreds wait: no hour of MsgFlash's sees more than it advised."""

from __future__ import annotations

import asyncio
import os
from bisect import bisect_left
from dataclasses import replace
from datetime import timedelta

import pytest

from flashbot.engine.pacing import Questions
from flashbot.msgflash.instances import InstanceHealth, WarmupPolicy
from flashbot.msgflash.models import Instance
from flashbot.testing.any_time import ANY_TIME
from flashbot.testing.simulated_world import Faults
from tests.simulation.crowd import Crowd

RUNS = int(os.environ.get("FLASHBOT_JUMP_RUNS", "1"))
HOURS = float(os.environ.get("FLASHBOT_JUMP_HOURS", "1.5"))
HOURLY = 60
PATIENT = replace(ANY_TIME, expires=timedelta(days=365))
SECOND_MS, HOUR_MS = 1000, 3_600_000
JUMPS = (SECOND_MS, 90 * SECOND_MS, 11 * 60 * SECOND_MS, HOUR_MS, 5 * HOUR_MS, 48 * HOUR_MS)


async def health(instance_id: str) -> InstanceHealth:
    caps = WarmupPolicy(
        hourly_outbound_cap=HOURLY, daily_outbound_cap=5000, hourly_unique_recipients_cap=5000,
        daily_unique_recipients_cap=5000,
    )  # fmt: skip
    return InstanceHealth(safety_state="stable", safety_score=100, warmup_policy=caps)


async def number(instance_id: str) -> Instance:
    return Instance(id=instance_id, wa_number="2250700000000")


def busiest(moments: list[float], within: float) -> int:
    moments = sorted(moments)
    return max((place - bisect_left(moments, at - within) + 1 for place, at in enumerate(moments)), default=0)


@pytest.mark.parametrize("seed", range(RUNS))
def test_a_clock_that_jumps_releases_no_burst(seed: int) -> None:
    crowd = Crowd(seed, Faults(kills=0, lose_reply=0.005), PATIENT, Questions(health, number), people=250, processes=2)

    async def jump() -> None:
        while True:
            await asyncio.sleep(crowd.dice.expovariate(1 / 1500))
            crowd.world.store_ahead_ms += crowd.dice.choice((1, -1)) * crowd.dice.choice(JUMPS)

    crowd.run(HOURS, jump)

    moments = [at for at, _ in crowd.sent]
    assert busiest(moments, 3600) <= HOURLY
    assert busiest(moments, 60) <= 4
    assert len(moments) > HOURLY / 4, "it is no test where nothing leaves"
