"""How long a broadcast is expected to take."""

from __future__ import annotations

from typing import Any

import pytest

from flashbot.cli.broadcast_outlook import Outlook, Plan, Sender, look_ahead
from flashbot.outreach.facts import Number
from flashbot.outreach.health import learn
from flashbot.outreach.scenario import Recipient
from flashbot.testing.any_time import ANY_TIME

NOW_MS = 1_800_000_000_000
DAY_MS = 24 * 3600 * 1000
MINUTE_MS = 60_000
ZONES = ("Africa/Abidjan",)


def _sender(*, campaign: int = 1000) -> Sender:
    number = Number(
        linked=True, state="stable", score=90, health_at_ms=NOW_MS, zone=ZONES[0], linked_since_ms=NOW_MS - 400 * DAY_MS
    )
    health = learn(
        None, at_ms=NOW_MS, hour=600, day=6000, recipients_hour=600, recipients_day=6000, campaign_recipients=campaign
    )
    return Sender(number, health, None, None, NOW_MS)


def _people(count: int, **known: Any) -> tuple[Recipient, ...]:
    known = {"last_inbound_ms": NOW_MS - DAY_MS, "consents": frozenset({"marketing"}), **known}
    return tuple(Recipient(f"+22507{place:08}", ZONES, "CI", **known) for place in range(count))


async def _ahead(people: tuple[Recipient, ...], **more: Any) -> Outlook:
    return await look_ahead(Plan("offer", "marketing", ANY_TIME, **more), _sender(), people)


async def test_everybody_gets_it_and_it_ends() -> None:
    outlook = await _ahead(_people(40))

    assert (outlook.people, outlook.sent, outlook.left_out, outlook.waiting) == (40, 40, {}, {})
    assert outlook.ends_ms is not None
    assert NOW_MS < outlook.ends_ms < NOW_MS + 60 * MINUTE_MS
    assert outlook.binds is not None


async def test_who_never_agreed_opted_out_or_was_erased_is_told_by_why() -> None:
    people = (
        *_people(1),
        Recipient("+1", ZONES, "CI"),
        Recipient("+2", ZONES, "CI", NOW_MS - DAY_MS, frozenset(), frozenset({"marketing"})),
        Recipient("+3", ZONES, "CI", erased=True),
    )

    outlook = await _ahead(people)

    assert outlook.sent == 1
    assert outlook.left_out == {"no_consent": 1, "suppressed": 1, "erased": 1}


async def test_the_others_begin_when_the_first_were_watched() -> None:
    at_once = await _ahead(_people(40))
    watched = await _ahead(_people(40), canary=10, watch_ms=120 * MINUTE_MS)
    half_watched = await _ahead(_people(30), watch_ms=60 * MINUTE_MS)

    assert at_once.ends_ms is not None
    assert watched.ends_ms is not None
    assert half_watched.ends_ms is not None
    assert watched.sent == 40
    assert watched.ends_ms > NOW_MS + 120 * MINUTE_MS > at_once.ends_ms
    assert NOW_MS + 120 * MINUTE_MS > half_watched.ends_ms > NOW_MS + 60 * MINUTE_MS


async def test_the_very_same_words_for_all_take_longer() -> None:
    own = await _ahead(_people(40))
    same = await _ahead(_people(40), same_text=True)

    assert own.ends_ms is not None
    assert same.ends_ms is not None
    assert same.ends_ms > own.ends_ms
    assert same.binds == "identical"


async def test_people_of_whom_nothing_is_known_here_count_as_well() -> None:
    some = await _ahead(_people(10))
    more = await _ahead(_people(10), unnamed=30)

    assert some.ends_ms is not None
    assert more.ends_ms is not None
    assert (more.people, more.sent) == (40, 40)
    assert more.ends_ms > some.ends_ms


@pytest.mark.parametrize(("canary", "waiting"), [(0, 3), (2, 3)])
async def test_a_number_that_may_not_send_lets_everybody_wait(canary: int, waiting: int) -> None:
    sender = Sender(
        Number(linked=True, state="restricted", health_at_ms=NOW_MS, zone=ZONES[0], linked_since_ms=NOW_MS),
        None, None, None, NOW_MS,
    )  # fmt: skip

    outlook = await look_ahead(Plan("offer", "marketing", ANY_TIME, canary=canary), sender, _people(3))

    assert (outlook.sent, outlook.ends_ms) == (0, None)
    assert sum(outlook.waiting.values()) == waiting
