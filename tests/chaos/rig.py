"""Real processes on loopback: two that take webhooks, two that also work, a store, a MsgFlash.

Whatever ends is started again, as an orchestrator would; who ends it is `trouble`, what is made of it `verdict`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from people import INSTANCE, SECRET
from places import OneServer, Place

__all__ = ["KEY", "Rig", "free_port"]

KEY = "msgf_live_" + "0" * 64
BOT = Path(__file__).with_name("counting_bot.py")
WEBS = ("web-0", "web-1")
WORKERS = ("worker-0", "worker-1")
NOBODY_KNOWS = 255
"""What asyncio gives for a child whose end it missed; `flashbot run` never ends with it."""
COUNTED = re.compile(r'^flashbot_events_total\{what="(\w+)"\} (\d+)', re.MULTILINE)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Rig:
    """`store` is an embedded server in `folder` by default. `patience` scales every wait of the bot."""

    folder: Path
    patience: float = 0.15
    seed: int = 0
    store: Place | None = None
    dies: float = 0.0
    """How often the bot's own handler kills its process."""
    kills: Counter[str] = field(default_factory=Counter)
    """Processes that ended by kill -9, by kind."""
    stops: list[float] = field(default_factory=list)
    """Seconds from SIGTERM to an exit with 0."""
    fallen: list[str] = field(default_factory=list)
    """Processes that ended by themselves, or not with 0 after SIGTERM."""
    counted: Counter[str] = field(default_factory=Counter)
    """What processes that are gone had counted when they were last asked."""
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.place: Place = self.store or OneServer(self.folder / "data")
        self.msgflash = f"http://127.0.0.1:{free_port()}"
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3))
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._asked_to_stop: dict[str, float] = {}
        self._latest: dict[str, Counter[str]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Rig:
        await self.place.open()
        with (self.folder / "msgflash.log").open("wb") as log:
            self._running["msgflash"] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "flashbot.sandbox",
                "--port", self.msgflash.rpartition(":")[2], "--key", KEY, "--rate", "0", "--no-statuses",
                stdout=log, stderr=log,
            )  # fmt: skip
        for name in (*WEBS, *WORKERS):
            self.ports[name] = free_port()
            self._tasks.append(asyncio.create_task(self._keep(name)))
        await self._reachable()
        self._tasks.append(asyncio.create_task(self._asking()))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for process in self._running.values():
            if process.returncode is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            await process.wait()
        await self.session.close()
        await self.place.close()

    # -- what can be done to it

    def kill(self, *names: str) -> None:
        """kill -9, all at once."""
        for name in names:
            process = self._running.get(name)
            if process is not None and process.returncode is None:
                process.kill()

    def ready(self, *names: str) -> list[str]:
        """Those of them that serve, and have done so for a moment."""
        return [name for name in names if self._latest.get(name)]

    async def kill_store(self) -> None:
        self.kills["server"] += await self.place.kill()

    def terminate(self, name: str) -> None:
        """SIGTERM; that it then ends with 0 is looked at."""
        process = self._running.get(name)
        if process is not None and process.returncode is None:
            self._asked_to_stop.setdefault(name, time.monotonic())
            process.terminate()

    async def freeze(self, name: str, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after a while; `store` means the store's server."""
        process = self._running.get(name)
        pid = await self.place.freeze() if name == "store" else process.pid if process is not None else None
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    async def order(self, fault: str, times: int = 1, **options: object) -> None:
        """A fault of MsgFlash, for the next sends unless said."""
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self.session.post(
                f"{self.msgflash}/sandbox/faults", json={"fault": fault, "times": times, **options}
            ) as answer:
                assert answer.status == 200, await answer.text()

    async def peace(self) -> None:
        """MsgFlash behaves from now on."""
        async with self.session.delete(f"{self.msgflash}/sandbox/faults"):
            pass

    # -- what it says

    async def heard(self, number: str, after: int = 0) -> list[str]:
        """What a person was sent, in order, without the first `after` messages."""
        params = {"phone": number, "after": str(after)}
        async with self.session.get(f"{self.msgflash}/sandbox/heard", params=params) as answer:
            found = await answer.json()
        return [message["body"] for message in found["messages"]]

    def counts(self) -> Counter[str]:
        """The bot's own counters over all processes; what a killed one counted in its last moments is missing."""
        return sum(self._latest.values(), self.counted)

    # -- keeping it alive

    async def _keep(self, name: str) -> None:
        while True:
            process = self._running[name] = await self._start(name)
            code = await process.wait()
            was_ready = bool(self._latest.get(name))
            self.counted += self._latest.pop(name, Counter())
            asked = self._asked_to_stop.pop(name, None)
            if code in (-signal.SIGKILL, NOBODY_KNOWS):
                self.kills[name.partition("-")[0]] += 1
            elif code == 0 and asked is not None:
                self.stops.append(time.monotonic() - asked)
            elif was_ready or asked is not None:
                self.fallen.append(f"{name} ended with {code}")

    async def _start(self, name: str) -> asyncio.subprocess.Process:
        only = ("--only", "web") if name in WEBS else ()
        with (self.folder / f"{name}.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "flashbot", "run", str(BOT), *only,
                env=self._environment(name), stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip

    def _environment(self, name: str) -> Mapping[str, str]:
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith("FLASHBOT_")},
            "FLASHBOT_MSGFLASH_URL": self.msgflash,
            "FLASHBOT_API_KEY": KEY,
            "FLASHBOT_INSTANCE_ID": INSTANCE,
            "FLASHBOT_WEBHOOK_SECRET": SECRET,
            "FLASHBOT_PORT": str(self.ports.get(name, 0)),
            # One sends what it has just committed, the other waits for slots of a rate: two ways through the sender.
            "FLASHBOT_REQUESTS_PER_SECOND": "200" if name == "worker-1" else "0",
            "FLASHBOT_PATIENCE": str(self.patience),
            "COUNTING_BOT_DIES": str(self.dies),
            **self.place.settings,
        }

    async def _reachable(self) -> None:
        pages = [
            f"{self.msgflash}/sandbox/state",
            *(f"http://127.0.0.1:{port}/healthz" for port in self.ports.values()),
        ]
        async with asyncio.timeout(60):
            for page in pages:
                while True:
                    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                        async with self.session.get(page):
                            break
                    await asyncio.sleep(0.05)

    async def _asking(self) -> None:
        """Read every process's counters, again and again: they die with it."""
        while True:
            for name, port in self.ports.items():
                process = self._running[name]
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with self.session.get(
                        f"http://127.0.0.1:{port}/metrics", timeout=aiohttp.ClientTimeout(total=0.5)
                    ) as answer:
                        found = COUNTED.findall(await answer.text())
                    if self._running[name] is process and process.returncode is None:
                        self._latest[name] = Counter({"ready": 1, **{what: int(count) for what, count in found}})
            await asyncio.sleep(0.25)
