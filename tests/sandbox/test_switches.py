"""Each contradiction of the vendor's pages that is not about contacts, under both of its readings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flashbot.sandbox.switches import Switches
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_NUMBER

ADA = "+33611111111"
TEAM_KEY = "msgf_team_" + "1" * 64
TEAM = "22222222-2222-4222-8222-222222222222"
CAMPAIGN = {
    "instanceId": DEMO_INSTANCE,
    "name": "sale",
    "schedule": "2026-01-06T09:00:00.000Z",
    "recipients": {"type": "all"},
    "type": "text",
    "body": "hello",
}


def buttons(*items: dict[str, str]) -> dict[str, object]:
    return {"type": "buttons", "title": "Sure?", "description": "Please choose", "buttons": list(items)}


def test_a_value_that_is_no_reading_is_refused() -> None:
    with pytest.raises(ValueError, match="button_kind must be one of both, title, type"):
        Switches(button_kind="kind")  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize(("reading", "title", "type_"), [("both", 201, 201), ("title", 201, 400), ("type", 400, 201)])
def test_a_buttons_kind_is_read_under_its_key(make: Any, reading: Any, title: int, type_: int) -> None:
    api = make(switches=Switches(button_kind=reading))
    rest = {"displayText": "Yes", "id": "yes"}

    answers = [api.send(**buttons({key: "reply", **rest}))[0] for key in ("title", "type")]
    campaign = api.call("POST", "/campaigns", {**CAMPAIGN, "body": None, **buttons({"title": "reply", **rest})})[0]

    assert answers == [title, type_]
    assert campaign == title


@pytest.mark.parametrize(("reading", "status"), [("warn", 201), ("refuse", 400)])
def test_mixed_buttons_warn_or_are_refused(make: Any, reading: Any, status: int) -> None:
    api = make(switches=Switches(button_mix=reading))
    reply = {"type": "reply", "displayText": "Yes", "id": "yes"}
    link = {"type": "url", "displayText": "See", "url": "https://example.com"}

    assert api.send(**buttons(reply, link))[0] == status
    assert api.send(**buttons(reply))[0] == 201


@pytest.mark.parametrize(("reading", "status"), [("nine", 201), ("eight", 400)])
def test_buttons_are_a_message_type_or_not(make: Any, reading: Any, status: int) -> None:
    api = make(switches=Switches(message_types=reading))

    assert api.send(**buttons({"type": "reply", "displayText": "Yes", "id": "yes"}))[0] == status
    assert api.send(type="location", latitude=1, longitude=2)[0] == 201


@pytest.mark.parametrize("word", ["none", "noe"])
def test_a_campaign_that_does_not_repeat_says_so_in_one_word_and_reads_both(make: Any, word: Any) -> None:
    api = make(switches=Switches(repeat=word))

    answers = [api.call("POST", "/campaigns", {**CAMPAIGN, "repeat": given})[1] for given in ("none", "noe", "daily")]

    assert [answer["repeat"] for answer in answers] == [word, word, "daily"]


def test_the_older_plans_print_their_price_under_other_names(make: Any) -> None:
    plans = make(switches=Switches(plans="old")).call("GET", "/billing/plans")[1]

    assert [plan["code"] for plan in plans] == ["free", "starter", "pro", "plus"]
    assert [plan["limits"]["maxApiKeys"] for plan in plans] == [1, 3, 10, 10]
    assert all({"priceMonthly", "currency"} <= plan.keys() and "priceEur" not in plan for plan in plans)


def test_the_webhook_events_are_seven_or_four(make: Any) -> None:
    four = make(switches=Switches(webhook_events="four"))
    hook = {"url": "https://bot.example.com/hook"}

    assert make().call("POST", "/webhooks", {**hook, "events": ["message.received"]})[0] == 201
    assert four.call("POST", "/webhooks", {**hook, "events": ["message.received"]}) == (400, "VALIDATION_ERROR")
    assert four.call("POST", "/webhooks", {**hook, "events": ["message.failed"]})[0] == 201
    assert len(four.world.add_webhook("https://bot.example.com/all")["events"]) == 4


@pytest.mark.parametrize(("reading", "number"), [("plus", DEMO_NUMBER), ("digits", DEMO_NUMBER[1:])])
def test_an_instances_number_has_its_plus_or_not(make: Any, reading: Any, number: str) -> None:
    api = make(switches=Switches(wa_number=reading))

    assert api.call("GET", f"/instances/{DEMO_INSTANCE}")[1]["waNumber"] == number
    assert api.call("GET", "/instances")[1][0]["waNumber"] == number


def test_nested_webhooks_carry_statuses_and_texts_under_data(make: Any) -> None:
    api = make(switches=Switches(webhook_body="nested"))
    api.world.add_webhook("https://bot.example.com/hook")

    api.world.says(ADA, "hi")
    api.send()
    api.wait(0.1)

    received, sent = api.events()
    assert received.keys() == sent.keys() == {"event", "data"}
    assert (received["data"]["body"], sent["data"]["status"]) == ("hi", "sent")


def test_the_providers_record_is_not_nested_twice(make: Any) -> None:
    api = make(webhook_shape="provider", switches=Switches(webhook_body="nested"))
    api.world.add_webhook("https://bot.example.com/hook")

    api.world.says(ADA, "hi")
    api.send()
    api.wait(0.1)

    received, sent = api.events()
    assert received["data"]["message"] == {"conversation": "hi"}
    assert sent["data"]["status"] == "sent"


def test_usage_is_full_or_only_counts(make: Any) -> None:
    compact = make(switches=Switches(usage="compact"))

    assert "limits" in make().call("GET", "/usage")[1]
    assert compact.call("GET", "/usage")[1] == {
        "messagesCount": 0,
        "statusesCount": 0,
        "effectiveOutboundUsage": 0,
        "apiRequestsCount": 1,
    }
    assert "limits" in compact.call("GET", "/billing/usage")[1]


@pytest.mark.parametrize("field", ["active", "createdAt"])
def test_a_created_webhook_is_answered_as_one_page_or_the_other(make: Any, field: Any) -> None:
    api = make(switches=Switches(webhook_created=field))

    made = api.call("POST", "/webhooks", {"url": "https://bot.example.com", "events": ["message.sent"]})[1]

    assert made.keys() == {"id", "url", "secret", "events", field}


def test_a_sends_answer_is_full_or_short_and_a_schedules_is_full(make: Any) -> None:
    api = make(switches=Switches(send_answer="short"))
    missing = {"userId", "direction", "from", "meta"}

    sent = api.send()[1]
    later = {"instanceId": DEMO_INSTANCE, "to": ADA, "type": "text", "text": "x", "scheduledAt": "2026-01-06"}
    scheduled = api.call("POST", "/messages/schedule", later)[1]

    assert not missing & sent.keys()
    assert missing <= scheduled.keys()
    assert missing <= api.call("GET", f"/messages/{sent['id']}")[1].keys()
    assert missing <= make().send()[1].keys()


def test_pausing_and_resuming_answer_two_fields_or_the_campaign(make: Any) -> None:
    short = make(switches=Switches(pause_answer="short"))

    def answers(api: Any) -> list[Any]:
        made = api.call("POST", "/campaigns", CAMPAIGN)[1]
        return [api.call("POST", f"/campaigns/{made['id']}/{verb}")[1] for verb in ("pause", "resume")]

    assert [one.keys() for one in answers(short)] == [{"id", "status"}] * 2
    assert all("stats" in one for one in answers(make()))


@pytest.mark.parametrize(("code", "status"), [("UNAUTHORIZED", 401), ("TEAM_NOT_FOUND", 404)])
def test_another_teams_id_is_a_wrong_key_or_an_unknown_team(make: Any, code: Any, status: int) -> None:
    api = make(team_key=TEAM_KEY, team_id=TEAM, switches=Switches(team_mismatch=code))

    def answered(headers: dict[str, str]) -> tuple[int, str]:
        answer = api.raw("GET", "/messages", headers=headers)
        return answer.status, json.loads(answer.body)["error"]["code"]

    assert answered({"x-api-key": TEAM_KEY, "X-Team-Id": DEMO_INSTANCE}) == (status, code)
    assert answered({"x-api-key": TEAM_KEY}) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(("reading", "texts"), [("all", ["hello", "and you?"]), ("outbound", ["hello"])])
def test_the_list_shows_what_people_wrote_or_not(make: Any, reading: Any, texts: list[str]) -> None:
    api = make(switches=Switches(messages_list=reading))
    api.world.says(ADA, "and you?")
    api.send()

    pages = [api.call("GET", "/messages", query=query)[1] for query in ({}, {"limit": "1"}, {"status": "received"})]

    assert [row["body"] for row in pages[0]["messages"]] == texts
    assert pages[1]["hasMore"] is (reading == "all")
    assert [row["body"] for row in pages[2]["messages"]] == texts[1:]
