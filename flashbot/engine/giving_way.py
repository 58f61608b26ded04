"""Drips and broadcasts that let others go first: a take parks what waits of them, and so finds the others behind it.

Without that a small one would stand behind thousands of a large one, each of which asks and is told to wait.
"""

from __future__ import annotations

from urllib.parse import quote

from flashbot.clock import Clock
from flashbot.store.records import Held

__all__ = ["LONGEST_MS", "GivingWay"]

LONGEST_MS = 1000
"""For which it lasts, unless one of the others came before: then it is theirs to wait."""


class GivingWay:
    """Of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def hold(self, source: str) -> None:
        """The number's ledger told it to wait for others just now."""
        self._until[source] = self._clock.monotonic() + LONGEST_MS / 1000

    def came(self, source: str) -> None:
        """One of this source asked: nobody gives way to it any longer."""
        self._until = {other: until for other, until in self._until.items() if other == source}

    def held_back(self) -> list[Held]:
        now = self._clock.monotonic()
        self._until = {source: until for source, until in self._until.items() if until > now}
        # The word ends there: one drip's name may begin with another's.
        return [
            Held("drip", f" source={quote(source)}{end}".encode(), LONGEST_MS, "share")
            for source in self._until
            for end in (" ", "\n")
        ]
