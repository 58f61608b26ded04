"""Requests that nobody means well: whatever comes, the answer is JSON, and never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import MultiDict

from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY

ADA = "+33611111111"
SEND = {"instanceId": DEMO_INSTANCE, "to": ADA}
HERE = "@@@"
BODIES = [
    ("/contacts", {"name": HERE, "phone": ADA}),
    ("/contacts", {"name": "Ada", "phone": HERE}),
    ("/contacts", {"name": "Ada", "phone": ADA, "tags": HERE}),
    ("/contacts", {"name": "Ada", "phone": ADA, "meta": HERE}),
    ("/contacts", {"name": "Ada", "phone": ADA, "meta": {"deep": HERE}}),
    ("/contacts/groups", {"name": "g", "color": HERE}),
    ("/contacts/bulk-delete", {"contactIds": HERE}),
    ("/number-lookups", {"instanceId": DEMO_INSTANCE, "numbers": [HERE]}),
    ("/templates", {"name": "t", "type": HERE, "body": "b"}),
    ("/templates", {"name": "t", "type": "text", "body": HERE}),
    ("/templates", {"name": "t", "type": "image", "mediaUrl": HERE}),
    ("/webhooks", {"url": HERE, "events": ["message.sent"]}),
    ("/webhooks", {"url": "https://bot.example", "events": [HERE]}),
    ("/messages/send", {**SEND, "type": "text", "text": HERE}),
    ("/messages/send", {**SEND, "type": HERE}),
    ("/messages/send", {**SEND, "type": "location", "latitude": HERE, "longitude": 0}),
    ("/messages/send", {**SEND, "type": "buttons", "title": "t", "description": "d", "buttons": [HERE]}),
    ("/messages/schedule", {**SEND, "type": "text", "text": "x", "scheduledAt": HERE}),
    (
        "/campaigns",
        {"instanceId": DEMO_INSTANCE, "name": "c", "schedule": "2026-01-01", "recipients": HERE, "type": "text"},
    ),
]
VALUES = [
    "null", "true", "-0", "1e999", "-1e999", "NaN", "Infinity", "1" + "0" * 400, "1" + "0" * 5000,
    '""', '"\\u0000"', '"\\ud800"', '"' + "x" * 100_000 + '"', '{"\\u0000": {}}', '{"a":' * 190 + "1" + "}" * 190,
    "[" * 199 + "]" * 199, "[" * 100_000, '"{{custom.a"', '"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"',
    '"https://[::1"', '"https://a:b@c"', '"+٣٣٦١١١١١١١١"',
]  # fmt: skip


def strictly(body: bytes) -> Any:
    """JSON as its standard has it, without NaN and Infinity."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(body, parse_constant=refuse)


@pytest.mark.parametrize(("path", "body"), BODIES)
def test_no_value_of_a_body_breaks_the_sandbox(make: Any, path: str, body: object) -> None:
    for value in VALUES:
        api = make()

        answer = api.raw("POST", path, json.dumps(body).replace(f'"{HERE}"', value).encode())
        api.wait(60)

        assert answer.status < 500
        strictly(answer.body)
        for listed in ("/contacts", "/messages", "/templates"):
            strictly(api.raw("GET", listed).body)


def test_a_number_too_large_for_json_comes_back_as_null(api: Any) -> None:
    answer = api.raw("POST", "/contacts", b'{"name": "Ada", "phone": "+33611111111", "meta": {"a": 1e999, "b": 1}}')

    assert strictly(answer.body)["data"]["meta"] == {"a": None, "b": 1}


def test_a_latitude_too_large_for_a_float_is_refused(api: Any) -> None:
    assert api.send(type="location", latitude=10**400, longitude=0) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("body", [b'{"name": NaN}', b'{"name": "\\ud800"}', b"[" * 100_000, b"\xff"])
def test_what_is_no_json_is_refused_for_that(api: Any, body: bytes) -> None:
    answer = api.raw("POST", "/contacts", body)

    assert answer.status == 400
    assert strictly(answer.body)["error"]["details"] == [{"field": "body", "message": "must be JSON"}]


@pytest.mark.parametrize("name", ["limit", "cursor", "search", "sort", "page", "status", "instanceId"])
@pytest.mark.parametrize(
    "value", ["", "-1", "١", "²", "1_0", "9" * 30, "\x00", "\ud800", "=", "fA==", "/w==", "x" * 101]
)
def test_no_value_of_the_query_breaks_the_sandbox(api: Any, name: str, value: str) -> None:
    for path in ("/contacts", "/contacts/groups", "/contacts/bulk-jobs", "/messages", "/templates", "/number-lookups"):
        answer = api.raw("GET", path, query={name: value})

        assert answer.status in {200, 400}
        strictly(answer.body)


def test_of_an_option_given_twice_the_first_counts(api: Any) -> None:
    query: MultiDict[str] = MultiDict([("limit", "1"), ("limit", "nonsense")])

    assert api.call("GET", "/contacts", query=query)[1]["limit"] == 1


@pytest.mark.parametrize("method", ["GET", "PATCH", "", "\x00"])
@pytest.mark.parametrize(
    "path", ["", "/", "/api/v1", "/api/v1/", "/api/v1//", "/api/v1/contacts/\ud800", "/openapi.json/"]
)
def test_a_path_that_leads_nowhere_is_not_found(api: Any, method: str, path: str) -> None:
    answer = api.world.handle(method, path, {}, {"x-api-key": DEMO_KEY}, b"")

    assert answer.status == 404
    strictly(answer.body)
