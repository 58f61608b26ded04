"""Order desk: finds parcels, follows up after delivery, hands complaints to people.

Run it with `make run`, or `flashbot dev bots/support.py`. Order numbers that exist: CI-1001, CI-1002.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flashbot import Bot, Drip, Router, Template, Turn

TRACK = [
    "where is my order", "track my parcel", "my package has not arrived", "when will you deliver", "parcel {order}",
    "où est mon colis", "je n'ai pas reçu ma commande", "le livreur n'est pas venu", "ça arrive quand", "{order}",
]  # fmt: skip
COMPLAIN = [
    "I want my money back", "it arrived broken", "this is not what I ordered", "you are thieves", "very bad service",
    "c'est inadmissible", "je veux être remboursé", "mon colis est arrivé abîmé", "pas ma taille", "arnaqueurs",
]  # fmt: skip


class Shop:  # stands for the shop's own system
    async def find(self, number: str) -> str | None:
        return {"CI-1001": "Tuesday", "CI-1002": "Friday"}.get(number)


follow_up = (
    Drip("follow-up", version=1)
    .send(Template("ask_review"), after=timedelta(days=2))
    .send(Template("coupon"), after=timedelta(days=7))
)


@dataclass
class Order:
    number: str = ""


def desk(shop: Shop) -> Router[Order]:
    router = Router("desk", state=Order)

    @router.fallback
    @router.intent("greet", examples=["hello", "hi", "good morning", "bonjour", "salut", "bonsoir", "how are you"])
    async def greet(turn: Turn[Order]) -> None:
        turn.reply("Hello! Ask me “where is my order”, or tell me what went wrong.")

    @router.step("number")
    async def number(turn: Turn[Order]) -> None:
        order = turn.match.slots["order"] if turn.match else turn.text.strip().upper()
        arrival = await shop.find(order)
        if arrival is None:
            turn.reply("I can't find that one. Please try again.")
            turn.expect(number)
            return
        turn.state.number = order
        turn.reply(Template("parcel"), number=order, eta=arrival)
        turn.start(follow_up)

    @router.intent("track", title="Find a parcel", examples=TRACK, slots={"order": re.compile(r"CI-\d{4}")})
    async def track(turn: Turn[Order]) -> None:
        if turn.match and turn.match.slots:
            await number.handler(turn)
        else:
            turn.reply("What is your order number?")
            turn.expect(number, within=timedelta(hours=12))

    @router.intent("complain", title="A problem with an order", examples=COMPLAIN, threshold=0.6)
    async def complain(turn: Turn[Order]) -> None:
        turn.stop(follow_up)
        turn.reply("I am sorry. A colleague will write to you here.")
        turn.handoff("support", note=f"order {turn.state.number or 'unknown'}")

    return router


bot = Bot(desk(Shop()), drips=[follow_up], templates=Path(__file__).parent.parent / "templates")
