"""Keeps what is known of each number's health fresh, for all processes; says which numbers' unasked messages wait.

How much may be sent follows in `outreach/limits.py`, what was sent is counted in `store/ledgers.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from flashbot.clock import Clock, to_ms
from flashbot.engine.facts import FIELDS, dump_health, dump_unanswered, learnt, load_health, number_of
from flashbot.engine.history import dump_days, load_days, reply_rate, with_days, worst_hour
from flashbot.engine.pauses import Pauses, cause_of
from flashbot.engine.tally import Tally
from flashbot.errors import StoreError
from flashbot.msgflash.errors import MsgFlashError
from flashbot.msgflash.instances import InstanceHealth
from flashbot.msgflash.models import Instance
from flashbot.outreach.grants import Usage
from flashbot.outreach.health import FRESH_MS
from flashbot.outreach.limits import limits
from flashbot.outreach.stages import stage, usual_day
from flashbot.outreach.zones import zones_of
from flashbot.store.mailbox import LONGEST_PARK_MS, Store
from flashbot.store.numbers import DAY_MS

if TYPE_CHECKING:
    from flashbot.engine.facts import Facts
    from flashbot.outreach.policy import Policy
    from flashbot.outreach.reasons import Stop

__all__ = ["ASK_AGAIN_MS", "LIVES_MS", "HealthOf", "InstanceOf", "Pacing", "Questions"]

ASK_AGAIN_MS = 60_000
"""Between two questions about one number, over all processes."""
UNDER_WAY_MS = 5000
"""For which everybody waits for an answer that one process asked for. Who went on without it would wait for minutes:
until then nothing is known of the number."""
WHILE_ASKING_MS = 1000
LIVES_MS = 4000
"""After which a process that asked and gives no sign of life is dead, and another asks: before anybody goes on."""
SIGN_OF_LIFE = 1.0
SAY_AGAIN = 60.0
"""Seconds after which a state that a send told is written down again, though nothing seems new."""
MEASURED_MS = 7 * DAY_MS
"""Of the people who were written to within it, the share that answered counts."""
log = logging.getLogger("flashbot.pacing")


class HealthOf(Protocol):
    """The client's `instances.health`. Raises MsgFlashError."""

    async def __call__(self, instance_id: str) -> InstanceHealth: ...


