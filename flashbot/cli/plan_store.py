"""What the bot's store knows of the people and the number of a plan: the live gates look there. It writes nothing.

An opt-out counts wherever it stands. A consent of the file counts as if it had been imported; without a column for it,
only those of the store do. A zone that the store has stands before the file's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flashbot.cli.progress import Bar

if TYPE_CHECKING:
    from flashbot.cli.plan_people import Audience
    from flashbot.outreach.facts import Number
    from flashbot.outreach.facts import Person as Known
    from flashbot.outreach.scenario import Recipient
    from flashbot.settings import Settings
    from flashbot.store.mailbox import Store

__all__ = ["Standing", "has_store", "known_to", "standing_of"]

BATCH = 500
"""Questions that are under way at once."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the store keeps of a number; `stage` None: no day of it is over yet."""

    unanswered: int
    stage: int | None
    lock_until_ms: int | None
    reconnected_ms: int | None

    def of(self, number: Number) -> Number:
        return replace(number, lock_until_ms=self.lock_until_ms, reconnected_ms=self.reconnected_ms)


async def known_to(store: Store, audience: Audience) -> Audience:
    """The same people with what is stored of them. Raises StoreAway."""
    found: list[Recipient] = []
    known = unimported = 0
    with Bar("Looking up", len(audience.recipients)) as bar:
        for start in range(0, len(audience.recipients), BATCH):
            some = audience.recipients[start : start + BATCH]
            people = await asyncio.gather(
                *(_person(store, audience.phones[one.contact][1], audience.zones.get(one.contact)) for one in some)
            )
            for one, (person, stored) in zip(some, people, strict=True):
                merged = _merged(one, person, told=audience.consent_told)
                found.append(merged)
                known += stored
                unimported += bool(merged.consents - person.consents)
            bar.show(len(found))
    return replace(
        audience,
        recipients=tuple(found),
        strangers=sum(one.last_inbound_ms is None for one in found),
        known=known,
        unimported=unimported,
    )


async def standing_of(store: Store, instance: str) -> Standing:
    """Raises StoreAway."""
    (_, kept), balances = await asyncio.gather(
        store.numbers.read(instance, "stage", "lock", "re"), store.acquaintances.unanswered(instance)
    )
    stage, lock, reconnected = (int(kept[name]) if kept[name] else None for name in ("stage", "lock", "re"))
    return Standing(sum(one.count for one in balances), stage, lock, reconnected)


def has_store(settings: Settings) -> bool:
    """Whether the bot of this folder has one, as far as can be told without opening it."""
    return bool(settings.redis_url.get_secret_value()) or settings.data_dir.is_dir()


async def _person(store: Store, phone: str, zone: str | None) -> tuple[Known, bool]:
    from flashbot.dialogue.memory import MemoryUnreadable
    from flashbot.engine.facts import person_of

    known = await store.acquaintances.read(phone)
    try:
        person = person_of(phone, known, zone=zone)
    except MemoryUnreadable:
        # A newer flashbot can read it; until then nothing unasked leaves.
        person = replace(person_of(phone, replace(known, state=None), zone=zone), suppressed=frozenset({"marketing"}))
    if known.state is None and await store.silenced(phone):
        person = replace(person, erased=True)
    return person, known.state is not None


def _merged(one: Recipient, person: Known, *, told: bool) -> Recipient:
    wrote = [at for at in (one.last_inbound_ms, person.last_inbound_ms) if at is not None]
    return replace(
        one,
        zones=person.zones,
        last_inbound_ms=max(wrote, default=None),
        consents=person.consents | (one.consents if told else frozenset()),
        suppressed=one.suppressed | person.suppressed,
        erased=person.erased,
        sent=person.sent,
    )
