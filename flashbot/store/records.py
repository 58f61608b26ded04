"""What goes into mailboxes and what comes out of them, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

__all__ = ["Committed", "Done", "Entry", "Lane", "Later", "Message", "Permit", "Posted", "Queue", "Taken", "TimerKey"]

Queue: TypeAlias = Literal["in", "reply", "drip"]
Lane: TypeAlias = Literal["reply", "drip"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A head line of words and a body of bytes: `W <received ms> <event id>` before a webhook's raw body,
    `T <due ms>` before a timer's member, `M <message id> …` before a request body."""

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


@dataclass(frozen=True, slots=True)
class Later:
    """The head stays; the contact waits."""

    wait_ms: int
    clean: bool = True
    """The attempts so far count for nothing (it is certain that nothing left)."""
    note: bytes = b""


class Committed(Enum):
    OK = "ok"
    DONE = "done"
    """This very commit had been carried out before; its answer was lost."""
    FENCED = "fenced"
    """Somebody else owns the contact now: drop everything this turn made."""


@dataclass(frozen=True, slots=True)
class Posted:
    new: bool
    taken: Taken | None = None


@dataclass(frozen=True, slots=True)
class Permit:
    """Granted: begin now, `ms` after the slot's moment. Otherwise wait `ms` and come back for the slot; with nothing
    to wait for, the slot held was lost."""

    granted: bool
    ms: int
    slot_ms: int
    """By the server's clock; 0 when none was given."""
