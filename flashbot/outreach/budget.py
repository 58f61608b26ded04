"""How many unasked messages a number may send now, by what MsgFlash advises for its warm-up (instances/health).

The advice blocks nothing at MsgFlash, so keeping to it is ours. What is not known is never taken for unlimited.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from pydantic_core import from_json, to_json

__all__ = ["FRESH", "Health", "Limits", "is_fresh", "learn", "limits"]

FRESH = timedelta(minutes=15)
KEPT = timedelta(hours=6)
"""For how long old advice is still worth something: `SHARE` of it."""
SHARE = 0.8
HOURLY = 20
DAILY = 50
"""Where nothing is known: below the 25 and 100 of the one example that the vendor prints."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Health:
    """What MsgFlash said of a number, with the last caps that it named. Times are ms by the store's clock."""

    at_ms: int
    used_hour: int = 0
    """Messages of any kind in the hour before `at_ms`, by MsgFlash's count."""
    used_day: int = 0
    hourly: int | None = None
    hourly_ms: int = 0
    daily: int | None = None
    daily_ms: int = 0

    @classmethod
    def load(cls, stored: bytes) -> Health | None:
        found: dict[str, Any] | None = from_json(stored) if stored else None
        return None if found is None else cls(**found)

    def dump(self) -> bytes:
        return to_json(asdict(self))


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds of our own unasked messages."""

    since: int | None
    """Since the health was asked for; None: that says nothing any more."""
    hour: int
    day: int


def learn(
    before: Health | None, *, at_ms: int, used_hour: int | None, used_day: int | None, hourly: int | None,
    daily: int | None,
) -> Health:  # fmt: skip
    """New health; a cap that it lacks stays the one known before, with its age."""
    return Health(
        at_ms,
        used_hour or 0,
        used_day or 0,
        hourly if hourly is not None or before is None else before.hourly,
        at_ms if hourly is not None or before is None else before.hourly_ms,
        daily if daily is not None or before is None else before.daily,
        at_ms if daily is not None or before is None else before.daily_ms,
    )


def is_fresh(health: Health | None, now_ms: int) -> bool:
    return health is not None and _age(health.at_ms, now_ms) < FRESH


def limits(health: Health | None, now_ms: int) -> Limits:
    """What may be sent at most, replies and all that MsgFlash has counted taken off."""
    if health is None:
        return Limits(None, HOURLY, DAILY)
    hour = _cap(health.hourly, health.hourly_ms, now_ms, HOURLY)
    day = _cap(health.daily, health.daily_ms, now_ms, DAILY)
    rooms = []
    if _age(health.at_ms, now_ms) < HOUR:
        rooms.append(hour - health.used_hour)
    if _age(health.at_ms, now_ms) < KEPT:
        rooms.append(day - health.used_day)
    return Limits(max(0, min(rooms)) if rooms else None, hour, day)


def _cap(cap: int | None, known_ms: int, now_ms: int, unknown: int) -> int:
    age = _age(known_ms, now_ms)
    if cap is None or age >= KEPT:
        return unknown
    return max(0, cap if age < FRESH else int(cap * SHARE))


def _age(then_ms: int, now_ms: int) -> timedelta:
    """A moment that lies ahead was noted before the clock jumped back."""
    return timedelta(milliseconds=abs(now_ms - then_ms))
