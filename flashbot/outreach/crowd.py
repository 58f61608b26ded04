"""Who waits for a number's next grant, so ordered that nobody is asked about before their turn can come. Pure.

A lane is of people whose hours are the same: when it is closed for one, it is so for all of them, and nobody else is
asked. A queue is of lanes that a ledger treats alike: what it refuses to one of them it refuses to all.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from flashbot.outreach.facts import Ask, Person, Sent
from flashbot.outreach.grants import DAY_MS, Class
from flashbot.outreach.scenario import Outcome, Recipient, Series
from flashbot.outreach.verdict import Reason

__all__ = ["NEVER", "Crowd", "Lane", "Member", "Message", "Queue", "Traits", "Wake"]

NEVER = 1 << 62


@dataclass(slots=True, eq=False)
class Member:
    """A recipient as the plan goes on."""

    recipient: Recipient
    series: Series
    last_inbound_ms: int | None
    suppressed: frozenset[str]
    sent: tuple[Sent, ...] = ()
    over: bool = False
    """Nothing more is sent to them."""

    @property
    def new(self) -> bool:
        """Never wrote, and was never written to."""
        return self.last_inbound_ms is None and not self.sent

    def person(self) -> Person:
        known = self.recipient
        return Person(
            last_inbound_ms=self.last_inbound_ms, suppressed=self.suppressed, consents=known.consents,
            erased=known.erased, zones=known.zones, country=known.country, sent=self.sent,
        )  # fmt: skip


@dataclass(slots=True, eq=False)
class Message:
    """One that is due or will be."""

    id: str
    member: Member
    place: int
    """In its series."""
    body: str
    made_ms: int
    outcome: Outcome
    cls: Class = "marketing"
    ready_ms: int = 0
    """Since when it stands in its lane."""

    def ask(self, now_ms: int) -> Ask:
        """What a gate held back does not age meanwhile, so it is due now."""
        series, contact = self.member.series, self.member.recipient.contact
        return Ask(self.id, self.cls, self.made_ms, contact, self.body, series.purpose, series.name, due_ms=now_ms)


Wake: TypeAlias = Callable[[Message, int], int | None]
"""When a message may be asked about again that was found closed at a moment; None when it does not wait for that."""


class Lane:
    """Of one place. Open, it is first come first served; what waits through a closing comes back each at its own time
    after the opening, in the order of what was drawn for it."""

    def __init__(self) -> None:
        self._fresh: deque[Message] = deque()
        self._slept: list[tuple[float, int, Message]] = []
        self._closed_ms = 0
        self._last: Message | None = None
        """Of those who sleep, the one that comes back last."""
        self._woken_ms: int | None = None
        """When that is; NEVER while it cannot be told."""
        self._serial = 0
        self.closed: Reason | None = None
        """Why it was closed, as far as it is known to be."""
        self.mark = 0
        """By which its queue knows which of its entries counts."""

    def __len__(self) -> int:
        return len(self._fresh) + len(self._slept)

    def __iter__(self) -> Iterator[Message]:
        yield from self._fresh
        yield from (message for _, _, message in self._slept)

    def put(self, message: Message) -> None:
        self._fresh.append(message)

    def sleep(self, message: Message, reason: Reason, now_ms: int) -> None:
        """It was found closed: the message waits, and so does everybody else here."""
        if now_ms != self._closed_ms:
            self._last = max((one for _, _, one in self._slept), key=_fraction, default=None)
        self.closed, self._closed_ms, self._woken_ms = reason, now_ms, None
        self._fresh.append(message)
        for one in self._fresh:
            self._serial += 1
            heapq.heappush(self._slept, (one.outcome.fraction, self._serial, one))
            if self._last is None or _fraction(one) >= _fraction(self._last):
                self._last = one
        self._fresh.clear()

    def next_ms(self, wake: Wake, now_ms: int) -> int:
        """From when on the first can be asked about; a moment that is over when it can be now."""
        fresh = self._fresh[0].ready_ms if self._fresh else NEVER
        return min(fresh, self._back_ms(wake, now_ms))

    def pop(self, wake: Wake, now_ms: int) -> Message:
        """The message that `next_ms` is of."""
        back_ms = self._back_ms(wake, now_ms)
        if self._fresh and self._fresh[0].ready_ms <= back_ms:
            return self._fresh.popleft()
        message = heapq.heappop(self._slept)[2]
        message.ready_ms = back_ms
        return message

    def put_back(self, message: Message) -> None:
        """Its turn has not come after all: it stays the first."""
        self._fresh.appendleft(message)

    def _back_ms(self, wake: Wake, now_ms: int) -> int:
        if not self._slept:
            return NEVER
        if self._woken_ms is None and self._last is not None:
            self._woken_ms = wake(self._last, self._closed_ms) or NEVER
        # Most are asked about when all have long been back: then nobody needs to know since when.
        if self._woken_ms is not None and self._woken_ms <= now_ms:
            return self._woken_ms
        # Who does not wait for an hour at all is asked about at once.
        return wake(self._slept[0][2], self._closed_ms) or self._closed_ms


def _fraction(message: Message) -> float:
    return message.outcome.fraction


Traits: TypeAlias = tuple[str, Class, bool, bool]
"""Series, class, whether it opens a chat, and whether the contact was written to within a day."""


class Queue:
    def __init__(self, traits: Traits) -> None:
        self.traits = traits
        self.blocked_ms = 0
        self.reason: Reason | None = None
        """For which it was last refused."""
        self.lanes: dict[tuple[tuple[str, ...], str | None], Lane] = {}
        self._heap: list[tuple[int, int, Lane]] = []
        self._serial = 0

    @property
    def series(self) -> str:
        return self.traits[0]

    def lane(self, recipient: Recipient) -> Lane:
        """Of those who have the same hours."""
        place = recipient.zones, recipient.country
        if place not in self.lanes:
            self.lanes[place] = Lane()
        return self.lanes[place]

    def moved(self, lane: Lane, wake: Wake, now_ms: int) -> None:
        """The lane has changed; find its place anew."""
        self._serial += 1
        lane.mark = self._serial
        if len(lane):
            heapq.heappush(self._heap, (lane.next_ms(wake, now_ms), self._serial, lane))

    def first(self) -> tuple[int, Lane] | None:
        """The lane whose turn it is, and since when, or from when on."""
        while self._heap and self._heap[0][1] != self._heap[0][2].mark:
            heapq.heappop(self._heap)
        return (self._heap[0][0], self._heap[0][2]) if self._heap else None

    def lane_ahead(self) -> Lane:
        """Of `first`, where there is one."""
        found = self.first()
        if found is None:
            raise LookupError("Nobody waits in this queue.")
        return found[1]

    def next_ms(self) -> int:
        found = self.first()
        return NEVER if found is None else max(found[0], self.blocked_ms)


@dataclass(slots=True)
class Crowd:
    """All queues of a number."""

    queues: dict[Traits, Queue] = field(default_factory=dict)
    waits: dict[str, int] = field(default_factory=dict)
    """Until when a series waits for its turn among the others."""

    def place(self, message: Message, now_ms: int) -> tuple[Queue, Lane]:
        """Where a message belongs now."""
        member = message.member
        lately = bool(member.sent) and now_ms - member.sent[-1].at_ms < DAY_MS
        traits = member.series.name, message.cls, member.new, lately
        if traits not in self.queues:
            self.queues[traits] = Queue(traits)
        queue = self.queues[traits]
        return queue, queue.lane(member.recipient)

    def messages(self) -> Iterator[Message]:
        for queue in self.queues.values():
            for lane in queue.lanes.values():
                yield from lane

    def next_ms(self) -> int:
        """When somebody can be asked about, as far as only who waits is looked at."""
        return min((self._next(queue) for queue in self.queues.values()), default=NEVER)

    def at(self, now_ms: int, besides: Collection[str] = ()) -> Queue | None:
        """Whose turn it is at `now_ms`: who has waited longest."""
        ready = [
            (found[0], place, queue)
            for place, queue in enumerate(self.queues.values())
            if queue.series not in besides and self._next(queue) <= now_ms and (found := queue.first()) is not None
        ]
        return min(ready, default=(0, 0, None))[2]

    def left(self, message: Message) -> None:
        """It was sent: whoever let others go first has their turn, and a cold one may be a smaller share now."""
        self.waits.clear()
        for queue in self.queues.values():
            if queue.reason == "cold_ratio" and message.cls != "cold":
                queue.blocked_ms = 0

    def free(self) -> None:
        """What was refused may be allowed now."""
        self.waits.clear()
        for queue in self.queues.values():
            queue.blocked_ms = 0

    def _next(self, queue: Queue) -> int:
        return max(queue.next_ms(), self.waits.get(queue.series, 0))
