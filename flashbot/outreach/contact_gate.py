"""The fifth gate: whether this person may be written to now, unasked: their hours, and what they got lately. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flashbot.outreach.case import PROMOTIONS, in_ms
from flashbot.outreach.grants import DAY_MS
from flashbot.outreach.verdict import Allow, Defer, Drop

if TYPE_CHECKING:
    from flashbot.outreach.case import Case
    from flashbot.outreach.verdict import Verdict

__all__ = ["contact"]


def contact(case: Case) -> Verdict:
    closed = case.hours.open_at(case.now_ms, case.person.zones, case.person.country, case.policy.contact_hours)
    if closed is not None:
        return Defer(closed[1], closed[0])
    return _capped(case) or _too_soon(case) or _unanswered(case) or _same_body(case) or Allow()


def _capped(case: Case) -> Defer | None:
    """A day rolls: it ends 24 hours after each message."""
    sent, policy = case.person.sent, case.policy
    until = _room((one.at_ms for one in sent), policy.unasked_a_day, case.now_ms)
    if case.promotes:
        promotions = (one.at_ms for one in sent if one.cls in PROMOTIONS)
        until = max(until, _room(promotions, policy.marketing_a_day, case.now_ms))
    return Defer(until, "capped") if until > case.now_ms else None


def _room(moments: Iterable[int], most: int, now_ms: int) -> int:
    """When fewer than `most` of these will be younger than a day. One that lies ahead counts."""
    recent = sorted(at for at in moments if at + DAY_MS > now_ms)
    return recent[-most] + DAY_MS if len(recent) >= most else now_ms


def _too_soon(case: Case) -> Defer | None:
    last = max((one.at_ms for one in case.person.sent), default=None)
    if last is None or last + in_ms(case.policy.contact_gap) <= case.now_ms:
        return None
    return Defer(last + in_ms(case.policy.contact_gap), "gap")


def _unanswered(case: Case) -> Drop | None:
    """Silence until they write: no moment can be named for it."""
    heard = case.person.last_inbound_ms
    run = [one for one in case.person.sent if heard is None or one.at_ms >= heard]
    promotions = sum(one.cls in PROMOTIONS for one in run)
    if len(run) >= case.policy.unasked_unanswered or (case.promotes and promotions >= case.policy.marketing_unanswered):
        return Drop("unanswered")
    return None


def _same_body(case: Case) -> Defer | None:
    last = max((one.at_ms for one in case.person.sent if one.body == case.ask.body), default=None)
    if last is None or last + in_ms(case.policy.same_body) <= case.now_ms:
        return None
    return Defer(last + in_ms(case.policy.same_body), "same_body")
