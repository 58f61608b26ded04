from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.msgflash import errors
from flashbot.msgflash.bulk import BulkResult
from flashbot.msgflash.errors import (
    JobFailed,
    MsgFlashError,
    NotSent,
    OutcomeUnknown,
    Refused,
    Retry,
    ServerFault,
    error_for,
)

SEND = "POST /messages/send"
READ = "GET /messages"

# The vendor's catalogue: code, HTTP status, the parent class, and whether the call may be made again.
CATALOGUE = """
UNAUTHORIZED 401 KeyRefused never
FORBIDDEN 403 AccessRefused never
SUBSCRIPTION_INACTIVE 403 PlanRefused never
API_RATE_LIMIT_EXCEEDED 429 RateLimited soon
MONTHLY_API_REQUEST_QUOTA_EXCEEDED 429 QuotaExceeded period_end
MONTHLY_OUTBOUND_QUOTA_EXCEEDED 429 QuotaExceeded period_end
MAX_INSTANCES_REACHED 403 PlanRefused never
API_KEYS_NOT_AVAILABLE_ON_PLAN 403 PlanRefused never
MAX_API_KEYS_REACHED 403 PlanRefused never
WEBHOOKS_NOT_AVAILABLE_ON_PLAN 403 PlanRefused never
MAX_WEBHOOK_ENDPOINTS_REACHED 403 PlanRefused never
CAMPAIGNS_NOT_AVAILABLE_ON_PLAN 403 PlanRefused never
STATUSES_NOT_AVAILABLE_ON_PLAN 403 PlanRefused never
MAX_CONTACT_GROUPS_REACHED 403 PlanRefused never
FEATURE_NOT_AVAILABLE_ON_PLAN 403 PlanRefused never
UNSUPPORTED_FEATURE 403 PlanRefused never
VALIDATION_ERROR 400 InvalidRequest never
BAD_REQUEST 400 InvalidRequest never
TEMPLATE_INVALID 400 TemplateRefused never
TEMPLATE_VARIABLES_MISSING 400 TemplateRefused never
TEMPLATE_CONTEXT_UNAVAILABLE 400 TemplateRefused never
INVALID_DESTINATION 422 InvalidRequest never
NOT_FOUND 404 NotFound never
CONFLICT 409 Conflict never
LOOKUP_NOT_FOUND 404 NotFound never
LOOKUP_CANNOT_BE_CANCELLED 400 InvalidRequest never
INTERNAL_ERROR 500 ServerFault ask
PROVIDER_TIMEOUT 502 ProviderFault ask
PROVIDER_UNAVAILABLE 502 ProviderFault ask
PROVIDER_ERROR 502 ProviderFault ask
TEAM_KEY_REQUIRED 403 KeyRefused never
TEAM_KEY_NOT_ALLOWED 403 KeyRefused never
TEAM_NOT_FOUND 404 NotFound never
TEAM_ACCESS_DENIED 403 AccessRefused never
TEAM_FEATURE_UNAVAILABLE 403 PlanRefused never
TEAM_LIMIT_REACHED 403 PlanRefused never
TEAM_SEAT_LIMIT_REACHED 403 PlanRefused never
INSTANCE_NOT_ASSIGNED 403 AccessRefused never
INVITE_INVALID_OR_EXPIRED 400 InvalidRequest never
INVITE_EMAIL_MISMATCH 403 AccessRefused never
INVITE_DUPLICATE_MEMBER 409 Conflict never
PLAN_CHANGE_BLOCKED_ACTIVE_TEAMS 409 Conflict never
BILLING_PAYMENTS_TEAM_OWNER_ONLY 403 AccessRefused never
BILLING_TEAM_MUTATION_FORBIDDEN 403 AccessRefused never
EMAIL_NOT_VERIFIED 403 AccessRefused never
MEDIA_FILE_MISSING 400 InvalidRequest never
MEDIA_TYPE_NOT_ALLOWED 400 InvalidRequest never
MEDIA_TOO_LARGE 400 InvalidRequest never
MEDIA_UPLOAD_FAILED 500 ServerFault ask
MEDIA_UPLOAD_NOT_CONFIGURED 503 ServerFault ask
"""
ROWS = [line.split() for line in CATALOGUE.split("\n") if line]


