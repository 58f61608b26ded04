"""Takes messages from the lanes, replies first, and hands each to MsgFlash exactly as often as it must.

One message of a contact and lane is in flight at a time. A request starts only inside the send deadline, so
its owner has long finished when the lease lets somebody else look.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from flashbot.clock import Clock, from_ms, to_ms
from flashbot.engine.doubt import Doubt, Row, Step, find, judge, look_failed, looked, resending
from flashbot.engine.outbox import Outgoing
from flashbot.engine.pace import SharedPace
from flashbot.engine.patience import Patience
from flashbot.engine.slots import Slots
from flashbot.engine.tally import Tally, who
from flashbot.errors import StoreAway, StoreError
from flashbot.msgflash.errors import (
    AccessRefused,
    InstanceNotAssigned,
    KeyRefused,
    MsgFlashError,
    NotSent,
    OutcomeUnknown,
    QuotaExceeded,
    RateLimited,
    Retry,
    SubscriptionInactive,
)
from flashbot.store.mailbox import Store
from flashbot.store.records import Committed, Done, Lane, Later, Taken

__all__ = ["Post", "Sender"]

LANES: tuple[Lane, ...] = ("reply", "drip")
log = logging.getLogger("flashbot.sender")


class Accepted(Protocol):
    @property
    def id(self) -> str: ...


class Post(Protocol):
    """What the sender needs of MsgFlash. `send` raises MsgFlashError; so does `rows`."""

    async def send(self, body: bytes) -> Accepted: ...

    async def rows(self, instance: str | None, *, since_ms: int) -> list[Row]: ...


class Sender:
    """The sending hands of one process."""

    def __init__(
        self,
        store: Store,
        post: Post,
        pace: SharedPace,
        clock: Clock,
        *,
        patience: Patience,
        hands: int,
        tally: Tally,
    ) -> None:
        self._store = store
        self._post = post
        self._pace = pace
        self._clock = clock
        self._patience = patience
        self._tally = tally
        self._complained: set[str] = set()
        self.slots = Slots(hands)
        self.stopping = False

    @property
    def direct(self) -> bool:
        """True when a message may be taken the moment it is committed, without a slot in the rate."""
        return self._pace.unlimited and not self.stopping

    def adopt(self, taken: Taken, asked_at: float) -> None:
        """Send what was taken, in a hand that was claimed. `asked_at` is when the take was asked for."""
        self.slots.start(self._work(taken, asked_at))

    async def step(self) -> bool:
        """Take what can be sent now; True when something was taken."""
        if self.stopping:
            return False
        if not self.slots.free:
            if self.slots.time_to_look(self._clock.monotonic()):
                await self._store.take(LANES, lease_ms=self._patience.send_lease_ms, most=0)
            return False
        if not self._pace.unlimited and not await self._slot():
            return False
        hands = self.slots.claim_free() if self._pace.unlimited else int(self.slots.claim())
        if not hands:
            return False
        asked_at = self._clock.monotonic()
        try:
            _, found = await self._store.take(LANES, lease_ms=self._patience.send_lease_ms, most=hands)
            for taken in found:
                hands -= 1
                self.adopt(taken, asked_at)
        finally:
            self.slots.release(hands)
        return bool(found)

    async def _slot(self) -> bool:
        """Wait for a slot in the rate, when there is something to send; False when there is not, or no more."""
        ready, _ = await self._store.take(LANES, lease_ms=self._patience.send_lease_ms, most=0)
        if not ready:
            return False
        await self._pace.wait()
        return not self.stopping

    async def _work(self, taken: Taken, asked_at: float) -> None:
        following: Taken | None = taken
        while following is not None:
            current, following = following, None
            outcome = await self._deliver(current, asked_at)
            asked_at = self._clock.monotonic()
            next_ms = self._patience.send_lease_ms if self.direct else 0
            for found in await self._settle(current, outcome, next_ms):
                following = found

    async def _deliver(self, taken: Taken, asked_at: float) -> Done | Later:
        try:
            message = Outgoing.unpack(taken.entry)
        except ValueError:
            return Done(dead=taken.entry, reason=_reason("This is not a message as flashbot writes it."))
        doubt = Doubt.load(taken.note)
        if taken.attempts > 1:
            return await self._resolve(taken, message, doubt)
        if self._clock.monotonic() - asked_at > self._patience.send_deadline:
            return Later(0, clean=True, note=taken.note)
        try:
            accepted = await self._post.send(message.body)
        except MsgFlashError as fault:
            return self._failed(taken, message, doubt, fault)
        self._complained.clear()
        self._tally.sent(message, now_ms=to_ms(self._clock.now()))
        return Done(bind=accepted.id, bound=message.id)

    def _failed(self, taken: Taken, message: Outgoing, doubt: Doubt, fault: MsgFlashError) -> Done | Later:
        if isinstance(fault, OutcomeUnknown) or fault.retry is Retry.ASK:
            self._tally.count("ambiguous")
            log.warning("Message %s to %s got no answer (%s); its lane waits.", message.id, who(taken.contact), fault)
            parked = replace(doubt, parked=True, looks=0, first_ms=doubt.first_ms or taken.since_ms)
            return Later(int(self._patience.first_look * 1000), clean=False, note=parked.dump())
        again = replace(doubt, refusals=doubt.refusals + 1)
        if isinstance(fault, NotSent):
            self._complain(
                "unreachable", "MsgFlash cannot be reached (%s); messages wait and go out when it can.", fault
            )
            return Later(_back_off_ms(again.refusals, most=30), note=again.dump())
        if isinstance(fault, RateLimited):
            self._tally.count("rate_limited")
            return Later(int((fault.retry_after or 1.0) * 1000), note=doubt.dump())
        if isinstance(fault, ACCOUNT) and not isinstance(fault, InstanceNotAssigned):
            self._complain(
                fault.code,
                "MsgFlash refuses to send: %s. Messages wait; it is asked again every minute.",
                fault,
            )
            return Later(60_000, note=again.dump())
        self._tally.count("refused")
        log.error(
            "Message %s to %s was refused (%s); see flashbot dead list.",
            message.id,
            who(taken.contact),
            fault,
        )
        return Done(dead=taken.entry, reason=_reason(f"MsgFlash refused the message: {fault}", code=fault.code))

    async def _resolve(self, taken: Taken, message: Outgoing, doubt: Doubt) -> Done | Later:
        first_ms = doubt.first_ms or taken.since_ms
        doubt = replace(doubt, first_ms=first_ms)
        fields = message.fields()
        try:
            rows = await self._post.rows(fields.get("instanceId"), since_ms=first_ms)
            bound = await self._store.bound(taken.contact, [row.id for row in rows])
        except StoreError:
            return Later(int(self._patience.first_look * 1000), clean=False, note=doubt.dump())
        except MsgFlashError as fault:
            doubt = look_failed(doubt)
            self._complain("look", "The list of messages cannot be read (%s); unanswered sends wait.", fault)
        else:
            row = find(fields, rows, since=from_ms(first_ms), bound=bound)
            if row is not None:
                self._tally.count("resolved_list")
                return Done(bind=row.id, bound=message.id)
            doubt = looked(doubt)
        # Both by the server's clock: a wrong clock of this machine decides nothing.
        age = timedelta(milliseconds=taken.taken_ms - taken.since_ms)
        step, wait = judge(doubt, message.cls, age=age, patience=self._patience)
        if step is Step.WAIT:
            return Later(int(wait * 1000), clean=False, note=doubt.dump())
        if step is Step.RESEND:
            # Written down before it is done: whoever comes next knows that the one resend is used.
            self._tally.count("resent")
            return Later(0, clean=True, note=resending(doubt).dump())
        if step is Step.SENT:
            self._tally.count("dropped")
            return Done()
        self._tally.count("unknown")
        log.error(
            "Nobody can tell whether message %s to %s was sent; see flashbot dead list.",
            message.id,
            who(taken.contact),
        )
        return Done(
            dead=taken.entry,
            reason=_reason("MsgFlash gave no answer and its list does not show the message."),
        )

    async def _settle(self, taken: Taken, outcome: Done | Later, next_ms: int) -> Sequence[Taken]:
        """Write the outcome down, however long the store is away: it is safe to repeat and to come late."""
        pause = 0.05
        while True:
            try:
                verdict, found = await self._store.commit(taken, outcome, next_out_ms=next_ms)
            except StoreAway:
                await self._clock.sleep(pause)
                pause = min(pause * 2, 2.0)
                continue
            if not next_ms or verdict is not Committed.OK or isinstance(outcome, Later):
                self.slots.look_again()
            if verdict is Committed.FENCED:
                log.warning(
                    "Message of %s was taken over by another process before this one settled it.",
                    who(taken.contact),
                )
            return found

    def _complain(self, about: str, text: str, fault: Exception) -> None:
        """Once per cause until something is sent again."""
        if about not in self._complained:
            self._complained.add(about)
            log.error(text, fault)


ACCOUNT = (KeyRefused, AccessRefused, SubscriptionInactive, QuotaExceeded)
"""Refusals of the account rather than of the message: it stays queued."""


def _back_off_ms(refusals: int, *, most: float) -> int:
    return int(min(most, timedelta(seconds=0.5 * 2 ** min(refusals, 10)).total_seconds()) * 1000)


def _reason(why: str, **more: object) -> bytes:
    return json.dumps({"why": why, **more}, ensure_ascii=False).encode()
