"""How long `plan` takes for a long list, beside a loop that asks everybody every minute, on lists that it can bear.

Both play the same scenario through the same gates and ledger; the loop looks again where the plan knows when to.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from rich.console import Console
from rich.table import Table

from flashbot.clock import to_ms
from flashbot.outreach.course import Course
from flashbot.outreach.facts import Ask, Number, Person, Sent
from flashbot.outreach.gates import decide
from flashbot.outreach.grants import DAY_MS, Granted
from flashbot.outreach.health import learn
from flashbot.outreach.hours import OpeningHours
from flashbot.outreach.ledger import Ledger
from flashbot.outreach.limits import gap_ms, rest
from flashbot.outreach.plan import plan
from flashbot.outreach.policy import Policy
from flashbot.outreach.scenario import Recipient, Replies, Scenario, Series, drawn
from flashbot.outreach.verdict import Allow

BEGIN = to_ms(datetime(2026, 3, 2, 7, tzinfo=UTC))
MINUTE_MS = 60_000
ZONES = ("Africa/Abidjan", "Europe/Paris", "Africa/Lagos", "Africa/Casablanca")
ROUNDS = 3


def scenario(people: int, days: int, a_day: int) -> Scenario:
    """A list that takes most of these days, of people in four zones, nobody of whom answers."""
    recipients = tuple(
        Recipient(f"p{n}", (ZONES[n % len(ZONES)],), None, BEGIN - 5 * DAY_MS, frozenset({"marketing"}))
        for n in range(people)
    )
    hour = max(25, a_day // 5)
    number = Number(True, state="stable", score=90, health_at_ms=BEGIN, zone=ZONES[0], linked_since_ms=0)
    health = learn(
        None, at_ms=BEGIN, hour=hour, day=a_day, recipients_hour=hour, recipients_day=a_day, campaign_recipients=a_day
    )
    silent = Replies(0.0, 0.0, 0.0)
    # All of them may stay unanswered: this is about how long a long list takes.
    policy = Policy(most_unanswered=people + 1)
    return Scenario((Series("list", recipients),), number, BEGIN, days, health, policy=policy, replies=silent)


def naive(made: Scenario) -> int:
    """Everybody who has not got it is asked every minute; how many got it."""
    (series,), course, ledger, rng = made.series, Course(made), Ledger(), Random(made.seed)
    waiting = {
        one.contact: (
            Person(last_inbound_ms=one.last_inbound_ms, consents=one.consents, zones=one.zones),
            OpeningHours(drawn(made.seed, series.name, one.contact, 0, made.replies).fraction),
        )
        for one in series.recipients
    }
    sent: list[Sent] = []
    for now in range(made.begin_ms, made.begin_ms + made.days * DAY_MS, MINUTE_MS):
        caps, number = course.limits(now), course.number(now)
        for contact, (person, hours) in list(waiting.items()):
            ask = Ask(contact, "marketing", now, contact, contact, source=series.name)
            if not isinstance(decide(ask, person, number, made.policy, hours, now)[0], Allow):
                continue
            gap, batch = gap_ms(caps.median_gap_ms, rng), rest(caps, rng)
            answer = ledger.reserve(ask.id, contact, ask.cls, ask.body, ask.source, caps, gap, batch, now)
            if isinstance(answer, Granted):
                ledger.commit(ask.id, now)
                sent.append(Sent(now, ask.cls, ask.body))
                del waiting[contact]
        if not waiting:
            break
    return len(sent)


def timed(work: Scenario, *, loop: bool) -> tuple[float, int]:
    """Seconds of CPU, and how many messages left."""
    begun = time.process_time()
    sent = naive(work) if loop else plan(work).sent
    return time.process_time() - begun, sent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--few", type=int, default=200, help="people for the loop")
    chosen = parser.parse_args()
    console = Console()

    table = Table("people", "days", "sent", "the loop, s", "sent by it", "plan, s", "ratio")
    for people, days in ((chosen.few // 4, 5), (chosen.few, 5)):
        work = scenario(people, days, people // 3)
        # In turn, so that what the machine does besides meets both.
        loops, plans = zip(*((timed(work, loop=True), timed(work, loop=False)) for _ in range(ROUNDS)), strict=True)
        slow, fast = min(loops), min(plans)
        table.add_row(
            f"{people:,}", str(days), f"{fast[1]:,}", f"{slow[0]:.2f}", f"{slow[1]:,}", f"{fast[0]:.3f}",
            f"{slow[0] / fast[0]:,.0f}",
        )  # fmt: skip
    long = scenario(chosen.people, chosen.days, int(chosen.people / (chosen.days * 0.6)))
    lively = replace(long, replies=Replies())
    for work, word in ((long, "nobody answers"), (lively, "as by default")):
        took, sent = timed(work, loop=False)
        table.add_row(f"{chosen.people:,} ({word})", str(chosen.days), f"{sent:,}", "", "", f"{took:.2f}", "")
    console.print(table)


if __name__ == "__main__":
    main()