def answer(code: str, message: str = "", **more: object) -> bytes:
    return json.dumps({"error": {"code": code, "message": message, **more}}).encode()


@pytest.mark.parametrize(("code", "status", "parent", "retry"), ROWS, ids=[row[0] for row in ROWS])
def test_every_code_of_the_catalogue_has_a_class(code: str, status: str, parent: str, retry: str) -> None:
    fault = error_for(int(status), answer(code, "words"), SEND)

    assert isinstance(fault, getattr(errors, parent))
    assert type(fault).__name__.upper() == code.replace("_", "")
    assert (fault.code, fault.status, fault.message, fault.call) == (code, int(status), "words", SEND)
    assert fault.retry is Retry(retry)


@pytest.mark.parametrize(("code", "status", "parent", "retry"), ROWS, ids=[row[0] for row in ROWS])
def test_a_read_may_be_repeated_where_a_write_must_be_looked_up_and_nowhere_else(
    code: str, status: str, parent: str, retry: str
) -> None:
    fault = error_for(int(status), answer(code), READ)

    assert fault.retry is (Retry.SOON if retry == "ask" else Retry(retry))


@pytest.mark.parametrize("code", [row[0] for row in ROWS])
def test_every_error_says_what_to_do_next(code: str) -> None:
    status = next(int(row[1]) for row in ROWS if row[0] == code)

    text = str(error_for(status, answer(code, "words"), SEND))

    assert text.startswith(f"{SEND} got {status} {code} (words)")
    assert text.endswith(".")
    assert ": " in text or issubclass(errors.BY_CODE[code], OutcomeUnknown)


@pytest.mark.parametrize(("call", "advice"), [(READ, "ask again later"), (SEND, "look whether it was done")])
def test_only_a_write_that_failed_sends_one_to_look(call: str, advice: str) -> None:
    assert f": {advice}" in str(error_for(502, b"", call))


def test_a_refusal_with_details_points_at_them() -> None:
    detailed = b'{"error": {"code": "VALIDATION_ERROR", "message": "words", "details": [{"path": "phone"}]}}'

    assert str(error_for(400, detailed, SEND)).endswith("correct the request; `details` of this error may say where.")
    assert "details" not in str(error_for(400, answer("VALIDATION_ERROR"), SEND))


def test_a_redirect_points_at_the_address() -> None:
    assert "address" in str(error_for(301, b"", READ))


def test_the_catalogue_and_the_classes_are_the_same_set() -> None:
    assert {row[0] for row in ROWS} == set(errors.BY_CODE)


@pytest.mark.parametrize(
    ("status", "body", "parent"),
    [
        (400, b"<html>", errors.InvalidRequest),
        (401, b"", errors.KeyRefused),
        (403, b"[]", errors.AccessRefused),
        (404, b'{"error": "no"}', errors.NotFound),
        (405, b"null", Refused),
        (408, b"", OutcomeUnknown),
        (409, b"{}", errors.Conflict),
        (422, b"\xff", errors.InvalidRequest),
        (429, b"slow down", errors.RateLimited),
        (418, answer("BRAND_NEW"), Refused),
        (429, answer("YEARLY_QUOTA_EXCEEDED"), errors.QuotaExceeded),
        (403, answer("STICKERS_NOT_AVAILABLE_ON_PLAN"), errors.PlanRefused),
        (500, b"", ServerFault),
        (503, b"<html>", ServerFault),
        (504, answer("BRAND_NEW"), ServerFault),
        (307, b"", OutcomeUnknown),
    ],
)
def test_an_unknown_code_or_a_foreign_body_is_judged_by_status(
    status: int, body: bytes, parent: type[MsgFlashError]
) -> None:
    fault = error_for(status, body, SEND)

    assert type(fault) is parent
    assert fault.status == status


