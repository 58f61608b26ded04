"""Processes and their server killed, frozen and stopped while events flow and MsgFlash misbehaves.

`FLASHBOT_CHAOS_EVENTS` sets how many events flow (400 by default, 20,000 in `make chaos`).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from figures import note
from rig import Rig
from verdict import run

EVENTS = int(os.environ.get("FLASHBOT_CHAOS_EVENTS", "400"))
LONG = EVENTS >= 10_000


@pytest.mark.chaos
@pytest.mark.timeout(1800)
async def test_nothing_is_lost_or_doubled_whatever_is_killed(tmp_path: Path) -> None:
    async with Rig(tmp_path, patience=0.15 if LONG else 0.05, dies=0.003) as rig:
        contacts, every, speed = (200, 0.8, 32) if LONG else (40, 1.0, 80)
        outcome = await run(rig, contacts=contacts, events=EVENTS, every=every, speed=speed, settle=240)

    print(outcome)
    note("processes killed", outcome.figures())
    assert not any(outcome.wrong), str(outcome)
    assert min(outcome.kills[name] for name in ("web", "worker", "server")) > 0
    assert all(seconds < 10 for seconds in outcome.stops), "SIGTERM took too long"
    if LONG:
        assert outcome.process_kills >= 500
        assert outcome.kills["server"] >= 30
