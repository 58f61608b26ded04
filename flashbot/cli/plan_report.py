"""What a plan says: days, what binds them, who gets nothing, and what was taken for granted; for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rich.table import Table
from rich.text import Text

from flashbot.cli.account import print_json
from flashbot.cli.ceilings import in_words, none_allowed
from flashbot.cli.console import clean, note, output, say

if TYPE_CHECKING:
    from flashbot.cli.plan_number import Sender
    from flashbot.cli.plan_people import Audience
    from flashbot.outreach.forecast import Forecast
    from flashbot.outreach.policy import Limits
    from flashbot.outreach.scenario import Scenario
    from flashbot.outreach.verdict import Reason

__all__ = ["Told", "ending", "label", "report", "write_excluded"]

BAR = 14
PARTS = "▏▎▍▌▋▊▉█"
LABELS: Mapping[Reason, str] = {
    "pace": "gap between messages", "rest": "rest after a series", "hour": "an hour’s budget",
    "proactive_hour": "an hour’s budget", "day": "the day’s budget", "proactive_day": "the day’s budget",
    "recipients_hour": "people an hour", "recipients_day": "people a day", "new_chats_hour": "new chats an hour",
    "new_chats_day": "new chats a day", "cold_ratio": "share of strangers", "identical": "the same text",
    "share": "other series’ turn", "quiet": "quiet hours", "weekend": "day of rest", "holiday": "public holiday",
    "prayer": "Friday prayer", "ramadan": "Ramadan hours", "window": "the number’s hours",
    "capped": "enough for each person", "gap": "gap for each person", "same_body": "same text to a person",
    "unanswered_ledger": "too much unanswered", "campaign_size": "people a day in one list",
    "restricted": "number restricted", "at_risk": "number at risk", "locked": "new chats locked",
}  # fmt: skip
BY_STAGE = frozenset({
    "proactive_hour", "proactive_day", "new_chats_hour", "new_chats_day", "cold_ratio", "campaign_size",
    "unanswered_ledger", "pace", "rest",
})  # fmt: skip
"""What the stage of a number bounds."""
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MOST_ROWS = 45
"""A longer plan is told by weeks."""
LATELY = 14
"""Days by which it is guessed how much longer it takes."""
LONGEST_GUESS = 5 * 365
Row: TypeAlias = tuple[str, int, int, int, str]
"""Of a day, or several: when, sent, in all, unanswered, what holds it back."""


@dataclass(frozen=True, slots=True)
class Told:
    scenario: Scenario
    forecast: Forecast
    audience: Audience
    sender: Sender
    hours: str | None
    wrote: float | None

    def local(self, at_ms: int) -> datetime:
        """By the number's clock."""
        from flashbot.clock import from_ms
        from flashbot.outreach.zones import zone_named

        return from_ms(at_ms).astimezone(zone_named(self.scenario.number.zone))


def label(reason: Reason | None, most: Limits | None = None) -> str:
    """A few words for what binds; `most` is what the number might send."""
    if reason is None:
        return ""
    return none_allowed(reason, most) or LABELS.get(reason) or in_words(reason, None)


def _most_by_day(told: Told) -> list[Limits]:
    """What the number might send at the end of each day of the plan, when it might send most."""
    from flashbot.outreach.course import Course

    course, found = Course(told.scenario), []
    for day, (_, end_ms) in zip(told.forecast.days, course.days(), strict=False):
        found.append(course.limits(end_ms - 1))
        if day.stage is not None:
            course.stage = day.stage  # from the next one on
    return found


def report(told: Told, *, as_json: bool) -> None:
    if as_json:
        print_json(_json(told))
        return
    forecast = told.forecast
    say(
        f"{told.scenario.series[0].name}: {_plural(forecast.people, 'person', 'people')}, "
        f"{_plural(forecast.messages, 'message')}. Nothing was sent."
    )
    say("")
    say(ending(told), "bold green" if forecast.done and forecast.sent else "bold yellow")
    say("")
    _print_days(told)
    _print_people(told)
    say("")
    say("What this takes for granted", "bold")
    _print_list(("-", sentence) for sentence in _granted(told))


def ending(told: Told) -> str:
    """The day it ends, or that it does not."""
    forecast = told.forecast
    if forecast.ends_ms is not None:
        active = sum(day.sent > 0 for day in forecast.days)
        at = told.local(forecast.ends_ms)
        sent = _plural(forecast.sent, "message")
        return f"It ends on {_long(at.date())} at {at:%H:%M}: {sent} on {_plural(active, 'day')}."
    if forecast.done:
        return "Nobody gets anything."
    waiting = sum(forecast.waiting.values())
    people = f"{_plural(waiting, 'person waits', 'people wait')} still"
    said = f"It does not end within {_plural(told.scenario.days, 'day')}: {people}."
    lately = forecast.days[-LATELY:]
    pace = sum(day.sent for day in lately) / len(lately)
    why = _why_not(told)
    if pace <= 0:
        return f"{said} At this rate it never does{why}"
    more = waiting / pace
    if more > LONGEST_GUESS:
        return f"{said} As in the last days, it would take years{why}"
    return f"{said} As in the last days, it would take about {_span(more)} more{why}"


