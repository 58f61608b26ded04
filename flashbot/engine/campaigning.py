"""What a campaign of MsgFlash's own needs of the store and of the account: who may get it, what the number may send,
which campaign a name stands for, who opted out since. It makes none; what is decided is in `outreach/campaign.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from flashbot.clock import to_ms
from flashbot.consent import EVERYTHING, MARKETING
from flashbot.dialogue.memory import Memory, MemoryUnreadable
from flashbot.engine.cast_writer import Addressed
from flashbot.engine.facts import FIELDS, learnt, load_health, number_of, person_of
from flashbot.errors import FlashbotError
from flashbot.msgflash.errors import MsgFlashError
from flashbot.outreach.campaign import Audience, Place, left_out
from flashbot.outreach.case import in_ms
from flashbot.outreach.facts import Ask, Person
from flashbot.outreach.limits import limits
from flashbot.outreach.zones import zones_of

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.outreach.facts import Number
    from flashbot.outreach.grants import Counts
    from flashbot.outreach.policy import Limits, Policy
    from flashbot.store.mailbox import Store

__all__ = [
    "CampaignUnfit",
    "Chosen",
    "Logbook",
    "Made",
    "Sender",
    "Survey",
    "Tally",
    "opted_out_since",
    "read_sender",
    "survey",
]

AT_ONCE = 500
"""Contacts read in one go; the wire sends them as one."""
KEPT_MS = 400 * 24 * 3600 * 1000
"""For which a name is remembered: as long as `number.lua` keeps it."""
TWICE, UNREADABLE = "the same number, named before", "stored by a newer flashbot, or damaged"
T = TypeVar("T")


class CampaignUnfit(FlashbotError):
    """MsgFlash's campaigns must not, or cannot, send this; nothing was made."""


# -- the number


@dataclass(frozen=True, slots=True)
class Sender:
    """A number at a moment, in ms by the store's clock."""

    now_ms: int
    number: Number
    limits: Limits
    counts: Counts
    untold: str = ""
    """Why MsgFlash did not tell its health just now, so that what was known before counts, at less; "" when it did."""


async def read_sender(
    client: Client, store: Store, instance: str, policy: Policy, *, key_tag: str, zone: str = ""
) -> Sender:
    """Ask MsgFlash how the number is. Nothing is written down: the next message of a bot asks by itself.

    Raises MsgFlashError where MsgFlash does not know it, CampaignUnfit where it is not linked.
    """
    found = await client.instances.get(instance)
    if found.status not in (None, "connected"):
        raise CampaignUnfit(
            f"Instance {instance} is {found.status}, and nothing leaves from it: connect it in MsgFlash's dashboard."
        )
    (now_ms, kept), counts = await asyncio.gather(
        store.numbers.read(instance, *FIELDS), store.ledgers.counts(key_tag, instance)
    )
    kept = dict(kept)
    if not kept["zone"] and found.wa_number:
        kept["zone"] = zones_of("+" + found.wa_number.lstrip("+"))[0]
    health, why = load_health(kept["health"]), ""
    try:
        told = await client.instances.health(instance)
    except MsgFlashError as fault:
        why = str(fault)
    else:
        health = learnt(health, told, now_ms)
        kept["state"] = told.safety_state or kept["state"]
        kept["score"] = kept["score"] if told.safety_score is None else str(told.safety_score)
        if told.first_connected_at is not None:
            kept["since"] = str(to_ms(told.first_connected_at))
    number = number_of(kept, zone=zone)
    most = limits(
        number,
        health,
        policy,
        now_ms,
        stage=int(kept["stage"]) if kept["stage"] else None,
        usual_day=float(kept["usual"]) if kept["usual"] else None,
    )
    return Sender(now_ms, number, most, counts, why)


