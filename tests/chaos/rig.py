"""Real processes on loopback: two web, two workers, a server, a MsgFlash; and somebody who kills them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import random
import signal
import socket
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from flashbot.store.embedded import Embedded

KEY = "msgf_live_" + "0" * 64
SECRET = "chaos-secret"
INSTANCE = "11111111-1111-4111-8111-111111111111"
BOT = Path(__file__).with_name("counting_bot.py")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def signed(phone: str, text: str, message_id: str) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(
        {
            "event": "message.received",
            "instanceId": INSTANCE,
            "messageId": message_id,
            "from": phone,
            "text": text,
        }
    ).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return body, {"X-MsgFlash-Event": "message.received", "X-MsgFlash-Signature": f"sha256={digest}"}


@dataclass
class Outcome:
    """What MsgFlash saw in the end."""

    events: int
    kills: dict[str, int]
    lost: int = 0
    doubled: int = 0
    swapped: int = 0
    dead: int = 0
    reasons: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        kills = ", ".join(f"{count} {name}" for name, count in sorted(self.kills.items()))
        return (
            f"{self.events} events, killed: {kills}; {self.lost} lost, {self.doubled} doubled, "
            f"{self.swapped} contacts out of order, {self.dead} dead letters {sorted(self.reasons) or ''}"
        )


@dataclass
class Rig:
    folder: Path
    patience: float = 0.15
    seed: int = 0
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    kills: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    ports: dict[str, int] = field(default_factory=dict)
    quiet: bool = False

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.msgflash_port = free_port()
        self.server = Embedded(self.folder / "data")

    async def __aenter__(self) -> Rig:
        log = (self.folder / "msgflash.log").open("wb")
        self.processes["msgflash"] = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "flashbot.sandbox",
            "--port", str(self.msgflash_port), "--key", KEY, "--rate", "0", "--no-statuses",
            stdout=log, stderr=log,
        )  # fmt: skip
        log.close()
        for name in ("web-0", "web-1"):
            self.ports[name] = free_port()
        for name in ("web-0", "web-1", "worker-0", "worker-1"):
            await self.start(name)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.quiet = True
        for process in self.processes.values():
            if process.returncode is None:
                process.kill()
            await process.wait()
        await self.server.stop()

    async def start(self, name: str) -> None:
        role = "web" if name.startswith("web") else "work"
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("FLASHBOT_")},
            "FLASHBOT_MSGFLASH_URL": f"http://127.0.0.1:{self.msgflash_port}",
            "FLASHBOT_API_KEY": KEY,
            "FLASHBOT_INSTANCE_ID": INSTANCE,
            "FLASHBOT_WEBHOOK_SECRET": SECRET,
            "FLASHBOT_DATA_DIR": str(self.folder / "data"),
            "FLASHBOT_PORT": str(self.ports.get(name, 0)),
            "FLASHBOT_REQUESTS_PER_SECOND": "0",
            "FLASHBOT_PATIENCE": str(self.patience),
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "flashbot", "run", str(BOT), "--only", role,
                env=env, stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip

    async def kill(self, name: str) -> None:
        """kill -9, and a new process in its place; the server is brought back by those who use it."""
        self.kills[name.partition("-")[0]] += 1
        if name == "server":
            pid = self.server.pid()
            if pid is not None:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    self.kills["server"] -= 1
            return
        process = self.processes[name]
        if process.returncode is None:
            process.kill()
        await process.wait()
        await self.start(name)

    async def killer(self, every: float) -> None:
        order = ("worker-0", "web-0", "server", "worker-1", "web-1")
        turn = 0
        while True:
            await asyncio.sleep(self.dice.uniform(0.5, 1.5) * every)
            await self.kill(order[turn % len(order)])
            turn += 1

    async def run(self, *, contacts: int, events: int, every: float, speed: float, settle: float) -> Outcome:
        """`events` in all, `speed` a second, a kill each `every` seconds; then up to `settle` seconds of peace."""
        each = events // contacts
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session:
            await self._reachable(session)
            killing = asyncio.create_task(self.killer(every))
            pause = contacts / speed
            await asyncio.gather(*(self._contact(session, number, each, pause) for number in range(contacts)))
            killing.cancel()
            return await self._judge(session, contacts, each, settle)

    async def _reachable(self, session: aiohttp.ClientSession) -> None:
        for port in (self.msgflash_port, *self.ports.values()):
            for _ in range(200):
                try:
                    async with session.get(f"http://127.0.0.1:{port}/healthz"):
                        break
                except (aiohttp.ClientError, TimeoutError):
                    await asyncio.sleep(0.1)

    async def _contact(self, session: aiohttp.ClientSession, number: int, each: int, pause: float) -> None:
        await asyncio.sleep(self.dice.uniform(0, pause))
        ports = list(self.ports.values())
        for serial in range(each):
            text = f"m{serial}"
            body, headers = signed(phone(number), text, f"{number}-{serial}")
            for attempt in range(10_000):  # as the platform does: again, until it is acknowledged
                port = ports[(number + attempt) % len(ports)]
                try:
                    async with session.post(
                        f"http://127.0.0.1:{port}/webhooks/msgflash", data=body, headers=headers
                    ) as answer:
                        if answer.status == 200:
                            break
                except (aiohttp.ClientError, TimeoutError):
                    pass
                await asyncio.sleep(0.05)
            await asyncio.sleep(pause)

    async def _judge(self, session: aiohttp.ClientSession, contacts: int, each: int, settle: float) -> Outcome:
        wanted = [f"{n} m{n}" for n in range(each)]
        deadline = asyncio.get_running_loop().time() + settle
        while True:
            said = {number: await self._heard(session, phone(number)) for number in range(contacts)}
            complete = all(set(wanted) <= set(texts) for texts in said.values())
            if complete or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(1)
        outcome = Outcome(contacts * each, dict(self.kills))
        for texts in said.values():
            outcome.lost += len(set(wanted) - set(texts))
            outcome.doubled += len(texts) - len(set(texts))
            outcome.swapped += texts != sorted(texts, key=lambda text: int(text.split()[0]))
        outcome.dead, outcome.reasons = await self._dead()
        return outcome

    async def _dead(self) -> tuple[int, set[str]]:
        from flashbot.store.opening import open_store

        async with open_store(url="", folder=self.folder / "data") as opened:
            reasons = {str(letter.reason.get("why")) async for letter in opened.dead.list()}
            return await opened.dead.count(), reasons

    async def _heard(self, session: aiohttp.ClientSession, number: str) -> list[str]:
        url = f"http://127.0.0.1:{self.msgflash_port}/sandbox/heard"
        async with session.get(url, params={"phone": number, "after": "0"}) as answer:
            found = await answer.json()
        return [message["body"] for message in found["messages"]]


def phone(number: int) -> str:
    return f"+2250700{number:06}"
