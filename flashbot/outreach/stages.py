"""How far a number has come by its own history: the pace where MsgFlash says nothing. Pure; the figures are data.

The figures stand at or below the lowest that independent sources share for WhatsApp numbers that are not on the
official platform (WAHA's and whapi.cloud's guides to avoiding blocks, wapower's number protection); nobody publishes
official ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["DAY_MS", "STAGES", "Day", "Stage", "stage", "stage_by_age", "usual_day"]

DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Stage:
    """What may be sent unasked. A new chat is a message to somebody who never wrote."""

    from_day: int
    """Whole days since the number was linked."""
    proactive_day: int
    new_day: int
    new_hour: int
    proactive_hour: int
    median_gap_ms: int


STAGES = (
    Stage(0, 0, 0, 0, 0, 0),
    Stage(2, 10, 3, 1, 5, 120_000),
    Stage(4, 20, 5, 2, 8, 90_000),
    Stage(7, 40, 8, 3, 12, 60_000),
    Stage(14, 80, 12, 4, 20, 45_000),
    Stage(21, 120, 15, 5, 30, 40_000),
    Stage(28, 200, 20, 6, 40, 35_000),
    Stage(90, 400, 30, 8, 60, 30_000),
)
FIRST = 1
"""Where a number without history begins, once its first two days are over."""
RIPE_FOR_UP = 3
"""Good active days between two stages."""
HEALTHY_DAYS = {6: 14}
"""Healthy days in a row that a stage asks for."""
REPLY_RATE = {7: 0.30}
"""Reply rate that a stage asks for, above the one that every step up does."""
USED = 0.6
IDLE_DAYS = 3
BACK_AFTER_DAYS = 3
USUAL_DAYS = 7


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a number, after it is over. Shares are 0 to 1; a share of nothing is 0, or None where it says so."""

    active: bool = False
    """Something unasked was sent."""
    sent: int = 0
    """How much of it."""
    used: float = 0.0
    """Share of that day's ceiling."""
    reply_rate: float | None = None
    """Of the people written to within seven days, who wrote within 72 hours; None below twenty of them."""
    failures: float = 0.0
    negative: float = 0.0
    """Answers that opt out or ask who is writing."""
    locked: bool = False
    """A lock, a ban, a refusal by WhatsApp or a logout."""
    disconnects_hour: int = 0
    """Disconnections in that day's worst hour."""

    @property
    def stops(self) -> bool:
        return self.locked or not self.failures <= 0.20 or not self.negative <= 0.03

    @property
    def falls(self) -> bool:
        return not self.failures <= 0.10 or (self.reply_rate is not None and not self.reply_rate >= 0.10)

    @property
    def healthy(self) -> bool:
        return (
            not self.stops
            and not self.falls
            and self.failures < 0.05
            and self.negative < 0.02
            and self.disconnects_hour < 3
            and (self.reply_rate is None or self.reply_rate >= 0.20)
        )

    @property
    def good(self) -> bool:
        """A day that counts towards the next stage."""
        return self.healthy and self.active and self.used >= USED and self.reply_rate is not None


@dataclass(frozen=True, slots=True)
class _Walk:
    stage: int = FIRST
    good: int = 0
    idle: int = 0
    healthy: int = 0
    stopped: bool = False


def stage(history: Sequence[Day]) -> int:
    """The stage after these days, oldest first and none left out; 0: nothing unasked until it is healthy again.

    Up one after three good active days; down one for few replies, failures or 72 hours without activity; a lock, a
    ban, failures or negative answers beyond measure stop everything, and three healthy days later it begins at
    stage 1. The number's age, which bounds it as well, is not seen here: `stage_by_age`.
    """
    walk = _Walk()
    for day in history:
        walk = _after(walk, day)
    return 0 if walk.stopped else walk.stage


def stage_by_age(linked_since_ms: int | None, now_ms: int) -> int:
    """The highest stage at this age. An unknown age is that of a number linked just now."""
    if linked_since_ms is None:
        return 0
    days = (now_ms - linked_since_ms) // DAY_MS
    return max((index for index, one in enumerate(STAGES) if one.from_day <= days), default=0)


def usual_day(history: Sequence[Day]) -> float | None:
    """Mean of what the last seven active days sent unasked; None while there have not been seven."""
    active = [day.sent for day in history if day.active][-USUAL_DAYS:]
    return sum(active) / USUAL_DAYS if len(active) == USUAL_DAYS else None


def _after(before: _Walk, day: Day) -> _Walk:
    if day.stops:
        return _Walk(stopped=True)
    healthy = before.healthy + 1 if day.healthy else 0
    if before.stopped:
        return _Walk(healthy=healthy, stopped=healthy < BACK_AFTER_DAYS)
    idle = 0 if day.active else before.idle + 1
    if day.falls or idle == IDLE_DAYS:
        return _Walk(max(FIRST, before.stage - 1), healthy=healthy, idle=idle % IDLE_DAYS)
    good = before.good + day.good
    if day.good and good >= RIPE_FOR_UP and _may_reach(before.stage + 1, day, healthy):
        return _Walk(before.stage + 1, healthy=healthy)
    return _Walk(before.stage, good, idle, healthy)


def _may_reach(target: int, day: Day, healthy: int) -> bool:
    rate = day.reply_rate or 0.0
    return target < len(STAGES) and healthy >= HEALTHY_DAYS.get(target, 0) and rate >= REPLY_RATE.get(target, 0.0)
