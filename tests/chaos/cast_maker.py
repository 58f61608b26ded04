"""Makes one broadcast as a process of its own would, and ends: FILE CANARY WATCH_SECONDS.

The template lies beside the file.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from flashbot import Bot, Router, Template, Turn

NAME = "sale"
router: Router[None] = Router("answers")


@router.fallback
async def answer(turn: Turn[None]) -> None:
    turn.reply("yes?")


async def make(file: Path, canary: int, watch: float) -> None:
    bot = Bot(router, templates=file.parent / "templates")
    try:
        # Who writes STOP shall not halt it here.
        await bot.broadcast(
            Template(NAME), to=file, canary=canary, watch=timedelta(seconds=watch), most_failed=1, most_opted_out=1
        )
    finally:
        await bot.close()


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
