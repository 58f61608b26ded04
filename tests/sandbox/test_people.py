"""What people say, and what is recorded of it."""

from __future__ import annotations

from typing import Any

import pytest

ADA = "+33611111111"


def test_said_words_are_an_inbound_row_that_get_returns(api: Any) -> None:
    message_id = api.world.says(ADA, "hi")

    status, row = api.call("GET", f"/messages/{message_id}")

    assert status == 200
    assert (row["direction"], row["from"], row["body"], row["status"]) == ("inbound", ADA, "hi", "received")
    assert api.world.heard(ADA) == []
    assert api.world.sent == []


def test_a_tapped_button_carries_its_id_and_label(api: Any) -> None:
    api.world.add_webhook("http://bot")
    button = {"type": "reply", "displayText": "Yes, please", "id": "yes"}
    api.send(type="buttons", title="Sure?", description="Choose", buttons=[button])

    api.world.says(ADA, choice="yes")

    [event] = api.events()
    assert event["type"] == "button_reply"
    assert (event["selectedButtonId"], event["body"]) == ("yes", "Yes, please")


def test_the_same_message_id_said_twice_is_one_row_and_two_webhooks(api: Any) -> None:
    api.world.add_webhook("http://bot")

    api.world.says(ADA, "hi", message_id="m1")
    api.world.says(ADA, "hi", message_id="m1")

    events = api.events()
    assert [event["messageId"] for event in events] == ["m1", "m1"]
    assert events[0]["providerMessageId"] == events[1]["providerMessageId"]
    assert len(api.call("GET", "/messages")[1]["messages"]) == 1


def test_the_owners_own_words_are_outbound_but_not_the_bots(api: Any) -> None:
    api.world.says(ADA, "I take over", own=True)

    [row] = api.call("GET", "/messages")[1]["messages"]
    assert (row["direction"], row["to"]) == ("outbound", ADA)
    assert api.world.sent == []


def test_words_reach_the_named_instance(api: Any) -> None:
    other = api.world.add_instance("other", "+33600000002")
    api.world.add_webhook("http://bot")

    api.world.says(ADA, "hi", instance=other)

    assert [(event["instanceId"], event["to"]) for event in api.events()] == [(other, "+33600000002")]


@pytest.mark.parametrize(
    ("phone", "options"),
    [("ada", {}), ("33611111111", {}), (ADA, {"kind": "poem"}), (ADA, {"instance": "nobody"})],
)
def test_a_phone_kind_or_instance_that_cannot_be_is_refused(api: Any, phone: str, options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        api.world.says(phone, "hi", **options)
    assert api.world.counts()["messages"] == 0
