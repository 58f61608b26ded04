"""Events that kill their process, and a supervisor that starts it again: after three deaths the contact goes on."""

from __future__ import annotations

import json
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.engine.watchdog import BLOCKED
from flashbot.msgflash.signature import sign
from flashbot.sandbox.world import DEMO_INSTANCE, World

AWA = "+2250700000001"
BOT = """\
import asyncio, ctypes, os
from flashbot import Bot, Router, Turn

router = Router("desk")

@router.intent("poison", examples=["poison"])
async def poisoned(turn: Turn[None]) -> None:
    {poison}

@router.fallback
async def echo(turn: Turn[None]) -> None:
    turn.reply(f"heard {{turn.text}}")

bot = Bot(router)
"""
Started = Callable[..., Any]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Supervised:
    """`flashbot run`, started again whenever it ends."""

    def __init__(self, started: Started, **env: str) -> None:
        self.port = free_port()
        self.env = {"FLASHBOT_WEBHOOK_SECRET": "s", "FLASHBOT_PATIENCE": "0.02", "FLASHBOT_PORT": str(self.port), **env}
        self.start = lambda: started("run", "bot.py", **self.env)
        self.run = self.start()
        self.codes: list[int] = []
        self.log = ""

    def look(self) -> None:
        code = self.run.process.poll()
        if code is not None:
            self.codes.append(code)
            self.log += self.run.output
            self.run = self.start()

    def until(self, done: Callable[[], object], within: float = 30) -> None:
        deadline = time.monotonic() + within
        while not done():
            assert time.monotonic() < deadline, self.log + self.run.output
            self.look()
            time.sleep(0.02)

    def tell(self, name: str, text: str) -> None:
        body = json.dumps(
            {
                "event": "message.received",
                "instanceId": DEMO_INSTANCE,
                "messageId": name,
                "from": AWA,
                "type": "text",
                "body": text,
            }
        ).encode()
        headers = {"X-MsgFlash-Signature": sign("s", body), "Content-Type": "application/json"}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}/webhooks/msgflash", body, headers)

        def accepted() -> bool:
            try:
                return bool(urllib.request.urlopen(asked, timeout=2).status == 200)  # noqa: S310 - our own
            except (OSError, urllib.error.URLError):
                return False

        self.until(accepted)


@pytest.mark.parametrize(
    ("poison", "code", "why", "stack"),
    [
        ("ctypes.string_at(0)", -signal.SIGSEGV, "died 3 times", "in poisoned"),
        ("while True: pass", BLOCKED, "stood still for 0.5 seconds", "in poisoned"),
    ],
)
def test_an_event_that_kills_its_process_is_given_up_after_three_deaths_and_the_contact_goes_on(
    home: Path, started: Started, typed: Callable[..., Result], world: World,
    poison: str, code: int, why: str, stack: str,
) -> None:  # fmt: skip
    (home / "bot.py").write_text(BOT.format(poison=poison))
    supervised = Supervised(started, FLASHBOT_BLOCKED_SECONDS="0.5" if code == BLOCKED else "0")
    supervised.tell("first", "poison")

    supervised.tell("second", "hello")
    supervised.until(lambda: world.heard(AWA))

    assert supervised.codes == [code] * 3
    (heard,) = world.heard(AWA)
    assert "heard hello" in json.dumps(heard)
    supervised.run.close()
    (letter,) = [json.loads(line) for line in typed("dead", "list", "--json").stdout.splitlines()]
    shown = typed("dead", "show", letter["id"]).stdout
    assert why in letter["why"]
    assert stack in shown
    assert "bot.py" in shown


def test_a_handler_that_ignores_its_cancellation_does_not_keep_the_process_from_ending(
    home: Path, started: Started, world: World
) -> None:
    stubborn = (
        "while True:\n        try:\n            print('begun', flush=True)\n            await asyncio.sleep(60)\n"
        "        except asyncio.CancelledError:\n            pass"
    )
    (home / "bot.py").write_text(BOT.format(poison=stubborn))
    supervised = Supervised(started)
    supervised.tell("first", "poison")
    supervised.run.shows("begun")

    supervised.run.signal(signal.SIGTERM)

    assert supervised.run.ends() == 0
    assert "end with the process" in supervised.run.output
