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


JOIN = [
    "join", "I want to join the club", "sign me up", "subscribe me", "send me your news", "can I become a member",
    "je veux m'inscrire", "inscrivez-moi", "je veux recevoir vos nouvelles", "comment devenir membre",
]  # fmt: skip
LEAVE = [
    "leave the club", "unsubscribe me", "remove me from your list", "I don't want to join", "no more messages",
    "je veux me désinscrire", "désabonnez-moi", "ne m'envoyez plus rien", "je ne veux pas m'inscrire",
]  # fmt: skip


@club.intent("join", title="Join the club", examples=JOIN, keywords=["newsletter"], threshold=0.9)
async def join(turn: Turn[None]) -> None:
    turn.consent("marketing", wording="Join the club, and hear our news and offers.")
    turn.reply("You are in. Write STOP at any time and you will hear nothing more.")
    turn.start(welcome, name=turn.name or "friend")


@club.intent("leave", title="Leave the club", examples=LEAVE)
async def leave(turn: Turn[None]) -> None:
    turn.stop(welcome)
    turn.reply("You will hear nothing more of the club.")


@club.fallback
async def anything(turn: Turn[None]) -> None:
    turn.reply("Thank you, we read every message. Write “join” to hear our news.")


bot = Bot(club, drips=[welcome], templates=Path(__file__).parent.parent / "templates")
