"""The one place that every message passes before its request: may it leave now, and what it counts once it did.

It asks the gates (`outreach/gates.py`) with fresh facts, then the number's ledger. It sends nothing. What it can tell
before a take, the store parks by itself.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from pydantic_core import to_json

from flashbot.clock import Clock
from flashbot.dialogue.memory import MemoryUnreadable
from flashbot.engine.doubt import Doubt
from flashbot.engine.facts import Facts, read_facts
from flashbot.engine.giving_way import LONGEST_MS as WAY_MS
from flashbot.engine.giving_way import GivingWay
from flashbot.engine.outbox import Outgoing
from flashbot.engine.pacing import LIVES_MS, Pacing
from flashbot.engine.patience import Patience
from flashbot.engine.paused_casts import PausedCasts
from flashbot.engine.pauses import Pauses
from flashbot.engine.places import Places
from flashbot.engine.reasons import not_sent, waits
from flashbot.engine.recording import Recording
from flashbot.engine.tally import who
from flashbot.errors import StoreError
from flashbot.outreach.case import in_ms
from flashbot.outreach.cast import GOING, job_of
from flashbot.outreach.facts import Ask, Number, Person
from flashbot.outreach.gates import decide
from flashbot.outreach.grants import HOLD_MS, UNASKED, Granted
from flashbot.outreach.health import FRESH_MS
from flashbot.outreach.hours import OpeningHours
from flashbot.outreach.ledger import FOR_ALL as FULL
from flashbot.outreach.limits import gap_ms, limits, rest
from flashbot.outreach.policy import Limits, Policy
from flashbot.outreach.record import Known, verdict_of
from flashbot.outreach.standing import stopped_by
from flashbot.outreach.verdict import Allow, Defer, Drop
from flashbot.store.mailbox import LONGEST_PARK_MS, Store
from flashbot.store.records import Done, Held, Imposed, Lane, Later, Taken, Why

if TYPE_CHECKING:
    from flashbot.outreach.reasons import Stop

__all__ = ["LANES", "Gate", "body_hash", "instance_of"]

LANES: tuple[Lane, ...] = ("reply", "drip")
AWAY_MS = 1000
UNREADABLE_MS = 60_000
MOST_TOLD = 1000
"""Contacts of which it is remembered that the log has it."""
COMING_BACK_MS = 2 * 3600 * 1000
"""So long it may take a crowd to come back from a wait, or the process to come back, as part of that wait."""
UNKNOWN_MS = 5 * 60_000
"""After which health that could not be had is asked for again."""
FOR_ALL = FULL | {"restricted", "locked", "window", "recipients_day", "recipients_hour"}
"""Reasons that would meet any unasked message of the number, or nearly any: who got one lately could get another while
the number has written to enough people, and waits with the others."""
HOURS = frozenset({"quiet", "weekend", "holiday", "prayer", "ramadan"})
ONE_PLACE = frozenset({"new_chats_hour", "new_chats_day", "cold_ratio", "identical"})
"""Reasons that a crowd shares, and that are over for one of it at a time."""
LONGEST_HOLD_MS = 6 * 3600 * 1000
"""After which a message is looked at again, whatever it waits for: what holds it may have ended before its time."""
log = logging.getLogger("flashbot.sender")


class Gate:
    """Of one process."""

    def __init__(
        self,
        store: Store,
        pauses: Pauses,
        pacing: Pacing,
        policy: Policy,
        clock: Clock,
        *,
        key_tag: str,
        patience: Patience,
        rng: Random,
        record: Recording | None = None,
    ) -> None:
        """`rng` draws the gaps and rests, and spreads what waits. `record` is told every decision."""
        self._store = store
        self._pauses = pauses
        self._pacing = pacing
        self._policy = policy
        self._key_tag = key_tag
        self._park_ms = patience.park * 1000
        self._rng = rng
        self._record = record
        self._paused_casts = PausedCasts(clock, park_ms=int(self._park_ms))
        self._giving_way = GivingWay(clock)
        self._granted: dict[str, bool] = {}
        """False where somebody else's grant was found: it is not this process's to give back."""
        self._places = Places(rng, longest_ms=LONGEST_HOLD_MS)
        self._unreadable: set[str] = set()

    @property
    def due(self) -> float | None:
        """When a number may be free for what is unasked, by the clock's monotonic time; None for nobody knows."""
        return self._pacing.due

    def held_back(self) -> list[Held]:
        """What the store parks by itself: it must neither cost a slot nor stand before what may leave."""
        held = [
            Held(lane, _sent_from(one), int(self._park_ms), "instance_disconnected", ages=True)
            for one in self._pauses.instances
            for lane in LANES
        ]
        held += [Held("drip", _sent_from(one), ms, why) for one, ms, why in self._pacing.waiting()]
        return held + self._paused_casts.held_back() + self._giving_way.held_back()

    async def check(self, taken: Taken, message: Outgoing) -> Done | Later | None:
        """What follows for a message that may not leave now, or never; None for one that may.

        That one is counted by then, an answer too: a process that dies in its request leaves nothing uncounted.
        """
        held = await self._judged(taken, message)
        if held is None and message.id not in self._granted:
            await self._note(taken, message)
        return held

    async def _judged(self, taken: Taken, message: Outgoing) -> Done | Later | None:
        instance = instance_of(message)
        linked = instance is None or not self._pauses.holds(instance)
        if not linked or message.cls in ("reply", "critical"):
            return self._at_once(taken, message, instance or "", linked=linked)
        try:
            return await self._ask(taken, message, instance or "")
        except StoreError:
            return Later(AWAY_MS, note=taken.note, why=waits(message, "store_away", AWAY_MS))
        except MemoryUnreadable as fault:
            return self._unread(taken, message, fault)

    def _unread(self, taken: Taken, message: Outgoing, fault: MemoryUnreadable) -> Done | Later:
        """What is stored of its contact may be for a newer flashbot: it waits, the longer the older it is, and is given
        up like any other."""
        if taken.contact not in self._unreadable:
            if len(self._unreadable) >= MOST_TOLD:
                self._unreadable.clear()
            self._unreadable.add(taken.contact)
            log.error("Messages to %s wait, and expire: %s", who(taken.contact), fault)
        before_ms, age_ms = message.send_before_ms, taken.taken_ms - max(message.made_ms, taken.due_ms)
        if age_ms > in_ms(self._policy.expires) or (before_ms is not None and taken.taken_ms > before_ms):
            return self._dropped(taken, message, "expired")
        wait_ms = min(max(age_ms, UNREADABLE_MS), LONGEST_PARK_MS)
        return Later(wait_ms, note=taken.note, why=waits(message, "unreadable", wait_ms))

    def _at_once(self, taken: Taken, message: Outgoing, instance: str, *, linked: bool) -> Done | Later | None:
        """A conversation passes the first gate and the last, and nothing passes the first of a number that is not
        linked: what they need is known here."""
        ask = Ask(
            message.id, message.cls, message.made_ms, taken.contact, "", message.purpose, message.source,
            message.send_before_ms,
        )  # fmt: skip
        person, number, now_ms = Person(), Number(linked), taken.taken_ms
        verdict, _ = decide(ask, person, number, self._policy, OpeningHours(0.0), now_ms)
        if self._record is not None:
            self._record.decided(instance, ask, person, number, self._policy, verdict, now_ms)
        if isinstance(verdict, Allow):
            return None
        if isinstance(verdict, Drop):
            return self._dropped(taken, message, verdict.reason)
        park_ms = int(self._park_ms * (0.5 + 0.5 * self._rng.random()))
        return Later(park_ms, note=taken.note, why=waits(message, "instance_disconnected", park_ms))

    async def _ask(self, taken: Taken, message: Outgoing, instance: str) -> Done | Later | None:
        unasked = message.cls in UNASKED
        held = self._pacing.held(instance) if unasked else None
        if held is not None:
            due_ms = _due_ms(taken, message, taken.taken_ms)
            return _held(taken, taken.taken_ms, held[0], due_ms, why=waits(message, held[1], held[0]))
        job = job_of(message.source) if unasked else ""  # a notice belongs to none
        facts = await read_facts(
            self._store, taken.contact, instance, zone=self._pacing.zone, unreadable=not unasked, cast=job
        )
        off = self._off(taken, message, job, facts) if job else None
        if off is not None:
            return off
        if self._pacing.lacks(instance, facts) and unasked:
            self._pacing.wait(instance)
            return Later(0, note=taken.note, why=waits(message, "health", 0))  # the next take parks it
        ask = _asked(taken, message, facts)
        # The same message draws the same moment each time, so that it is not drawn until it is early.
        fraction = int(hashlib.sha256(message.id.encode()).hexdigest()[:8], 16) / 2**32
        most = limits(
            facts.number, facts.health, self._policy, facts.now_ms, stage=facts.stage, usual_day=facts.usual_day
        )
        number = replace(facts.number, most_unanswered=most.unanswered)
        known = Known(facts.health, facts.stage, facts.usual_day)
        verdict, _ = decide(ask, facts.person, number, self._policy, OpeningHours(fraction), facts.now_ms)
        if isinstance(verdict, Allow):
            verdict = await self._reserve(ask, facts, number, most, known, instance, fraction)
        elif self._record is not None:
            self._record.decided(
                instance, ask, facts.person, number, self._policy, verdict, facts.now_ms, fraction=fraction, known=known
            )
        if isinstance(verdict, Allow):
            return None
        if isinstance(verdict, Drop):
            return self._dropped(taken, message, verdict.reason)
        return await self._deferred(taken, message, verdict, facts, instance)

    def _off(self, taken: Taken, message: Outgoing, job: str, facts: Facts) -> Done | Later | None:
        """Its broadcast does not go on. One that is not known may be back: a store may have lost it for a moment. Of
        one that is finished nothing waits but a dead letter that somebody retried."""
        if facts.cast in GOING or facts.cast == "finished":
            return None
        if facts.cast == "stopped":
            return self._dropped(taken, message, "cast_stopped")
        if message.send_before_ms is not None and facts.now_ms > message.send_before_ms:
            return self._dropped(taken, message, "expired")
        self._paused_casts.hold(job)
        return Later(0, note=taken.note, why=waits(message, "cast_paused", 0))  # the next take parks it

    async def _reserve(
        self, ask: Ask, facts: Facts, number: Number, most: Limits, known: Known, instance: str, fraction: float
    ) -> Allow | Defer:
        gap, batch, new = gap_ms(most.median_gap_ms, self._rng), rest(most, self._rng), _is_new(facts)
        found = await self._store.ledgers.reserve(
            self._key_tag, instance, ask.id, ask.contact, ask.cls, ask.body, ask.source, most, gap, batch,
            new=new, room=number.room,
        )  # fmt: skip
        verdict = verdict_of(found)
        if ask.source:
            self._giving_way.came(ask.source)
        if isinstance(found, Granted):
            self._granted[ask.id] = not found.again
        if self._record is not None:
            self._record.decided(
                instance, ask, facts.person, number, self._policy, verdict, facts.now_ms,
                fraction=fraction, caps=most, gap_ms=gap, rest=batch, new=new, stamp=found.stamp, known=known,
            )  # fmt: skip
        return verdict

    async def _deferred(
        self, taken: Taken, message: Outgoing, verdict: Defer, facts: Facts, instance: str
    ) -> Done | Later | None:
        reason, wait_ms = verdict.reason, max(1, verdict.until_ms - facts.now_ms)
        if message.cls not in UNASKED:
            why = waits(message, reason, wait_ms)
            if taken.queue == "reply" and Doubt.load(taken.note).again:
                return None  # it was allowed before, and what is known of that try would be lost with its place
            if taken.queue == "reply":
                # It would stand before the contact's answers.
                return Done(ahead=taken.entry, why=why)
            return Later(wait_ms, note=taken.note, until_ms=_until(verdict, facts), why=why)
        zone = facts.person.zones[0] if reason in HOURS and facts.person.zones else ""
        why = waits(message, reason, wait_ms, zone=zone)
        due_ms = _due_ms(taken, message, facts.now_ms)
        if reason in FOR_ALL or (reason == "at_risk" and stopped_by(facts.number)):
            # Newer health may show more room.
            stale_ms = FRESH_MS - (facts.now_ms - (facts.number.health_at_ms or 0))
            old_ms = LIVES_MS if facts.asking_ms else UNKNOWN_MS  # an answer that is still to come may come at once
            news_ms = stale_ms + 1000 if 0 < stale_ms <= FRESH_MS else old_ms
            wait_ms = self._pacing.hold(instance, min(wait_ms, news_ms), reason)
            await self._store.numbers.hold(instance, "full", facts.now_ms + wait_ms, reason)
            return _held(taken, facts.now_ms, wait_ms, due_ms, counts=("budget_waits",), why=why)
        until_ms = verdict.until_ms
        if reason == "share" and message.source:
            self._giving_way.hold(message.source)
            until_ms = min(until_ms, facts.now_ms + WAY_MS)  # others of it may have gone by then, and it is their turn
        if reason in ONE_PLACE:
            until_ms = self._places.moment((instance, reason), facts.now_ms, until_ms)
        wait_ms = min(max(1, until_ms - facts.now_ms), LONGEST_HOLD_MS)
        return _held(taken, facts.now_ms, wait_ms, due_ms, counts=("deferred",), why=why)

    def _dropped(self, taken: Taken, message: Outgoing, reason: Stop) -> Done:
        log.info("Message %s to %s is not sent (%s).", message.id, who(taken.contact), reason)
        return Done(counts=("expired" if reason == "expired" else f"dropped_{reason}",), why=not_sent(message, reason))

    async def untouched(self, taken: Taken, message: Outgoing) -> bool:
        """Whether it is certain that MsgFlash was never asked to send what somebody else had in hand.

        What is unasked gets its grant before its request, and this one got none. What an older flashbot may have sent,
        which knows no grants, names no source.
        """
        held_ms = taken.taken_ms - taken.since_ms
        if message.cls not in UNASKED or not message.source or taken.note or not 0 <= held_ms < HOLD_MS:
            return False
        try:
            return not await self._store.ledgers.knows(self._key_tag, instance_of(message) or "", message.id)
        except StoreError:
            return False

    # -- what it counts

    async def _note(self, taken: Taken, message: Outgoing) -> None:
        with suppress(StoreError):  # MsgFlash counts it as well, and tells that with the next health
            await self._store.ledgers.note(
                self._key_tag, instance_of(message) or "", message.id, taken.contact, message.cls
            )

    def heard(self, message: Outgoing, accepted: object) -> None:
        """What stood beside the answer to a send."""
        instance = instance_of(message)
        if instance is not None:
            self._pacing.heard(instance, getattr(accepted, "safety", None), getattr(accepted, "warnings", ()))

    def marked(self, message: Outgoing, outcome: Done | Later) -> Done | Later:
        """The outcome with what a contact's history, and its broadcast, need of it."""
        if message.cls not in UNASKED or not isinstance(outcome, Done):
            return outcome
        if job_of(message.source):
            outcome = replace(outcome, became=(message.id, _became(outcome)))
        if not _left(outcome):
            return outcome
        return replace(outcome, imposed=Imposed(message.cls, body_hash(message), instance_of(message) or ""))

    async def settle(self, taken: Taken, message: Outgoing, outcome: Done | Later) -> None:
        """Count what left, and give back the room of what certainly did not; before the outcome is written down, so
        that nothing that left is forgotten. Safe to repeat. Raises StoreAway.

        What a full store refuses here must not keep a message in its lane: that would free nothing. A grant frees what
        it held before it adds anything; the rest MsgFlash counts as well.
        """
        with suppress(StoreError):
            await self._pacing.tell()
        instance, mine = instance_of(message) or "", message.id in self._granted
        if isinstance(outcome, Done) and _left(outcome):
            if mine:
                if not await self._store.ledgers.commit(self._key_tag, instance, message.id):
                    await self._note(taken, message)
            elif taken.attempts > 1:
                # It may have been granted to somebody who died.
                with suppress(StoreError):
                    if not await self._store.ledgers.commit(self._key_tag, instance, message.id):
                        await self._note(taken, message)
        elif self._granted.get(message.id) and (isinstance(outcome, Done) or outcome.clean):
            with suppress(StoreError):  # it ends by itself
                await self._store.ledgers.release(self._key_tag, instance, message.id)
        self._granted.pop(message.id, None)


