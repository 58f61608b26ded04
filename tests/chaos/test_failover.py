"""The same processes on a primary with a replica: the primary is killed again and again, and the replica takes over.

`FLASHBOT_CHAOS_FAILOVER_EVENTS` sets how many events flow (60 by default, 4,000 in `make chaos`).
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from figures import note
from places import Watched
from rig import Rig
from verdict import run

EVENTS = int(os.environ.get("FLASHBOT_CHAOS_FAILOVER_EVENTS", "60"))
LONG = EVENTS > 2000


@pytest.mark.chaos
@pytest.mark.timeout(1800)
async def test_nothing_is_lost_or_doubled_when_a_replica_takes_over(tmp_path: Path) -> None:
    async with Rig(tmp_path, patience=0.15 if LONG else 0.05, store=Watched(tmp_path, random.Random(5))) as rig:
        every, speed = (1.0, 20) if LONG else (2.0, 25)
        outcome = await run(rig, contacts=100 if LONG else 30, events=EVENTS, every=every, speed=speed, settle=240)

    print(outcome)
    note("failover", outcome.figures())
    assert not any(outcome.wrong), str(outcome)
    assert outcome.kills["server"] > 0
    if LONG:
        assert outcome.kills["server"] >= 5
