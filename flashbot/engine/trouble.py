"""`Trouble`: what failed turns of an event leave in the note for whoever takes it next."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from pydantic_core import from_json, to_json

from flashbot.store.records import Later, Taken

__all__ = ["Trouble"]

WAITS = (2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds until another process may know what this one does not."""


@dataclass(frozen=True, slots=True)
class Trouble:
    raised: int = 0
    tries: int = 0
    """Attempts up to and including the last one that raised."""
    died: int = 0
    """Deaths of processes since then, where their count at the take was wiped; takes whose answer was lost, too."""
    lone: int = 0
    """Those of them in which its handler had begun, and that of no other event that had met a death before."""
    begun: bool = False
    """It was begun so, and nobody has settled it: whoever reads this met another such death."""
    waits: int = 0
    """How often it was left to a newer process."""
    since_ms: int = 0
    """When the first attempt began that ended in a death, by the server's clock."""
    why: str = ""
    """Of the last death: one sentence, where somebody saw it coming."""
    stack: str = ""

    @classmethod
    def load(cls, note: bytes) -> Trouble:
        """What a newer flashbot wrote beside is left out."""
        if not note:
            return cls()
        found: dict[str, Any] = from_json(note)
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in found.items() if name in known})

    @classmethod
    def of(cls, taken: Taken) -> Trouble:
        """With every death before this take counted."""
        trouble = cls.load(taken.note)
        if taken.attempts == 1:
            return trouble
        return replace(
            trouble,
            died=trouble.died + taken.attempts - 1,
            lone=trouble.lone + trouble.begun,
            begun=False,
            since_ms=trouble.since_ms or taken.since_ms,
        )

    def dump(self) -> bytes:
        """Without what has its default: most notes say little."""
        return to_json({name: value for name, value in asdict(self).items() if value})

    @property
    def attempt(self) -> int:
        """The number of the one that is being made."""
        return self.tries + self.died + 1

    def unchanged(self, wait: float = 0) -> Later:
        """Give the event back as if it had not been taken."""
        return Later(int(wait * 1000), clean=True, note=self.dump() if self != Trouble() else b"")

    def left_to_a_newer_one(self) -> Later:
        return replace(self, waits=self.waits + 1).unchanged(WAITS[min(self.waits, len(WAITS) - 1)])

    def failed(self, wait: float) -> Later:
        """The process lives, so what died before counts no more as deaths."""
        after = Trouble(raised=self.raised + 1, tries=self.attempt)
        return Later(int(wait * 1000), clean=True, note=after.dump())

    def about_to_die(self, wait: float, why: str, stack: str) -> Later:
        return replace(self, died=self.died + 1, lone=self.lone + 1, why=why, stack=stack).unchanged(wait)
