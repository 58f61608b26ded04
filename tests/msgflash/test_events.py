from __future__ import annotations

import json
import pickle
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from flashbot.errors import UnreadableEvent
from flashbot.msgflash.events import (
    Connected,
    Delivered,
    Disconnected,
    Event,
    Failed,
    Read,
    Received,
    Sent,
    StatusEvent,
    Unknown,
    parse,
)

AT = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
SECONDS = int(AT.timestamp())
PHONE = "+33612345678"
JID = "33612345678@s.whatsapp.net"
LID = "99887766554433@lid"
GROUP = "120363000000000000@g.us"


def read(body: object, **more: Any) -> Any:
    return parse(json.dumps(body).encode(), **more)


def flat(**fields: object) -> dict[str, object]:
    return {
        "event": "message.received",
        "instanceId": "inst-1",
        "messageId": "msg-1",
        "providerMessageId": "BAE5F00D",
        "from": PHONE,
        "type": "text",
        "body": "hello",
        "pushName": "Ana",
        "timestamp": "2026-05-01T10:00:00.000Z",
        **fields,
    }


def record(message: object = None, key: dict[str, object] | None = None, **fields: object) -> dict[str, object]:
    return {
        "key": {"remoteJid": JID, "fromMe": False, "id": "BAE5F00D", **(key or {})},
        "pushName": "Ana",
        "message": {"conversation": "hello"} if message is None else message,
        "messageTimestamp": SECONDS,
        "instanceId": "the provider's own",
        **fields,
    }


def raw(message: object = None, key: dict[str, object] | None = None, **fields: object) -> dict[str, object]:
    return {"event": "messages.upsert", "instance": "inst-1", "data": record(message, key, **fields)}


def test_the_same_message_in_every_shape_is_the_same_event() -> None:
    nested = flat()
    outer = {"event": nested.pop("event"), "data": nested}
    shapes = [
        flat(),
        outer,
        {"event": "message.received", "instanceId": "inst-1", "messageId": "msg-1", "data": record()},
        {"event": "message.received", "instanceId": "inst-1", "messageId": "msg-1", **record()}
        | {"instanceId": "inst-1"},
        {**raw(), "messageId": "msg-1"},
        {**raw(), "messageId": "msg-1", "data": [record()]},
        {**raw(), "messageId": "msg-1", "event": "MESSAGES_UPSERT"},
    ]

    events = [read(shape) for shape in shapes]

    assert events == [events[0]] * len(events)
    assert len({hash(event) for event in events}) == 1
    assert events[0] == Received(
        name="message.received",
        instance="inst-1",
        at=AT,
        message_id="msg-1",
        provider_id="BAE5F00D",
        sender=PHONE,
        text="hello",
        kind="text",
        display_name="Ana",
    )
    assert [event.raw for event in events] == shapes


def test_a_received_message_belongs_to_its_sender_and_is_known_by_its_id() -> None:
    event = read(flat())

    assert event.contact == PHONE
    assert event.key == "message.received|msg-1|"
    assert read(flat(messageId=None)).key == "message.received|BAE5F00D|"


def test_without_any_id_the_raw_body_is_the_key() -> None:
    body = json.dumps(flat(messageId=None, providerMessageId=None)).encode()

    assert parse(body).key == f"sha256:{sha256(body).hexdigest()}"


@pytest.mark.parametrize(
    "spelling",
    [
        PHONE,
        "33612345678",
        33612345678,
        "0033612345678",
        "+33 6 12 34 56 78",
        "+33-6.12.34(56)78",
        JID,
        "33612345678:7@s.whatsapp.net",
        "33612345678@c.us",
    ],
)
def test_a_phone_in_any_spelling_is_e164(spelling: object) -> None:
    assert read(flat(**{"from": spelling})).sender == PHONE


@pytest.mark.parametrize(
    "sender",
    [
        None,
        "",
        "Ana",
        "+",
        "0612345678",
        "123",
        "1" * 16,
        "@",
        "@s.whatsapp.net",
        "١٢٣٤٥٦٧",
        "x@lid",
        [],
        {},
        True,
        1.5,
        "6" * 300,
    ],
)
def test_a_received_event_without_a_sender_is_unreadable(sender: object) -> None:
    with pytest.raises(UnreadableEvent):
        read(flat(**{"from": sender}))


