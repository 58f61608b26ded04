"""Finds out what became of sends that got no answer: from statuses, then from the message list, then by class.

What follows from what is `doubt`'s to say. Nothing here sends a message or settles one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from flashbot.clock import Clock, to_ms
from flashbot.engine.doubt import (
    SKEW,
    STRANGERS,
    Doubt,
    Row,
    Step,
    alike,
    judge,
    known_of,
    looked,
    resending,
    window_start,
)
from flashbot.engine.outbox import Outgoing
from flashbot.engine.patience import Patience
from flashbot.engine.tally import who
from flashbot.errors import StoreError
from flashbot.msgflash.errors import MsgFlashError
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Later, Taken

__all__ = ["Look", "Messages", "Reconciler"]

log = logging.getLogger("flashbot.sender")


class Look(Protocol):
    """The message list, read back far enough."""

    @property
    def rows(self) -> Sequence[Row]: ...

    @property
    def at_ms(self) -> int:
        """When it was read, by the store's clock."""


class Messages(Protocol):
    """What MsgFlash shows of messages. All times are by the store's clock; `now_ms` is that of the call.

    Both raise MsgFlashError.
    """

    async def look(self, instance: str | None, *, since: datetime, now_ms: int, due_ms: int) -> Look:
        """Every message made since then; read at `due_ms` or later, so an earlier reading may serve."""

    async def row(self, message_id: str, *, now_ms: int) -> Row | None:
        """One message; None when there is none, or nothing that can be read as one."""