def test_a_5xx_never_proves_a_refusal_whatever_code_it_carries() -> None:
    fault = error_for(502, answer("NOT_FOUND"), SEND)

    assert isinstance(fault, ServerFault)
    assert fault.code == "NOT_FOUND"
    assert fault.retry is Retry.ASK


def test_a_failed_read_may_be_repeated_and_a_failed_write_must_be_looked_up() -> None:
    assert error_for(500, b"", READ).retry is Retry.SOON
    assert error_for(500, b"", SEND).retry is Retry.ASK
    assert error_for(500, b"", "DELETE /webhooks/1").retry is Retry.ASK
    assert OutcomeUnknown("lost", call=READ).retry is Retry.SOON
    assert OutcomeUnknown("lost", call=SEND).retry is Retry.ASK
    assert NotSent("refused", call=SEND).retry is Retry.SOON


def test_too_fast_says_how_long_to_wait() -> None:
    assert error_for(429, answer("API_RATE_LIMIT_EXCEEDED"), SEND).retry_after == 1.0
    assert error_for(429, answer("API_RATE_LIMIT_EXCEEDED"), SEND, retry_after=3).retry_after == 3
    assert error_for(429, answer("MONTHLY_OUTBOUND_QUOTA_EXCEEDED"), SEND).retry_after is None


@pytest.mark.parametrize(
    "secret",
    [
        "+33612345678",
        "33612345678",
        "+33 6 12 34 56 78",
        "06.12.34.56.78",
        "(415) 555-0132",
        "msgf_live_" + "ab" * 32,
    ],
)
def test_no_phone_and_no_key_gets_into_the_message(secret: str) -> None:
    fault = error_for(400, answer("VALIDATION_ERROR", f"{secret} is bad", details=[secret]), f"GET /x/{secret}")

    assert secret not in str(fault)
    assert secret not in repr(fault)
    assert secret not in fault.message
    assert "is bad" in str(fault)


def test_ids_stay_in_the_message() -> None:
    some_id = "01234567-0123-0123-0123-012345678901"

    fault = error_for(404, answer("NOT_FOUND", "Message not found"), f"GET /messages/{some_id}")

    assert str(fault).startswith(f"GET /messages/{some_id} got 404 NOT_FOUND (Message not found): ")


def test_errors_survive_pickling_and_notes() -> None:
    faults = [
        error_for(429, answer("API_RATE_LIMIT_EXCEEDED", "slow", details=[1]), SEND, retry_after=2),
        error_for(500, b"", READ),
        NotSent("refused", call=SEND),
        OutcomeUnknown("lost", call=SEND),
    ]

    for fault in faults:
        fault.add_note("seen")
        copy = pickle.loads(pickle.dumps(fault))  # noqa: S301 - our own bytes
        assert type(copy) is type(fault)
        assert str(copy) == str(fault)
        assert vars(copy) == vars(fault)


def test_a_job_stays_behind_when_its_error_is_pickled() -> None:
    fault = error_for(500, b"", SEND)
    fault.accepted = lambda: None
    fault.add_note("100 of 200 items were accepted before.")

    copy = pickle.loads(pickle.dumps(fault))  # noqa: S301 - our own bytes

    assert copy.accepted is None
    assert (copy.status, copy.retry, copy.__notes__) == (500, Retry.ASK, fault.__notes__)


def test_what_a_failed_job_had_done_survives_pickling() -> None:
    fault = JobFailed("It failed.", call=SEND, result=BulkResult(requested=2, deleted=1))

    copy = pickle.loads(pickle.dumps(fault))  # noqa: S301 - our own bytes

    assert copy.result == BulkResult(requested=2, deleted=1)
    assert copy.retry is Retry.ASK


@given(
    st.integers(300, 599),
    st.binary() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode),
)
def test_any_answer_makes_an_error(status: int, body: bytes) -> None:
    fault = error_for(status, body, SEND)

    assert isinstance(fault, MsgFlashError)
    assert str(fault).endswith(".")
