"""What the workspace may do now: its plan, what was changed beside it, and this month's use.

It is asked at the moment of each call, so a change counts from the next one on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from flashbot.sandbox.answers import Refusal
from flashbot.sandbox.plans import FEATURES, Plan, catalogue

if TYPE_CHECKING:
    from flashbot.sandbox.switches import Switches

__all__ = ["Account", "Meter"]

# What a feature without a code of its own is refused with is FEATURE_NOT_AVAILABLE_ON_PLAN.
GATES: Mapping[str, str] = {
    "campaigns": "CAMPAIGNS_NOT_AVAILABLE_ON_PLAN",
    "statuses": "STATUSES_NOT_AVAILABLE_ON_PLAN",
    "webhooks": "WEBHOOKS_NOT_AVAILABLE_ON_PLAN",
}


class Meter:
    """A count per UTC calendar month."""

    __slots__ = ("_count", "_month")

    def __init__(self) -> None:
        self._count = 0
        self._month = (0, 0)

    def add(self, now: datetime) -> None:
        self._count = self.used(now) + 1

    def used(self, now: datetime) -> int:
        month = (now.year, now.month)
        if month != self._month:
            self._month = month
            self._count = 0
        return self._count


class Account:
    """`plan` is a code of the catalogue, `limits` wins over the plan's. Raises ValueError for an unknown code.

    `max` and `plus` are both the top plan, whichever of them the generation has.
    """

    def __init__(self, switches: Switches, plan: str, limits: Mapping[str, int]) -> None:
        self.plans = catalogue(switches)
        self.plan = self._named(plan)
        self.active = True
        # The instances a collaborator's team key may send from; None for an owner's or an admin's key.
        self.assigned: frozenset[str] | None = None
        self.requests = Meter()
        self.messages = Meter()
        self.statuses = Meter()
        self._limits = dict(limits)
        self._features: dict[str, bool] = {}

    def change(self, plan: str) -> None:
        """Take another plan from now on; raises ValueError for an unknown code."""
        self.plan = self._named(plan)

    def set_feature(self, feature: str, on: bool) -> None:
        """Decide a feature whatever the plan says; raises ValueError for an unknown one."""
        if feature not in FEATURES:
            raise ValueError(f"{feature!r} is no feature; use one of {', '.join(FEATURES)}.")
        self._features[feature] = on

    def limits(self) -> dict[str, int | None]:
        return {**self.plan.limits, **self._limits}

    def limit(self, name: str) -> int | None:
        """None is endless."""
        return self._limits.get(name, self.plan.limits[name])

    def features(self) -> dict[str, bool]:
        return {feature: self.allows(feature) for feature in FEATURES}

    def allows(self, feature: str) -> bool:
        return self._features.get(feature, feature in self.plan.features)

    def require(self, feature: str) -> None:
        """Refuse what the plan does not have."""
        if not self.allows(feature):
            raise Refusal(GATES.get(feature, "FEATURE_NOT_AVAILABLE_ON_PLAN"))

    def require_active(self) -> None:
        if not self.active:
            raise Refusal("SUBSCRIPTION_INACTIVE")

    def require_assigned(self, instance_id: str, *, team: bool) -> None:
        """Refuse a collaborator who sends from another's number (error-codes)."""
        if team and self.assigned is not None and instance_id not in self.assigned:
            raise Refusal("INSTANCE_NOT_ASSIGNED")

    def require_outbound(self, now: datetime) -> None:
        if self.is_outbound_spent(now):
            raise Refusal("MONTHLY_OUTBOUND_QUOTA_EXCEEDED")

    def outbound(self, now: datetime) -> int:
        """Messages and statuses together (resources/plans-and-quotas)."""
        return self.messages.used(now) + self.statuses.used(now)

    def is_outbound_spent(self, now: datetime) -> bool:
        return _is_spent(self.outbound(now), self.limit("monthlyOutboundQuota"))

    def are_requests_spent(self, now: datetime) -> bool:
        return _is_spent(self.requests.used(now), self.limit("monthlyApiRequestQuota"))

    def _named(self, code: str) -> Plan:
        if code in {"max", "plus"}:
            return list(self.plans.values())[-1]
        plan = self.plans.get(code)
        if plan is None:
            raise ValueError(f"{code!r} is no plan; use one of {', '.join(self.plans)}.")
        return plan


def _is_spent(used: int, limit: int | None) -> bool:
    return limit is not None and used >= limit
