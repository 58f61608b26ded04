"""The record of what was decided: one line of JSON for each decision and each move of a ledger.

Whoever decides writes it, the planner and an engine alike; `replay.py` decides it anew. A line holds no text; the
contact in it is what its writer put there. Times are of the clock that the decision, or the ledger, was given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from flashbot.outreach.facts import Ask, Number, Person
from flashbot.outreach.grants import HOLD_MS, UNASKED, Class, Granted, Refused, Stamp, Usage
from flashbot.outreach.health import Health
from flashbot.outreach.policy import Limits, Policy
from flashbot.outreach.verdict import Allow, Defer, Drop, Reason, Verdict

__all__ = [
    "Decided",
    "Expected",
    "Known",
    "Line",
    "Move",
    "Moved",
    "Noted",
    "Record",
    "Renamed",
    "Ruled",
    "Told",
    "needs_ledger",
    "read",
    "verdict_of",
]

Word: TypeAlias = Literal["allow", "defer", "drop"]
WORDS: dict[type[Verdict], Word] = {Allow: "allow", Defer: "defer", Drop: "drop"}


@dataclass(frozen=True, slots=True)
class Ruled:
    """The owner's settings, before the first decision that is made by them. The same ones have the same name."""

    kind: Literal["ruled"]
    name: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class Known:
    """What `limits` was asked with, beside the number and the settings."""

    health: Health | None = None
    stage: int | None = None
    usual_day: float | None = None
    at_ms: int | None = None
    """When it was, if not with the decision."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What was asked, all that was looked at, and the answer. What only the ledger needs is absent where it was not
    asked."""

    kind: Literal["decided"]
    at_ms: int
    instance: str
    ask: Ask
    person: Person
    number: Number
    policy: str
    verdict: Word
    reason: Reason | None = None
    until_ms: int | None = None
    fraction: float = 0.0
    """Drawn for the message; of `OpeningHours`."""
    caps: Limits | None = None
    gap_ms: int = 0
    rest: tuple[int, int] = (0, 0)
    new: bool = False
    weight: int = 1
    hold_ms: int = HOLD_MS
    seq: int = 0
    """Of the ledger's move, and 0 where it was not asked."""
    ledger_ms: int | None = None
    """The time that the ledger was asked with, where it is not `at_ms`."""
    known: Known | None = None
    """None where no limits were worked out."""

    @property
    def moved_ms(self) -> int:
        return self.at_ms if self.ledger_ms is None else self.ledger_ms

    @property
    def answer(self) -> Verdict:
        if self.verdict == "allow" or self.reason is None:
            return Allow()
        return Drop(self.reason) if self.until_ms is None else Defer(self.until_ms, self.reason)


@dataclass(frozen=True, slots=True)
class Moved:
    """A grant was settled: the message was sent, or certainly was not."""

    kind: Literal["moved"]
    at_ms: int
    instance: str
    move: Literal["commit", "release"]
    message: str
    done: bool = True
    """What the ledger answered."""
    seq: int = 0
    """The move's place among all of its ledger's, as in every line below."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A message left that no ledger is asked about, such as a reply."""

    kind: Literal["noted"]
    at_ms: int
    instance: str
    message: str
    contact: str
    cls: Class
    new: bool = False
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Expected:
    """A source was about to ask: others left it its share from then on."""

    kind: Literal["expected"]
    at_ms: int
    instance: str
    source: str
    done: bool = True
    """What the ledger answered: False where they did so before."""
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Renamed:
    """The contact was forgotten: the ledger counts what it counted under another name."""

    kind: Literal["renamed"]
    at_ms: int
    instance: str
    contact: str
    alias: str
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What MsgFlash had counted at `asked_ms`."""

    kind: Literal["told"]
    at_ms: int
    instance: str
    asked_ms: int
    usage: Usage
    done: bool = True
    """What the ledger answered: whether it was news."""
    seq: int = 0


Move: TypeAlias = Moved | Noted | Expected | Renamed | Told
"""Of a ledger, other than a reservation: that one stands in what was decided."""
Line: TypeAlias = Ruled | Decided | Move


class Record:
    """Writes lines, each without its end, with `write`."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._names: dict[Policy, str] = {}

    def ruled(self, policy: Policy) -> str:
        """The policy's name in this record, which it is written under once."""
        if policy not in self._names:
            whole = repr(_ordered(TypeAdapter(Policy).dump_python(policy)))
            self._names[policy] = hashlib.sha256(whole.encode()).hexdigest()[:12]
            self.put(Ruled("ruled", self._names[policy], policy))
        return self._names[policy]

    def decided(
        self,
        instance: str,
        ask: Ask,
        person: Person,
        number: Number,
        policy: Policy,
        verdict: Verdict,
        now_ms: int,
        *,
        fraction: float = 0.0,
        caps: Limits | None = None,
        gap_ms: int = 0,
        rest: tuple[int, int] = (0, 0),
        new: bool = False,
        weight: int = 1,
        hold_ms: int = HOLD_MS,
        stamp: Stamp | None = None,
        known: Known | None = None,
    ) -> None:
        """`verdict` is the last word, the ledger's where it was asked with what follows `fraction`; `stamp` is its."""
        name, move = self.ruled(policy), stamp or Stamp(now_ms)
        until = verdict.until_ms if isinstance(verdict, Defer) else None
        reason = None if isinstance(verdict, Allow) else verdict.reason
        self.put(
            Decided(
                "decided", now_ms, instance, ask, person, number, name, WORDS[type(verdict)], reason, until, fraction,
                caps, gap_ms, rest, new, weight, hold_ms, move.seq, None if move.at_ms == now_ms else move.at_ms,
                known,
            )
        )  # fmt: skip

    def put(self, line: Line) -> None:
        # The kind is what tells lines apart, and has no default so that it is never left out.
        self._write(_lines().dump_json(line, exclude_defaults=True).decode())


def read(text: str) -> Line:
    """Raises ValueError for what is no line of a record."""
    return _lines().validate_json(text)


def needs_ledger(cls: str) -> bool:
    """Whether a message of this class, once the gates allow it, is held to the counters of its number."""
    return cls == "service" or cls in UNASKED


def verdict_of(answer: Granted | Refused) -> Allow | Defer:
    """What a ledger's answer means for the message."""
    return Allow() if isinstance(answer, Granted) else Defer(answer.until_ms, answer.reason)


def _ordered(whole: Any) -> Any:
    """The same in every process: a set has another order in each."""
    if isinstance(whole, dict):
        return {name: _ordered(one) for name, one in whole.items()}
    if isinstance(whole, list | tuple):
        return [_ordered(one) for one in whole]
    return sorted(whole) if isinstance(whole, set | frozenset) else whole


@lru_cache(maxsize=1)
def _lines() -> TypeAdapter[Line]:
    return TypeAdapter(Annotated[Line, Field(discriminator="kind")])
