"""The flashbot bot of bench/backlog.py: its answer carries the moment at which the handler ended.

Its policy holds nothing back: the key's requests a second are to be the only bound.
"""

from __future__ import annotations

import time
from datetime import time as clock_time

from flashbot import Bot, Policy, Presets, Router, Turn

ALWAYS = Presets(week=(((clock_time(0), clock_time(0)),),) * 7, closed_on=frozenset())

router = Router("desk")


@router.fallback
async def answer(turn: Turn[None]) -> None:
    turn.reply(f"echo {time.monotonic_ns()} {turn.text}")


bot = Bot(router, policy=Policy(contact_hours=ALWAYS, number_hours=ALWAYS))
