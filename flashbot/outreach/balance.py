"""`Balance`: a number's unasked messages of the last 30 days to people who have not written since, in a plan. Pure.

The store counts the real ones (`mailbox.lua`); here, who writes is made up.
"""

from __future__ import annotations

from collections import Counter, deque

from flashbot.outreach.grants import DAY_MS

__all__ = ["BALANCE_MS", "Balance"]

BALANCE_MS = 30 * DAY_MS


class Balance:
    """Moments are given in their order."""

    def __init__(self, before: int = 0, begin_ms: int = 0) -> None:
        """`before`: how many there are at the beginning, taken for sent evenly over the 30 days and never answered."""
        self._waits: deque[tuple[int, str, int]] = deque(
            (begin_ms + BALANCE_MS * (place + 1) // before - BALANCE_MS, "", 0) for place in range(before)
        )
        """When each left, to whom, and how often they had written before."""
        self._heard: Counter[str] = Counter()
        self._of: Counter[str] = Counter({"": before})
        self._count = before

    def sent(self, contact: str, now_ms: int) -> None:
        self._waits.append((now_ms, contact, self._heard[contact]))
        self._of[contact] += 1
        self._count += 1

    def heard(self, contact: str) -> None:
        """They wrote: nothing to them is unanswered any more."""
        self._heard[contact] += 1
        self._count -= self._of.pop(contact, 0)

    def count(self, now_ms: int) -> int:
        while (oldest := self._oldest()) is not None and oldest + BALANCE_MS <= now_ms:
            _, contact, _ = self._waits.popleft()
            self._of[contact] -= 1
            self._count -= 1
        return self._count

    def until_ms(self) -> int | None:
        """When the oldest is 30 days old; None while there is none."""
        oldest = self._oldest()
        return None if oldest is None else oldest + BALANCE_MS

    def _oldest(self) -> int | None:
        while self._waits and self._waits[0][2] != self._heard[self._waits[0][1]]:
            self._waits.popleft()
        return self._waits[0][0] if self._waits else None
