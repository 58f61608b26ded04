"""What `mypy --strict` must refuse: every line that is marked, and no other. Never run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flashbot import Drip, Router, Template, Turn
from tests.public.typing import t


@dataclass
class Order:
    number: str = ""


@dataclass
class Visit:
    count: int = 0


orders = Router("orders", state=Order)
visits = Router("visits", state=Visit)
plain = Router("plain")


@orders.step("number")
async def number(turn: Turn[Order]) -> None: ...


@visits.step("count")
async def count(turn: Turn[Visit]) -> None: ...


@orders.intent("misspelt", examples=["a"])
async def misspelt(turn: Turn[Order]) -> None:
    turn.state.numbr = "A17"  # E: attr-defined
    turn.state.number = 17  # E: assignment


@orders.intent("other state", examples=["b"])  # E: arg-type
async def other_state(turn: Turn[Visit]) -> None: ...


@plain.intent("no state", examples=["c"])  # E: arg-type
async def no_state(turn: Turn[Order]) -> None: ...


@orders.fallback  # E: arg-type
async def other_fallback(turn: Turn[None]) -> None: ...


@orders.intent("another router's step", examples=["d"])
async def another_step(turn: Turn[Order]) -> None:
    turn.expect(count)  # E: arg-type
    turn.expect(number, within=timedelta(hours=1), otherwise=count)  # E: arg-type
    turn.expect(misspelt)  # E: arg-type


@orders.intent("sync", examples=["e"])  # E: arg-type
def sync(turn: Turn[Order]) -> None: ...


@orders.step("sync")  # E: arg-type
def sync_step(turn: Turn[Order]) -> None: ...


@orders.intent("two arguments", examples=["f"])  # E: arg-type
async def two_arguments(turn: Turn[Order], more: int) -> None: ...


@orders.intent("awaited", examples=["g"])
async def awaited(turn: Turn[Order]) -> None:
    await turn.reply("hello")  # E: misc


@orders.intent("facts", examples=["h"])
async def facts(turn: Turn[Order]) -> None:
    turn.text = "other"  # E: misc
    turn.reply("text", number="A17")  # E: call-overload
    turn.reply(7)  # E: call-overload
    turn.reply(Template("parcel"), number="A17")
    turn.start("follow-up")  # E: arg-type
    turn.start(Drip("follow-up"))


@orders.intent("templates", examples=["i"])
async def templates(turn: Turn[Order]) -> None:
    turn.reply(t.parcel(number=17, total=9, lines=[], shop={}))  # E: arg-type
    turn.reply(t.parcel(number="A17", total="9", lines=[], shop={}))  # E: arg-type
    turn.reply(t.parcel(number="A17", total=9, lines=[], shop="Plateau"))  # E: arg-type
    turn.reply(t.parcel(number=None, total=9, lines=[], shop={}))  # E: arg-type
    turn.reply(t.parcel(number="A17", lines=[], shop={}))  # E: call-arg
    turn.reply(t.parcel(nummer="A17", total=9, lines=[], shop={}))  # E: call-arg
    turn.reply(t.parcel("A17", total=9, lines=[], shop={}))  # E: call-arg, misc
    turn.reply(t.welcome(name="Awa"))  # E: call-arg
    turn.reply(t.parcle(number="A17"))  # E: attr-defined
    turn.reply(Template("parcel", ["A17"]))  # E: arg-type
    turn.language = 33  # E: assignment
    turn.zone = 33  # E: assignment


Router("hears", hears=["persons"])  # E: list-item


async def upgrade(old: dict[str, object]) -> dict[str, object]:
    return old


Router("async migration", state=Order, version=2, migrate={1: upgrade})  # E: dict-item
Router("version without state", version=2)  # E: call-overload
