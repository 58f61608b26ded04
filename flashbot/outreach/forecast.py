"""What a plan comes to, day by day and person by person. Values, and the `Tally` that counts them up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flashbot.outreach.crowd import Member
from flashbot.outreach.grants import DAY_MS
from flashbot.outreach.scenario import ANSWER_WITHIN_MS
from flashbot.outreach.stages import Day
from flashbot.outreach.verdict import GATE_OF, Reason

__all__ = ["Excluded", "Forecast", "PlannedDay", "Tally", "binding"]

REACHED_MS = 7 * DAY_MS
FEWEST_REACHED = 20
NOTICED_MS = 10 * 60 * 1000
SPENT = frozenset({"day", "proactive_day", "recipients_day", "unanswered_ledger", "campaign_size"})
STOPS = frozenset({"instance", "restriction", "budget", "content"})
"""Gates that hold back the number's messages, and not one person's."""
CLOSED = frozenset({"quiet", "weekend", "holiday", "prayer", "ramadan", "window"})


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """A day of the number's zone."""

    day: date
    sent: int
    total: int
    """Sent until its end."""
    binds: Reason | None
    """Without which more would have left; None when nothing held anything back."""
    chats: int = 0
    """Messages to people who never wrote."""
    answers: int = 0
    opt_outs: int = 0
    failed: int = 0
    balance: int = 0
    """Messages of the last 30 days to people who have not written since."""
    stage: int | None = None
    """Of the number's own history at its end, where that is followed."""


@dataclass(frozen=True, slots=True)
class Excluded:
    contact: str
    series: str
    place: int
    """Of the first message that they do not get; 0 is the first."""
    reason: Reason


@dataclass(frozen=True, slots=True)
class Forecast:
    days: tuple[PlannedDay, ...]
    people: int
    messages: int
    """That would leave if nothing kept any back and nobody wrote."""
    sent: int
    ends_ms: int | None
    """When the last one left; None when some still wait, or none ever left."""
    excluded: tuple[Excluded, ...]
    waiting: Mapping[Reason | None, int]
    """People who still wait after the last day, by what holds their next message; None: it is not due yet."""
    answers: int
    opt_outs: int
    failed: int
    most_unanswered: int
    """Up to which balance it sent on the last day."""

    @property
    def done(self) -> bool:
        return not self.waiting

    def reasons(self) -> Mapping[Reason, int]:
        """Of the excluded, the most frequent first."""
        return dict(Counter(one.reason for one in self.excluded).most_common())


def binding(held_ms: Mapping[Reason | None, int], sent: int) -> Reason | None:
    """What held the number's messages back that day: what did so longest, with two exceptions.

    On a day on which some left, closed hours count only where nothing else held any back: nights are no news. On one
    without, they count first, but behind what let nothing of the number leave in its open hours. And a day's budget
    that was spent goes before the gaps between its messages.
    """
    if not held_ms:
        return None
    noticed = {reason for reason, ms in held_ms.items() if ms >= NOTICED_MS}
    stopped = sent == 0 and any(reason is not None and GATE_OF[reason] in STOPS for reason in noticed)

    def rank(reason: Reason | None) -> tuple[bool, bool, int]:
        if stopped:
            first = reason in noticed and reason is not None and GATE_OF[reason] in STOPS
        else:
            first = reason is not None and (reason in CLOSED) == (sent == 0)
        return (first, reason in SPENT and reason in noticed, held_ms[reason] if reason is not None else -1)

    return max(held_ms, key=rank)


class Tally:
    """Counts while a plan is played."""

    def __init__(self) -> None:
        self.days: list[PlannedDay] = []
        self.total = 0
        self.last_ms: int | None = None
        self.held_ms: Counter[Reason | None] = Counter()
        self.excluded: list[Excluded] = []
        self._day: Counter[str] = Counter()
        self._all: Counter[str] = Counter()
        self._reached: dict[int, tuple[int, Member]] = {}

    def sent(self, member: Member, now_ms: int, *, chat: bool, failed: bool) -> None:
        self.total += 1
        self.last_ms = now_ms
        self._day.update(sent=1, chats=chat, failed=failed)
        self._reached[id(member)] = now_ms, member

    def heard(self, *, opts_out: bool) -> None:
        self._day["opt_outs" if opts_out else "answers"] += 1

    def exclude(self, member: Member, place: int, reason: Reason) -> None:
        self.excluded.append(Excluded(member.recipient.contact, member.series.name, place, reason))

    def close(self, day: date, balance: int, stage: int | None) -> None:
        """The day is over."""
        counts = self._day
        self.days.append(
            PlannedDay(
                day, counts["sent"], self.total, binding(self.held_ms, counts["sent"]), counts["chats"],
                counts["answers"], counts["opt_outs"], counts["failed"], balance, stage,
            )
        )  # fmt: skip
        self._all.update(counts)
        self._day.clear()
        self.held_ms.clear()

    def count(self, name: str) -> int:
        return self._all[name] + self._day[name]

    def history(self, now_ms: int, ceiling: int) -> Day:
        """The day so far, as a number's own history keeps it."""
        sent = self._day["sent"]
        self._reached = {who: one for who, one in self._reached.items() if now_ms - one[0] < REACHED_MS}
        reached = self._reached.values()
        wrote = sum(
            member.last_inbound_ms is not None and 0 <= member.last_inbound_ms - at <= ANSWER_WITHIN_MS
            for at, member in reached
        )
        heard = self._day["opt_outs"] + self._day["answers"]
        return Day(
            active=sent > 0,
            sent=sent,
            used=sent / ceiling if ceiling else 0.0,
            reply_rate=wrote / len(reached) if len(reached) >= FEWEST_REACHED else None,
            failures=self._day["failed"] / sent if sent else 0.0,
            negative=self._day["opt_outs"] / max(sent, heard) if heard else 0.0,
        )
