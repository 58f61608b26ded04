"""What went wrong between us and MsgFlash, as classes: by `code`, or by HTTP status when it is unknown.

    MsgFlashError
    ├── NotSent                  certainly not written: no connection, no name, no TLS
    ├── OutcomeUnknown           written, no usable answer: time-out, reset, unreadable 2xx
    │   └── ServerFault          5xx
    │       └── ProviderFault    MsgFlash answers for WhatsApp's side
    ├── JobFailed                accepted, then given up by MsgFlash; part of it may be done
    └── Refused                  certainly not accepted
        ├── KeyRefused           the key, or the team header beside it
        ├── AccessRefused        a valid key, a forbidden thing
        ├── PlanRefused          the plan or the subscription does not cover it
        ├── QuotaExceeded        spent until the period ends
        ├── RateLimited          too fast
        ├── InvalidRequest       the request is wrong
        │   └── TemplateRefused
        ├── NotFound
        └── Conflict

Each code of the vendor's error page has a class below its parent. No message holds a key or a phone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import ClassVar, Self

from pydantic_core import from_json

from flashbot.errors import FlashbotError

READ = re.compile(r"(?:GET|HEAD) .*|POST /templates/[^/]+/preview")


class Retry(Enum):
    """May the same call be made again?"""

    NEVER = "never"
    """Fix the request, the key or the account first."""
    SOON = "soon"
    """After `retry_after` seconds, or a back-off when that is None."""
    PERIOD_END = "period_end"
    """When the billing period ends, or after an upgrade."""
    ASK = "ask"
    """It may have been done: look before doing it again."""


class MsgFlashError(FlashbotError):
    """A call that failed. `call` reads as "POST /messages/send"; `status` is None without an answer.

    `accepted` is set when a bulk call was cut into pieces and some went through before this: the job they form.
    """

    CODE: ClassVar[str] = ""
    RETRY: ClassVar[Retry] = Retry.NEVER
    ADVICE: ClassVar[str] = ""

    def __init_subclass__(cls, *, code: str = "", retry: Retry | None = None, advice: str = "") -> None:
        cls.CODE = code
        if retry is not None:
            cls.RETRY = retry
        if advice:
            cls.ADVICE = advice

    def __init__(
        self,
        text: str = "",
        *,
        call: str = "",
        code: str | None = None,
        status: int | None = None,
        message: str = "",
        details: object = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text)
        self.call = call
        self.code = self.CODE if code is None else code
        self.status = status
        self.message = message
        self.details = details
        self.retry_after = retry_after
        self.retry = self._judge()
        self.accepted: object = None

    def _judge(self) -> Retry:
        return self.RETRY

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...], dict[str, object]]:
        # A job lives by its client and stays behind.
        return type(self), self.args, {**vars(self), "accepted": None}


class NotSent(MsgFlashError, retry=Retry.SOON):
    """Certainly not written: nothing of the request left this machine for MsgFlash.

    `retry` is NEVER where this client can send nothing more: it is closed, or belongs to another event loop.
    """


class OutcomeUnknown(MsgFlashError, retry=Retry.ASK):
    """Written, but without a usable answer. A read may simply be repeated; a write may have been done."""

    def _judge(self) -> Retry:
        return Retry.SOON if READ.fullmatch(self.call) else self.RETRY


class ServerFault(OutcomeUnknown):
    """MsgFlash failed while handling the request (5xx)."""


class ProviderFault(ServerFault):
    """MsgFlash could not finish with WhatsApp's side."""


class JobFailed(MsgFlashError, retry=Retry.ASK):
    """A bulk job or lookup ended as failed. `result` says what was done until then."""

    def __init__(self, text: str = "", *, call: str = "", result: object = None) -> None:
        super().__init__(text, call=call)
        self.result = result


class Refused(MsgFlashError):
    """MsgFlash answered that it did not accept the request."""


