from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashbot.errors import UnreadableEvent
from flashbot.msgflash.events import KNOWN, Event, Received, StatusEvent, parse
from flashbot.msgflash.fields import phone_of
from flashbot.msgflash.inbound_content import CHOICES, READERS, WRAPPERS

KEYS = st.sampled_from(
    [
        "event", "instance", "instanceId", "data", "key", "message", "messageId", "id",
        "providerMessageId", "from", "sender", "to", "body", "text", "caption", "type", "messageType",
        "mediaUrl", "timestamp", "messageTimestamp", "createdAt", "remoteJid", "remoteJidAlt",
        "participant", "participantAlt", "author", "fromMe", "direction", "groupId", "isGroup",
        "pushName", "status", "keyId", "state", "error", "latitude", "longitude", "location",
        "degreesLatitude", "degreesLongitude", "paramsJson", "nativeFlowResponseMessage",
        "singleSelectReply", "conversation", "ptt", "url", *CHOICES, *READERS, *WRAPPERS,
    ]
)  # fmt: skip
WORDS = st.sampled_from(
    [
        "33612345678@s.whatsapp.net", "+33612345678", "1@lid", "12036@g.us", "status@broadcast",
        "@g.us", "@lid", "", "text", "image", "location", "DELIVERY_ACK", "open",
        "2026-05-01T10:00:00Z", "{}", '{"id":1}', "outbound", "9999-12-31T23:59:59-14:00", *KNOWN,
    ]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | WORDS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=6),
    max_leaves=25,
)
# A busy machine draws slowly; that says nothing about the parser.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
BODIES = st.dictionaries(KEYS, JSON, max_size=10)


def harmless(body: bytes, header: str | None = None) -> Event | None:
    try:
        event = parse(body, header)
    except UnreadableEvent:
        return None
    assert isinstance(event.key, str)
    assert event.contact is None or isinstance(event.contact, str)
    assert event.at is None or event.at.tzinfo is not None
    hash(event)
    repr(event)
    return event


@PATIENT
@given(st.binary())
def test_any_bytes_are_an_event_or_unreadable(body: bytes) -> None:
    harmless(body)


@settings(PATIENT, max_examples=250)
@given(BODIES, st.sampled_from(sorted(KNOWN)))
def test_any_json_under_a_known_name_is_an_event_or_unreadable(body: dict[str, object], name: str) -> None:
    event = harmless(json.dumps({**body, "event": name}).encode())

    if isinstance(event, Received):
        assert event.sender
        assert isinstance(event.text, str)
        assert event.contact == (event.group or event.sender)
    if isinstance(event, StatusEvent):
        assert event.message_id or event.provider_id


@settings(PATIENT, max_examples=150)
@given(JSON, st.none() | st.text())
def test_any_json_under_any_header_is_an_event_or_unreadable(body: object, header: str | None) -> None:
    harmless(json.dumps(body).encode(), header)


@settings(PATIENT, max_examples=150)
@given(st.dictionaries(KEYS, JSON, max_size=3), st.integers(0, 400), st.binary(min_size=1, max_size=3))
def test_a_damaged_body_is_an_event_or_unreadable(body: dict[str, object], place: int, damage: bytes) -> None:
    whole = json.dumps({"event": "message.received", "from": "+33612345678", **body}).encode()

    harmless(whole[:place] + damage + whole[place + 1 :])


@PATIENT
@given(st.text(min_size=1))
def test_a_phone_is_a_plus_and_digits_or_nothing(word: str) -> None:
    phone = phone_of(word)

    assert phone is None or (phone[0] == "+" and phone[1:].isascii() and phone[1:].isdigit() and 6 <= len(phone) <= 16)
