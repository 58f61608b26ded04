"""`Shares`: several sources of one number's messages take turns. Counts grants only; whether there is room is not its.

Stride scheduling: each grant moves a source on by its stride, and whoever stands behind goes first. Only a source that
was refused for want of room, or that is expected, has a claim that others wait for, and it loses that when it does not
come. What it is behind by is kept, but for a few messages only: nobody saves up a burst.
"""

from __future__ import annotations

from dataclasses import dataclass

from flashbot.outreach.grants import CREDIT, PATIENCE_MS

__all__ = ["MOST_SOURCES", "Shares", "Stand"]

MOST_SOURCES = 64
"""Beyond them the one that has not asked for longest is forgotten."""


@dataclass(slots=True)
class Stand:
    """Where a source stands."""

    at: int
    claim: bool = False
    due: int = 0
    """When its claim ends, unless it asks before; 0 while nobody waits for it."""
    granted: int = 0
    seen: int = 0


class Shares:
    def __init__(self) -> None:
        self.stands: dict[str, Stand] = {}
        self.behind = 0
        """Where the last one that was granted stood before."""

    def claim(self, source: str, now: int) -> None:
        """It asked, and there was no room for anybody."""
        stand = self._stand(source)
        stand.at, stand.claim, stand.due, stand.seen = self._place(stand), True, 0, now

    def expect(self, source: str, now: int) -> bool:
        """It is about to ask, and others wait for it from now on; False when they do already."""
        stand = self.stands.get(source)
        if stand is not None and stand.claim and not 0 < stand.due <= now:
            return False
        self.claim(source, now)
        return True

    def wait(self, source: str, now: int) -> int | None:
        """None when it is this source's turn, else until when it waits for those who stand behind it."""
        own = self.stands.get(source)
        place = self._place(own) if own is not None else self.behind
        others = [
            other
            for name, other in self.stands.items()
            if name != source and other.claim and self._place(other) < place
        ]
        for other in others:
            if 0 < other.due <= now:
                other.claim, other.due = False, 0
        others = [other for other in others if other.claim]
        if not others:
            return None
        for other in others:
            other.due = other.due or now + PATIENCE_MS
        self.claim(source, now)
        return max(other.due for other in others)

    def grant(self, source: str, cost: int, now: int) -> None:
        stand = self._stand(source)
        self.behind = self._place(stand)
        stand.at, stand.granted, stand.seen = self.behind + cost, stand.granted + 1, now
        for other in self.stands.values():
            other.due = 0

    def give_back(self, source: str, cost: int) -> None:
        """Undo a grant, however many there were since: who fails more often would get less than their share."""
        stand = self.stands.get(source)
        if stand is not None:
            stand.at -= cost
            stand.granted -= 1

    def _stand(self, source: str) -> Stand:
        if source not in self.stands:
            if len(self.stands) >= MOST_SOURCES:
                del self.stands[min(self.stands, key=lambda name: self.stands[name].seen)]
            self.stands[source] = Stand(self.behind)
        return self.stands[source]

    def _place(self, stand: Stand) -> int:
        return max(stand.at, self.behind - CREDIT)
