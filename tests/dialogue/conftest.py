"""`chat`: one contact's dialogue without engine or store. Timers wait in a dict, as the store would keep them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import pytest

from flashbot.dialogue.decision import Decision, Settled
from flashbot.dialogue.intents import Recogniser
from flashbot.dialogue.memory import Memory
from flashbot.dialogue.routes import Routes
from flashbot.dialogue.timer import TimerFired
from flashbot.msgflash.events import Event, Received
from flashbot.outreach.drip import Drip, Drips
from flashbot.outreach.optout import OptOut

if TYPE_CHECKING:
    from collections.abc import Callable

    from flashbot.dialogue.asking import Asking
    from flashbot.dialogue.router import Router
    from flashbot.dialogue.turn import Turn

PERSON = "+15550000001"


@cache
def trained(pairs: tuple[tuple[str, str], ...]) -> Recogniser:
    return Recogniser.train(pairs)


class Chat:
    """Each event goes the whole way: load, decide, handle, absorb, dump."""

    def __init__(
        self, *routers: Router[Any], fallback: Any = None, drips: tuple[Drip, ...] = (), asking: Asking | bool = True
    ) -> None:
        self.routes = Routes(routers, fallback=fallback, wishes=OptOut(), drips=Drips(drips), asking=asking)
        self.now = datetime(2026, 1, 5, 9, tzinfo=UTC)
        self.stored: bytes | None = None
        self.timers: dict[tuple[str, int], datetime] = {}
        self.decision = Decision("nothing yet")
        self.settled: Settled | None = None
        self.turn: Turn[Any] | None = None
        self.said: list[Any] = []

    def learns(self) -> Self:
        """Train and teach a real recogniser."""
        for lesson in self.routes.lessons:
            self.routes.teach(lesson.key, trained(lesson.pairs))
        return self

    @property
    def memory(self) -> Memory:
        return Memory.load(self.stored)

    @property
    def reason(self) -> str:
        return self.decision.reason

    async def says(self, text: str = "", **fields: Any) -> list[Any]:
        given = {"name": "message.received", "sender": PERSON, "instance": "one", "text": text, **fields}
        return await self.gets(Received(**given))

    async def gets(self, event: Event | TimerFired, attempt: int = 1) -> list[Any]:
        """What the bot said to this: texts, or whole contents."""
        memory = Memory.load(self.stored)
        self.decision = self.routes.decide(event, memory, self.now)
        turn = self.turn = self.routes.turn(self.decision, event, memory, self.now, "event-1", attempt)
        if self.decision.handler is not None:
            await self.decision.handler(turn)
        self.settled = self.routes.absorb(self.decision, turn, memory)
        self.stored = memory.dump()
        for timer in self.settled.timers_cleared:
            self.timers.pop((timer.name, timer.generation), None)
        for timer in self.settled.timers_set:
            self.timers[timer.name, timer.generation] = timer.due
        said = [reply.content for reply in self.settled.messages]
        self.said += said
        return said

    async def waits(self, **span: float) -> list[Any]:
        """Let time pass; what the timers that fell due made the bot say."""
        end, said = self.now + timedelta(**span), []
        while due := [(at, key) for key, at in self.timers.items() if at <= end]:
            self.now, key = min(due)
            said += await self.fires(*key)
        self.now = end
        return said

    async def fires(self, name: str, generation: int) -> list[Any]:
        due = self.timers.pop((name, generation), self.now)
        return await self.gets(TimerFired(PERSON, name, generation, due))


@pytest.fixture
def chat() -> Callable[..., Chat]:
    return Chat
