"""The nine gates that every message passes at the moment of sending; the first that does not allow decides. Pure.

What counts over all messages of a number (budgets, equal bodies, the gap and the rest) is the ledger's, but for what is
unanswered. Those gates say "ledger" here, and whoever sends asks it last, so that nothing is reserved for a message
that another gate holds back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flashbot.outreach.case import Case, Hours, in_ms
from flashbot.outreach.cast import job_of
from flashbot.outreach.contact_gate import contact
from flashbot.outreach.facts import EVERYTHING
from flashbot.outreach.grants import UNASKED
from flashbot.outreach.health import FRESH_MS
from flashbot.outreach.limits import LOCK_WAIT_MS
from flashbot.outreach.standing import is_at_risk, stopped_by
from flashbot.outreach.verdict import GATES, Allow, Defer, Drop

if TYPE_CHECKING:
    from flashbot.outreach.facts import Ask, Number, Person
    from flashbot.outreach.policy import Policy
    from flashbot.outreach.verdict import GateName, Reason, Trace, Verdict

__all__ = [
    "LOOK_AGAIN_MS", "Hours", "budget", "consent", "decide", "expiry", "instance", "ownership", "restriction", "shape",
]  # fmt: skip

LOOK_AGAIN_MS = 60_000
"""When to ask again about what may end at any moment."""
CONVERSATION: frozenset[GateName] = frozenset({"instance", "expiry"})
ASKED: dict[str, frozenset[GateName]] = {
    "reply": CONVERSATION,
    "critical": CONVERSATION,
    "service": CONVERSATION | {"consent", "ownership", "budget"},
}
"""The gates of what a person asked for; whatever is unasked passes all."""
EVERY: frozenset[GateName] = frozenset(GATES)
COUNTED: frozenset[GateName] = frozenset({"budget", "content"})
"""Gates whose last word is the ledger's."""
LONGEST_MS = 6 * 3600 * 1000
"""After which it is asked again whether enough of them have written."""


def decide(
    ask: Ask, person: Person, number: Number, policy: Policy, hours: Hours, now_ms: int
) -> tuple[Verdict, Trace]:
    """Whether it may leave now, as far as no shared counter is needed; and the word of each gate that was asked.

    Never raises, as long as `hours` does not. An `Allow` still needs the ledger where a gate says "ledger".
    """
    case = Case(ask, person, number, policy, hours, now_ms)
    asked = ASKED.get(case.cls, EVERY)
    trace: list[tuple[GateName, str]] = []
    for name in GATES:
        if name not in asked:
            trace.append((name, "exempt"))
            continue
        gate = HERE.get(name)
        verdict: Verdict = Allow() if gate is None else gate(case)
        if not isinstance(verdict, Allow):
            trace.append((name, verdict.reason))
            return _ahead(verdict, now_ms), tuple(trace)
        trace.append((name, "ledger" if name in COUNTED else "allow"))
    return Allow(), tuple(trace)


def instance(case: Case) -> Verdict:
    number = case.number
    if number.banned:
        return Defer(case.now_ms + FRESH_MS, "banned")
    if not number.linked:
        return Defer(case.now_ms + LOOK_AGAIN_MS, "unlinked")
    return _until(number.paused_until_ms, "paused", case.now_ms)


def consent(case: Case) -> Verdict:
    person, purpose = case.person, case.ask.purpose
    if person.erased:
        return Drop("erased")
    if case.cls not in UNASKED:
        # STOP ALL is confirmed with "nothing but answers to your messages".
        return Drop("suppressed") if EVERYTHING in person.suppressed else Allow()
    if person.suppressed & {purpose, "marketing", EVERYTHING}:
        return Drop("suppressed")
    # A follow-up to who has been silent for long is no follow-up any more.
    if purpose not in person.consents and (case.promotes or not case.answered_lately):
        return Drop("no_consent")
    return _until(person.asked_until_ms, "asked_whether", case.now_ms)


def ownership(case: Case) -> Verdict:
    if case.cls == "service" and case.policy.service_passes_human:
        return Allow()
    return _until(case.person.owner_until_ms, "human", case.now_ms)


def restriction(case: Case) -> Verdict:
    """A lock on new chats stops all that is unasked, and for six hours more: see `limits`."""
    number = case.number
    stopped = stopped_by(number)
    if stopped is not None:
        return Defer(_news_ms(number, case.now_ms), stopped)
    if number.lock_until_ms is not None and number.lock_until_ms + LOCK_WAIT_MS > case.now_ms:
        return Defer(number.lock_until_ms + LOCK_WAIT_MS, "locked")
    if is_at_risk(number) and (case.cls == "cold" or not case.answered_lately):
        return Defer(_news_ms(number, case.now_ms), "at_risk")
    return Allow()


def budget(case: Case) -> Verdict:
    """Too many of the number's unasked messages are unanswered; all else of it that is spent is the ledger's."""
    number = case.number
    if case.cls not in UNASKED or number.most_unanswered is None or number.unanswered < number.most_unanswered:
        return Allow()
    latest_ms = case.now_ms + LONGEST_MS
    return Defer(min(number.unanswered_until_ms or latest_ms, latest_ms), "unanswered_ledger")


def shape(case: Case) -> Verdict:
    """The number's own working hours; its gap and its rests are the ledger's."""
    zones = (case.number.zone,) if case.number.zone else ()
    closed = case.hours.open_at(case.now_ms, zones, None, case.policy.number_hours)
    return Allow() if closed is None else Defer(closed[1], "window")


def expiry(case: Case) -> Verdict:
    ask = case.ask
    if ask.send_before_ms is not None:
        if case.now_ms > ask.send_before_ms:
            return Drop("expired")
        if job_of(ask.source):
            return Allow()  # a broadcast says how late it may be: whatever stood still, nobody is left out before
    due_ms = ask.made_ms if ask.due_ms is None else max(ask.made_ms, ask.due_ms)
    if case.cls in UNASKED and case.now_ms - due_ms > in_ms(case.policy.expires):
        return Drop("expired")
    return Allow()


HERE: dict[GateName, Callable[[Case], Verdict]] = {
    "instance": instance,
    "consent": consent,
    "ownership": ownership,
    "restriction": restriction,
    "contact": contact,
    "budget": budget,
    "shape": shape,
    "expiry": expiry,
}


def _until(moment: int | None, reason: Reason, now_ms: int) -> Verdict:
    return Defer(moment, reason) if moment is not None and moment > now_ms else Allow()


def _news_ms(number: Number, now_ms: int) -> int:
    """When newer health can be had: the state may be another then."""
    stale_ms = min(number.health_at_ms or 0, now_ms) + FRESH_MS
    return stale_ms if stale_ms > now_ms else now_ms + LOOK_AGAIN_MS


def _ahead(verdict: Verdict, now_ms: int) -> Verdict:
    """Opening hours that name a moment which is over are asked again in a while, not at once and for ever."""
    if isinstance(verdict, Defer) and verdict.until_ms <= now_ms:
        return Defer(now_ms + LOOK_AGAIN_MS, verdict.reason)
    return verdict
