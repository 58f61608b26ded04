"""Compares what was asked with what was answered: each event once, counted right, in order per contact."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bench.load import Event

__all__ = ["Arrival", "Verdict", "judge"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A reply at MsgFlash's door; `at` is CLOCK_MONOTONIC in ns."""

    at: int
    to: str
    text: str

    @property
    def question(self) -> str:
        """The text that is answered, without `echo <count>`."""
        return self.text.split(" ", 2)[2]


@dataclass(frozen=True, slots=True)
class Verdict:
    lost: int
    doubled: int
    disordered: int
    """Contacts whose replies came in another order, or with another count, than they wrote."""

    @property
    def kept(self) -> bool:
        return not (self.lost or self.doubled or self.disordered)

    def __str__(self) -> str:
        return f"{self.lost} lost, {self.doubled} doubled, {self.disordered} contacts answered out of order"


def judge(events: Sequence[Event], arrivals: Sequence[Arrival]) -> Verdict:
    asked = Counter((event.phone, event.text) for event in events)
    answered = Counter((arrival.to, arrival.question) for arrival in arrivals)
    expected: defaultdict[str, list[str]] = defaultdict(list)
    for event in events:
        texts = expected[event.phone]
        texts.append(f"echo {len(texts) + 1} {event.text}")
    came: defaultdict[str, list[str]] = defaultdict(list)
    for arrival in arrivals:
        came[arrival.to].append(arrival.text)
    return Verdict(
        lost=(asked - answered).total(),
        doubled=(answered - asked).total(),
        disordered=sum(came[phone] != texts for phone, texts in expected.items()),
    )
