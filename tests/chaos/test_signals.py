"""A process that is told to stop, or is frozen, in the middle of its work."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

from stage import Bot, Stage, open_stage

from flashbot.store.link import Link

PEOPLE = 12


async def in_flight(stage: Stage, bot: Bot, *, slow: float = 0.8) -> None:
    """Everybody has written; some requests are on their way, and slow."""
    stage.world.faults.plan("slow", PEOPLE, seconds=slow)
    for number in range(PEOPLE):
        await stage.write(bot, number, 0)
    async with asyncio.timeout(10):
        while not stage.said():
            await asyncio.sleep(0.01)


async def left(stage: Stage) -> list[str]:
    """Messages that somebody holds, or held when he died."""
    link = Link(stage.server.address)
    names = [f"{{fb:0}}:{queue}:busy" for queue in ("in", "reply", "drip")]
    found = [name for name in names if await link.command("EXISTS", name)]
    await link.close()
    return found


async def test_sigterm_in_the_middle_of_work_ends_in_good_order_and_makes_no_doubt(tmp_path: Path) -> None:
    # With a real bot's patience a lease that was left behind would take 90 s to run out.
    async with open_stage(tmp_path, patience=1) as stage:
        bot = await stage.ready(await stage.start(FLASHBOT_REQUESTS_PER_SECOND="10"))
        await in_flight(stage, bot)
        bot.signal(signal.SIGTERM)
        begun = time.monotonic()
        code = await bot.ended()
        took = time.monotonic() - begun
        held = await left(stage)
        words = bot.log.read_text()

        stage.world.faults.clear()
        await stage.ready(await stage.start())
        said = await asyncio.gather(*(stage.heard(1, number, within=10) for number in range(PEOPLE)))

    assert code == 0
    assert took < 10
    assert not held
    assert "no answer" not in words
    assert said == [["0 m0"]] * PEOPLE


async def test_a_second_sigterm_changes_nothing(tmp_path: Path) -> None:
    async with open_stage(tmp_path, patience=1) as stage:
        bot = await stage.ready(await stage.start(FLASHBOT_REQUESTS_PER_SECOND="10"))
        await in_flight(stage, bot)
        bot.signal(signal.SIGTERM)
        await asyncio.sleep(0.1)
        bot.signal(signal.SIGTERM)
        code = await bot.ended()

        assert code == 0
        assert not await left(stage)


async def test_a_kill_while_it_stops_is_like_any_other(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        bot = await stage.ready(await stage.start())
        stage.world.faults.hang_after()
        await stage.write(bot, 0, 0)
        async with asyncio.timeout(10):
            while not stage.said():
                await asyncio.sleep(0.01)
        bot.signal(signal.SIGTERM)
        await asyncio.sleep(0.1)
        bot.signal(signal.SIGKILL)
        code = await bot.ended()

        again = await stage.ready(await stage.start())
        await stage.write(again, 0, 1)
        said = await stage.heard(2)

    assert code == -signal.SIGKILL
    assert said == ["0 m0", "1 m1"]


async def test_a_worker_frozen_past_its_lease_is_overtaken_and_its_turn_is_dropped(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        frozen = await stage.ready(await stage.start())

        async def freeze(answer: bytes) -> bool:
            if b'"m0"' in answer:  # the event, leased
                frozen.signal(signal.SIGSTOP)
                frozen.wedge.on_answer = None
            return True

        frozen.wedge.on_answer = freeze
        await stage.tell(frozen, 0, 0)
        other = await stage.ready(await stage.start())
        await stage.write(other, 0, 1)
        meanwhile = await stage.heard(2)
        frozen.signal(signal.SIGCONT)
        await asyncio.sleep(1)
        said = stage.said()
        words = frozen.log.read_text()

    assert meanwhile == said == ["0 m0", "1 m1"]
    assert "too late" in words or "another process" in words


async def test_a_sender_frozen_past_its_deadline_sends_nothing_when_it_goes_on(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        frozen = await stage.ready(await stage.start())

        async def freeze(answer: bytes) -> bool:
            if b'"0 m0"' in answer:  # the message, leased
                frozen.signal(signal.SIGSTOP)
                frozen.wedge.on_answer = None
            return True

        frozen.wedge.on_answer = freeze
        await stage.write(frozen, 0, 0)
        before = stage.said()
        other = await stage.ready(await stage.start())
        await stage.write(other, 0, 1)
        meanwhile = await stage.heard(2)
        frozen.signal(signal.SIGCONT)
        await asyncio.sleep(1)
        said = stage.said()

    assert not before
    assert meanwhile == said == ["0 m0", "1 m1"]


async def test_the_same_webhook_at_two_processes_at_one_instant_is_one_event(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        bots = [await stage.start() for _ in range(2)]
        for bot in bots:
            await stage.ready(bot)

        for serial in range(10):
            statuses = await asyncio.gather(*(stage.tell(bots[n % 2], 0, serial) for n in range(4)))
            assert set(statuses) == {200}
        said = await stage.heard(10)

    assert said == [f"{n} m{n}" for n in range(10)]


async def test_everything_killed_at_once_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        bots = [await stage.start() for _ in range(2)]
        for bot in bots:
            await stage.ready(bot)
        for serial in range(3):
            for number in range(PEOPLE):
                await stage.write(bots[number % 2], number, serial)
        for bot in bots:
            bot.signal(signal.SIGKILL)
        pid = stage.server.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        for bot in bots:
            await bot.ended()

        await stage.server.ensure()
        again = await stage.ready(await stage.start())
        for number in range(PEOPLE):
            await stage.write(again, number, 3)
        said = await asyncio.gather(*(stage.heard(4, number) for number in range(PEOPLE)))

    assert said == [["0 m0", "1 m1", "2 m2", "3 m3"]] * PEOPLE
