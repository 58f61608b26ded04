"""The second server does what it says: raw requests, nothing of the package."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.second.book import ROUTES as BOOK
from tests.second.conftest import Asking, Receiver
from tests.second.server import SecondServer
from tests.second.traffic import ROUTES as TRAFFIC

PHONE = "+33600000000"


def text_to(server: SecondServer, to: str = PHONE, **fields: Any) -> dict[str, Any]:
    return {"instanceId": server.instance_id, "to": to, "type": "text", "text": "Bonjour", **fields}


async def test_a_sent_message_goes_through_its_statuses(ask: Asking) -> None:
    status, sent = await ask("POST", "/messages/send", text_to(ask.server))
    await ask.server.quiet()
    _, read = await ask("GET", f"/messages/{sent['data']['id']}")

    assert status == 201
    assert sent["data"]["status"] == "queued"
    assert "userId" not in sent["data"]
    assert read["data"]["status"] == "read"
    assert read["data"]["providerMessageId"].startswith("BAE5")
    assert ask.server.refusals == []


async def test_a_contrary_send_answers_little_and_something_unknown(ask_contrary: Asking) -> None:
    status, sent = await ask_contrary("POST", "/messages/send", text_to(ask_contrary.server))

    assert status == 201
    assert set(sent["data"]) == {"id", "status", "addedLater"}


async def test_a_message_to_nobody_fails(ask: Asking) -> None:
    ask.server.not_on_whatsapp.add(PHONE)

    _, sent = await ask("POST", "/messages/send", text_to(ask.server))
    await ask.server.quiet()

    _, failed = await ask("GET", f"/messages/{sent['data']['id']}")
    assert failed["data"]["status"] == "failed"
    assert failed["data"]["error"]


async def test_pages_give_every_message_once_newest_first(ask_either: Asking) -> None:
    asking = ask_either
    sent = [(await asking("POST", "/messages/send", text_to(asking.server)))[1]["data"]["id"] for _ in range(7)]

    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        _, page = await asking("GET", "/messages", **query)
        seen += [message["id"] for message in page["data"]["messages"]]
        if not page["data"]["hasMore"]:
            break
        query["cursor"] = page["data"]["nextCursor"]

    assert seen == sent[::-1]


async def test_a_hundred_contacts_are_deleted_by_a_job(ask: Asking) -> None:
    _, contact = await ask("POST", "/contacts", {"name": "Awa", "phone": PHONE})
    ids = [contact["data"]["id"], *(str(uuid.uuid4()) for _ in range(99))]

    status, accepted = await ask("POST", "/contacts/bulk-delete", {"contactIds": ids})
    await ask.server.quiet()
    _, job = await ask("GET", f"/contacts/bulk-jobs/{accepted['data']['jobId']}/progress")

    assert status == 202
    assert accepted["data"]["mode"] == "async"
    assert job["data"]["status"] == "done"
    assert job["data"]["summary"] == {"deleted": 1, "notFound": 99}


async def test_a_cancelled_job_keeps_what_it_did(ask: Asking) -> None:
    ids = [str(uuid.uuid4()) for _ in range(200)]
    _, accepted = await ask("POST", "/contacts/bulk-delete", {"contactIds": ids})
    path = f"/contacts/bulk-jobs/{accepted['data']['jobId']}"
    await asyncio.sleep(0.04)

    status, cancelled = await ask("POST", f"{path}/cancel")
    again, refusal = await ask("POST", f"{path}/cancel")

    assert (status, cancelled["data"]["status"]) == (200, "cancelled")
    assert (again, refusal["error"]["code"]) == (400, "BAD_REQUEST")


async def test_members_are_listed_under_two_names(ask: Asking, ask_contrary: Asking) -> None:
    keys = []
    for asking in (ask, ask_contrary):
        _, contact = await asking("POST", "/contacts", {"name": "Awa", "phone": PHONE})
        _, group = await asking("POST", "/contacts/groups", {"name": "VIP"})
        path = f"/contacts/groups/{group['data']['id']}/members"
        await asking("POST", path, {"contactIds": [contact["data"]["id"]]})
        _, listed = await asking("GET", path)
        keys.append(next(key for key, value in listed["data"].items() if isinstance(value, list)))
        status, _ = await asking("DELETE", path, {"contactIds": [contact["data"]["id"]]})
        assert status == 200

    assert keys == ["contacts", "members"]


async def test_lookups_answer_at_once_or_by_a_job(ask: Asking, ask_contrary: Asking) -> None:
    ask.server.not_on_whatsapp.add("+33600000001")
    numbers = [f"+336000000{index:02}" for index in range(99)]
    statuses = []
    for asking, asked in ((ask, [*numbers, "?"]), (ask, [*numbers[:9], "?"]), (ask_contrary, [*numbers, "?"])):
        status, lookup = await asking(
            "POST", "/number-lookups", {"instanceId": asking.server.instance_id, "numbers": asked}
        )
        statuses.append((status, lookup["data"]["mode"]))
    await ask.server.quiet()
    _, listed = await ask("GET", "/number-lookups")
    done = listed["data"]["lookups"][1]

    assert statuses == [(202, "async"), (200, "sync"), (200, "sync")]
    assert (done["onWhatsAppCount"], done["notOnWhatsAppCount"], done["invalidCount"]) == (98, 1, 1)


MATRIX: list[tuple[Callable[[SecondServer], dict[str, str]], str, int, str | None]] = [
    (lambda server: {}, "/instances", 401, "UNAUTHORIZED"),
    (lambda server: {"Authorization": f"Bearer {server.personal_key}"}, "/instances", 401, "UNAUTHORIZED"),
    (lambda server: {"x-api-key": "msgf_live_wrong"}, "/instances", 401, "UNAUTHORIZED"),
    (lambda server: {"x-api-key": server.personal_key}, "/instances", 200, None),
    (lambda server: {"x-api-key": server.personal_key, "X-Team-Id": server.team_id}, "/me", 403, "TEAM_KEY_REQUIRED"),
    (lambda server: {"x-api-key": server.team_key}, "/instances", 401, "UNAUTHORIZED"),
    (lambda server: {"x-api-key": server.team_key, "X-Team-Id": "other"}, "/instances", 401, "UNAUTHORIZED"),
    (lambda server: {"x-api-key": server.team_key, "X-Team-Id": server.team_id}, "/instances", 200, None),
    (lambda server: {"x-api-key": server.team_key, "X-Team-Id": server.team_id}, "/billing/plans", 200, None),
    (lambda server: {"x-api-key": server.team_key, "X-Team-Id": server.team_id}, "/me", 403, "TEAM_KEY_NOT_ALLOWED"),
]


@pytest.mark.parametrize(("headers", "path", "status", "code"), MATRIX)
async def test_keys_and_team_headers_open_what_they_should(
    ask: Asking, headers: Callable[[SecondServer], dict[str, str]], path: str, status: int, code: str | None
) -> None:
    came, answer = await ask("GET", path, headers=headers(ask.server))

    assert came == status
    assert answer.get("error", {}).get("code") == code


async def test_a_team_sees_its_own_data(ask: Asking) -> None:
    await ask("POST", "/contacts", {"name": "Awa", "phone": PHONE})

    team = {"x-api-key": ask.server.team_key, "X-Team-Id": ask.server.team_id}
    _, contacts = await ask("GET", "/contacts", headers=team)

    assert contacts["data"]["total"] == 0


async def test_an_event_is_signed_and_repeated_until_it_is_taken(ask: Asking, receiver: Receiver) -> None:
    receiver.statuses = [500, 302]
    _, created = await ask("POST", "/webhooks", {"url": receiver.url, "events": ["message.received"]})

    ask.server.person_says(PHONE, "Où est ma commande ?")
    await ask.server.quiet()

    secret = created["data"]["secret"].encode()
    assert len({raw for _, raw in receiver.received}) == 1
    for headers, raw in receiver.received:
        expected = "sha256=" + hmac.new(secret, raw, hashlib.sha256).hexdigest()
        assert headers["X-MsgFlash-Signature"] == expected
        assert headers["X-MsgFlash-Event"] == json.loads(raw)["event"] == "message.received"
    assert json.loads(receiver.received[0][1])["from"] == PHONE
    assert [delivery.status for delivery in ask.server.deliveries] == [500, 302, 200]


async def test_an_event_nobody_takes_is_dropped_after_five_attempts(ask: Asking, receiver: Receiver) -> None:
    receiver.statuses = [503] * 9
    await ask("POST", "/webhooks", {"url": receiver.url, "events": ["instance.disconnected"]})

    ask.server.set_instance_status("disconnected")
    await ask.server.quiet()

    assert len(receiver.received) == 5


async def test_contrary_events_are_nested(ask_contrary: Asking, receiver: Receiver) -> None:
    events = ["message.sent", "message.delivered", "message.received"]
    await ask_contrary("POST", "/webhooks", {"url": receiver.url, "events": events})

    await ask_contrary("POST", "/messages/send", text_to(ask_contrary.server))
    ask_contrary.server.person_says(PHONE, "Oui", shape="provider")
    await ask_contrary.server.quiet()

    bodies = [json.loads(raw) for _, raw in receiver.received]
    assert sorted(body["event"] for body in bodies) == sorted(events)
    assert all(isinstance(body["data"], dict) for body in bodies)
    assert next(body for body in bodies if "key" in body["data"])["data"]["message"]["conversation"] == "Oui"


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"body": "a campaign's name for it"}, 400, "VALIDATION_ERROR"),
    ({"text": None}, 400, "VALIDATION_ERROR"),
    ({"text": "x" * 4097}, 400, "VALIDATION_ERROR"),
    ({"type": "image"}, 400, "VALIDATION_ERROR"),
    ({"type": "location", "latitude": "48.8", "longitude": 2.3}, 400, "VALIDATION_ERROR"),
    ({"templateId": str(uuid.uuid4())}, 400, "VALIDATION_ERROR"),
    ({"to": "0600000000"}, 422, "INVALID_DESTINATION"),
    ({"instanceId": str(uuid.uuid4())}, 404, "NOT_FOUND"),
    (
        {"type": "buttons", "title": "T", "description": "D", "buttons": [{"type": "reply", "displayText": "Yes"}]},
        400,
        "VALIDATION_ERROR",
    ),
]


@pytest.mark.parametrize(("fields", "status", "code"), REFUSED)
async def test_a_wrong_send_is_refused_and_remembered(
    ask: Asking, fields: dict[str, Any], status: int, code: str
) -> None:
    came, answer = await ask("POST", "/messages/send", text_to(ask.server, **fields))

    assert (came, answer["error"]["code"]) == (status, code)
    assert [(refusal.status, refusal.code) for refusal in ask.server.refusals] == [(status, code)]
    assert ask.server.refusals[0].request.json()["to"]


async def test_buttons_with_both_keys_of_their_kind_pass_everywhere(ask_either: Asking) -> None:
    asking = ask_either
    button = {"type": "reply", "title": "reply", "displayText": "Oui", "id": "yes"}
    body = {
        "instanceId": asking.server.instance_id,
        "to": PHONE,
        "type": "buttons",
        "title": "Livraison",
        "description": "Demain ?",
        "buttons": [button],
    }

    sent, _ = await asking("POST", "/messages/send", body)
    scheduled, _ = await asking("POST", "/messages/schedule", {**body, "scheduledAt": "2026-01-01T00:00:00.000Z"})

    assert (sent, scheduled) == (201, 201)


async def test_a_body_without_its_content_type_is_refused(ask: Asking, session: ClientSession) -> None:
    headers = {"x-api-key": ask.server.personal_key}
    url = f"{ask.server.url}/api/v1/contacts"

    async with session.post(url, data=b'{"name":"Awa","phone":"+33600000000"}', headers=headers) as answer:
        assert answer.status == 400
    assert "Content-Type" in ask.server.refusals[0].reason


@pytest.mark.parametrize("contrary", [True, False])
async def test_the_eleventh_request_of_a_second_is_refused(session: ClientSession, contrary: bool) -> None:
    async with SecondServer(strict_rate=True, contrary=contrary) as server:
        asking = Asking(session, server)
        answers = [await asking("GET", "/instances") for _ in range(11)]
        await asyncio.sleep(1.05)
        later, _ = await asking("GET", "/instances")

    assert [status for status, _ in answers] == [200] * 10 + [429]
    assert answers[-1][1]["error"]["code"] == "API_RATE_LIMIT_EXCEEDED"
    assert later == 200


async def test_previews_report_gaps_that_sends_refuse(ask: Asking) -> None:
    body = {"name": "Promo", "type": "text", "body": "Bonjour {{ custom.name }}, code {{custom.code}}"}
    _, template = await ask("POST", "/templates", body)
    identity = template["data"]["id"]

    _, preview = await ask("POST", f"/templates/{identity}/preview", {"variables": {"name": "{{custom.code}}"}})
    letter = {"instanceId": ask.server.instance_id, "to": PHONE, "templateId": identity}
    status, refusal = await ask("POST", "/messages/send", {**letter, "variables": {"name": "Awa"}})
    _, sent = await ask("POST", "/messages/send", {**letter, "variables": {"name": "Awa", "code": 10}})
    wrong, _ = await ask("POST", "/templates", {**body, "body": "{{name}}"})

    assert preview["data"] == {
        "rendered": "Bonjour {{custom.code}}, code {{custom.code}}",
        "variables": ["custom.name", "custom.code"],
        "missingVariables": ["custom.code"],
        "valid": False,
    }
    assert (status, refusal["error"]["code"]) == (400, "TEMPLATE_VARIABLES_MISSING")
    assert sent["data"]["body"] == "Bonjour Awa, code 10"
    assert wrong == 400


async def test_a_campaign_runs_pauses_and_ends(ask: Asking) -> None:
    for index in range(4):
        await ask("POST", "/contacts", {"name": "Awa", "phone": f"+3360000000{index}"})
    body = {
        "instanceId": ask.server.instance_id,
        "name": "May",
        "schedule": "2026-05-01T08:00:00.000Z",
        "recipients": {"type": "all"},
        "type": "text",
        "body": "Bonjour",
    }

    status, campaign = await ask("POST", "/campaigns", body)
    path = f"/campaigns/{campaign['data']['id']}"
    await asyncio.sleep(0.05)
    _, paused = await ask("POST", f"{path}/pause")
    again, _ = await ask("POST", f"{path}/pause")
    _, resumed = await ask("POST", f"{path}/resume")
    async with asyncio.timeout(3):
        while (stats := (await ask("GET", f"{path}/stats"))[1]["data"])["status"] != "completed":
            await asyncio.sleep(0.02)
    await ask.server.quiet()
    _, after = await ask("GET", path)

    assert (status, again) == (201, 400)
    assert (paused["data"]["status"], resumed["data"]["status"]) == ("paused", "running")
    assert (stats["stats"]["total"], stats["progressPercent"]) == (4, 100)
    assert after["data"]["stats"]["read"] == 4


async def test_every_row_of_the_index_answers(ask_either: Asking) -> None:
    """No route is missing, and none breaks on an id it does not know or on an empty body."""
    for route in (*BOOK, *TRAFFIC):
        path = route.path
        for name in ("id", "groupId", "jobId"):
            path = path.replace(f"{{{name}}}", str(uuid.uuid4()))
        status, answer = await ask_either(route.method, path, None if route.body == "none" else {})
        expected = 404 if "{" in route.path else 400 if route.body == "required" else 200
        assert status == expected, (route, answer)
        assert set(answer) == ({"data"} if status == 200 else {"error"})
    assert len((*BOOK, *TRAFFIC)) == 54
