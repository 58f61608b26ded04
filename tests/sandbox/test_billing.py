"""What the billing calls, the usage calls and `me` answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from flashbot.sandbox.world import DEMO_INSTANCE

ADA = "+33611111111"
TEAM_KEY = "msgf_team_" + "1" * 64
TEAM = "22222222-2222-4222-8222-222222222222"
TEAM_HEADERS = {"x-api-key": TEAM_KEY, "X-Team-Id": TEAM}


def test_the_plans_are_those_of_the_newest_page(api: Any) -> None:
    plans = api.call("GET", "/billing/plans")[1]

    assert [(plan["code"], plan["priceEur"]) for plan in plans] == [("free", 0), ("pro", 19), ("max", 39)]
    assert plans[1] == {
        "code": "pro",
        "name": "Pro",
        "priceEur": 19,
        "limits": {
            "maxInstances": 5,
            "maxApiKeys": 5,
            "maxWebhookEndpoints": 15,
            "monthlyOutboundQuota": 50_000,
            "monthlyApiRequestQuota": 150_000,
            "maxContactGroups": 50,
        },
        "features": {
            "campaigns": True,
            "statuses": False,
            "voiceNotes": True,
            "webhooks": True,
            "numberLookups": True,
        },
    }


def test_usage_counts_what_left_and_every_authenticated_call(make: Any) -> None:
    api = make(plan="pro")
    api.world.set_feature("statuses", True)
    api.send()
    api.send(to="not a number")
    api.call("POST", "/statuses", {"instanceId": DEMO_INSTANCE, "type": "text", "content": "open"})
    api.raw("GET", "/messages", headers={"x-api-key": "wrong"})

    usage = api.call("GET", "/billing/usage")[1]

    assert usage["plan"] == {"code": "pro", "name": "Pro"}
    assert usage["features"]["statuses"] is True
    assert usage["usage"] == {
        "messagesCount": 1,
        "statusesCount": 1,
        "effectiveOutboundUsage": 2,
        "apiRequestsCount": 4,
        "activeInstancesCount": 1,
        "activeApiKeysCount": 1,
    }
    assert usage["period"] == {"start": "2026-01-01T00:00:00.000Z", "end": "2026-01-31T23:59:59.999Z"}


def test_usage_is_the_same_under_its_older_name(api: Any) -> None:
    older = api.call("GET", "/usage")[1]
    usage = api.call("GET", "/billing/usage")[1]

    older["usage"]["apiRequestsCount"] += 1
    assert older == usage


def test_counts_begin_again_with_the_utc_month(api: Any) -> None:
    api.clock.move_to(datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    api.send()
    before = api.call("GET", "/usage")[1]
    api.wait(60)
    after = api.call("GET", "/usage")[1]

    assert before["usage"]["messagesCount"] == 1
    assert before["period"] == {"start": "2026-12-01T00:00:00.000Z", "end": "2026-12-31T23:59:59.999Z"}
    assert (after["usage"]["messagesCount"], after["usage"]["apiRequestsCount"]) == (0, 1)
    assert after["period"]["start"] == "2027-01-01T00:00:00.000Z"


def test_the_subscription_holds_the_limits_that_count(make: Any) -> None:
    api = make(monthly_outbound=7)

    answer = api.call("GET", "/billing/subscription")[1]

    subscription = answer["subscription"]
    assert subscription["plan"]["code"] == "max"
    assert subscription["plan"]["limits"]["monthlyOutboundQuota"] == 7
    assert (subscription["scheduledPlan"], subscription["scheduledPlanAt"], subscription["scheduledAction"]) == (
        None,
        None,
        None,
    )
    assert answer["usage"]["apiRequestsCount"] == 1
    assert answer["period"]["end"] == "2026-01-31T23:59:59.999Z"


def test_payments_come_in_pages_newest_first(make: Any) -> None:
    api = make(plan="pro")

    first = api.call("GET", "/billing/payments", query={"limit": "2"})[1]
    second = api.call("GET", "/billing/payments", query={"limit": "2", "page": "2"})[1]

    assert (first["total"], first["page"], first["totalPages"]) == (3, 1, 2)
    starts = [payment["periodStart"] for payment in first["payments"] + second["payments"]]
    assert starts == ["2026-01-01T00:00:00.000Z", "2025-12-01T00:00:00.000Z", "2025-11-01T00:00:00.000Z"]
    payment = first["payments"][0]
    assert (payment["amount"], payment["currency"], payment["status"]) == (1900, "EUR", "succeeded")
    assert payment["periodEnd"] == "2026-01-31T23:59:59.999Z"


def test_a_free_plan_has_no_payments(make: Any) -> None:
    assert make(plan="free").call("GET", "/billing/payments")[1] == {
        "payments": [],
        "total": 0,
        "page": 1,
        "totalPages": 0,
    }


@pytest.mark.parametrize("query", [{"page": "0"}, {"limit": "101"}, {"limit": "many"}])
def test_a_page_that_cannot_be_is_a_validation_error(api: Any, query: dict[str, str]) -> None:
    assert api.call("GET", "/billing/payments", query=query) == (400, "VALIDATION_ERROR")


def test_me_is_a_person(api: Any) -> None:
    assert api.call("GET", "/me")[1].keys() == {"id", "email", "fullName"}


@pytest.mark.parametrize("path", ["/me", "/usage", "/billing/usage", "/billing/subscription", "/billing/payments"])
def test_a_team_key_reads_nothing_personal(make: Any, path: str) -> None:
    api = make(team_key=TEAM_KEY, team_id=TEAM)

    answer = api.raw("GET", path, headers=TEAM_HEADERS)

    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (403, "TEAM_KEY_NOT_ALLOWED")
    assert api.call("GET", path)[0] == 200


def test_a_team_key_reads_the_plans(make: Any) -> None:
    api = make(team_key=TEAM_KEY, team_id=TEAM)

    assert api.raw("GET", "/billing/plans", headers=TEAM_HEADERS).status == 200
