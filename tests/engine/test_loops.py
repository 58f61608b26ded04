"""A loop between two machines, the whole way: it ends, is said once in the log, and is counted."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from flashbot import Bot, Router, Turn
from flashbot.dialogue.escapes import LOOP_SAID
from flashbot.testing import Conversation
from flashbot.web.metrics import page

AWA = "+2250700000001"


def helpful() -> Bot:
    router: Router[None] = Router("helpful")

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply("How may I help?")

    return Bot(router)


async def test_a_loop_ends_and_is_told_in_the_log_and_in_the_metrics(
    desk: Any, message: Any, caplog: pytest.LogCaptureFixture
) -> None:
    open_desk = desk(helpful())

    with caplog.at_level(logging.DEBUG):
        for number in range(40):
            assert (await open_desk.tell(message(f"m{number}", "I am on leave."))).status == 200
        said = await open_desk.texts()

    assert said == ["How may I help?"] * 29 + [LOOP_SAID]
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert ["FLASHBOT_LOOP_AFTER" in record.getMessage() for record in warnings] == [True]
    assert AWA not in caplog.text
    assert "on leave" not in caplog.text
    assert caplog.text.count(": muted") == 10
    counts = page(open_desk.tally)[0].decode()
    assert 'flashbot_events_total{what="loops"} 1.0' in counts
    assert 'flashbot_events_total{what="muted"} 10.0' in counts
    assert await open_desk.dead() == []


async def test_a_conversation_under_test_has_the_breaker_of_a_running_bot() -> None:
    async with Conversation(helpful()) as chat:
        for _ in range(40):
            await chat.says("I am on leave.")
        default = [heard.text for heard in chat.sent]

    assert default == ["How may I help?"] * 29 + [LOOP_SAID]


async def test_two_bots_that_answer_each_other_stop_by_themselves() -> None:
    async with Conversation(helpful()) as one, Conversation(helpful()) as other:
        said, rounds = "Hello", 0
        while said and rounds < 1000:
            await one.says(said)
            said = "".join(one.replies)
            if said:
                await other.says(said)
                said = "".join(other.replies)
            rounds += 1

    assert rounds <= 31
    assert len(one.sent) <= 31
    assert len(other.sent) <= 31
