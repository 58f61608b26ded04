"""`ANY_TIME`: the policy of tests that are not about pacing. Hours are open, gaps are none, nobody is counted out.

What a person allowed or forbade counts as ever, and so do the ceilings of the number.
"""

from __future__ import annotations

from datetime import time, timedelta

from flashbot.outreach.grants import STOP
from flashbot.outreach.policy import Policy
from flashbot.outreach.presets import Presets

__all__ = ["ANY_TIME"]

ROUND_THE_CLOCK = Presets(closed_on=frozenset(), week=(((time(), time()),),) * 7)
ANY_TIME = Policy(
    contact_hours=ROUND_THE_CLOCK,
    number_hours=ROUND_THE_CLOCK,
    marketing_a_day=1000,
    unasked_a_day=1000,
    contact_gap=timedelta(),
    marketing_unanswered=1000,
    unasked_unanswered=1000,
    same_body=timedelta(),
    answered_within=timedelta(days=3650),
    identical_an_hour=STOP,
)