def _why_not(told: Told) -> str:
    """What most of them wait for; and what was taken for granted of the number that it comes from."""
    counts = {reason: count for reason, count in told.forecast.waiting.items() if reason is not None}
    if not counts:
        return "."
    reason = max(counts, key=counts.__getitem__)
    said = f": {in_words(reason, _most_by_day(told)[-1])}."
    health = told.scenario.health
    if reason == "cold_ratio" and (health is None or health.cold_ratio is None):
        return f"{said} Which share MsgFlash advises is not known: --cold-ratio says it, or --instance asks."
    if reason not in BY_STAGE or told.scenario.stage is not None:
        return said
    if told.sender.age_known:
        return (
            f"{said} Nothing was said of its history, so the lowest stage holds it: --stage says how far it has come."
        )
    return (
        f"{said} Nothing was said of the number's age and history, so it is taken for one that was linked today, in "
        "the lowest stage: --age and --stage say otherwise."
    )


def write_excluded(path: Path, told: Told) -> None:
    """Everybody who gets nothing, or not all: line, phone, which message, why. Lines that cannot be used as well."""
    from flashbot.cli.sheet import sheet

    rows = [(line.line, "", "", "line", line.reason) for line in told.audience.refused]
    for one in told.forecast.excluded:
        line, phone = told.audience.phones[one.contact]
        rows.append((line, phone, str(one.place + 1), one.reason, in_words(one.reason, None)))
    with sheet(path, ("line", "phone", "message", "reason", "words")) as write:
        for row in sorted(rows):
            write([str(cell) for cell in row])
    note(f"{_plural(len(rows), 'line')} with who gets nothing, and why: {path}.")


# -- for people


