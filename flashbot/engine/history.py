"""The days of a number, as its stage counts them: made from what the store counted, kept with the number. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

from pydantic_core import from_json, to_json

from flashbot.outreach.stages import Day
from flashbot.store.numbers import DayCount

__all__ = ["ENOUGH_PEOPLE", "LONGEST", "dump_days", "load_days", "reply_rate", "with_days"]

ENOUGH_PEOPLE = 20
LONGEST = 400
"""Days that are kept."""


def reply_rate(people: int, answered: int) -> float | None:
    """None where too few were written to."""
    return answered / people if people >= ENOUGH_PEOPLE else None


def with_days(
    history: Sequence[Day], counts: Sequence[DayCount], *, ceiling: int, rate: float | None, disconnects: int = 0
) -> list[Day]:
    """The history with the days that are over since, oldest first.

    Only of the latest the ceiling, the reply rate and the disconnections are known: nobody looked on the others.
    """
    found = list(history)
    for place, count in enumerate(counts):
        latest = place == len(counts) - 1
        share = 1 / count.sent if count.sent else 0.0
        found.append(
            Day(
                active=count.sent > 0,
                sent=count.sent,
                used=min(1.0, count.sent / ceiling) if latest and ceiling > 0 else 0.0,
                reply_rate=rate if latest else None,
                failures=count.failed * share,
                negative=count.negative * share,
                disconnects_hour=disconnects if latest else 0,
            )
        )
    return found[-LONGEST:]


def dump_days(days: Sequence[Day]) -> str:
    return to_json([astuple(day) for day in days]).decode()


def load_days(stored: str) -> list[Day]:
    """What a newer flashbot added to a day is passed over."""
    return [Day(*words[: len(Day.__slots__)]) for words in from_json(stored)] if stored else []