def test_a_privacy_id_gives_way_to_the_phone_beside_it() -> None:
    assert read(raw(key={"remoteJid": LID, "remoteJidAlt": JID})).sender == PHONE
    assert read(raw(key={"remoteJid": JID, "remoteJidAlt": LID})).sender == PHONE
    assert read(raw(key={"remoteJid": LID, "senderPn": JID})).sender == PHONE
    assert read(flat(**{"from": LID, "remoteJidAlt": JID})).sender == PHONE


def test_a_privacy_id_alone_is_kept_as_one() -> None:
    assert read(raw(key={"remoteJid": LID})).sender == "lid:99887766554433"
    assert read(flat(**{"from": "99887766554433:3@lid"})).contact == "lid:99887766554433"


def test_a_groups_message_belongs_to_the_group() -> None:
    for body in (
        raw(key={"remoteJid": GROUP, "participant": JID}),
        raw(key={"remoteJid": GROUP, "participant": LID, "participantAlt": JID}),
        raw(key={"remoteJid": GROUP}, participant=JID),
        flat(**{"from": GROUP, "participant": JID}),
        flat(remoteJid=GROUP),
        flat(groupId=GROUP, isGroup=True),
    ):
        event = read(body)
        assert (event.chat, event.group, event.sender, event.contact) == ("group", GROUP, PHONE, GROUP)


def test_a_groups_message_without_member_or_group_is_unreadable() -> None:
    for body in (raw(key={"remoteJid": GROUP}), flat(**{"from": GROUP}), flat(isGroup=True)):
        with pytest.raises(UnreadableEvent):
            read(body)


def test_a_status_broadcast_is_no_chat_with_a_person() -> None:
    for body in (
        raw(key={"remoteJid": "status@broadcast", "participant": JID}),
        flat(remoteJid="status@broadcast"),
        flat(**{"from": "status@broadcast", "participant": JID}),
    ):
        event = read(body)
        assert (event.chat, event.group, event.sender) == ("broadcast", None, PHONE)


def test_an_own_message_belongs_to_the_person_it_was_written_to() -> None:
    for body in (
        raw(key={"fromMe": True}),
        flat(**{"from": "+33700000000", "to": PHONE, "fromMe": True}),
        flat(**{"from": "+33700000000", "to": PHONE, "direction": "outbound"}),
        flat(**{"from": None, "to": None, "remoteJid": JID, "fromMe": True}),
    ):
        event = read(body)
        assert (event.own, event.contact, event.display_name) == (True, PHONE, None)


def test_an_own_message_in_a_group_belongs_to_the_group() -> None:
    event = read(raw(key={"remoteJid": GROUP, "fromMe": True}))

    assert (event.own, event.contact, event.sender) == (True, GROUP, GROUP)


