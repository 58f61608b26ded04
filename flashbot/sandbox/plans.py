"""The catalogue of plans: prices, limits and features, in the vendor's two generations.

Values only; what the workspace has of them is the account's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flashbot.sandbox.switches import Switches

__all__ = ["FEATURES", "LIMITS", "Plan", "catalogue"]

FEATURES = ("campaigns", "statuses", "voiceNotes", "webhooks", "numberLookups")
LIMITS = (
    "maxInstances",
    "maxApiKeys",
    "maxWebhookEndpoints",
    "monthlyOutboundQuota",
    "monthlyApiRequestQuota",
    "maxContactGroups",
)
ALIVE = frozenset(FEATURES) - {"statuses"}


@dataclass(frozen=True, slots=True)
class Plan:
    """`price` in euros a month; a limit of None is endless."""

    code: str
    name: str
    price: int
    limits: Mapping[str, int | None]
    features: frozenset[str] = ALIVE

    def resource(self, *, old: bool) -> dict[str, object]:
        """api-reference/billing/plans; the earlier generation printed its price under other names."""
        price: dict[str, object] = {"priceMonthly": self.price, "currency": "EUR"} if old else {"priceEur": self.price}
        return {
            "code": self.code,
            "name": self.name,
            **price,
            "limits": bounded(self.limits),
            "features": {feature: feature in self.features for feature in FEATURES},
        }


def bounded(limits: Mapping[str, int | None]) -> dict[str, int]:
    """The limits as the API shows them: an endless one is left out (undocumented)."""
    return {name: limit for name, limit in limits.items() if limit is not None}


def _limits(*values: int | None) -> Mapping[str, int | None]:
    return dict(zip(LIMITS, values, strict=True))


# resources/plans-and-quotas and api-reference/billing/plans, the newest pages
NEW: tuple[Plan, ...] = (
    Plan("free", "Free", 0, _limits(1, 1, 3, 500, 500, 10)),
    Plan("pro", "Pro", 19, _limits(5, 5, 15, 50_000, 150_000, 50)),
    Plan("max", "MAX", 39, _limits(20, 10, 50, 150_000, 500_000, None)),
)
# The pages left of this generation tell the keys, and that Free has neither campaigns nor webhooks. Its other
# numbers are ours.
OLD: tuple[Plan, ...] = (
    Plan("free", "Free", 0, _limits(1, 1, 0, 500, 500, 10), frozenset()),
    Plan("starter", "Starter", 9, _limits(2, 3, 5, 5_000, 15_000, 25)),
    Plan("pro", "Pro", 19, _limits(5, 10, 15, 50_000, 150_000, 50)),
    Plan("plus", "Plus", 39, _limits(20, 10, 50, 150_000, 500_000, None)),
)
_WITHOUT_STATUSES: Mapping[str, frozenset[str]] = {
    "starter": frozenset({"free"}),
    "pro": frozenset({"free", "starter"}),
}


def catalogue(switches: Switches) -> dict[str, Plan]:
    """Every plan by its code, the smallest first."""
    plans = OLD if switches.plans == "old" else NEW
    without = _WITHOUT_STATUSES.get(switches.statuses)
    if without is not None:
        plans = tuple(
            plan if plan.code in without else replace(plan, features=plan.features | {"statuses"}) for plan in plans
        )
    return {plan.code: plan for plan in plans}
