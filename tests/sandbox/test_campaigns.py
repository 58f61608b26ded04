"""Campaigns: what is accepted, how one runs, what stops it, and how it is counted."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from flashbot.sandbox.world import DEMO_INSTANCE

UNKNOWN = "99999999-9999-4999-8999-999999999999"
NINE, TEN = "2026-01-05T09:00:00.000Z", "2026-01-05T10:00:00.000Z"
REPLY = {"type": "reply", "displayText": "Yes", "id": "yes"}


def campaign(**fields: object) -> dict[str, object]:
    """A text to everyone, now, unless the fields say otherwise."""
    content = {} if {"type", "templateId"} & fields.keys() else {"type": "text", "body": "hello"}
    ordered = {"instanceId": DEMO_INSTANCE, "name": "sale", "schedule": NINE, "recipients": {"type": "all"}}
    return {**ordered, **content, **fields}


def start(api: Any, **fields: object) -> str:
    status, made = api.call("POST", "/campaigns", campaign(**fields))
    assert status == 201, made
    return str(made["id"])


def seen(api: Any, key: str) -> Any:
    return api.call("GET", f"/campaigns/{key}")[1]


def people(api: Any, count: int) -> list[str]:
    return [api.world.add_contact(f"Person {number}", f"+336{number:08d}") for number in range(count)]


def template(api: Any, body: str) -> str:
    return str(api.call("POST", "/templates", {"name": "t", "type": "text", "body": body})[1]["id"])


def test_a_campaign_is_answered_scheduled_with_counters_at_zero(api: Any) -> None:
    people(api, 2)

    status, made = api.call("POST", "/campaigns", campaign(schedule=TEN))

    assert status == 201
    assert made == {
        "id": made["id"],
        "userId": made["userId"],
        "instanceId": DEMO_INSTANCE,
        "name": "sale",
        "status": "scheduled",
        "templateId": None,
        "type": "text",
        "body": "hello",
        "mediaUrl": None,
        "schedule": TEN,
        "repeat": "none",
        "recipients": {"type": "all"},
        "stats": {
            "planned": 0,
            "queued": 0,
            "sent": 0,
            "delivered": 0,
            "read": 0,
            "failed": 0,
            "cancelled": 0,
            "processingStartedAt": None,
            "lastEnqueuedAt": None,
            "completedAt": None,
            "cancelledAt": None,
        },
        "safety": {
            "decision": "allow",
            "riskLevel": "low",
            "state": "stable",
            "score": 72,
            "reasons": [],
            "recommendations": [],
            "appliedLimits": {"maxCampaignRecipients": 10_000, "maxColdRatio": 1.0},
            "audience": {"totalRecipients": 2, "coldRatio": 1.0},
        },
        "createdAt": NINE,
        "updatedAt": NINE,
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "image", "mediaUrl": "https://example.com/a.png", "body": "caption"},
        {"type": "video", "mediaUrl": "https://example.com/a.mp4"},
        {"type": "audio", "mediaUrl": "https://example.com/a.mp3"},
        {"type": "document", "mediaUrl": "https://example.com/a.pdf"},
        {"type": "voice_note", "mediaUrl": "https://example.com/a.ogg"},
        {"type": "buttons", "title": "Sure?", "description": "Choose", "buttons": [REPLY]},
        {"repeat": "weekly"},
        {"recipients": {"type": "tags", "value": ["vip"]}},
    ],
)
def test_every_documented_content_is_accepted(api: Any, fields: dict[str, object]) -> None:
    assert api.call("POST", "/campaigns", campaign(**fields))[0] == 201


@pytest.mark.parametrize(
    "fields",
    [
        {"instanceId": "demo"},
        {"name": ""},
        {"name": None},
        {"schedule": None},
        {"schedule": "soon"},
        {"repeat": "yearly"},
        {"recipients": None},
        {"recipients": {"type": "nobody"}},
        {"recipients": {"type": "tags", "value": []}},
        {"recipients": {"type": "tags"}},
        {"recipients": {"type": "explicit", "value": []}},
        {"recipients": {"type": "explicit", "value": ["ada"]}},
        {"recipients": {"type": "group"}},
        {"type": None, "body": "no type"},
        {"type": "text"},
        {"type": "text", "text": "the field is called body"},
        {"type": "text", "body": "x" * 4097},
        {"type": "text", "body": "both", "templateId": UNKNOWN},
        {"templateId": UNKNOWN, "body": "both"},
        {"templateId": UNKNOWN, "variables": {"nested": {"code": "X"}}},
        {"type": "image"},
        {"type": "location", "latitude": 1, "longitude": 2},
        {"type": "contact", "contactId": UNKNOWN},
        {"type": "buttons", "title": "Sure?", "description": "Choose", "buttons": [REPLY] * 3},
    ],
)
def test_a_wrong_campaign_is_a_validation_error(api: Any, fields: dict[str, object]) -> None:
    assert api.call("POST", "/campaigns", campaign(**fields)) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "fields",
    [
        {"instanceId": UNKNOWN},
        {"templateId": UNKNOWN},
        {"recipients": {"type": "explicit", "value": [UNKNOWN]}},
        {"recipients": {"type": "group", "groupId": UNKNOWN}},
    ],
)
def test_what_a_campaign_names_but_does_not_exist_is_not_found(api: Any, fields: dict[str, object]) -> None:
    assert api.call("POST", "/campaigns", campaign(**fields)) == (404, "NOT_FOUND")


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("GET", "/stats"), ("POST", "/pause"), ("POST", "/resume")])
def test_an_unknown_campaign_is_not_found(api: Any, method: str, tail: str) -> None:
    assert api.call(method, f"/campaigns/{UNKNOWN}{tail}") == (404, "NOT_FOUND")


def test_a_campaigns_buttons_need_a_business_number(api: Any) -> None:
    plain = api.world.add_instance("plain", "+33600000002", business=False)
    ordered = campaign(instanceId=plain, type="buttons", title="Sure?", description="Choose", buttons=[REPLY])

    assert api.call("POST", "/campaigns", ordered) == (403, "UNSUPPORTED_FEATURE")


def test_a_spent_quota_refuses_a_new_campaign(make: Any) -> None:
    api = make(monthly_outbound=1)
    api.send()

    assert api.call("POST", "/campaigns", campaign()) == (429, "MONTHLY_OUTBOUND_QUOTA_EXCEEDED")


def test_each_kind_of_recipients_reaches_whom_it_means_once(api: Any) -> None:
    ada = api.world.add_contact("Ada", "+33611111111", tags=["vip", "fr"])
    api.world.add_contact("Bob", "+33622222222", tags=["fr"])
    eve = api.world.add_contact("Eve", "+33633333333")
    group = api.call("POST", "/contacts/groups", {"name": "friends"})[1]["id"]
    api.call("POST", f"/contacts/groups/{group}/members", {"contactIds": [ada, eve]})
    wanted = {
        "all": {"type": "all"},
        "tags": {"type": "tags", "value": ["vip", "fr"]},
        "explicit": {"type": "explicit", "value": [eve, eve]},
        "group": {"type": "group", "groupId": group},
    }

    for name, recipients in wanted.items():
        start(api, body=name, type="text", recipients=recipients)
    api.wait(1)

    got = {name: [row["to"][4] for row in api.world.sent if row["body"] == name] for name in wanted}
    assert got == {"all": ["1", "2", "3"], "tags": ["1", "2"], "explicit": ["3"], "group": ["1", "3"]}


def test_the_audience_is_who_is_there_when_it_starts(api: Any) -> None:
    gone, stays = people(api, 2)
    key = start(api, schedule=TEN, recipients={"type": "explicit", "value": [gone, stays]})

    api.call("DELETE", f"/contacts/{gone}")
    api.wait(3610)

    assert [row["contactId"] for row in api.world.sent] == [stays]
    assert seen(api, key)["status"] == "completed"


def test_a_campaign_waits_for_its_time_then_hands_over_at_its_pace(make: Any) -> None:
    api = make(campaign_per_second=10)
    people(api, 3)
    key = start(api, schedule=TEN)

    api.wait(3599)
    before = seen(api, key)
    api.wait(1.15)
    during = api.call("GET", f"/campaigns/{key}/stats")[1]
    api.wait(2)
    after = seen(api, key)

    assert (before["status"], before["stats"]["planned"], api.world.counts()["sent"]) == ("scheduled", 0, 3)
    assert during == {
        "campaignId": key,
        "status": "running",
        "stats": {
            "total": 3,
            "planned": 3,
            "queued": 2,
            "sent": 1,
            "delivered": 0,
            "read": 0,
            "failed": 0,
            "cancelled": 0,
        },
        "progressPercent": 33,
        "timeline": {
            "scheduledFor": TEN,
            "processingStartedAt": TEN,
            "lastEnqueuedAt": "2026-01-05T10:00:00.100Z",
            "completedAt": None,
            "cancelledAt": None,
            "lastActivityAt": "2026-01-05T10:00:00.100Z",
        },
        "startedAt": TEN,
        "estimatedCompletionAt": "2026-01-05T10:00:00.250Z",
    }
    assert after["status"] == "completed"
    assert (after["stats"]["sent"], after["stats"]["delivered"], after["stats"]["read"]) == (3, 3, 3)
    assert after["stats"]["completedAt"] == "2026-01-05T10:00:00.300Z"
    assert api.call("GET", f"/campaigns/{key}/stats")[1]["progressPercent"] == 100


def test_a_campaigns_messages_are_messages_like_any_other(api: Any) -> None:
    [ada] = people(api, 1)
    api.world.add_webhook("https://bot.example.com/hook")
    key = start(api)

    api.wait(1)

    [row] = api.call("GET", "/messages")[1]["messages"]
    assert (row["campaignId"], row["contactId"], row["status"]) == (key, ada, "read")
    assert [event["event"] for event in api.events()] == ["message.sent", "message.delivered", "message.read"]
    assert api.call("GET", f"/instances/{DEMO_INSTANCE}/health")[1]["usageWindowSummary"]["outbound1h"] == 1
    assert api.call("GET", "/usage")[1]["usage"]["messagesCount"] == 1


def test_a_template_is_rendered_for_each_and_a_gap_fails_one_message_only(api: Any) -> None:
    api.world.add_contact("Ada Lovelace", "+33611111111", meta={"city": "Paris"})
    api.world.add_contact("Bob", "+33622222222")
    made = template(api, "{{contact.firstName}}, {{custom.code}} in {{contact.meta.city}}")
    key = start(api, templateId=made, variables={"code": "X1"})

    api.wait(2)

    rows = {row["to"]: row for row in api.world.sent}
    assert rows["+33611111111"]["body"] == "Ada, X1 in Paris"
    assert rows["+33622222222"]["status"] == "failed"
    assert "contact.meta.city" in rows["+33622222222"]["error"]
    shown = seen(api, key)
    assert (shown["status"], shown["stats"]["read"], shown["stats"]["failed"]) == ("completed", 1, 1)
    assert (shown["templateId"], shown["type"], shown["templateVariables"]) == (made, None, {"code": "X1"})
    assert api.call("GET", "/usage")[1]["usage"]["messagesCount"] == 1


def test_a_campaign_in_which_every_message_has_a_gap_completes(api: Any) -> None:
    people(api, 2)
    key = start(api, templateId=template(api, "{{custom.code}}"))

    api.wait(1)

    assert (seen(api, key)["status"], seen(api, key)["stats"]["failed"]) == ("completed", 2)


@pytest.mark.parametrize("lost", ["template", "group"])
def test_a_campaign_that_lost_its_template_or_group_fails(api: Any, lost: str) -> None:
    made = template(api, "hello")
    group = api.call("POST", "/contacts/groups", {"name": "friends"})[1]["id"]
    key = start(api, schedule=TEN, templateId=made, recipients={"type": "group", "groupId": group})

    api.call("DELETE", f"/templates/{made}" if lost == "template" else f"/contacts/groups/{group}")
    api.wait(3600)

    assert seen(api, key)["status"] == "failed"


def test_a_campaign_to_nobody_completes(api: Any) -> None:
    key = start(api)

    stats = api.call("GET", f"/campaigns/{key}/stats")[1]

    assert (stats["status"], stats["stats"]["total"], stats["progressPercent"]) == ("completed", 0, 100)


def test_messages_from_a_disconnected_number_fail_and_the_campaign_goes_on(api: Any) -> None:
    people(api, 3)
    api.world.set_status(DEMO_INSTANCE, "disconnected")
    key = start(api)

    api.wait(2)

    assert (seen(api, key)["status"], seen(api, key)["stats"]["failed"]) == ("completed", 3)


def test_pausing_keeps_the_rest_and_resuming_sends_it_once(make: Any) -> None:
    api = make(campaign_per_second=1)
    people(api, 4)
    key = start(api)
    api.wait(1.5)

    paused = api.call("POST", f"/campaigns/{key}/pause")[1]
    api.wait(60)
    held = seen(api, key)
    resumed = api.call("POST", f"/campaigns/{key}/resume")[1]
    api.wait(60)

    assert (paused["status"], held["status"], resumed["status"]) == ("paused", "paused", "running")
    assert (held["stats"]["sent"], held["stats"]["queued"]) == (2, 2)
    assert "safety" in resumed
    assert seen(api, key)["status"] == "completed"
    assert sorted(row["status"] for row in api.world.sent) == ["read"] * 4


def test_pausing_and_resuming_at_once_does_not_quicken_the_pace(make: Any) -> None:
    api = make(campaign_per_second=1)
    people(api, 9)
    key = start(api)
    seen(api, key)

    for _ in range(3):
        api.call("POST", f"/campaigns/{key}/pause")
        api.call("POST", f"/campaigns/{key}/resume")
        seen(api, key)
    api.wait(2.2)

    assert seen(api, key)["stats"]["sent"] == 3


def test_a_campaign_paused_over_its_time_starts_when_resumed(api: Any) -> None:
    people(api, 1)
    key = start(api, schedule=TEN)
    api.call("POST", f"/campaigns/{key}/pause")
    api.wait(7200)

    waiting = seen(api, key)["stats"]["planned"]
    api.call("POST", f"/campaigns/{key}/resume")
    api.wait(1)

    assert waiting == 0
    assert seen(api, key)["status"] == "completed"


def test_a_campaign_resumed_before_its_time_still_waits_for_it(api: Any) -> None:
    people(api, 1)
    key = start(api, schedule=TEN)
    api.call("POST", f"/campaigns/{key}/pause")

    resumed = api.call("POST", f"/campaigns/{key}/resume")[1]
    api.wait(3599)
    early = api.world.sent
    api.wait(2)

    assert resumed["status"] == "running"
    assert early == []
    assert seen(api, key)["status"] == "completed"


def test_only_what_goes_can_be_paused_and_only_what_is_held_resumed(api: Any) -> None:
    key = start(api, schedule=TEN)

    too_early = api.call("POST", f"/campaigns/{key}/resume")
    api.call("POST", f"/campaigns/{key}/pause")
    twice = api.call("POST", f"/campaigns/{key}/pause")
    api.call("POST", f"/campaigns/{key}/resume")
    api.wait(3600)
    ended = [api.call("POST", f"/campaigns/{key}/{verb}") for verb in ("pause", "resume")]

    assert [too_early, twice, *ended] == [(400, "BAD_REQUEST")] * 4


def test_a_spent_quota_pauses_a_campaign_until_it_is_resumed_with_quota(make: Any) -> None:
    api = make(monthly_outbound=2)
    people(api, 3)
    key = start(api)
    api.wait(5)

    held = seen(api, key)
    api.call("POST", f"/campaigns/{key}/resume")
    still = seen(api, key)["status"]
    api.clock.advance(timedelta(days=31))
    api.call("POST", f"/campaigns/{key}/resume")
    api.wait(2)

    assert (held["status"], held["stats"]["read"], held["stats"]["queued"]) == ("paused_quota", 2, 1)
    assert still == "paused_quota"
    assert seen(api, key)["status"] == "completed"
    assert {row["status"] for row in api.world.sent} == {"read"}


@pytest.mark.parametrize("when", ["before its time", "on the way"])
def test_a_lost_feature_pauses_a_campaign_until_it_is_back(make: Any, when: str) -> None:
    api = make(campaign_per_second=1)
    people(api, 3)
    key = start(api, schedule=TEN)
    if when == "on the way":
        api.wait(3600.5)

    api.world.set_feature("campaigns", False)
    api.wait(7200)
    held = seen(api, key)
    refused = api.call("POST", f"/campaigns/{key}/resume")
    api.world.set_feature("campaigns", True)
    api.call("POST", f"/campaigns/{key}/resume")
    api.wait(10)

    assert held["status"] == "paused_plan"
    assert held["stats"]["sent"] == (when == "on the way")
    assert refused == (403, "CAMPAIGNS_NOT_AVAILABLE_ON_PLAN")
    assert seen(api, key)["stats"]["read"] == 3


def test_a_lapsed_subscription_pauses_a_campaign_and_keeps_it_from_being_resumed(api: Any) -> None:
    people(api, 1)
    key = start(api, schedule=TEN)

    api.world.set_subscription(False)
    api.wait(3610)

    assert seen(api, key)["status"] == "paused_plan"
    assert api.call("POST", f"/campaigns/{key}/resume") == (403, "SUBSCRIPTION_INACTIVE")


def test_a_lost_voice_note_feature_pauses_the_campaigns_that_need_it(api: Any) -> None:
    people(api, 1)
    voice = start(api, schedule=TEN, type="voice_note", mediaUrl="https://example.com/a.ogg")
    text = start(api, schedule=TEN)

    api.world.set_feature("voiceNotes", False)
    api.wait(3610)

    assert (seen(api, voice)["status"], seen(api, text)["status"]) == ("paused_plan", "completed")


@pytest.mark.parametrize(("repeat", "days"), [("daily", 1), ("weekly", 7)])
def test_a_repeated_campaign_is_scheduled_again_and_counts_on(api: Any, repeat: str, days: int) -> None:
    people(api, 2)
    key = start(api, repeat=repeat)
    api.wait(60)

    between = seen(api, key)
    api.clock.advance(timedelta(days=days))

    assert (between["status"], between["stats"]["read"]) == ("scheduled", 2)
    assert between["schedule"] == f"2026-01-{5 + days:02}T09:00:00.000Z"
    again = seen(api, key)
    assert (again["status"], again["stats"]["planned"], again["stats"]["read"]) == ("scheduled", 4, 4)
    assert len(api.world.sent) == 4


def test_a_repeated_campaign_with_an_old_start_runs_once_now_and_then_at_its_hour(api: Any) -> None:
    people(api, 1)
    key = start(api, repeat="daily", schedule="2020-01-01T12:00:00.000Z")

    api.wait(60)

    assert len(api.world.sent) == 1
    assert seen(api, key)["schedule"] == "2026-01-05T12:00:00.000Z"


def test_cancelling_marks_what_still_waits(make: Any) -> None:
    api = make(campaign_per_second=1)
    people(api, 4)
    key = start(api)
    api.wait(1.5)

    api.world.campaigns.cancel(key)
    api.wait(60)

    shown = seen(api, key)
    assert (shown["status"], shown["stats"]["read"], shown["stats"]["cancelled"]) == ("cancelled", 2, 2)
    assert shown["stats"]["cancelledAt"] == "2026-01-05T09:00:01.500Z"
    assert len(api.call("GET", "/messages", query={"status": "cancelled"})[1]["messages"]) == 2
    assert api.call("POST", f"/campaigns/{key}/resume") == (400, "BAD_REQUEST")
    with pytest.raises(ValueError, match=key):
        api.world.campaigns.cancel(key)


def test_the_safety_block_warns_of_a_cold_audience_too_large_for_a_warming_number(api: Any) -> None:
    people(api, 4)
    api.world.says("+33600000000", "hi")
    api.world.set_health(DEMO_INSTANCE, "warming", maxCampaignRecipients=3)

    safety = api.call("POST", "/campaigns", campaign())[1]["safety"]

    assert (safety["decision"], safety["riskLevel"], safety["state"]) == ("warn", "medium", "warming")
    assert len(safety["reasons"]) == 3
    assert safety["appliedLimits"] == {"maxCampaignRecipients": 3, "maxColdRatio": 0.4}
    assert safety["audience"] == {"totalRecipients": 4, "coldRatio": 0.75}


def test_a_risky_number_is_a_high_risk(api: Any) -> None:
    api.world.set_health(DEMO_INSTANCE, "at_risk")

    assert api.call("POST", "/campaigns", campaign())[1]["safety"]["riskLevel"] == "high"


def test_ten_thousand_recipients_are_no_trouble(make: Any) -> None:
    api = make(campaign_per_second=100)
    people(api, 10_000)
    api.world.add_webhook("https://bot.example.com/hook")
    began = time.perf_counter()
    key = start(api)

    while seen(api, key)["status"] != "completed":
        api.wait(10)
        api.events()

    assert seen(api, key)["stats"]["sent"] == 10_000
    assert api.clock.monotonic() <= 110
    assert time.perf_counter() - began < 20
