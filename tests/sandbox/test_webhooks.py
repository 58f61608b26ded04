"""Webhook endpoints, signatures, shapes and retries: reference 16."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest

from flashbot.sandbox.world import DEMO_INSTANCE, Backoff

ADA = "+33611111111"
URL = "http://bot/hook"
STATUS_EVENTS = ["message.sent", "message.delivered", "message.read"]


def test_the_secret_is_shown_at_creation_and_never_again(api: Any) -> None:
    status, made = api.call("POST", "/webhooks", {"url": URL, "events": STATUS_EVENTS})
    listed = api.call("GET", "/webhooks")[1]

    assert status == 201
    assert len(made.pop("secret")) == 64
    assert [one.items() >= made.items() and "secret" not in one for one in listed] == [True]
    assert api.call("DELETE", f"/webhooks/{made['id']}") == (200, {"deleted": True})
    assert api.call("DELETE", f"/webhooks/{made['id']}") == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        {"events": STATUS_EVENTS},
        {"url": "bot/hook", "events": STATUS_EVENTS},
        {"url": URL},
        {"url": URL, "events": []},
        {"url": URL, "events": ["message.sung"]},
        {"url": URL, "events": [{}]},
        {"url": URL, "events": ["message.sent"] * 51},
    ],
)
def test_a_wrong_endpoint_is_a_validation_error(api: Any, body: dict[str, object]) -> None:
    assert api.call("POST", "/webhooks", body) == (400, "VALIDATION_ERROR")
    assert api.call("GET", "/webhooks")[1] == []


def test_one_endpoint_too_many_is_refused(make: Any) -> None:
    api = make(most_webhooks=1)
    body = {"url": URL, "events": STATUS_EVENTS}

    answers = [api.call("POST", "/webhooks", body)[0], api.call("POST", "/webhooks", body)]

    assert answers == [201, (403, "MAX_WEBHOOK_ENDPOINTS_REACHED")]


def test_each_status_is_a_signed_flat_webhook_in_order(make: Any) -> None:
    api = make(secret="hush")
    api.world.add_webhook(URL)
    sent = api.send()[1]
    api.wait(1)

    deliveries = api.world.due(api.clock.now())

    assert [delivery.headers["X-MsgFlash-Event"] for delivery in deliveries] == STATUS_EVENTS
    for delivery in deliveries:
        expected = hmac.new(b"hush", delivery.body, hashlib.sha256).hexdigest()
        assert delivery.headers["X-MsgFlash-Signature"] == f"sha256={expected}"
    assert api.events() == []
    row = api.call("GET", f"/messages/{sent['id']}")[1]
    assert deliveries[1].body.startswith(b'{"event":"message.delivered","instanceId":"')
    assert row["providerMessageId"].encode() in deliveries[1].body
    assert b'"timestamp":"2026-01-05T09:00:00.300Z"' in deliveries[1].body


def test_only_the_endpoints_that_asked_get_an_event(api: Any) -> None:
    api.world.add_webhook("http://one", events=["message.received"])
    api.world.add_webhook("http://two")

    api.world.says(ADA, "hi")
    api.send()
    api.wait(0.1)

    due = api.world.due(api.clock.now())
    assert [(one.url, one.headers["X-MsgFlash-Event"]) for one in due] == [
        ("http://one", "message.received"),
        ("http://two", "message.received"),
        ("http://two", "message.sent"),
    ]


@pytest.mark.parametrize("refusal", [500, 401, 302, 199, None])
def test_a_refused_webhook_comes_five_times_with_growing_waits_and_the_same_bytes(
    api: Any, refusal: int | None
) -> None:
    api.world.add_webhook(URL)
    api.world.says(ADA, "hi")
    start = api.clock.now()
    tries: list[tuple[float, int]] = []
    bodies = set()

    while (due := api.world.next_due()) is not None:
        api.clock.move_to(due)
        for delivery in api.world.due(api.clock.now()):
            tries.append(((api.clock.now() - start).total_seconds(), delivery.attempt))
            bodies.add((delivery.id, delivery.body, delivery.headers["X-MsgFlash-Signature"]))
            api.world.delivered(delivery, refusal)

    assert tries == [(0, 1), (1, 2), (5, 3), (21, 4), (85, 5)]
    assert len(bodies) == 1
    assert api.world.counts()["webhooksAbandoned"] == 1


def test_an_accepted_webhook_does_not_come_again(make: Any) -> None:
    api = make(backoff=Backoff(first=timedelta(seconds=2)))
    api.world.add_webhook(URL)
    api.world.says(ADA, "hi")

    [first] = api.world.due(api.clock.now())
    api.world.delivered(first, 503)
    api.wait(2)
    [second] = api.world.due(api.clock.now())
    api.world.delivered(second, 204)

    assert api.world.next_due() is None
    assert api.world.counts()["webhooksAccepted"] == 1


def test_a_deleted_endpoint_gets_nothing_more(api: Any) -> None:
    made = api.world.add_webhook(URL)
    api.world.says(ADA, "hi")

    api.call("DELETE", f"/webhooks/{made['id']}")

    assert api.world.due(api.clock.now()) == []


def test_flat_received_carries_sender_text_and_ids(api: Any) -> None:
    api.world.add_webhook(URL)

    message_id = api.world.says(ADA, "hi", name="Ada")

    [event] = api.events()
    assert event["event"] == "message.received"
    assert event["messageId"] == message_id
    assert (event["from"], event["to"], event["body"]) == (ADA, "+33600000001", "hi")
    assert (event["type"], event["pushName"], event["fromMe"]) == ("text", "Ada", False)
    assert event["instanceId"] == DEMO_INSTANCE


def test_flat_received_names_the_group_beside_its_writer(api: Any) -> None:
    api.world.add_webhook(URL)

    api.world.says(ADA, "all", group="1203630@g.us")

    [event] = api.events()
    assert (event["from"], event["groupId"], event["isGroup"]) == (ADA, "1203630@g.us", True)


def test_nested_events_carry_everything_under_data(make: Any) -> None:
    api = make(webhook_shape="nested")
    api.world.add_webhook(URL)

    api.world.says(ADA, "hi")

    [event] = api.events()
    assert event.keys() == {"event", "data"}
    assert (event["data"]["from"], event["data"]["body"]) == (ADA, "hi")


@pytest.mark.parametrize(
    ("said", "kind", "part"),
    [
        ({"text": "hi"}, "conversation", "hi"),
        ({"media_url": "https://e.com/a.jpg", "text": "c"}, "imageMessage", "c"),
        ({"kind": "voice_note", "media_url": "https://e.com/a.ogg"}, "audioMessage", True),
        ({"kind": "document", "media_url": "https://e.com/a.pdf"}, "documentMessage", "application/pdf"),
        ({"location": (1.5, 2.5)}, "locationMessage", 1.5),
        ({"choice": "yes", "text": "Yes"}, "buttonsResponseMessage", "yes"),
    ],
)
def test_provider_received_is_the_raw_record(make: Any, said: dict[str, Any], kind: str, part: object) -> None:
    api = make(webhook_shape="provider")
    api.world.add_webhook(URL)

    api.world.says(ADA, name="Ada", **said)

    record = api.events()[0]["data"]
    content = record["message"][kind]
    assert record["key"]["remoteJid"] == "33611111111@s.whatsapp.net"
    assert record["messageType"] == kind
    assert part in (content.values() if isinstance(content, dict) else [content])
    assert record["messageTimestamp"] == 1767603600


def test_provider_records_name_groups_and_the_owner(make: Any) -> None:
    api = make(webhook_shape="provider")
    api.world.add_webhook(URL)

    api.world.says(ADA, "all", group="1203630@g.us")
    api.world.says(ADA, "mine", own=True)

    group, own = (event["data"]["key"] for event in api.events())
    assert (group["remoteJid"], group["participant"]) == ("1203630@g.us", "33611111111@s.whatsapp.net")
    assert (own["remoteJid"], own["fromMe"]) == ("33611111111@s.whatsapp.net", True)


def test_status_events_stay_flat_in_the_provider_shape(make: Any) -> None:
    api = make(webhook_shape="provider")
    api.world.add_webhook(URL)

    api.send()
    api.wait(0.1)

    assert api.events()[0]["status"] == "sent"
