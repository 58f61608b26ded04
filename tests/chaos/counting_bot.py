"""Repeats every message with its number, so that a loss, a double or a swap shows in what was said.

`COUNTING_BOT_DIES` is the probability that its process kills itself while it handles an event.
"""

from __future__ import annotations

import os
import random
import signal
from dataclasses import dataclass

from flashbot import Bot, Router, Turn

DIES = float(os.environ.get("COUNTING_BOT_DIES", "0"))


@dataclass
class Count:
    seen: int = 0


router = Router("count", state=Count)


@router.fallback
async def count(turn: Turn[Count]) -> None:
    if random.random() < DIES:
        os.kill(os.getpid(), signal.SIGKILL)
    turn.reply(f"{turn.state.seen} {turn.text}")
    turn.state.seen += 1


bot = Bot(router)
