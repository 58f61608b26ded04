"""The design's example, a whole conversation of an order desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flashbot import Drip, Router, Template, Turn
from flashbot.dialogue.turn import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

follow_up = (
    Drip("follow-up", version=1)
    .send(Template("ask_review"), after=timedelta(days=2))
    .send(Template("coupon"), after=timedelta(days=7))
)


@dataclass
class Parcel:
    number: str
    eta: str


class Shop:
    async def find(self, number: str) -> Parcel | None:
        return Parcel(number.upper(), "Friday") if number.upper() == "A17" else None


@dataclass
class Order:
    number: str = ""


def desk(shop: Shop) -> Router[Order]:
    router = Router("desk", state=Order)

    @router.intent("track", examples=["where is my order", "où est mon colis"])
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


async def test_a_parcel_is_found_and_followed_up(chat: Callable[..., Any]) -> None:
    talk = chat(desk(Shop()), drips=(follow_up,))

    asked = await talk.says("Où est mon colis ?")
    missed = await talk.says("B2")
    await talk.says("a17")
    found = talk.settled.messages
    later = await talk.waits(days=10)

    assert asked == ["What is your order number?"]
    assert missed == ["I can't find that one. Please try again."]
    assert found == (Reply(Template("parcel"), {"number": "A17", "eta": "Friday"}),)
    assert later == [Template("ask_review"), Template("coupon")]
    assert talk.memory.state("desk") == {"number": "A17"}


async def test_a_complaint_stops_the_follow_up_and_goes_to_people(chat: Callable[..., Any]) -> None:
    talk = chat(desk(Shop()), drips=(follow_up,))
    await talk.says("where is my order")
    await talk.says("A17")

    said = await talk.says("C’est INADMISSIBLE !")
    later = await talk.waits(hours=23)

    assert said == ["I am sorry. A colleague will write to you here."]
    assert talk.memory.owner.note == "order A17"
    assert later == []
