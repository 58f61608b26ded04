"""What `flashbot pace` knows of a number at a moment, read from the store; and when something may leave next."""

from __future__ import annotations

import asyncio
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flashbot.engine.broadcast import CastStatus
    from flashbot.outreach.facts import Number
    from flashbot.outreach.grants import Counts
    from flashbot.outreach.policy import Limits, Policy
    from flashbot.outreach.reasons import Stop
    from flashbot.store.mailbox import Store
    from flashbot.store.waiting import Crowd

__all__ = ["Seen", "next_moment", "see"]

ONLY_A_QUESTION = ("suspect", "asked")
"""Marks of `pause.lua` that hold nothing back."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A number at a moment. Times are ms since the epoch by the store's clock."""

    instance: str
    now_ms: int
    number: Number
    limits: Limits
    counts: Counts
    held: str
    """The cause for which nothing at all leaves from it; "" when there is none."""
    full_ms: int
    """Until when its unasked messages wait together; 0 for never."""
    full_why: str = ""
    """What for."""
    waiting: tuple[Crowd, ...] = ()
    """In both lanes."""
    casts: tuple[CastStatus, ...] = ()
    """The broadcasts that leave from it and have not ended."""
    over: tuple[CastStatus, ...] = ()
    """Those that have."""
    kept: bool = False
    """Something is kept of the number itself."""

    @property
    def known(self) -> bool:
        """The store has anything of it."""
        return self.kept or bool(self.waiting or self.casts or self.over)


async def see(store: Store, tag: str, instance: str, zone: str, policy: Policy) -> Seen:
    from flashbot.engine.facts import FIELDS, load_health, number_of, with_unanswered
    from flashbot.outreach.limits import limits

    counts, (now_ms, facts), (_, holds) = await asyncio.gather(
        store.ledgers.counts(tag, instance), store.numbers.read(instance, *FIELDS, "full_why"), store.holds.read(tag)
    )
    number = with_unanswered(number_of(facts, zone=zone), await store.acquaintances.unanswered(instance))
    stage = int(facts["stage"]) if facts["stage"] else None
    usual = float(facts["usual"]) if facts["usual"] else None
    most = limits(number, load_health(facts["health"]), policy, now_ms, stage=stage, usual_day=usual)
    causes = (one.cause for one in holds if one.scope in ("account", instance))
    held = next((cause for cause in causes if cause and cause not in ONLY_A_QUESTION), "")
    own = any(one.scope == instance for one in holds)
    kept = any(facts.values()) or own or any(astuple(counts)) or number.unanswered > 0
    full_ms = int(facts["full"] or 0)
    return Seen(instance, now_ms, number, most, counts, held, full_ms, facts["full_why"], kept=kept)


def next_moment(seen: Seen, policy: Policy) -> tuple[int | None, Stop | None]:
    """When something unasked could leave at the earliest, and what it waits for; None where no moment is known."""
    from flashbot.outreach.hours import open_at
    from flashbot.outreach.standing import stopped_by

    now, counts, most, number = seen.now_ms, seen.counts, seen.limits, seen.number
    stopped = stopped_by(number)
    if stopped is not None:
        return None, stopped
    closed = open_at(now, (number.zone,) if number.zone else (), None, policy.number_hours)
    waits: list[tuple[int, Stop]] = [(closed[1], "window")] if closed is not None else []
    waits += [(counts.next_at_ms, "pace")] if counts.next_at_ms > now else []
    waits += [(counts.rest_until_ms, "rest")] if counts.rest_until_ms > now and min(most.rest_ms) > 0 else []
    spent: tuple[tuple[int, int, Stop], ...] = (
        (counts.day + counts.foreign_day, most.day, "day"),
        (counts.hour + counts.foreign_hour, most.hour, "hour"),
        (counts.proactive_day, most.proactive_day, "proactive_day"),
        (counts.proactive_hour, most.proactive_hour, "proactive_hour"),
        (number.unanswered, most.unanswered, "unanswered_ledger"),
    )
    for used, cap, reason in spent:
        if used >= cap:
            # When the oldest leave the window is the ledger's to say, to whoever asks next.
            return (max(seen.full_ms, *(at for at, _ in waits), now) if seen.full_ms > now else None), reason
    return max(waits, default=(now, None))