MEDIA = {"url": "https://mmg.whatsapp.net/x.enc", "mimetype": "x/y"}
STORED = "https://store.example/x"
MESSAGES: list[tuple[dict[str, object], dict[str, object]]] = [
    ({"conversation": "hi", "messageContextInfo": {}}, {"kind": "text", "text": "hi"}),
    ({"extendedTextMessage": {"text": "hi"}}, {"kind": "text", "text": "hi"}),
    ({"imageMessage": {**MEDIA, "caption": "look"}}, {"kind": "image", "text": "look", "media_url": None}),
    ({"imageMessage": MEDIA, "mediaUrl": STORED}, {"kind": "image", "text": "", "media_url": STORED}),
    ({"videoMessage": MEDIA, "mediaUrl": STORED}, {"kind": "video", "media_url": STORED}),
    ({"audioMessage": {**MEDIA, "ptt": False}}, {"kind": "audio"}),
    ({"audioMessage": {**MEDIA, "ptt": True}}, {"kind": "voice_note"}),
    (
        {"documentMessage": {**MEDIA, "fileName": "a.pdf", "caption": "bill"}},
        {"kind": "document", "text": "bill"},
    ),
    ({"stickerMessage": MEDIA}, {"kind": "sticker"}),
    (
        {"locationMessage": {"degreesLatitude": 48.85, "degreesLongitude": 2}},
        {"kind": "location", "latitude": 48.85, "longitude": 2.0},
    ),
    (
        {"liveLocationMessage": {"degreesLatitude": 1, "degreesLongitude": 2, "caption": "c"}},
        {"kind": "location", "text": "c"},
    ),
    ({"contactMessage": {"displayName": "Bo", "vcard": "…"}}, {"kind": "contact", "text": ""}),
    ({"contactsArrayMessage": {"contacts": []}}, {"kind": "contact"}),
    (
        {"buttonsResponseMessage": {"selectedButtonId": "yes", "selectedDisplayText": "Yes"}},
        {"kind": "buttons_reply", "text": "Yes", "choice": "yes"},
    ),
    (
        {
            "templateButtonReplyMessage": {
                "selectedId": "yes",
                "selectedDisplayText": "Yes",
                "selectedIndex": 0,
            }
        },
        {"kind": "buttons_reply", "text": "Yes", "choice": "yes"},
    ),
    (
        {"listResponseMessage": {"title": "Blue", "singleSelectReply": {"selectedRowId": "b"}}},
        {"kind": "buttons_reply", "text": "Blue", "choice": "b"},
    ),
    (
        {
            "interactiveResponseMessage": {
                "body": {"text": "Yes"},
                "nativeFlowResponseMessage": {
                    "name": "quick_reply",
                    "paramsJson": '{"id":"yes"}',
                    "version": 3,
                },
            }
        },
        {"kind": "buttons_reply", "text": "Yes", "choice": "yes"},
    ),
    ({"reactionMessage": {"key": {"id": "X"}, "text": "👍"}}, {"kind": "reaction", "text": "👍"}),
    ({"pollCreationMessage": {"name": "?"}}, {"kind": "unknown", "text": ""}),
    ({}, {"kind": "unknown"}),
]
WRAPPERS = ["ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "documentWithCaptionMessage"]


@pytest.mark.parametrize(
    ("message", "expected"), MESSAGES, ids=[next(iter(message), "empty") for message, _ in MESSAGES]
)
@pytest.mark.parametrize("wrapper", [None, *WRAPPERS])
def test_each_provider_message_is_read(
    message: dict[str, object], expected: dict[str, object], wrapper: str | None
) -> None:
    event = read(raw(message if wrapper is None else {wrapper: {"message": message}}))

    assert {name: getattr(event, name) for name in expected} == expected


def test_a_record_without_content_is_still_a_message() -> None:
    event = read(raw() | {"data": record() | {"message": None}})

    assert (event.kind, event.sender) == ("unknown", PHONE)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"body": None, "text": "hi"}, {"text": "hi"}),
        ({"body": None, "message": "hi"}, {"text": "hi"}),
        ({"type": None}, {"kind": "text"}),
        (
            {"type": "IMAGE", "body": "look", "mediaUrl": STORED},
            {"kind": "image", "text": "look", "media_url": STORED},
        ),
        ({"type": "voice_note", "body": None, "mediaUrl": STORED}, {"kind": "voice_note", "text": ""}),
        ({"type": "imageMessage", "body": None, "caption": "look"}, {"kind": "image", "text": "look"}),
        (
            {"type": "location", "latitude": 1.5, "longitude": 2},
            {"kind": "location", "latitude": 1.5, "longitude": 2.0},
        ),
        (
            {"type": None, "body": None, "location": {"latitude": 1, "longitude": 2}},
            {"kind": "location", "latitude": 1.0},
        ),
        (
            {"type": "buttons_reply", "body": "Yes", "buttonId": "yes"},
            {"kind": "buttons_reply", "choice": "yes"},
        ),
        (
            {"type": "text", "body": "Yes", "buttonId": "yes"},
            {"kind": "buttons_reply", "choice": "yes", "text": "Yes"},
        ),
        (
            {"type": "list_reply", "body": None, "selectedRowId": "b"},
            {"kind": "buttons_reply", "choice": "b"},
        ),
        ({"type": "hologram", "body": "hi"}, {"kind": "unknown", "text": "hi"}),
        ({"message": {"conversation": "hi"}}, {"kind": "text", "text": "hi"}),
    ],
)
def test_each_flat_message_is_read(fields: dict[str, object], expected: dict[str, object]) -> None:
    event = read(flat(**fields))

    assert {name: getattr(event, name) for name in expected} == expected


