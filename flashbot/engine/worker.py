"""Takes events from mailboxes, lets the bot answer, and commits each turn once.

Whatever a handler does, the worst it can do is to lose its own turn: state, messages and timers change only
in the commit, and a turn that raises, hangs or dies is tried again and then kept as a dead letter.
"""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from dataclasses import dataclass, replace
from typing import Protocol

from pydantic_core import from_json, to_json

from flashbot.clock import Clock
from flashbot.dialogue.memory import MemoryUnreadable
from flashbot.engine.patience import Patience
from flashbot.engine.sender import Sender
from flashbot.engine.slots import Slots
from flashbot.engine.tally import Tally, who
from flashbot.errors import StoreAway
from flashbot.msgflash.events import Event
from flashbot.store.mailbox import Store
from flashbot.store.records import Committed, Done, Later, Taken

__all__ = ["Handle", "Worker"]

RAISES = 5
LAST_PAUSE = 2.0
"""Seconds between tries to commit while the store is away."""
CRASHES = 3
BACK_OFF = (1.0, 5.0, 30.0, 120.0, 300.0)
"""Seconds after each failure of a handler."""
log = logging.getLogger("flashbot.worker")


class Handle(Protocol):
    """One turn: from what was taken to what it changes. May raise anything; has no effect of its own."""

    async def __call__(self, taken: Taken, attempt: int, event: Event | None = None) -> Done:
        """`event` is the entry, read, where whoever took it had read it already."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What failed turns leave in the note for the next owner."""

    raised: int = 0
    tries: int = 0
    """Attempts up to and including the last one that raised."""

    @classmethod
    def load(cls, note: bytes) -> Trouble:
        return cls(**from_json(note)) if note else cls()

    def dump(self) -> bytes:
        return to_json({"raised": self.raised, "tries": self.tries})


