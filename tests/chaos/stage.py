"""One process of the bot at a time, between a store and a MsgFlash that the test holds in its hands."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from people import INSTANCE, SECRET, phone, post, signed
from rig import BOT, KEY, free_port

from flashbot.clock import SystemClock
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.world import World
from flashbot.store.embedded import Embedded
from flashbot.store.scripts import load
from tests.proxy.wedge import Wedge

__all__ = ["Bot", "Stage", "calls", "open_stage"]


def calls(script: str, data: bytes) -> bool:
    """Whether a request runs this script."""
    return load(script).sha.encode() in data


@dataclass
class Bot:
    """A process of `flashbot run`; its way to the store leads through `wedge`."""

    process: asyncio.subprocess.Process
    port: int
    wedge: Wedge
    log: Path

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    async def ended(self, within: float = 20) -> int:
        async with asyncio.timeout(within):
            return await self.process.wait()


@dataclass
class Stage:
    folder: Path
    server: Embedded
    msgflash: SandboxServer
    session: aiohttp.ClientSession
    patience: float
    stack: contextlib.AsyncExitStack
    bots: list[Bot] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.msgflash.world

    async def start(self, **settings: str) -> Bot:
        """A process in both roles, or with `ONLY`; returns before it is ready."""
        number = len(self.bots)
        wedge = await self.stack.enter_async_context(
            Wedge(to_path=self.server.socket, at_path=self.folder / f"wedge-{number}.sock")
        )
        port, log = free_port(), self.folder / f"bot-{number}.log"
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("FLASHBOT_")},
            "FLASHBOT_MSGFLASH_URL": self.msgflash.url,
            "FLASHBOT_API_KEY": KEY,
            "FLASHBOT_INSTANCE_ID": INSTANCE,
            "FLASHBOT_WEBHOOK_SECRET": SECRET,
            "FLASHBOT_REDIS_URL": f"unix://{wedge.path}",
            "FLASHBOT_DATA_DIR": str(self.folder),
            "FLASHBOT_PORT": str(port),
            "FLASHBOT_REQUESTS_PER_SECOND": "0",
            "FLASHBOT_PATIENCE": str(self.patience),
            **settings,
        }
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "flashbot", "run", str(BOT), env=env, stdout=out, stderr=out, cwd=self.folder
            )
        self.bots.append(Bot(process, port, wedge, log))
        return self.bots[-1]

    async def ready(self, bot: Bot, within: float = 20) -> Bot:
        async with asyncio.timeout(within):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with self.session.get(f"http://127.0.0.1:{bot.port}/healthz"):
                        return bot
                await asyncio.sleep(0.02)

    async def tell(self, bot: Bot, number: int, serial: int) -> int:
        """A webhook, once: its status, 0 without an answer."""
        body, headers = signed(phone(number), f"m{serial}", f"{number}-{serial}")
        return await post(self.session, bot.port, body, headers)

    async def write(self, bot: Bot, number: int, serial: int) -> None:
        """The same, until it is acknowledged."""
        while await self.tell(bot, number, serial) != 200:
            await asyncio.sleep(0.02)

    def said(self, number: int = 0) -> list[str]:
        return [str(row["body"]) for row in self.world.heard(phone(number))]

    async def heard(self, count: int, number: int = 0, within: float = 30) -> list[str]:
        """What a person was told, as soon as there is so much of it; a moment later, for a double."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while len(self.said(number)) < count:
                    await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
        return self.said(number)


@contextlib.asynccontextmanager
async def open_stage(folder: Path, *, patience: float = 0.04) -> AsyncIterator[Stage]:
    async with contextlib.AsyncExitStack() as stack:
        server = Embedded(folder / "data", os.environ.get("FLASHBOT_REDIS_SERVER"))
        await server.ensure()
        stack.push_async_callback(server.stop)
        world = World(SystemClock(), random.Random(0), key=KEY, requests_per_second=0, statuses=None)
        msgflash = SandboxServer(world)
        await msgflash.start()
        stack.push_async_callback(msgflash.stop)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)))
        stage = Stage(folder, server, msgflash, session, patience, stack)
        try:
            yield stage
        finally:
            for bot in stage.bots:
                if bot.process.returncode is None:
                    bot.signal(signal.SIGCONT)
                    bot.process.kill()
                await bot.process.wait()
