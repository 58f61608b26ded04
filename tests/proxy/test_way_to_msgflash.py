"""A bot whose way to MsgFlash is cut, refused, slow or deaf: every message arrives once, in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from flashbot.sandbox.server import SandboxServer
from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from tests.proxy.desk import Desk, open_desk, quiet_world
from tests.proxy.wedge import Wedge

CONTACTS = 6
EACH = 3
PATIENCE = 0.03
TIME_OUT = 20 * PATIENCE
"""Seconds that a request may take."""


@pytest.fixture
async def way() -> AsyncIterator[tuple[Wedge, SandboxServer]]:
    msgflash = SandboxServer(quiet_world())
    await msgflash.start()
    async with Wedge(to_port=int(msgflash.url.rpartition(":")[2])) as wedge:
        yield wedge, msgflash
    await msgflash.stop()


def desk_at(server: Embedded, way: tuple[Wedge, SandboxServer]):  # type: ignore[no-untyped-def]  # open_desk's own
    wedge, msgflash = way
    return open_desk(
        Link(server.address),
        server.folder,
        patience=PATIENCE,
        world=msgflash.world,
        url=f"http://127.0.0.1:{wedge.port}",
    )


async def everything_arrives_once(desk: Desk, within: float = 40) -> None:
    wrong = await desk.answered(CONTACTS, EACH, within=within)
    assert not wrong


async def test_a_refused_connection_costs_time_only(server: Embedded, way: tuple[Wedge, SandboxServer]) -> None:
    wedge, _ = way
    async with desk_at(server, way) as desk:
        await wedge.refuse()
        await desk.write(CONTACTS, EACH)
        await asyncio.sleep(0.5)
        said_meanwhile = [desk.said(number) for number in range(CONTACTS)]
        await wedge.listen()

        await everything_arrives_once(desk)

    assert not any(said_meanwhile)
    assert desk.parts.tally.counts["ambiguous"] == 0


async def test_requests_and_answers_cut_in_the_middle_are_looked_for(
    server: Embedded, way: tuple[Wedge, SandboxServer]
) -> None:
    wedge, _ = way
    dice = random.Random(3)

    async def cut_some(data: bytes) -> bool:
        return dice.random() > 0.05

    async with desk_at(server, way) as desk:
        wedge.on_request = wedge.on_answer = cut_some
        await desk.write(CONTACTS, EACH)
        await asyncio.sleep(1)
        wedge.on_request = wedge.on_answer = None

        await everything_arrives_once(desk)

    assert desk.parts.tally.counts["ambiguous"] > 0


async def test_a_deaf_platform_gets_nothing_twice(server: Embedded, way: tuple[Wedge, SandboxServer]) -> None:
    wedge, _ = way
    async with desk_at(server, way) as desk:
        wedge.deaf = True
        await desk.write(CONTACTS, EACH)
        await asyncio.sleep(TIME_OUT + 0.5)
        wedge.deaf = False
        await wedge.cut()

        await everything_arrives_once(desk)

    assert desk.parts.tally.counts["ambiguous"] > 0


async def test_answers_that_come_after_the_time_out_double_nothing(
    server: Embedded, way: tuple[Wedge, SandboxServer]
) -> None:
    wedge, _ = way
    async with desk_at(server, way) as desk:
        wedge.answer_delay = TIME_OUT + 0.5
        await desk.write(CONTACTS, EACH)
        await asyncio.sleep(TIME_OUT + 1)
        wedge.answer_delay = 0

        await everything_arrives_once(desk)

    assert desk.parts.tally.counts["ambiguous"] > 0
