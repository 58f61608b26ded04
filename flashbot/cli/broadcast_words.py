"""A broadcast in words: how it stands, what became of its messages, why it halted and what goes on from there."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flashbot.engine.broadcast import CastStatus

__all__ = [
    "HALTED", "IN_A_TABLE", "STATES", "counted", "done", "dropped", "halted", "json_row", "moment", "over",
    "reason_words", "sentences", "soon", "typed", "when",
]  # fmt: skip

BECAME = ("sent", "delivered", "read", "answered", "opted_out", "failed", "refused", "unknown")
WORDS = {"opted_out": "opted out", "unknown": "with no certain outcome", "refused": "refused by MsgFlash"}
STATES = {
    "making": "is being made",
    "canary": "writes to the first few",
    "watching": "waits to see how the first few take it",
    "running": "is under way",
    "paused": "is paused",
    "halted": "has halted",
    "stopped": "was stopped",
    "finished": "is finished",
}
IN_A_TABLE = {"making": "not begun", "canary": "first few", "watching": "watched"}
HALTED = {
    "failures": "too many of its messages did not arrive",
    "opt_outs": "too many people answered that they want no more",
}
OTHER = {
    "not_a_phone": "not a phone number",
    "twice": "the same number, named before",
    "cast_stopped": "the broadcast was stopped before",
}
DROPPED = "dropped:"


def done(status: CastStatus) -> int:
    """People of whom it is known what became of their message."""
    return sum(count for what, count in status.counts.items() if what != "waiting")


def counted(status: CastStatus) -> str:
    """What became of the messages, the most usual words first: "18 sent, 2 failed"."""
    left_out = sum(count for _, count in dropped(status))
    return ", ".join([*_became(status), *([f"{left_out:,} not sent"] if left_out else [])])


def _became(status: CastStatus) -> list[str]:
    return [f"{status.counts[what]:,} {WORDS.get(what, what)}" for what in BECAME if status.counts.get(what)]


def dropped(status: CastStatus) -> Iterator[tuple[str, int]]:
    """Why the gates sent nothing to some, in words, and how many."""
    for what, count in sorted(status.counts.items(), key=lambda one: -one[1]):
        if what.startswith(DROPPED) and count:
            yield reason_words(what.removeprefix(DROPPED)), count


def reason_words(reason: str) -> str:
    """What a newer flashbot calls something stays as it is."""
    from flashbot.outreach.reasons import WORDS as REASONS

    return OTHER.get(reason) or REASONS["en"].get(reason, reason.replace("_", " "))  # type: ignore[call-overload]  # any text may be asked for


def halted(status: CastStatus) -> str:
    """Why it halted, and the commands from there."""
    why = HALTED.get(status.reason, status.reason or "for a reason that this flashbot does not know")
    return (
        f"{status.name} has halted: {why} ({counted(status)}). Nothing more leaves. Once you know why "
        f"(flashbot why PHONE tells it of one person), {typed('resume', status.name)} lets it go on, "
        f"{typed('stop', status.name)} ends it."
    )


def sentences(status: CastStatus) -> Iterator[str]:
    """The whole, a sentence a line."""
    if status.state == "making":
        yield f"{status.name} has not begun: {_people(status.total)} would get it."
        yield f"The command that made it, typed again, begins it; {typed('stop', status.name)} removes it."
        return
    going = status.state in ("canary", "watching", "running")
    if status.state == "halted":
        yield halted(status)
    else:
        settled = f"{done(status):,} of {_people(status.total)} settled"
        yield f"{status.name} {STATES.get(status.state, status.state)}: {settled}."
        became = ", ".join(_became(status))
        if became:
            yield f"Of them: {became}."
    for why, count in dropped(status):
        yield f"Not sent to {count:,}: {why}."
    waiting = status.counts.get("waiting", 0)
    if waiting and not status.ended:
        waits = f"{_people(waiting)} {'waits' if waiting == 1 else 'wait'} for it"
        yield f"{waits}; flashbot pace says what for." if going else f"{waits}."
    if status.next_ms is not None and going:
        yield f"It goes on at {moment(status.next_ms)}."
    if not status.ended:
        yield f"Nothing of it leaves after {moment(status.send_before_ms)}."


def over(status: CastStatus) -> str:
    """Of one that has ended: that nothing can be done about it any more."""
    return (
        f"{status.name} {STATES.get(status.state, status.state)} for good and does not go on: to send it again, make "
        "one with another --name."
        if status.state == "stopped"
        else f"{status.name} is finished: to send it again, make one with another --name."
    )


def _people(count: int) -> str:
    return f"{count:,} {'person' if count == 1 else 'people'}"


def when(at_ms: int) -> str:
    """By this machine's clock; for a table."""
    return f"{datetime.fromtimestamp(at_ms / 1000).astimezone():%Y-%m-%d %H:%M}"


def moment(at_ms: int) -> str:
    """The same in a sentence, with the zone."""
    return f"{when(at_ms)} {datetime.fromtimestamp(at_ms / 1000).astimezone():%Z}"


def typed(command: str, name: str) -> str:
    """What to type for this broadcast."""
    return f"flashbot broadcast {command} {shlex.quote(name)}"


def soon(at_ms: int) -> str:
    """The same, as people say it."""
    at = datetime.fromtimestamp(at_ms / 1000).astimezone()
    return f"{at:%a} {at.day} {at:%b %H:%M %Z}"


def json_row(status: CastStatus) -> dict[str, Any]:
    row = {one.name: getattr(status, one.name) for one in fields(status)}
    return {**row, "counts": dict(status.counts)}
