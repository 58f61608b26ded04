"""Keys, team header, rate and quotas: reference 2.3 and 3."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flashbot.sandbox.world import DEMO_KEY

TEAM_KEY = "msgf_team_" + "1" * 64
TEAM = "22222222-2222-4222-8222-222222222222"


@pytest.mark.parametrize(
    ("headers", "path", "status", "code"),
    [
        ({}, "/messages", 401, "UNAUTHORIZED"),
        ({"x-api-key": "msgf_live_wrong"}, "/messages", 401, "UNAUTHORIZED"),
        ({"Authorization": f"Bearer {DEMO_KEY}"}, "/messages", 401, "UNAUTHORIZED"),
        ({"X-API-KEY": DEMO_KEY}, "/messages", 200, None),
        ({"x-api-key": DEMO_KEY, "X-Team-Id": TEAM}, "/messages", 403, "TEAM_KEY_REQUIRED"),
        ({"x-api-key": TEAM_KEY}, "/messages", 401, "UNAUTHORIZED"),
        ({"x-api-key": TEAM_KEY, "x-team-id": DEMO_KEY}, "/messages", 401, "UNAUTHORIZED"),
        ({"x-api-key": TEAM_KEY, "x-team-id": TEAM}, "/messages", 200, None),
        ({"x-api-key": TEAM_KEY, "x-team-id": TEAM}, "/usage", 403, "TEAM_KEY_NOT_ALLOWED"),
        ({"x-api-key": "nobody"}, "/nowhere", 401, "UNAUTHORIZED"),
        ({"x-api-key": DEMO_KEY}, "/nowhere", 404, "NOT_FOUND"),
    ],
)
def test_each_key_and_team_header_gets_the_documented_answer(
    make: Any, headers: dict[str, str], path: str, status: int, code: str | None
) -> None:
    api = make(team_key=TEAM_KEY, team_id=TEAM)

    answer = api.raw("GET", path, headers=headers)

    assert answer.status == status
    assert json.loads(answer.body).get("error", {}).get("code") == code


def test_an_error_has_the_documented_envelope(api: Any) -> None:
    answer = api.raw("GET", "/messages", headers={})

    assert json.loads(answer.body) == {"error": {"code": "UNAUTHORIZED", "message": "Invalid or revoked API key"}}


def test_the_eleventh_call_within_a_second_is_refused_until_the_first_is_a_second_old(make: Any) -> None:
    api = make(requests_per_second=10)
    statuses = []
    for _ in range(10):
        statuses.append(api.call("GET", "/messages")[0])
        api.wait(0.05)

    eleventh = api.call("GET", "/messages")
    api.wait(0.5)

    assert statuses == [200] * 10
    assert eleventh == (429, "API_RATE_LIMIT_EXCEEDED")
    assert api.call("GET", "/messages")[0] == 200
    assert api.call("GET", "/messages")[0] == 429


def test_a_rate_of_zero_lifts_the_limit(api: Any) -> None:
    assert {api.call("GET", "/messages")[0] for _ in range(100)} == {200}


def test_the_monthly_request_quota_returns_with_the_next_utc_month(make: Any) -> None:
    api = make(monthly_requests=2)
    api.clock.move_to(datetime(2026, 1, 31, 23, 59, tzinfo=UTC))

    statuses = [api.call("GET", "/instances")[0] for _ in range(3)]
    api.clock.advance(timedelta(minutes=1))

    assert statuses == [200, 200, 429]
    assert api.call("GET", "/instances")[0] == 200


def test_the_outbound_quota_refuses_the_send_after_the_last_paid_one(make: Any) -> None:
    api = make(monthly_outbound=1)

    statuses = [api.send(), api.send()]

    assert statuses[0][0] == 201
    assert statuses[1] == (429, "MONTHLY_OUTBOUND_QUOTA_EXCEEDED")
    assert len(api.world.sent) == 1