@pytest.mark.parametrize(
    "moment",
    [
        "2026-05-01T10:00:00.000Z",
        "2026-05-01T12:00:00+02:00",
        "2026-05-01T10:00:00",
        SECONDS,
        SECONDS * 1000,
        SECONDS * 1_000_000,
        str(SECONDS),
        float(SECONDS),
        {"low": SECONDS, "high": 0, "unsigned": True},
    ],
)
def test_a_moment_in_any_spelling_has_a_zone(moment: object) -> None:
    assert read(flat(timestamp=moment)).at == AT
    assert read(flat(timestamp=moment)).at.utcoffset().total_seconds() == 0


@pytest.mark.parametrize(
    "moment",
    [None, "", "soon", True, -5, 0, [], 10**40, "9" * 400, "0001-01-01T00:00:00+14:00", {"low": "x"}, "²"],
)
def test_an_unreadable_moment_loses_only_the_moment(moment: object) -> None:
    event = read(flat(timestamp=moment))

    assert event.at is None
    assert event.text == "hello"


def test_an_infinite_moment_ends() -> None:
    body = json.dumps(flat(timestamp=7)).replace(": 7", ": 1e999").encode()

    assert parse(body).at is None


def status(event: str, **fields: object) -> dict[str, object]:
    return {
        "event": event,
        "instanceId": "inst-1",
        "messageId": "msg-1",
        "providerMessageId": "BAE5F00D",
        "to": PHONE,
        "status": event.partition(".")[2],
        "timestamp": "2026-05-01T10:00:00.000Z",
        **fields,
    }


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("message.sent", Sent),
        ("message.delivered", Delivered),
        ("message.read", Read),
        ("message.failed", Failed),
    ],
)
def test_status_events_are_read_flat_and_nested(name: str, cls: type[StatusEvent]) -> None:
    body = status(name)
    nested = {"event": name, "data": {key: value for key, value in body.items() if key != "event"}}

    event = read(body)

    assert type(event) is cls
    assert event == read(nested)
    assert (event.instance, event.at, event.contact) == ("inst-1", AT, PHONE)
    assert event.key == f"{name}|msg-1|{name.partition('.')[2]}"


def test_the_nested_sketch_of_the_vendor_is_enough() -> None:
    event = read({"event": "message.delivered", "data": {"messageId": "msg-1", "status": "delivered"}})

    assert event == Delivered(name="message.delivered", message_id="msg-1", status="delivered")
    assert event.contact is None


@pytest.mark.parametrize("error", ["no such number", {"message": "no such number"}, {"code": "no such number"}])
def test_a_failure_says_why(error: object) -> None:
    assert read(status("message.failed", error=error)).error == "no such number"


@pytest.mark.parametrize(
    ("acknowledged", "cls"),
    [("SERVER_ACK", Sent), ("DELIVERY_ACK", Delivered), ("READ", Read), ("PLAYED", Read), ("ERROR", Failed)],
)
def test_a_providers_acknowledgement_is_a_status_event(acknowledged: str, cls: type[StatusEvent]) -> None:
    update = {
        "keyId": "BAE5F00D",
        "remoteJid": JID,
        "fromMe": True,
        "status": acknowledged,
        "instanceId": "the provider's own",
        "messageId": "the provider's own",
    }

    event = read({"event": "messages.update", "instance": "inst-1", "data": update})

    assert type(event) is cls
    assert (event.instance, event.message_id, event.provider_id, event.to) == (
        "inst-1",
        None,
        "BAE5F00D",
        PHONE,
    )
    assert event.status == event.name.partition(".")[2]
    assert event.key == f"{event.name}|BAE5F00D|{event.status}"


def test_an_acknowledgement_that_says_nothing_of_ours_is_unknown() -> None:
    pending = {"keyId": "X", "remoteJid": JID, "fromMe": True, "status": "PENDING"}
    theirs = {"keyId": "X", "remoteJid": JID, "fromMe": False, "status": "READ"}

    for update in (pending, theirs):
        assert type(read({"event": "messages.update", "data": update})) is Unknown


def test_a_status_event_without_a_message_is_unreadable() -> None:
    with pytest.raises(UnreadableEvent):
        read({"event": "message.read", "to": PHONE})


