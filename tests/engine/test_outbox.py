"""A message in a lane: what it carries comes back, and what older and newer code wrote is read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flashbot import Bot, Drip, Policy, Router, Turn
from flashbot.consent import MARKETING
from flashbot.engine.outbox import Outgoing

PHONE = "+2250700000001"
BODY = b'{"instanceId":"i","to":"+2250700000001"}'


@pytest.mark.parametrize(
    "message",
    [
        Outgoing("e/0", "reply", 5, BODY),
        Outgoing("e/0", "follow_up", 5, BODY, "drip:follow-up"),
        Outgoing("e/0", "marketing", 5, BODY, "drip:tips & tricks = 50 %", "tips & tricks", 77),
        Outgoing("e/0", "marketing", 5, b"", "drip:été", "nouveautés"),
    ],
)
def test_what_a_message_carries_comes_back(message: Outgoing) -> None:
    assert Outgoing.unpack(message.pack()) == message


def test_a_message_without_a_drip_is_written_as_it_always_was() -> None:
    assert Outgoing("e/0", "reply", 5, BODY).pack() == b"M e/0 reply 5\n" + BODY


def test_what_a_newer_flashbot_wrote_of_a_message_is_passed_over() -> None:
    found = Outgoing.unpack(b"M e/0 marketing 5 source=drip:x mood=good odd\n" + BODY)

    assert (found.source, found.purpose, found.send_before_ms) == ("drip:x", MARKETING, None)


async def test_a_drips_message_carries_its_drip_its_purpose_and_its_last_moment(
    conversation: Any, tmp_path: Path
) -> None:
    tips = Drip("daily tips", purpose="tips").send("Tip 1", after=timedelta(hours=1), within=timedelta(hours=2))
    router: Router[None] = Router("shop")

    @router.fallback
    async def join(turn: Turn[None]) -> None:
        turn.start(tips)

    talk = await conversation(Bot(router, drips=[tips], templates=tmp_path, policy=Policy(most_an_hour=0)))
    await talk.says("hello")
    await talk.wait(hours=1)

    tip = Outgoing.unpack(talk._runner.run_command("LINDEX", f"{{fb:0}}:drip:box:{talk.phone}", 0))
    assert (tip.source, tip.purpose, tip.cls) == ("drip:daily tips", "tips", "follow_up")
    assert tip.send_before_ms == tip.made_ms + 2 * 3600 * 1000
