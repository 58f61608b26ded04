"""Web, worker and server killed with -9 in turn while events flow: nothing lost, nothing doubled, order kept.

`FLASHBOT_CHAOS_EVENTS` sets how many events flow (400 by default, 5,000 in `make chaos`).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rig import Rig

EVENTS = int(os.environ.get("FLASHBOT_CHAOS_EVENTS", "400"))


@pytest.mark.chaos
@pytest.mark.timeout(1200)
async def test_nothing_is_lost_or_doubled_under_kill_nine(tmp_path: Path) -> None:
    async with Rig(tmp_path) as rig:
        outcome = await rig.run(contacts=40, events=EVENTS, every=0.8, speed=60, settle=240)

    print(outcome)
    assert (outcome.lost, outcome.doubled, outcome.swapped, outcome.dead) == (0, 0, 0, 0), str(outcome)
    assert all(outcome.kills[name] > 0 for name in ("web", "worker", "server"))
