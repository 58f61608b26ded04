"""What is said of a broadcast before it begins: to whom, who is left out, how carefully, how long. It asks nothing."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from flashbot.cli.account import print_json
from flashbot.cli.broadcast_words import moment, reason_words, soon
from flashbot.cli.console import say

if TYPE_CHECKING:
    from flashbot.cli.broadcast_outlook import Outlook
    from flashbot.cli.broadcast_start import Order
    from flashbot.engine.broadcast import CastStatus, Made
    from flashbot.outreach.cast import Rules
    from flashbot.outreach.policy import Policy

__all__ = ["Before", "same_words", "show"]

LONGEST_EXAMPLE = 400
SOME = 4
"""One in so many with the very same words is worth a warning."""


@dataclass(frozen=True, slots=True)
class Before:
    order: Order
    target: str
    """The bot's file."""
    unread: Mapping[str, int]
    """Who was left out while the lists were read, by why."""
    made: Made
    status: CastStatus
    outlook: Outlook | None
    policy: Policy
    example: str = field(default="", repr=False)
    """What the first of them would read."""

    @property
    def left_out(self) -> dict[str, int]:
        left = dict(self.unread)
        for reason, count in self.made.excluded.items():
            left[reason_words(reason)] = left.get(reason_words(reason), 0) + count
        return left

    @property
    def left_out_later(self) -> dict[str, int]:
        if self.outlook is None:
            return {}
        return {reason_words(why): count for why, count in self.outlook.left_out.items()}


def show(before: Before) -> None:
    order, status = before.order, before.status
    if order.as_json:
        print_json([_row(before)])
        return
    people = f"{status.total:,} {'person' if status.total == 1 else 'people'}"
    say(f"{order.name}: template {order.template} of {before.target} to {people}, from {status.instance}.", "bold")
    for title, found in (
        ("Left out", before.left_out),
        ("And by the gates, as things stand", before.left_out_later),
    ):
        if found:
            say(f"{title}: {sum(found.values()):,}")
            for why, count in sorted(found.items(), key=lambda one: -one[1]):
                say(f"  {count:>6,}  {why}")
    if not status.total:
        return
    if before.example:
        say("The first of them reads:")
        say(textwrap.indent(textwrap.shorten(before.example, LONGEST_EXAMPLE, placeholder=" …"), "  "), "dim")
    for sentence in _rules(order.rules, status.total):
        say(sentence)
    alike, an_hour = before.made.alike, before.policy.identical_an_hour
    if alike > an_hour and alike * SOME >= status.total:
        say(same_words(alike, status.total, an_hour), "yellow")
    _show_end(before)


def _rules(rules: Rules, total: int) -> Iterator[str]:
    if 0 < rules.canary < total:
        first = "One of them first, then the others once that one was"
        if rules.canary > 1:
            first = f"First {rules.canary:,} of them, then the others once these were"
        yield f"{first} watched for {_span(rules.watch)}."
    if rules.recipients_a_day is not None:
        yield f"No more than {rules.recipients_a_day:,} of them in 24 hours."
    yield (
        f"It halts when more than {_share(rules.most_failed)} of the messages fail, or {_share(rules.most_opted_out)} "
        f"of the people opt out (as long as fewer than {rules.least:,} are reached: of {rules.least:,})."
    )


def same_words(alike: int, total: int, an_hour: int) -> str:
    """That so many get the very same words is slow, and what to do."""
    who = "Everybody gets" if alike == total else f"{alike:,} of them get"
    hours = -(-alike // an_hour)
    return (
        f"{who} the very same words, and no more than {an_hour} {'person' if an_hour == 1 else 'people'} an hour may "
        f"(Policy.identical_an_hour): that takes about {hours:,} good hour{'' if hours == 1 else 's'}. "
        "Something of each person in the template, such as {{ contact.firstName }}, makes it faster."
    )


def _show_end(before: Before) -> None:
    status, outlook = before.status, before.outlook
    if outlook is None:
        say("How long it takes is not known: nobody has told yet how the number is.", "yellow")
    elif outlook.ends_ms is not None:
        binds = f"; what holds it back most: {reason_words(outlook.binds)}" if outlook.binds else ""
        say(f"It would be over about {soon(outlook.ends_ms)}{binds}.", "green")
    elif outlook.waiting:
        binds = f": {reason_words(outlook.binds)}" if outlook.binds else ""
        say(f"{sum(outlook.waiting.values()):,} would still wait after {outlook.days} days{binds}.", "yellow")
    late = outlook is not None and (outlook.ends_ms or sys.maxsize) > status.send_before_ms and bool(outlook.sent)
    say(f"Nothing of it leaves after {moment(status.send_before_ms)}{', so not everybody gets it' if late else ''}.")


def _row(before: Before) -> dict[str, object]:
    order, status, outlook = before.order, before.status, before.outlook
    return {
        "name": order.name,
        "template": order.template,
        "people": status.total,
        "left_out": before.left_out,
        "would_be_left_out": before.left_out_later,
        "alike": before.made.alike,
        "canary": order.rules.canary,
        "before_ms": status.send_before_ms,
        "ends_ms": None if outlook is None else outlook.ends_ms,
    }


def _share(share: float) -> str:
    return f"{share * 100:.3g}%"


def _span(span: timedelta) -> str:
    seconds = span // timedelta(seconds=1)
    for unit, name in ((3600, "hour"), (60, "minute")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit:,} {name}{'' if seconds == unit else 's'}"
    return f"{seconds:,} second{'' if seconds == 1 else 's'}"
