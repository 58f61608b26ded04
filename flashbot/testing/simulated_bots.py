"""The bots of the simulation, and a handler's own ways to fail.

`counting` uses both lanes of the store and nothing of the dialogue; `stopping` does the same, and drops what waits in
one of them now and then; `waiting` is a real bot whose steps have a time limit, and keeps a log of its turns.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, TypeAlias

from pydantic_core import from_json, to_json

from flashbot.bot import Bot
from flashbot.clock import Clock
from flashbot.dialogue.router import Router
from flashbot.dialogue.turn import Turn
from flashbot.engine.outbox import Outgoing
from flashbot.engine.worker import Handle
from flashbot.msgflash.events import Event
from flashbot.store.records import Done, Entry, Lane, Message, Taken
from flashbot.testing.simulated_world import INSTANCE, Process, World

__all__ = ["WAITS", "BotName", "counting", "drops", "handle_of", "in_drip_lane", "stopping", "webhook"]

BotName: TypeAlias = Literal["counting", "stopping", "waiting"]
WAITS = 4.0
"""Seconds that a step of the waiting bot waits."""
MOST_FAILURES = 3
"""Of one event: fewer than the worker gives it."""


def handle_of(bot: BotName, world: World, process: Process) -> Handle:
    bots: dict[BotName, Handle] = {"counting": counting, "stopping": stopping}
    return _Failing(bots.get(bot) or _waiting(process.clock), world)


def webhook(bot: BotName, contact: str, text: str, message_id: str) -> bytes:
    """What is stored of a person's message."""
    if bot != "waiting":
        return text.encode()
    return to_json(
        {
            "event": "message.received",
            "instanceId": INSTANCE,
            "messageId": message_id,
            "from": contact,
            "text": text,
        }
    )


def in_drip_lane(text: str) -> bool:
    """Where the counting bot says this."""
    return text.endswith("3")


async def counting(taken: Taken, attempt: int, event: Event | None = None) -> Done:
    """Numbers each contact's events and repeats them."""
    entry = Entry.unpack(taken.entry)
    seen = from_json(taken.state)["seen"] if taken.state else 0
    said = f"{seen}:{entry.body.decode()}"
    lane: Lane = "drip" if in_drip_lane(said) else "reply"
    body = to_json({"instanceId": INSTANCE, "to": taken.contact, "type": "text", "text": said})
    message = Outgoing(f"{entry.words[2]}/0", "reply", int(entry.words[1]), body)
    return Done(state=to_json({"seen": seen + 1}), messages=(Message(lane, message.pack()),))


def drops(number: int) -> bool:
    """Whether the stopping bot drops what waits unasked with its contact's event of this number."""
    return number % 4 == 3


async def stopping(taken: Taken, attempt: int, event: Event | None = None) -> Done:
    """Says twice what it heard, once in each lane; every fourth event drops what waits in the lane of drips."""
    entry = Entry.unpack(taken.entry)
    heard = entry.body.decode()
    if drops(int(heard.rpartition(".")[2])):
        return Done(state=taken.state or b"{}", drops_unasked="suppressed")
    lanes: tuple[Lane, ...] = ("reply", "drip")
    messages = tuple(
        Message(
            lane, Outgoing(f"{entry.words[2]}/{place}", "reply", int(entry.words[1]), _said(taken, lane, heard)).pack()
        )
        for place, lane in enumerate(lanes)
    )
    return Done(state=taken.state or b"{}", messages=messages)


def _said(taken: Taken, lane: Lane, heard: str) -> bytes:
    return to_json({"instanceId": INSTANCE, "to": taken.contact, "type": "text", "text": f"{lane} {heard}"})


@dataclass
class Log:
    """Every turn that was committed, as it was said."""

    said: list[str] = field(default_factory=list)


def _waiting(clock: Clock) -> Handle:
    router = Router("waiting", state=Log)

    def say(turn: Turn[Log], text: str) -> None:
        turn.state.said.append(text)
        turn.reply(text)

    @router.step("late")
    async def late(turn: Turn[Log]) -> None:
        say(turn, f"late {turn.state.said[-1].rpartition(' ')[2]}")

    @router.step("answer")
    async def answer(turn: Turn[Log]) -> None:
        say(turn, f"in time {turn.text}")
        turn.expect(answer, within=timedelta(seconds=WAITS), otherwise=late)

    @router.fallback
    async def anew(turn: Turn[Log]) -> None:
        say(turn, f"anew {turn.text}")
        turn.expect(answer, within=timedelta(seconds=WAITS), otherwise=late)

    return Bot(router).turns(INSTANCE, clock)


class _Failing:
    """Raises, hangs or does not let itself be cancelled, now and then; otherwise as the bot."""

    def __init__(self, bot: Handle, world: World) -> None:
        self._bot = bot
        self._world = world

    async def __call__(self, taken: Taken, attempt: int, event: Event | None = None) -> Done:
        dice, faults, failed = self._world.rng, self._world.faults, self._world.failed
        if failed[taken.entry] < MOST_FAILURES:
            if dice.random() < faults.raises:
                failed[taken.entry] += 1
                raise RuntimeError("The handler raises.")
            if dice.random() < faults.hangs:
                failed[taken.entry] += 1
                await asyncio.get_running_loop().create_future()
        if dice.random() < faults.stubborn:
            try:
                await asyncio.sleep(dice.uniform(0, 40))
            except asyncio.CancelledError:
                await asyncio.sleep(dice.uniform(0, 20))
        return await self._bot(taken, attempt, event)
