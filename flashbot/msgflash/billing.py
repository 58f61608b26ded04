"""/billing, and what /usage and /me answer: plans, limits, counts, payments. Reads only."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from flashbot.msgflash.listing import Listing
from flashbot.msgflash.models import Resource
from flashbot.msgflash.reading import check_size, numbered_listing, one, whole_listing

if TYPE_CHECKING:
    from flashbot.msgflash.calls import Calls

__all__ = ["Account", "Billing", "Limits", "Payment", "Period", "Plan", "Subscription", "Usage", "UsageCounts"]

COUNTED = frozenset({"messagesCount", "statusesCount", "effectiveOutboundUsage", "apiRequestsCount"})


class Account(Resource):
    """Whose key it is. The vendor documents no field, so all of them may be absent; see `model_extra`."""

    id: str | None = None
    email: str | None = Field(default=None, repr=False)
    full_name: str | None = Field(default=None, repr=False)


class Limits(Resource):
    """What a plan allows; None where it names no limit. Read them at run time: the vendor's pages differ."""

    max_instances: int | None = None
    max_api_keys: int | None = None
    max_webhook_endpoints: int | None = None
    max_contact_groups: int | None = None
    monthly_outbound_quota: int | None = None
    monthly_api_request_quota: int | None = None


class Plan(Resource):
    """One plan. `features`: campaigns, statuses, voiceNotes, webhooks, numberLookups, and what comes later."""

    code: str | None = None
    name: str | None = None
    price_eur: float | None = None
    price_fcfa: float | None = None
    """Older catalogues."""
    price_monthly: float | None = None
    """Older catalogues, beside `currency`."""
    currency: str | None = None
    limits: Limits | None = None
    features: dict[str, Any] = Field(default_factory=dict)


class Period(Resource):
    """A billing period, both ends included: a calendar month in UTC in the vendor's samples."""

    start: datetime | None = None
    end: datetime | None = None


class UsageCounts(Resource):
    """What the period has used. `effective_outbound_usage` is messages and statuses together."""

    messages_count: int | None = None
    statuses_count: int | None = None
    effective_outbound_usage: int | None = None
    api_requests_count: int | None = None
    active_instances_count: int | None = None
    active_api_keys_count: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_a_whole_answer(cls, found: object) -> object:
        """The subscription's page can be read as holding all of billing/usage where the counts are meant."""
        inner = found.get("usage") if isinstance(found, dict) else None
        return inner if isinstance(inner, dict) else found


class Usage(Resource):
    """The period's counts beside the plan's limits (billing/usage); /usage may give the counts alone."""

    plan: Plan | None = None
    limits: Limits | None = None
    features: dict[str, Any] = Field(default_factory=dict)
    usage: UsageCounts | None = None
    period: Period | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_counts_alone(cls, found: object) -> object:
        if isinstance(found, dict) and "usage" not in found and COUNTED & found.keys():
            return {**found, "usage": found}
        return found


class SubscribedPlan(Resource):
    """The plan in force, and what is to become of it. `scheduled_action`: downgrade or cancel."""

    plan: Plan | None = None
    status: str | None = None
    scheduled_plan: Plan | str | None = None
    scheduled_plan_at: datetime | None = None
    scheduled_action: str | None = None
    current_period_start: datetime | None = None
    current_period_end: datetime | None = None
    cancel_at_period_end: bool | None = None


class Subscription(Resource):
    """The subscription with its usage. Limits are under `subscription.plan.limits` (billing/subscription)."""

    subscription: SubscribedPlan | None = None
    usage: UsageCounts | None = None
    period: Period | None = None


class Payment(Resource):
    """One payment; `amount` is in the currency's smallest unit (1900 for 19 EUR). `status` such as succeeded."""

    id: str | None = None
    provider: str | None = None
    plan_code: str | None = None
    plan_name: str | None = None
    amount: int | None = None
    currency: str | None = None
    status: str | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    created_at: datetime | None = None


class Billing:
    """Plans for everyone; the rest for personal keys, else TeamKeyNotAllowed before anything is asked."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def plans(self) -> Listing[Plan]:
        """The catalogue, in one request.

        >>> [plan.code async for plan in client.billing.plans()]
        ['free', 'pro', 'max']
        """
        return whole_listing(self._calls, "/billing/plans", Plan, "plans")

    async def subscription(self) -> Subscription:
        data = await self._calls.get("/billing/subscription", personal=True)
        return one(Subscription, data, "GET /billing/subscription")

    async def usage(self) -> Usage:
        """The period's counts.

        >>> usage = await client.billing.usage()
        >>> usage.usage.messages_count
        0
        """
        return one(Usage, await self._calls.get("/billing/usage", personal=True), "GET /billing/usage")

    def payments(self, *, limit: int | None = None) -> Listing[Payment]:
        """Every payment; `limit` is the size of a page, 1 to 100, usually 20."""
        check_size(limit)
        return numbered_listing(self._calls, "/billing/payments", Payment, {"limit": limit}, "payments", personal=True)
