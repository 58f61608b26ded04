"""Who may call and how often: API keys, the team header, the sliding second, the monthly request quota.

The vendor does not document the order of its checks; this is key, team header, rate, monthly quota.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from flashbot.sandbox.answers import Refusal
from flashbot.sandbox.requests import header

if TYPE_CHECKING:
    from flashbot.sandbox.account import Account
    from flashbot.sandbox.switches import Switches

__all__ = ["Access"]


class Access:
    """`keys` maps each key to its team id, or to None for a personal key."""

    def __init__(
        self, keys: dict[str, str | None], requests_per_second: int, account: Account, switches: Switches
    ) -> None:
        self.keys = keys
        self.requests_per_second = requests_per_second
        self._account = account
        self._switches = switches
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
            raise Refusal(self._switches.team_mismatch if named else "UNAUTHORIZED")
        self._pace(key, seconds)
        if self._account.are_requests_spent(now):
            raise Refusal("MONTHLY_API_REQUEST_QUOTA_EXCEEDED")
        self._account.requests.add(now)
        return team is not None

    def rest(self) -> None:
        """Forget the last second: a saved world goes on under another count of seconds."""
        self._recent.clear()

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
