"""`Stage`: a sandbox in this process, a bot in a child, and a data folder: all that a conversation at home needs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from flashbot.cli.line import Line
from flashbot.cli.process import BotProcess, Written
from flashbot.errors import SettingsError

if TYPE_CHECKING:
    from flashbot.settings import Settings

__all__ = ["PHONE", "Stage", "running_dev"]

PHONE = "+2250700000000"
NOTE = "dev.json"
"""In the data folder while `flashbot dev` runs there: where its sandbox is, for `flashbot chat`."""


class Stage:
    """`async with Stage(...)` opens the sandbox; `start_bot` may be called again and again.

    `folder` is the bot's data folder. `port` is the bot's; 0 takes a free one. `show` as in BotProcess.
    Raises SettingsError for a port that is taken.
    """

    def __init__(
        self, target: str, settings: Settings, folder: Path, show: Callable[[Written], None], *, port: int = 0
    ) -> None:
        self.target = target
        self.folder = folder
        self._settings = settings
        self._show = show
        self._port = _checked(port) if port else _free_port()
        self._stack = contextlib.AsyncExitStack()
        self._env: Mapping[str, str] = {}
        self.url = ""
        """Of the sandbox; its chat page, too."""
        self.bot: BotProcess | None = None
        self.up = asyncio.Event()
        """Set by whoever watches the bot, while it serves; cleared here."""

    async def __aenter__(self) -> Stage:
        from flashbot.clock import SystemClock
        from flashbot.sandbox.server import SandboxServer
        from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World

        team = self._settings.team_id
        key = DEMO_KEY.replace("live", "team") if team else DEMO_KEY
        secret = secrets.token_hex(32)
        world = World(SystemClock(), Random(), key=key, team_id=team)  # noqa: S311 - a sandbox
        world.add_webhook(self.webhook, secret=secret)
        server = SandboxServer(world)
        await server.start()
        self._stack.push_async_callback(server.stop)
        self._stack.push_async_callback(self._stop_bot)
        self.url = server.url
        self._env = {
            **os.environ,
            "FLASHBOT_MSGFLASH_URL": server.url,
            "FLASHBOT_API_KEY": key,
            "FLASHBOT_WEBHOOK_SECRET": secret,
            "FLASHBOT_INSTANCE_ID": DEMO_INSTANCE,
            "FLASHBOT_HOST": "127.0.0.1",
            "FLASHBOT_PORT": str(self._port),
            "FLASHBOT_DATA_DIR": str(self.folder),
            "PYTHONUNBUFFERED": "1",
        }
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stops the bot, the sandbox, and the data folder's own server."""
        await self._stack.aclose()
        if not self._settings.redis_url.get_secret_value():
            from flashbot.store.embedded import Embedded

            await Embedded(self.folder).stop_if_last()

    @property
    def webhook(self) -> str:
        return f"http://127.0.0.1:{self._port}/webhooks/msgflash"

    async def start_bot(self) -> BotProcess:
        """Start it in place of the one before."""
        await self._stop_bot()
        self.bot = BotProcess(self.target, self._env, self._show)
        await self.bot.start()
        return self.bot

    def kill(self) -> None:
        if self.bot is not None:
            self.bot.kill()

    async def _stop_bot(self) -> None:
        self.up.clear()
        bot, self.bot = self.bot, None
        if bot is not None:
            bot.ready.cancel()
            await bot.stop()

    def leave_note(self) -> None:
        """Let `flashbot chat` find this stage."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        note = self.folder / NOTE
        note.write_text(json.dumps({"sandbox": self.url, "pid": os.getpid(), "target": self.target}))
        self._stack.callback(note.unlink, missing_ok=True)


async def running_dev(folder: Path) -> dict[str, str] | None:
    """The note of a `flashbot dev` that is alive in this data folder: sandbox, pid and target."""
    try:
        note = json.loads((folder / NOTE).read_text())
        os.kill(int(note["pid"]), 0)
        url = str(note["sandbox"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not await Line(url, PHONE).alive():
        return None
    return {"sandbox": url, "pid": str(note["pid"]), "target": str(note.get("target", ""))}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _checked(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as fault:
            raise SettingsError(
                f"Port {port} on 127.0.0.1 cannot be used ({fault.strerror}): leave --port out to take a free one."
            ) from fault
    return port
