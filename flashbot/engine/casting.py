"""Feeds broadcasts into the lanes, a slice at a time, and halts those that fare badly. It sends nothing.

Any number of processes may do it: a person is put into the lane once for ever, and a slice counts once. That usually
only one of them looks after a broadcast saves work, no more.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping

from pydantic_core import from_json

from flashbot.clock import Clock
from flashbot.engine.broadcast import load_rules
from flashbot.engine.cast_writer import SLICE
from flashbot.engine.facts import read_number
from flashbot.engine.outbox import Outgoing
from flashbot.engine.pacing import Pacing
from flashbot.engine.reasons import fed
from flashbot.errors import BotMistake, ContentError, StoreError
from flashbot.outreach.cast import (
    GOING,
    Feed,
    Finish,
    Flow,
    Halt,
    Progress,
    Room,
    Rules,
    Wait,
    flowing,
    next_step,
    places,
    room_left,
    source_of,
)
from flashbot.outreach.limits import limits
from flashbot.outreach.policy import Policy
from flashbot.store.casts import Cast, Counts, Feeding
from flashbot.store.mailbox import Store

__all__ = ["Casting"]

EVERY = 0.9
"""Seconds between two looks; a little less than the engine's tick."""
UNTOLD = 300.0
"""Seconds after which there may be something new where nothing says when."""
LEASE_MS = 5000
UNREADABLE = (BotMistake, ContentError, LookupError, TypeError, ValueError)
"""What reading the rules or the messages of one raises that nobody here understands."""
log = logging.getLogger("flashbot.broadcast")


class Casting:
    """Of one process."""

    def __init__(self, store: Store, pacing: Pacing, policy: Policy, clock: Clock, *, key_tag: str) -> None:
        self._store = store
        self._pacing = pacing
        self._policy = policy
        self._clock = clock
        self._key_tag = key_tag
        self._token = secrets.token_hex(8)
        self._looked_at = float("-inf")
        self._flows: dict[str, Flow] = {}
        self._left: dict[str, float] = {}
        """What met a fault here is left to others, newer ones perhaps, until then by the clock's monotonic time."""
        self.due: float | None = None
        """By the clock's monotonic time: when there may be something to do next, for whoever moves the time."""
        self.changed = asyncio.Event()
        self.stopping = False

    async def step(self) -> bool:
        """Look after what goes on; True when something of it has changed. Raises StoreError."""
        now = self._clock.monotonic()
        if self.stopping or 0 <= now - self._looked_at < EVERY:
            return False
        self._looked_at, self.due = now, None
        changed = False
        without = [job for job, until in self._left.items() if until > now]
        going = await self._store.casts.going(self._token, lease_ms=LEASE_MS, without=without)
        self._flows = {cast.id: self._flows.get(cast.id, Flow()) for cast in going}
        for cast in going:
            try:
                changed |= await self._go_on(cast)
            except StoreError:
                raise
            except UNREADABLE as fault:  # the others go on
                if cast.id not in self._left:
                    log.exception(
                        "Broadcast %s cannot be fed here (%s): nobody is added to it, and what else there is goes on. "
                        "A newer flashbot may have made it.", cast.id, type(fault).__name__,
                    )  # fmt: skip
                self._left[cast.id] = now + UNTOLD
        return changed

    async def _go_on(self, cast: Cast) -> bool:
        counts = await self._store.casts.counts(cast.id)
        facts = await read_number(self._store, cast.instance, zone=self._pacing.zone)
        rules = load_rules(cast.rules)
        most = limits(
            facts.number, facts.health, self._policy, facts.now_ms, stage=facts.stage, usual_day=facts.usual_day
        ).campaign_recipients
        progress = _progress(cast, counts)
        flow = self._flows[cast.id] = flowing(self._flows[cast.id], progress, facts.now_ms)
        room = _room(most, rules, counts, facts.now_ms)
        step = next_step(progress, rules, room, facts.now_ms, most=flow.most)
        short = isinstance(step, Wait) and step.why == "campaign_size"  # newer health may show more room
        if (short or isinstance(step, Feed)) and self._pacing.lacks(cast.instance, facts):
            self._look_again(EVERY)
            return False
        if isinstance(step, Feed):
            self._look_again(EVERY)
            # As long as none has left, some of whom may have been fed by one who died before they were passed.
            return await self._feed(cast, step, begins=progress.fed <= counts.words.get("waiting", 0))
        if isinstance(step, Wait):
            self._look_again(UNTOLD if step.until_ms is None else max(EVERY, (step.until_ms - facts.now_ms + 1) / 1000))
            news: dict[str, str | int] = {}
            if step.why == "watch" and cast.settled_ms is None:
                news["settled"] = facts.now_ms
            return await self._tell(cast, step.state, step.why, step.until_ms, news)
        if isinstance(step, Halt):
            halted = await self._tell(cast, "halted", step.reason, None)
            if halted:
                why = "too many failures" if step.reason == "failures" else "too many people opted out"
                log.warning("Broadcast %s halts (%s): nothing of it leaves until somebody resumes it.", cast.id, why)
            return halted
        assert isinstance(step, Finish)  # noqa: S101 - there is no other
        finished = await self._tell(cast, "finished", "", None)
        if finished:
            log.info("Broadcast %s is finished.", cast.id)
        return finished

    async def _feed(self, cast: Cast, step: Feed, *, begins: bool) -> bool:
        chosen = places(cast.fed, min(step.count, SLICE), total=cast.total, canary=cast.canary)
        found = await self._store.casts.next(cast.id, chosen)
        feedings = [
            Feeding(contact, entry, self._store.reasons.packed(fed(Outgoing.unpack(entry), cast.name)))
            for contact, entry in found
        ]
        await self._store.casts.feed(cast.id, feedings)
        if begins and feedings:
            # Beside thousands that wait for the number's next gap one of it would ask first by luck only.
            await self._store.ledgers.expect(self._key_tag, cast.instance, source_of(cast.id))
        # Whoever dies here leaves people who were fed at places that were not passed: they are fed once all the same.
        advanced = await self._store.casts.advance(cast.id, cast.fed, cast.fed + len(chosen), chosen)
        await self._tell(cast, step.state, "", None)
        return advanced

    async def _tell(
        self,
        cast: Cast,
        state: str,
        reason: str,
        next_ms: int | None,
        more: Mapping[str, str | int] | None = None,
    ) -> bool:
        if not more and (state, reason, next_ms) == (cast.state, cast.reason, cast.next_ms):
            return False
        known: dict[str, str | int] = {"state": state, "reason": reason, "next": next_ms or "", **(more or {})}
        return await self._store.casts.move(cast.id, known, of=GOING, confirm=state not in GOING)

    def _look_again(self, seconds: float) -> None:
        at = self._clock.monotonic() + seconds
        self.due = at if self.due is None else min(self.due, at)


def _progress(cast: Cast, counts: Counts) -> Progress:
    base: dict[str, int] = from_json(cast.base) if cast.base else {}
    return Progress(cast.total, cast.fed, cast.canary, cast.before_ms, counts.words, base, cast.settled_ms)


def _room(most: int, rules: Rules, counts: Counts, now_ms: int) -> Room:
    most = most if rules.recipients_a_day is None else min(most, rules.recipients_a_day)
    return room_left(most, counts.left, counts.words.get("waiting", 0), now_ms)
