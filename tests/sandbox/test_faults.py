"""Faults on demand."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from flashbot.sandbox.world import DEMO_INSTANCE

ADA = "+33611111111"
BODY = {"instanceId": DEMO_INSTANCE, "to": ADA, "type": "text", "text": "hello"}


@pytest.mark.parametrize(
    ("fault", "status", "fate", "accepted"),
    [
        ("rate_limit", 429, "answer", 0),
        ("error_before", 500, "answer", 0),
        ("drop_before", 0, "drop", 0),
        ("quota_exceeded", 429, "answer", 0),
        ("invalid_destination", 422, "answer", 0),
        ("error_after", 502, "answer", 1),
        ("hang_after", 0, "hang", 1),
        ("drop_after", 0, "drop", 1),
        ("reset_after", 0, "reset", 1),
        ("fail_message", 201, "answer", 1),
    ],
)
def test_a_fault_strikes_the_next_send_only(api: Any, fault: str, status: int, fate: str, accepted: int) -> None:
    api.world.faults.plan(fault)

    looked = api.raw("GET", "/contacts")
    answer = api.raw("POST", "/messages/send", BODY)
    struck = len(api.world.sent)
    after = api.raw("POST", "/messages/send", BODY)

    assert looked.status == 200
    assert (answer.status, answer.fate) == (status, fate)
    assert struck == accepted
    assert (after.status, after.fate) == (201, "answer")


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("INTERNAL_ERROR", 500),
        ("PROVIDER_TIMEOUT", 502),
        ("PROVIDER_UNAVAILABLE", 502),
        ("PROVIDER_ERROR", 502),
        ("SUBSCRIPTION_INACTIVE", 403),
        ("MAX_INSTANCES_REACHED", 403),
        ("TEAM_ACCESS_DENIED", 403),
        ("INVITE_DUPLICATE_MEMBER", 409),
        ("MEDIA_UPLOAD_NOT_CONFIGURED", 503),
    ],
)
def test_every_code_of_the_catalogue_is_a_fault(api: Any, fault: str, status: int) -> None:
    api.world.faults.plan(fault, method="POST", path="/contacts")

    struck = api.call("POST", "/contacts", {"name": "Ada", "phone": ADA})
    after = api.call("GET", "/contacts")[1]["contacts"]

    assert struck == (status, fault)
    assert after == []


def test_a_bare_503_is_an_html_page(api: Any) -> None:
    api.world.faults.plan("unavailable")

    answer = api.raw("POST", "/messages/send", BODY)

    assert (answer.status, answer.headers["Content-Type"]) == (503, "text/html")
    assert answer.body.startswith(b"<html>")
    assert api.world.sent == []


def test_a_rate_limit_may_say_how_long_to_wait(api: Any) -> None:
    api.world.faults.plan("rate_limit", retry_after=3)
    api.world.faults.plan("rate_limit")

    said, silent = (api.raw("POST", "/messages/send", BODY).headers for _ in range(2))

    assert said["Retry-After"] == "3"
    assert "Retry-After" not in silent


@pytest.mark.parametrize(
    ("order", "method", "path", "strikes"),
    [
        ({"path": "/contacts"}, "GET", "/contacts", True),
        ({"path": "/api/v1/contacts"}, "GET", "/contacts", True),
        ({"path": "/contacts"}, "GET", "/contacts/groups", False),
        ({"path": "/contacts*"}, "GET", "/contacts/groups", True),
        ({"path": "/messages/{id}"}, "GET", "/messages/1", True),
        ({"path": "/messages/{id}"}, "GET", "/messages", False),
        ({"path": "*"}, "GET", "/me", True),
        ({"method": "get"}, "GET", "/me", True),
        ({"method": "DELETE"}, "GET", "/contacts", False),
        ({"method": "GET", "path": "/contacts"}, "POST", "/contacts", False),
    ],
)
def test_a_fault_strikes_the_calls_that_fit(
    api: Any, order: dict[str, str], method: str, path: str, strikes: bool
) -> None:
    api.world.faults.plan("unavailable", **order)

    answer = api.raw(method, path)

    assert (answer.status == 503) == strikes


def test_faults_strike_in_the_order_they_were_given(api: Any) -> None:
    api.world.faults.rate_limit(2)
    api.world.faults.error_after()

    statuses = [api.raw("POST", "/messages/send", BODY).status for _ in range(4)]

    assert statuses == [429, 429, 502, 201]


def test_a_refused_send_uses_up_no_fault_that_needs_an_accepted_one(api: Any) -> None:
    api.world.faults.error_after()

    refused = api.raw("POST", "/messages/send", {**BODY, "text": ""})
    struck = api.raw("POST", "/messages/send", BODY)

    assert (refused.status, struck.status) == (400, 502)


def test_a_call_without_a_valid_key_uses_up_no_fault(api: Any) -> None:
    api.world.faults.plan("unavailable", path="*")

    refused = api.raw("GET", "/contacts", headers={"x-api-key": "wrong"})

    assert refused.status == 401
    assert len(api.world.faults.waiting()) == 1


def test_an_error_after_may_be_any_of_the_catalogue(api: Any) -> None:
    api.world.faults.plan("error_after", code="INTERNAL_ERROR")

    assert api.send() == (500, "INTERNAL_ERROR")
    assert len(api.world.sent) == 1


def test_a_message_accepted_before_the_fault_still_reaches_its_reader(api: Any) -> None:
    api.world.faults.hang_after()

    api.raw("POST", "/messages/send", BODY)
    api.wait(1)

    assert [row["status"] for row in api.world.heard(ADA)] == ["read"]


def test_a_late_send_is_recorded_seconds_after_nobody_waits_for_it(api: Any) -> None:
    api.world.faults.plan("late", seconds=30)

    answer = api.raw("POST", "/messages/send", BODY)
    api.wait(29)
    before = len(api.world.sent)
    api.wait(1)

    [row] = api.world.sent
    assert answer.fate == "hang"
    assert before == 0
    assert row["createdAt"] == "2026-01-05T09:00:30.000Z"


def test_any_call_can_be_late_and_a_wrong_one_then_does_nothing(api: Any) -> None:
    api.world.faults.plan("late", 2, path="/contacts")

    for body in ({"name": "Ada", "phone": ADA}, {"name": ""}):
        api.raw("POST", "/contacts", body)
    api.wait(5)

    assert [one["name"] for one in api.call("GET", "/contacts")[1]["contacts"]] == ["Ada"]


@pytest.mark.parametrize(
    ("fault", "fate", "seconds"), [("slow", "answer", 2.5), ("slow_body", "stall", 0), ("garbage", "answer", 0)]
)
def test_a_spoiled_answer_keeps_its_status_and_the_message_is_accepted(
    api: Any, fault: str, fate: str, seconds: float
) -> None:
    api.world.faults.plan(fault, seconds=seconds or None)

    answer = api.raw("POST", "/messages/send", BODY)

    assert (answer.status, answer.fate, answer.seconds) == (201, fate, seconds)
    assert len(api.world.sent) == 1


@pytest.mark.parametrize("fault", ["garbage", "truncated"])
def test_a_body_that_is_no_json(api: Any, fault: str) -> None:
    api.world.faults.plan(fault, method="GET", path="/instances")

    answer = api.raw("GET", "/instances")

    assert answer.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.body)


def test_a_failed_message_says_so_in_a_webhook(api: Any) -> None:
    api.world.add_webhook("http://bot")
    api.world.faults.fail_message()

    api.send()
    api.wait(1)

    [event] = api.events()
    assert (event["event"], event["status"]) == ("message.failed", "failed")
    assert event["error"]


def test_lost_and_doubled_webhooks(api: Any) -> None:
    api.world.add_webhook("http://bot")
    api.world.faults.lose_webhooks(1, event="message.received")
    api.world.faults.double_webhooks(1)

    for text in ("lost", "double", "single"):
        api.world.says(ADA, text)

    assert [event["body"] for event in api.events()] == ["double", "double", "single"]


def test_webhooks_in_reverse_wait_for_each_other(api: Any) -> None:
    api.world.add_webhook("http://bot")
    api.world.faults.plan("reverse_webhooks", 3, event="message.received")

    api.world.says(ADA, "one")
    api.world.says(ADA, "two")
    held, pending = api.events(), api.world.counts()["webhooksPending"]
    api.world.says(ADA, "three")
    api.world.says(ADA, "four")

    assert (held, pending) == ([], 2)
    assert [event["body"] for event in api.events()] == ["three", "two", "one", "four"]


def test_two_orders_to_reverse_do_not_mix(api: Any) -> None:
    api.world.add_webhook("http://bot")
    api.world.faults.plan("reverse_webhooks", event="message.received")
    api.world.faults.plan("reverse_webhooks", event="message.sent")

    api.world.says(ADA, "one")
    api.send()
    api.send()
    api.wait(0.1)
    sent = [event["event"] for event in api.events()]
    api.world.says(ADA, "two")

    assert sent == ["message.sent", "message.sent"]
    assert [event.get("body") for event in api.events()] == ["two", "one"]


def test_a_delayed_webhook_is_overtaken(api: Any) -> None:
    api.world.add_webhook("http://bot")
    api.world.faults.plan("delay_webhooks", seconds=10)

    api.world.says(ADA, "first")
    api.world.says(ADA, "second")
    at_once = api.events()
    api.wait(10)

    assert [event["body"] for event in at_once] == ["second"]
    assert [event["body"] for event in api.events()] == ["first"]


@pytest.mark.parametrize("fault", ["forge_webhooks", "alter_webhooks"])
def test_a_forged_webhook_comes_before_the_real_one_and_never_again(api: Any, fault: str) -> None:
    api.world.add_webhook("http://bot", secret="hush")
    api.world.faults.plan(fault)
    api.world.says(ADA, "hi")

    forged, real = api.world.due(api.clock.now())
    api.world.delivered(forged, 401)
    api.world.delivered(real, 200)

    signatures = ["sha256=" + hmac.new(b"hush", one.body, hashlib.sha256).hexdigest() for one in (forged, real)]
    assert forged.headers["X-MsgFlash-Signature"] != signatures[0]
    assert real.headers["X-MsgFlash-Signature"] == signatures[1]
    assert json.loads(forged.body)["body"] == "hi"
    assert (forged.body == real.body) == (fault == "forge_webhooks")
    counts = api.world.counts()
    assert (counts["webhooksPending"], counts["webhooksAccepted"], counts["webhooksAbandoned"]) == (0, 1, 0)


def test_an_event_suffers_at_every_endpoint(api: Any) -> None:
    for url in ("http://bot", "http://other"):
        api.world.add_webhook(url)
    api.world.faults.lose_webhooks()

    api.world.says(ADA, "lost")
    api.world.says(ADA, "heard")

    assert [event["body"] for event in api.events()] == ["heard", "heard"]


def test_clearing_forgets_every_planned_fault_and_lets_held_webhooks_go(api: Any) -> None:
    api.world.add_webhook("http://bot")
    api.world.faults.rate_limit(5)
    api.world.faults.plan("reverse_webhooks", 5)
    api.world.says(ADA, "held")

    api.world.faults.clear()

    assert api.send()[0] == 201
    assert [event["body"] for event in api.events()] == ["held"]


def test_what_waits_is_shown_as_it_was_ordered(api: Any) -> None:
    faults = api.world.faults
    faults.plan("rate_limit", 3, method="GET", path="/contacts", retry_after=2)
    faults.plan("PROVIDER_ERROR")
    faults.plan("delay_webhooks", event="message.sent")
    faults.plan("fail_message", 2)
    api.send()

    shown = faults.waiting()
    faults.clear()
    for order in shown:
        faults.plan(**order)

    assert shown == [
        {"fault": "rate_limit", "times": 3, "method": "GET", "path": "/contacts", "retry_after": 2},
        {"fault": "delay_webhooks", "times": 1, "seconds": 5.0, "event": "message.sent"},
        {"fault": "fail_message", "times": 2},
    ]
    assert faults.waiting() == shown


@pytest.mark.parametrize(
    ("order", "word"),
    [
        ({"fault": "earthquake"}, "earthquake"),
        ({"fault": "rate_limit", "times": 0}, "times"),
        ({"fault": "reverse_webhooks", "times": 1}, "from 2"),
        ({"fault": "rate_limit", "seconds": 2}, "seconds"),
        ({"fault": "rate_limit", "retry_after": -2}, "from 0"),
        ({"fault": "slow", "seconds": -1}, "from 0"),
        ({"fault": "late", "seconds": float("nan")}, "from 0"),
        ({"fault": "lose_webhooks", "event": "message.sung"}, "message.sung"),
        ({"fault": "slow", "method": "LOOK"}, "LOOK"),
        ({"fault": "slow", "path": "contacts"}, "path"),
        ({"fault": "fail_message", "path": "/contacts"}, "path"),
        ({"fault": "lose_webhooks", "method": "GET"}, "method"),
        ({"fault": "slow", "event": "message.sent"}, "event"),
        ({"fault": "error_after", "code": "OOPS"}, "OOPS"),
        ({"fault": "PROVIDER_ERROR", "code": "PROVIDER_ERROR"}, "takes no code"),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_a_sentence(api: Any, order: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        api.world.faults.plan(**order)

    assert api.world.faults.waiting() == []
