"""In which hours of UTC a person writes, as a few small counts. What follows from them is not decided here. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

__all__ = ["SILENCE", "counted"]

SILENCE = timedelta(hours=6)
"""Only what follows it counts: one long evening says no more than one message."""
MOST = 50
"""At which all are halved, so that a move shows in time."""


def counted(hours: Mapping[int, int], at: datetime, last: datetime | None) -> Mapping[int, int]:
    """With one more message, written at `at`; `last` is when they wrote before. `at` is in UTC."""
    if last is not None and at - last < SILENCE:
        return hours
    found = {**hours, at.hour: hours.get(at.hour, 0) + 1}
    if max(found.values()) < MOST:
        return found
    return {hour: count // 2 for hour, count in found.items() if count > 1}
