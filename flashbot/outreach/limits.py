"""`limits`: how much a number may send now, from what MsgFlash advises, its own history and the owner's settings. Pure.

What is not known never lifts a limit: an aged ceiling is worth less, and one that is gone still bounds the stage's.
"""

from __future__ import annotations

from math import ceil, exp
from random import Random
from typing import TYPE_CHECKING

from flashbot.outreach.grants import FEW
from flashbot.outreach.health import Health
from flashbot.outreach.policy import Limits, Policy
from flashbot.outreach.stages import DAY_MS, FIRST, STAGES, stage_by_age
from flashbot.outreach.standing import is_at_risk, standing

if TYPE_CHECKING:
    from flashbot.outreach.facts import Number
    from flashbot.outreach.health import Told
    from flashbot.outreach.stages import Stage

__all__ = ["LOCK_WAIT_MS", "gap_ms", "limits", "rest"]

HOUR_MS = 3600 * 1000
SILENT_HOUR = 20
SILENT_DAY = 50
"""For everything that leaves, where MsgFlash named nothing: below the 25 and 100 of the one example that it prints
(instances/health). Notices that were asked for need some, whatever the stage."""
GROWTH = 1.5
"""How far a day may go beyond the usual one."""
RECONNECT_MS = 60_000
RECONNECT_FROM = 0.1
LOCK_WAIT_MS = 6 * HOUR_MS
AFTER_LOCK_MS = DAY_MS
AFTER_LOCK = 0.5
SIGMA = 0.45
LOWEST_MEAN_MS = 1000 / 9.2
"""The key's own rate is slower than a shorter gap."""
RESTS_UP_TO = 60
"""Unasked messages an hour, the highest stage's: whoever may send more is trusted beyond a hand's pace, and rests alone
would hold it to about 125."""
REST_AFTER = (8, 15)
REST_MS = (3 * 60_000, 8 * 60_000)
REST_EACH_MS = sum(REST_MS) / sum(REST_AFTER)
"""What rests cost a message, on average."""
UNANSWERED_DAYS = 10
"""WhatsApp has published no limit; days of new chats, as a first alarm."""
UNANSWERED_MS = 30 * DAY_MS
NONE = (0, 0)


def limits(
    number: Number,
    health: Health | None,
    policy: Policy,
    now_ms: int,
    *,
    stage: int | None = None,
    usual_day: float | None = None,
) -> Limits:
    """`stage` and `usual_day` come from the functions of these names; None where there is no history.

    A stage of 0 is a number that its own history has stopped: nothing unasked leaves, whatever MsgFlash says.
    """
    told = health or Health()
    row = _row(number, stage, now_ms)
    free = 1 - policy.kept_for_replies
    whole_hour, whole_day = SILENT_HOUR, SILENT_DAY
    if free > 0:
        whole_hour = max(whole_hour, ceil(row.proactive_hour / free))
        whole_day = max(whole_day, ceil(row.proactive_day / free))
    hour = _cap(told.hour, whole_hour, now_ms)
    day = _cap(told.day, whole_day, now_ms)

    unasked_hour = _least(
        int(hour * free + 1e-9), policy.most_an_hour, None if _speaks(told.hour, now_ms) else row.proactive_hour
    )
    unasked_day = _least(
        day,
        policy.most_a_day,
        None if _speaks(told.day, now_ms) else row.proactive_day,
        None if usual_day is None else max(int(GROWTH * usual_day), row.proactive_day),
    )
    steady = 0.0 if stage is not None and stage <= 0 else standing(number) * _after_lock(number, now_ms)
    share = steady * _after_reconnect(number, now_ms)
    chats = 0.0 if is_at_risk(number) else share
    proactive_hour, new_day = int(unasked_hour * share), int(min(row.new_day, unasked_day) * chats)
    # A gap drawn in the minute after a reconnect would outlast it by far: the gap follows the steady pace.
    pace = int(unasked_hour * steady)
    rests = 0 < pace <= RESTS_UP_TO
    return Limits(
        hour=hour,
        day=day,
        recipients_hour=_cap(told.recipients_hour, whole_hour, now_ms),
        recipients_day=_cap(told.recipients_day, whole_day, now_ms),
        # What a day has room for, one of its hours has: a share of one chat an hour would be none on any day.
        new_hour=max(int(min(row.new_hour, unasked_hour) * chats), int(new_day > 0 and proactive_hour > 0)),
        new_day=new_day,
        proactive_hour=proactive_hour,
        proactive_day=int(unasked_day * share),
        cold_ratio=_cold_ratio(told.cold_ratio, row, now_ms) if chats > 0 else 0.0,
        identical_hour=policy.identical_an_hour,
        median_gap_ms=_median(pace, rests=rests, least_ms=0 if _speaks(told.hour, now_ms) else row.median_gap_ms),
        rest_after=REST_AFTER if rests else NONE,
        rest_ms=REST_MS if rests else NONE,
        campaign_recipients=int(_cap(told.campaign_recipients, row.proactive_day, now_ms) * share),
        unanswered=_unanswered(told.day, row, policy, now_ms),
    )


