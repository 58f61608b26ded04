"""A welcome series: three messages over ten days, which stop as soon as the person answers.

Run it with `flashbot dev bots/drip.py` and write "join".
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from flashbot import Bot, Drip, Router, Template, Turn

welcome = (
    Drip("welcome", version=1)
    .send(Template("welcome"), after=timedelta(hours=1))
    .send(Template("ask_review"), after=timedelta(days=3))
    .send(Template("coupon"), after=timedelta(days=6))
)

club = Router("club")


@club.intent("join", examples=["join", "je veux m'inscrire"], keywords=["newsletter"])
async def join(turn: Turn[None]) -> None:
    turn.reply("You are in. Write STOP at any time and you will hear nothing more.")
    turn.start(welcome, name=turn.name or "friend")


@club.fallback
async def anything(turn: Turn[None]) -> None:
    turn.reply("Thank you, we read every message. Write “join” to hear our news.")


bot = Bot(club, drips=[welcome], templates=Path(__file__).parent.parent / "templates")
