"""The flashbot bot that is measured: it counts a contact's messages in typed state and answers each."""

from __future__ import annotations

from dataclasses import dataclass

from flashbot import Bot, Router, Turn


@dataclass
class Counter:
    turns: int = 0


router = Router("echo", state=Counter)


@router.fallback
async def echo(turn: Turn[Counter]) -> None:
    turn.state.turns += 1
    turn.reply(f"echo {turn.state.turns} {turn.text}")


bot = Bot(router)
