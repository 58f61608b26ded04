"""A bot's recogniser across its starts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from flashbot.bot import Bot, Running
from flashbot.dialogue.router import Router
from flashbot.dialogue.turn import Turn
from flashbot.engine.lessons import Shelf
from flashbot.settings import load_settings

SET = {
    "FLASHBOT_WEBHOOK_SECRET": "s",
    "FLASHBOT_API_KEY": "k",
    "FLASHBOT_MSGFLASH_URL": "http://127.0.0.1:9",
    "FLASHBOT_PORT": "0",
}


def greeter() -> Bot:
    router: Router[None] = Router("desk")

    @router.intent("greet", examples=["hello", "good morning"])
    async def greet(turn: Turn[None]) -> None:
        turn.reply("Hello!")

    return Bot(router)


async def test_it_is_trained_at_the_first_start_and_found_at_the_next_before_events_are_taken(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings = load_settings(webhook_secret="secret", api_key="msgf_live_0", port=0, msgflash_url="http://127.0.0.1:9")
    said = []

    for _ in range(2):
        stop = asyncio.Event()

        def ready(running: Running, stop: asyncio.Event = stop) -> None:
            said.append([record.getMessage() for record in caplog.records if "recogniser" in record.getMessage()])
            stop.set()

        await greeter().serve(settings, stop=stop, ready=ready)

    assert [line.partition(" in ")[0] for line in said[-1]] == [
        "The recogniser is ready: 1 intent, 2 examples (trained",
        "The recogniser is ready: 1 intent, 2 examples (found",
    ]
    assert len(said[0]) == 1


def test_examples_that_cannot_be_learned_end_the_start_with_their_sentence(
    bot: Path, typed: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SET.items():
        monkeypatch.setenv(name, value)
    encoder = "from flashbot.errors import BotMistake\nclass Deaf:\n    name = 'deaf'\n    def encode(self, texts):\n"
    encoder += "        raise BotMistake('This encoder reads nothing: mend it.')\n"
    bot.write_text(encoder + bot.read_text().replace("Bot(router)", "Bot(router, semantic=Deaf())"))

    result = typed("run", "bot.py")

    assert result.exit_code == 2
    assert "flashbot: This encoder reads nothing: mend it." in result.stderr
    assert "Traceback" not in result.stderr


async def test_a_process_that_only_takes_webhooks_learns_nothing(home: Path) -> None:
    settings, stop = load_settings(webhook_secret="secret", port=0), asyncio.Event()

    def ready(running: Running) -> None:
        stop.set()

    await greeter().serve(settings, stop=stop, roles={"web"}, ready=ready)

    assert not Shelf(settings.data_dir).folder.exists()
