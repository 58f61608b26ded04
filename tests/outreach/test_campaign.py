from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from flashbot.clock import to_ms
from flashbot.outreach.campaign import Audience, halted, opening, unfit
from flashbot.outreach.cast import Rules
from flashbot.outreach.facts import Number
from flashbot.outreach.health import learn
from flashbot.outreach.ledger import Ledger
from flashbot.outreach.limits import limits
from flashbot.outreach.policy import Policy

NOW = to_ms(datetime(2026, 1, 5, 9, 0, tzinfo=UTC))
OLD = Number(linked=True, state="stable", score=90, health_at_ms=NOW, linked_since_ms=NOW - 400 * 86_400_000)
NOTHING_SENT = Ledger().counts(NOW)
HEALTH = learn(
    None,
    at_ms=NOW,
    hour=1000,
    day=1000,
    recipients_hour=1000,
    recipients_day=1000,
    campaign_recipients=500,
    cold_ratio=1,
)  # fmt: skip
MOST = limits(OLD, HEALTH, Policy(), NOW)


def test_a_number_in_good_health_may_have_a_campaign() -> None:
    assert unfit(OLD, MOST, NOTHING_SENT, Audience(500), now_ms=NOW) is None


def test_what_the_day_has_sent_already_counts() -> None:
    used = replace(NOTHING_SENT, day=300, foreign_day=300)

    said = unfit(OLD, MOST, used, Audience(401), now_ms=NOW)

    assert said is not None
    assert "may send 400 more" in said


def test_a_lock_on_new_chats_holds_for_campaigns_too() -> None:
    locked = replace(OLD, lock_until_ms=NOW - 3_600_000)

    assert "locked" in (unfit(locked, MOST, NOTHING_SENT, Audience(1), now_ms=NOW) or "")


def test_no_more_chats_are_begun_than_a_day_may_begin() -> None:
    most = replace(MOST, new_day=10)

    said = unfit(OLD, most, replace(NOTHING_SENT, new_day=4), Audience(20, strangers=7, new=7), now_ms=NOW)

    assert said is not None
    assert "begin 6 more chats today, and 7 recipients" in said


@pytest.mark.parametrize(
    ("sent", "failed", "opted_out", "said"),
    [
        (1, 1, 0, None),  # one alone never halts it
        (5, 2, 0, None),  # of the least, 20, no more than a tenth
        (5, 3, 0, "3 of 5 messages failed"),
        (100, 10, 3, None),
        (100, 11, 0, "11 of 100 messages failed"),
        (100, 0, 4, "4 of 100 people opted out"),
    ],
)
def test_too_many_failures_or_opt_outs_halt_it(sent: int, failed: int, opted_out: int, said: str | None) -> None:
    found = halted(Rules(), sent=sent, failed=failed, opted_out=opted_out)

    assert (found or "").startswith(said or "")
    assert (found is None) == (said is None)


def test_it_begins_when_it_is_a_good_hour_for_everybody_and_for_the_number() -> None:
    abidjan, new_york = (("Africa/Abidjan",), "CI"), (("America/New_York",), "US")

    alone = opening(NOW, [abidjan], "Africa/Abidjan", Policy())
    both = opening(NOW, [abidjan, new_york], "Africa/Abidjan", Policy())
    late = opening(NOW + 8 * 3_600_000, [abidjan, new_york], "Africa/Abidjan", Policy())
    evening = opening(NOW + 11 * 3_600_000, [abidjan, new_york], "Africa/Abidjan", Policy())

    assert alone == NOW
    assert both == to_ms(datetime(2026, 1, 5, 13, 30, tzinfo=UTC))
    assert late == NOW + 8 * 3_600_000
    assert evening == to_ms(datetime(2026, 1, 6, 13, 30, tzinfo=UTC))
