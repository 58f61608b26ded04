"""`replay`: a record decided anew, line by line, from nothing but what stands in it. Pure.

`merged` puts the lines of several writers in the order of their ledgers' moves. A writer that died between a move and
its line left a gap there: a difference in what the ledger answers after it is marked as uncertain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from flashbot.outreach.gates import decide
from flashbot.outreach.grants import Caps, Class, Granted, Refused, Room, Usage
from flashbot.outreach.hours import OpeningHours
from flashbot.outreach.ledger import Ledger
from flashbot.outreach.limits import limits
from flashbot.outreach.policy import Limits, Policy
from flashbot.outreach.record import (
    Decided,
    Expected,
    Move,
    Noted,
    Renamed,
    Ruled,
    Told,
    needs_ledger,
    read,
    verdict_of,
)
from flashbot.outreach.verdict import Allow, Verdict

__all__ = ["Book", "Difference", "Examined", "Gap", "examine", "merged", "replay"]


class Book(Protocol):
    """What is played of a ledger, as `Ledger` does it."""

    def reserve(
        self, message_id: str, contact: str, cls: Class, body: str, source: str, limits: Caps | None, gap_ms: int,
        rest: tuple[int, int], now_ms: int, *, new: bool, weight: int, hold_ms: int, room: Room | None,
    ) -> Granted | Refused: ...  # fmt: skip
    def commit(self, message_id: str, now_ms: int) -> bool: ...
    def release(self, message_id: str, now_ms: int) -> bool: ...
    def note(self, message_id: str, contact: str, cls: Class, now_ms: int, *, new: bool) -> None: ...
    def expect(self, source: str, now_ms: int) -> bool: ...
    def rename(self, contact: str, alias: str, now_ms: int) -> None: ...
    def tell(self, asked_ms: int, usage: Usage, now_ms: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Difference:
    """Line `line` (the first is 1) says `written`; done anew, it is `found`. A bool is a ledger's answer to a move.

    `Limits` are those that the ledger was asked with; a number alone is how many messages may go unanswered.
    """

    line: int
    written: Verdict | bool | Limits | int | None
    found: Verdict | bool | Limits | int | None
    uncertain: bool = False
    """The ledger's word, and moves of it are missing before: it proves nothing."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Before line `line` moves of this number's ledger are missing: where it was in its count, and where it goes on.

    0 is its beginning. `next` at or below `last`: the ledger itself lost moves, as in a failover.
    """

    line: int
    instance: str
    last: int
    next: int


@dataclass(frozen=True, slots=True)
class Examined:
    """What `examine` found."""

    lines: int
    decisions: int
    differences: tuple[Difference, ...]
    uncertain: tuple[Difference, ...]
    """Those that gaps may explain."""
    gaps: tuple[Gap, ...]


def examine(writers: Iterable[Iterable[str]]) -> Examined:
    """All that there is to say of the lines of several writers, such as the files of a bot's processes.

    Raises ValueError for what is no line of a record.
    """
    lines = merged(writers)
    found = list(replay(lines))
    differences = [one for one in found if isinstance(one, Difference)]
    return Examined(
        len(lines),
        sum(isinstance(read(line), Decided) for line in lines),
        tuple(one for one in differences if not one.uncertain),
        tuple(one for one in differences if one.uncertain),
        tuple(one for one in found if isinstance(one, Gap)),
    )


def merged(writers: Iterable[Iterable[str]]) -> list[str]:
    """One record of several: first the settings, then number by number in the order of its ledger's moves.

    A decision without the ledger stands behind the move that its writer wrote last. A writer's last line that is torn,
    as by its death, is left out.
    """
    placed: list[tuple[tuple[str, int], str]] = []
    for writer in writers:
        texts = list(writer)
        reached: dict[str, int] = {}
        for place, text in enumerate(texts, 1):
            try:
                line = read(text)
            except ValueError:
                if place < len(texts):
                    raise
                break
            if isinstance(line, Ruled):
                placed.append((("", -1), text))
                continue
            if line.seq:
                reached[line.instance] = line.seq
            placed.append(((line.instance, reached.get(line.instance, 0)), text))
    placed.sort(key=lambda one: one[0])
    return [text for _, text in placed]


def replay(lines: Iterable[str], book: Callable[[], Book] = Ledger) -> Iterator[Difference | Gap]:
    """Decide everything anew, each number with a ledger that begins empty; every difference and every gap.

    `book` makes a ledger. Raises ValueError for what is no line of a record.
    """
    policies: dict[str, Policy] = {}
    numbers: dict[str, _Number] = {}
    for place, text in enumerate(lines, 1):
        line = read(text)
        if isinstance(line, Ruled):
            policies[line.name] = line.policy
            continue
        if line.instance not in numbers:
            numbers[line.instance] = _Number(book)
        number = numbers[line.instance]
        gap = number.follow(line)
        if gap is not None:
            yield Gap(place, line.instance, *gap)
        if isinstance(line, Decided):
            most = _limits(line, policies[line.policy])
            if most is not None and most[0] != most[1]:
                yield Difference(place, *most)
            verdict, by_ledger = _decided(line, policies[line.policy], number)
            if verdict != line.answer:
                yield Difference(place, line.answer, verdict, by_ledger and number.uncertain)
        elif number.play(line) != (answer := isinstance(line, Noted | Renamed) or line.done):
            yield Difference(place, answer, not answer, number.uncertain)


@dataclass(slots=True)
class _Number:
    """A number's ledger, and how far its moves are known."""

    make: Callable[[], Book]
    ledger: Book = field(init=False)
    last: int = 0
    uncertain: bool = False

    def __post_init__(self) -> None:
        self.ledger = self.make()

    def follow(self, line: Decided | Move) -> tuple[int, int] | None:
        """Where its count was and where it goes on, when that is not the next one."""
        if not line.seq:
            return None
        last, self.last = self.last, line.seq
        if line.seq == (line.moved_ms if isinstance(line, Decided) else line.at_ms):
            # It begins, or begins anew.
            self.ledger, self.uncertain = self.make(), False
            return None
        if last and line.seq == last + 1:
            return None
        self.uncertain = True
        return last, line.seq

    def play(self, line: Move) -> bool:
        if isinstance(line, Noted):
            self.ledger.note(line.message, line.contact, line.cls, line.at_ms, new=line.new)
            return True
        if isinstance(line, Expected):
            return self.ledger.expect(line.source, line.at_ms)
        if isinstance(line, Renamed):
            self.ledger.rename(line.contact, line.alias, line.at_ms)
            return True
        if isinstance(line, Told):
            return self.ledger.tell(line.asked_ms, line.usage, line.at_ms)
        settle = self.ledger.commit if line.move == "commit" else self.ledger.release
        return settle(line.message, line.at_ms)

    def reserve(self, line: Decided) -> Verdict:
        ask, now = line.ask, line.moved_ms
        found = verdict_of(
            self.ledger.reserve(
                ask.id, ask.contact, ask.cls, ask.body, ask.source, line.caps, line.gap_ms, line.rest, now,
                new=line.new, weight=line.weight, hold_ms=line.hold_ms,
                room=line.number.room,
            )
        )  # fmt: skip
        if self.uncertain and found != line.answer:
            # Go on from what was, so that one unknown move does not spoil all that follow.
            if isinstance(line.answer, Allow):
                self.ledger.note(ask.id, ask.contact, ask.cls, now, new=line.new)
            else:
                self.ledger.release(ask.id, now)
        return found


def _limits(line: Decided, policy: Policy) -> tuple[Limits | int | None, Limits | int] | None:
    """What the number might send, as it was written and as it is found; None where nobody worked it out."""
    known = line.known
    if known is None:
        return None
    at_ms = line.at_ms if known.at_ms is None else known.at_ms
    found = limits(line.number, known.health, policy, at_ms, stage=known.stage, usual_day=known.usual_day)
    if line.caps is None:
        return line.number.most_unanswered, found.unanswered
    return line.caps, found


def _decided(line: Decided, policy: Policy, number: _Number) -> tuple[Verdict, bool]:
    """The verdict, and whether it is the ledger's."""
    verdict, _ = decide(line.ask, line.person, line.number, policy, OpeningHours(line.fraction), line.at_ms)
    if not isinstance(verdict, Allow) or not needs_ledger(line.ask.cls):
        return verdict, False
    return number.reserve(line), line.seq > 0
