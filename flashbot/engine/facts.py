"""Reads what the gates look at for one message, fresh: its contact, and its number. It decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from flashbot.clock import to_ms
from flashbot.dialogue.memory import Memory, MemoryUnreadable
from flashbot.msgflash.phones import country_of
from flashbot.outreach.facts import Number, Person, Sent
from flashbot.outreach.grants import DAY_MS
from flashbot.outreach.health import Health, Told, learn
from flashbot.outreach.zones import zones_of
from flashbot.store.acquaintances import Acquaintance, Unanswered
from flashbot.store.mailbox import Store

if TYPE_CHECKING:
    from flashbot.msgflash.instances import InstanceHealth

__all__ = [
    "FIELDS", "Facts", "dump_health", "dump_unanswered", "learnt", "load_health", "number_of", "person_of",
    "read_facts", "read_number", "with_unanswered",
]  # fmt: skip

FIELDS = (
    "health", "at", "state", "score", "since", "seen", "lock", "re", "zone", "stage", "usual", "asked", "asking",
    "full", "unanswered", "unanswered_at",
)  # fmt: skip
BALANCE_MS = 30 * DAY_MS


@dataclass(frozen=True, slots=True)
class Facts:
    """Times are ms since the epoch by the store's clock."""

    now_ms: int
    person: Person
    number: Number
    health: Health | None
    stage: int | None
    usual_day: float | None
    asked_ms: int
    """When MsgFlash was last asked for the health; 0 for never."""
    asking_ms: int = 0
    """When whoever asks for it now last showed to be alive; 0 when nobody does."""
    cast: str = ""
    """The state of the broadcast that was asked for; empty for one that is not known."""


async def read_facts(
    store: Store, contact: str, instance: str, *, zone: str = "", unreadable: bool = False, cast: str = ""
) -> Facts:
    """In one round trip, and one more for who may have been forgotten. `zone` (IANA): the number's own, where set.
    `cast`: the job of a broadcast whose state belongs to it.

    Raises StoreAway, and MemoryUnreadable unless what nobody here can read may pass for nothing (`unreadable`).
    """
    known, (now_ms, kept), state = await asyncio.gather(
        store.acquaintances.read(contact, instance),
        store.numbers.read(instance, *FIELDS),
        store.casts.state(cast) if cast else _nothing(),
    )
    balances = _load_unanswered(kept["unanswered"])
    balances[known.partition] = known.unanswered  # of the other partitions, as of the latest look at the number
    number = with_unanswered(number_of(kept, zone=zone), balances.values())
    looked_ms = _whole(kept["unanswered_at"]) if len(balances) > 1 else None
    number = replace(number, unanswered_at_ms=known.now_ms if looked_ms is None else min(looked_ms, known.now_ms))
    home = (number.zone,) if number.zone else ()
    try:
        person = person_of(contact, known, home=home)
    except MemoryUnreadable:
        if not unreadable:
            raise
        person = person_of(contact, replace(known, state=None), home=home)
    if known.state is None and await store.silenced(contact):
        person = replace(person, erased=True)
    return _facts(now_ms, person, number, kept, state)


async def read_number(store: Store, instance: str, *, zone: str = "") -> Facts:
    """The same of a number alone, whoever the contact may be. Raises StoreAway."""
    now_ms, kept = await store.numbers.read(instance, *FIELDS)
    return _facts(now_ms, Person(), number_of(kept, zone=zone), kept, "")


def _facts(now_ms: int, person: Person, number: Number, kept: dict[str, str], cast: str) -> Facts:
    return Facts(
        now_ms,
        person,
        number,
        load_health(kept["health"]),
        _whole(kept["stage"]),
        float(kept["usual"]) if kept["usual"] else None,
        _whole(kept["asked"]) or 0,
        _whole(kept["asking"]) or 0,
        cast=cast,
    )


async def _nothing() -> str:
    return ""


