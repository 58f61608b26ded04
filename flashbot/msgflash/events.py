"""What MsgFlash tells: a webhook body becomes one frozen event, or UnreadableEvent.

Knows no HTTP, signature or store. `message.received` is documented nowhere: reading is tolerant of shape
(flat, nested in `data`, a raw provider record) and strict about types: better a dead letter than a message
read wrongly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from pydantic_core import from_json

from flashbot.errors import UnreadableEvent
from flashbot.msgflash.fields import JsonObject, group_of, moment_of, party_of, word_of
from flashbot.msgflash.inbound_content import substance_of
from flashbot.msgflash.inbound_envelope import Chat, envelope_of

__all__ = [
    "Chat",
    "Connected",
    "Delivered",
    "Disconnected",
    "Event",
    "Failed",
    "Read",
    "Received",
    "Sent",
    "StatusEvent",
    "Unknown",
    "parse",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened at MsgFlash. `at` is when, with a zone; `raw` is the whole body."""

    name: str
    instance: str | None = None
    at: datetime | None = None
    raw: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)
    digest: str = field(default="", compare=False, repr=False)
    """SHA-256 of the raw body, where no id tells two deliveries apart."""

    @property
    def contact(self) -> str | None:
        """Whose mailbox it belongs in: a phone, a group's id, or None when it is about no contact."""
        return None

    @property
    def key(self) -> str:
        """Equal for every delivery of the same event."""
        return f"sha256:{self.digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Event):
    """A message in a chat of ours.

    `sender` is "+" and digits, or "lid:" and digits for a privacy id without a phone. For `own`
    messages (typed on the phone itself, or sent by us) to a person it is that person: bodies seldom name us.
    """

    message_id: str | None = None
    provider_id: str | None = None
    sender: str = field(repr=False)
    text: str = field(default="", repr=False)
    kind: str = "text"
    media_url: str | None = field(default=None, repr=False)
    choice: str | None = None
    display_name: str | None = field(default=None, repr=False)
    chat: Chat = "person"
    group: str | None = field(default=None, repr=False)
    own: bool = False
    latitude: float | None = field(default=None, repr=False)
    longitude: float | None = field(default=None, repr=False)

    @property
    def contact(self) -> str | None:
        return self.group or self.sender

    @property
    def key(self) -> str:
        known = self.message_id or self.provider_id
        return f"{self.name}|{known}|" if known else f"sha256:{self.digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEvent(Event):
    """A message of ours moved on. `to` is a phone or a group's id."""

    message_id: str | None = None
    provider_id: str | None = None
    to: str | None = field(default=None, repr=False)
    status: str = ""
    error: str | None = field(default=None, repr=False)

    @property
    def contact(self) -> str | None:
        return self.to

    @property
    def key(self) -> str:
        return f"{self.name}|{self.message_id or self.provider_id}|{self.status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent(StatusEvent):
    """Handed to WhatsApp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(StatusEvent):
    """On the person's device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(StatusEvent):
    """Opened by the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(StatusEvent):
    """Will not arrive; `error` is the vendor's free text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected(Event):
    """The instance is linked to WhatsApp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected(Event):
    """The instance lost its link; nothing leaves from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Event):
    """Well formed, under a name we do not know or in a state that says nothing yet."""


STATUS_EVENTS: dict[str, type[StatusEvent]] = {
    "message.sent": Sent,
    "message.delivered": Delivered,
    "message.read": Read,
    "message.failed": Failed,
}
LINK_EVENTS: dict[str, type[Connected] | type[Disconnected]] = {
    "instance.connected": Connected,
    "instance.disconnected": Disconnected,
}
# The provider's acknowledgements, and the connection states, as the vendor's event names.
ACKNOWLEDGEMENTS = {
    "SERVER_ACK": "message.sent",
    "DELIVERY_ACK": "message.delivered",
    "READ": "message.read",
    "PLAYED": "message.read",
    "ERROR": "message.failed",
}
LINK_STATES = {
    "open": "instance.connected",
    "close": "instance.disconnected",
    "refused": "instance.disconnected",
}
RECEIVED = "message.received"
UPSERT = "messages.upsert"
UPDATE = "messages.update"
LINK = "connection.update"
KNOWN = frozenset({RECEIVED, UPSERT, UPDATE, LINK, *STATUS_EVENTS, *LINK_EVENTS})


