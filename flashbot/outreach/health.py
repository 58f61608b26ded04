"""`Health`: the ceilings that MsgFlash advised for a number, each with its own age. Pure.

The number's state and score are facts of the `Number`; what may be sent by all of it is decided in `policy.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

__all__ = ["FRESH", "FRESH_MS", "KEPT", "KEPT_SHARE", "Health", "Told", "learn"]

FRESH = timedelta(minutes=15)
FRESH_MS = FRESH // timedelta(milliseconds=1)
KEPT = timedelta(hours=6)
"""For how long an old ceiling is worth `KEPT_SHARE` of it."""
KEPT_MS = KEPT // timedelta(milliseconds=1)
KEPT_SHARE = 0.8
MOST = 1e9


@dataclass(frozen=True, slots=True)
class Told:
    """A number that MsgFlash named, and when it was asked."""

    value: float
    at_ms: int

    def now(self, now_ms: int) -> float:
        """What it is worth: all while fresh, `KEPT_SHARE` of it ever after. Never negative."""
        return min(max(0.0, self.value), MOST) * (1.0 if self._age(now_ms) < FRESH_MS else KEPT_SHARE)

    def speaks(self, now_ms: int) -> bool:
        """Whether it is young enough to be relied on alone."""
        return self._age(now_ms) < KEPT_MS

    def _age(self, now_ms: int) -> int:
        """A moment that lies ahead was noted before the clock jumped back."""
        return abs(now_ms - self.at_ms)


@dataclass(frozen=True, slots=True)
class Health:
    """`warmupPolicy` (instances/health); None where it never named one."""

    hour: Told | None = None
    day: Told | None = None
    recipients_hour: Told | None = None
    recipients_day: Told | None = None
    campaign_recipients: Told | None = None
    cold_ratio: Told | None = None


def learn(
    before: Health | None,
    *,
    at_ms: int,
    hour: float | None = None,
    day: float | None = None,
    recipients_hour: float | None = None,
    recipients_day: float | None = None,
    campaign_recipients: float | None = None,
    cold_ratio: float | None = None,
) -> Health:
    """New health; a ceiling that it lacks stays the one known before, with its age. Forgets nothing."""
    old = before or Health()

    def told(value: float | None, known: Told | None) -> Told | None:
        return known if value is None else Told(value, at_ms)

    return Health(
        told(hour, old.hour),
        told(day, old.day),
        told(recipients_hour, old.recipients_hour),
        told(recipients_day, old.recipients_day),
        told(campaign_recipients, old.campaign_recipients),
        told(cold_ratio, old.cold_ratio),
    )