class InstanceOf(Protocol):
    """The client's `instances.get`. Raises MsgFlashError."""

    async def __call__(self, instance_id: str) -> Instance: ...


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked of MsgFlash."""

    health_of: HealthOf
    instance_of: InstanceOf


class Pacing:
    """Of one process. Without `questions` nobody asks.

    `zone` (IANA) is where the numbers work; without one it follows from each number.
    """

    def __init__(
        self,
        store: Store,
        questions: Questions | None,
        pauses: Pauses,
        clock: Clock,
        tally: Tally,
        policy: Policy,
        *,
        key_tag: str,
        zone: str = "",
    ) -> None:
        self._store = store
        self._questions = questions
        self._pauses = pauses
        self._clock = clock
        self._tally = tally
        self._policy = policy
        self._key_tag = key_tag
        self.zone = zone
        self._wanted: set[str] = set()
        self._held: dict[str, tuple[float, Stop]] = {}
        self._told: dict[str, tuple[tuple[str, str], float]] = {}
        self._news: dict[str, tuple[str, str]] = {}
        self._warned: dict[str, object] = {}
        self._unheard: dict[str, tuple[object, ...]] = {}
        self.changed = asyncio.Event()
        """Set when there is something to ask."""

    # -- who waits

    def held(self, instance: str) -> tuple[int, Stop] | None:
        """For how many ms nothing unasked may leave from it, and why; None when something may."""
        until, why = self._held.get(instance, (float("-inf"), "budget"))
        left = until - self._clock.monotonic()
        if left <= 0:
            if self._held.pop(instance, None) is not None:
                self._store.look_everywhere("drip")
            return None
        return max(1, int(left * 1000)), why

    def waiting(self) -> list[tuple[str, int, Stop]]:
        """All of them."""
        found = [(instance, self.held(instance)) for instance in list(self._held)]
        return [(instance, *held) for instance, held in found if held is not None]

    @property
    def due(self) -> float | None:
        """When the next of them need wait no longer, by the clock's monotonic time."""
        return min((until for until, _ in self._held.values()), default=None)

    def hold(self, instance: str, ms: int, why: Stop) -> int:
        """Nothing unasked of this number need be looked at for so long; the ms until somebody asks again."""
        ms = max(1, min(ms, LONGEST_PARK_MS))
        self._held[instance] = (self._clock.monotonic() + ms / 1000, why)
        return ms

    # -- health

    def lacks(self, instance: str, facts: Facts) -> bool:
        """Whether newer health is on its way, and worth waiting a moment for."""
        at_ms = facts.number.health_at_ms
        if self._questions is None or (self._pauses.account is not None and at_ms is not None):
            return False  # nobody asks then, and one message is let through to find out whether it is mended
        if instance in self._wanted:
            return True
        fresh = at_ms is not None and abs(facts.now_ms - at_ms) < FRESH_MS
        if fresh:
            return False
        asked_ago_ms = facts.now_ms - facts.asked_ms
        if 0 <= asked_ago_ms < ASK_AGAIN_MS and not _died_asking(facts):
            # Somebody else has asked: the answer is under way to them for a moment, or there was none.
            return asked_ago_ms < UNDER_WAY_MS and (at_ms or 0) < facts.asked_ms
        self._want(instance)
        return True

    def _want(self, instance: str) -> None:
        self._wanted.add(instance)
        self.changed.set()

    def wait(self, instance: str) -> None:
        """Until the answer is there."""
        if self.held(instance) is None:
            self.hold(instance, WHILE_ASKING_MS, "health")

    async def step(self) -> bool:
        """Fetch the health that is wanted, where no other process does. Raises StoreError."""
        questions = self._questions
        if questions is None or not self._wanted:
            return False
        for instance in sorted(self._wanted):
            asked_ms = await self._store.numbers.ask(instance, within_ms=ASK_AGAIN_MS, lives_ms=LIVES_MS)
            if asked_ms is not None:
                living = asyncio.create_task(self._live(instance))
                try:
                    await self._fetch(questions, instance, asked_ms)
                finally:
                    living.cancel()
                    await asyncio.gather(living, return_exceptions=True)
                await self._store.numbers.answered(instance)
            self._wanted.discard(instance)
            self._held.pop(instance, None)
        return True

    async def _live(self, instance: str) -> None:
        """So that nobody else asks for as long as MsgFlash keeps silent."""
        while True:
            await self._clock.sleep(SIGN_OF_LIFE)
            with suppress(StoreError):
                await self._store.numbers.asking(instance)

    async def _fetch(self, questions: Questions, instance: str, asked_ms: int) -> None:
        _, kept = await self._store.numbers.read(instance, "health", "zone", "since")
        try:
            found = await questions.health_of(instance)
        except MsgFlashError as fault:
            cause = cause_of(fault, sending=False)
            if cause is not None:
                await self._pauses.hold(cause, fault=fault)
                return
            self._miss(instance, fault)
            known = {} if kept["zone"] and kept["since"] else await self._look_up(questions, instance)
            await self._look_back(instance, {name: word for name, word in known.items() if not kept[name]})
            return
        if self._unheard.pop(instance, None) is not None:
            log.info("The health of instance %s can be had again.", instance)
        policy, usage = found.warmup_policy, found.usage_window_summary
        if usage is not None:
            counted = Usage(
                usage.outbound_1h, usage.outbound_24h, usage.unique_recipients_1h, usage.unique_recipients_24h
            )
            await self._store.ledgers.tell(self._key_tag, instance, asked_ms, counted)
        health = learnt(load_health(kept["health"]), found, asked_ms)
        known = {"health": dump_health(health), "at": str(asked_ms)}
        if found.safety_state:
            known["state"] = found.safety_state
        if found.safety_score is not None:
            known["score"] = str(found.safety_score)
        if found.first_connected_at is not None:
            known["since"] = str(to_ms(found.first_connected_at))
        elif policy is not None and policy.instance_age_days is not None:
            known["since"] = str(asked_ms - int(policy.instance_age_days * DAY_MS))
        if not (kept["zone"] and (kept["since"] or "since" in known)):
            known = {**await self._look_up(questions, instance), **known}
        self._told.pop(instance, None)
        await self._look_back(instance, known)

    def _miss(self, instance: str, fault: MsgFlashError) -> None:
        """Said once for each cause, though it is asked again every minute."""
        cause = (type(fault), fault.code, fault.status)
        if self._unheard.get(instance) != cause:
            self._unheard[instance] = cause
            log.warning("The health of instance %s cannot be had (%s); a cautious pace holds.", instance, fault)

    async def _look_up(self, questions: Questions, instance: str) -> dict[str, str]:
        """Where a number is at home, by its prefix, and since when MsgFlash has it; what cannot be had is left out."""
        try:
            found = await questions.instance_of(instance)
        except MsgFlashError:
            return {}
        known = {}
        if found.wa_number:
            known["zone"] = zones_of("+" + found.wa_number.lstrip("+"))[0]
        if found.created_at is not None:
            known["since"] = str(to_ms(found.created_at))
        return known

    # -- the days behind

    async def _look_back(self, instance: str, known: Mapping[str, str]) -> None:
        """Keep what is known, and once a day what came of the days before."""
        now_ms, kept = await self._store.numbers.read(instance, *FIELDS, "day", "days", "ceiling", "losses")
        today = now_ms // DAY_MS
        looked = int(kept["day"] or today)
        new = dict(known)
        history = load_days(kept["days"], before=looked)
        if looked < today:
            first = max(looked, today - 30)
            met, heard, counts = await self._store.numbers.days(
                instance, first, today - 1, since_ms=now_ms - MEASURED_MS
            )
            ceiling = int(kept["ceiling"] or 0)
            lost = worst_hour(kept["losses"], today - 1)
            history = with_days(history, counts, ceiling=ceiling, rate=reply_rate(met, heard), disconnects=lost)
            days = list(history.values())
            usual = usual_day(days)
            new |= {"days": dump_days(history), "stage": str(stage(days)), "usual": str(usual or "")}
        if looked != today or not kept["day"]:
            new["day"] = str(today)
        if len(self._store.tags) > 1:
            new["unanswered"] = dump_unanswered(await self._store.acquaintances.unanswered(instance))
            new["unanswered_at"] = str(now_ms)
        kept |= new
        most = limits(
            number_of(kept),
            load_health(kept["health"]),
            self._policy,
            now_ms,
            stage=int(kept["stage"]) if kept["stage"] else None,
            usual_day=float(kept["usual"]) if kept["usual"] else None,
        )
        await self._store.numbers.set(instance, {**new, "ceiling": str(most.proactive_day)})

    # -- what sends tell

    def heard(self, instance: str, safety: object, warnings: object) -> None:
        """What stood beside the answer to a send: the number's state, for all processes as soon as `tell` is called."""
        found = safety if isinstance(safety, Mapping) else {}
        state, score = found.get("state"), found.get("score")
        said = (
            state if isinstance(state, str) else "",
            str(score) if isinstance(score, int | float) and not isinstance(score, bool) else "",
        )
        if warnings and self._warned.get(instance) != warnings:
            self._warned[instance] = warnings
            self._want(instance)  # they are sentences for people: the health tells what is behind them
        if said == ("", ""):
            return
        before, at = self._told.get(instance, (("", ""), float("-inf")))
        now = self._clock.monotonic()
        if said != before or now - at > SAY_AGAIN:
            self._told[instance] = (said, now)
            self._news[instance] = said

    async def tell(self) -> None:
        """Write down what sends told. Raises StoreAway; then it is told by the next call."""
        while self._news:
            instance, (state, score) = next(iter(self._news.items()))
            known = {name: word for name, word in (("state", state), ("score", score)) if word}
            await self._store.numbers.set(instance, known)
            if self._news.get(instance) == (state, score):
                del self._news[instance]


def _died_asking(facts: Facts) -> bool:
    return 0 < facts.asking_ms <= facts.now_ms - LIVES_MS
