"""What one number may send, worked out anew from what MsgFlash told of it, and what it took held against that.

It shares no arithmetic with flashbot: the rules are those of the health's page and of the owner's settings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flashbot.outreach.grants import Counts

__all__ = ["OLD_NUMBER", "Ceilings", "Row", "Verdict", "ceilings", "crowded", "judge", "reached"]

OLD_NUMBER = {"day": 400, "hour": 60, "new_day": 30, "new_hour": 8}
"""Of a number of 90 days with good replies, where MsgFlash says nothing."""
KEPT_FOR_REPLIES = 0.3
FEW = 5
"""The share of cold ones counts over that many at least."""


@dataclass(frozen=True, slots=True)
class Ceilings:
    """`all_*` and `people_*` bound what is unasked, and count answers and others' messages, too."""

    all_hour: int
    all_day: int
    people_hour: int
    people_day: int
    unasked_hour: int
    unasked_day: int
    new: int
    cold: float


def ceilings(
    told: Mapping[str, float], policy: Mapping[str, float], score: float, *, minutes_old: float = 0
) -> Ceilings:
    """For the health of a stable number; the run is shorter than an hour.

    Fresh for 15 minutes, worth four fifths for six hours, and then no more than a number of its history has anyway.
    """
    if minutes_old >= 15:
        told = {name: 0.8 * most for name, most in told.items()}
    share = 1.0 if score >= 80 else 0.75 if score >= 60 else 0.5 if score >= 40 else 0.0
    hour, day = told["hourlyOutboundCap"], told["dailyOutboundCap"]
    free = 1 - policy.get("kept_for_replies", KEPT_FOR_REPLIES)
    unasked_hour = min(floor(hour * free + 1e-6), policy.get("most_an_hour", hour))
    unasked_day = min(day, policy.get("most_a_day", day))
    if minutes_old >= 6 * 60:
        unasked_hour, unasked_day = min(unasked_hour, OLD_NUMBER["hour"]), min(unasked_day, OLD_NUMBER["day"])
    new_hour = floor(min(OLD_NUMBER["new_hour"], unasked_hour) * share)
    new_day = floor(min(OLD_NUMBER["new_day"], unasked_day) * share)
    return Ceilings(
        all_hour=floor(hour),
        all_day=floor(day),
        people_hour=floor(told["hourlyUniqueRecipientsCap"]),
        people_day=floor(told["dailyUniqueRecipientsCap"]),
        unasked_hour=floor(unasked_hour * share),
        unasked_day=floor(unasked_day * share),
        new=min(new_hour, new_day),
        cold=told["maxColdRatio"],
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A message that MsgFlash took. `source` and `kind` are empty of an answer; a kind is known, new or cold."""

    at_ms: int
    to: str
    text: str
    source: str = ""
    kind: str = ""


@dataclass
class Verdict:
    """`passed`: every breach, as a sentence. The counts are those of the end."""

    unasked: int = 0
    answers: int = 0
    people: int = 0
    new: int = 0
    cold: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    passed: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    coldest: float = 0.0
    """The greatest share of cold ones that there ever was, over five at least."""
    closest_ms: int | None = None
    """The least time between two unasked messages."""


def reached(counts: Counts, most: Ceilings) -> set[str]:
    """Which ceilings leave no room for one more, by the bot's own ledger: a run that meets none proves nothing."""
    used = {
        "all_hour": counts.hour + counts.foreign_hour,
        "all_day": counts.day + counts.foreign_day,
        "people_hour": counts.recipients_hour + counts.foreign_recipients_hour,
        "people_day": counts.recipients_day + counts.foreign_recipients_day,
        "unasked_hour": counts.proactive_hour,
        "unasked_day": counts.proactive_day,
        "new": counts.new_hour,
    }
    full = {name for name, count in used.items() if count >= getattr(most, name)}
    cold = counts.cold_day + 1 > most.cold * max(FEW, counts.proactive_day + 1)
    return full | {"cold"} if cold else full


def judge(
    rows: Sequence[Row],
    most: Ceilings,
    *,
    before: tuple[int, int] = (0, 0),
    past: int = 0,
    late_ms: int = 0,
    slack: int = 0,
    then: tuple[int, Ceilings] | None = None,
) -> Verdict:
    """`rows` in the order in which MsgFlash took them, `before`: messages and people that it had counted already, of
    which `past` were unasked messages of our own, `then`: what holds from a moment on, for whatever is taken more than
    `late_ms` after it.

    What is unasked is counted when it is allowed, up to `late_ms` before MsgFlash takes it: an answer in between may
    fill what it was counted into. `slack`: unasked messages that count though they never arrived, of processes
    that were killed. They can only take room from the others, except from the share of cold ones, which is of all.
    """
    found = Verdict()
    met: dict[str, None] = {}
    answered: list[tuple[int, bool]] = []
    seen = set[str]()
    last_ms = None
    for place, row in enumerate(rows):
        if row.text in seen:
            found.doubled.append(row.text)
        seen.add(row.text)
        first = row.to not in met
        met[row.to] = None
        if not row.source:
            found.answers += 1
            answered.append((row.at_ms, first))
            continue
        if then is not None and row.at_ms > then[0] + late_ms:
            most = then[1]
        between = [one for at, one in answered if at >= row.at_ms - late_ms]
        found.unasked += 1
        found.sources[row.source] += 1
        new = row.kind == "cold" or (row.kind == "new" and first)
        found.new += new
        found.cold += row.kind == "cold"
        if last_ms is not None:
            gap = row.at_ms - last_ms
            found.closest_ms = gap if found.closest_ms is None else min(gap, found.closest_ms)
        last_ms = row.at_ms
        found.coldest = max(found.coldest, found.cold / max(FEW, past + found.unasked + slack))
        everything = before[0] + place + 1 - len(between)
        people = before[1] + len(met) - sum(between) if first else 0
        for name, count, cap in (
            ("all_hour", everything, most.all_hour),
            ("all_day", everything, most.all_day),
            ("people_hour", people, most.people_hour),
            ("people_day", people, most.people_day),
            ("unasked_hour", past + found.unasked, most.unasked_hour),
            ("unasked_day", past + found.unasked, most.unasked_day),
            ("new", found.new if new else 0, most.new),
        ):
            if count > cap:
                found.passed.append(f"{name}: {count} of {cap} with message {place}")
        if row.kind == "cold" and found.cold > most.cold * max(FEW, past + found.unasked + slack):
            found.passed.append(f"cold: {found.cold} of {found.unasked} with message {place}")
    found.people = len(met)
    return found


def crowded(rows: Sequence[Row], least_ms: float, *, late_ms: int) -> str:
    """Where unasked messages came closer than a gap of `least_ms` between their grants allows, each up to `late_ms`
    after its own; empty where none did."""
    times = sorted(row.at_ms for row in rows if row.source)
    for first, begun in enumerate(times):
        for last in range(first + 1, len(times)):
            if (last - first) * least_ms > times[last] - begun + late_ms:
                return f"{last - first + 1} messages within {times[last] - begun} ms"
    return ""
