"""WhatsApp statuses, where a feature brings them back."""

from __future__ import annotations

from typing import Any

import pytest

from flashbot.sandbox.switches import Switches
from flashbot.sandbox.world import DEMO_INSTANCE

UNKNOWN = "99999999-9999-4999-8999-999999999999"
TEXT = {"instanceId": DEMO_INSTANCE, "type": "text", "content": "open today"}


@pytest.fixture
def posting(api: Any) -> Any:
    api.world.set_feature("statuses", True)
    return api


@pytest.mark.parametrize("plan", ["free", "pro", "max"])
def test_statuses_are_on_no_plan(make: Any, plan: str) -> None:
    assert make(plan=plan).call("POST", "/statuses", TEXT) == (403, "STATUSES_NOT_AVAILABLE_ON_PLAN")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"backgroundColor": "#25D366"},
        {"content": "x" * 700},
        {"type": "image", "content": "https://example.com/a.png", "caption": "new"},
    ],
)
def test_a_status_is_answered_with_the_providers_id(posting: Any, fields: dict[str, object]) -> None:
    status, made = posting.call("POST", "/statuses", {**TEXT, **fields})

    assert status == 201
    assert made == {"instanceId": DEMO_INSTANCE, "providerMessageId": made["providerMessageId"]}
    assert made["providerMessageId"].startswith("BAE5")


@pytest.mark.parametrize(
    "fields",
    [
        {"instanceId": "demo"},
        {"type": "video"},
        {"content": ""},
        {"content": None},
        {"content": "x" * 701},
        {"type": "image"},
        {"backgroundColor": "green"},
    ],
)
def test_a_wrong_status_is_a_validation_error(posting: Any, fields: dict[str, object]) -> None:
    assert posting.call("POST", "/statuses", {**TEXT, **fields}) == (400, "VALIDATION_ERROR")


def test_a_status_needs_its_number_connected(posting: Any) -> None:
    unknown = posting.call("POST", "/statuses", {**TEXT, "instanceId": UNKNOWN})
    posting.world.set_status(DEMO_INSTANCE, "disconnected")

    assert unknown == (404, "NOT_FOUND")
    assert posting.call("POST", "/statuses", TEXT) == (502, "PROVIDER_ERROR")
    assert posting.call("GET", "/usage")[1]["usage"]["statusesCount"] == 0


def test_messages_and_statuses_share_the_outbound_quota(make: Any) -> None:
    api = make(monthly_outbound=2)
    api.world.set_feature("statuses", True)

    answers = [api.call("POST", "/statuses", TEXT)[0], api.send()[0]]

    assert answers == [201, 201]
    assert api.call("POST", "/statuses", TEXT) == (429, "MONTHLY_OUTBOUND_QUOTA_EXCEEDED")
    assert api.send() == (429, "MONTHLY_OUTBOUND_QUOTA_EXCEEDED")


@pytest.mark.parametrize(("since", "starter"), [("starter", 201), ("pro", 403)])
def test_older_pages_have_statuses_from_a_plan_on(make: Any, since: Any, starter: int) -> None:
    api = make(plan="starter", switches=Switches(plans="old", statuses=since))

    small = api.call("POST", "/statuses", TEXT)[0]
    api.world.set_plan("free")
    none = api.call("POST", "/statuses", TEXT)[0]
    api.world.set_plan("pro")

    assert (small, none) == (starter, 403)
    assert api.call("POST", "/statuses", TEXT)[0] == 201
