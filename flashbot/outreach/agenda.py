"""`Agenda`: the instants that are open in several zones at once, a UTC day at a time. Pure; remembers what it found.

An instant is open where the wall clocks of all zones show an open minute. So a window that begins in an hour which a
change of clocks leaves out begins with the change, and an hour that comes twice is open twice.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from flashbot.outreach.localday import open_minutes, why

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from flashbot.outreach.case import Closed
    from flashbot.outreach.presets import Presets

__all__ = ["DAY_MS", "HORIZON_DAYS", "Agenda", "Instants"]

Instants: TypeAlias = tuple[tuple[int, int], ...]
"""From and until, in ms since the epoch, in order, apart from each other."""
MINUTE_MS = 60_000
DAY_MS = 1440 * MINUTE_MS
HORIZON_DAYS = 366
EPOCH = date(1970, 1, 1).toordinal()
T = TypeVar("T")
KEPT = 800
"""Days that are remembered: two years and a bit."""


class Agenda:
    """`places`: the zones, each with the country whose rest days count there ("" for none)."""

    __slots__ = ("_days", "_firsts", "_places", "_presets")

    def __init__(self, places: tuple[tuple[ZoneInfo, str], ...], presets: Presets) -> None:
        self._places = places
        self._presets = presets
        self._days: dict[int, Instants] = {}
        self._firsts: dict[int, int | None] = {}

    def opening(self, now_ms: int) -> int | None:
        """`now_ms` when it is open, else the next instant at which it is; None when there is none within a year."""
        today = now_ms // DAY_MS
        for begin, end in self.day(today):
            if now_ms < end:
                return max(begin, now_ms)
        if today not in self._firsts:
            later = (self.day(day) for day in range(today + 1, today + 1 + HORIZON_DAYS))
            _put(self._firsts, today, next((found[0][0] for found in later if found), None))
        return self._firsts[today]

    def open_for(self, opening_ms: int, most_ms: int) -> int:
        """For how long it stays open from an instant that is open, `most_ms` at most."""
        until = opening_ms
        for day in range(opening_ms // DAY_MS, (opening_ms + most_ms) // DAY_MS + 1):
            until = next((end for begin, end in self.day(day) if begin <= until < end), until)
        return min(until - opening_ms, most_ms)

    def why(self, now_ms: int) -> Closed:
        """The rule that closes an instant, in the first zone where it is closed."""
        for zone, place in self._places:
            local = _local(now_ms, zone)
            day, minute = local.date(), local.hour * 60 + local.minute
            if not any(begin <= minute < end for begin, end in open_minutes(place, self._presets, day)):
                return why(place, self._presets, day, minute)
        return "quiet"

    def day(self, day: int) -> Instants:
        """What is open on a UTC day, counted from the epoch."""
        if day not in self._days:
            found: Instants = ((day * DAY_MS, (day + 1) * DAY_MS),)
            for zone, place in self._places:
                if found:
                    found = _common(found, self._in_zone(day, zone, place))
            _put(self._days, day, found)
        return self._days[day]

    def _in_zone(self, day: int, zone: ZoneInfo, place: str) -> Instants:
        found: list[tuple[int, int]] = []
        for begin, end, offset in _stretches(day * DAY_MS, (day + 1) * DAY_MS, zone):
            for local_day in range((begin + offset) // DAY_MS, (end + offset - 1) // DAY_MS + 1):
                midnight = local_day * DAY_MS - offset
                for opens, closes in open_minutes(place, self._presets, date.fromordinal(EPOCH + local_day)):
                    first, last = max(begin, midnight + opens * MINUTE_MS), min(end, midnight + closes * MINUTE_MS)
                    if found and first == found[-1][1] < last:
                        found[-1] = (found[-1][0], last)
                    elif first < last:
                        found.append((first, last))
        return tuple(found)


def _stretches(begin: int, end: int, zone: ZoneInfo) -> list[tuple[int, int, int]]:
    """A day in pieces of one offset each, with it. No zone changes its clocks twice a day."""
    first, last = _offset(begin, zone), _offset(end - 1, zone)
    if first == last:
        return [(begin, end, first)]
    before, after = begin // 1000, end // 1000
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(middle * 1000, zone) == first:
            before = middle
        else:
            after = middle
    return [(begin, after * 1000, first), (after * 1000, end, last)]


def _offset(at_ms: int, zone: ZoneInfo) -> int:
    return (_local(at_ms, zone).utcoffset() or timedelta()) // timedelta(milliseconds=1)


def _local(at_ms: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, zone)


def _common(one: Instants, other: Instants) -> Instants:
    return tuple(
        (max(begin, first), min(end, last))
        for begin, end in one
        for first, last in other
        if begin < last and first < end
    )


def _put(kept: dict[int, T], day: int, found: T) -> None:
    if len(kept) >= KEPT:
        kept.clear()
    kept[day] = found