def _print_days(told: Told) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(width=BAR, no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("day", "sent", "", "in all", "unanswered", "what holds it back", style="dim")
    weekly = len(told.forecast.days) > MOST_ROWS
    rows = list(_weeks(told) if weekly else _alike(told))
    most = max((row[1] for row in rows), default=0)
    for when, sent, total, balance, binds in rows:
        table.add_row(
            when,
            f"{sent:,}" if sent else "–",
            Text(_bar(sent, most), style="green"),
            f"{total:,}",
            f"{balance:,}",
            Text(binds, style="" if sent else "dim"),
        )
    output().print(table)
    say(
        "unanswered: messages of the last 30 days to people who have not written since; with "
        f"{told.forecast.most_unanswered:,} of them nothing unasked leaves.",
        "dim",
    )


def _alike(told: Told) -> Iterator[Row]:
    """A row for each day; days on which nothing is sent for the same reason share one."""
    days = [(day, label(day.binds, most)) for day, most in zip(told.forecast.days, _most_by_day(told), strict=True)]
    for (idle, binds), group in groupby(days, key=lambda one: (one[0].sent == 0, one[1])):
        run = [day for day, _ in group]
        for block in [run] if idle else [[day] for day in run]:
            last = block[-1]
            yield _range(block[0].day, last.day), last.sent, last.total, last.balance, binds


def _weeks(told: Told) -> Iterator[Row]:
    days = [(day, label(day.binds, most)) for day, most in zip(told.forecast.days, _most_by_day(told), strict=True)]
    for _, group in groupby(days, key=lambda one: one[0].day.isocalendar()[:2]):
        run = list(group)
        last, sent = run[-1][0], sum(day.sent for day, _ in run)
        binds = Counter(binds for day, binds in run if day.sent or not sent).most_common(1)[0][0]
        yield _range(run[0][0].day, last.day), sent, last.total, last.balance, binds


def _bar(value: int, most: int) -> str:
    eighths = round(value / most * BAR * 8) if most else 0
    if value and not eighths:
        eighths = 1
    whole, rest = divmod(eighths, 8)
    return PARTS[-1] * whole + (PARTS[rest - 1] if rest else "")


def _print_people(told: Told) -> None:
    forecast, refused = told.forecast, Counter(line.reason for line in told.audience.refused)
    rows = [(count, in_words(reason, None)) for reason, count in forecast.reasons().items()]
    rows += [(count, f"line not usable: {reason}") for reason, count in refused.most_common()]
    most = _most_by_day(told)[-1] if forecast.waiting else None
    waits = [
        (count, "their next message is not due yet" if reason is None else in_words(reason, most))
        for reason, count in forecast.waiting.items()
    ]
    for title, found in (("Excluded", rows), ("Still waiting at the end", waits)):
        say("")
        say(f"{title}: {_plural(sum(count for count, _ in found), 'person', 'people') if found else 'nobody'}", "bold")
        _print_list((f"{count:>9,} ", why) for count, why in found)
    say("")
    balance = forecast.days[-1].balance if forecast.days else 0
    share = f" ({balance / forecast.sent:.0%} of all sent)" if forecast.sent else ""
    say("Of those who get it", "bold")
    counts = (
        (forecast.answers, "answer"),
        (forecast.opt_outs, "opt out"),
        (forecast.failed, "cannot be reached"),
        (balance, f"messages of the last 30 days stay unanswered{share}"),
    )
    _print_list((f"{count:>9,} ", what) for count, what in counts)


def _print_list(rows: Iterable[tuple[str, str]]) -> None:
    """A mark or a count, and what it is of, under itself where it is long."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for mark, text in rows:
        table.add_row(mark, Text(clean(text)))
    output().print(table)


def _granted(told: Told) -> Iterator[str]:
    scenario, audience = told.scenario, told.audience
    replies = scenario.replies
    yield f"The number: {told.sender.said}; its clock is that of {scenario.number.zone or 'UTC'}."
    if scenario.growing:
        yield "Its own history goes on from day to day; what MsgFlash says of it stays as it is."
    else:
        yield (
            "It stays as it is for all these days: MsgFlash may raise its ceilings, or lower them. --growing lets its "
            "own history go on."
        )
    if scenario.unanswered:
        yield f"{_plural(scenario.unanswered, 'message')} of the 30 days before stayed unanswered, as the store says."
    if scenario.stage is None:
        yield "Its history is not known, so new chats are held to the lowest stage; --stage says how far it has come."
    yield "Nobody else sends from it, and it stays linked."
    yield (
        f"{replies.answer:.0%} of the messages are answered within 72 hours, {replies.opt_out:.0%} with STOP, and "
        f"{replies.fail:.0%} of the people cannot be reached: averages that others published, unless you gave your own."
    )
    if audience.known is not None:
        yield (
            f"The bot's store knows {audience.known:,} of the people: their consents, opt-outs and messages count as "
            "it has them. --no-store plans by the file alone."
        )
    if audience.unimported:
        yield (
            f"{audience.unimported:,} agreed by the file alone, and are planned for as if it had been imported: "
            "flashbot contacts import does that."
        )
    if not audience.consent_told and audience.known is None:
        yield (
            "Everybody agreed to marketing: the file has no column consent. A bot writes to nobody who is not known to "
            "have agreed."
        )
    if audience.strangers:
        nobody = audience.strangers == len(audience.recipients)
        who = "Nobody ever" if nobody else f"{audience.strangers:,} of the people never"
        yield f"{who} wrote to this number: a column last_message, or --wrote DAYS for all, says otherwise."
    elif told.wrote is not None:
        yield f"Whoever has no date of their own wrote {told.wrote:g} days ago, as --wrote says."
    mails = scenario.series[0].mails
    alike = sum(bool(mail.body) for mail in mails)
    if alike:
        most = scenario.policy.identical_an_hour
        where = "" if alike == len(mails) else f" in {alike} of the {len(mails)} messages"
        yield (
            f"Everybody gets the very same words{where}: no more than {_plural(most, 'person', 'people')} an "
            "hour may (Policy.identical_an_hour). Something of each person, such as "
            "{{ contact.firstName }} in a template, makes it faster."
        )
    else:
        yield "Every text is its own, by a name in it or more; --same-text plans for one that is not."
    hours = "the bot's policy" if told.hours is None else f"--hours {told.hours}"
    yield f"People are written to in the hours of {hours}, by the clock where their phone is from."


def _plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _long(day: date) -> str:
    return f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def _range(first: date, last: date) -> str:
    month = MONTHS[last.month - 1]
    if first == last:
        return f"{DAYS[first.weekday()]} {first.day:2} {month}"
    begin = f"{first.day}" if first.month == last.month else f"{first.day} {MONTHS[first.month - 1]}"
    return f"{begin} – {last.day} {month}"


def _span(days: float) -> str:
    if days < 21:
        return _plural(max(1, round(days)), "day")
    return _plural(round(days / 7), "week") if days < 90 else _plural(round(days / 30.4), "month")


# -- for programs


def _json(told: Told) -> Iterator[Mapping[str, Any]]:
    forecast = told.forecast
    for day in forecast.days:
        yield {**asdict(day), "day": day.day.isoformat()}
    yield {
        "people": forecast.people,
        "messages": forecast.messages,
        "sent": forecast.sent,
        "ends": None if forecast.ends_ms is None else told.local(forecast.ends_ms).isoformat(timespec="seconds"),
        "excluded": dict(forecast.reasons()),
        "waiting": {reason or "not_due": count for reason, count in forecast.waiting.items()},
        "refused_lines": len(told.audience.refused),
        "answers": forecast.answers,
        "opt_outs": forecast.opt_outs,
        "failed": forecast.failed,
        "unanswered": forecast.days[-1].balance if forecast.days else 0,
        "most_unanswered": forecast.most_unanswered,
        "assumed": [clean(sentence) for sentence in _granted(told)],
    }
