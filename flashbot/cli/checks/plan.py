"""Findings about the plan: is it in force, does it have webhooks, how much of its quotas is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flashbot.cli.checks.finding import Finding, broken, ok, unknown, warning

if TYPE_CHECKING:
    from datetime import datetime

    from flashbot.msgflash.billing import Subscription

__all__ = ["TEAMS_PLAN", "judge_plan"]

IN_FORCE = ("active", "trialing")
LITTLE = 0.1
CHANGE = "change the plan in MsgFlash's dashboard"
TEAMS_PLAN = unknown(
    "plan",
    "A team key may not read the plan; its quota is the team owner's.",
    "ask the owner for the output of flashbot doctor with a personal key",
)


def judge_plan(subscription: Subscription) -> Iterator[Finding]:
    """What the account pays for and has used. Whatever MsgFlash leaves out counts as endless or good."""
    bought = subscription.subscription
    plan = bought.plan if bought else None
    name = (plan.name or plan.code if plan else None) or "unnamed"
    if bought is not None and bought.status is not None and bought.status not in IN_FORCE:
        yield broken("plan", f"The subscription to plan {name} is {bought.status}.", "renew it in MsgFlash's dashboard")
    if plan is not None and plan.features.get("webhooks") is False:
        yield broken("plan", f"Plan {name} has no webhooks, so no message can arrive.", CHANGE)
    limits = plan.limits if plan else None
    usage = subscription.usage
    if plan is None or limits is None or usage is None:
        yield unknown("plan", f"MsgFlash says nothing about the quotas of plan {name}.", "look in MsgFlash's dashboard")
        return
    end = subscription.period.end if subscription.period else None
    yield _quota(name, "messages", limits.monthly_outbound_quota, usage.effective_outbound_usage, end)
    yield _quota(name, "API requests", limits.monthly_api_request_quota, usage.api_requests_count, end)


def _quota(plan: str, what: str, limit: int | None, used: int | None, end: datetime | None) -> Finding:
    until = f", until {end:%-d %B %Y} UTC" if end else ""
    if limit is None:
        return ok("plan", f"Plan {plan} names no limit of {what}.")
    if used is None:
        return unknown("plan", f"MsgFlash does not say how many {what} are used.", "look in MsgFlash's dashboard")
    left = max(0, limit - used)
    share = left / limit if limit else 0.0
    found = f"Plan {plan}: {left:,} of {limit:,} {what} are left ({share:.0%}){until}."
    if not left:
        return broken("plan", found, f"wait for the next period, or {CHANGE}")
    if share < LITTLE:
        return warning("plan", found, CHANGE)
    return ok("plan", found)
