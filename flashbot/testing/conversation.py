"""`Conversation`: talk to a bot in a test. Everything is real but the wire, the server and the time.

The same router, scripts, worker, sender and MsgFlash sandbox as in production, in this process, on a clock that
only the test moves: a drip of weeks takes milliseconds. Intents are learned before the first message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self, cast

from pydantic import SecretStr

from flashbot.bot import Bot
from flashbot.clock import ManualClock, from_ms, to_ms
from flashbot.consent import MARKETING
from flashbot.dialogue.memory import Memory
from flashbot.dialogue.series import Sayable
from flashbot.engine.assembly import Parts, assemble
from flashbot.engine.direct import post_direct
from flashbot.engine.worker import Handle
from flashbot.errors import FlashbotError
from flashbot.msgflash.events import Event
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.settings import Settings
from flashbot.store.deadletters import DeadLetter, DeadLetters
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Taken
from flashbot.testing.acquainting import agree
from flashbot.testing.any_time import ANY_TIME
from flashbot.testing.sandbox import SandboxTransport
from flashbot.testing.teaching import teach

__all__ = ["Conversation", "Heard"]

PHONE = "+2250700000001"
SECRET = "a secret of the test"
LONGEST = 10_000
"""Rounds without coming to rest after which something must be going in circles."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the bot, as the contact sees it."""

    text: str
    """The text or caption; the title of buttons."""
    type: str
    status: str
    fields: Mapping[str, Any]
    """The whole message, as the sandbox shows it."""


