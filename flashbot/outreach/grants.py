"""What a number's ledger is asked and what it answers, as values; and the constants of its rules.

The rules themselves are in `ledger.py`, and once more in the store, where any number of processes share them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

__all__ = [
    "CREDIT", "DAY_MS", "FEW", "HOLD_MS", "HOUR_MS", "LATER_MS", "LONGEST_HOLD_MS", "LOOK", "MILLION", "OVERLAP_MS",
    "PATIENCE_MS", "STILL_MS", "STOP", "STRIDE", "UNASKED", "Caps", "Class", "Counts", "Granted", "Refusal", "Refused",
    "Room", "SourceCount", "Stamp", "Usage", "millionths", "stride",
]  # fmt: skip

Class: TypeAlias = Literal["reply", "critical", "service", "follow_up", "marketing", "cold"]
Refusal: TypeAlias = Literal[
    "day", "hour", "recipients_day", "recipients_hour", "proactive_day", "proactive_hour",
    "unanswered_ledger", "new_chats_day", "new_chats_hour", "cold_ratio", "identical", "pace", "rest", "share",
]  # fmt: skip
"""In the order in which they are looked at."""

UNASKED = frozenset({"follow_up", "marketing", "cold"})
HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
HOLD_MS = 15 * 60 * 1000
"""For which a grant is held before its message must be settled. Longer than any send and the doubt about it."""
LONGEST_HOLD_MS = HOUR_MS
LATER_MS = 15 * 60 * 1000
"""When to ask again where time alone opens nothing, only other limits: health is fresh for that long."""
PATIENCE_MS = 5000
"""For which a source that has had its share waits for one that has not, once."""
FEW = 5
"""Fewer unasked messages than this in a day are taken for as many, so that the first cold one is no share of 100 %."""
STILL_MS = 10 * 60 * 1000
"""A clock that goes back by no more is waited for: one that goes to and fro must not wear the windows down."""
OVERLAP_MS = 5 * 60 * 1000
"""What was settled so shortly before a balance was read may not be in it: the mailbox hears of it after the ledger, and
where its process died in between, when the doubt is over."""
STOP = 10
"""Distinct contacts that may get the same body within an hour, whatever the owner sets."""
LOOK = 64
"""Departures that are looked at for the moment at which the share of cold fits again."""
MILLION = 1_000_000
STRIDE = 5040
"""What a message costs a source of weight 1; whole for every weight to 10."""

CREDIT = 3 * STRIDE
"""What a source may be behind by at most when it comes back."""


class Caps(Protocol):
    """The most of each, our own and what others sent from this number together. 0 is none at all."""

    @property
    def hour(self) -> int: ...
    @property
    def day(self) -> int: ...
    @property
    def recipients_hour(self) -> int: ...
    @property
    def recipients_day(self) -> int: ...
    @property
    def proactive_hour(self) -> int: ...
    @property
    def proactive_day(self) -> int: ...
    @property
    def new_hour(self) -> int: ...
    @property
    def new_day(self) -> int: ...
    @property
    def cold_ratio(self) -> float: ...
    @property
    def identical_hour(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a ledger made a move, by the clock that it was given, and the move's place among all of its moves.

    The first place is that first moment: a ledger that was forgotten and begins anew goes on from none that was used.
    """

    at_ms: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Granted:
    """It may leave, and counts. `again`: it did so already, and counts once."""

    again: bool = False
    stamp: Stamp = field(default=Stamp(), compare=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """`until_ms`: the earliest moment at which this limit could be free if nothing else happens."""

    reason: Refusal
    until_ms: int
    stamp: Stamp = field(default=Stamp(), compare=False)


@dataclass(frozen=True, slots=True)
class Room:
    """How many more unasked messages may go unanswered, by a balance read at `read_ms` of the store's clock."""

    left: int
    read_ms: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What MsgFlash counted of a number (`usageWindowSummary` of its health); None where it says nothing."""

    outbound_hour: int | None = None
    outbound_day: int | None = None
    recipients_hour: int | None = None
    recipients_day: int | None = None


@dataclass(frozen=True, slots=True)
class SourceCount:
    """`waiting`: it asked more than it got, and others leave it its share."""

    source: str
    granted: int
    waiting: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """What a ledger holds now. Used: sent and held, without the foreign. Times by the store's clock, 0 for never."""

    hour: int
    day: int
    recipients_hour: int
    recipients_day: int
    proactive_hour: int
    proactive_day: int
    new_hour: int
    new_day: int
    cold_day: int
    held: int
    foreign_hour: int
    foreign_day: int
    foreign_recipients_hour: int
    foreign_recipients_day: int
    next_at_ms: int
    rest_until_ms: int
    told_ms: int
    """When MsgFlash was last asked for its count."""
    sources: tuple[SourceCount, ...]
    """Those that asked within a day, by name."""


def millionths(ratio: float) -> int:
    """A ratio as a whole number, so that two machines never round it differently."""
    return round(ratio * MILLION)


def stride(weight: int) -> int:
    """What a message costs a source of this weight."""
    if weight < 1:
        raise ValueError(f"A source's weight must be 1 or more, not {weight}.")
    return max(1, STRIDE // weight)
