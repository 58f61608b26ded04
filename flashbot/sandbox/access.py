"""Who may call and how often: API keys, the team header, the sliding second, the monthly request quota.

The vendor does not document the order of its checks; this is key, team header, rate, monthly quota.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime

from flashbot.sandbox.answers import Refusal
from flashbot.sandbox.requests import header

__all__ = ["Access", "Meter"]


class Meter:
    """A count per UTC calendar month against a quota; None means no quota."""

    __slots__ = ("count", "month", "quota")

    def __init__(self, quota: int | None) -> None:
        self.quota = quota
        self.count = 0
        self.month = (0, 0)

    def is_spent(self, now: datetime) -> bool:
        self._turn(now)
        return self.quota is not None and self.count >= self.quota

    def add(self, now: datetime) -> None:
        self._turn(now)
        self.count += 1

    def _turn(self, now: datetime) -> None:
        month = (now.year, now.month)
        if month != self.month:
            self.month = month
            self.count = 0


class Access:
    """All keys reach the same workspace; `keys` maps each to its team id, or to None for a personal key."""

    def __init__(self, keys: dict[str, str | None], requests_per_second: int, monthly_requests: int | None) -> None:
        self.keys = keys
        self.requests_per_second = requests_per_second
        self.requests = Meter(monthly_requests)
        self._recent: dict[str, deque[float]] = {}

    def admit(self, headers: Mapping[str, str], now: datetime, seconds: float) -> bool:
        """Let the call pass or raise `Refusal`; true for a team key. `seconds` count steadily.

        A call refused for its rate counts against neither limit (undocumented; the kinder reading).
        """
        key = header(headers, "x-api-key")
        if key not in self.keys:
            raise Refusal("UNAUTHORIZED")
        team = self.keys[key]
        named = header(headers, "X-Team-Id")
        if team is None and named:
            raise Refusal("TEAM_KEY_REQUIRED")
        if team is not None and named != team:
            raise Refusal("UNAUTHORIZED")
        self._pace(key, seconds)
        if self.requests.is_spent(now):
            raise Refusal("MONTHLY_API_REQUEST_QUOTA_EXCEEDED")
        self.requests.add(now)
        return team is not None

    def _pace(self, key: str, seconds: float) -> None:
        limit = self.requests_per_second
        if not limit:
            return
        recent = self._recent.setdefault(key, deque())
        while recent and recent[0] <= seconds - 1:
            recent.popleft()
        if len(recent) >= limit:
            raise Refusal("API_RATE_LIMIT_EXCEEDED")
        recent.append(seconds)
