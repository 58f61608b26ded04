"""Documents as flashbot stored them, kept as they were: whatever stood in a store must be read for ever.

Never edit a file in `stored/`, and never take one away. What is stored in a new form gets a new file, and a row below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json

from flashbot.clock import from_ms
from flashbot.dialogue.memory import Memory
from flashbot.dialogue.router import Router
from flashbot.dialogue.turn import Turn
from flashbot.outreach.drip import Drip

STORED = Path(__file__).parent / "stored"
AT = from_ms(1_767_603_600_000)
"""When they were stored: 5 January 2026, 9 o'clock UTC."""

follow_up = Drip("follow-up").send("How was it?", after=timedelta(days=2)).send("Bye", after=timedelta(days=7))


@dataclass
class Order:
    number: str = ""
    lines: list[str] = field(default_factory=list)


def desk(version: int = 1) -> Router[Order]:
    def upgrade(old: dict[str, Any]) -> dict[str, Any]:
        return old | {"lines": [*old["lines"], "upgraded"]}

    router = Router("desk", state=Order, version=version, migrate=dict.fromkeys(range(1, version), upgrade))

    @router.intent("language", examples=["language"])
    async def language(turn: Turn[Order]) -> None:
        turn.reply(f"{turn.language} {turn.name}")

    @router.intent("zone", examples=["zone"])
    async def zone(turn: Turn[Order]) -> None:
        turn.reply(f"{turn.zone}")

    @router.intent("show", examples=["show"])
    async def show(turn: Turn[Order]) -> None:
        turn.reply(f"{turn.state.number} {turn.state.lines}")

    @router.step("number")
    async def number(turn: Turn[Order]) -> None:
        turn.reply(f"number {turn.text}, was {turn.state.number}")

    @router.step("late")
    async def late(turn: Turn[Order]) -> None:
        turn.reply(f"late by {turn.late}")

    return router


SAYS_STOPPED = "You will get no more promotional messages from us. Write START to get them again."
SHOWS: dict[str, tuple[int, str, str, list[str]]] = {
    # file: version of the router, what is said, why it is answered, how
    "nothing-known": (1, "show", "intent:show/equal", [" []"]),
    "state": (1, "show", "intent:show/equal", ["A17 ['tea', 'rice']"]),
    "state-for-version-3": (3, "show", "intent:show/equal", ["A17 ['tea', 'upgraded']"]),
    "step": (1, "B4", "step:number", ["number B4, was A17"]),
    "step-with-limit": (1, "B4", "step:number", ["number B4, was "]),
    "step-of-version-2": (2, "B4", "step:number", ["number B4, was A17"]),
    "step-gone": (1, "show", "intent:show/equal (step gone: desk.size)", [" []"]),
    "router-gone": (1, "show", "intent:show/equal (step gone: shop.size)", [" []"]),
    "owned-by-people": (1, "show", "human owns", []),
    "opted-out": (1, "show", "intent:show/equal", [" []"]),
    "consent-given": (1, "show", "intent:show/equal", [" []"]),
    "consent-withdrawn": (1, "show", "intent:show/equal", [" []"]),
    "asked-whether-to-stop": (1, "stop", "opt-out", [SAYS_STOPPED]),
    "drips": (1, "show", "intent:show/equal", [" []"]),
    "said-lately": (1, "show", "intent:show/equal", [" []"]),
    "asked": (1, "the first", "intent:show/chosen", ["A17 []"]),
    "asked-and-not-answered": (1, "show", "intent:show/equal", [" []"]),
    "language-that-was-set": (1, "language", "intent:language/equal", ["pt_BR Awa Koné"]),
    "language-that-was-learned": (1, "language", "intent:language/equal", ["en Awa"]),
    "zone-that-was-set": (1, "zone", "intent:zone/equal", ["America/New_York"]),
    "hours-in-which-they-wrote": (1, "zone", "intent:zone/equal", ["None"]),
    "of-a-newer-flashbot": (1, "show", "intent:show/equal", ["A17 []"]),
}


def test_every_document_is_replayed() -> None:
    assert {path.stem for path in STORED.glob("*.json")} == set(SHOWS)


@pytest.mark.parametrize("name", SHOWS)
def test_a_stored_document_is_read_and_written_without_loss(name: str) -> None:
    stored = (STORED / f"{name}.json").read_bytes()

    assert from_json(Memory.load(stored).dump()) == from_json(stored)


@pytest.mark.parametrize("name", SHOWS)
async def test_a_stored_document_is_answered_as_it_was(chat: Callable[..., Any], name: str) -> None:
    version, says, reason, answers = SHOWS[name]
    talk = chat(desk(version), drips=(follow_up,))
    talk.now, talk.stored = AT + timedelta(minutes=5), (STORED / f"{name}.json").read_bytes()

    said = await talk.says(says)

    assert (talk.reason, said) == (reason, answers)


@pytest.mark.parametrize(
    ("name", "timer", "after", "said"),
    [
        ("step-with-limit", ("step", 1), timedelta(hours=13), ["late by 1:00:00"]),
        ("drips", ("drip:follow-up", 3), timedelta(days=2), ["How was it?"]),
        ("drips", ("drip:winter", 4), timedelta(days=3), []),  # a drip that is no more
        ("owned-by-people", ("owner", 2), timedelta(hours=24), []),
    ],
)
async def test_its_timers_still_go_off(
    chat: Callable[..., Any], name: str, timer: tuple[str, int], after: timedelta, said: list[str]
) -> None:
    talk = chat(desk(), drips=(follow_up,))
    talk.stored = (STORED / f"{name}.json").read_bytes()
    document = from_json(talk.stored)
    due = next(
        part.get("due") or part["until"]
        for part in (document.get("step", {}), document.get("owner", {}), *document.get("drips", {}).values())
        if part.get("g") == timer[1]
    )
    talk.timers, talk.now = {timer: from_ms(due)}, AT + after

    assert await talk.fires(*timer) == said
    assert talk.reason != "stale timer"
