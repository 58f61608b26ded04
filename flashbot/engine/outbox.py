"""From what a bot says to a request body in a contact's outgoing lane, and back.

A message's id is made from the event that caused it and its place in the turn, so a turn that runs again makes
the same messages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from pydantic_core import from_json

from flashbot.dialogue.series import Sayable
from flashbot.errors import ContentError
from flashbot.msgflash.content import Content, Text
from flashbot.msgflash.sent import body_of
from flashbot.store.records import Entry, Lane, Message
from flashbot.template import Template

__all__ = ["MessageClass", "Outgoing", "compose", "event_id_of", "lane_of"]

MessageClass: TypeAlias = Literal["reply", "service", "critical", "follow_up", "marketing", "cold"]
"""`critical` (a one-time code, an alert) would rather come twice than not; `cold` goes to whoever never wrote to us."""


class Renderer(Protocol):
    def render(self, name: str, values: Mapping[str, object]) -> str: ...


def event_id_of(key: str) -> str:
    """A short, stable name for an event: what a handler passes on as an idempotency key."""
    return hashlib.sha256(key.encode()).hexdigest()[:20]


def lane_of(cls: MessageClass) -> Lane:
    return "drip" if cls in ("follow_up", "marketing", "cold") else "reply"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as it lies in a lane."""

    id: str
    cls: MessageClass
    made_ms: int
    body: bytes
    """The whole request body of POST /messages/send."""

    @classmethod
    def unpack(cls, stored: bytes) -> Outgoing:
        entry = Entry.unpack(stored)
        _, message_id, message_class, made_ms = entry.words
        kind: Any = message_class
        return cls(message_id, kind, int(made_ms), entry.body)

    def pack(self) -> bytes:
        return Entry(("M", self.id, self.cls, str(self.made_ms)), self.body).pack()

    def fields(self) -> dict[str, Any]:
        """The request body, read."""
        found: dict[str, Any] = from_json(self.body)
        return found


def compose(
    said: Sayable,
    values: Mapping[str, object],
    *,
    message_id: str,
    cls: MessageClass,
    instance: str | None,
    to: str,
    made_ms: int,
    templates: Renderer,
) -> Message:
    """Render and check one message. Raises ContentError or TemplateError, before anything is committed."""
    if not instance:
        raise ContentError(
            "It is not known which number this message leaves from: set FLASHBOT_INSTANCE_ID to the id of an "
            "instance (flashbot instances list shows them)."
        )
    if not (to.startswith("+") and to[1:].isdigit()):
        raise ContentError(
            "MsgFlash sends to phone numbers only; this conversation has none (a group or a hidden number)."
        )
    content: Content
    if isinstance(said, str):
        content = Text(said)
    elif isinstance(said, Template):
        content = Text(templates.render(said.name, values))
    else:
        content = said
    body = body_of(instance, to, content)
    return Message(lane_of(cls), Outgoing(message_id, cls, made_ms, body).pack())