def gap_ms(median_ms: int, rng: Random) -> int:
    """The ms to the next unasked message: log-normal around the median, between 0.4 and 4 times of it."""
    if median_ms <= 0:
        return 0
    drawn = median_ms * rng.lognormvariate(0, SIGMA)
    return round(min(max(drawn, median_ms / 2.5), median_ms * 4))


def rest(most: Limits, rng: Random) -> tuple[int, int]:
    """After how many unasked messages the number rests, and for how many ms; (0, 0) where it needs none."""
    if most.rest_after == NONE:
        return NONE
    return rng.randint(*most.rest_after), rng.randint(*most.rest_ms)


def _row(number: Number, stage: int | None, now_ms: int) -> Stage:
    reached = FIRST if stage is None else max(0, stage)
    return STAGES[min(reached, stage_by_age(number.linked_since_ms, now_ms))]


def _speaks(told: Told | None, now_ms: int) -> bool:
    return told is not None and told.speaks(now_ms)


def _cap(told: Told | None, silent: int, now_ms: int) -> int:
    if told is None:
        return silent
    worth = int(told.now(now_ms) + 1e-9)
    return worth if told.speaks(now_ms) else min(worth, silent)


def _cold_ratio(told: Told | None, row: Stage, now_ms: int) -> float:
    # Below one in so few no first one would ever leave, however many new chats the stage has.
    silent = max(row.new_day / row.proactive_day, 1 / FEW) if row.proactive_day else 0.0
    if told is None:
        return silent
    worth = min(1.0, told.now(now_ms))
    return worth if told.speaks(now_ms) else min(worth, silent)


def _unanswered(told: Told | None, row: Stage, policy: Policy, now_ms: int) -> int:
    """Ten days of new chats, which no share of the moment lowers: the messages are of 30 days.

    The table is for numbers that MsgFlash says nothing of. Where it named a day's ceiling, that whole day is the
    measure: it sets no number of new chats, most of these people are no strangers, and the strangers' share is held by
    `cold_ratio`. A word goes on counting here for 30 days, for what it is worth: the messages left while it held. The
    first two days, in which the table opens no chat, count as the next: other limits stop what they stop.
    """
    if policy.most_unanswered is not None:
        return policy.most_unanswered
    chats = max(row.new_day, STAGES[FIRST].new_day)
    if told is not None and abs(now_ms - told.at_ms) < UNANSWERED_MS:
        chats = max(chats, int(told.now(now_ms) + 1e-9))
    return UNANSWERED_DAYS * chats


def _least(first: int, *others: int | None) -> int:
    return min([first, *(other for other in others if other is not None)])


def _after_lock(number: Number, now_ms: int) -> float:
    """A lock on new chats stops all that is unasked until six hours after it, as any sign of a ban does."""
    if number.lock_until_ms is None:
        return 1.0
    since = now_ms - number.lock_until_ms - LOCK_WAIT_MS
    return 0.0 if since < 0 else AFTER_LOCK if since < AFTER_LOCK_MS else 1.0


def _after_reconnect(number: Number, now_ms: int) -> float:
    if number.reconnected_ms is None:
        return 1.0
    # A reconnect that lies ahead was noted before the clock jumped back.
    part = min(1.0, max(0.0, (now_ms - number.reconnected_ms) / RECONNECT_MS))
    return RECONNECT_FROM + (1 - RECONNECT_FROM) * part


def _median(pace: int, *, rests: bool, least_ms: int) -> int:
    """The median whose gaps, with the rests, spread this many messages over an hour."""
    if pace <= 0:
        return HOUR_MS
    mean = HOUR_MS / pace
    if mean < LOWEST_MEAN_MS:
        return least_ms
    if rests:
        mean -= REST_EACH_MS
    # The mean of a log-normal lies above its median.
    return max(least_ms, int(mean / exp(SIGMA**2 / 2)))
