"""`Course`: a number over the days of a plan: the facts that gates look at, what it may send, where its days begin.

Taken as given: it stays linked, MsgFlash goes on saying what it said, and nobody else sends from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta

from flashbot.clock import from_ms, to_ms
from flashbot.outreach.balance import Balance
from flashbot.outreach.facts import Number
from flashbot.outreach.grants import DAY_MS
from flashbot.outreach.health import FRESH_MS, Health
from flashbot.outreach.limits import AFTER_LOCK_MS, LOCK_WAIT_MS, limits
from flashbot.outreach.policy import Limits
from flashbot.outreach.record import Known
from flashbot.outreach.scenario import Scenario
from flashbot.outreach.stages import STAGES, Day, stage, usual_day
from flashbot.outreach.zones import zone_named

__all__ = ["Course"]

GOOD = Day(active=True, used=1.0, reply_rate=1.0)
MOST_GOOD = 60
"""Good days that lead to the highest stage, and more."""


class Course:
    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._number = scenario.number
        self._before = _days_to(scenario.stage) if scenario.growing else []
        self._played: list[Day] = []
        self._limits: tuple[int, Limits, Known] | None = None
        self._shown: tuple[object, Number] | None = None
        self.balance = Balance(scenario.unanswered, scenario.begin_ms)
        """What it sent unasked and is not answered; the plan counts it."""
        self.stage = scenario.stage
        if scenario.growing:
            self.stage = stage(self._before)

    def number(self, now_ms: int) -> Number:
        """As of the latest health, which is never older than it would be."""
        most = self.limits(now_ms).unanswered
        known = self._known(now_ms), self.balance.count(now_ms), self.balance.until_ms(), most
        if self._shown is None or self._shown[0] != known:
            number, count, until_ms, _ = known
            shown = replace(
                number, unanswered=count, unanswered_until_ms=until_ms, most_unanswered=most, unanswered_at_ms=now_ms
            )
            self._shown = known, shown
        return self._shown[1]

    def known(self, now_ms: int) -> Known:
        """What the limits of then were worked out with."""
        return self._worked_out(now_ms)[1]

    def _known(self, now_ms: int) -> Number:
        if self._number.health_at_ms is not None and now_ms - self._number.health_at_ms >= FRESH_MS:
            self._number = replace(self._number, health_at_ms=now_ms)
        return self._number

    def limits(self, now_ms: int) -> Limits:
        return self._worked_out(now_ms)[0]

    def _worked_out(self, now_ms: int) -> tuple[Limits, Known]:
        age = now_ms // FRESH_MS
        if self._limits is None or self._limits[0] != age:
            usual = usual_day(self._played) if self._scenario.growing else None
            known = Known(_told_at(self._scenario.health, now_ms), self.stage, usual, now_ms)
            found = limits(
                self._known(now_ms), known.health, self._scenario.policy, now_ms, stage=self.stage, usual_day=usual
            )
            self._limits = age, found, known
        return self._limits[1:]

    def lived(self, day: Day) -> None:
        """A day is over. Days without anything sent count as well: a number that rests falls back."""
        if self._scenario.growing:
            self._played.append(day)
            self.stage = stage([*self._before, *self._played])
        self._limits = None

    def days(self) -> Iterator[tuple[date, int]]:
        """Each day and the moment at which it ends."""
        zone = zone_named(self._scenario.number.zone) or UTC
        first = from_ms(self._scenario.begin_ms).astimezone(zone).date()
        for place in range(self._scenario.days):
            day = first + timedelta(days=place)
            yield day, to_ms(datetime.combine(day + timedelta(days=1), time(), zone))

    def changes(self) -> Sequence[int]:
        """The moments at which it may send more by the calendar alone."""
        number = self._scenario.number
        found = []
        if number.linked_since_ms is not None:
            found += [number.linked_since_ms + one.from_day * DAY_MS for one in STAGES]
        if number.lock_until_ms is not None:
            free_ms = number.lock_until_ms + LOCK_WAIT_MS
            found += [free_ms, free_ms + AFTER_LOCK_MS]
        return sorted(moment for moment in found if moment > self._scenario.begin_ms)


def _told_at(health: Health | None, now_ms: int) -> Health | None:
    if health is None:
        return None
    told = {one.name: getattr(health, one.name) for one in fields(health)}
    return Health(**{name: None if one is None else replace(one, at_ms=now_ms) for name, one in told.items()})


def _days_to(reached: int | None) -> list[Day]:
    """A past that leads to this stage."""
    days: list[Day] = []
    while stage(days) < (reached or 0) and len(days) < MOST_GOOD:
        days.append(GOOD)
    return days
