"""`open_minutes`: the minutes of one local date at which something unasked may arrive, and why not at the others. Pure.

Knows no zone: which instants these minutes are is found in `agenda.py`.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from flashbot.outreach.feasts import rest_day, rests, weekend
from flashbot.outreach.observances import FASTING, FRIDAY, PRAYER, is_ramadan

if TYPE_CHECKING:
    from flashbot.outreach.case import Closed
    from flashbot.outreach.presets import Presets, Spans

__all__ = ["Minutes", "open_minutes", "weekly_minutes", "why"]

Minutes: TypeAlias = tuple[tuple[int, int], ...]
"""From and until, in order, apart from each other; 0 to 1440."""
DAY = 1440


@lru_cache(maxsize=16384)
def open_minutes(place: str, presets: Presets, day: date) -> Minutes:
    """`place` is a country, a part of one, or "" for none, where Saturday and Sunday are the weekend."""
    if _rest(place, presets, day) is not None:
        return ()
    found = _hours(place, presets, day)
    return found if presets.on(day) is not None else _without(found, _observed(presets, day))


def why(place: str, presets: Presets, day: date, minute: int) -> Closed:
    """The rule that closes this minute; what is open falls under none, and is called quiet."""
    rest = _rest(place, presets, day)
    if rest is not None:
        return rest
    if presets.on(day) is None and _within(_hours(place, presets, day), minute):
        if _prays(presets, day.weekday()) and _within(PRAYER, minute):
            return "prayer"
        if _fasts(presets, day) and _within(FASTING, minute):
            return "ramadan"
    # A weekday that the week leaves out.
    return "weekend" if presets.on(day) is None and not presets.weekday(day.weekday()) else "quiet"


def weekly_minutes(place: str, presets: Presets) -> Minutes:
    """Minutes of an ordinary week, from Monday: without holidays, fasting and dates that differ."""
    free = _free(place, presets)
    found: list[tuple[int, int]] = []
    for weekday in range(7):
        if weekday not in free:
            hours = _hours_of(presets.weekday(weekday))
            if (weekday - 1) % 7 not in free:
                hours += _tails(presets.weekday((weekday - 1) % 7))
            left = _without(_joined(hours), PRAYER if _prays(presets, weekday) else ())
            found += [(weekday * DAY + begin, weekday * DAY + end) for begin, end in left]
    return tuple(found)


def _hours(place: str, presets: Presets, day: date) -> Minutes:
    own = presets.on(day)
    if own is not None:
        return _joined(_hours_of(own))
    eve = day - timedelta(days=1)
    before = presets.on(eve)
    if before is None:
        before = presets.weekday(eve.weekday()) if _rest(place, presets, eve) is None else ()
    return _joined(_hours_of(presets.weekday(day.weekday())) + _tails(before))


def _hours_of(spans: Spans) -> list[tuple[int, int]]:
    """What of them lies on the day on which they begin."""
    return [
        (begin.hour * 60 + begin.minute, end.hour * 60 + end.minute if end > begin else DAY) for begin, end in spans
    ]


def _tails(spans: Spans) -> list[tuple[int, int]]:
    """What of them lies on the day after."""
    return [(0, end.hour * 60 + end.minute) for begin, end in spans if end <= begin]


def _rest(place: str, presets: Presets, day: date) -> Closed | None:
    """Why the whole day is closed."""
    if presets.on(day) is not None:
        return None
    if "holiday" in presets.closed_on and place and rests(place, day):
        return "holiday"
    return "weekend" if day.weekday() in _free(place, presets) else None


def _free(place: str, presets: Presets) -> frozenset[int]:
    """Weekdays that are closed."""
    if "weekend" in presets.closed_on:
        return weekend(place)
    return frozenset({rest_day(place)}) if "rest_day" in presets.closed_on else frozenset()


def _observed(presets: Presets, day: date) -> Minutes:
    prayer = PRAYER if _prays(presets, day.weekday()) else ()
    return _joined([*prayer, *(FASTING if _fasts(presets, day) else ())])


def _prays(presets: Presets, weekday: int) -> bool:
    return "prayer" in presets.closed_on and weekday == FRIDAY


def _fasts(presets: Presets, day: date) -> bool:
    return "ramadan" in presets.closed_on and is_ramadan(day)


def _within(minutes: Minutes, minute: int) -> bool:
    return any(begin <= minute < end for begin, end in minutes)


def _joined(spans: list[tuple[int, int]]) -> Minutes:
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif begin < end:
            joined.append((begin, end))
    return tuple(joined)


def _without(minutes: Minutes, closed: Minutes) -> Minutes:
    left: list[tuple[int, int]] = []
    for first, end in minutes:
        begin = first
        for shut, opened in closed:
            if shut < end and opened > begin:
                if shut > begin:
                    left.append((begin, shut))
                begin = opened
        if begin < end:
            left.append((begin, end))
    return tuple(left)
