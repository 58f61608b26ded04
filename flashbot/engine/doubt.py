"""A send that got no answer: was it sent? What is known about it, and what to do next, as pure decisions.

The protocol: park the contact's lane, read the message list twice, then act by the class of the message.
A resend is written down before it is made, so a crash in the middle cannot make a second one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from pydantic_core import from_json, to_json

from flashbot.engine.outbox import MessageClass
from flashbot.engine.patience import Patience

__all__ = ["SKEW", "Doubt", "Row", "Step", "find", "judge"]

SKEW = timedelta(minutes=1)
"""How far MsgFlash's clock and the store's may lie apart."""
RESENDS = 1
"""After a silence: a second one may mean that MsgFlash takes it and does not say so."""
REVIVALS = 5
"""After a death, which says nothing of MsgFlash; still not for ever, should the message be what kills."""
FAILED_LOOKS = 20
"""Looks that could not be made before the message is given up as unknown."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What the owners of one outgoing message tell each other through its note."""

    parked: bool = False
    """A live owner saw the request fail (rather than dying)."""
    looks: int = 0
    failed_looks: int = 0
    resent: int = 0
    """Times it was sent again after MsgFlash had kept silent."""
    revived: int = 0
    """Times it was sent again because its owner had died."""
    refusals: int = 0
    """How often it certainly was not sent, for the back-off."""
    first_ms: int = 0
    """When the very first attempt began, kept across a resend."""

    @classmethod
    def load(cls, note: bytes) -> Doubt:
        return cls(**from_json(note)) if note else cls()

    def dump(self) -> bytes:
        known = {name: getattr(self, name) for name in self.__slots__ if getattr(self, name)}
        return to_json(known) if known else b""


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
    if doubt.looks == 1:
        return Step.WAIT, patience.second_look if doubt.parked else patience.second_look_after_crash
    if cls in ("follow_up", "marketing"):
        return Step.SENT, 0
    used_up = doubt.resent >= RESENDS if doubt.parked else doubt.revived >= REVIVALS
    if used_up or age.total_seconds() > patience.answer_age:
        return Step.UNKNOWN, 0
    return Step.RESEND, 0


@dataclass(frozen=True, slots=True)
class Row:
    """A message as the list shows it."""

    id: str
    to: str | None
    instance: str | None
    type: str | None
    body: str | None
    media_url: str | None
    outbound: bool
    created: datetime | None


def find(fields: dict[str, Any], rows: Iterable[Row], *, since: datetime, bound: set[str]) -> Row | None:
    """The row that is this request's: same sender, recipient, kind and content, in the window, and nobody's."""
    for row in reversed(list(rows)):  # oldest first
        if not row.outbound or row.id in bound:
            continue
        if row.created is not None and row.created < since - SKEW:
            continue
        if row.instance not in (None, fields.get("instanceId")) or _digits(row.to) != _digits(fields.get("to")):
            continue
        if _same_content(fields, row):
            return row
    return None


def _same_content(fields: dict[str, Any], row: Row) -> bool:
    if "templateId" in fields:
        return True  # the vendor rendered it: sender, recipient and window must do
    if row.type is not None and row.type != fields.get("type"):
        return False
    if fields.get("mediaUrl") is not None:
        return bool(row.media_url == fields["mediaUrl"])
    if fields.get("type") == "text":
        return bool(row.body == fields.get("text"))
    return True


def _digits(phone: object) -> str:
    return "".join(filter(str.isdigit, str(phone or "")))


def resending(doubt: Doubt) -> Doubt:
    """As it is written down before the message is sent again; its age counts from the new attempt."""
    if doubt.parked:
        return replace(doubt, resent=doubt.resent + 1, looks=0, parked=False)
    return replace(doubt, revived=doubt.revived + 1, looks=0)


def looked(doubt: Doubt) -> Doubt:
    return replace(doubt, looks=doubt.looks + 1)


def look_failed(doubt: Doubt) -> Doubt:
    return replace(doubt, failed_looks=doubt.failed_looks + 1)
