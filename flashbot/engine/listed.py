"""What rows of MsgFlash's message list mean to catch-up: which came in, as what event, and whether the list is of use.

Pure: rows and what is known in, values out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from pydantic_core import to_json

from flashbot.clock import from_ms
from flashbot.errors import UnreadableEvent
from flashbot.msgflash.events import RECEIVED, Received, parse
from flashbot.msgflash.models import Message
from flashbot.store.passes import Heard

__all__ = ["Found", "Shows", "Sifted", "Unreadable", "came_in", "sift"]

OUTGOING = frozenset({"outbound", "outgoing", "out", "sent"})
SEAT = ("remoteJid", "remoteJidAlt", "participant", "participantAlt", "groupId", "isGroup", "fromMe")
"""What may put a message elsewhere than into its writer's own chat, should `meta` hold it."""
NOT_OURS = frozenset({"event", "data", "key", "message"})
"""Fields that would make a row look like a webhook of another shape."""


class Shows(Enum):
    """What the list is good for, going by messages that came as webhooks meanwhile."""

    UNKNOWN = ""
    """None came that it could be compared with."""
    ALL = "all"
    NOTHING = "nothing"
    """No incoming message, though some came."""
    STRANGERS = "strangers"
    """Incoming messages, but none of those that came: its ids are others."""


@dataclass(frozen=True, slots=True)
class Found:
    """An incoming message, as a webhook's body in the flat shape would have told it."""

    event: Received
    contact: str
    body: bytes
    keys: tuple[str, ...]
    """Under which its webhook may be known, for either of its ids."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    keys: tuple[str, ...]
    body: bytes
    why: str


@dataclass(frozen=True, slots=True)
class Sifted:
    shows: Shows
    found: tuple[Found, ...]
    """Oldest first."""
    answered: tuple[Found, ...]
    """They too may be new to the store, and were answered before it forgot everything."""
    unreadable: tuple[Unreadable, ...]
    young: bool
    """Some incoming messages are so young that their webhook may be on its way."""
    mark: datetime | None
    """The newest row that is old enough, by MsgFlash's clock: the next pass goes on from there."""


def sift(
    rows: Sequence[Message],
    *,
    now: datetime,
    floor: datetime,
    settled: timedelta,
    heard: Sequence[Heard],
    forgot: bool = False,
) -> Sifted:
    """`rows` come newest first; those before `floor` or younger than `settled` are left, as are those without a time.

    `forgot`: nobody knows any more what was answered, so whoever was written to afterwards counts as answered.
    """
    latest = now - settled
    incoming = [row for row in rows if came_in(row)]
    found: list[Found] = []
    answered: list[Found] = []
    written_to = _written_to(rows) if forgot else {}
    unreadable: list[Unreadable] = []
    for row in reversed(incoming):
        if row.created_at is None or not floor <= row.created_at <= latest:
            continue
        read = _read(row)
        if isinstance(read, Found):
            replied = written_to.get(_digits(row.sender))
            (answered if replied and replied >= row.created_at else found).append(read)
        else:
            unreadable.append(read)
    # Stable: of two with the same time, the one further down the list is the older.
    found.sort(key=lambda one: one.event.at or now)
    return Sifted(
        _shows(incoming, heard, floor, latest),
        tuple(found),
        tuple(answered),
        tuple(unreadable),
        any(row.created_at is not None and row.created_at > latest for row in incoming),
        max((row.created_at for row in rows if row.created_at and row.created_at <= latest), default=None),
    )


def came_in(row: Message) -> bool:
    """Only "outbound" is documented as a direction, and left out of some samples (api-reference/messages)."""
    if row.direction is not None:
        return row.direction.lower() not in OUTGOING
    return (row.status or "").lower() == "received"


def _shows(incoming: Sequence[Message], heard: Iterable[Heard], since: datetime, until: datetime) -> Shows:
    listed = {word for row in incoming for word in (row.id, row.provider_message_id)}
    if any(not listed.isdisjoint(one.ids) for one in heard):
        return Shows.ALL
    if not any(since <= from_ms(one.at_ms) <= until for one in heard):
        return Shows.UNKNOWN
    return Shows.STRANGERS if incoming else Shows.NOTHING


def _read(row: Message) -> Found | Unreadable:
    body = _body(row)
    keys = tuple(f"{RECEIVED}|{one}|" for one in (row.id, row.provider_message_id) if one)
    try:
        event = parse(body)
    except UnreadableEvent as fault:
        return Unreadable(keys, body, str(fault))
    if not isinstance(event, Received) or event.contact is None:
        return Unreadable(keys, body, "It is no received message.")
    return Found(event, event.contact, body, keys)


def _body(row: Message) -> bytes:
    meta = row.meta or {}
    key = meta.get("key")
    seat = {**(key if isinstance(key, dict) else {}), **meta}
    more = {name: value for name, value in (row.model_extra or {}).items() if name not in NOT_OURS}
    fields = {
        **{name: seat[name] for name in SEAT if name in seat},
        **more,
        "event": RECEIVED,
        "instanceId": row.instance_id,
        "messageId": row.id,
        "providerMessageId": row.provider_message_id,
        "from": row.sender,
        "to": row.to,
        "type": row.type,
        "body": row.body,
        "mediaUrl": row.media_url,
        "timestamp": None if row.created_at is None else row.created_at.isoformat(),
    }
    return to_json({name: value for name, value in fields.items() if value is not None})


def _written_to(rows: Iterable[Message]) -> dict[str, datetime]:
    """When each person was written to for the last time."""
    found: dict[str, datetime] = {}
    for row in rows:
        if row.created_at is not None and not came_in(row):
            who = _digits(row.to)
            found[who] = max(row.created_at, found.get(who, row.created_at))
    return found


def _digits(phone: str | None) -> str:
    return "".join(filter(str.isdigit, phone or ""))
