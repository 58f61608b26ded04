"""What a bot developer writes, and `mypy --strict` must accept. Read by test_typing.py, never run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, assert_type

from pydantic import BaseModel

from flashbot import (
    Bot,
    Buttons,
    Delivered,
    Drip,
    Failed,
    Image,
    Match,
    Received,
    ReplyButton,
    Router,
    Template,
    Turn,
)
from tests.public.typing import t

follow_up = (
    Drip("follow-up", version=1)
    .send(Template("ask_review"), after=timedelta(days=2))
    .send("Bye", after=timedelta(days=7))
)


@dataclass
class Parcel:
    number: str
    eta: str


class Shop:
    async def find(self, number: str) -> Parcel | None:
        return Parcel(number, "Friday")


@dataclass
class Order:
    number: str = ""


class Visit(BaseModel):
    count: int = 0


def desk(shop: Shop) -> Router[Order]:
    router = Router("desk", state=Order, hears=["people", "groups"])

    @router.intent("track", examples=["where is my order", "où est mon colis"])
    async def track(turn: Turn[Order]) -> None:
        turn.reply("What is your order number?")
        turn.expect(number, within=timedelta(hours=12), otherwise=late)

    @router.step("late")
    async def late(turn: Turn[Order]) -> None:
        assert_type(turn.timed_out, bool)
        assert_type(turn.late, timedelta)

    @router.step("number")
    async def number(turn: Turn[Order]) -> None:
        parcel = await shop.find(turn.text)
        if parcel is None:
            turn.reply("I can't find that one. Please try again.")
            turn.expect(number)
            return
        turn.state.number = parcel.number
        turn.state = Order(parcel.number)
        turn.reply(Template("parcel"), number=parcel.number, eta=parcel.eta)
        turn.start(follow_up, number=parcel.number)

    @router.intent("complain", keywords=["refund"], patterns=[r"order (?P<number>\d+)"])
    async def complain(turn: Turn[Order]) -> None:
        assert_type(turn.state, Order)
        assert_type(turn.match, Match | None)
        turn.stop(follow_up)
        turn.reply(Image("https://example.com/sorry.png"))
        turn.reply(Buttons("Sorry", "Shall we call?", [ReplyButton("Yes", "yes")]))
        turn.handoff("support", note=f"order {turn.state.number or 'unknown'}")

    @router.on(Failed)
    @router.on(Delivered)
    async def status(turn: Turn[Order]) -> None:
        turn.release()

    @router.fallback
    async def fallback(turn: Turn[Order]) -> None:
        if isinstance(turn.event, Received):
            turn.reply(turn.event.kind)

    return router


def plain() -> Router[None]:
    router = Router("plain")

    @router.intent("menu")
    async def menu(turn: Turn[None]) -> None:
        turn.reply(f"Hello {turn.name}")

    return router


def templated() -> Router[None]:
    router = Router("templated")

    @router.fallback
    async def parcel(turn: Turn[None]) -> None:
        assert_type(t.welcome(), Template)
        turn.reply(t.welcome())
        turn.reply(t.parcel(number="A17", total=12_500, lines=["rice"], shop={"name": "Plateau"}))
        turn.reply(t.parcel(number="A17", total=Decimal("9.50"), lines=(), shop={}, day=date(2026, 12, 24)))
        turn.reply(t.parcel(number="A17", total=9.5, lines=[], shop={"open": True}, day=None), more=1)
        turn.reply(t.ask_review(stars=5, class_="gold"))
        turn.reply(t.bye(name=turn.name))
        turn.reply(Template("parcel", {"number": "A17"}), total=9)
        assert_type(turn.language, str | None)
        turn.language = "fr_CI"
        turn.language = None
        assert_type(turn.zone, str | None)
        turn.zone = "Africa/Abidjan"
        turn.zone = None

    return router


def counted(old: dict[str, Any]) -> dict[str, Any]:
    return {"count": len(old["times"])}


def model() -> Router[Visit]:
    router = Router("model", state=Visit, version=3, migrate={1: counted, 2: lambda old: old})
    assert_type(router, Router[Visit])

    @router.fallback
    async def count(turn: Turn[Visit]) -> None:
        turn.state.count += 1

    return router


async def unit_test() -> None:
    router = Router("unit", state=Order)

    @router.step("number")
    async def number(turn: Turn[Order]) -> None: ...

    turn = Turn.for_test("A17", state=Order())
    assert_type(turn, Turn[Order])
    await number(turn)


bot = Bot(desk(Shop()), plain(), model(), drips=[follow_up])