def body_hash(message: Outgoing) -> str:
    """The same for messages that look the same to those who get them; a picture counts whatever is written below it."""
    fields = message.fields()
    media = fields.get("mediaUrl")
    shown = {"mediaUrl": media} if media else {name: fields[name] for name in sorted(fields) if name not in WHERE}
    return hashlib.sha256(to_json(shown)).hexdigest()[:16]


WHERE = ("to", "instanceId")


def instance_of(message: Outgoing) -> str | None:
    """From which number it leaves."""
    instance = message.fields().get("instanceId")
    return instance if isinstance(instance, str) else None


def _asked(taken: Taken, message: Outgoing, facts: Facts) -> Ask:
    person = facts.person
    # What held it back, or stood before it in its lane, is no age of its own.
    due_ms = _due_ms(taken, message, facts.now_ms)
    due_ms = max(due_ms, max((one.at_ms for one in person.sent), default=0))
    return Ask(
        message.id,
        # Promotion to somebody who never wrote to this number is cold, whatever it was called.
        "cold" if message.cls == "marketing" and person.last_inbound_ms is None else message.cls,
        message.made_ms,
        taken.contact,
        body_hash(message),
        message.purpose,
        message.source,
        message.send_before_ms,
        due_ms if due_ms > message.made_ms else None,
    )


