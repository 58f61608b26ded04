"""What the server answers: the success and error envelopes, and the catalogue of codes.

An answer is a value; its `fate` says what the wire does with it. Nothing here touches a socket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic_core import to_json

__all__ = ["CODES", "JSON_HEADERS", "Answer", "Fate", "Refusal", "invalid", "success"]

# "hang": never answer; "drop": close the connection without a byte; "reset": break it off, so that the client's system
# reports a reset; "stall": status and headers, then nothing.
Fate = Literal["answer", "hang", "drop", "reset", "stall"]

JSON_HEADERS: Mapping[str, str] = {"Content-Type": "application/json; charset=utf-8"}

# code -> (HTTP status, message). Texts that the vendor prints are kept word for word.
CODES: Mapping[str, tuple[int, str]] = {
    "UNAUTHORIZED": (401, "Invalid or revoked API key"),
    "FORBIDDEN": (403, "Access to this resource is not allowed"),
    "SUBSCRIPTION_INACTIVE": (403, "Subscription is inactive"),
    "TEAM_KEY_REQUIRED": (403, "A team API key is required with X-Team-Id"),
    "TEAM_NOT_FOUND": (404, "Team not found"),
    "TEAM_KEY_NOT_ALLOWED": (403, "Team API keys are not allowed on this route"),
    "INSTANCE_NOT_ASSIGNED": (403, "Instance is not assigned to you"),
    "API_RATE_LIMIT_EXCEEDED": (429, "Too many API requests"),
    "MONTHLY_API_REQUEST_QUOTA_EXCEEDED": (429, "Monthly API request quota exceeded"),
    "MONTHLY_OUTBOUND_QUOTA_EXCEEDED": (429, "Monthly outbound quota exceeded"),
    "NOT_FOUND": (404, "Not found"),
    "LOOKUP_NOT_FOUND": (404, "Lookup not found"),
    "LOOKUP_CANNOT_BE_CANCELLED": (400, "Lookup can no longer be cancelled"),
    "VALIDATION_ERROR": (400, "Invalid request data"),
    "BAD_REQUEST": (400, "Invalid request"),
    "CONFLICT": (409, "Resource already exists"),
    "TEMPLATE_INVALID": (400, "Template is invalid"),
    "TEMPLATE_VARIABLES_MISSING": (400, "Template variables are missing"),
    "TEMPLATE_CONTEXT_UNAVAILABLE": (400, "Template context is unavailable"),
    "UNSUPPORTED_FEATURE": (403, "Buttons need a WhatsApp Business number"),
    "INVALID_DESTINATION": (422, "Recipient number is invalid"),
    "MAX_WEBHOOK_ENDPOINTS_REACHED": (403, "Webhook endpoint limit reached"),
    "MAX_CONTACT_GROUPS_REACHED": (403, "Contact group limit reached"),
    "API_KEYS_NOT_AVAILABLE_ON_PLAN": (403, "API keys are not available on your current plan"),
    "WEBHOOKS_NOT_AVAILABLE_ON_PLAN": (403, "Webhooks are not available on your current plan"),
    "CAMPAIGNS_NOT_AVAILABLE_ON_PLAN": (403, "Campaigns are not available on your current plan"),
    "STATUSES_NOT_AVAILABLE_ON_PLAN": (403, "Statuses feature is not available on your current plan"),
    "FEATURE_NOT_AVAILABLE_ON_PLAN": (403, "This feature is not available on your current plan"),
    "INTERNAL_ERROR": (500, "Internal server error"),
    "PROVIDER_TIMEOUT": (502, "Provider timed out"),
    "PROVIDER_UNAVAILABLE": (502, "Provider is unavailable"),
    "PROVIDER_ERROR": (502, "Provider error"),
    # No call here refuses with these; they are for faults. Most are told of the console's calls only, and the status of
    # EMAIL_NOT_VERIFIED nowhere.
    "MAX_INSTANCES_REACHED": (403, "Instance limit reached"),
    "MAX_API_KEYS_REACHED": (403, "API key limit reached"),
    "TEAM_ACCESS_DENIED": (403, "Your role in the team does not allow this"),
    "TEAM_FEATURE_UNAVAILABLE": (403, "Teams are not available on your current plan"),
    "TEAM_LIMIT_REACHED": (403, "Team limit reached"),
    "TEAM_SEAT_LIMIT_REACHED": (403, "Team seat limit reached"),
    "INVITE_INVALID_OR_EXPIRED": (400, "Invitation is invalid or expired"),
    "INVITE_EMAIL_MISMATCH": (403, "Invitation is for another email"),
    "INVITE_DUPLICATE_MEMBER": (409, "Already a member of the team"),
    "PLAN_CHANGE_BLOCKED_ACTIVE_TEAMS": (409, "Active teams block this plan change"),
    "BILLING_PAYMENTS_TEAM_OWNER_ONLY": (403, "Payments are for the team owner only"),
    "BILLING_TEAM_MUTATION_FORBIDDEN": (403, "Billing cannot be changed within a team"),
    "EMAIL_NOT_VERIFIED": (403, "Email is not verified"),
    "MEDIA_FILE_MISSING": (400, "Media file is missing"),
    "MEDIA_TYPE_NOT_ALLOWED": (400, "Media type is not allowed"),
    "MEDIA_TOO_LARGE": (400, "Media file is too large"),
    "MEDIA_UPLOAD_FAILED": (500, "Media upload failed"),
    "MEDIA_UPLOAD_NOT_CONFIGURED": (503, "Media upload is not configured"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, or what happens instead of one; it comes after `seconds`."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    fate: Fate = "answer"
    seconds: float = 0.0


class Refusal(Exception):
    """The request is refused with a code of the catalogue."""

    def __init__(self, code: str, message: str | None = None, details: Sequence[object] | None = None) -> None:
        self.code = code
        self.status, standard = CODES[code]
        self.message = message or standard
        self.details = details
        super().__init__(code, message, details)

    def answer(self) -> Answer:
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.details is not None:
            error["details"] = list(self.details)
        return Answer(self.status, JSON_HEADERS, to_json({"error": error}))


def invalid(field: str, why: str) -> Refusal:
    """A VALIDATION_ERROR about one field; the vendor does not document the shape of `details`."""
    return Refusal("VALIDATION_ERROR", details=[{"field": field, "message": why}])


def success(content: object, status: int = 200) -> Answer:
    # A number too large for JSON, such as 1e999, comes back as null.
    return Answer(status, JSON_HEADERS, to_json({"data": content}, inf_nan_mode="null"))
