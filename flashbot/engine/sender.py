"""Takes messages from the lanes, replies first, and hands each to MsgFlash exactly as often as it must.

One message of a contact and lane is in flight at a time. A request starts only inside the send deadline, so
its owner has long finished when the lease lets somebody else look.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Protocol

from flashbot.clock import Clock, to_ms
from flashbot.engine.doubt import Doubt
from flashbot.engine.gate import LANES, Gate, instance_of
from flashbot.engine.outbox import Outgoing
from flashbot.engine.pace import SharedPace
from flashbot.engine.pacing import Pacing
from flashbot.engine.patience import Patience
from flashbot.engine.pauses import Pauses, cause_of
from flashbot.engine.reach import Reach
from flashbot.engine.reasons import doubted, refused, sent, waits
from flashbot.engine.reconciler import Messages, Reconciler
from flashbot.engine.recording import Recording
from flashbot.engine.slots import Slots
from flashbot.engine.tally import Tally, who
from flashbot.errors import StoreAway, StoreError
from flashbot.msgflash.errors import (
    AccessRefused,
    InvalidRequest,
    MsgFlashError,
    NotSent,
    OutcomeUnknown,
    ProviderFault,
    RateLimited,
    Retry,
)
from flashbot.outreach.policy import Policy
from flashbot.store.holds import ACCOUNT
from flashbot.store.mailbox import Store
from flashbot.store.records import Committed, Done, Later, Taken

__all__ = ["Post", "Sender"]

PROBES = 10
"""Messages taken for one probe of the account, should the first ones say nothing about it."""
GATES_WITHIN = 0.03
"""Seconds after a slot's own time by which a request may still begin where the gates took long: eleven slots span 1,090
ms, and that many requests within one second are one too many."""
OWN_FAULT = 3
"""Pauses that one message may begin by being forbidden, while others are let through."""
log = logging.getLogger("flashbot.sender")


class Accepted(Protocol):
    @property
    def id(self) -> str: ...


class Post(Messages, Protocol):
    """What the sender needs of MsgFlash. `send` raises MsgFlashError."""

    async def send(self, body: bytes) -> Accepted: ...


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
        pauses: Pauses | None = None,
        pacing: Pacing | None = None,
        policy: Policy | None = None,
        rng: Random | None = None,
        record: Recording | None = None,
    ) -> None:
        """`rng` draws gaps and spreads what waits. Without a `pacing` nobody asks how a number is. `record` is told
        what the gates decide."""
        self._store = store
        self._post = post
        self._pace = pace
        self._clock = clock
        self._patience = patience
        self._tally = tally
        rng = rng or Random()  # noqa: S311 - no secret
        self._reach = Reach(clock, rng)
        self._reconciler = Reconciler(store, post, clock, patience=patience, kept_out=self._is_kept_out)
        self.pauses = pauses or Pauses(store, clock, tally, key_tag=pace.tag, patience=patience)
        policy = policy or Policy()
        pacing = pacing or Pacing(store, None, self.pauses, clock, tally, policy, key_tag=pace.tag)
        self._gate = Gate(
            store, self.pauses, pacing, policy, clock, key_tag=pace.tag, patience=patience, rng=rng, record=record
        )
        self.slots = Slots(hands)
        self._looking = 0
        self.stopping = False

    @property
    def direct(self) -> bool:
        """True when a message may be taken the moment it is committed, without a slot in the rate."""
        return self._pace.unlimited and not (self.stopping or self.pauses.any or self._reach.lost)

    @property
    def _stands_still(self) -> bool:
        return self.stopping or self._reach.lost or self.pauses.account is not None

    @property
    def due(self) -> float | None:
        """When there may be something to send that waited, by the clock's monotonic time."""
        return self._gate.due

    def adopt(self, taken: Taken, asked_at: float) -> None:
        """Send what was taken, in a hand that was claimed. `asked_at` is when the take was asked for."""
        self.slots.start(self._work(taken, asked_at, slot_until=float("-inf")))

    async def step(self) -> bool:
        """Take what can be sent now; True when something was taken."""
        if self.stopping:
            return False
        if not self.slots.free:
            if self.slots.time_to_look(self._clock.monotonic()):
                await self._store.take(LANES, lease_ms=self._patience.send_lease_ms, most=0)
            return False
        await self.pauses.look()
        self._store.held_back = self._gate.held_back()
        if self.pauses.account is not None:
            return await self._probe()
        alone = self._reach.lost
        if self._reach.waiting or (alone and not self.slots.idle):
            return False
        if not self._pace.unlimited and not await self._slot():
            return False
        slot_until = self._pace.good_until
        hands = self.slots.claim_free() if self._pace.unlimited and not alone else int(self.slots.claim())
        if not hands:
            return False
        asked_at = self._clock.monotonic()
        try:
            _, found = await self._store.take(LANES, lease_ms=self._patience.send_lease_ms, most=hands)
            for taken in found:
                hands -= 1
                self.slots.start(self._work(taken, asked_at, slot_until=slot_until))
        finally:
            self.slots.release(hands)
        return bool(found)

    async def _slot(self) -> bool:
        """Wait for a slot in the rate, when there is something to send; False when there is not, or no more."""
        if not await self._anything():
            return False
        await self._pace.wait()
        return not self.stopping

    async def _anything(self) -> bool:
        ready, _ = await self._store.take(LANES, lease_ms=self._patience.send_lease_ms, most=0)
        return ready > 0

    # -- while the whole account is refused

    async def _probe(self) -> bool:
        """Let the process that is elected send one message for real; True when it is this one."""
        if not await self._anything() or not self.pauses.due(ACCOUNT) or not self.slots.idle:
            return False
        if not await self.pauses.elect() or not self.slots.claim():
            return False
        self.slots.start(self._try_one())
        return True

    async def _try_one(self) -> None:
        """Send the most urgent message. One that is looked for, dropped or refused for itself proves nothing."""
        try:
            for _ in range(PROBES):
                if self.stopping:
                    return
                await self._pace.wait()
                asked_at = self._clock.monotonic()
                _, found = await self._store.take(LANES, lease_ms=self._patience.send_lease_ms, most=1)
                if not found:
                    return
                outcome, asked = await self._deliver(found[0], asked_at, probing=True)
                await self._settle(found[0], outcome, 0)
                if asked and not (isinstance(outcome, Done) and outcome.dead):
                    return
        except StoreError:
            return  # a minute later somebody tries again

    # -- one message

    async def _work(self, taken: Taken, asked_at: float, *, slot_until: float) -> None:
        """Send it, and what follows it in this hand. A slot that it did not use is for the next, while it is good."""
        following: Taken | None = taken
        turns = 0
        while following is not None:
            current, following = following, None
            turns += 1
            outcome, asked = await self._deliver(current, asked_at, slot_until=slot_until)
            asked_at = self._clock.monotonic()
            next_ms = self._patience.send_lease_ms if self.direct and self._store.may_follow(turns) else 0
            for found in await self._settle(current, outcome, next_ms):
                following = found
            if following is None and not asked and self._clock.monotonic() < slot_until and not self._stands_still:
                self._store.held_back = self._gate.held_back()
                asked_at = self._clock.monotonic()
                try:
                    _, more = await self._store.take(LANES, lease_ms=self._patience.send_lease_ms, most=1)
                except StoreError:
                    return
                for found in more:
                    following = found

    async def _deliver(
        self, taken: Taken, asked_at: float, *, probing: bool = False, slot_until: float = float("inf")
    ) -> tuple[Done | Later, bool]:
        """What became of it, and whether MsgFlash was asked to send it or refused the account."""
        try:
            message = Outgoing.unpack(taken.entry)
        except ValueError:
            return Done(dead=taken.entry, reason=_reason("This is not a message as flashbot writes it.")), False
        doubt = Doubt.load(taken.note)
        cause = self.pauses.account
        if cause is not None and not probing:
            clean = taken.attempts == 1
            return Later(0, clean=clean, note=taken.note, why=waits(message, cause, 0) if clean else None), False
        if taken.attempts > 1:
            if await self._gate.untouched(taken, message):
                return Later(0, note=taken.note), False
            return await self._resolve(taken, message, doubt, asked_at)
        if self._clock.monotonic() - asked_at > self._patience.send_deadline:
            return _too_late(message, doubt), False  # somebody else may have it by now
        held = await self._gate.check(taken, message)
        if held is not None:
            return held, False
        if not self._pace.unlimited and self._clock.monotonic() > slot_until + GATES_WITHIN:
            await self._next_slot()
        return await self._send(taken, message, doubt, asked_at, probing=probing)

    async def _next_slot(self) -> None:
        with suppress(StoreError):  # there is none then: it leaves, and the others' slots stand still meanwhile
            await self._pace.wait()

    async def _resolve(
        self, taken: Taken, message: Outgoing, doubt: Doubt, asked_at: float
    ) -> tuple[Done | Later, bool]:
        """Look for it. A list that does not answer must leave a hand for those that wait to be sent."""
        if self._looking >= max(1, self.slots.most - 1):
            parked = Later(int(self._patience.first_look / 30 * 1000), clean=False, note=taken.note)
            return replace(parked, why=doubted(message, parked)), False
        refused = self.pauses.refused
        self._looking += 1
        try:
            outcome = await self._reconciler.resolve(taken, message, doubt, asked_at)
        finally:
            self._looking -= 1
        return replace(outcome, why=doubted(message, outcome)), self.pauses.refused != refused

    async def _send(
        self, taken: Taken, message: Outgoing, doubt: Doubt, asked_at: float, *, probing: bool
    ) -> tuple[Done | Later, bool]:
        if doubt.again:
            # The decision to send it again may be old by now: there was a pause, or no way to MsgFlash.
            found, doubt = await self._reconciler.told(taken, message, doubt, asked_at)
            if found is not None:
                away = isinstance(found, Later)  # the store was, which knows what statuses told
                why = waits(message, "store_away", 1000) if away else doubted(message, found)
                return replace(found, why=why), False
        begun = self._clock.monotonic()
        if begun - asked_at > self._patience.send_deadline:
            return _too_late(message, doubt), False
        try:
            accepted = await self._post.send(message.body)
        except MsgFlashError as fault:
            return await self._failed(taken, message, doubt, fault, begun, asked_at), True
        self._reached()
        self._gate.heard(message, accepted)
        self._tally.sent(message, now_ms=to_ms(self._clock.now()))
        if probing:
            await self._lift()
        now = self._clock.monotonic()
        why = sent(
            message,
            accepted,
            took_ms=int((now - begun) * 1000),
            age_ms=max(0, taken.taken_ms - message.made_ms) + int((now - asked_at) * 1000),
            again=doubt.again,
            outlived=self.pauses.outlived(message.made_ms),
        )
        return Done(bind=accepted.id, bound=message.id, counts=_again(doubt), why=why), True

    async def _lift(self) -> None:
        try:
            await self.pauses.lift()
        except StoreError:
            return  # the next probe lifts it
        self.slots.look_again()

    def _reached(self) -> None:
        if self._reach.answered():
            log.info("MsgFlash can be reached again; messages go out.")

    async def _failed(
        self, taken: Taken, message: Outgoing, doubt: Doubt, fault: MsgFlashError, begun: float, asked_at: float
    ) -> Done | Later:
        if not isinstance(fault, NotSent):
            self._reached()
        if isinstance(fault, ProviderFault):
            await self.pauses.suspect(instance_of(message))
        if isinstance(fault, OutcomeUnknown) or fault.retry is Retry.ASK:
            log.warning("Message %s to %s got no answer (%s); its lane waits.", message.id, who(taken.contact), fault)
            parked = self._reconciler.park(taken, doubt, asked_at, counts=_again(doubt))
            return replace(parked, why=doubted(message, parked, error=fault.code or type(fault).__name__))
        if isinstance(fault, NotSent):
            self._is_lost(fault, begun)
            return Later(0, note=doubt.dump(), why=waits(message, "unreachable", 0))
        if isinstance(fault, RateLimited):
            self._tally.count("rate_limited")
            wait_ms = int((fault.retry_after or 1.0) * 1000)
            return Later(wait_ms, note=doubt.dump(), why=waits(message, "rate_limited", wait_ms))
        cause = cause_of(fault)
        if cause is not None:
            if await self.pauses.hold(cause, fault=fault):
                # Whenever the others get through, this one is refused: then it is this message's own fault.
                doubt = replace(doubt, forbidden=doubt.forbidden + 1)
            if not isinstance(fault, AccessRefused) or doubt.forbidden < OWN_FAULT:
                return Later(0, note=doubt.dump(), why=waits(message, cause, 0))
        elif not isinstance(fault, InvalidRequest):
            await self.pauses.suspect(instance_of(message))
        self._tally.count("refused")
        log.error(
            "Message %s to %s was refused (%s); see flashbot dead list.",
            message.id,
            who(taken.contact),
            fault,
        )
        return Done(
            dead=taken.entry,
            reason=_reason(f"MsgFlash refused the message: {fault}", code=fault.code),
            why=refused(message, fault),
        )

    async def _is_kept_out(self, fault: MsgFlashError, begun: float) -> bool:
        """Whether a look failed for what it says of the account or of the way there: no look was made then."""
        if isinstance(fault, NotSent):
            self._is_lost(fault, begun)
            return True
        self._reached()
        cause = cause_of(fault, sending=False)
        if cause is not None:
            await self.pauses.hold(cause, fault=fault)
        return cause is not None

    def _is_lost(self, fault: NotSent, begun: float) -> None:
        if self._reach.failed(begun):
            log.error("MsgFlash cannot be reached (%s); messages wait and go out when it can.", fault)

    async def _settle(self, taken: Taken, outcome: Done | Later, next_ms: int) -> Sequence[Taken]:
        """Write the outcome down, however long the store is away: it is safe to repeat and to come late."""
        pause = 0.05
        try:
            message = Outgoing.unpack(taken.entry)
        except ValueError:
            message = None
        if message is not None:
            outcome = self._gate.marked(message, outcome)
        while True:
            try:
                if message is not None:
                    await self._gate.settle(taken, message, outcome)
                verdict, found = await self._store.commit(taken, outcome, next_out_ms=next_ms)
            except StoreAway:
                await self._clock.sleep(pause)
                pause = min(pause * 2, 2.0)
                continue
            if verdict is Committed.CLAIMED:
                contested = self._reconciler.contest(taken)
                outcome = contested if message is None else replace(contested, why=doubted(message, contested))
                continue
            if not next_ms or verdict is not Committed.OK or isinstance(outcome, Later):
                self.slots.look_again()
            if verdict is Committed.FENCED:
                log.warning(
                    "Message of %s was taken over by another process before this one settled it.",
                    who(taken.contact),
                )
            else:
                for what in outcome.counts:
                    self._tally.count(what)
            return found


def _too_late(message: Outgoing, doubt: Doubt) -> Later:
    return Later(0, note=doubt.dump(), why=waits(message, "too_late", 0))


def _again(doubt: Doubt) -> tuple[str, ...]:
    return ("resent",) if doubt.again else ()


def _reason(why: str, **more: object) -> bytes:
    return json.dumps({"why": why, **more}, ensure_ascii=False).encode()
