"""What a gate answers, why, and what the nine gates are called. Values only; the gates are in `gates.py`.

The list of reasons is closed: reports, plans and explanations name every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["GATES", "GATE_OF", "Allow", "Defer", "Drop", "GateName", "Reason", "Trace", "Verdict"]

GateName: TypeAlias = Literal[
    "instance", "consent", "ownership", "restriction", "contact", "budget", "content", "shape", "expiry"
]
GATES: tuple[GateName, ...] = (
    "instance", "consent", "ownership", "restriction", "contact", "budget", "content", "shape", "expiry"
)  # fmt: skip
"""In the order in which they are asked."""
Reason: TypeAlias = Literal[
    "unlinked", "paused", "banned",
    "erased", "suppressed", "no_consent", "asked_whether",
    "human",
    "restricted", "locked", "at_risk",
    "quiet", "weekend", "holiday", "prayer", "ramadan", "capped", "gap", "unanswered", "same_body",
    "hour", "day", "recipients_hour", "recipients_day", "proactive_hour", "proactive_day", "new_chats_hour",
    "new_chats_day", "cold_ratio", "unanswered_ledger", "share", "campaign_size",
    "identical",
    "pace", "rest", "window",
    "expired",
]  # fmt: skip
GATE_OF: dict[Reason, GateName] = {
    "unlinked": "instance",
    "paused": "instance",
    "banned": "instance",
    "erased": "consent",
    "suppressed": "consent",
    "no_consent": "consent",
    "asked_whether": "consent",
    "human": "ownership",
    "restricted": "restriction",
    "locked": "restriction",
    "at_risk": "restriction",
    "quiet": "contact",
    "weekend": "contact",
    "holiday": "contact",
    "prayer": "contact",
    "ramadan": "contact",
    "capped": "contact",
    "gap": "contact",
    "unanswered": "contact",
    "same_body": "contact",
    "hour": "budget",
    "day": "budget",
    "recipients_hour": "budget",
    "recipients_day": "budget",
    "proactive_hour": "budget",
    "proactive_day": "budget",
    "new_chats_hour": "budget",
    "new_chats_day": "budget",
    "cold_ratio": "budget",
    "unanswered_ledger": "budget",
    "share": "budget",
    "campaign_size": "budget",
    "identical": "content",
    "pace": "shape",
    "rest": "shape",
    "window": "shape",
    "expired": "expiry",
}
"""Which gate says it, the ledger's refusals included."""


@dataclass(frozen=True, slots=True)
class Allow:
    """It may leave now."""


@dataclass(frozen=True, slots=True)
class Defer:
    """Not before `until_ms` (since the epoch), always ahead; then every gate is asked again."""

    until_ms: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Drop:
    """Never."""

    reason: Reason


Verdict: TypeAlias = Allow | Defer | Drop
Trace: TypeAlias = tuple[tuple[GateName, str], ...]
"""Each gate that was asked, with its word: "allow", "exempt" (not asked of this class), "ledger" (the counters of the
number decide it), or the reason for which it did not allow, which ends the trace."""
