"""However many processes send at once, no more messages go unanswered than may."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import replace

import pytest

from flashbot.testing.any_time import ANY_TIME
from flashbot.testing.simulated_world import WELL, Faults
from tests.simulation.crowd import Crowd

RUNS = int(os.environ.get("FLASHBOT_UNANSWERED_RUNS", "4"))
MOST = 6
FAULTS = (Faults(kills=0, lose_reply=0, no_answer=0, refuse=0), Faults(kills=25, lose_reply=0.005))


@pytest.mark.parametrize("seed", range(RUNS))
def test_eight_processes_with_all_of_it_ready_at_once_pass_no_limit_of_the_unanswered(seed: int) -> None:
    crowd = Crowd(seed, FAULTS[seed % 2], replace(ANY_TIME, most_unanswered=MOST), WELL, people=40)

    async def somebody_writes() -> None:
        while True:
            await asyncio.sleep(crowd.dice.expovariate(1 / 300))
            wrote = {phone for _, phone in crowd.heard}
            silent = [phone for _, phone in crowd.sent if phone not in wrote]
            await crowd.writes(crowd.dice.choice(silent or crowd.phones))

    crowd.run(2, somebody_writes)

    happened = sorted([(at, 1, phone) for at, phone in crowd.sent] + [(at, 0, phone) for at, phone in crowd.heard])
    waits, most = Counter[str](), 0
    for _, sent, phone in happened:
        waits[phone] = waits[phone] + 1 if sent else 0
        most = max(most, waits.total())
    assert most <= MOST
    assert most >= MOST - 1, "it is no test where it never binds"
    assert len(crowd.sent) > MOST, "and who answered made room"
