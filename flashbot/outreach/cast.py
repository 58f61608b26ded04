"""A broadcast's next step: a few first, a look at how they fared, then the rest, as far as the day has room. Pure.

Who is written to, and what, was settled when it was made; whether one message may leave is the gates' to say.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, TypeAlias

from flashbot.errors import BotMistake

__all__ = [
    "ENDED", "FEW", "GOING", "NEAR", "STILL_MS", "WINDOW", "Ailment", "CastState", "Feed", "Finish", "Flow", "Halt",
    "Hold", "Progress", "Room", "Rules", "Step", "Wait", "flowing", "job_of", "next_step", "places", "room_left",
    "source_of",
]  # fmt: skip

CastState: TypeAlias = Literal["making", "canary", "watching", "running", "paused", "halted", "stopped", "finished"]
GOING: frozenset[CastState] = frozenset({"canary", "watching", "running"})
ENDED: frozenset[CastState] = frozenset({"stopped", "finished"})
Hold: TypeAlias = Literal["canary", "watch", "window", "campaign_size", "settling"]
"""What it waits for: the first few to be settled, the look at them, room among those under way, room in the day, the
last ones to be settled."""
Ailment: TypeAlias = Literal["failures", "opt_outs"]
WINDOW = 5_000
"""Messages under way at most: what was fed and is not settled."""
FEW, NEAR = 20, 100
"""Of them, as long as some leave: whatever else the number has to send stands behind no more. It is the fewer, the
slower they leave."""
STILL_MS = 60_000
"""After which those under way are taken to wait for their own hours, and others are fed beside them."""
GRACE_MS = 3600 * 1000
"""After the last moment at which one may leave: what is still without an outcome then will not get one."""
SLOT_MS = 10 * 60 * 1000
DAY_MS = 24 * 3600 * 1000
FAILED = ("refused", "failed")
REACHED = (*FAILED, "sent", "unknown", "delivered", "read", "answered", "opted_out")
"""What becomes of a message that was handed over; whatever the gates dropped says nothing of the broadcast."""
PREFIX = "cast:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How carefully a broadcast goes out. Raises BotMistake."""

    canary: int = 20
    """People who get it first, spread over the list; 0: everybody at once."""
    watch: timedelta = timedelta(minutes=30)
    """For which the others wait once the first are settled."""
    most_failed: float = 0.10
    """Share of failures above which it halts."""
    most_opted_out: float = 0.03
    """Share of people who answer it with an opt-out above which it halts."""
    least: int = 20
    """While fewer were reached, shares are taken of this number; and one person alone never halts it."""
    recipients_a_day: int | None = None
    """Messages of it in 24 hours; None: as many as MsgFlash advises for a campaign, which bounds it in any case."""

    def __post_init__(self) -> None:
        _whole("canary", self.canary, 0)
        _whole("least", self.least, 1)
        if self.recipients_a_day is not None:
            _whole("recipients_a_day", self.recipients_a_day, 1)
        watch: object = self.watch
        if not isinstance(watch, timedelta) or not timedelta() <= watch <= timedelta(days=7):
            raise BotMistake(f"Rules: `watch` must be a timedelta of 0 to 7 days, not {watch!r}.")
        for name in ("most_failed", "most_opted_out"):
            share: object = getattr(self, name)
            if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
                raise BotMistake(f"Rules: `{name}` must be a share from 0 to 1, not {share!r}.")


@dataclass(frozen=True, slots=True)
class Room:
    """How many more may be fed today."""

    left: int
    next_ms: int | None = None
    """When there is more, where that is known."""


@dataclass(frozen=True, slots=True)
class Progress:
    total: int
    fed: int
    """Places of the list that were passed, in the order of `places`."""
    canary: int
    """As it was when the broadcast began: at most `total`."""
    before_ms: int
    """After which nothing of it leaves any more."""
    counts: Mapping[str, int] = field(hash=False)
    """People by what became of their message: "waiting" for one that was fed and is not settled, "sent", "delivered",
    "read", "failed", "refused", "unknown", "answered", "opted_out", "dropped:<reason>"."""
    base: Mapping[str, int] = field(default_factory=dict, hash=False)
    """The counts when a person let it go on after a halt: shares are of what came since."""
    settled_ms: int | None = None
    """When the first few were settled."""


@dataclass(frozen=True, slots=True)
class Flow:
    """How fast a broadcast leaves, as one of its feeders has seen it."""

    most: int = FEW
    """That may be under way now."""
    near: int = FEW
    """That may be as long as some leave."""
    settled: int | None = None
    at_ms: int = 0
    """When that changed last, or `most` did."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Hand the next `count` to their lanes."""

    count: int
    state: CastState


@dataclass(frozen=True, slots=True)
class Wait:
    until_ms: int | None
    """None: nobody can tell."""
    why: Hold

    @property
    def state(self) -> CastState:
        return "canary" if self.why == "canary" else "watching" if self.why == "watch" else "running"