class Reconciler:
    """One process's part in it; what it learns of a message is left in the message's note."""

    def __init__(
        self,
        store: Store,
        messages: Messages,
        clock: Clock,
        *,
        patience: Patience,
        kept_out: Callable[[MsgFlashError, float], Awaitable[bool]],
    ) -> None:
        """`kept_out(fault, begun)`: a question failed for what it says of the account or of the way there."""
        self._store = store
        self._messages = messages
        self._clock = clock
        self._patience = patience
        self._kept_out = kept_out
        self._blind = False

    def park(self, taken: Taken, doubt: Doubt, asked_at: float, *, counts: tuple[str, ...] = ()) -> Later:
        """A request was written and got no answer: its lane waits for the first look."""
        return self._park(taken, doubt, self._now_ms(taken, asked_at), counts)

    def contest(self, taken: Taken) -> Later:
        """The vendor's id belongs to another message, which looked the same: this one is still in doubt."""
        doubt = Doubt.load(taken.note)
        if taken.attempts == 1:
            return self._park(taken, doubt, taken.taken_ms, ())
        doubt = replace(doubt, first_ms=doubt.first_ms or taken.since_ms, due_ms=doubt.due_ms or taken.taken_ms)
        return Later(1000, clean=False, note=doubt.dump())

    def _park(self, taken: Taken, doubt: Doubt, now_ms: int, counts: tuple[str, ...]) -> Later:
        wait_ms = int(self._patience.first_look * 1000)
        first_ms = doubt.first_ms or taken.since_ms
        parked = replace(doubt, parked=True, looks=0, first_ms=first_ms, due_ms=now_ms + wait_ms)
        return Later(wait_ms, clean=False, note=parked.dump(), counts=(*counts, "ambiguous"))

    async def told(
        self, taken: Taken, message: Outgoing, doubt: Doubt, asked_at: float
    ) -> tuple[Done | Later | None, Doubt]:
        """Before a message is sent again: what follows if a status has spoken for it meanwhile, else None."""
        try:
            vendor_id, doubt = await self._told(taken, message, doubt, asked_at)
        except StoreError:
            return Later(1000, note=doubt.dump()), doubt
        return (_found(message, vendor_id, "resolved_webhook") if vendor_id else None), doubt

    async def resolve(self, taken: Taken, message: Outgoing, doubt: Doubt, asked_at: float) -> Done | Later:
        """What follows for a message whose last attempt was never settled."""
        # A doubt that nobody has seen yet: its owner died.
        counts = () if doubt.parked or doubt.due_ms else ("ambiguous",)
        now_ms = self._now_ms(taken, asked_at)
        doubt = replace(doubt, first_ms=doubt.first_ms or taken.since_ms, due_ms=doubt.due_ms or now_ms)
        outcome = await self._resolve(taken, message, doubt, asked_at)
        return replace(outcome, counts=(*counts, *outcome.counts))

    async def _resolve(self, taken: Taken, message: Outgoing, doubt: Doubt, asked_at: float) -> Done | Later:
        begun = self._clock.monotonic()
        try:
            vendor_id, doubt = await self._told(taken, message, doubt, asked_at)
            if vendor_id:
                return _found(message, vendor_id, "resolved_webhook")
            now_ms = self._now_ms(taken, asked_at)  # anew: the process may have stood still meanwhile
            wait_ms = min(doubt.due_ms - now_ms, self._longest_ms)  # more is ahead only when the clock has jumped back
            if wait_ms > 0:
                return _later(wait_ms, replace(doubt, due_ms=now_ms + wait_ms))
            vendor_id, at_ms = await self._look(taken, message, doubt, now_ms)
        except StoreError:
            return _later(int(self._patience.first_look * 1000), doubt)
        except MsgFlashError as fault:
            if await self._kept_out(fault, begun):
                return _later(0, doubt)
            if not self._blind:
                log.error("The list of messages cannot be read (%s); unanswered sends wait.", fault)
            self._blind = True
            failed = replace(doubt, failed_looks=doubt.failed_looks + 1)
            now_ms = self._now_ms(taken, asked_at)
            return self._decide(taken, message, failed, now_ms, now_ms)
        self._blind = False
        if vendor_id:
            return _found(message, vendor_id, "resolved_list")
        at_ms = max(at_ms, doubt.due_ms)
        return self._decide(taken, message, looked(doubt), at_ms, self._now_ms(taken, asked_at))

    async def _told(self, taken: Taken, message: Outgoing, doubt: Doubt, asked_at: float) -> tuple[str, Doubt]:
        """The vendor's id of this message, going by a status that named it; empty when none did. Raises StoreError."""
        since = window_start(doubt.first_ms or taken.since_ms, taken.taken_ms)
        loose, shared = await self._store.loose(taken.contact, taken.queue, since_ms=to_ms(since + SKEW))
        fields = message.fields() if loose else {}
        instance = fields.get("instanceId")
        for one in loose:
            if one.id in doubt.strangers or one.instance not in (None, instance):
                continue
            try:
                row = await self._messages.row(one.id, now_ms=self._now_ms(taken, asked_at))
            except MsgFlashError:
                break  # the looks go on as they would have
            if row is None:
                # Only its status speaks for it. That is enough where nothing else of ours can have caused it.
                if not shared and one.instance == instance and one.at_ms <= self._until_ms(taken):
                    return one.id, doubt
            elif alike(fields, [row], since=since):
                return one.id, doubt
            else:
                doubt = replace(doubt, strangers=(*doubt.strangers, one.id)[-STRANGERS:])
        return "", doubt

    async def _look(self, taken: Taken, message: Outgoing, doubt: Doubt, now_ms: int) -> tuple[str, int]:
        """The vendor's id, or empty, and when the list was read. Raises StoreError and MsgFlashError."""
        fields = message.fields()
        since = window_start(doubt.first_ms, taken.taken_ms)
        look = await self._messages.look(fields.get("instanceId"), since=since, now_ms=now_ms, due_ms=doubt.due_ms)
        rows = alike(fields, look.rows, since=since)
        bound = await self._store.bound(taken.contact, [row.id for row in rows]) if rows else set()
        return next((row.id for row in rows if row.id not in bound), ""), look.at_ms

    def _decide(self, taken: Taken, message: Outgoing, doubt: Doubt, at_ms: int, now_ms: int) -> Done | Later:
        """`at_ms` is from when the next wait counts."""
        # Both by the server's clock: a wrong clock of this machine decides nothing.
        age = timedelta(milliseconds=taken.taken_ms - taken.since_ms)
        step, wait = judge(doubt, message.cls, age=age, patience=self._patience)
        if step is Step.WAIT:
            due_ms = at_ms + int(wait * 1000)
            return _later(max(0, due_ms - now_ms), replace(doubt, due_ms=due_ms))
        if step is Step.RESEND:
            # Written down before it is done: whoever comes next knows that this resend is used.
            return Later(0, clean=True, note=resending(doubt).dump())
        if step is Step.SENT:
            return Done(counts=("dropped",))
        log.error(
            "Nobody can tell whether message %s to %s was sent; see flashbot dead list.",
            message.id,
            who(taken.contact),
        )
        reason = json.dumps({"why": known_of(doubt)}).encode()
        return Done(dead=taken.entry, reason=reason, counts=("unknown",))

    def _now_ms(self, taken: Taken, asked_at: float) -> int:
        """The store's clock: what it was at the take, and the time since."""
        return taken.taken_ms + int((self._clock.monotonic() - asked_at) * 1000)

    def _until_ms(self, taken: Taken) -> int:
        """When the window of the latest attempt ends: later statuses were caused by something else."""
        patience = self._patience
        length = patience.send_deadline + patience.send_timeout + patience.first_look + patience.second_look
        return taken.since_ms + int(length * 1000)

    @property
    def _longest_ms(self) -> int:
        return int(max(self._patience.first_look, self._patience.second_look) * 1000)


def _found(message: Outgoing, vendor_id: str, how: str) -> Done:
    return Done(bind=vendor_id, bound=message.id, counts=(how,))


def _later(wait_ms: int, doubt: Doubt) -> Later:
    return Later(wait_ms, clean=False, note=doubt.dump())