class KeyRefused(Refused, advice="check the key, and the team id that goes with a team key"):
    """The key is missing, wrong or revoked, or its team header does not match."""


class AccessRefused(Refused, advice="ask the owner of the workspace for this right"):
    """The key is good; this thing is not for it."""


class PlanRefused(Refused, advice="change the plan, or free what it counts"):
    """The plan or the subscription does not cover this."""


class QuotaExceeded(Refused, retry=Retry.PERIOD_END, advice="wait for the next billing period or change the plan"):
    """A monthly quota is spent."""


class RateLimited(Refused, retry=Retry.SOON, advice="wait a second and send more slowly"):
    """Too many requests a second."""


class InvalidRequest(Refused, advice="correct the request"):
    """The request itself is wrong; the same one will be refused again."""


class TemplateRefused(InvalidRequest, advice="correct the template or its variables"):
    """A stored template cannot be used as asked."""


class NotFound(Refused, code="NOT_FOUND", advice="check the id; the resource is absent or another workspace's"):
    """Absent, or not this workspace's."""


class Conflict(Refused, code="CONFLICT", advice="read the current state, then decide"):
    """It contradicts what is stored."""


# One class per code of the catalogue, in its order under each parent.


class Unauthorized(KeyRefused, code="UNAUTHORIZED"):
    """Key missing, wrong or revoked; or the team header is missing or mismatched with a team key."""


class TeamKeyRequired(KeyRefused, code="TEAM_KEY_REQUIRED", advice="leave the team id out, or use a team key"):
    """A personal key came with a team id."""


class TeamKeyNotAllowed(KeyRefused, code="TEAM_KEY_NOT_ALLOWED", advice="use a personal key for this call"):
    """A team key on a personal-only route."""


class Forbidden(AccessRefused, code="FORBIDDEN"):
    """The key is valid, the resource is not allowed."""


class TeamAccessDenied(AccessRefused, code="TEAM_ACCESS_DENIED"):
    """The role in the team does not allow it."""


class InstanceNotAssigned(AccessRefused, code="INSTANCE_NOT_ASSIGNED"):
    """A collaborator may send from assigned instances only."""


class InviteEmailMismatch(AccessRefused, code="INVITE_EMAIL_MISMATCH"):
    """The invitation is for another address."""


class BillingPaymentsTeamOwnerOnly(AccessRefused, code="BILLING_PAYMENTS_TEAM_OWNER_ONLY"):
    """Payments are shown to the team's owner only."""


class BillingTeamMutationForbidden(AccessRefused, code="BILLING_TEAM_MUTATION_FORBIDDEN"):
    """Billing cannot be changed from a team."""


class EmailNotVerified(AccessRefused, code="EMAIL_NOT_VERIFIED"):
    """The account's address is not verified."""


class SubscriptionInactive(PlanRefused, code="SUBSCRIPTION_INACTIVE", advice="renew the subscription"):
    """No usable subscription."""


class MaxInstancesReached(PlanRefused, code="MAX_INSTANCES_REACHED"):
    """No further instance on this plan."""


class ApiKeysNotAvailableOnPlan(PlanRefused, code="API_KEYS_NOT_AVAILABLE_ON_PLAN"):
    """No API keys on this plan."""


class MaxApiKeysReached(PlanRefused, code="MAX_API_KEYS_REACHED"):
    """No further API key on this plan."""


class WebhooksNotAvailableOnPlan(PlanRefused, code="WEBHOOKS_NOT_AVAILABLE_ON_PLAN"):
    """No webhooks on this plan."""


class MaxWebhookEndpointsReached(PlanRefused, code="MAX_WEBHOOK_ENDPOINTS_REACHED", advice="delete a webhook first"):
    """No further webhook on this plan."""


class CampaignsNotAvailableOnPlan(PlanRefused, code="CAMPAIGNS_NOT_AVAILABLE_ON_PLAN"):
    """No campaigns on this plan."""


