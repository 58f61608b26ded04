"""`plan`: a list or a drip played through the gates and a ledger, on a clock of its own. Sends nothing, asks nobody.

Every message passes `gates.decide` and `Ledger.reserve` as a real one does; only who answers is made up. The clock
goes from one moment at which something can happen to the next: a message that is due, an answer, a grant.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from datetime import date
from random import Random

from flashbot.outreach.course import Course
from flashbot.outreach.crowd import NEVER, Crowd, Lane, Member, Message, Queue
from flashbot.outreach.facts import Ask, Sent
from flashbot.outreach.forecast import CLOSED, Forecast, Tally
from flashbot.outreach.gates import decide
from flashbot.outreach.grants import DAY_MS, LATER_MS, Class, Granted, Stamp
from flashbot.outreach.hours import OpeningHours
from flashbot.outreach.ledger import FOR_ALL, Ledger
from flashbot.outreach.limits import gap_ms, rest
from flashbot.outreach.policy import Limits
from flashbot.outreach.record import Moved, Noted, Record, Told, verdict_of
from flashbot.outreach.scenario import Scenario, Series, drawn
from flashbot.outreach.verdict import Allow, Defer, Drop, Reason, Verdict

__all__ = ["class_of", "plan"]

LONG_MS = 30 * 60 * 1000
UNANSWERED: Reason = "unanswered_ledger"
LASTING = frozenset({"unlinked", "banned", "restricted", "at_risk"})
"""A plan has no news of a number, so what such a gate holds back stays there."""


def plan(scenario: Scenario, *, write: Callable[[str], object] | None = None) -> Forecast:
    """Play it. `write` takes each line of the record, which `replay.replay` reads.

    The same scenario gives the same forecast.
    """
    return _Play(scenario, None if write is None else Record(write)).run()


def class_of(series: Series, last_inbound_ms: int | None) -> Class:
    """What a message of a series is to somebody, by when they last wrote."""
    if series.follows_up:
        return "follow_up"
    return "cold" if last_inbound_ms is None else "marketing"


class _Play:
    def __init__(self, scenario: Scenario, record: Record | None) -> None:
        self._scenario = scenario
        self._policy = scenario.policy
        self._course = Course(scenario)
        self._ledger = Ledger()
        self._crowd = Crowd()
        self._tally = Tally()
        self._record = record
        self._rng = Random(scenario.seed)  # noqa: S311 - no secret
        self._serial = 0
        self._due: list[tuple[int, int, Message, Reason | None]] = []
        """When, a serial, what, and what put it off; None: its series alone."""
        self._letters: list[tuple[int, int, Member, bool]] = []
        """What people write: when, a serial, who, and whether they want no more."""
        self._lasting: list[tuple[Message, Reason]] = []
        self._reached: defaultdict[str, deque[int]] = defaultdict(deque)
        """By series, when it was begun for each of the latest day."""
        self._free_ms = 0
        self._spent: Reason | None = None
        """What the number waits for until `_free_ms`."""
        self._alone = len(scenario.series) == 1

    def run(self) -> Forecast:
        now = self._scenario.begin_ms
        if self._scenario.usage is not None:
            self._ledger.tell(now, self._scenario.usage, now)
            self._write(Told("told", now, self._scenario.instance, now, self._scenario.usage, seq=self._seq))
        for series in self._scenario.series:
            for one in series.recipients:
                self._schedule(Member(one, series, one.last_inbound_ms, one.suppressed, one.sent), 0, now)
        changes = [*self._course.changes(), NEVER]
        for day, end in self._course.days():
            while (at := min(self._next_ms(), changes[0])) < end:
                at = max(at, now)
                self._wait(now, at)
                now = at
                if now >= changes[0]:
                    changes.pop(0)
                    self._loosen()
                self._hear(now)
                self._look(now)
                self._send(now)
            self._wait(now, end)
            now = end
            self._close(day, now)
            if self._is_over():
                break
        while self._letters:
            self._hear(self._letters[0][0])
        return self._forecast(now)

    # -- the clock

    def _next_ms(self) -> int:
        due = self._due[0][0] if self._due else NEVER
        letter = self._letters[0][0] if self._letters else NEVER
        return min(due, letter, max(self._free_ms, self._crowd.next_ms()))

    def _loosen(self) -> None:
        """The limits are others now: what was refused is asked about again."""
        self._free_ms = 0
        self._crowd.free()

    def _close(self, day: date, now: int) -> None:
        caps, stage = self._course.limits(now - 1), self._course.stage
        self._course.lived(self._tally.history(now, caps.proactive_day))
        self._tally.close(day, self._course.balance.count(now), self._course.stage if self._scenario.growing else None)
        if self._course.stage != stage:
            self._loosen()

    def _wait(self, since: int, until: int) -> None:
        """Nothing happens meanwhile; count it for what holds the messages back."""
        if until > since and (held := self._holding(since, until - since > LONG_MS)):
            self._tally.held_ms[held[0]] += until - since

    def _holding(self, now: int, long: bool) -> tuple[Reason | None] | None:
        """None when nobody waits; a reason of None when nobody is due."""
        found = [(*first, queue) for queue in self._crowd.queues.values() if (first := queue.first()) is not None]
        if not found:
            if self._due:
                return (self._due[0][3],)
            return (self._lasting[0][1],) if self._lasting else None
        at, lane, _ = min(found, key=lambda one: one[0])
        if long:
            # A night or a weekend: who was refused before it, or closed out, is so for another reason by now.
            message = next(iter(lane))
            verdict = self._gates(message.ask(now), message.member, 0.0, now)
            if isinstance(verdict, Defer) and verdict.reason in CLOSED:
                return (verdict.reason,)
        if at > now:
            return (lane.closed,)
        if self._free_ms > now:
            return (self._spent,)
        blocked = (queue.reason for ready, _, queue in found if ready <= now and queue.blocked_ms > now)
        return (next(blocked, "share"),)

    def _is_over(self) -> bool:
        waits = (message.member.over for _, _, message, _ in self._due)
        return not self._lasting and all(waits) and all(one.member.over for one in self._crowd.messages())

    # -- what happens

    def _hear(self, now: int) -> None:
        """People write, and are answered at once."""
        while self._letters and self._letters[0][0] <= now:
            _, serial, member, opts_out = heapq.heappop(self._letters)
            member.last_inbound_ms, member.over = now, True
            if opts_out:
                member.suppressed |= {member.series.purpose, "marketing"}
            self._tally.heard(opts_out=opts_out)
            self._course.balance.heard(member.recipient.contact)
            if self._spent == UNANSWERED:
                self._free_ms = 0
            contact, name = member.recipient.contact, f"reply-{serial}"
            ask = Ask(name, "reply", now, contact, "")
            verdict = self._gates(ask, member, 0.0, now)
            self._decided(ask, member, verdict, now)
            if isinstance(verdict, Allow):
                self._ledger.note(name, contact, "reply", now)
                self._write(Noted("noted", now, self._scenario.instance, name, contact, "reply", seq=self._seq))

    def _look(self, now: int) -> None:
        """Messages are due: each is asked about once, and then waits for its turn or its hour."""
        changed: dict[Lane, Queue] = {}
        while self._due and self._due[0][0] <= now:
            message = heapq.heappop(self._due)[2]
            member = message.member
            if member.over:
                continue
            message.cls = class_of(member.series, member.last_inbound_ms)
            queue, lane = self._crowd.place(message, now)
            ask = message.ask(now)
            verdict = self._gates(ask, member, message.outcome.fraction, now)
            if isinstance(verdict, Allow) or verdict.reason == UNANSWERED:
                message.ready_ms = now
                lane.put(message)
            else:
                self._decided(ask, member, verdict, now, message)
                self._park(message, verdict, lane, now)
            changed[lane] = queue
        for lane, queue in changed.items():
            queue.moved(lane, self._wake, now)

    def _send(self, now: int) -> None:
        while self._free_ms <= now and (queue := self._crowd.at(now)) is not None:
            self._turn(queue, now)
        # The number is taken. The other series ask as well, so that the ledger knows who waits.
        asked: set[str] = set()
        while not self._alone and (queue := self._crowd.at(now, asked)) is not None:
            if self._turn(queue, now):
                asked.add(queue.series)

    def _turn(self, queue: Queue, now: int) -> bool:
        """The first of a queue; whether it has had its turn by that."""
        lane = queue.lane_ahead()
        message = lane.pop(self._wake, now)
        asked = False
        if not message.member.over:
            ask = message.ask(now)
            verdict = self._gates(ask, message.member, message.outcome.fraction, now)
            asked = isinstance(verdict, Allow)
            if isinstance(verdict, Allow):
                self._reserve(queue, lane, message, ask, now)
            elif isinstance(verdict, Defer) and verdict.reason == UNANSWERED:
                # It would meet whoever is asked about next.
                asked = True
                self._decided(ask, message.member, verdict, now, message)
                lane.put_back(message)
                queue.reason = verdict.reason
                self._free_ms, self._spent = verdict.until_ms, verdict.reason
            else:
                self._decided(ask, message.member, verdict, now, message)
                self._park(message, verdict, lane, now)
        queue.moved(lane, self._wake, now)
        return asked

    def _reserve(self, queue: Queue, lane: Lane, message: Message, ask: Ask, now: int) -> None:
        caps = self._course.limits(now)
        full_ms = self._full_ms(message, caps, now)
        if full_ms is not None:
            lane.put_back(message)
            queue.reason, queue.blocked_ms = "campaign_size", full_ms
            return
        gap, batch = gap_ms(caps.median_gap_ms, self._rng), rest(caps, self._rng)
        new, weight = message.member.new, message.member.series.weight
        answer = self._ledger.reserve(
            ask.id, ask.contact, ask.cls, ask.body, ask.source, caps, gap, batch, now,
            new=new, weight=weight, room=self._course.number(now).room,
        )  # fmt: skip
        self._decided(
            ask, message.member, verdict_of(answer), now, message,
            caps=caps, gap_ms=gap, rest=batch, new=new, weight=weight, stamp=answer.stamp,
        )  # fmt: skip
        if isinstance(answer, Granted):
            self._leave(message, now)
            if self._alone and gap:
                # As the ledger would say; among others it is asked, so that it knows who waits.
                self._free_ms, self._spent = now + gap, "pace"
            return
        until = max(now + 1, answer.until_ms)
        if answer.reason == "identical":
            # It says nothing of the others, who get another text.
            self._park(message, verdict_of(answer), lane, now)
            return
        lane.put_back(message)
        queue.reason = answer.reason
        if answer.reason in FOR_ALL:
            self._free_ms, self._spent = until, answer.reason
        elif answer.reason == "share":
            self._crowd.waits[queue.series] = until
        else:
            queue.blocked_ms = until

    def _full_ms(self, message: Message, caps: Limits, now: int) -> int | None:
        """Until when a list has as many new recipients as it may have in a day; None while it has room."""
        if message.member.series.follows_up or message.place > 0 or caps.campaign_recipients >= caps.proactive_day:
            return None  # the number's own day is no larger
        reached = self._reached[message.member.series.name]
        while reached and reached[0] + DAY_MS <= now:
            reached.popleft()
        if len(reached) < caps.campaign_recipients:
            return None
        return reached[0] + DAY_MS if reached else now + LATER_MS

    def _leave(self, message: Message, now: int) -> None:
        member, outcome = message.member, message.outcome
        self._ledger.commit(message.id, now)
        self._write(Moved("moved", now, self._scenario.instance, "commit", message.id, seq=self._seq))
        self._tally.sent(member, now, chat=message.cls == "cold" or member.new, failed=outcome.fails)
        member.sent = (*member.sent, Sent(now, message.cls, message.body))
        self._course.balance.sent(member.recipient.contact, now)
        if message.place == 0:
            self._reached[member.series.name].append(now)
        self._crowd.left(message)
        if outcome.fails:
            member.over = True
            return
        if outcome.opts_out or outcome.answers:
            self._serial += 1
            heapq.heappush(self._letters, (now + outcome.after_ms, self._serial, member, outcome.opts_out))
        if message.place + 1 < len(member.series.mails):
            self._schedule(member, message.place + 1, now)

    def _park(self, message: Message, verdict: Verdict, lane: Lane, now: int) -> None:
        """It was not allowed now."""
        if isinstance(verdict, Drop):
            message.member.over = True
            self._tally.exclude(message.member, message.place, verdict.reason)
        elif isinstance(verdict, Defer):
            if verdict.reason in LASTING:
                self._lasting.append((message, verdict.reason))
            elif verdict.reason in CLOSED:
                lane.sleep(message, verdict.reason, now)
            else:
                self._put_off(message, verdict.until_ms, verdict.reason)

    # -- messages

    def _schedule(self, member: Member, place: int, now: int) -> None:
        series, contact, scenario = member.series, member.recipient.contact, self._scenario
        mail, name = series.mails[place], f"{series.name}/{contact}/{place}"
        due_ms = now + mail.after_ms
        outcome = drawn(scenario.seed, series.name, contact, place, scenario.replies)
        self._put_off(Message(name, member, place, mail.body or name, due_ms, outcome), due_ms, None)

    def _put_off(self, message: Message, at_ms: int, reason: Reason | None) -> None:
        self._serial += 1
        heapq.heappush(self._due, (at_ms, self._serial, message, reason))

    def _gates(self, ask: Ask, member: Member, fraction: float, now: int) -> Verdict:
        person, number = member.person(), self._course.number(now)
        return decide(ask, person, number, self._policy, OpeningHours(fraction), now)[0]

    def _wake(self, message: Message, closed_ms: int) -> int | None:
        verdict = self._gates(message.ask(closed_ms), message.member, message.outcome.fraction, closed_ms)
        return verdict.until_ms if isinstance(verdict, Defer) else None

    # -- what comes out

    def _forecast(self, now: int) -> Forecast:
        reasons: list[Reason | None] = [reason for message, reason in self._lasting if not message.member.over]
        reasons += [reason for _, _, message, reason in self._due if not message.member.over]
        reasons += [
            queue.reason or lane.closed
            for queue in self._crowd.queues.values()
            for lane in queue.lanes.values()
            for message in lane
            if not message.member.over
        ]
        series, tally = self._scenario.series, self._tally
        waiting = dict(Counter(reasons).most_common())
        return Forecast(
            days=tuple(tally.days),
            people=sum(len(one.recipients) for one in series),
            messages=sum(len(one.recipients) * len(one.mails) for one in series),
            sent=tally.total,
            ends_ms=None if waiting else tally.last_ms,
            excluded=tuple(tally.excluded),
            waiting=waiting,
            answers=tally.count("answers"),
            opt_outs=tally.count("opt_outs"),
            failed=tally.count("failed"),
            most_unanswered=self._course.limits(now - 1).unanswered,
        )

    @property
    def _seq(self) -> int:
        return self._ledger.stamp.seq

    def _write(self, line: Moved | Noted | Told) -> None:
        if self._record is not None:
            self._record.put(line)

    def _decided(
        self,
        ask: Ask,
        member: Member,
        verdict: Verdict,
        now: int,
        message: Message | None = None,
        *,
        caps: Limits | None = None,
        gap_ms: int = 0,
        rest: tuple[int, int] = (0, 0),
        new: bool = False,
        weight: int = 1,
        stamp: Stamp | None = None,
    ) -> None:
        if self._record is not None:
            self._record.decided(
                self._scenario.instance, ask, member.person(), self._course.number(now), self._policy, verdict, now,
                fraction=0.0 if message is None else message.outcome.fraction,
                caps=caps, gap_ms=gap_ms, rest=rest, new=new, weight=weight, stamp=stamp,
                known=self._course.known(now),
            )  # fmt: skip
