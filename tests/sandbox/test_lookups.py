"""Number lookups: guides/number-lookups and api-reference/number-lookups."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flashbot.sandbox.switches import Switches
from flashbot.sandbox.world import DEMO_INSTANCE

UNKNOWN = "99999999-9999-4999-8999-999999999999"


@pytest.fixture
def api(make: Any) -> Any:
    """A second to begin, and a second for every batch."""
    return make(job_seconds_per_hundred=5)


def look_up(api: Any, numbers: list[str]) -> tuple[int, Any]:
    status, answer = api.call("POST", "/number-lookups", {"instanceId": DEMO_INSTANCE, "numbers": numbers})
    return status, answer


def many(count: int) -> list[str]:
    return [f"+3361{number:06}1" for number in range(count)]


def test_a_few_numbers_are_answered_at_once(api: Any) -> None:
    api.world.lookups.not_on_whatsapp.add("+33622222222")

    status, answer = look_up(api, ["+33 6 11-11.11(11)", "33622222222", "+33633333339", "call me", "+0123456789"])

    assert status == 200
    assert answer == {
        "mode": "sync",
        "lookupId": answer["lookupId"],
        "status": "done",
        "requested": 5,
        "normalized": 3,
        "checked": 3,
        "onWhatsAppCount": 1,
        "notOnWhatsAppCount": 2,
        "invalidCount": 2,
        "result": {
            "onWhatsApp": [
                {"input": "+33 6 11-11.11(11)", "normalized": "+33611111111", "jid": "33611111111@s.whatsapp.net"}
            ],
            "notOnWhatsApp": [
                {"input": "33622222222", "normalized": "+33622222222"},
                {"input": "+33633333339", "normalized": "+33633333339"},
            ],
            "invalid": [
                {"input": "call me", "reason": "Invalid phone number"},
                {"input": "+0123456789", "reason": "Invalid phone number"},
            ],
        },
    }


@pytest.mark.parametrize(
    "wrong",
    [{"numbers": []}, {"numbers": [33611111111]}, {"numbers": ["1"] * 10_001}, {"instanceId": "demo"}],
)
def test_a_wrong_body_is_refused(api: Any, wrong: dict[str, object]) -> None:
    body = {"instanceId": DEMO_INSTANCE, "numbers": ["+33611111111"], **wrong}

    assert api.call("POST", "/number-lookups", body) == (400, "VALIDATION_ERROR")


def test_the_number_must_exist_and_be_connected(api: Any) -> None:
    away = api.world.add_instance("away", "+33600000002", status="disconnected")
    body = {"numbers": ["+33611111111"]}

    assert api.call("POST", "/number-lookups", {**body, "instanceId": UNKNOWN}) == (404, "NOT_FOUND")
    assert api.call("POST", "/number-lookups", {**body, "instanceId": away}) == (502, "PROVIDER_ERROR")
    assert api.call("GET", "/number-lookups")[1]["lookups"] == []


def test_a_plan_without_lookups_refuses_them(api: Any) -> None:
    api.world.set_feature("numberLookups", False)

    assert look_up(api, ["+33611111111"]) == (403, "FEATURE_NOT_AVAILABLE_ON_PLAN")


def test_from_100_numbers_on_a_lookup_is_accepted_as_a_job(api: Any) -> None:
    at_once = look_up(api, many(99))
    status, accepted = look_up(api, many(100))

    assert (at_once[0], status) == (200, 202)
    assert accepted == {
        "mode": "async",
        "lookupId": accepted["lookupId"],
        "status": "pending",
        "requested": 100,
        "message": accepted["message"],
    }


def test_the_older_guide_answers_up_to_999_at_once(make: Any) -> None:
    api = make(switches=Switches(lookup_threshold="1000"))

    assert (look_up(api, many(999))[0], look_up(api, many(1000))[0]) == (200, 202)


def test_a_lookup_advances_by_batches_of_20(api: Any) -> None:
    key = look_up(api, [*many(50), *["nothing"] * 50])[1]["lookupId"]

    seen = []
    for _ in range(5):
        shown = api.call("GET", f"/number-lookups/{key}/progress")[1]
        seen.append((shown["status"], shown["progress"], shown["checkedCount"], shown["onWhatsAppCount"]))
        api.wait(1)

    assert seen == [
        ("pending", 0, 0, 0),
        ("processing", 0, 0, 0),
        ("processing", 40, 20, 20),
        ("processing", 80, 40, 40),
        ("done", 100, 50, 50),
    ]
    shown = api.call("GET", f"/number-lookups/{key}/progress")[1]
    assert shown == {
        "id": key,
        "status": "done",
        "progress": 100,
        "requestedCount": 100,
        "normalizedCount": 50,
        "checkedCount": 50,
        "onWhatsAppCount": 50,
        "notOnWhatsAppCount": 0,
        "invalidCount": 50,
        "error": None,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T09:00:04.000Z",
        "completedAt": "2026-01-05T09:00:04.000Z",
    }
    whole = api.call("GET", f"/number-lookups/{key}")[1]
    result = whole.pop("result")
    assert whole == shown
    assert [len(result[name]) for name in ("onWhatsApp", "notOnWhatsApp", "invalid")] == [50, 0, 50]


def test_a_lookup_of_nothing_valid_is_done_all_the_same(api: Any) -> None:
    key = look_up(api, ["nothing"] * 100)[1]["lookupId"]
    api.wait(2)

    shown = api.call("GET", f"/number-lookups/{key}")[1]

    assert (shown["status"], shown["progress"], shown["invalidCount"]) == ("done", 100, 100)


def test_a_cancelled_lookup_keeps_what_it_found(api: Any) -> None:
    key = look_up(api, many(100))[1]["lookupId"]
    api.wait(2)

    cancelled = api.call("POST", f"/number-lookups/{key}/cancel")

    assert cancelled == (200, {"id": key, "status": "cancelled", "completedAt": "2026-01-05T09:00:02.000Z"})
    api.wait(60)
    assert api.call("GET", f"/number-lookups/{key}")[1]["checkedCount"] == 20
    assert api.call("POST", f"/number-lookups/{key}/cancel") == (400, "LOOKUP_CANNOT_BE_CANCELLED")


def test_a_number_that_loses_its_connection_fails_the_lookup(api: Any) -> None:
    key = look_up(api, many(100))[1]["lookupId"]
    api.wait(2)
    api.call("GET", f"/number-lookups/{key}")

    api.world.set_status(DEMO_INSTANCE, "disconnected")
    api.wait(1)

    shown = api.call("GET", f"/number-lookups/{key}")[1]
    assert (shown["status"], shown["error"], shown["checkedCount"]) == ("failed", "Instance is not connected", 20)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "", "NOT_FOUND"),
        ("GET", "/progress", "NOT_FOUND"),
        ("POST", "/cancel", "LOOKUP_NOT_FOUND"),
        ("POST", "/import-contacts", "NOT_FOUND"),
    ],
)
def test_an_unknown_lookup_is_not_found(api: Any, method: str, path: str, code: str) -> None:
    assert api.call(method, f"/number-lookups/{UNKNOWN}{path}") == (404, code)


def test_lookups_are_listed_newest_first_without_results(api: Any) -> None:
    keys = [look_up(api, ["+33611111111"])[1]["lookupId"] for _ in range(3)]

    first = api.call("GET", "/number-lookups", query={"limit": "2"})[1]
    second = api.call("GET", "/number-lookups", query={"cursor": first["nextCursor"]})[1]

    assert [row["id"] for row in first["lookups"] + second["lookups"]] == keys[::-1]
    assert (first["nextCursor"], first["hasMore"], second["hasMore"]) == (keys[1], True, False)
    assert "result" not in first["lookups"][0]
    assert api.call("GET", "/number-lookups", query={"cursor": UNKNOWN}) == (400, "VALIDATION_ERROR")


def test_an_import_creates_updates_and_skips_each_number_once(api: Any) -> None:
    group = api.call("POST", "/contacts/groups", {"name": "found"})[1]["id"]
    tagged = api.world.add_contact("Ada", "+33611111111", tags=["found"])
    api.call("POST", f"/contacts/groups/{group}/members", {"contactIds": [tagged]})
    plain = api.world.add_contact("Bob", "+33622222222", tags=["old"])
    numbers = ["+33611111111", "+33622222222", "+33633333333", "33633333333", "+33644444449", "nobody"]
    key = look_up(api, numbers)[1]["lookupId"]

    imported = api.call("POST", f"/number-lookups/{key}/import-contacts", {"groupId": group, "tag": "found"})

    assert imported == (200, {"requested": 3, "created": 1, "updated": 1, "skipped": 1})
    members = api.call("GET", f"/contacts/groups/{group}/members")[1]["contacts"]
    assert {row["phone"]: row["tags"] for row in members} == {
        "+33611111111": ["found"],
        "+33622222222": ["old", "found"],
        "+33633333333": ["found"],
    }
    assert api.call("GET", f"/contacts/{plain}")[1]["name"] == "Bob"


def test_an_import_needs_neither_group_nor_tag_nor_body(api: Any) -> None:
    key = look_up(api, ["+33611111111"])[1]["lookupId"]
    path = f"/number-lookups/{key}/import-contacts"

    assert api.call("POST", path) == (200, {"requested": 1, "created": 1, "updated": 0, "skipped": 0})
    assert api.call("POST", path, {}) == (200, {"requested": 1, "created": 0, "updated": 0, "skipped": 1})


def test_a_wrong_import_brings_nobody(api: Any) -> None:
    key = look_up(api, ["+33611111111"])[1]["lookupId"]
    path = f"/number-lookups/{key}/import-contacts"

    assert api.call("POST", path, {"groupId": UNKNOWN}) == (404, "NOT_FOUND")
    assert api.call("POST", path, {"groupId": "found"}) == (400, "VALIDATION_ERROR")
    assert api.call("POST", path, {"tag": ""}) == (400, "VALIDATION_ERROR")
    running = look_up(api, many(100))[1]["lookupId"]
    assert api.call("POST", f"/number-lookups/{running}/import-contacts") == (400, "BAD_REQUEST")
    assert api.call("GET", "/contacts")[1]["total"] == 0


def test_no_error_repeats_a_number(api: Any) -> None:
    answer = api.raw("POST", "/number-lookups", {"instanceId": "+33611111111", "numbers": [33611111111]})

    assert answer.status == 400
    assert "33611111111" not in json.dumps(json.loads(answer.body))
