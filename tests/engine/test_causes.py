"""Which refusals hold everything back, how long nobody tries, and what a live state says: decisions without effects."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from flashbot.engine.patience import Patience
from flashbot.engine.pauses import ADVICE, cause_of, is_linked, probe_after
from flashbot.msgflash.errors import NotSent, error_for
from flashbot.msgflash.models import InstanceState


@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [
        (401, "UNAUTHORIZED", "key_refused"),
        (401, "", "key_refused"),
        (403, "FORBIDDEN", "key_refused"),
        (403, "API_KEYS_NOT_AVAILABLE_ON_PLAN", "key_refused"),
        (404, "TEAM_NOT_FOUND", "key_refused"),
        (403, "SUBSCRIPTION_INACTIVE", "subscription_inactive"),
        (429, "MONTHLY_OUTBOUND_QUOTA_EXCEEDED", "outbound_quota"),
        (429, "MONTHLY_STATUS_QUOTA_EXCEEDED", "outbound_quota"),
        (429, "MONTHLY_API_REQUEST_QUOTA_EXCEEDED", "request_quota"),
        (429, "API_RATE_LIMIT_EXCEEDED", None),
        (403, "INSTANCE_NOT_ASSIGNED", None),
        (403, "UNSUPPORTED_FEATURE", None),
        (404, "NOT_FOUND", None),
        (422, "INVALID_DESTINATION", None),
        (400, "VALIDATION_ERROR", None),
        (502, "PROVIDER_TIMEOUT", None),
        (500, "UNAUTHORIZED", None),
    ],
)
def test_a_refusal_has_the_cause_that_it_names(status: int, code: str, cause: str | None) -> None:
    body = b'{"error":{"code":"%s"}}' % code.encode() if code else b""

    assert cause_of(error_for(status, body, "POST /messages/send")) == cause


def test_no_connection_is_no_cause() -> None:
    assert cause_of(NotSent("no connection", call="POST /messages/send")) is None


@pytest.mark.parametrize(
    ("now", "minutes"),
    [
        ("2026-01-05T09:00:00+00:00", 60),
        ("2026-01-31T23:00:00+00:00", 60),
        ("2026-01-31T23:30:00+00:00", 30 + 5 / 60),
        ("2026-12-31T23:59:00+00:00", 1 + 5 / 60),
        ("2028-02-29T23:59:00+00:00", 1 + 5 / 60),
        ("2026-02-01T00:00:05+00:00", 60),
    ],
)
def test_a_quota_is_tried_hourly_and_when_the_month_ends(now: str, minutes: float) -> None:
    for cause in ("outbound_quota", "request_quota"):
        assert probe_after(cause, datetime.fromisoformat(now), Patience()) == timedelta(minutes=minutes)


@pytest.mark.parametrize("cause", ["key_refused", "subscription_inactive", "instance_disconnected"])
def test_anything_else_is_tried_every_minute_scaled_by_patience(cause: str) -> None:
    now = datetime.fromisoformat("2026-01-31T23:59:50+00:00")

    assert probe_after(cause, now, Patience()) == timedelta(minutes=1)
    assert probe_after(cause, now, Patience().scaled(0.1)) == timedelta(seconds=6)


@pytest.mark.parametrize(("hours", "minutes"), [(0, 1), (0.1, 1), (1, 6), (2.5, 15), (500, 15)])
def test_an_instance_that_stays_disconnected_is_asked_about_more_and_more_rarely(hours: float, minutes: float) -> None:
    now = datetime.fromisoformat("2026-01-31T23:59:50+00:00")

    wait = probe_after("instance_disconnected", now, Patience(), since=now - timedelta(hours=hours))

    assert wait == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [
        (403, "FORBIDDEN", None),
        (403, "TEAM_ACCESS_DENIED", None),
        (403, "TEAM_KEY_NOT_ALLOWED", None),
        (401, "UNAUTHORIZED", "key_refused"),
        (403, "SUBSCRIPTION_INACTIVE", "subscription_inactive"),
    ],
)
def test_a_question_that_may_not_be_asked_says_nothing_of_sending(status: int, code: str, cause: str | None) -> None:
    fault = error_for(status, b'{"error":{"code":"%s"}}' % code.encode(), "GET /messages")

    assert cause_of(fault, sending=False) == cause


@pytest.mark.parametrize(
    ("status", "live", "linked"),
    [
        ("connected", "open", True),
        ("disconnected", "open", True),
        ("connected", "close", False),
        ("connected", "connecting", False),
        ("connected", None, True),
        ("disconnected", None, False),
        ("suspended", None, False),
        (None, None, None),
    ],
)
def test_the_live_state_goes_before_the_stored_one(status: str | None, live: str | None, linked: bool | None) -> None:
    assert is_linked(InstanceState(status=status, provider_state=live)) is linked


def test_each_cause_says_what_to_do_next() -> None:
    assert all(advice.endswith(".") and ":" in advice for advice in ADVICE.values())
