"""Order desk: finds parcels, follows up after delivery, hands complaints to people.

Run it with `make run`, or `flashbot dev bots/support.py`. Order numbers that exist: CI-1001, CI-1002.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flashbot import Bot, Drip, Router, Template, Turn

TEMPLATES = Path(__file__).parent.parent / "templates"


@dataclass(frozen=True)
class Parcel:
    number: str
    eta: str


class Shop:
    """Stands for the shop's own system."""

    parcels = (Parcel("CI-1001", "Tuesday"), Parcel("CI-1002", "Friday"))

    async def find(self, number: str) -> Parcel | None:
        wanted = number.strip().upper()
        return next((parcel for parcel in self.parcels if parcel.number == wanted), None)


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

    @router.intent("greet", examples=["hello", "hi", "bonjour", "salut"])
    async def greet(turn: Turn[Order]) -> None:
        turn.reply("Hello! Ask me “where is my order”, or tell me what went wrong.")

    @router.intent("track", examples=["where is my order", "où est mon colis"], keywords=["parcel", "colis"])
    async def track(turn: Turn[Order]) -> None:
        turn.reply("What is your order number?")
        turn.expect(number, within=timedelta(hours=12))

    @router.step("number")
    async def number(turn: Turn[Order]) -> None:
        parcel = await shop.find(turn.text)
        if parcel is None:
            turn.reply("I can't find that one. Please try again.")
            turn.expect(number)
            return
        turn.state.number = parcel.number
        turn.reply(Template("parcel"), number=parcel.number, eta=parcel.eta)
        turn.start(follow_up)

    @router.intent("complain", examples=["I want my money back", "c'est inadmissible"])
    async def complain(turn: Turn[Order]) -> None:
        turn.stop(follow_up)
        turn.reply("I am sorry. A colleague will write to you here.")
        turn.handoff("support", note=f"order {turn.state.number or 'unknown'}")

    return router


bot = Bot(desk(Shop()), drips=[follow_up], templates=TEMPLATES)