class StatusesNotAvailableOnPlan(PlanRefused, code="STATUSES_NOT_AVAILABLE_ON_PLAN"):
    """WhatsApp statuses left the offer."""


class MaxContactGroupsReached(PlanRefused, code="MAX_CONTACT_GROUPS_REACHED"):
    """No further contact group on this plan."""


class FeatureNotAvailableOnPlan(PlanRefused, code="FEATURE_NOT_AVAILABLE_ON_PLAN"):
    """The plan leaves this out."""


class UnsupportedFeature(PlanRefused, code="UNSUPPORTED_FEATURE", advice="buttons need a WhatsApp Business number"):
    """The number cannot do this: buttons without WhatsApp Business."""


class TeamFeatureUnavailable(PlanRefused, code="TEAM_FEATURE_UNAVAILABLE"):
    """No teams on this plan."""


class TeamLimitReached(PlanRefused, code="TEAM_LIMIT_REACHED"):
    """No further team on this plan."""


class TeamSeatLimitReached(PlanRefused, code="TEAM_SEAT_LIMIT_REACHED"):
    """The team is full."""


class ApiRateLimitExceeded(RateLimited, code="API_RATE_LIMIT_EXCEEDED"):
    """More than ten requests a second on this key."""


class MonthlyApiRequestQuotaExceeded(QuotaExceeded, code="MONTHLY_API_REQUEST_QUOTA_EXCEEDED"):
    """The month's API requests are spent."""


class MonthlyOutboundQuotaExceeded(QuotaExceeded, code="MONTHLY_OUTBOUND_QUOTA_EXCEEDED"):
    """The month's messages are spent."""


class ValidationError(InvalidRequest, code="VALIDATION_ERROR"):
    """The body does not match the schema."""


class BadRequest(InvalidRequest, code="BAD_REQUEST"):
    """Not possible now, such as a campaign's change of status."""


class InvalidDestination(InvalidRequest, code="INVALID_DESTINATION", advice="check the recipient's number"):
    """The recipient's number is invalid."""


class LookupCannotBeCancelled(InvalidRequest, code="LOOKUP_CANNOT_BE_CANCELLED"):
    """The number lookup has ended."""


class InviteInvalidOrExpired(InvalidRequest, code="INVITE_INVALID_OR_EXPIRED"):
    """The invitation is unknown, used or too old."""


class MediaFileMissing(InvalidRequest, code="MEDIA_FILE_MISSING"):
    """An upload without a file."""


class MediaTypeNotAllowed(InvalidRequest, code="MEDIA_TYPE_NOT_ALLOWED"):
    """WhatsApp does not take this kind of file."""


class MediaTooLarge(InvalidRequest, code="MEDIA_TOO_LARGE"):
    """The file is too large for its kind."""


class TemplateInvalid(TemplateRefused, code="TEMPLATE_INVALID"):
    """A bad placeholder, or an incoherent template."""


class TemplateVariablesMissing(TemplateRefused, code="TEMPLATE_VARIABLES_MISSING"):
    """A placeholder has no value."""


class TemplateContextUnavailable(TemplateRefused, code="TEMPLATE_CONTEXT_UNAVAILABLE"):
    """The contact or instance given as context cannot be used."""


class LookupNotFound(NotFound, code="LOOKUP_NOT_FOUND"):
    """No such number lookup."""


class TeamNotFound(NotFound, code="TEAM_NOT_FOUND"):
    """No such team, or no longer a member of it."""


class InviteDuplicateMember(Conflict, code="INVITE_DUPLICATE_MEMBER"):
    """Already a member."""


class PlanChangeBlockedActiveTeams(Conflict, code="PLAN_CHANGE_BLOCKED_ACTIVE_TEAMS"):
    """Teams or seats stand in the way of the smaller plan."""


class InternalError(ServerFault, code="INTERNAL_ERROR"):
    """A fault inside MsgFlash."""


class MediaUploadFailed(ServerFault, code="MEDIA_UPLOAD_FAILED"):
    """The upload broke inside MsgFlash."""


