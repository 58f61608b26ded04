"""`flashbot chat`: talk to a bot through the whole real path, beside a running `flashbot dev` or alone."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from flashbot.cli.console import complain
from flashbot.cli.keyboard import Keyboard
from flashbot.cli.phone import PHONE, Phone
from flashbot.cli.run import Target
from flashbot.cli.screen import Screen
from flashbot.cli.signals import stop_on_signals

if TYPE_CHECKING:
    from flashbot.cli.process import Written
    from flashbot.cli.talk import Talk
    from flashbot.settings import Settings

__all__ = ["chat"]


def chat(target: Target, phone: Phone = PHONE) -> None:
    """Talk to a bot in the terminal: joins a running flashbot dev, or starts what is needed and ends it again."""
    from flashbot.settings import load_settings

    settings = load_settings()
    code = asyncio.run(_chat(target, settings, phone))
    if code:
        raise typer.Exit(code)


async def _chat(target: str, settings: Settings, phone: str) -> int:
    from flashbot.cli.line import Line
    from flashbot.cli.stage import running_dev
    from flashbot.cli.talk import Talk

    stop = asyncio.Event()
    keyboard = Keyboard("you> ")
    screen = Screen(keyboard)
    dev = await running_dev(settings.data_dir)
    try:
        if dev is not None:
            stop_on_signals(stop, keyboard.restore)
            line = Line(dev["sandbox"], phone)
            await line.skip()
            if keyboard.is_terminal:
                screen.line(f"Joined flashbot dev {dev['target']} ({dev['sandbox']}). Ctrl-D ends the chat.", "dim")
            await _until(stop, Talk(line, keyboard, screen))
            return 0
        return await _alone(target, settings, phone, keyboard, screen, stop)
    finally:
        keyboard.leave()
        keyboard.restore()


async def _alone(
    target: str, settings: Settings, phone: str, keyboard: Keyboard, screen: Screen, stop: asyncio.Event
) -> int:
    """With a sandbox, a bot and, unless one is set, a data folder of its own."""
    from flashbot.cli.line import Line
    from flashbot.cli.stage import Stage
    from flashbot.cli.talk import Talk

    def show(line: Written) -> None:
        if line.level == 0 and line.text.startswith("flashbot: "):
            complain(line.text.removeprefix("flashbot: "))
        else:
            screen.written(line)

    async with _data_folder(settings) as folder, Stage(target, settings, folder, show) as stage:
        stop_on_signals(stop, keyboard.restore, stage.kill)
        bot = await stage.start_bot()
        ended = asyncio.ensure_future(bot.ended())
        stopped = asyncio.ensure_future(stop.wait())
        waits: set[asyncio.Future[Any]] = {bot.ready, ended, stopped}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if bot.ready.done():
            if keyboard.is_terminal:
                example = bot.ready.result().example
                screen.line(f"Say something{f', such as: {example}' if example else ''}. Ctrl-D ends the chat.", "dim")
            talking = asyncio.ensure_future(_until(stop, Talk(Line(stage.url, phone), keyboard, screen)))
            await asyncio.wait({talking, ended}, return_when=asyncio.FIRST_COMPLETED)
            if talking.done():
                talking.result()
                ended.cancel()
                stopped.cancel()
                return 0
            talking.cancel()
            keyboard.leave()
        stopped.cancel()
        return ended.result() or 1 if ended.done() else 0


@contextlib.asynccontextmanager
async def _data_folder(settings: Settings) -> AsyncIterator[Path]:
    if "data_dir" in settings.model_fields_set:
        yield settings.data_dir
        return
    folder = Path(tempfile.mkdtemp(prefix="flashbot-chat-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _nothing() -> None:
    """The bot is up already."""


async def _until(stop: asyncio.Event, talk: Talk) -> None:
    """Until the end of the input or a signal."""
    talking = asyncio.ensure_future(talk.run(_nothing))
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({talking, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if talking.done():
            talking.result()
    finally:
        for task in (talking, stopped):
            task.cancel()
        await asyncio.gather(talking, stopped, return_exceptions=True)
