"""`flashbot dev`: a bot at home in one terminal: sandbox, bot, reload on change, and a conversation with it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flashbot.cli.keyboard import Keyboard
from flashbot.cli.phone import PHONE, Phone
from flashbot.cli.run import Target
from flashbot.cli.screen import Screen
from flashbot.cli.signals import stop_on_signals

if TYPE_CHECKING:
    from flashbot.cli.process import BotProcess, Ready, Written
    from flashbot.cli.stage import Stage
    from flashbot.settings import Settings

__all__ = ["dev"]


def dev(
    target: Target,
    phone: Phone = PHONE,
    reload: Annotated[bool, typer.Option(help="Start the bot again when one of its files changes.")] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the bot's webhook; 0 takes a free one.")] = 0,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the bot's log below warnings, too.")] = False,
) -> None:
    """Talk to a bot while you write it: no account, no server, no network."""
    from flashbot.settings import load_settings

    settings = load_settings()
    code = asyncio.run(_Dev(target, settings, phone, reload=reload, verbose=verbose).run(port))
    if code:
        raise typer.Exit(code)


def _command() -> str:
    """What to type for `flashbot` in this terminal: a newcomer has not activated the virtual environment."""
    found, mine = shutil.which("flashbot"), Path(sys.argv[0])
    if found is not None and Path(found).resolve() == mine.resolve():
        return "flashbot"
    if mine.name != "flashbot":
        return f"{sys.executable} -m flashbot"
    with contextlib.suppress(ValueError):
        return str(mine.absolute().relative_to(Path.cwd()))
    return str(mine)


class _Dev:
    def __init__(self, target: str, settings: Settings, phone: str, *, reload: bool, verbose: bool) -> None:
        self._target = target
        self._settings = settings
        self._phone = phone
        self._reload = reload
        self._verbose = verbose
        self._stop = asyncio.Event()
        self._changed = asyncio.Event()
        self._watched_moved = asyncio.Event()
        self._templates: Path | None = None
        self._greeted = False

    async def run(self, port: int) -> int:
        """The exit code."""
        from flashbot.cli.reload import can_watch
        from flashbot.cli.stage import Stage, running_dev
        from flashbot.errors import SettingsError

        folder = self._settings.data_dir
        other = await running_dev(folder)
        if other is not None:
            raise SettingsError(
                f"flashbot dev runs in {folder} already (process {other['pid']}, chat page {other['sandbox']}): talk "
                f"to it with flashbot chat {other['target']}, or stop it, or set another FLASHBOT_DATA_DIR."
            )
        self._keyboard = Keyboard("you> ")
        self._screen = Screen(self._keyboard)
        if self._reload and not can_watch():
            self._screen.line(
                "Without watchfiles there is no reload on change; it comes with pip install 'flashbot[local]'.",
                "yellow",
            )
            self._reload = False
        try:
            async with Stage(self._target, self._settings, folder, self._written, port=port) as stage:
                stop_on_signals(self._stop, self._keyboard.restore, stage.kill)
                stage.leave_note()
                code = await self._play(stage)
                if self._keyboard.is_terminal:
                    self._screen.line("Stopping …" if code == 0 else "", "dim")
        finally:
            self._keyboard.restore()
        if self._greeted:
            self._screen.line(f"Stopped. What was said is kept in {folder}; start again to go on.", "dim")
        return code

    async def _play(self, stage: Stage) -> int:
        from flashbot.cli.line import Line
        from flashbot.cli.talk import Talk

        talk = Talk(Line(stage.url, self._phone), self._keyboard, self._screen)
        beside: list[asyncio.Task[None]] = [asyncio.create_task(self._converse(stage, talk))]
        if self._reload:
            beside.append(asyncio.create_task(self._watch(stage)))
        supervising = asyncio.create_task(self._supervise(stage))
        try:
            pending: set[asyncio.Task[Any]] = {supervising, *beside}
            while not supervising.done():
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            return supervising.result()
        finally:
            self._keyboard.leave()
            everything = (supervising, *beside)
            for one in everything:
                one.cancel()
            await asyncio.gather(*everything, return_exceptions=True)

    async def _converse(self, stage: Stage, talk: Any) -> None:
        await stage.up.wait()
        await talk.run(stage.up.wait)
        if self._keyboard.is_terminal:
            self._stop.set()  # Ctrl-D
        else:
            await talk.listen()

    # -- the bot's life

    async def _supervise(self, stage: Stage) -> int:
        while not self._stop.is_set():
            self._changed.clear()
            bot = await stage.start_bot()
            await _first(bot.ready, bot.ended(), self._changed.wait(), self._stop.wait())
            if bot.ready.done() and not bot.ready.cancelled():
                self._greet(stage, bot.ready.result())
                stage.up.set()
            code = await self._until_over(bot)
            if code is None:
                continue
            if not self._reload:
                return code or 1
            self._screen.line(f"The bot ended (exit code {code}). Correct it and save: it starts again.", "yellow")
            stage.up.clear()
            await _first(self._changed.wait(), self._stop.wait())
        return 0

    async def _until_over(self, bot: BotProcess) -> int | None:
        """Its exit code when it ended by itself; None when it is to be stopped."""
        ended = asyncio.ensure_future(bot.ended())
        await _first(ended, self._changed.wait(), self._stop.wait(), keep=ended)
        if ended.done() and not self._stop.is_set() and not self._changed.is_set():
            return ended.result()
        ended.cancel()
        return None

    def _greet(self, stage: Stage, ready: Ready) -> None:
        self._move(Path(ready.templates))
        if self._greeted:
            self._screen.line("Reloaded.", "dim")
            return
        self._greeted = True
        screen, tty = self._screen, self._keyboard.is_terminal
        screen.line(f"{self._target} is running against a MsgFlash of its own.", "bold")
        screen.pairs(
            [
                ("chat page", f"{stage.url}  (any browser on this machine)"),
                ("webhook", stage.webhook),
                ("store", ready.store.removeprefix("Store: ")),
                ("reload", "when a .py or .j2 file changes" if self._reload else "off"),
                ("stop", "Ctrl-C"),
            ]
        )
        if self._settings.redis_url.get_secret_value():
            screen.line("FLASHBOT_REDIS_URL is set: this bot answers what waits in that store, too.", "yellow")
        example = f", for example: {ready.example}" if ready.example else "."
        if tty:
            screen.line(f"\nType a message and press Enter{example}", "bold")
        else:
            screen.line(f"\nIn another terminal: {_command()} chat {self._target}")
            screen.line(f"Type a message and press Enter{example}")

    def _written(self, line: Written) -> None:
        self._screen.written(line, everything=self._verbose)

    # -- reloading

    async def _watch(self, stage: Stage) -> None:
        from flashbot.cli.reload import watch

        try:
            await watch(self._folders, self._on_change, self._watched_moved)
        except (OSError, RuntimeError) as fault:
            self._screen.line(f"The files cannot be watched, so there is no reload on change ({fault}).", "yellow")
            self._reload = False

    def _folders(self) -> set[Path]:
        from flashbot.cli.target import folder_of

        return {folder_of(self._target), self._templates or Path("templates").absolute()}

    def _move(self, templates: Path) -> None:
        if templates != self._templates:
            self._templates = templates
            self._watched_moved.set()

    def _on_change(self, name: str) -> None:
        self._screen.line(f"{name} changed, reloading …", "dim")
        self._changed.set()


async def _first(*waits: Coroutine[Any, Any, Any] | asyncio.Future[Any], keep: object = None) -> None:
    """Wait for the first of them; the others are given up, but futures that were there before."""
    futures = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    for wait, future in zip(waits, futures, strict=True):
        if wait is not future and not future.done() and future is not keep:
            future.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await future
