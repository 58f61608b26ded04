"""Whether a campaign of MsgFlash's own may be made, when it may begin, and when it must be held. Pure.

MsgFlash sends it past the gates, so what they would say of everybody is asked before; what a gate would only hold back
for a while counts as no, since nobody of a campaign can be held back alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from flashbot.outreach.case import Case
from flashbot.outreach.contact_gate import contact
from flashbot.outreach.gates import consent, ownership
from flashbot.outreach.grants import DAY_MS
from flashbot.outreach.hours import open_at
from flashbot.outreach.limits import LOCK_WAIT_MS
from flashbot.outreach.standing import is_at_risk, stopped_by
from flashbot.outreach.verdict import Allow

if TYPE_CHECKING:
    from flashbot.outreach.case import Closed, Hours
    from flashbot.outreach.cast import Rules
    from flashbot.outreach.facts import Ask, Number, Person
    from flashbot.outreach.grants import Counts
    from flashbot.outreach.policy import Limits, Policy
    from flashbot.outreach.presets import Presets
    from flashbot.outreach.verdict import Reason

__all__ = ["Audience", "Place", "halted", "left_out", "opening", "unfit"]

LONGEST_WAIT_MS = 14 * DAY_MS
"""What is agreed to now says little of a later day."""
INSTEAD = "a plain broadcast, without --via campaign,"
Place: TypeAlias = tuple[tuple[str, ...], str | None]
"""Somebody's zones and country."""


class _Open:
    """Hours are asked for all together, not one by one."""

    def open_at(
        self, now_ms: int, zones: tuple[str, ...], country: str | None, presets: Presets
    ) -> tuple[Closed, int] | None:
        return None


OPEN: Hours = _Open()


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is left of a segment, counted."""

    recipients: int
    strangers: int = 0
    """Never wrote to this number."""
    new: int = 0
    """Of those, who never got anything from it either."""
    silent: int = 0
    """Did not write within the policy's `answered_within`."""


def left_out(ask: Ask, person: Person, number: Number, policy: Policy, *, now_ms: int, start_ms: int) -> Reason | None:
    """Why somebody gets no campaign that begins at `start_ms`; None for who may. Hours are not looked at."""
    now = Case(ask, person, number, policy, OPEN, now_ms)
    then = replace(now, now_ms=max(now_ms, start_ms))
    # A consent is what it is now: who was asked whether to stop, and never answers, has stopped by then.
    for verdict in (consent(now), ownership(then), contact(then)):
        if not isinstance(verdict, Allow):
            return verdict.reason
    return None


def opening(from_ms: int, places: Collection[Place], zone: str, policy: Policy) -> int | None:
    """The first moment from `from_ms` on at which it is a good hour for all of them, and for the number (`zone`).

    None when there is none within 14 days. How long a campaign then takes is MsgFlash's own affair.
    """
    asked = [(zones, country, policy.contact_hours) for zones, country in places]
    asked.append(((zone,) if zone else (), None, policy.number_hours))
    at = from_ms
    while at <= from_ms + LONGEST_WAIT_MS:
        before = at
        for zones, country, presets in asked:
            closed = open_at(at, zones, country, presets)
            at = at if closed is None else max(at + 1, closed[1])
        if at == before:
            return at
    return None


def unfit(number: Number, most: Limits, counts: Counts, audience: Audience, *, now_ms: int) -> str | None:
    """Why this number must not have this campaign, as a sentence that says what to do; None when it may."""
    stopped = stopped_by(number)
    if stopped == "restricted":
        return "MsgFlash calls this number restricted, so nothing unasked leaves from it: flashbot pace tells when."
    if stopped is not None:
        score = "unknown" if number.score is None else f"{number.score:g}"
        return f"The score of this number is {score}, too low for anything unasked: flashbot pace shows when it is not."
    if number.lock_until_ms is not None and number.lock_until_ms + LOCK_WAIT_MS > now_ms:
        return (
            "WhatsApp has locked this number's new chats, so nothing unasked leaves from it: flashbot pace shows until "
            "when."
        )
    people = audience.recipients
    if not people:
        return "Nobody is left to write to: nothing was made."
    if is_at_risk(number) and audience.silent:
        return (
            f"This number is at risk and writes only to who wrote lately, and {audience.silent:,} of {people:,} did "
            f"not: {INSTEAD} holds those back."
        )
    if people > most.campaign_recipients:
        return (
            f"A campaign of this number may have {most.campaign_recipients:,} recipients now, and this one has "
            f"{people:,}: {INSTEAD} sends in daily parts."
        )
    room = _room(most, counts)
    if people > room:
        return (
            f"This number may send {room:,} more unasked messages today, and the campaign has {people:,} recipients: "
            f"{INSTEAD} sends in daily parts."
        )
    if audience.strangers > most.cold_ratio * people + 1e-9:
        return (
            f"{audience.strangers:,} of {people:,} recipients never wrote to this number, and of a campaign "
            f"{most.cold_ratio:.0%} may: choose people who did, or {INSTEAD} which reaches them little by little."
        )
    chats = max(0, most.new_day - counts.new_day)
    if audience.new > chats:
        more = "1 more chat" if chats == 1 else f"{f'{chats:,}' if chats else 'no'} more chats"
        return (
            f"This number may begin {more} today, and {audience.new:,} recipients were never in touch with it: "
            f"{INSTEAD} begins them little by little."
        )
    return None


def halted(rules: Rules, *, sent: int, failed: int, opted_out: int) -> str | None:
    """Why a campaign must go no further, as the beginning of a sentence; None while it may.

    `sent` are all that are no longer queued, the failed among them. Shares are taken as those of any broadcast.
    """
    of = max(sent, rules.least)
    if failed > 1 and failed > rules.most_failed * of:
        return f"{failed:,} of {sent:,} messages failed, more than {rules.most_failed:.0%}"
    if opted_out > 1 and opted_out > rules.most_opted_out * of:
        return f"{opted_out:,} of {sent:,} people opted out, more than {rules.most_opted_out:.0%}"
    return None


def _room(most: Limits, counts: Counts) -> int:
    """Messages to as many people that may still leave today."""
    return max(
        0,
        min(
            most.proactive_day - counts.proactive_day,
            most.day - counts.day - counts.foreign_day,
            most.recipients_day - counts.recipients_day - counts.foreign_recipients_day,
        ),
    )
