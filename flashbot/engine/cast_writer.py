"""Writes a broadcast's messages: who gets one, rendered and stored, before any of it leaves."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from flashbot.clock import to_ms
from flashbot.dialogue.memory import Memory, MemoryUnreadable
from flashbot.dialogue.series import Sayable
from flashbot.dialogue.tongue import checked_language, language_of
from flashbot.engine.gate import body_hash
from flashbot.engine.outbox import Outgoing, Person, Renderer, compose, home_of
from flashbot.engine.tally import who
from flashbot.errors import BotMistake, ContentError, TemplateError
from flashbot.msgflash.phones import e164
from flashbot.outreach import facts
from flashbot.outreach.case import Case
from flashbot.outreach.cast import source_of
from flashbot.outreach.gates import consent
from flashbot.outreach.hours import OpeningHours
from flashbot.outreach.policy import Policy
from flashbot.outreach.verdict import Drop
from flashbot.store.mailbox import Store

__all__ = ["SLICE", "Addressed", "Writer", "batches"]

ANY_NUMBER, ANY_POLICY, ANY_HOURS = facts.Number(linked=True), Policy(), OpeningHours(0.0)
"""The gate of consent looks at none of them where something is promoted."""
BATCH = 500
"""People whose contacts are read together."""
SLICE = 100
"""Messages in one call of a script: nobody waits longer for it than for anybody else's."""
BREATH = 10
"""People who are rendered without a pause."""
MOST_BODIES = 1_000
"""Texts that are counted; where there are more, they are personal."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """One recipient. `values` fill the template, before its own."""

    phone: str = field(repr=False)
    """E.164."""
    values: Mapping[str, object] = field(default_factory=dict, repr=False, hash=False)
    language: str | None = None
    name: str = field(default="", repr=False)


class Writer:
    """Renders and stores the messages of one making, batch by batch."""

    def __init__(
        self,
        store: Store,
        content: Sayable,
        job: str,
        salt: str,
        instance: str,
        purpose: str,
        before_ms: int,
        now_ms: int,
        templates: Renderer,
        own_language: str | None,
    ) -> None:
        self._store = store
        self._content = content
        self._job = job
        self._salt = salt
        self._instance = instance
        self._purpose = purpose
        self._before_ms = before_ms
        self._now_ms = now_ms
        self._templates = templates
        self._own_language = own_language
        self._named = set[str]()
        self._place = 0
        self._steps = 0
        self._bodies = Counter[str]()
        self.added = 0
        self.excluded = Counter[str]()

    @property
    def alike(self) -> int:
        """How many at most get the very same."""
        return max(self._bodies.values(), default=0)

    async def write(self, batch: Sequence[Addressed]) -> None:
        """Raises BotMistake, ContentError, TemplateError or StoreAway."""
        found: dict[str, tuple[int, Addressed]] = {}
        for one in batch:
            self._place += 1
            await self._breathe()
            try:
                contact = e164(one.phone)
            except ContentError:
                self.excluded["not_a_phone"] += 1
                continue
            if contact in self._named:
                self.excluded["twice"] += 1
                continue
            self._named.add(contact)
            found[contact] = self._place, one
        documents = await self._store.casts.documents(list(found))
        strangers = [contact for contact in found if documents[contact] is None]
        silent = dict(
            zip(strangers, await asyncio.gather(*(self._store.silenced(one) for one in strangers)), strict=True)
        )
        entries = list[tuple[str, bytes]]()
        for contact, (place, one) in found.items():
            await self._breathe()
            entry = self._entry(contact, one, place, documents[contact], erased=silent.get(contact, False))
            if entry is not None:
                entries.append((contact, entry))
        for start in range(0, len(entries), SLICE):
            total = await self._store.casts.add(self._job, self._salt, entries[start : start + SLICE])
            if total is None:
                raise BotMistake("This broadcast is being made a second time elsewhere: let one of the two finish it.")
            self.added = total

    def _entry(self, contact: str, one: Addressed, place: int, document: bytes | None, *, erased: bool) -> bytes | None:
        """The message; None for who gets none."""
        try:
            memory = Memory.load(document)
        except MemoryUnreadable:
            self.excluded["unreadable"] += 1
            return None
        message_id = f"cast-{self._job}-{hashlib.sha256((self._salt + contact).encode()).hexdigest()[:16]}"
        reason = self._kept_out(contact, memory, erased=erased)
        if reason:
            self.excluded[reason] += 1
            return None
        said = None if one.language is None else checked_language(one.language, "Addressed(language=…)")

        def spoken() -> str | None:
            return language_of(said or memory.language, memory.tongue, lambda: home_of(contact, self._own_language))

        try:
            message = compose(
                self._content, one.values, message_id=message_id, cls="marketing", instance=self._instance,
                to=Person(contact, one.name or memory.name, spoken), made_ms=self._now_ms, templates=self._templates,
                purpose=self._purpose, source=source_of(self._job), send_before_ms=self._before_ms,
            )  # fmt: skip
        except (TemplateError, ContentError) as fault:
            kind = TemplateError if isinstance(fault, TemplateError) else ContentError
            raise kind(f"{fault} (Recipient {place}, {who(contact)}; nothing was sent to anybody.)") from None
        if message is None:
            return None
        if len(self._bodies) < MOST_BODIES:
            self._bodies[body_hash(Outgoing.unpack(message.entry))] += 1
        return message.entry

    def _kept_out(self, contact: str, memory: Memory, *, erased: bool) -> str:
        """Why the gate of consent would drop it now; empty for what it lets pass or wait."""
        standing, last = memory.standing(self._now_ms), memory.last_inbound
        person = facts.Person(
            None if last is None else to_ms(last),
            suppressed=standing.suppressed, consents=standing.consents, erased=erased,
        )  # fmt: skip
        ask = facts.Ask("", "marketing", self._now_ms, contact, "", self._purpose)
        verdict = consent(Case(ask, person, ANY_NUMBER, ANY_POLICY, ANY_HOURS, self._now_ms))
        return verdict.reason if isinstance(verdict, Drop) else ""

    async def _breathe(self) -> None:
        """A bot may be answering in this loop."""
        self._steps = (self._steps + 1) % BREATH
        if not self._steps:
            await asyncio.sleep(0)


async def batches(people: AsyncIterable[Addressed] | Iterable[Addressed]) -> AsyncIterator[list[Addressed]]:
    """As many as are read together."""
    batch: list[Addressed] = []
    async for one in _each(people):
        batch.append(one)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


async def _each(people: AsyncIterable[Addressed] | Iterable[Addressed]) -> AsyncIterator[Addressed]:
    if isinstance(people, AsyncIterable):
        async for one in people:
            yield one
    else:
        for one in people:
            yield one
