"""From what a bot says to a request body in a contact's outgoing lane, and back.

A message's id is made from the event that caused it and its place in the turn, so a turn that runs again makes
the same messages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias
from urllib.parse import quote, unquote

from pydantic_core import from_json

from flashbot.consent import MARKETING
from flashbot.dialogue.series import Sayable
from flashbot.errors import ContentError, TemplateError
from flashbot.msgflash.content import Content, Text
from flashbot.msgflash.sent import body_of
from flashbot.store.records import Entry, Lane, Message
from flashbot.template import Template
from flashbot.templating.languages import of_phone

if TYPE_CHECKING:
    from flashbot.templating.source import Source

__all__ = ["MessageClass", "Outgoing", "Person", "Renderer", "class_of", "compose", "event_id_of", "home_of", "lane_of"]

MessageClass: TypeAlias = Literal["reply", "service", "critical", "follow_up", "marketing", "cold"]
"""`critical` (a one-time code, an alert) would rather come twice than not; `cold` goes to whoever never wrote to us."""


PROMOTIONAL = ("marketing", "cold")
UNASKED = ("follow_up", *PROMOTIONAL)


class Renderer(Protocol):
    """The templates of a bot. Both raise TemplateError."""

    def find(self, name: str, language: str | None = None) -> Source:
        """The file that serves this language."""

    def content(self, name: str, values: Mapping[str, object], *, language: str | None = None) -> Content:
        """What is sent: the text, or the picture with its caption."""


@dataclass(frozen=True, slots=True)
class Person:
    """To whom a message goes, as templates know them. `language` is asked only where a template needs it."""

    phone: str
    name: str = ""
    language: Callable[[], str | None] = lambda: None
    opted_out: bool = False
    """For good: who is only asked whether they meant to may answer no, and the gates know to wait."""

    @property
    def fields(self) -> dict[str, object]:
        """MsgFlash's `contact.*`. Without a name its paths are missing, so that a template's fallbacks stand in.

        How MsgFlash cuts `firstName` out of a name is not documented; the first word is the likeliest.
        """
        words = self.name.split()
        return {"phone": self.phone, **({"name": self.name, "firstName": words[0]} if words else {})}


def home_of(phone: str, own: str | None) -> str | None:
    """The language of somebody of whom only the number is known: their country's, else the bot's own."""
    return of_phone(phone) or own


def event_id_of(key: str) -> str:
    """A short, stable name for an event: what a handler passes on as an idempotency key."""
    return hashlib.sha256(key.encode()).hexdigest()[:20]


def lane_of(cls: MessageClass) -> Lane:
    return "drip" if cls in UNASKED else "reply"


def class_of(asked: MessageClass, declared: str | None) -> MessageClass:
    """What a message is, given what its template's header says: that can make it less privileged, never more.

    Nothing makes a drip's message a reply. An answer to a person is promotion only where the template says so
    (`marketing`, `cold`): the text of a follow-up is an answer to whoever has just asked for it. What answers nobody is
    whatever the template says it is.
    """
    if declared == "marketing":
        return "marketing"
    if declared == "cold":
        return "cold"
    if declared == "follow_up" and asked in ("service", "critical"):
        return "follow_up"
    return asked


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as it lies in a lane."""

    id: str
    cls: MessageClass
    made_ms: int
    body: bytes
    """The whole request body of POST /messages/send."""
    source: str = ""
    """The drip or broadcast that it belongs to."""
    purpose: str = MARKETING
    """What its recipient must have agreed to, where it needs consent."""
    send_before_ms: int | None = None

    @classmethod
    def unpack(cls, stored: bytes) -> Outgoing:
        """What a newer flashbot wrote of it beside this is passed over. Raises ValueError."""
        entry = Entry.unpack(stored)
        _, message_id, message_class, made_ms, *more = entry.words
        kind: Any = message_class
        if not more:
            return cls(message_id, kind, int(made_ms), entry.body)
        known = dict(word.split("=", 1) for word in more if "=" in word)
        before = known.get("before")
        return cls(
            message_id, kind, int(made_ms), entry.body,
            unquote(known.get("source", "")), unquote(known.get("purpose", MARKETING)), int(before) if before else None,
        )  # fmt: skip

    def pack(self) -> bytes:
        """An older flashbot beside this one reads only what has no such words."""
        more = []
        if self.source:
            more.append(f"source={quote(self.source)}")
        if self.purpose != MARKETING:
            more.append(f"purpose={quote(self.purpose)}")
        if self.send_before_ms is not None:
            more.append(f"before={self.send_before_ms}")
        return Entry(("M", self.id, self.cls, str(self.made_ms), *more), self.body).pack()

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
    to: Person,
    made_ms: int,
    templates: Renderer,
    purpose: str = MARKETING,
    source: str = "",
    send_before_ms: int | None = None,
) -> Message | None:
    """Render and check one message; None for a promotion to somebody who opted out of them.

    Raises ContentError or TemplateError, before anything is committed.
    """
    if not instance:
        raise ContentError(
            "It is not known which number this message leaves from: set FLASHBOT_INSTANCE_ID to the id of an "
            "instance (flashbot instances list shows them)."
        )
    if not (to.phone.startswith("+") and to.phone[1:].isdigit()):
        raise ContentError(
            "MsgFlash sends to phone numbers only; this conversation has none (a group or a hidden number)."
        )
    content: Content
    if isinstance(said, str):
        content = Text(said)
    elif isinstance(said, Template):
        language = to.language()
        file = templates.find(said.name, language)
        cls = class_of(cls, file.header.cls)
        if cls in PROMOTIONAL and to.opted_out:
            return None
        try:
            content = templates.content(said.name, _filled(said.filled(values), to), language=language)
        except ContentError as fault:  # which knows no template
            raise TemplateError(f'Template "{said.name}" ({file.file}) cannot be sent so: {fault}') from fault
    else:
        content = said
    body = body_of(instance, to.phone, content)
    return Message(lane_of(cls), Outgoing(message_id, cls, made_ms, body, source, purpose, send_before_ms).pack())


def _filled(values: Mapping[str, object], to: Person) -> dict[str, object]:
    """With the person; a value named `contact` is laid over what is known of them."""
    contact = values.get("contact")
    return {**values, "contact": {**to.fields, **(contact if isinstance(contact, Mapping) else {})}}
