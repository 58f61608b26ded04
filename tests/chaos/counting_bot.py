"""Repeats every message with its number, so that a loss, a double or a swap shows in what was said."""

from __future__ import annotations

from dataclasses import dataclass

from flashbot import Bot, Router, Turn


@dataclass
class Count:
    seen: int = 0


router = Router("count", state=Count)


@router.fallback
async def count(turn: Turn[Count]) -> None:
    turn.reply(f"{turn.state.seen} {turn.text}")
    turn.state.seen += 1


bot = Bot(router)