def _until(verdict: Defer, facts: Facts) -> int:
    return min(verdict.until_ms, facts.now_ms + LONGEST_HOLD_MS)


def _due_ms(taken: Taken, message: Outgoing, now_ms: int) -> int:
    """From when on its age counts, as in `take.lua`: what it spent behind holds, and on its way back, is left out."""
    late_ms = now_ms - taken.held_ms
    if not 0 <= late_ms <= COMING_BACK_MS:
        late_ms = 0
    return max(message.made_ms, min(taken.due_ms, now_ms)) + late_ms


def _held(taken: Taken, now_ms: int, wait_ms: int, due_ms: int, *, why: Why, counts: tuple[str, ...] = ()) -> Later:
    """Parked by a gate: so much longer it may wait until it is too old."""
    return Later(wait_ms, note=taken.note, counts=counts, why=why, until_ms=now_ms + wait_ms, due_ms=due_ms + wait_ms)


def _is_new(facts: Facts) -> bool:
    return facts.person.last_inbound_ms is None and not facts.person.sent


def _left(outcome: Done) -> bool:
    """It was sent, or nobody can tell that it was not."""
    return bool(outcome.bind) or "dropped" in outcome.counts or "unknown" in outcome.counts


def _became(outcome: Done) -> str:
    """As a broadcast counts it."""
    if _left(outcome):
        return "sent" if outcome.bind else "unknown"
    if outcome.dead:
        return "refused"
    return "dropped:" + next(iter(outcome.counts), "").removeprefix("dropped_")


def _sent_from(instance: str) -> bytes:
    """How a stored message names it; inside a text the quotation marks would be escaped."""
    return b'"instanceId":' + to_json(instance)
