"""The sandbox's answers carry its own clock, which a test may have moved."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from random import Random

from flashbot.clock import ManualClock
from flashbot.sandbox.world import DEMO_KEY, World


def test_every_answer_has_the_worlds_date() -> None:
    clock = ManualClock()
    world = World(clock, Random(0))
    clock.advance(timedelta(days=3, seconds=7))

    good = world.handle("GET", "/api/v1/messages", {}, {"x-api-key": DEMO_KEY}, b"")
    refused = world.handle("GET", "/api/v1/messages", {}, {}, b"")

    assert (good.status, refused.status) == (200, 401)
    assert [parsedate_to_datetime(answer.headers["Date"]) for answer in (good, refused)] == [clock.now()] * 2
