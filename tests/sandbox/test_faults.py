"""Faults on demand."""

from __future__ import annotations

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
        ("fail_message", 201, "answer", 1),
    ],
)
def test_a_fault_strikes_the_next_send_only(api: Any, fault: str, status: int, fate: str, accepted: int) -> None:
    getattr(api.world.faults, fault)()

    answer = api.raw("POST", "/messages/send", BODY)
    struck = len(api.world.sent)
    after = api.raw("POST", "/messages/send", BODY)

    assert (answer.status, answer.fate) == (status, fate)
    assert struck == accepted
    assert (after.status, after.fate) == (201, "answer")


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


def test_a_message_accepted_before_the_fault_still_reaches_its_reader(api: Any) -> None:
    api.world.faults.hang_after()

    api.raw("POST", "/messages/send", BODY)
    api.wait(1)

    assert [row["status"] for row in api.world.heard(ADA)] == ["read"]


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


def test_clearing_forgets_every_planned_fault(api: Any) -> None:
    api.world.faults.rate_limit(5)
    api.world.faults.lose_webhooks(5)

    api.world.faults.clear()

    assert api.send()[0] == 201
    assert api.world.faults.copies("message.sent") == 1
