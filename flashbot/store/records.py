"""What goes into mailboxes and what comes out of them, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Literal, TypeAlias

__all__ = [
    "LISTED",
    "RUNGS",
    "Committed",
    "Done",
    "Entry",
    "Imposed",
    "Lane",
    "Later",
    "Loose",
    "Message",
    "Miss",
    "Noted",
    "Permit",
    "Posted",
    "Queue",
    "Standing",
    "Taken",
    "TimerKey",
    "Why",
]

Queue: TypeAlias = Literal["in", "reply", "drip"]
Lane: TypeAlias = Literal["reply", "drip"]

LISTED = "L"
"""The first word of an entry that was found in MsgFlash's list."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A head line of words and a body of bytes: `W <received ms> <event id>` before a webhook's raw body,
    `L …` likewise before a message that was found in MsgFlash's list, `T <due ms>` before a timer's member,
    `M <message id> …` before a request body."""

    words: tuple[str, ...]
    body: bytes

    def pack(self) -> bytes:
        return " ".join(self.words).encode() + b"\n" + self.body

    @classmethod
    def unpack(cls, stored: bytes) -> Entry:
        head, _, body = stored.partition(b"\n")
        return cls(tuple(head.decode(errors="replace").split(" ")), body)


@dataclass(frozen=True, slots=True)
class Taken:
    """A leased contact and the head of its mailbox."""

    queue: Queue
    contact: str
    epoch: int
    attempts: int
    """How often this head was taken without being settled, this time included."""
    since_ms: int
    """When the first of those attempts began, by the server's clock."""
    note: bytes
    """What the last owner left for the next one."""
    entry: bytes
    state: bytes | None
    taken_ms: int = 0
    """When this take was made, by the server's clock."""
    known: bool = False
    """Something of this contact and queue was settled before."""
    held_ms: int = 0
    """Until when this head was last held, by the server's clock; 0 for never."""
    due_ms: int = 0
    """From when on its age counts, if not from its making: what it spent behind holds is left out."""


@dataclass(frozen=True, slots=True)
class Held:
    """Messages of a lane that a take parks unseen, up to `wait_ms`: those with `words` in their entry."""

    lane: Lane
    words: bytes
    wait_ms: int
    why: str = ""
    """For the contact's story: one of `engine.reasons.Halt`."""
    ages: bool = False
    """What waits for it grows old."""


@dataclass(frozen=True, slots=True)
class TimerKey:
    """A timer of one contact. The generation tells a live timer from one that was replaced."""

    contact: str
    name: str
    generation: int

    def member(self) -> str:
        return f"{self.contact}|{self.name}|{self.generation}"

    @classmethod
    def parse(cls, member: str) -> TimerKey:
        contact, name, generation = member.split("|")
        return cls(contact, name, int(generation))


@dataclass(frozen=True, slots=True)
class Message:
    """An outgoing message on its way into the contact's lane."""

    lane: Lane
    entry: bytes


@dataclass(frozen=True, slots=True)
class Miss:
    """What a person wrote that no intent understood."""

    contact: str = field(repr=False)
    text: str = field(repr=False)
    guess: str = ""
    """The intent that came closest; empty where none did."""
    score: float = 0.0
    asked: bool = False
    """The person was asked which intent was meant."""
    chosen: str | None = None
    """Not a message but the answer to such a question about the text: the intent; empty for none of those offered."""


@dataclass(frozen=True, slots=True)
class Why:
    """A decision on its way into the contact's story: facts for JSON, never a text or a phone."""

    said: Mapping[str, object]
    about: str = ""
    """The id by which it can be found, beside its contact."""
    fold: str = ""
    """What happens again and again under one name, without a space, is one record with its first and last time and
    its count."""


@dataclass(frozen=True, slots=True)
class Imposed:
    """What is kept of an unasked message."""

    cls: str
    body: str
    """A hash."""
    instance: str


@dataclass(frozen=True, slots=True)
class Done:
    """The head is settled: this is all that it changes."""

    state: bytes | None = None
    messages: tuple[Message, ...] = ()
    set_timers: tuple[tuple[TimerKey, int], ...] = ()
    """With the due time in ms since the epoch."""
    clear_timers: tuple[TimerKey, ...] = ()
    dead: bytes = b""
    """The entry to keep as a dead letter."""
    reason: bytes = b""
    """JSON beside the dead letter: error, stack, attempts."""
    bind: str = ""
    """The vendor's id of a sent message, to be tied to `bound`."""
    bound: str = ""
    counts: tuple[str, ...] = ()
    """What its maker counts once this is written down; the store does not look at it."""
    miss: Miss | None = None
    """What was not understood, likewise for whoever commits this."""
    drops_unasked: str = ""
    """Why the contact's unasked messages that wait go, all but one that is held or may have left; empty: they stay."""
    why: Why | None = None
    ahead: bytes = b""
    """An entry to put before what waits unasked for this contact."""
    imposed: Imposed | None = None
    """An unasked message that was sent: for the histories of its contact and its number."""
    answers: Literal["", "heard", "negative"] = ""
    """The contact wrote, or wrote that they want no more: counted, where something unasked came not long before."""
    became: tuple[str, str] = ("", "")
    """The id of a broadcast's message and what became of it: "sent", "unknown", "refused" or "dropped:<reason>"."""


@dataclass(frozen=True, slots=True)
class Later:
    """The head stays; the contact waits."""

    wait_ms: int
    clean: bool = True
    """The attempts so far count for nothing (it is certain that nothing left)."""
    note: bytes = b""
    counts: tuple[str, ...] = ()
    """As of Done."""
    why: Why | None = None
    until_ms: int = 0
    """Where it waits longer: nobody gets it before this moment, by the server's clock. Six hours ahead at most."""
    due_ms: int = 0
    """From when on its age counts, if that is another moment than before; as of `Taken`."""


RUNGS = ("sent", "failed", "delivered", "read")
"""The ladder of a message's statuses, lowest first: one that failed and was delivered after all is delivered."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a message of ours has come. Times are those at which it was first told, by the store's clock."""

    message_id: str | None
    """Ours; None while MsgFlash's answer to the send is not in, and for a message of somebody else."""
    status: str | None
    """The highest of `RUNGS` so far."""
    sent: datetime | None = None
    failed: datetime | None = None
    delivered: datetime | None = None
    read: datetime | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """What a status changed, and whose message it was about."""

    moved: bool
    """It is the highest rung so far."""
    message_id: str
    """Ours; empty where the vendor's id is tied to none."""
    contact: str
    """Of that message; empty likewise."""


@dataclass(frozen=True, slots=True)
class Loose:
    """A vendor id that a status named and that no message of ours has."""

    id: str
    at_ms: int
    """When it was first named, by the store's clock."""
    instance: str | None


class Committed(Enum):
    OK = "ok"
    DONE = "done"
    """This very commit had been carried out before; its answer was lost."""
    FENCED = "fenced"
    """Somebody else owns the contact now: drop everything this turn made."""
    CLAIMED = "claimed"
    """The vendor's id to bind belongs to another message; nothing was settled."""


@dataclass(frozen=True, slots=True)
class Posted:
    new: bool
    taken: Taken | None = None
    full: bool = False
    """Nothing was stored: too many of this contact's events wait."""
    dropped: bool = False
    """The oldest that waited was made a dead letter for it."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Granted: begin now, `ms` after the slot's moment. Otherwise wait `ms` and come back for the slot; with nothing
    to wait for, the slot held was lost."""

    granted: bool
    ms: int
    slot_ms: int
    """By the server's clock; 0 when none was given."""
