"""Hours of prayer and of fasting at which nothing unasked arrives, for owners who ask for that. Pure.

Both depend on the sun, of which nothing is known here: the intervals are fixed and generous. They fit latitudes from
the equator to the Mediterranean; in a northern summer the fast ends hours later, and `Presets.week` has to say so.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

__all__ = ["FASTING", "FRIDAY", "PRAYER", "is_ramadan"]

FRIDAY = 4
PRAYER = ((12 * 60, 15 * 60),)
"""Minutes of the day: the sermon, the prayer and the way there and back."""
FASTING = ((0, 10 * 60), (17 * 60, 21 * 60))
"""Mornings begin late. Sunset, from about 17:30 to 19:30, with half an hour before it and one and a half after it."""


@lru_cache(maxsize=4096)
def is_ramadan(day: date) -> bool:
    """Whether it is Ramadan, or may be: by the Umm al-Qura calendar, with a day before it and a day after it.

    A country that waits for its own sighting of the moon begins a day apart. False outside of 1924 to 2077, for
    which the calendar is published.
    """
    from hijridate import Gregorian

    for near in (-1, 0, 1):
        try:
            if Gregorian.fromordinal(day.toordinal() + near).to_hijri().month == 9:
                return True
        except (OverflowError, ValueError):
            continue
    return False
