"""What a number's state and score allow it: the share of its ceilings, and whom it may write to first. Pure.

MsgFlash names both and enforces neither (instances/health). A word that is not known is read as `restricted`, and a
state that was never told as `at_risk`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flashbot.outreach.verdict import Reason

if TYPE_CHECKING:
    from flashbot.outreach.facts import Number

__all__ = ["is_at_risk", "standing", "stopped_by"]

SHARES: dict[str | None, float] = {"new": 1.0, "warming": 1.0, "stable": 1.0, "at_risk": 0.5, None: 0.5}
YOUNG = frozenset({"new", "warming"})
SCORES = ((80.0, 1.0), (60.0, 0.75), (40.0, 0.5))
LOWEST = 40.0
UNSCORED = 0.5


def standing(number: Number) -> float:
    """The share of its ceilings that a number may use for what is unasked: 0, 0.5, 0.75 or 1.

    State and score tell of one and the same worry, so the lower one counts, never their product. The score of a number
    that is `new` or `warming` is low because it is young (MsgFlash's sample says 56), and the ceilings that come with
    it are those for its youth already: there a score counts only when it is below 40, where nothing unasked leaves.
    """
    by_state = SHARES.get(number.state, 0.0)
    if number.state in YOUNG:
        return by_state if number.score is None or number.score >= LOWEST else 0.0
    if number.score is None:
        return min(by_state, UNSCORED)
    return min(by_state, next((share for least, share in SCORES if number.score >= least), 0.0))


def is_at_risk(number: Number) -> bool:
    """Whether it writes first only to who wrote lately."""
    return number.state not in YOUNG and number.state != "stable"


def stopped_by(number: Number) -> Reason | None:
    """Why nothing unasked leaves at all; None when something may."""
    if number.state not in SHARES:
        return "restricted"
    return None if standing(number) > 0 else "at_risk"
