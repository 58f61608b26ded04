"""A folder to type commands in, and bots to put there."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner, Result

from flashbot.cli.app import app
from flashbot.clock import SystemClock
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.world import DEMO_KEY, World
from flashbot.store.embedded import Embedded

BOT = """\
import os
from flashbot import Bot, Buttons, ReplyButton, Router, Turn

print("bot", os.getpid(), os.environ.get("FLASHBOT_PORT"))
router = Router("desk")

@router.intent("greet", examples=["hello"])
async def greet(turn: Turn[None]) -> None:
    turn.reply("Hello!")
    turn.reply("How can I help?")

@router.intent("ask", examples=["ask me"])
async def ask(turn: Turn[None]) -> None:
    turn.reply(Buttons("Delivery", "Where to?", [ReplyButton("Home", id="home"), ReplyButton("Shop", id="shop")]))

@router.intent("to", patterns=["^(home|shop)$"])
async def to(turn: Turn[None]) -> None:
    turn.reply(f"Chosen: {turn.choice}")

bot = Bot(router)
"""


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory of the test, with a short path: sockets are put there."""
    with tempfile.TemporaryDirectory(prefix="fb-cli-") as name:
        folder = Path(name).resolve()
        for setting in [name for name in os.environ if name.startswith("FLASHBOT_")]:
            monkeypatch.delenv(setting)
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "path", list(sys.path))
        modules = set(sys.modules)
        yield folder
        for module in set(sys.modules) - modules:
            if str(getattr(sys.modules[module], "__file__", "")).startswith(str(folder)):
                del sys.modules[module]
        asyncio.run(Embedded(folder / ".flashbot").stop())


@pytest.fixture
def bot(home: Path) -> Path:
    (home / "bot.py").write_text(BOT)
    return home / "bot.py"


@pytest.fixture
def typed(home: Path) -> Callable[..., Result]:
    """Run a command in this process."""
    return lambda *words: CliRunner().invoke(app, list(words), prog_name="flashbot")


@pytest.fixture
def world(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A MsgFlash behind a real address, in a thread of its own; the settings name it, and its key."""
    loop = asyncio.new_event_loop()
    made = World(SystemClock(), Random(7), requests_per_second=0, statuses=(0.01, 0.02), job_seconds_per_hundred=0.01)
    server = SandboxServer(made)
    with ThreadPoolExecutor(1) as beside:
        beside.submit(loop.run_until_complete, server.start()).result()
        serving = beside.submit(loop.run_forever)
        monkeypatch.setenv("FLASHBOT_MSGFLASH_URL", server.url)
        monkeypatch.setenv("FLASHBOT_API_KEY", DEMO_KEY)
        monkeypatch.setenv("FLASHBOT_REQUESTS_PER_SECOND", "0")
        for wait in ("msgflash.calls.FIRST_PAUSE", "msgflash.jobs.POLL_SECONDS", "cli.send.LOOK_SECONDS"):
            monkeypatch.setattr(f"flashbot.{wait}", 0.05)  # this one takes no harm from impatience
        yield made
        loop.call_soon_threadsafe(loop.stop)
        serving.result()
        beside.submit(loop.run_until_complete, server.stop()).result()
    loop.close()


@pytest.fixture
def make_template(world: World) -> Callable[[str], str]:
    """Store a template with a body; gives its id."""

    def make(body: str) -> str:
        fields = json.dumps({"name": "welcome", "type": "text", "body": body}).encode()
        headers = {"x-api-key": DEMO_KEY, "Content-Type": "application/json"}
        made = world.handle("POST", "/api/v1/templates", {}, headers, fields)
        found: str = json.loads(made.body)["data"]["id"]
        return found

    return make


class Command:
    """A command in a process of its own; its output is in a file, so that nothing blocks."""

    def __init__(self, folder: Path, *words: str, **env: str) -> None:
        self._file = folder / f"out-{time.monotonic_ns()}"
        with self._file.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "flashbot", *words],
                cwd=folder, env={**os.environ, **env},
                stdin=subprocess.PIPE, stdout=out, stderr=out,
            )  # fmt: skip

    @property
    def output(self) -> str:
        return self._file.read_text()

    def type(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end_of_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def shows(self, text: str, within: float = 20) -> str:
        """The output, once `text` is in it."""
        deadline = time.monotonic() + within
        while text not in self.output:
            if self.process.poll() is not None and text not in self.output:
                pytest.fail(f"It ended ({self.process.returncode}) without {text!r}:\n{self.output}")
            if time.monotonic() > deadline:
                pytest.fail(f"{text!r} did not come:\n{self.output}")
            time.sleep(0.02)
        return self.output

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ends(self, within: float = 20) -> int:
        return self.process.wait(within)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()


@pytest.fixture
def started(home: Path) -> Iterator[Callable[..., Command]]:
    """Start a command; it is ended with the test."""
    running: list[Command] = []

    def start(*words: str, **env: str) -> Command:
        running.append(Command(home, *words, **env))
        return running[-1]

    yield start
    for command in running:
        command.close()
