"""A process killed at one exact moment, and started again: its event is answered once, and the next one after it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from people import phone, signed
from stage import Bot, Stage, calls, open_stage

from flashbot.msgflash.events import parse
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.records import Entry

Aim = Callable[[Stage, Bot], Awaitable[None]]


async def before_the_event_is_stored(stage: Stage, bot: Bot) -> None:
    async def look(request: bytes) -> bool:
        return not _strike(bot, calls("post", request))

    bot.wedge.on_request = look


async def after_the_event_is_stored_before_the_200(stage: Stage, bot: Bot) -> None:
    await _after(bot, lambda request: calls("post", request))


async def after_the_take_before_the_handler(stage: Stage, bot: Bot) -> None:
    """The event is there before the process is, so it comes with a take."""

    async def look(answer: bytes) -> bool:
        return not _strike(bot, b'"m0"' in answer)

    bot.wedge.on_answer = look


async def in_the_handler(stage: Stage, bot: Bot) -> None:
    """`COUNTING_BOT_DIES`."""


async def after_the_commit_before_its_answer(stage: Stage, bot: Bot) -> None:
    await _after(bot, lambda request: calls("commit", request))


async def after_a_message_is_taken_before_its_request(stage: Stage, bot: Bot) -> None:
    async def look(answer: bytes) -> bool:
        return not _strike(bot, b'"0 m0"' in answer)

    bot.wedge.on_answer = look


async def after_the_request_was_written(stage: Stage, bot: Bot) -> None:
    stage.world.faults.hang_after()

    def heard(_: object) -> None:
        _strike(bot, bool(stage.said()))

    stage.world.on_change.append(heard)


async def after_the_201_before_it_is_settled(stage: Stage, bot: Bot) -> None:
    async def look(request: bytes) -> bool:
        return not _strike(bot, bool(stage.said()) and calls("commit", request))

    bot.wedge.on_request = look


def _strike(bot: Bot, now: bool) -> bool:
    if now:
        bot.signal(signal.SIGKILL)
    return now


async def _after(bot: Bot, meant: Callable[[bytes], bool]) -> None:
    """When the answer comes to the first request that is meant."""
    asked = False

    async def ask(request: bytes) -> bool:
        nonlocal asked
        asked = asked or meant(request)
        return True

    async def answered(_: bytes) -> bool:
        return not _strike(bot, asked)

    bot.wedge.on_request, bot.wedge.on_answer = ask, answered


MOMENTS: dict[Aim, dict[str, str]] = {
    before_the_event_is_stored: {},
    after_the_event_is_stored_before_the_200: {},
    after_the_take_before_the_handler: {},
    in_the_handler: {"COUNTING_BOT_DIES": "1"},
    after_the_commit_before_its_answer: {},
    # With a rate to keep, a message is not taken in the commit that makes it.
    after_a_message_is_taken_before_its_request: {"FLASHBOT_REQUESTS_PER_SECOND": "100"},
    after_the_request_was_written: {},
    after_the_201_before_it_is_settled: {},
}


async def kill_at(moment: Aim, folder: Path) -> tuple[int, list[str]]:
    """How the process ended, and what the person was told in all."""
    async with open_stage(folder) as stage:
        doomed = await stage.ready(await stage.start(**MOMENTS[moment]))
        await moment(stage, doomed)
        if moment is after_the_take_before_the_handler:
            await leave_an_event(stage)
        else:
            await stage.tell(doomed, 0, 0)
        code = await doomed.ended()

        survivor = await stage.ready(await stage.start())
        await stage.write(survivor, 0, 0)  # as the platform does without a 200, and now and then with one
        await stage.write(survivor, 0, 1)
        return code, await stage.heard(2)


@pytest.mark.parametrize("first", [0, 1], ids=["even", "odd"])
async def test_a_kill_at_this_moment_loses_and_doubles_nothing(tmp_path: Path, first: int) -> None:
    # Each has a stage of its own and mostly waits for leases: half of them run beside each other.
    async with asyncio.TaskGroup() as group:
        moments = {
            moment.__name__: group.create_task(kill_at(moment, tmp_path / str(number)))
            for number, moment in enumerate(list(MOMENTS)[first::2])
        }

    ended = {name: task.result() for name, task in moments.items()}
    assert ended == dict.fromkeys(ended, (-signal.SIGKILL, ["0 m0", "1 m1"]))


async def leave_an_event(stage: Stage) -> None:
    """Past every process, so that one must take it."""
    body, _ = signed(phone(0), "m0", "0-0")
    link = Link(stage.server.address)
    entry = Entry(("W", "1", "e0", "message.received"), body)
    await Store(link).post("in", parse(body, "message.received").key, phone(0), entry.pack())
    await link.close()
