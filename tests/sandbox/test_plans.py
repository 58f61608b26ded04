"""Plans, their gates and quotas, the subscription, and who may send from which number."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from flashbot.sandbox.switches import Switches
from flashbot.sandbox.world import DEMO_INSTANCE, TEAM_INSTANCE

ADA = "+33611111111"
TEAM_KEY = "msgf_team_" + "1" * 64
TEAM = "22222222-2222-4222-8222-222222222222"
HOOK = {"url": "https://bot.example.com/hook", "events": ["message.sent"]}
VOICE = {"type": "voice_note", "mediaUrl": "https://example.com/a.ogg"}
CAMPAIGN = {
    "instanceId": DEMO_INSTANCE,
    "name": "sale",
    "schedule": "2026-01-06T09:00:00.000Z",
    "recipients": {"type": "all"},
    "type": "text",
    "body": "hello",
}
STATUS = {"instanceId": DEMO_INSTANCE, "type": "text", "content": "open today"}
LOOKUP = {"instanceId": DEMO_INSTANCE, "numbers": [ADA]}


@pytest.mark.parametrize(
    ("plan", "outbound", "requests", "webhooks", "groups"),
    [("free", 500, 500, 3, 10), ("pro", 50_000, 150_000, 15, 50), ("max", 150_000, 500_000, 50, None)],
)
def test_each_plan_has_the_limits_of_the_newest_catalogue(
    make: Any, plan: str, outbound: int, requests: int, webhooks: int, groups: int | None
) -> None:
    api = make(plan=plan)

    limits = api.call("GET", "/billing/usage")[1]["limits"]

    assert (limits["monthlyOutboundQuota"], limits["monthlyApiRequestQuota"]) == (outbound, requests)
    assert (limits["maxWebhookEndpoints"], limits.get("maxContactGroups")) == (webhooks, groups)


def test_the_request_quota_is_the_plans_and_a_bigger_plan_lifts_it(make: Any) -> None:
    api = make(plan="free")
    for _ in range(500):
        assert api.call("GET", "/instances")[0] == 200

    refused = api.call("GET", "/instances")
    api.world.set_plan("pro")

    assert refused == (429, "MONTHLY_API_REQUEST_QUOTA_EXCEEDED")
    assert api.call("GET", "/instances")[0] == 200


def test_the_outbound_quota_is_the_plans_and_returns_with_the_next_month(make: Any) -> None:
    api = make(plan="free", monthly_requests=10_000)
    for _ in range(500):
        assert api.send()[0] == 201

    refused = api.send()
    api.clock.advance(timedelta(days=31))

    assert refused == (429, "MONTHLY_OUTBOUND_QUOTA_EXCEEDED")
    assert api.send()[0] == 201


def test_a_smaller_plan_takes_no_more_webhooks_or_groups_but_keeps_those_there(api: Any) -> None:
    for number in range(10):
        assert api.call("POST", "/webhooks", HOOK)[0] == 201
        assert api.call("POST", "/contacts/groups", {"name": f"group {number}"})[0] == 201

    api.world.set_plan("free")

    assert api.call("POST", "/webhooks", HOOK) == (403, "MAX_WEBHOOK_ENDPOINTS_REACHED")
    assert api.call("POST", "/contacts/groups", {"name": "one more"}) == (403, "MAX_CONTACT_GROUPS_REACHED")
    assert len(api.call("GET", "/webhooks")[1]) == 10


@pytest.mark.parametrize(
    ("feature", "path", "body", "code"),
    [
        ("campaigns", "/campaigns", CAMPAIGN, "CAMPAIGNS_NOT_AVAILABLE_ON_PLAN"),
        ("webhooks", "/webhooks", HOOK, "WEBHOOKS_NOT_AVAILABLE_ON_PLAN"),
        ("statuses", "/statuses", STATUS, "STATUSES_NOT_AVAILABLE_ON_PLAN"),
        ("numberLookups", "/number-lookups", LOOKUP, "FEATURE_NOT_AVAILABLE_ON_PLAN"),
        (
            "voiceNotes",
            "/messages/send",
            {"instanceId": DEMO_INSTANCE, "to": ADA, **VOICE},
            "FEATURE_NOT_AVAILABLE_ON_PLAN",
        ),
        (
            "voiceNotes",
            "/campaigns",
            {**CAMPAIGN, "body": None, **VOICE},
            "FEATURE_NOT_AVAILABLE_ON_PLAN",
        ),
    ],
)
def test_a_feature_opens_and_closes_its_call(api: Any, feature: str, path: str, body: object, code: str) -> None:
    api.world.set_feature(feature, False)
    closed = api.call("POST", path, body)
    api.world.set_feature(feature, True)
    opened = api.call("POST", path, body)

    assert closed == (403, code)
    assert opened[0] in {200, 201}


def test_a_body_is_checked_before_the_plan(api: Any) -> None:
    api.world.set_feature("campaigns", False)

    assert api.call("POST", "/campaigns", {**CAMPAIGN, "name": ""}) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("path", ["/messages/send", "/messages/schedule", "/campaigns"])
def test_without_a_subscription_nothing_is_sent_and_everything_can_be_read(api: Any, path: str) -> None:
    body = {**CAMPAIGN, "to": ADA, "text": "hello", "scheduledAt": "2026-01-06T09:00:00.000Z"}

    api.world.set_subscription(False)
    refused = api.call("POST", path, body)
    subscription = api.call("GET", "/billing/subscription")[1]["subscription"]
    api.world.set_subscription(True)

    assert refused == (403, "SUBSCRIPTION_INACTIVE")
    assert subscription["status"] == "expired"
    assert api.call("POST", path, body)[0] == 201
    assert len(api.world.sent) == (path != "/campaigns")


def test_what_was_scheduled_fails_when_the_subscription_has_ended_by_then(api: Any) -> None:
    body = {"instanceId": DEMO_INSTANCE, "to": ADA, "type": "text", "text": "hello"}
    later = {**body, "scheduledAt": "2026-01-05T09:00:10.000Z"}
    message = api.call("POST", "/messages/schedule", later)[1]["id"]

    api.world.set_subscription(False)
    api.wait(20)

    shown = api.call("GET", f"/messages/{message}")[1]
    assert (shown["status"], shown["error"]) == ("failed", "Subscription is inactive")
    assert api.call("GET", "/billing/usage")[1]["usage"]["messagesCount"] == 0


def test_the_older_generation_keeps_campaigns_and_webhooks_from_free(make: Any) -> None:
    api = make(plan="free", switches=Switches(plans="old"))

    refused = [api.call("POST", "/webhooks", HOOK), api.call("POST", "/campaigns", CAMPAIGN)]
    api.world.set_plan("starter")

    assert refused == [(403, "WEBHOOKS_NOT_AVAILABLE_ON_PLAN"), (403, "CAMPAIGNS_NOT_AVAILABLE_ON_PLAN")]
    assert api.call("POST", "/webhooks", HOOK)[0] == 201
    assert api.call("POST", "/campaigns", CAMPAIGN)[0] == 201


def test_an_unknown_plan_or_feature_is_refused_with_the_known_ones(api: Any, make: Any) -> None:
    with pytest.raises(ValueError, match="free, pro, max"):
        make(plan="starter")
    with pytest.raises(ValueError, match="free, pro, max"):
        api.world.set_plan("starter")
    with pytest.raises(ValueError, match="voiceNotes"):
        api.world.set_feature("voices", True)


def test_a_collaborators_key_sends_from_assigned_numbers_only(make: Any) -> None:
    api = make(team_key=TEAM_KEY, team_id=TEAM)
    other = api.world.team.add_instance("other", "+33600000002")
    api.world.set_assigned([other])

    def answered(path: str, instance: str) -> tuple[int, str | None]:
        headers = {"x-api-key": TEAM_KEY, "X-Team-Id": TEAM, "Content-Type": "application/json"}
        answer = api.raw(
            "POST", path, {**CAMPAIGN, "to": ADA, "text": "hello", "instanceId": instance}, headers=headers
        )
        return answer.status, json.loads(answer.body).get("error", {}).get("code")

    for path in ("/messages/send", "/campaigns"):
        assert answered(path, TEAM_INSTANCE) == (403, "INSTANCE_NOT_ASSIGNED")
        assert answered(path, other) == (201, None)
    assert api.send()[0] == 201
    api.world.set_assigned(None)
    assert answered("/messages/send", TEAM_INSTANCE) == (201, None)