class MediaUploadNotConfigured(ServerFault, code="MEDIA_UPLOAD_NOT_CONFIGURED"):
    """MsgFlash has nowhere to put uploads."""


class ProviderTimeout(ProviderFault, code="PROVIDER_TIMEOUT"):
    """WhatsApp's side did not answer in time; a send may have gone out."""


class ProviderUnavailable(ProviderFault, code="PROVIDER_UNAVAILABLE"):
    """WhatsApp's side is down."""


class ProviderError(ProviderFault, code="PROVIDER_ERROR"):
    """WhatsApp's side failed."""


def _tree(cls: type[MsgFlashError]) -> Iterator[type[MsgFlashError]]:
    yield cls
    for child in cls.__subclasses__():
        yield from _tree(child)


BY_CODE = {cls.CODE: cls for cls in _tree(MsgFlashError) if cls.CODE}
BY_STATUS: dict[int, type[MsgFlashError]] = {
    400: InvalidRequest,
    401: KeyRefused,
    402: PlanRefused,
    403: AccessRefused,
    404: NotFound,
    # The server, or a proxy before it, gave up while reading: nobody knows how far it came.
    408: OutcomeUnknown,
    409: Conflict,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    429: RateLimited,
}


def error_for(status: int, body: bytes, call: str, *, retry_after: float | None = None) -> MsgFlashError:
    """The error that an answer other than 2xx stands for. Never raises, whatever the body."""
    code, said, details = _read(body)
    cls = BY_CODE.get(code)
    # A 5xx never proves a refusal, whatever code it carries.
    if cls is None or (status >= 500 and not issubclass(cls, ServerFault)):
        cls = _by_status(status, code)
    message = scrub(said)
    text = f"{scrub(call)} got {status}{f' {code}' if code else ''}{f' ({message})' if message else ''}"
    advice = cls.ADVICE
    if 300 <= status < 400:
        advice = "check MsgFlash's address, which leads elsewhere"
    elif issubclass(cls, OutcomeUnknown):
        advice = next_step(call)
    elif details and issubclass(cls, InvalidRequest):
        advice += "; `details` of this error may say where"
    if issubclass(cls, RateLimited) and retry_after is None:
        retry_after = 1.0
    return cls(
        f"{text}: {advice}." if advice else f"{text}.",
        call=call,
        code=code,
        status=status,
        message=message,
        details=details,
        retry_after=retry_after,
    )


def next_step(call: str) -> str:
    """What to do when nobody knows whether `call` was done; a read has nothing to look for."""
    return "ask again later" if READ.fullmatch(call) else "look whether it was done before doing it again"


def _by_status(status: int, code: str) -> type[MsgFlashError]:
    if status >= 500:
        return ServerFault
    if code.endswith("_QUOTA_EXCEEDED"):
        return QuotaExceeded
    if code.endswith("_ON_PLAN"):
        return PlanRefused
    # Neither 2xx nor 4xx nor 5xx, such as a redirect: no promise either way.
    return BY_STATUS.get(status) or (Refused if 400 <= status < 500 else OutcomeUnknown)


def _read(body: bytes) -> tuple[str, str, object]:
    try:
        found = from_json(body)
    except ValueError:
        return "", "", None
    error = found.get("error") if isinstance(found, dict) else None
    if not isinstance(error, dict):
        return "", "", None
    code, message = error.get("code"), error.get("message")
    return (
        code if isinstance(code, str) and CODE.fullmatch(code) else "",
        message[:500] if isinstance(message, str) else "",
        error.get("details"),
    )


CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
SECRET = re.compile(
    r"(?P<uuid>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b)"
    r"|msgf_\w+|\+?\d(?:[\s().-]*\d){5,}"
)


def scrub(text: str) -> str:
    """`text` without keys and phone numbers; UUIDs stay."""
    return SECRET.sub(lambda found: found["uuid"] or "…", text)
