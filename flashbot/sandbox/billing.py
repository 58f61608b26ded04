"""What a person may read about the plan and its use: plans, subscription, usage, payments, and who they are.

It reads the account and changes nothing (guides/billing).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flashbot.sandbox.answers import Answer, success
from flashbot.sandbox.messages import USER_ID
from flashbot.sandbox.plans import bounded
from flashbot.sandbox.templates import USER
from flashbot.sandbox.timeline import stamp

if TYPE_CHECKING:
    from flashbot.sandbox.access import Access
    from flashbot.sandbox.account import Account
    from flashbot.sandbox.instances import Instances
    from flashbot.sandbox.requests import Request
    from flashbot.sandbox.routes import Route
    from flashbot.sandbox.switches import Switches

__all__ = ["Billing"]

MONTHS_PAID = 3
MILLISECOND = timedelta(milliseconds=1)


class Billing:
    """The read-only calls; all but the plans are for personal keys alone."""

    def __init__(self, account: Account, access: Access, instances: Instances, switches: Switches) -> None:
        self._account = account
        self._access = access
        self._instances = instances
        self._switches = switches

    def routes(self) -> Iterable[Route]:
        yield "GET", "/billing/plans", self._plans
        yield "GET", "/billing/subscription", self._subscription
        yield "GET", "/billing/usage", self._usage
        yield "GET", "/usage", self._alias
        yield "GET", "/billing/payments", self._payments
        yield "GET", "/me", self._me

    def _plans(self, request: Request) -> Answer:
        old = self._switches.plans == "old"
        return success([plan.resource(old=old) for plan in self._account.plans.values()])

    def _subscription(self, request: Request) -> Answer:
        """No page shows the status of an inactive subscription; the console knows `expired`."""
        account = self._account
        plan = {
            "code": account.plan.code,
            "name": account.plan.name,
            "limits": bounded(account.limits()),
            "features": account.features(),
        }
        subscription = {
            "plan": plan,
            "status": "active" if account.active else "expired",
            "scheduledPlan": None,
            "scheduledPlanAt": None,
            "scheduledAction": None,
        }
        return success(
            {"subscription": subscription, "usage": self._counts(request.now), "period": _period(request.now)}
        )

    def _usage(self, request: Request) -> Answer:
        account = self._account
        return success(
            {
                "plan": {"code": account.plan.code, "name": account.plan.name},
                "limits": bounded(account.limits()),
                "features": account.features(),
                "usage": {
                    **self._counts(request.now),
                    "activeInstancesCount": len(self._instances),
                    "activeApiKeysCount": len(self._access.keys),
                },
                "period": _period(request.now),
            }
        )

    def _alias(self, request: Request) -> Answer:
        if self._switches.usage == "compact":
            return success(self._counts(request.now))
        return self._usage(request)

    def _counts(self, now: datetime) -> dict[str, object]:
        account = self._account
        return {
            "messagesCount": account.messages.used(now),
            "statusesCount": account.statuses.used(now),
            "effectiveOutboundUsage": account.outbound(now),
            "apiRequestsCount": account.requests.used(now),
        }

    def _payments(self, request: Request) -> Answer:
        """Samples: the plan's price for this month and those before it, newest first; nothing for a free plan."""
        page = request.whole("page", 1, most=1_000_000)
        limit = request.whole("limit", 20, most=100)
        plan = self._account.plan
        payments = [
            {
                "id": f"00000000-0000-4000-8000-{start:%Y%m}000000",
                "provider": "dodo",
                "planCode": plan.code,
                "planName": plan.name,
                "amount": plan.price * 100,
                "currency": "EUR",
                "status": "succeeded",
                "periodStart": stamp(start),
                "periodEnd": stamp(end - MILLISECOND),
                "createdAt": stamp(start),
            }
            for start, end in _months(request.now)
            if plan.price
        ]
        return success(
            {
                "payments": payments[(page - 1) * limit : page * limit],
                "total": len(payments),
                "page": page,
                "totalPages": -(-len(payments) // limit),
            }
        )

    def _me(self, request: Request) -> Answer:
        """The vendor names this call and shows no body; these three fields are ours."""
        return success({"id": USER_ID, "email": USER["email"], "fullName": USER["fullName"]})


def _period(now: datetime) -> dict[str, object]:
    """The UTC calendar month, up to its last millisecond (api-reference/billing/usage)."""
    start, end = next(_months(now))
    return {"start": stamp(start), "end": stamp(end - MILLISECOND)}


def _months(now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Start and end of this month and of those before it."""
    start = datetime(now.year, now.month, 1, tzinfo=UTC)
    end = (start + timedelta(days=31)).replace(day=1)
    for _ in range(MONTHS_PAID):
        yield start, end
        start, end = (start - timedelta(days=1)).replace(day=1), start
