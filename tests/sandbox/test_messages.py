"""Sending, scheduling, listing: reference 6."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flashbot.sandbox.world import DEMO_INSTANCE

ADA = "+33611111111"
UNKNOWN = "99999999-9999-4999-8999-999999999999"
REPLY = {"type": "reply", "displayText": "Yes", "id": "yes"}


def buttons(*items: object, **fields: object) -> dict[str, object]:
    return {
        "type": "buttons",
        "title": "Sure?",
        "description": "Please choose",
        "buttons": list(items),
        **fields,
    }


def test_a_sent_text_is_answered_with_the_queued_message(api: Any) -> None:
    status, message = api.send(text="Bonjour 👋")

    assert status == 201
    assert message == {
        "id": message["id"],
        "userId": message["userId"],
        "instanceId": DEMO_INSTANCE,
        "contactId": None,
        "campaignId": None,
        "direction": "outbound",
        "type": "text",
        "from": None,
        "to": ADA,
        "body": "Bonjour 👋",
        "mediaUrl": None,
        "status": "queued",
        "error": None,
        "meta": {},
        "providerMessageId": None,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T09:00:00.000Z",
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "text", "text": "x" * 4096},
        {"type": "image", "mediaUrl": "https://example.com/a.png", "text": "caption"},
        {"type": "video", "mediaUrl": "https://example.com/a.mp4"},
        {"type": "audio", "mediaUrl": "https://example.com/a.mp3"},
        {"type": "voice_note", "mediaUrl": "https://example.com/a.ogg"},
        {"type": "document", "mediaUrl": "https://example.com/a.pdf", "text": "bill"},
        {"type": "location", "latitude": 48.85, "longitude": 2},
        buttons(REPLY),
        buttons({"title": "reply", "displayText": "Yes", "id": "yes"}),
        buttons({"title": "url", "type": "url", "displayText": "See", "url": "https://example.com"}, footer="f"),
        buttons({"type": "copy", "displayText": "Code", "copyCode": "X1"}),
        buttons({"type": "call", "displayText": "Call", "phoneNumber": ADA}),
        buttons(
            {
                "type": "pix",
                "displayText": "Pay",
                "currency": "BRL",
                "name": "n",
                "keyType": "cpf",
                "key": "k",
            }
        ),
    ],
)
def test_every_documented_type_is_accepted(api: Any, fields: dict[str, object]) -> None:
    status, message = api.send(**fields)

    assert status == 201
    assert message["type"] == fields["type"]


@pytest.mark.parametrize(
    "fields",
    [
        {"instanceId": "demo"},
        {"instanceId": None},
        {"to": None},
        {"to": 33611111111},
        {"to": "33611111111"},
        {"to": "+33 6 11 11 11 11"},
        {"text": ""},
        {"text": None},
        {"text": 12},
        {"text": "x" * 4097},
        {"type": "poem"},
        {"type": 3},
        {"type": "text", "text": "both", "templateId": UNKNOWN},
        {"type": None, "templateId": None},
        {"templateId": "welcome"},
        {"type": "image"},
        {"type": "image", "mediaUrl": "a.png"},
        {"type": "image", "mediaUrl": "file:///etc/hosts"},
        {"type": "location", "latitude": 91, "longitude": 2},
        {"type": "location", "latitude": "48", "longitude": 2},
        {"type": "location", "latitude": True, "longitude": 2},
        {"type": "location", "latitude": float("nan"), "longitude": 2},
        {"type": "contact"},
        {"type": "contact", "contactId": "ada"},
        buttons(),
        buttons(REPLY, REPLY, REPLY),
        buttons("yes"),
        buttons({"type": "reply", "displayText": "Yes"}),
        buttons({"type": "reply", "title": "url", "displayText": "Yes", "id": "yes"}),
        buttons({"type": "dance", "displayText": "Yes"}),
        buttons({"type": "reply", "displayText": "x" * 51, "id": "yes"}),
        buttons({"type": "pix", "displayText": "P", "currency": "B", "name": "n", "keyType": "z", "key": "k"}),
        buttons(REPLY, title=None),
        buttons(REPLY, description=""),
    ],
)
def test_a_body_against_the_schema_is_a_validation_error_and_sends_nothing(api: Any, fields: dict[str, object]) -> None:
    answer = api.send(**fields)

    assert answer == (400, "VALIDATION_ERROR")
    assert api.world.sent == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff"])
def test_a_body_that_is_no_json_object_is_a_validation_error(api: Any, body: bytes) -> None:
    assert api.call("POST", "/messages/send", body) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("to", ["+0611111111", "+123456", "+1234567890123456"])
def test_a_number_that_cannot_exist_is_an_invalid_destination(api: Any, to: str) -> None:
    assert api.send(to=to) == (422, "INVALID_DESTINATION")


@pytest.mark.parametrize(
    "fields", [{"instanceId": UNKNOWN}, {"contactId": UNKNOWN}, {"type": "contact", "contactId": UNKNOWN}]
)
def test_what_a_send_names_but_does_not_exist_is_not_found(api: Any, fields: dict[str, object]) -> None:
    assert api.send(**fields) == (404, "NOT_FOUND")


def test_buttons_need_a_business_number(api: Any) -> None:
    plain = api.world.add_instance("plain", "+33600000002", business=False)

    assert api.send(instanceId=plain, **buttons(REPLY)) == (403, "UNSUPPORTED_FEATURE")
    assert api.send(instanceId=plain)[0] == 201


def test_a_person_hears_buttons_cards_and_places_in_order(api: Any) -> None:
    bob = api.world.add_contact("Bob", "+33622222222")

    api.send(**buttons({"title": "reply", "displayText": "Yes", "id": "yes"}))
    api.send(type="contact", contactId=bob)
    api.send(type="location", latitude=1, longitude=2, locationName="Shop")
    api.send(to="+33633333333")

    heard = api.world.heard(ADA)
    assert heard[0]["buttons"] == [REPLY]
    assert heard[1]["card"] == {"name": "Bob", "phone": "+33622222222"}
    assert (heard[2]["latitude"], heard[2]["locationName"]) == (1.0, "Shop")
    assert len(api.world.sent) == 4


def test_mixed_buttons_are_accepted_with_a_warning(api: Any) -> None:
    status, message = api.send(**buttons(REPLY, {"type": "url", "displayText": "See", "url": "https://example.com"}))

    assert status == 201
    assert len(message["warnings"]) == 1


def test_statuses_follow_the_clock_and_reach_get(api: Any) -> None:
    sent = api.send()[1]
    seen = []

    for seconds in (0.05, 0.05, 0.2, 0.7):
        api.wait(seconds)
        seen.append(api.call("GET", f"/messages/{sent['id']}")[1])

    assert [row["status"] for row in seen] == ["queued", "sent", "delivered", "read"]
    assert seen[0]["providerMessageId"] is None
    assert len(seen[1]["providerMessageId"]) == 16
    assert seen[3]["updatedAt"] == "2026-01-05T09:00:01.000Z"
    assert seen[3]["meta"]["workerSafety"]["decision"] == "allow"


@pytest.mark.parametrize(("statuses", "last"), [(False, "queued"), (None, "queued"), ((0.1,), "sent")])
def test_statuses_can_be_stopped(make: Any, statuses: Any, last: str) -> None:
    api = make(statuses=statuses)

    api.send()
    api.wait(60)

    assert api.world.heard(ADA)[0]["status"] == last


def test_a_message_from_a_disconnected_number_becomes_failed(api: Any) -> None:
    api.world.set_status(DEMO_INSTANCE, "disconnected")

    status, _ = api.send()
    api.wait(5)

    assert status == 201
    assert api.world.sent[0]["status"] == "failed"
    assert api.world.sent[0]["error"]


def test_a_scheduled_message_leaves_at_its_time_and_not_before(api: Any) -> None:
    fields = {"instanceId": DEMO_INSTANCE, "to": ADA, "type": "text", "text": "later"}

    status, row = api.call("POST", "/messages/schedule", {**fields, "scheduledAt": "2026-01-05T10:00:00Z"})
    api.wait(3599)
    before = api.world.heard(ADA)[0]["status"]
    api.wait(1.1)

    assert (status, row["status"], before) == (201, "queued", "queued")
    assert api.world.heard(ADA)[0]["status"] == "sent"


def test_a_scheduled_message_fails_if_its_number_is_away_by_then(api: Any) -> None:
    fields = {"instanceId": DEMO_INSTANCE, "to": ADA, "type": "text", "text": "later"}
    api.call("POST", "/messages/schedule", {**fields, "scheduledAt": "2026-01-05T10:00:00Z"})

    api.world.set_status(DEMO_INSTANCE, "disconnected")
    api.wait(3601)

    assert api.world.heard(ADA)[0]["status"] == "failed"


@pytest.mark.parametrize("moment", ["2020-01-01T00:00:00.000Z", "2020-01-01"])
def test_a_past_schedule_leaves_at_once(api: Any, moment: str) -> None:
    fields = {"instanceId": DEMO_INSTANCE, "to": ADA, "type": "text", "text": "now"}

    api.call("POST", "/messages/schedule", {**fields, "scheduledAt": moment})
    api.wait(0.1)

    assert api.world.heard(ADA)[0]["status"] == "sent"


@pytest.mark.parametrize("moment", [None, 12, "tomorrow", ""])
def test_a_schedule_without_a_readable_time_is_refused(api: Any, moment: object) -> None:
    fields = {"instanceId": DEMO_INSTANCE, "to": ADA, "type": "text", "text": "now", "scheduledAt": moment}

    assert api.call("POST", "/messages/schedule", fields) == (400, "VALIDATION_ERROR")


def test_the_list_pages_newest_first_without_gaps_while_new_rows_arrive(api: Any) -> None:
    for number in range(5):
        api.send(text=str(number))
    bodies, query = [], {"limit": "2"}

    while True:
        page = api.call("GET", "/messages", query=query)[1]
        bodies += [row["body"] for row in page["messages"]]
        api.send(text="new")
        if not page["hasMore"]:
            break
        query = {"limit": "2", "cursor": page["nextCursor"]}

    assert bodies == ["4", "3", "2", "1", "0"]
    assert page["nextCursor"] is None


def test_the_list_filters_by_instance_and_status_and_shows_inbound_rows(api: Any) -> None:
    other = api.world.add_instance("other", "+33600000002")
    api.send()
    api.send(instanceId=other)
    api.world.says(ADA, "hi", instance=other)
    api.wait(0.1)

    def listed(**query: str) -> list[tuple[str, str]]:
        rows = api.call("GET", "/messages", query=query)[1]["messages"]
        return [(row["direction"], row["status"]) for row in rows]

    assert listed(instanceId=other) == [("inbound", "received"), ("outbound", "sent")]
    assert listed(status="sent") == [("outbound", "sent")] * 2
    assert listed(status="failed") == []
    assert listed(instanceId=UNKNOWN) == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "x"},
        {"cursor": UNKNOWN},
        {"instanceId": "x"},
        {"status": "x"},
    ],
)
def test_a_wrong_query_is_a_validation_error(api: Any, query: dict[str, str]) -> None:
    assert api.call("GET", "/messages", query=query) == (400, "VALIDATION_ERROR")


def test_only_the_newest_messages_are_kept(make: Any) -> None:
    api = make(keep=100)
    first = api.send()[1]["id"]
    for number in range(500):
        api.send(text=str(number))
        api.world.says("+33622222222", str(number))

    assert api.call("GET", f"/messages/{first}") == (404, "NOT_FOUND")
    assert api.world.counts()["messages"] == 100
    assert [row["body"] for row in api.world.sent] == [str(number) for number in range(450, 500)]
    assert [row["body"] for row in api.world.heard(ADA, after=499)] == ["498", "499"]
    assert api.world.heard_count(ADA) == 501


def test_observers_see_every_message_as_it_is_recorded(api: Any) -> None:
    seen: list[object] = []
    api.world.on_message.append(lambda row: seen.append((row["direction"], row["body"])))

    api.world.says(ADA, "hi")
    api.send(text="hello")

    assert seen == [("inbound", "hi"), ("outbound", "hello")]


def test_the_same_seed_gives_the_same_ids(make: Any) -> None:
    assert make().send()[1]["id"] == make().send()[1]["id"]


def test_next_due_names_the_next_status_then_nothing(make: Any) -> None:
    api = make(statuses=(0.1,))
    start = api.clock.now()
    api.send()

    assert api.world.next_due() == start + timedelta(seconds=0.1)
    api.wait(1)
    assert api.events() == []
    assert api.world.next_due() is None