class Conversation:
    """One contact's chat with a bot: `async with Conversation(bot) as chat: await chat.says("hello")`.

    Whatever a handler raises comes out of `says` or `wait`. `world` is the sandbox: more instances, faults on
    demand, other people. Without a policy of its own the bot may send at any time (`ANY_TIME`). A strict bot's
    templates are checked before, in another one, once in a process.
    """

    def __init__(
        self,
        bot: Bot,
        *,
        phone: str = PHONE,
        name: str | None = None,
        start: datetime | None = None,
        seed: int = 0,
    ) -> None:
        self.bot = bot
        self.phone = phone
        self.name = name
        self.clock = ManualClock(start)
        self.world = World(self.clock, Random(seed), secret=SECRET, requests_per_second=0, statuses=(0.1, 0.3, 1.0))
        self._runner = FakeRunner()
        self._store = Store(self._runner, now_ms=lambda: to_ms(self.clock.now()))
        self._parts: Parts | None = None
        self._raised: list[Exception] = []
        self._mark = 0
        self._proved: frozenset[str] | None = None

    async def __aenter__(self) -> Self:
        await self._check()
        self._open()
        return self

    def _open(self) -> Parts:
        """The parts, made at the first use: nothing in them outlives the test, so `async with` is a courtesy."""
        if self._parts is not None:
            return self._parts
        self.bot.load()
        teach(self.bot)
        settings = Settings.model_construct(
            msgflash_url="http://sandbox.invalid",
            api_key=SecretStr(DEMO_KEY),
            instance_id=DEMO_INSTANCE,
            webhook_secret=SecretStr(SECRET),
            data_dir=Path(),
            requests_per_second=0,
        )
        self.world.add_webhook("http://bot.invalid/webhooks/msgflash")
        turns = self.bot.turns(
            settings.instance_id, self.clock, loop_after=settings.loop_after, store=self._store, passed=self._passed
        )
        self._parts = assemble(
            self._store,
            self._listening(turns),
            settings,
            self.clock,
            routes=self.bot.routes,
            parse=self.bot.parse,
            work=True,
            web=True,
            ears=None,
            transport=SandboxTransport(self.world),
            policy=self.bot.policy or ANY_TIME,
        )
        return self._parts

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._parts is not None:
            await self._parts.close()

    # -- what the contact does

    async def says(self, text: str = "", *, kind: str = "text", media_url: str | None = None, **more: Any) -> None:
        """Write to the bot and let everything that follows happen. `more` goes to the sandbox's `World.says`."""
        self._open()
        self._mark = self.world.heard_count(self.phone)
        more.setdefault("name", self.name)
        self.world.says(self.phone, text, kind=kind, media_url=media_url, **more)
        await self._settle()

    async def taps(self, choice: str) -> None:
        """Tap the button with this id."""
        await self.says(choice=choice)

    async def wait(self, **span: float) -> None:
        """Let time pass, as `timedelta` takes it: `wait(days=2)`. Everything due on the way happens in order."""
        self._mark = self.world.heard_count(self.phone)
        until = self.clock.now() + timedelta(**span)
        await self._settle()
        while (due := self._next_due()) is not None and due <= until:
            self.clock.move_to(due + timedelta(milliseconds=1))
            await self._settle()
        self.clock.move_to(until)
        await self._settle()

    async def sends(
        self,
        content: Sayable,
        *,
        key: str,
        critical: bool = False,
        language: str | None = None,
        purpose: str = MARKETING,
        send_before: datetime | None = None,
        **values: object,
    ) -> bool:
        """`bot.send` to this contact, through the conversation's own store."""
        await self._check()
        self._open()
        self._mark = self.world.heard_count(self.phone)
        new = await post_direct(
            self._store, self.phone, content, values,
            key=key, instance=DEMO_INSTANCE, critical=critical, language=language,
            purpose=purpose, send_before=send_before, own_language=self.bot.language,
            commands=self._runner, templates=self.bot.renderer(self._passed),
            now_ms=to_ms(self.clock.now()),
        )  # fmt: skip
        await self._settle()
        return new

    async def agrees(self, purpose: str = "marketing", *, wording: str = "I want to hear of news.") -> None:
        """This contact allowed it before, as by a form on a site: without it they get no promotion."""
        await agree(self._runner, self._store, self.phone, purpose, wording, to_ms(self.clock.now()))

    # -- what can be seen

    @property
    def replies(self) -> list[str]:
        """The texts of what the bot said since the contact last wrote or waited."""
        return [heard.text for heard in self.sent[self._mark :]]

    @property
    def sent(self) -> list[Heard]:
        """Everything the bot said to this contact, oldest first."""
        return [_heard(message) for message in self.world.heard(self.phone)]

    @property
    def state(self) -> Any:
        """The contact's state in the bot's first router that keeps one."""
        for router in self.bot.routers:
            if router.state is not None:
                return self.state_of(router.name)
        return None

    def state_of(self, router: str) -> Any:
        """The contact's state in a router, as its next turn would find it."""
        found = next(one for one in self.bot.routers if one.name == router)
        return self.bot.routes.state_of(found, self.memory)

    @property
    def memory(self) -> Memory:
        """All that is stored of the contact."""
        stored = self._runner.run_command("GET", f"{self._store.tag(self.phone)}:st:{self.phone}")
        return Memory.load(stored)

    async def dead_letters(self) -> list[DeadLetter]:
        return [letter async for letter in DeadLetters(self._runner, self._store).list()]

    # -- how it comes about

    def _listening(self, turns: Handle) -> Handle:
        async def handle(taken: Taken, attempt: int, event: Event | None = None) -> Done:
            try:
                return await turns(taken, attempt, event)
            except Exception as fault:
                self._raised.append(fault)
                raise

        return handle

    def _passed(self, digest: str) -> bool:
        return self._proved is not None and digest in self._proved

    async def _check(self) -> None:
        """Let a strict bot's templates pass their check, or not, before the first of them is wanted."""
        if self.bot.strict and self._proved is None:
            from flashbot.testing.proving import proved

            self._proved = await proved(self.bot.catalogue)

    async def _settle(self) -> None:
        await self._check()
        parts = self._open()
        if parts.engine is None or parts.intake is None:
            raise FlashbotError("A Conversation both hears and works; its parts are missing.")
        worker, sender = parts.engine.worker, parts.engine.sender
        for _ in range(LONGEST):
            moved = False
            for delivery in self.world.due(self.clock.now()):
                moved = True
                answer = await parts.intake.receive(
                    delivery.body,
                    delivery.headers.get("X-MsgFlash-Signature"),
                    delivery.headers.get("X-MsgFlash-Event"),
                )
                self.world.delivered(delivery, answer.status)
            for part in (worker, sender):
                moved |= await part.step()
                await part.slots.finish()
            if parts.engine.asks is not None:
                moved |= await parts.engine.asks.step()
            if parts.engine.casting is not None:
                moved |= await parts.engine.casting.step()
            if self._raised:
                faults, self._raised = self._raised, []
                raise faults[0]
            if not moved and worker.slots.idle and sender.slots.idle:
                return
        raise FlashbotError(f"The conversation did not come to rest in {LONGEST} rounds: does the bot answer itself?")

    def _next_due(self) -> datetime | None:
        moments = [self.world.next_due(), self.clock.next_wake()]
        stored = self._runner.next_due(self._store.tags), self._runner.next_try(to_ms(self.clock.now()))
        moments += [from_ms(ms) for ms in stored if ms is not None]
        casting = self._parts.engine.casting if self._parts is not None and self._parts.engine is not None else None
        if casting is not None and casting.due is not None:
            moments.append(self.clock.now() + timedelta(seconds=max(0, casting.due - self.clock.monotonic())))
        return min((moment for moment in moments if moment is not None), default=None)


def _heard(message: Mapping[str, object]) -> Heard:
    fields = cast("Mapping[str, Any]", message)
    text = fields.get("title") or fields.get("body") or ""
    return Heard(str(text), str(fields["type"]), str(fields["status"]), fields)