def parse(body: bytes, header_event: str | None = None) -> Event:
    """Read one webhook body; `header_event` names the event when the body does not.

    Raises UnreadableEvent, and nothing else, for whatever bytes; its sentence quotes nothing from the body.

    >>> event = parse(b'{"event":"message.received","instanceId":"i-1","from":"+2250700000001","body":"Bonjour"}')
    >>> event.sender, event.text
    ('+2250700000001', 'Bonjour')
    """
    try:
        top = from_json(body, allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        raise UnreadableEvent("The body is no valid JSON, or nests or counts beyond all measure.") from None
    if not isinstance(top, dict):
        raise UnreadableEvent("The body is JSON but no object.")
    name = top.get("event") or header_event
    if not isinstance(name, str) or not name:
        raise UnreadableEvent("The body names no event.")
    if name not in KNOWN:
        # The provider also writes MESSAGES_UPSERT.
        name = folded if (folded := name.lower().replace("_", ".")) in KNOWN else name
    nested = _nested(top)
    if name in (RECEIVED, UPSERT):
        event: Event = _received(top, nested, body)
    elif name in STATUS_EVENTS:
        event = _status(name, top, nested)
    elif name == UPDATE:
        event = _acknowledged(top, nested, body)
    else:
        event = _other(name, top, nested, body)
    if b"\\u0000" in body:
        _refuse_nul(event)
    return event


def _nested(top: JsonObject) -> JsonObject | None:
    """The object under `data`: itself, or the only element of a list."""
    data = top.get("data")
    if data is None:
        return None
    if isinstance(data, list):
        if len(data) != 1:
            raise UnreadableEvent("`data` is a list that does not hold exactly one record.")
        data = data[0]
    if not isinstance(data, dict):
        raise UnreadableEvent("`data` is no object.")
    return data


def _instance(top: JsonObject, nested: JsonObject | None) -> str | None:
    # On top it is the vendor's; inside a provider record `instanceId` is the provider's own id.
    return (
        word_of(top, "instanceId")
        or (word_of(nested, "instanceId") if nested and "key" not in nested and "keyId" not in nested else None)
        or word_of(top, "instance")
        or (word_of(nested, "instance") if nested else None)
    )


def _received(top: JsonObject, nested: JsonObject | None, body: bytes) -> Received:
    letter, at, message_id, provider_id, sender, display_name, chat, group, own = envelope_of(top, nested)
    kind, text, media_url, choice, latitude, longitude = substance_of(letter)
    return Received(
        name=RECEIVED,
        instance=_instance(top, nested),
        at=at,
        raw=top,
        digest="" if message_id or provider_id else sha256(body).hexdigest(),
        message_id=message_id,
        provider_id=provider_id,
        sender=sender,
        text=text,
        kind=kind,
        media_url=media_url,
        choice=choice,
        display_name=display_name,
        chat=chat,
        group=group,
        own=own,
        latitude=latitude,
        longitude=longitude,
    )


def _status(name: str, top: JsonObject, nested: JsonObject | None) -> StatusEvent:
    found = top if nested is None else {**top, **nested}
    key = found.get("key")
    place = key if isinstance(key, dict) else found
    message_id: str | None
    if place is key or "keyId" in found:
        message_id = word_of(top, "messageId")  # any other is the provider's
        provider_id = word_of(top, "providerMessageId") or word_of(found, "keyId") or word_of(place, "id")
    else:
        message_id = word_of(found, "messageId") or word_of(nested or top, "id")
        provider_id = word_of(found, "providerMessageId")
    if not (message_id or provider_id):
        raise UnreadableEvent("A status event names no message.")
    to = word_of(found, "to") or word_of(place, "remoteJid")
    status = word_of(found, "status")
    return STATUS_EVENTS[name](
        name=name,
        instance=_instance(top, nested),
        at=moment_of(found.get("timestamp")) or moment_of(found.get("updatedAt")),
        raw=top,
        message_id=message_id,
        provider_id=provider_id,
        to=group_of(to) or party_of(to, word_of(place, "remoteJidAlt")),
        status=name[8:] if status is None or status in ACKNOWLEDGEMENTS else status.lower(),
        error=_error(found),
    )


def _error(found: JsonObject) -> str | None:
    for name in ("error", "errorMessage", "reason"):
        value = found.get(name)
        if isinstance(value, dict):
            value = value.get("message") or value.get("code")
        if value and isinstance(value, str):
            return value
    return None


def _acknowledged(top: JsonObject, nested: JsonObject | None, body: bytes) -> Event:
    record = top if nested is None else nested
    key = record.get("key")
    name = ACKNOWLEDGEMENTS.get(word_of(record, "status") or "")
    inbound = record.get("fromMe") is False or (isinstance(key, dict) and key.get("fromMe") is False)
    if name is None or inbound:
        return _other(UPDATE, top, nested, body)
    return _status(name, top, nested)


def _other(name: str, top: JsonObject, nested: JsonObject | None, body: bytes) -> Event:
    if name == LINK:
        name = LINK_STATES.get(word_of(top if nested is None else nested, "state") or "", LINK)
    cls: type[Event] = LINK_EVENTS.get(name, Unknown)
    found = top if nested is None else {**top, **nested}
    return cls(
        name=name,
        instance=_instance(top, nested),
        at=moment_of(found.get("timestamp")),
        raw=top,
        digest=sha256(body).hexdigest(),
    )


def _refuse_nul(event: Event) -> None:
    for name in (
        "name",
        "instance",
        "message_id",
        "provider_id",
        "sender",
        "text",
        "media_url",
        "choice",
        "group",
        "to",
    ):
        value = getattr(event, name, None)
        if isinstance(value, str) and "\x00" in value:
            raise UnreadableEvent(f"The event's {name} contains a NUL character.")