# -- the people


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who may get a campaign, and what follows from them."""

    people: tuple[Addressed, ...] = field(repr=False)
    left_out: Mapping[str, int]
    """Who may not, by why."""
    audience: Audience
    places: frozenset[Place]
    """Where they may be."""


@dataclass(frozen=True, slots=True)
class Survey:
    """Everybody of a segment, looked at."""

    people: tuple[tuple[Addressed, Person], ...] = field(repr=False)
    """Whoever can be judged, each once, with what is stored of them."""
    unusable: Mapping[str, int]
    """Who cannot, by why."""

    def chosen(self, sender: Sender, policy: Policy, *, purpose: str, start_ms: int) -> Chosen:
        """Who may get a campaign that begins then."""
        people, why, places = list[Addressed](), Counter(self.unusable), set[Place]()
        strangers = new = silent = 0
        for one, person in self.people:
            stranger = person.last_inbound_ms is None
            # As at the gate: promotion to somebody who never wrote to this number is cold, whatever it was called.
            ask = Ask("", "cold" if stranger else "marketing", sender.now_ms, one.phone, "", purpose)
            reason = left_out(ask, person, sender.number, policy, now_ms=sender.now_ms, start_ms=start_ms)
            if reason is not None:
                why[reason] += 1
                continue
            people.append(one)
            places.add((person.zones, person.country))
            strangers += stranger
            new += stranger and not person.sent
            heard = person.last_inbound_ms
            silent += heard is None or abs(sender.now_ms - heard) > in_ms(policy.answered_within)
        audience = Audience(len(people), strangers, new, silent)
        return Chosen(tuple(people), dict(why.most_common()), audience, frozenset(places))


async def survey(
    store: Store, people: Sequence[Addressed], *, home: str = "", seen: Callable[[int], None] = lambda _: None
) -> Survey:
    """Read what is stored of everybody, in batches. `home` is the number's own zone. Raises StoreAway."""
    unusable: Counter[str] = Counter()
    once: dict[str, Addressed] = {}
    for one in people:
        once.setdefault(one.phone, one)
    if len(once) < len(people):
        unusable[TWICE] = len(people) - len(once)
    read: list[tuple[Addressed, Person]] = []
    for batch in _batches(tuple(once.values())):
        for one, person in zip(
            batch, await asyncio.gather(*(_read(store, one.phone, home) for one in batch)), strict=True
        ):
            if person is None:
                unusable[UNREADABLE] += 1
            else:
                read.append((one, person))
        seen(len(read))
    return Survey(tuple(read), unusable)


async def _read(store: Store, phone: str, home: str) -> Person | None:
    """None for what nobody here can read, which may hold an opt-out."""
    known = await store.acquaintances.read(phone)
    try:
        person = person_of(phone, known, home=(home,) if home else ())
    except MemoryUnreadable:
        return None
    if known.state is None and await store.silenced(phone):
        return Person(erased=True, zones=person.zones, country=person.country)
    return person


async def opted_out_since(store: Store, phones: Sequence[str], since_ms: int, purpose: str) -> int:
    """How many of them withdrew what this needs since then. Raises StoreAway."""
    count = 0
    for batch in _batches(phones):
        count += sum(await asyncio.gather(*(_left(store, phone, since_ms, purpose) for phone in batch)))
    return count


async def _left(store: Store, phone: str, since_ms: int, purpose: str) -> bool:
    known = await store.acquaintances.read(phone)
    try:
        entries = Memory.load(known.state).entries
    except MemoryUnreadable:
        return False
    ends = (purpose, MARKETING, EVERYTHING)
    return any(one.act == "withdrawn" and one.purpose in ends and one.at_ms >= since_ms for one in entries)


def _batches(whole: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(whole), AT_ONCE):
        yield whole[start : start + AT_ONCE]


# -- which campaign a name stands for


class Tally(NamedTuple):
    """Messages that no longer wait, how many of these failed, and people who opted out."""

    sent: int = 0
    failed: int = 0
    opted_out: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """What is written down under a name."""

    since_ms: int
    campaign: str
    """Its id; "" while it is being made, and for ever when nobody knows whether it was."""
    what: str
    """A hash of what it says and from which number, see `Logbook.digest`."""
    before: Tally
    """What was counted when it was paused from here for its failures or opt-outs: whoever let it go on knew that."""


class Logbook:
    """Names of campaigns in the store, so that none is made twice: MsgFlash lists none to anybody with a key.

    Kept for 400 days among what is known of numbers, for all processes alike. Raises StoreAway.
    """

    def __init__(self, store: Store) -> None:
        self._numbers = store.numbers

    async def find(self, name: str) -> Made | None:
        _, kept = await self._numbers.read(_place(name), "asked", "id", "what", "before")
        if not kept["asked"]:
            return None
        return Made(int(kept["asked"]), kept["id"], kept["what"], Tally(*map(int, kept["before"].split())))

    async def begin(self, name: str, what: str) -> int | None:
        """For the one process that makes it: the moment, in ms. None for everybody else."""
        begun = await self._numbers.ask(_place(name), within_ms=KEPT_MS, confirm=True)
        if begun is not None:
            await self._numbers.set(_place(name), {"what": what, "id": ""}, confirm=True)
        return begun

    async def made(self, name: str, campaign: str) -> None:
        await self._numbers.set(_place(name), {"id": campaign}, confirm=True)

    async def halted(self, name: str, counted: Tally) -> None:
        """It was paused from here with these counts."""
        await self._numbers.set(_place(name), {"before": " ".join(map(str, counted))}, confirm=True)

    async def forget(self, name: str) -> None:
        """It was certainly not made."""
        await self._numbers.set(_place(name), {"asked": "", "what": ""})

    @staticmethod
    def digest(*said: object) -> str:
        """The same for the same order."""
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _place(name: str) -> str:
    return f"campaign:{hashlib.sha256(name.encode()).hexdigest()[:24]}"
