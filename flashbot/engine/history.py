"""The days of a number, as its stage counts them: made from what the store counted, kept with the number. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple

from pydantic_core import from_json, to_json

from flashbot.outreach.stages import Day
from flashbot.store.numbers import DAY_MS, DayCount

__all__ = ["ENOUGH_PEOPLE", "LONGEST", "dump_days", "load_days", "reply_rate", "with_days", "worst_hour"]

ENOUGH_PEOPLE = 20
LONGEST = 400
"""Days that are kept."""
HOUR_MS = 3600 * 1000
KNOWN = len(Day.__slots__)


def reply_rate(people: int, answered: int) -> float | None:
    """None where too few were written to."""
    return answered / people if people >= ENOUGH_PEOPLE else None


def with_days(
    history: Mapping[int, Day], counts: Sequence[DayCount], *, ceiling: int, rate: float | None, disconnects: int = 0
) -> dict[int, Day]:
    """The history, by days since the epoch, with those that are over since; oldest first.

    Only of the latest the ceiling, the reply rate and the disconnections are known: nobody looked on the others, unless
    they were counted before. After the clock jumped back they are counted again, and what lies ahead goes.
    """
    found = dict(history)
    for place, count in enumerate(counts):
        latest = place == len(counts) - 1
        if not latest and count.day in found and found[count.day].sent == count.sent:
            continue
        share = 1 / count.sent if count.sent else 0.0
        found[count.day] = Day(
            active=count.sent > 0,
            sent=count.sent,
            used=min(1.0, count.sent / ceiling) if latest and ceiling > 0 else 0.0,
            reply_rate=rate if latest else None,
            failures=count.failed * share,
            negative=count.negative * share,
            disconnects_hour=disconnects if latest else 0,
        )
    last = counts[-1].day if counts else max(found, default=0)
    return {day: found[day] for day in [day for day in sorted(found) if day <= last][-LONGEST:]}


def worst_hour(losses: str, day: int) -> int:
    """The most moments (ms, between spaces) within one hour that ends on this day since the epoch."""
    moments = sorted(map(int, losses.split()))
    return max(
        (sum(1 for one in moments if at - HOUR_MS < one <= at) for at in moments if at // DAY_MS == day),
        default=0,
    )


def dump_days(days: Mapping[int, Day]) -> str:
    """An older flashbot beside this one passes over the number of the day."""
    return to_json([(*astuple(facts), day) for day, facts in days.items()]).decode()


def load_days(stored: str, *, before: int = 0) -> dict[int, Day]:
    """By days since the epoch; what an older flashbot wrote without them ends right `before` that day.

    What a newer one added is passed over.
    """
    rows = from_json(stored) if stored else []
    found = {}
    for place, words in enumerate(rows):
        number = words[KNOWN] if len(words) > KNOWN and isinstance(words[KNOWN], int) else before - len(rows) + place
        found[number] = Day(*words[:KNOWN])
    return found
