"""A client in a test and the sandbox's faults."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from flashbot.clock import ManualClock
from flashbot.msgflash.errors import OutcomeUnknown
from flashbot.msgflash.transport import Request
from flashbot.sandbox.world import World
from flashbot.testing.sandbox import SandboxTransport

ASK = Request("GET", "/instances", timeout=20)


@pytest.fixture
def world() -> World:
    return World(ManualClock(), Random(0))


@pytest.mark.parametrize("order", [{"fault": "hang_after"}, {"fault": "slow_body"}, {"fault": "slow", "seconds": 20}])
async def test_what_does_not_answer_in_time_leaves_the_outcome_unknown(world: World, order: dict[str, Any]) -> None:
    world.faults.plan(**order, path="/instances")

    with pytest.raises(OutcomeUnknown):
        await SandboxTransport(world).send(ASK)


async def test_an_answer_that_is_slow_but_in_time_comes_at_once(world: World) -> None:
    world.faults.plan("slow", seconds=19, path="/instances")

    answer = await SandboxTransport(world).send(ASK)

    assert answer.status == 200
