"""What the gates look at: a message, the person it is for, the number it leaves from. Frozen; read fresh at each send.

All times are ms since the epoch by the store's clock. What is not known is None or empty, and read in the careful way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from flashbot.outreach.grants import Class, Room

__all__ = ["EVERYTHING", "Ask", "Number", "Person", "Sent", "State"]

State: TypeAlias = Literal["new", "warming", "stable", "at_risk", "restricted"]
"""MsgFlash's `safetyState` (instances/health)."""
EVERYTHING = "all"
"""The scope of a person who wants nothing unasked from anybody; "marketing" is nothing unasked from this sender."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A message that wants to leave."""

    id: str
    cls: Class
    made_ms: int
    contact: str
    body: str
    """A hash of what is rendered."""
    purpose: str = "marketing"
    """What the person agreed to, or did not."""
    source: str = ""
    """The drip or broadcast it belongs to."""
    send_before_ms: int | None = None
    due_ms: int | None = None
    """From when on its age counts, if not from its making: what a gate held back does not age meanwhile."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An unasked message that this person got."""

    at_ms: int
    cls: Class
    body: str


@dataclass(frozen=True, slots=True)
class Person:
    last_inbound_ms: int | None = None
    """None: never wrote to this number."""
    suppressed: frozenset[str] = frozenset()
    """Scopes: a purpose, "marketing" or `EVERYTHING`."""
    consents: frozenset[str] = frozenset()
    erased: bool = False
    asked_until_ms: int | None = None
    """Until then their answer is awaited to whether they meant to stop everything."""
    owner_until_ms: int | None = None
    """Until then a human holds the conversation."""
    zones: tuple[str, ...] = ()
    """IANA names; several: all must be open."""
    country: str | None = None
    """ISO 3166 alpha-2."""
    sent: tuple[Sent, ...] = ()
    """Newest last; at least those of the last week and all since they last wrote, as far as the limits count."""


@dataclass(frozen=True, slots=True)
class Number:
    linked: bool
    paused_until_ms: int | None = None
    banned: bool = False
    state: State | str | None = None
    """The last word of MsgFlash however old, from the health or from a send's `safety`; None: there never was one."""
    score: float | None = None
    """Likewise; 0 to 100."""
    health_at_ms: int | None = None
    zone: str = ""
    linked_since_ms: int | None = None
    lock_until_ms: int | None = None
    """Of WhatsApp's lock on new chats, the last one known; kept for two days after it has ended."""
    reconnected_ms: int | None = None
    unanswered: int = 0
    """Its unasked messages of the last 30 days to people who have not written since."""
    unanswered_until_ms: int | None = None
    """When the oldest of them is 30 days old."""
    most_unanswered: int | None = None
    """`Limits.unanswered` of now; None where nobody worked it out, and nothing is held to it."""
    unanswered_at_ms: int | None = None
    """When `unanswered` was read."""

    @property
    def room(self) -> Room | None:
        """What the ledger holds it to: others may send between that reading and its answer."""
        if self.most_unanswered is None or self.unanswered_at_ms is None:
            return None
        return Room(self.most_unanswered - self.unanswered, self.unanswered_at_ms)
