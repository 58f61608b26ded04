"""Takes events from mailboxes, lets the bot answer, and commits each turn once.

Whatever a handler does, the worst it can do is to lose its own turn: state, messages and timers change only
in the commit, and a turn that raises, hangs or dies is tried again and then kept as a dead letter.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from flashbot.clock import Clock
from flashbot.dialogue.memory import MemoryUnreadable, StateTooNew
from flashbot.engine.patience import Patience
from flashbot.engine.reasons import failed, given_up, left
from flashbot.engine.sender import Sender
from flashbot.engine.slots import Slots
from flashbot.engine.stacks import frames_of_task, place_of, shorten, written
from flashbot.engine.tally import Tally, who
from flashbot.engine.trouble import Trouble
from flashbot.errors import StoreAway, TemplateError
from flashbot.msgflash.events import Event
from flashbot.store.mailbox import Store
from flashbot.store.records import Committed, Done, Later, Miss, Taken

__all__ = ["Handle", "Worker"]

RAISES = 5
LAST_PAUSE = 2.0
"""Seconds between tries to commit while the store is away."""
CRASHES = 3
BACK_OFF = (1.0, 5.0, 30.0, 120.0, 300.0)
"""Seconds after each failure of a handler."""
LONGEST_WHY = 1_000
NO_STACK = "No stack: the process was killed from outside, ran out of memory or ended itself, most often."
log = logging.getLogger("flashbot.worker")


class Handle(Protocol):
    """One turn: from what was taken to what it changes. May raise anything; has no effect of its own."""

    async def __call__(self, taken: Taken, attempt: int, event: Event | None = None) -> Done:
        """`event` is the entry, read, where whoever took it had read it already."""


@dataclass(slots=True, eq=False)
class _Hand:
    """A turn under way."""

    taken: Taken
    task: asyncio.Task[Any]
    begun: float
    handling: bool = True
    """False while its outcome is being committed."""
    lost: bool = False
    """Another process has its contact."""
    given_up: bool = False
    """It goes on, but what it makes is dropped."""


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
        last_words: Callable[[float], str] = lambda _: "",
        missed: Callable[[Miss], None] = lambda _: None,
    ) -> None:
        """`last_words`: what processes that died within so many seconds have left in writing. `missed` is told of what
        no intent understood, once the turn is committed."""
        self._store = store
        self._handle = handle
        self._sender = sender
        self._clock = clock
        self._patience = patience
        self._limit = handler_seconds
        self._tally = tally
        self._crashes = crashes
        self._last_words = last_words
        self._missed = missed
        self._held: dict[str, _Hand] = {}
        self._strays: set[asyncio.Task[Any]] = set()
        self._suspect: _Hand | None = None
        self._told: set[str] = set()
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
        """Prolong every lease in hand; a handler whose contact was taken over is cancelled.

        One that goes on for a heartbeat after its time has ignored its cancellation: its event is taken from it.
        """
        latest = self._clock.monotonic() - self._limit - self._patience.heartbeat
        for hand in list(self._held.values()):
            if hand.handling and hand.begun < latest:
                await self._give_up(hand)
        held = dict(self._held)
        if held:
            leases = tuple(hand.taken for hand in held.values())
            for contact in await self._store.renew(leases, lease_ms=self.lease_ms):
                # The turn may have ended meanwhile, and the contact's next one begun.
                if self._held.get(contact) is held[contact]:
                    log.warning(
                        "The turn of %s took too long to renew its lease; another process has it.",
                        who(contact),
                    )
                    held[contact].lost = True
                    held[contact].task.cancel()
        return False

    async def give_back(self) -> None:
        """Cancel the handlers still running and return their events untouched."""
        for hand in self._held.values():
            hand.lost = False
            hand.task.cancel()
        if not await self.slots.finish(within=2.0):
            for hand in list(self._held.values()):
                if hand.handling:
                    await self._let_go(hand, Trouble.of(hand.taken).unchanged())

    def will(self, task: asyncio.Task[Any] | None, why: str, stack: str) -> list[tuple[Taken, Later]]:
        """What to commit in the name of a process that is about to end because `task` stands still.

        Nobody else's event counts that as its own. Where it is not known whose it was, nothing is given back, and
        each counts it. Read from another thread, while the loop stands still.
        """
        hands = list(self._held.values())
        guilty = next((hand for hand in hands if hand.task is task), hands[0] if len(hands) == 1 else None)
        if guilty is None:
            return []
        return [
            (hand.taken, Trouble.of(hand.taken).about_to_die(BACK_OFF[0], why, stack))
            if hand is guilty
            else (hand.taken, Trouble.of(hand.taken).unchanged())
            for hand in hands
        ]

    async def _give_up(self, hand: _Hand) -> None:
        frames = frames_of_task(hand.task)
        self._tally.count("handlers_stuck")
        log.error(
            "A handler of %s ignores that its time is over and goes on (%s). Its event is taken from it; let it end "
            "when it is cancelled.",
            who(hand.taken.contact), place_of(frames),
        )  # fmt: skip
        why = f"The handler went on after its {self._limit:g} seconds and ignored that it was cancelled."
        await self._let_go(hand, self._failed(hand.taken, why, written(frames), place_of(frames), "Stuck"))

    async def _let_go(self, hand: _Hand, outcome: Done | Later) -> None:
        """Settle the turn of a handler that does not end, and free its hand."""
        hand.given_up = True
        del self._held[hand.taken.contact]
        if self._suspect is hand:
            self._suspect = None
        self._strays.add(hand.task)
        hand.task.add_done_callback(self._strays.discard)
        self.slots.let_go(hand.task)
        with contextlib.suppress(StoreAway):  # its lease runs out instead
            await self._store.commit(hand.taken, outcome)

    async def _work(self, taken: Taken, event: Event | None) -> None:
        following: Taken | None = taken
        turns = 0
        while following is not None:
            turns += 1
            following = await self._turn(following, event, follow=self._store.may_follow(turns))
            event = None

    async def _turn(self, taken: Taken, event: Event | None, *, follow: bool = True) -> Taken | None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this runs in a task of its slot
        hand = self._held[taken.contact] = _Hand(taken, task, self._clock.monotonic())
        try:
            outcome = await self._outcome(hand, event)
            hand.handling = False
            if hand.given_up:
                self._fenced(taken)
                return None
            return await self._commit(taken, outcome, follow=follow)
        except asyncio.CancelledError:
            task.uncancel()
            hand.handling = False
            if hand.lost or hand.given_up:
                return None
            await self._commit(taken, Trouble.of(taken).unchanged())
            return None
        finally:
            # A turn that was overtaken in this very process leaves its successor's place alone.
            if self._held.get(taken.contact) is hand:
                del self._held[taken.contact]

    async def _outcome(self, hand: _Hand, event: Event | None) -> Done | Later:
        taken = hand.taken
        trouble = Trouble.of(taken)
        # Two deaths in which it was the only suspect: those that merely stood by, were taken and never begun, or met a
        # kill from outside are not buried.
        if trouble.died >= self._crashes and trouble.lone >= self._crashes - 1:
            return self._died(taken, trouble)
        if not trouble.died:
            return await self._handled(hand, trouble, event)
        # From its second death on it runs with no other such beside it; after the first it does not wait for that.
        if self._suspect is not None and trouble.died >= self._crashes - 1:
            return trouble.unchanged(BACK_OFF[0])
        lone = self._suspect is None and (trouble.died >= self._crashes - 1 or len(self._held) == 1)
        if lone:
            self._suspect = hand
        try:
            try:
                verdict = await self._store.begin(taken, replace(trouble, begun=lone).dump())
            except StoreAway:
                return trouble.unchanged()
            if verdict is not Committed.OK:
                return trouble.unchanged()  # which is fenced as well, and told
            return await self._handled(hand, trouble, event)
        finally:
            if self._suspect is hand:
                self._suspect = None

    async def _handled(self, hand: _Hand, trouble: Trouble, event: Event | None) -> Done | Later:
        taken = hand.taken
        try:
            async with asyncio.timeout(self._limit) as limit:
                done = await self._handle(taken, trouble.attempt, event)
        except asyncio.CancelledError as fault:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return self._raised(hand, fault, "The handler awaited something that was cancelled.")
        except StateTooNew as fault:
            if str(fault) not in self._told:
                self._told.add(str(fault))
                log.warning("%s This is said once.", fault)
            return replace(trouble.left_to_a_newer_one(), why=left(taken))
        except MemoryUnreadable as fault:
            # Another version's process may know it; nothing is counted against the event.
            log.error("The turn of %s waits: %s", who(taken.contact), fault)
            return replace(trouble.left_to_a_newer_one(), why=left(taken))
        except Exception as fault:  # noqa: BLE001 - a bot's handler may raise anything
            late = f"The handler did not finish within {self._limit:g} seconds." if limit.expired() else ""
            return self._raised(hand, fault, late)
        self._tally.counts["turns"] += 1
        return done

    def _raised(self, hand: _Hand, fault: BaseException, said: str) -> Done | Later:
        if hand.given_up:
            return Done()  # dropped
        told = traceback.TracebackException.from_exception(fault)
        if isinstance(fault, TemplateError):
            told.__cause__ = told.__context__ = None  # which may quote a value
        stack = "".join(told.format())
        kind = type(fault).__name__
        return self._failed(hand.taken, said or f"{kind}: {fault}", shorten(stack), _innermost(fault), kind)

    def _failed(self, taken: Taken, error: str, stack: str, place: str, kind: str) -> Done | Later:
        self._tally.count("handler_failures")
        trouble = Trouble.of(taken)
        raised = trouble.raised + 1
        if raised >= RAISES:
            why = f"The handler failed {raised} times; the last time: {error}"
            return self._bury(taken, trouble.attempt, why, stack)
        wait = BACK_OFF[raised - 1]
        log.error(
            "The turn of %s failed (%s of %s tries), again in %g s. %s",
            who(taken.contact), raised, RAISES, wait, place,
        )  # fmt: skip
        return replace(trouble.failed(wait), why=failed(taken, kind, tries=raised, wait_s=wait))

    def _died(self, taken: Taken, trouble: Trouble) -> Done:
        why = f"The process died {trouble.died} times while it handled this event."
        since = (taken.taken_ms - trouble.since_ms) / 1000
        stack = trouble.stack or self._last_words(since) or NO_STACK
        return self._bury(taken, trouble.tries + trouble.died, f"{why} {trouble.why}".rstrip(), stack, died=True)

    def _bury(self, taken: Taken, tries: int, why: str, stack: str, *, died: bool = False) -> Done:
        self._tally.count("buried")
        log.error("An event of %s was given up after %s tries; see flashbot dead list.", who(taken.contact), tries)
        reason = {"why": why[:LONGEST_WHY], "attempts": tries, "stack": stack}
        return Done(
            dead=taken.entry,
            reason=json.dumps(reason, ensure_ascii=False).encode(errors="replace"),
            why=given_up(taken, tries=tries, died=died),
        )

    async def _commit(self, taken: Taken, outcome: Done | Later, *, follow: bool = True) -> Taken | None:
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
                    taken, outcome, next_in_ms=self.lease_ms if follow and not self.stopping else 0, next_out_ms=out_ms
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
            if not follow or verdict is not Committed.OK or isinstance(outcome, Later):
                self.slots.look_again()
            if verdict is Committed.FENCED:
                self._fenced(taken)
            elif isinstance(outcome, Done) and outcome.miss is not None:
                self._missed(outcome.miss)
            return following

    def _fenced(self, taken: Taken) -> None:
        self._tally.count("fenced")
        log.warning("A turn of %s came too late: its event had been taken from it. It is dropped.", who(taken.contact))


def _innermost(fault: BaseException) -> str:
    """Where it was raised, without the values: they may hold what a person wrote. Of a template, its own sentence."""
    if isinstance(fault, TemplateError):
        return str(fault)
    frames = traceback.extract_tb(fault.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
    return type(fault).__name__ + place