class Worker:
    """The handling hands of one process."""

    def __init__(
        self,
        store: Store,
        handle: Handle,
        sender: Sender | None,
        clock: Clock,
        *,
        patience: Patience,
        hands: int,
        handler_seconds: float,
        tally: Tally,
        crashes: int = CRASHES,
    ) -> None:
        self._store = store
        self._handle = handle
        self._sender = sender
        self._clock = clock
        self._patience = patience
        self._limit = handler_seconds
        self._tally = tally
        self._crashes = crashes
        self._held: dict[str, tuple[Taken, asyncio.Task[None]]] = {}
        self._lost: set[str] = set()
        self.slots = Slots(hands)
        self.stopping = False

    @property
    def lease_ms(self) -> int:
        return self._patience.turn_lease_ms

    def claim(self) -> bool:
        """Reserve a hand for an event that is about to be posted."""
        return not self.stopping and self.slots.claim()

    def unclaim(self) -> None:
        self.slots.release()

    def adopt(self, taken: Taken, event: Event | None = None) -> None:
        """Work on what was taken, in a hand that was claimed."""
        self.slots.start(self._work(taken, event))

    async def step(self) -> bool:
        """Take what is ready, as much as there are free hands; True when something was taken."""
        hands = 0 if self.stopping else self.slots.claim_free()
        if not hands:
            await self._wake_others()
            return False
        try:
            _, found = await self._store.take(("in",), lease_ms=self.lease_ms, most=hands)
            for taken in found:
                hands -= 1
                self.adopt(taken)
        finally:
            self.slots.release(hands)
        return bool(found)

    async def _wake_others(self) -> None:
        """With every hand full, what is due must still get its place in the line, behind those who wait."""
        if not self.stopping and self.slots.time_to_look(self._clock.monotonic()):
            await self._store.take(("in",), lease_ms=self.lease_ms, most=0)

    async def renew(self) -> bool:
        """Prolong every lease in hand; a handler whose contact was taken over is cancelled."""
        held = {contact: taken for contact, (taken, _) in self._held.items()}
        if held:
            for contact in await self._store.renew(tuple(held.values()), lease_ms=self.lease_ms):
                # The turn may have ended meanwhile, and the contact's next one begun.
                if contact in self._held and self._held[contact][0] is held[contact]:
                    log.warning(
                        "The turn of %s took too long to renew its lease; another process has it.",
                        who(contact),
                    )
                    self._lost.add(contact)
                    self._held[contact][1].cancel()
        return False

    async def give_back(self) -> None:
        """Cancel the handlers still running and return their events untouched."""
        for contact, (_, task) in list(self._held.items()):
            self._lost.discard(contact)
            task.cancel()
        await self.slots.finish(within=2.0)

    async def _work(self, taken: Taken, event: Event | None) -> None:
        following: Taken | None = taken
        while following is not None:
            following = await self._turn(following, event)
            event = None

    async def _turn(self, taken: Taken, event: Event | None) -> Taken | None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this runs in a task of its slot
        self._held[taken.contact] = (taken, task)
        try:
            outcome = await self._outcome(taken, event)
            return await self._commit(taken, outcome)
        except asyncio.CancelledError:
            task.uncancel()
            if taken.contact in self._lost:
                return None
            await self._commit(taken, Later(0, clean=True, note=taken.note))
            return None
        finally:
            # A turn that was overtaken in this very process leaves its successor's place alone.
            held = self._held.get(taken.contact)
            if held is not None and held[0] is taken:
                self._lost.discard(taken.contact)
                del self._held[taken.contact]

    async def _outcome(self, taken: Taken, event: Event | None) -> Done | Later:
        trouble = Trouble.load(taken.note) if taken.note else Trouble()
        crashed = taken.attempts - 1
        if crashed >= self._crashes:
            died = f"The process died {crashed} times while it handled this event."
            return self._bury(taken, trouble.tries + crashed, died, "")
        try:
            async with asyncio.timeout(self._limit) as limit:
                done = await self._handle(taken, trouble.tries + taken.attempts, event)
        except asyncio.CancelledError as fault:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return self._failed(taken, trouble, fault, "The handler awaited something that was cancelled.")
        except Exception as fault:  # noqa: BLE001 - a bot's handler may raise anything
            late = f"The handler did not finish within {self._limit:g} seconds." if limit.expired() else ""
            return self._failed(taken, trouble, fault, late)
        self._tally.counts["turns"] += 1
        return done

    def _failed(self, taken: Taken, trouble: Trouble, fault: BaseException, said: str) -> Done | Later:
        if isinstance(fault, MemoryUnreadable):
            # Another version's process may know it; nothing is counted against the event.
            log.error("The turn of %s waits: %s", who(taken.contact), fault)
            return Later(30_000, clean=True, note=taken.note)
        self._tally.count("handler_failures")
        raised, tries = trouble.raised + 1, trouble.tries + taken.attempts
        stack = "".join(traceback.format_exception(fault))
        error = said or f"{type(fault).__name__}: {fault}"
        if raised >= RAISES:
            return self._bury(taken, tries, f"The handler failed {raised} times; the last time: {error}", stack)
        wait = BACK_OFF[raised - 1]
        log.error(
            "The turn of %s failed (%s of %s tries), again in %g s. %s",
            who(taken.contact), raised, RAISES, wait, _innermost(fault),
        )  # fmt: skip
        # Attempts count deaths of the process; this one lived to tell.
        return Later(int(wait * 1000), clean=True, note=replace(trouble, raised=raised, tries=tries).dump())

    def _bury(self, taken: Taken, tries: int, why: str, stack: str) -> Done:
        self._tally.count("buried")
        log.error("An event of %s was given up after %s tries; see flashbot dead list.", who(taken.contact), tries)
        reason = {"why": why, "attempts": tries, "stack": stack}
        return Done(dead=taken.entry, reason=json.dumps(reason, ensure_ascii=False).encode())

    async def _commit(self, taken: Taken, outcome: Done | Later) -> Taken | None:
        pause = 0.05
        sender = self._sender
        while True:
            out_ms = 0
            if (
                sender is not None
                and isinstance(outcome, Done)
                and outcome.messages
                and sender.direct
                and sender.slots.claim()
            ):
                out_ms = self._patience.send_lease_ms
            asked_at = self._clock.monotonic()
            sent = following = None
            try:
                verdict, found = await self._store.commit(
                    taken, outcome, next_in_ms=0 if self.stopping else self.lease_ms, next_out_ms=out_ms
                )
                for one in found:
                    if one.queue == "in":
                        following = one
                    else:
                        sent = one
            except StoreAway:
                if self.stopping and pause >= LAST_PAUSE:
                    return None  # the lease runs out, and somebody else takes it
                await self._clock.sleep(pause)
                pause = min(pause * 2, LAST_PAUSE)
                continue
            finally:
                if out_ms and sender is not None:
                    if sent is not None:
                        sender.adopt(sent, asked_at)
                    else:
                        sender.slots.release()
            if verdict is not Committed.OK or isinstance(outcome, Later):
                self.slots.look_again()
            if verdict is Committed.FENCED:
                self._tally.count("fenced")
                log.warning("A turn of %s came too late: another process had taken it over.", who(taken.contact))
            return following


def _innermost(fault: BaseException) -> str:
    """Where it was raised, without the values: they may hold what a person wrote."""
    frames = traceback.extract_tb(fault.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
    return type(fault).__name__ + place
