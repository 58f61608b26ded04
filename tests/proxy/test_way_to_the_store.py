"""A bot whose way to the store is cut, slow, deaf, or loses answers: nothing is lost, doubled or out of order.

`FLASHBOT_PROXY_EVENTS` sets how many events flow in each story (120 by default, 3,000 in `make chaos`).
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from flashbot.store.wire import ANSWER_WITHIN, Address, Wire
from tests.proxy.desk import open_desk
from tests.proxy.wedge import Wedge

EVENTS = int(os.environ.get("FLASHBOT_PROXY_EVENTS", "120"))
LONG = EVENTS > 1000
CONTACTS = 12
EACH = EVENTS // CONTACTS


GIVES_UP_AFTER = 5.0 if LONG else 1.0
"""Seconds without an answer; five is what a bot has."""


@dataclass(frozen=True)
class Impatient:
    """The way of a bot that gives up a silent connection sooner."""

    address: Address

    @property
    def place(self) -> str:
        return self.address.place

    async def open(self, answer_within: float = ANSWER_WITHIN) -> Wire:
        return await self.address.open(min(answer_within, GIVES_UP_AFTER))


def through(wedge: Wedge) -> Link:
    return Link(Address(path=str(wedge.path)), connect_anew_after=0.02)


async def test_connections_cut_again_and_again_cost_nothing(wedge: Wedge, tmp_path: Path) -> None:
    dice = random.Random(1)
    cuts = 0

    async def cutting() -> None:
        nonlocal cuts
        while True:
            await asyncio.sleep(dice.uniform(0.02, 0.1))
            await wedge.cut()
            cuts += 1

    async with open_desk(through(wedge), tmp_path, patience=0.05) as desk:
        shears = asyncio.create_task(cutting())
        await desk.write(CONTACTS, EACH, pause=0.05)
        shears.cancel()
        wrong = await desk.answered(CONTACTS, EACH, within=30)

    assert cuts > 1
    assert not wrong


async def test_an_answer_lost_after_the_call_was_carried_out_repeats_nothing(wedge: Wedge, tmp_path: Path) -> None:
    dice = random.Random(2)
    lost = 0

    async def lose(answer: bytes) -> bool:
        nonlocal lost
        passes = dice.random() > 0.2
        lost += not passes
        return passes

    async with open_desk(through(wedge), tmp_path, patience=0.05) as desk:
        wedge.on_answer = lose
        await desk.write(CONTACTS, EACH, pause=0.02)
        wedge.on_answer = None
        wrong = await desk.answered(CONTACTS, EACH, within=30)

    assert lost > 0
    assert not wrong


async def test_a_store_that_takes_its_time_for_every_call_doubles_nothing(wedge: Wedge, tmp_path: Path) -> None:
    # In the long run as slow as 2 s beside the patience of a real bot; in the short one everything is a quarter.
    scale = 1.0 if LONG else 0.25
    async with open_desk(through(wedge), tmp_path, patience=scale) as desk:
        await desk.write(1, 1)
        assert not await desk.answered(1, 1, within=10)

        wedge.request_delay = wedge.answer_delay = scale
        await desk.write(CONTACTS, 2)
        wrong = await desk.answered(CONTACTS, 2, within=60 * scale)

    assert not wrong
    assert not desk.refused


async def test_a_deaf_store_means_503_and_work_goes_on_when_it_hears_again(wedge: Wedge, tmp_path: Path) -> None:
    link = Link(Impatient(Address(path=str(wedge.path))), connect_anew_after=0.02)
    async with open_desk(link, tmp_path, patience=0.05) as desk:
        await desk.write(CONTACTS, 1)
        assert not await desk.answered(CONTACTS, 1, within=10)

        wedge.deaf = True
        begun = time.monotonic()
        refused = await desk.tell(0, 1)
        waited = time.monotonic() - begun
        wedge.deaf = False
        await desk.write(CONTACTS, 2)
        wrong = await desk.answered(CONTACTS, 2, within=30)

    assert refused.status == 503
    assert waited < 2 * GIVES_UP_AFTER + 1
    assert not wrong


async def test_a_server_that_restarts_is_found_within_two_seconds(server: Embedded, tmp_path: Path) -> None:
    async with open_desk(Link(server.address), tmp_path, patience=0.05) as desk:
        await desk.write(CONTACTS, 1)
        assert not await desk.answered(CONTACTS, 1, within=10)

        await server.stop()
        refused = await desk.tell(0, 1)
        await server.ensure()
        back = time.monotonic()
        await desk.write(CONTACTS, 2)
        wrong = await desk.answered(CONTACTS, 2, within=10)
        took = time.monotonic() - back

    assert refused.status == 503
    assert not wrong
    assert took < 2 + 0.2  # of which the last is the wait for a double
