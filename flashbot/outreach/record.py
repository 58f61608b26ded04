"""The record of what was decided: one line of JSON for each decision and each move of a ledger; and `replay`.

Whoever decides writes it, the planner and an engine alike. `replay` decides everything anew from what stands in the
lines and names what comes out otherwise. A line holds no text; the contact in it is what its writer put there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from flashbot.outreach.facts import Ask, Number, Person
from flashbot.outreach.gates import decide
from flashbot.outreach.grants import HOLD_MS, UNASKED, Class, Granted, Refused, Usage
from flashbot.outreach.hours import OpeningHours
from flashbot.outreach.ledger import Ledger
from flashbot.outreach.policy import Limits, Policy
from flashbot.outreach.verdict import Allow, Defer, Drop, Reason, Verdict

__all__ = [
    "Decided", "Difference", "Line", "Moved", "Noted", "Record", "Ruled", "Told", "needs_ledger", "replay",
    "verdict_of",
]  # fmt: skip


Word: TypeAlias = Literal["allow", "defer", "drop"]
WORDS: dict[type[Verdict], Word] = {Allow: "allow", Defer: "defer", Drop: "drop"}


@dataclass(frozen=True, slots=True)
class Ruled:
    """The owner's settings, before the first decision that is made by them."""

    kind: Literal["ruled"]
    name: str
    policy: Policy


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


@dataclass(frozen=True, slots=True)
class Told:
    """What MsgFlash had counted at `asked_ms`."""

    kind: Literal["told"]
    at_ms: int
    instance: str
    asked_ms: int
    usage: Usage


Line: TypeAlias = Annotated[Ruled | Decided | Moved | Noted | Told, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Difference:
    """Line `line` (the first is 1) says `written`; decided anew, it is `found`."""

    line: int
    written: Verdict
    found: Verdict


class Record:
    """Writes lines, each without its end, with `write`."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._names: dict[Policy, str] = {}

    def ruled(self, policy: Policy) -> str:
        """The policy's name in this record, which it is written under once."""
        if policy not in self._names:
            self._names[policy] = str(len(self._names))
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
    ) -> None:
        """`verdict` is the last word, the ledger's where it was asked with what follows `fraction`."""
        name = self.ruled(policy)
        until = verdict.until_ms if isinstance(verdict, Defer) else None
        reason = None if isinstance(verdict, Allow) else verdict.reason
        self.put(
            Decided(
                "decided", now_ms, instance, ask, person, number, name, WORDS[type(verdict)], reason, until, fraction,
                caps, gap_ms, rest, new, weight, hold_ms,
            )
        )  # fmt: skip

    def put(self, line: Ruled | Decided | Moved | Noted | Told) -> None:
        # The kind is what tells lines apart, and has no default so that it is never left out.
        self._write(_lines().dump_json(line, exclude_defaults=True).decode())


def needs_ledger(cls: str) -> bool:
    """Whether a message of this class, once the gates allow it, is held to the counters of its number."""
    return cls == "service" or cls in UNASKED


def verdict_of(answer: Granted | Refused) -> Verdict:
    """What a ledger's answer means for the message."""
    if isinstance(answer, Granted):
        return Allow()
    return Drop(answer.reason) if answer.until_ms is None else Defer(answer.until_ms, answer.reason)


def replay(lines: Iterable[str]) -> Iterator[Difference]:
    """Decide everything anew, with ledgers that begin empty; every difference. Raises ValueError for no such line."""
    policies: dict[str, Policy] = {}
    ledgers: dict[str, Ledger] = {}
    for place, text in enumerate(lines, 1):
        line = _lines().validate_json(text)
        if isinstance(line, Ruled):
            policies[line.name] = line.policy
            continue
        ledger = ledgers.setdefault(line.instance, Ledger())
        if isinstance(line, Decided):
            found = _decided(line, policies[line.policy], ledger)
            if found != line.answer:
                yield Difference(place, line.answer, found)
        elif isinstance(line, Noted):
            ledger.note(line.message, line.contact, line.cls, line.at_ms, new=line.new)
        elif isinstance(line, Told):
            ledger.tell(line.asked_ms, line.usage, line.at_ms)
        else:
            settle = ledger.commit if line.move == "commit" else ledger.release
            settle(line.message, line.at_ms)


def _decided(line: Decided, policy: Policy, ledger: Ledger) -> Verdict:
    ask, now = line.ask, line.at_ms
    verdict, _ = decide(ask, line.person, line.number, policy, OpeningHours(line.fraction), now)
    if not isinstance(verdict, Allow) or not needs_ledger(ask.cls):
        return verdict
    return verdict_of(
        ledger.reserve(
            ask.id, ask.contact, ask.cls, ask.body, ask.source, line.caps, line.gap_ms, line.rest, now,
            new=line.new, weight=line.weight, hold_ms=line.hold_ms,
        )
    )  # fmt: skip


@lru_cache(maxsize=1)
def _lines() -> TypeAdapter[Ruled | Decided | Moved | Noted | Told]:
    return TypeAdapter(Line)