@pytest.mark.parametrize(
    ("body", "cls"),
    [
        ({"event": "instance.connected", "instanceId": "inst-1"}, Connected),
        ({"event": "instance.disconnected", "data": {"instanceId": "inst-1"}}, Disconnected),
        ({"event": "connection.update", "instance": "inst-1", "data": {"state": "open"}}, Connected),
        ({"event": "connection.update", "data": {"instance": "inst-1", "state": "close"}}, Disconnected),
        ({"event": "connection.update", "instance": "inst-1", "state": "refused"}, Disconnected),
        ({"event": "connection.update", "instance": "inst-1", "state": "connecting"}, Unknown),
        ({"event": "contact.born", "instanceId": "inst-1", "anything": [1, 2]}, Unknown),
    ],
)
def test_events_about_the_instance_and_unknown_ones(body: dict[str, object], cls: type[Event]) -> None:
    event = read(body)

    assert type(event) is cls
    assert (event.instance, event.contact) == ("inst-1", None)
    assert event.key == f"sha256:{sha256(json.dumps(body).encode()).hexdigest()}"


def test_the_header_names_the_event_only_when_the_body_does_not() -> None:
    body = flat()
    del body["event"]

    assert read(body, header_event="message.received").text == "hello"
    assert type(read(status("message.read"), header_event="message.received")) is Read
    with pytest.raises(UnreadableEvent):
        read(body)


UNREADABLE = {
    "nothing": b"",
    "no json": b"{",
    "a list": b"[]",
    "a number": b"1",
    "not utf-8": b'{"event":"\xff"}',
    "half a surrogate": b'{"event":"\\ud800"}',
    "nan": b'{"event":"x","a":NaN}',
    "a number without end": b'{"event":"x","a":' + b"9" * 5000 + b"}",
    "deep": b'{"event":"x","a":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "a raw nul": b'{"event":"x\x00"}',
    "event of another type": b'{"event":5}',
    "data of another type": b'{"event":"message.received","data":"x"}',
    "two records at once": b'{"event":"message.received","data":[{},{}]}',
    "nul in the text": json.dumps(flat(body="a\x00b")).encode(),
    "nul in an id": json.dumps(flat(messageId="a\x00b")).encode(),
    "body of another type": json.dumps(flat(body=["secret words"])).encode(),
    "type of another type": json.dumps(flat(type=["x"])).encode(),
    "id of another type": json.dumps(flat(messageId={"a": 1})).encode(),
    "id too long": json.dumps(flat(messageId="a" * 300)).encode(),
    "instance of another type": json.dumps(flat(instanceId=[])).encode(),
    "from me of another type": json.dumps(flat(fromMe="yes")).encode(),
    "latitude of another type": json.dumps(flat(type="location", latitude=[], longitude=1)).encode(),
    "latitude beyond the pole": json.dumps(flat(type="location", latitude=91, longitude=1)).encode(),
    "latitude huge": json.dumps(flat(type="location", latitude=10**400, longitude=1)).encode(),
    "message of another type": json.dumps(raw({"imageMessage": "x"})).encode(),
    "conversation of another type": json.dumps(raw({"conversation": {}})).encode(),
    "params that are no json": json.dumps(
        raw({"interactiveResponseMessage": {"nativeFlowResponseMessage": {"paramsJson": "{"}}})
    ).encode(),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_says_so_in_a_sentence_that_quotes_nothing(body: bytes) -> None:
    with pytest.raises(UnreadableEvent) as caught:
        parse(body)

    said = str(caught.value)
    assert said.endswith(".")
    assert not any(private in said for private in ("hello", "secret", "612345678", "Ana", "msg-1"))


def test_wrapping_without_end_is_unreadable() -> None:
    message: dict[str, object] = {"conversation": "hi"}
    for _ in range(12):
        message = {"ephemeralMessage": {"message": message}}

    with pytest.raises(UnreadableEvent):
        read(raw(message))


def test_a_nul_elsewhere_or_its_mere_spelling_does_no_harm() -> None:
    assert read(flat(note="a\x00b")).text == "hello"
    assert read(flat(body="\\u0000")).text == "\\u0000"


def test_events_are_frozen_picklable_and_shy() -> None:
    event = read(flat())

    with pytest.raises(FrozenInstanceError):
        event.text = "changed"
    assert pickle.loads(pickle.dumps(event)) == event  # noqa: S301 - our own bytes
    assert not any(private in repr(event) for private in ("hello", "612345678", "Ana"))
