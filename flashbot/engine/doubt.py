"""A send that got no answer: was it sent? What is known about it, and what to do next, as pure decisions.

The protocol: park the contact's lane, read the message list twice, then act by the class of the message.
A resend is written down before it is made, so a crash in the middle cannot make a second one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from pydantic_core import from_json, to_json

from flashbot.clock import from_ms
from flashbot.engine.outbox import MessageClass, lane_of
from flashbot.engine.patience import Patience

__all__ = ["SKEW", "Doubt", "Row", "Step", "alike", "judge", "known_of", "looked", "resending", "window_start"]

SKEW = timedelta(minutes=1)
"""What MsgFlash's clock and the store's may still lie apart after their difference was taken out."""
RESENDS = 1
"""After a silence: a second one may mean that MsgFlash takes it and does not say so."""
REVIVALS = 5
"""Where nothing but deaths happened, which say nothing of MsgFlash; not for ever, should the message be what kills."""
FAILED_LOOKS = 20
"""Looks that could not be made before the message is given up as unknown."""
STRANGERS = 50
"""Vendor ids that were asked after and are not this message, as many as are remembered."""
JUMPED_BACK = timedelta(minutes=15)
"""How far back the window goes when the store's clock has run backwards since: nobody waits longer for a look."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What the owners of one outgoing message tell each other through its note."""

    parked: bool = False
    """A live owner saw the request fail (rather than dying)."""
    looks: int = 0
    """Clean ones since the latest attempt."""
    failed_looks: int = 0
    past_looks: int = 0
    """Clean ones of former attempts."""
    resent: int = 0
    """Times it was sent again after MsgFlash had kept silent."""
    revived: int = 0
    """Times it was sent again because its owner had died."""
    forbidden: int = 0
    """How often it was refused as forbidden while others may have got through."""
    first_ms: int = 0
    """When the very first attempt began, kept across a resend."""
    due_ms: int = 0
    """When the next look is due, by the store's clock; 0 before the first owner has looked after it."""
    strangers: tuple[str, ...] = ()

    @classmethod
    def load(cls, note: bytes) -> Doubt:
        found = from_json(note) if note else {}
        known = {field.name: found[field.name] for field in fields(cls) if field.name in found}
        return cls(**{**known, "strangers": tuple(known.get("strangers", ()))})

    def dump(self) -> bytes:
        known = {name: getattr(self, name) for name in self.__slots__ if getattr(self, name)}
        return to_json(known) if known else b""

    @property
    def again(self) -> bool:
        """It is about to be sent a second time, or was."""
        return bool(self.resent or self.revived)


class Step(Enum):
    WAIT = "wait, then look again"
    RESEND = "send it again"
    SENT = "count it as sent"
    UNKNOWN = "stop: nobody can tell"


def judge(doubt: Doubt, cls: MessageClass, *, age: timedelta, patience: Patience) -> tuple[Step, float]:
    """What to do with an ambiguous message that no look has found so far, and the seconds to wait first."""
    if doubt.failed_looks >= FAILED_LOOKS:
        return Step.UNKNOWN, 0
    if doubt.looks == 0:
        return Step.WAIT, patience.first_look
    if cls == "critical" and not doubt.again:
        return Step.RESEND, 0
    if doubt.looks == 1:
        return Step.WAIT, patience.second_look if doubt.parked else patience.second_look_after_crash
    if lane_of(cls) == "drip":
        return Step.SENT, 0
    was_silent = doubt.parked or doubt.resent > 0
    used_up = doubt.resent + doubt.revived >= (RESENDS if was_silent else REVIVALS)
    if used_up or cls == "critical" or age.total_seconds() > patience.answer_age:
        return Step.UNKNOWN, 0
    return Step.RESEND, 0


def looked(doubt: Doubt) -> Doubt:
    return replace(doubt, looks=doubt.looks + 1)


def resending(doubt: Doubt) -> Doubt:
    """As it is written down before the message is sent again; its age counts from the new attempt."""
    anew = replace(doubt, looks=0, past_looks=doubt.past_looks + doubt.looks, parked=False, due_ms=0)
    if doubt.parked:
        return replace(anew, resent=doubt.resent + 1)
    return replace(anew, revived=doubt.revived + 1)


def known_of(doubt: Doubt) -> str:
    """All that is known of a message that ends as unknown, in one sentence."""
    looks, again = doubt.past_looks + doubt.looks, doubt.resent + doubt.revived
    known = [
        f"first tried {from_ms(doubt.first_ms):%Y-%m-%d %H:%M:%S} UTC",
        f"sent again {_times(again)}" if again else "not sent again",
    ]
    if looks:
        known.append(f"looked for {_times(looks)} in MsgFlash's list and not found")
    if doubt.failed_looks:
        known.append(f"{_times(doubt.failed_looks)} the list could not be read")
    return f"There was no answer, and nobody can tell whether this message was sent: {', '.join(known)}."


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


@dataclass(frozen=True, slots=True)
class Row:
    """A message as MsgFlash shows it."""

    id: str
    to: str | None
    instance: str | None
    type: str | None
    body: str | None
    media_url: str | None
    outbound: bool
    created: datetime | None
    """By the store's clock: whoever reads it takes the difference to MsgFlash's out."""
    template: str | None = None
    """The id of the vendor's template that it was made from, where that is told."""


def window_start(first_ms: int, now_ms: int) -> datetime:
    """The earliest that a row may have been made, both by the store's clock, which may have run backwards."""
    if now_ms < first_ms:
        return from_ms(now_ms) - JUMPED_BACK - SKEW
    return from_ms(first_ms) - SKEW


def alike(request: dict[str, Any], rows: Sequence[Row], *, since: datetime) -> list[Row]:
    """The rows that may be this request's, oldest first: same sender, recipient, kind and content, in the window.

    The window has no end: a row is there before a look can find it, and in its lane nothing of ours comes after it.
    """
    # Of two with the same time, the one further down a list of the newest is the older: sorting keeps their order.
    found = [row for row in reversed(rows) if _fits(request, row, since)]
    return sorted(found, key=lambda row: row.created or since)


def _fits(request: dict[str, Any], row: Row, since: datetime) -> bool:
    if not row.outbound or (row.created is not None and row.created < since):
        return False
    if row.instance not in (None, request.get("instanceId")) or _digits(row.to) != _digits(request.get("to")):
        return False
    return _same_content(request, row)


def _same_content(request: dict[str, Any], row: Row) -> bool:
    if "templateId" in request:
        # The vendor rendered it: sender, recipient and window must do.
        return row.template in (None, request["templateId"])
    if row.type is not None and row.type != request.get("type"):
        return False
    if request.get("mediaUrl") is not None:
        return bool(row.media_url == request["mediaUrl"])
    if request.get("type") == "text":
        return bool(row.body == request.get("text"))
    return True


def _digits(phone: object) -> str:
    return "".join(filter(str.isdigit, str(phone or "")))