def person_of(contact: str, known: Acquaintance, *, home: tuple[str, ...] = (), zone: str | None = None) -> Person:
    """Raises MemoryUnreadable. `zone` (IANA) is theirs where the store has none."""
    memory = Memory.load(known.state)
    standing = memory.standing(known.now_ms)
    last, owner = memory.last_inbound, memory.owner
    zones, country = _place(contact, home, memory.zone or zone, tuple(memory.hours.items()))
    return Person(
        last_inbound_ms=None if last is None else to_ms(last),
        suppressed=standing.suppressed,
        consents=standing.consents,
        asked_until_ms=standing.asked_until_ms,
        owner_until_ms=None if owner is None else owner.until_ms,
        zones=zones,
        country=country,
        sent=tuple(Sent(one.at_ms, _class(one.cls), one.body) for one in known.sent),
    )


def number_of(kept: dict[str, str], *, zone: str = "") -> Number:
    """`kept` has each of `FIELDS`. Whether it is linked is asked before: nothing at all leaves from one that is not."""
    return Number(
        linked=True,
        state=kept["state"] or None,
        score=float(kept["score"]) if kept["score"] else None,
        health_at_ms=_whole(kept["at"]),
        zone=zone or kept["zone"],
        linked_since_ms=_whole(kept["since"]) or _whole(kept["seen"]),
        lock_until_ms=_whole(kept["lock"]),
        reconnected_ms=_whole(kept["re"]),
    )


def with_unanswered(number: Number, balances: Iterable[Unanswered]) -> Number:
    """The number with its unanswered messages, of all partitions."""
    found = list(balances)
    oldest = min((one.oldest_ms for one in found if one.oldest_ms is not None), default=None)
    return replace(
        number,
        unanswered=sum(one.count for one in found),
        unanswered_until_ms=None if oldest is None else oldest + BALANCE_MS,
    )


def dump_unanswered(balances: Iterable[Unanswered]) -> str:
    return " ".join(f"{one.count}:{one.oldest_ms or ''}" for one in balances)


def _load_unanswered(stored: str) -> dict[int, Unanswered]:
    """By partition; there is nothing where there is only one."""
    words = (word.partition(":") for word in stored.split())
    return {
        place: Unanswered(int(count), int(oldest) if oldest else None)
        for place, (count, _, oldest) in enumerate(words)
    }  # fmt: skip


def dump_health(health: Health) -> str:
    told = {name: getattr(health, name) for name in Health.__slots__}
    return to_json({name: [one.value, one.at_ms] for name, one in told.items() if one is not None}).decode()


def learnt(before: Health | None, found: InstanceHealth, at_ms: int) -> Health:
    """What MsgFlash advised of a number at that moment, and what it advised before where it says nothing now."""
    policy = found.warmup_policy
    return learn(
        before,
        at_ms=at_ms,
        hour=policy.hourly_outbound_cap if policy else None,
        day=policy.daily_outbound_cap if policy else None,
        recipients_hour=policy.hourly_unique_recipients_cap if policy else None,
        recipients_day=policy.daily_unique_recipients_cap if policy else None,
        campaign_recipients=policy.max_campaign_recipients if policy else None,
        cold_ratio=policy.max_cold_ratio if policy else None,
    )


def load_health(stored: str) -> Health | None:
    """What a newer flashbot added is passed over."""
    if not stored:
        return None
    found = from_json(stored)
    return Health(**{name: Told(*found[name][:2]) for name in Health.__slots__ if name in found})


@lru_cache(maxsize=4096)
def _place(
    contact: str, home: tuple[str, ...], zone: str | None, hours: tuple[tuple[int, int], ...]
) -> tuple[tuple[str, ...], str | None]:
    return zones_of(contact, zone, dict(hours), home), country_of(contact)


def _class(stored: str) -> Any:
    return stored


def _whole(kept: str) -> int | None:
    return int(kept) if kept else None