@dataclass(frozen=True, slots=True)
class Halt:
    """Nothing more leaves until a person says so."""

    reason: Ailment


@dataclass(frozen=True, slots=True)
class Finish:
    """Everything was handed over and settled, or it is too late for the rest."""


Step: TypeAlias = Feed | Wait | Halt | Finish


def flowing(flow: Flow, progress: Progress, now_ms: int) -> Flow:
    """What a look at it changes. Where all have left, twice as many may be under way; likewise where none leaves."""
    waiting = progress.counts.get("waiting", 0)
    settled = progress.fed - waiting
    if settled != flow.settled:
        dry = flow.settled is not None and waiting <= 0
        near = min(2 * flow.near, NEAR) if dry else flow.near
        return Flow(near, near, settled, now_ms)
    if 0 <= now_ms - flow.at_ms < STILL_MS or waiting < flow.most:
        return flow
    return Flow(min(2 * flow.most, WINDOW), flow.near, settled, now_ms)


def next_step(progress: Progress, rules: Rules, room: Room, now_ms: int, *, most: int = WINDOW) -> Step:
    """What to do now with a broadcast that goes on. `room` is what `room_left` gives, `most` that of its flow."""
    waiting = progress.counts.get("waiting", 0)
    late = now_ms > progress.before_ms
    if (late or progress.fed >= progress.total) and (waiting <= 0 or now_ms > progress.before_ms + GRACE_MS):
        return Finish()
    ailment = _ailment(progress, rules)
    if ailment is not None:
        return Halt(ailment)
    if late or progress.fed >= progress.total:
        return Wait(None, "settling")
    if progress.fed < progress.canary:
        return _fed(min(progress.canary - progress.fed, room.left), room, "canary")
    if progress.canary and progress.fed == progress.canary:
        if waiting > 0:
            return Wait(None, "canary")
        # A moment that lies ahead was noted before the clock jumped back.
        until_ms = min(progress.settled_ms or now_ms, now_ms) + rules.watch // timedelta(milliseconds=1)
        if progress.settled_ms is None or now_ms < until_ms:
            return Wait(until_ms, "watch")
    free = most - waiting
    if free <= 0:
        return Wait(None, "window")
    return _fed(min(progress.total - progress.fed, free, room.left), room, "running")


def room_left(most: int, left: Mapping[int, int], waiting: int, now_ms: int) -> Room:
    """`most` in any 24 hours, given how many left in each ten minutes since the epoch and how many are under way.

    What is under way may leave at any time, so it takes its room already; ten minutes that the day cuts count whole.
    """
    recent = sorted(slot for slot, count in left.items() if count > 0 and (slot + 1) * SLOT_MS > now_ms - DAY_MS)
    room = most - waiting - sum(left[slot] for slot in recent)
    return Room(max(0, room), (recent[0] + 1) * SLOT_MS + DAY_MS if recent else None)


def places(start: int, count: int, *, total: int, canary: int) -> list[int]:
    """Which of the list are the next `count`, after `start` of them: first the `canary`, spread evenly, then the
    rest in order."""
    first = [number * total // canary for number in range(canary)] if canary else []
    # How many of the rest stand before each of the first.
    before = [place - number for number, place in enumerate(first)]
    return [
        first[number] if number < canary else number - canary + bisect_right(before, number - canary)
        for number in range(start, min(start + count, total))
    ]


def source_of(job: str) -> str:
    """What the messages of a broadcast name as their source."""
    return PREFIX + job


def job_of(source: str) -> str:
    """The broadcast whose message this is; empty for any other."""
    return source[len(PREFIX) :] if source.startswith(PREFIX) else ""


def _fed(count: int, room: Room, state: CastState) -> Step:
    return Feed(count, state) if count > 0 else Wait(room.next_ms, "campaign_size")


def _ailment(progress: Progress, rules: Rules) -> Ailment | None:
    def since(words: Sequence[str]) -> int:
        return max(0, sum(progress.counts.get(word, 0) - progress.base.get(word, 0) for word in words))

    reached = since(REACHED)
    first_done = progress.fed <= progress.canary and progress.counts.get("waiting", 0) <= 0
    ailments: tuple[tuple[Ailment, int, float], ...] = (
        ("failures", since(FAILED), rules.most_failed),
        ("opt_outs", since(("opted_out",)), rules.most_opted_out),
    )
    for ailment, bad, share in ailments:
        if bad > 1 and bad > share * max(reached, rules.least):
            return ailment
        if bad and first_done and bad == reached:
            return ailment  # of those who got it first, nobody took it well
    return None


def _whole(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise BotMistake(f"Rules: `{name}` must be a whole number of {least} or more, not {value!r}.")
