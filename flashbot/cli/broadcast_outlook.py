"""How long a broadcast takes and who gets none of it: its people played through the gates, from the number as it is.

The facts are those that the gates will read, from the store. Nothing is sent, and nothing is written.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.outreach.facts import Number
    from flashbot.outreach.grants import Usage
    from flashbot.outreach.health import Health
    from flashbot.outreach.policy import Policy
    from flashbot.outreach.reasons import Stop
    from flashbot.outreach.scenario import Recipient, Scenario
    from flashbot.outreach.verdict import Reason
    from flashbot.settings import Settings
    from flashbot.store.mailbox import Store

__all__ = ["Outlook", "Plan", "Sender", "asked_sender", "known_sender", "look_ahead", "recipients_of"]

DAYS = 60
BATCH = 250
DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent, beside to whom."""

    name: str
    purpose: str
    policy: Policy
    same_text: bool = False
    canary: int = 0
    """How many are still to be sent to before the rest."""
    watch_ms: int = 0
    """For how long the others wait then; where no canary is left, from now."""
    unnamed: int = 0
    """More people, of whom nothing is known here: taken for some who wrote yesterday, agreed, and live near."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The number, as the store knows it or MsgFlash says."""

    number: Number
    health: Health | None
    usage: Usage | None
    stage: int | None
    now_ms: int


@dataclass(frozen=True, slots=True)
class Outlook:
    people: int
    sent: int
    ends_ms: int | None
    """None when it does not end within `days`, or nobody gets anything."""
    left_out: Mapping[Reason, int]
    waiting: Mapping[Reason | None, int]
    """Who still waits after the last day."""
    binds: Stop | None
    """What mostly holds it back."""
    days: int = DAYS


async def known_sender(store: Store, settings: Settings, instance: str) -> Sender | None:
    """The number as the gates see it; None where the store was never told how it is. Raises StoreAway."""
    from flashbot.engine.facts import FIELDS, load_health, number_of
    from flashbot.engine.pace import key_tag
    from flashbot.outreach.grants import Usage

    key = settings.api_key.get_secret_value()
    now_ms, kept = await store.numbers.read(instance, *FIELDS)
    if not kept["at"]:
        return None
    usage = None
    if key:
        counts = await store.ledgers.counts(key_tag(key), instance)
        usage = Usage(
            counts.hour + counts.foreign_hour, counts.day + counts.foreign_day,
            counts.recipients_hour + counts.foreign_recipients_hour,
            counts.recipients_day + counts.foreign_recipients_day,
        )  # fmt: skip
    stage = int(kept["stage"]) if kept["stage"] else None
    return Sender(number_of(kept, zone=settings.zone or ""), load_health(kept["health"]), usage, stage, now_ms)


async def asked_sender(client: Client, settings: Settings, instance: str) -> Sender | None:
    """The number as MsgFlash says it is; None where that cannot be had."""
    from flashbot.cli.plan_number import ask_for
    from flashbot.clock import SystemClock, to_ms
    from flashbot.msgflash.errors import MsgFlashError

    now = SystemClock().now()
    try:
        found = await ask_for(client, instance, settings.zone, "", now)
    except MsgFlashError:
        return None
    return Sender(found.number, found.health, found.usage, None, to_ms(now))


async def recipients_of(store: Store, phones: Sequence[str], zone: str) -> tuple[Recipient, ...]:
    """What is stored of these people. Raises StoreAway."""
    found: list[Recipient] = []
    home = (zone,) if zone else ()
    for place in range(0, len(phones), BATCH):
        found += await asyncio.gather(*(_recipient(store, phone, home) for phone in phones[place : place + BATCH]))
    return tuple(found)


async def _recipient(store: Store, phone: str, home: tuple[str, ...]) -> Recipient:
    from flashbot.dialogue.memory import MemoryUnreadable
    from flashbot.engine.facts import person_of
    from flashbot.outreach.scenario import Recipient

    known = await store.acquaintances.read(phone)
    try:
        person = person_of(phone, known, home=home)
    except MemoryUnreadable:  # a newer flashbot's, which only that one sends to
        person = person_of(phone, replace(known, state=None), home=home)
    erased = known.state is None and await store.silenced(phone)
    return Recipient(
        phone, person.zones, person.country, person.last_inbound_ms, person.consents, person.suppressed,
        erased=erased, sent=person.sent,
    )  # fmt: skip


async def look_ahead(plan: Plan, sender: Sender, recipients: tuple[Recipient, ...]) -> Outlook:
    """Plays it in a thread: seconds, for tens of thousands."""
    return await asyncio.to_thread(_look_ahead, plan, sender, recipients)


def _look_ahead(plan: Plan, sender: Sender, recipients: tuple[Recipient, ...]) -> Outlook:
    """The canary first, then the rest from the moment at which it has been watched."""
    from flashbot.outreach.forecast import Forecast
    from flashbot.outreach.plan import plan as played
    from flashbot.outreach.scenario import Mail, Scenario, Series

    def scenario(those: tuple[Recipient, ...], begin_ms: int) -> Scenario:
        mails = (Mail(body="same" if plan.same_text else ""),)
        return Scenario(
            (Series(plan.name, those, mails, purpose=plan.purpose),), sender.number, begin_ms, days=DAYS,
            health=sender.health, usage=sender.usage, stage=sender.stage, policy=plan.policy,
        )  # fmt: skip

    parts: list[Forecast] = []
    begin_ms = sender.now_ms
    everybody = (*_unnamed(plan, sender), *recipients)
    first, rest = everybody[: plan.canary], everybody[plan.canary :]
    if first:
        parts.append(played(scenario(first, begin_ms)))
        begin_ms = parts[0].ends_ms or begin_ms
    begin_ms += plan.watch_ms
    if rest and all(part.done for part in parts):
        parts.append(played(scenario(rest, begin_ms)))
        rest = ()
    left_out: Counter[Reason] = Counter()
    waiting: Counter[Reason | None] = Counter()
    binds: Counter[Reason] = Counter()
    for part in parts:
        left_out.update(part.reasons())
        waiting.update(part.waiting)
        binds.update(day.binds for day in part.days if day.binds is not None)
    if rest:
        waiting[None] += len(rest)
    ends = [part.ends_ms for part in parts if part.ends_ms is not None]
    return Outlook(
        len(everybody),
        sum(part.sent for part in parts),
        max(ends) if ends and not waiting else None,
        dict(left_out.most_common()),
        dict(waiting.most_common()),
        binds.most_common(1)[0][0] if binds else None,
    )


def _unnamed(plan: Plan, sender: Sender) -> tuple[Recipient, ...]:
    from flashbot.outreach.scenario import Recipient

    zones = (sender.number.zone,) if sender.number.zone else ()
    return tuple(
        Recipient(f"unnamed {place}", zones, None, sender.now_ms - DAY_MS, frozenset({plan.purpose}))
        for place in range(plan.unnamed)
    )
