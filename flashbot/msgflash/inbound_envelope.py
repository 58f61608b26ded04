"""Who wrote, in which chat, when, under which ids: of an inbound message in any of its three shapes.

Nothing about what was written: that is inbound_content.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from flashbot.errors import UnreadableEvent
from flashbot.msgflash.fields import JsonObject, group_of, moment_of, party_of, phone_of, truth_of, word_of

__all__ = ["Chat", "Envelope", "envelope_of"]

Chat = Literal["person", "group", "broadcast"]
OUTBOUND = ("outbound", "outgoing")
SAYS_MORE = frozenset({"groupId", "isGroup", "remoteJid"})
"""Flat keys that may put the message elsewhere than in the sender's own chat."""
MASS_DOMAINS = ("@broadcast", "@newsletter")


class Envelope(NamedTuple):
    """`letter` holds the content: the provider record, or the flat keys."""

    letter: JsonObject
    at: datetime | None
    message_id: str | None
    provider_id: str | None
    sender: str
    display_name: str | None
    chat: Chat
    group: str | None
    own: bool


def envelope_of(top: JsonObject, nested: JsonObject | None) -> Envelope:
    """Raises UnreadableEvent when nobody can be named as the sender."""
    outer = top if nested is None else nested
    for record in (outer, outer.get("message")):
        if isinstance(record, dict) and isinstance(record.get("key"), dict):
            return _of_record(top, record)
    return _of_flat(top if nested is None else {**top, **nested}, outer)


def _of_flat(found: JsonObject, inner: JsonObject) -> Envelope:
    own = truth_of(found, "fromMe") or found.get("direction") in OUTBOUND
    written_by = word_of(found, "from") or word_of(found, "sender")
    place = (word_of(found, "to") if own else None) or written_by
    sender = phone_of(place) if place else None
    chat: Chat = "person"
    group = None
    if sender is None or not SAYS_MORE.isdisjoint(found):
        jid = word_of(found, "remoteJid")
        group = word_of(found, "groupId") or group_of(jid) or group_of(place)
        if group is None and truth_of(found, "isGroup"):
            raise UnreadableEvent("A group's message names no group.")
        chat, group, sender = _seat(
            group or (jid if jid and (place is None or jid.endswith(MASS_DOMAINS)) else place),
            word_of(found, "remoteJidAlt"),
            word_of(found, "participant") or word_of(found, "author") or written_by,
            word_of(found, "participantAlt"),
            own=own,
            group=group,
        )
    return Envelope(
        found,
        moment_of(found.get("timestamp")) or moment_of(found.get("createdAt")),
        # On top of a nested body a bare `id` may be the delivery's.
        word_of(found, "messageId") or word_of(inner, "id"),
        word_of(found, "providerMessageId"),
        sender,
        None if own else _name(found),
        chat,
        group,
        own,
    )


def _of_record(top: JsonObject, record: JsonObject) -> Envelope:
    key: JsonObject = record["key"]
    own = truth_of(key, "fromMe")
    place = word_of(key, "remoteJid")
    chat, group, sender = _seat(
        place,
        word_of(key, "remoteJidAlt") or word_of(key, "senderPn"),
        word_of(key, "participant") or word_of(record, "participant"),
        word_of(key, "participantAlt") or word_of(key, "participantPn"),
        own=own,
        group=group_of(place),
    )
    return Envelope(
        record,
        moment_of(record.get("messageTimestamp")) or moment_of(top.get("timestamp")),
        # Any other message id in a provider record is the provider's.
        word_of(top, "messageId"),
        word_of(top, "providerMessageId") or word_of(key, "id"),
        sender,
        None if own else _name(record),
        chat,
        group,
        own,
    )


def _seat(
    place: str | None,
    place_too: str | None,
    member: str | None,
    member_too: str | None,
    *,
    own: bool,
    group: str | None,
) -> tuple[Chat, str | None, str]:
    """The kind of chat, its group, and who wrote."""
    chat: Chat = "person"
    if group is not None:
        chat = "group"
        sender = party_of(member, member_too)
    elif place and place.endswith(MASS_DOMAINS):
        chat = "broadcast"
        sender = party_of(member, member_too, place_too)
    else:
        sender = party_of(place, place_too)
    if sender is None and own and chat != "person":
        sender = place
    if sender is None:
        raise UnreadableEvent("A received message names no sender that can be read.")
    return chat, group, sender


def _name(found: JsonObject) -> str | None:
    for name in ("pushName", "senderName", "displayName"):
        value = found.get(name)
        if value and isinstance(value, str):
            return value
    return None
