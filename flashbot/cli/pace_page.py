"""`flashbot pace` for people, and as JSON: values in, tables and rows out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from rich.console import Group
from rich.table import Table
from rich.text import Text

from flashbot.cli.broadcast_words import HALTED, STATES
from flashbot.cli.console import clean
from flashbot.cli.pace_seen import Seen, next_moment

if TYPE_CHECKING:
    from flashbot.outreach.policy import Policy
    from flashbot.outreach.reasons import Stop

__all__ = ["row_of", "shown"]

STYLES = {"stable": "green", "new": "yellow", "warming": "yellow", "at_risk": "red", "restricted": "red"}


def shown(found: list[Seen], policy: Policy) -> Group:
    parts: list[Table | Text] = []
    for seen in found:
        parts += [Text("") for _ in parts[:1]]
        parts += [_headline(seen, policy), _budgets(seen), *_sources(seen), *_casts(seen), *_waiting(seen)]
    return Group(*parts) if parts else Group(Text("There are no instances: connect a number in MsgFlash's dashboard."))


def _headline(seen: Seen, policy: Policy) -> Text:
    from flashbot.outreach.reasons import WORDS

    number = seen.number
    state = number.state or "state unknown"
    line = Text(clean(seen.instance), style="bold")
    line.append(f"  {state.replace('_', ' ')}", style=STYLES.get(state, "yellow"))
    line.append("" if number.score is None else f", score {number.score:g}")
    line.append(f", health {_ago(seen.now_ms, number.health_at_ms)}", style="dim")
    if seen.held:
        line.append(f"\nHeld: {WORDS['en'].get(seen.held, seen.held)}. Nothing leaves.", style="red")  # type: ignore[call-overload]  # a cause may be newer than these words
    at, reason = next_moment(seen, policy)
    if reason is None:
        line.append("\nSomething unasked may leave now.", style="green")
    else:
        when = "Not now" if at is None else f"Next at {_clock(at, seen)} ({_zone(seen)})"
        line.append(f"\n{when}: {_why(seen, reason)}", style="yellow")
    return line


def _why(seen: Seen, reason: Stop) -> str:
    """Where it is not known how the number is, nothing was spent."""
    from flashbot.outreach.reasons import WORDS

    if seen.number.health_at_ms is None and seen.limits.proactive_day == 0:
        return "it is not known yet how the number is; flashbot run asks MsgFlash before the first unasked message"
    return WORDS["en"][reason]


def _budgets(seen: Seen) -> Table:
    table = Table.grid(padding=(0, 2))
    for justify in ("left", "right", "right", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    table.add_row("  budget", "used", "elsewhere", "left", "", style="dim")
    for name, used, foreign, cap in _rows(seen):
        left = max(0, cap - used - foreign)
        style = "red" if not left else ""
        table.add_row(
            f"  {name}",
            f"{used:,}",
            f"{foreign:,}" if foreign else "",
            Text(f"{left:,} of {cap:,}" if cap else "none allowed", style),
            Text(_bar(used + foreign, cap), style or "green"),
        )
    return table


def _rows(seen: Seen) -> Iterable[tuple[str, int, int, int]]:
    """Name, ours, of others, at most."""
    counts, most = seen.counts, seen.limits
    return (
        ("messages an hour", counts.hour, counts.foreign_hour, most.hour),
        ("messages a day", counts.day, counts.foreign_day, most.day),
        ("people an hour", counts.recipients_hour, counts.foreign_recipients_hour, most.recipients_hour),
        ("people a day", counts.recipients_day, counts.foreign_recipients_day, most.recipients_day),
        ("unasked an hour", counts.proactive_hour, 0, most.proactive_hour),
        ("unasked a day", counts.proactive_day, 0, most.proactive_day),
        ("unanswered, 30 days", seen.number.unanswered, 0, most.unanswered),
        ("new chats an hour", counts.new_hour, 0, most.new_hour),
        ("new chats a day", counts.new_day, 0, most.new_day),
    )


def _sources(seen: Seen) -> list[Text]:
    lines = [Text(f"  {seen.counts.held} on their way", style="dim")] if seen.counts.held else []
    for source in seen.counts.sources:
        until = f" until {_clock(seen.full_ms, seen)}" if source.waiting and seen.full_ms > seen.now_ms else ""
        waits = f", waits{until}" if source.waiting else ""
        lines.append(Text(clean(f"  {_source(source.source, seen)}: {source.granted:,} sent{waits}"), style="dim"))
    return lines


def _source(source: str, seen: Seen) -> str:
    """As its maker calls it: what is kept of a broadcast is its id."""
    kind, _, name = source.partition(":")
    if kind == "cast":
        known = next((cast.name for cast in seen.casts if cast.id == name), None)
        return f"broadcast {known}" if known is not None else f"broadcast {name} (over)"
    return f"drip {unquote(name)}" if kind == "drip" else source or "neither drip nor broadcast"


KINDS = {
    "reply": "answers",
    "service": "notices",
    "critical": "critical notices",
    "follow_up": "follow-ups",
    "marketing": "promotions",
    "cold": "cold messages",
}


def _crowds(seen: Seen) -> list[dict[str, Any]]:
    """What waits, by kind and by what it waits for; what comes first stands first."""
    rows = []
    for one in seen.waiting:
        why = one.why
        if not why and one.state == "parked" and one.lane == "drip" and seen.full_ms > seen.now_ms:
            why = seen.full_why
        elif one.state == "ready":
            why = seen.held
        rows.append(
            {
                "lane": one.lane,
                "class": one.cls,
                "state": one.state,
                "reason": why or None,
                "contacts": one.contacts,
                "messages": one.messages,
                "first_ms": one.first_ms if one.first_ms > seen.now_ms else None,
            }
        )
    return sorted(
        rows, key=lambda row: (row["lane"] == "drip", row["first_ms"] or 0, row["class"], row["reason"] or "")
    )


def _casts(seen: Seen) -> list[Text]:
    lines = []
    for cast in seen.casts:
        if cast.state == "making":
            lines.append(Text(clean(f"  broadcast {cast.name} has not begun"), style="dim"))
            continue
        state = STATES.get(cast.state, cast.state) + (f" ({HALTED[cast.reason]})" if cast.reason in HALTED else "")
        again = "" if cast.next_ms is None else f", goes on at {_clock(cast.next_ms, seen)}"
        said = f"  broadcast {cast.name} {state}: {cast.fed:,} of {cast.total:,} have had their turn{again}"
        lines.append(Text(clean(said), style="dim"))
    return lines


def _waiting(seen: Seen) -> list[Table | Text]:
    from flashbot.outreach.reasons import WORDS

    rows = _crowds(seen)
    if not rows:
        return [Text("  nothing waits", style="dim")]
    table = Table.grid(padding=(0, 2))
    for justify in ("left", "right", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("  waiting", "people", "messages", "next", "for", style="dim")
    for row in rows:
        why: Any = row["reason"]
        said = {"ready": "their turn", "hand": "being sent, or looked for"}.get(row["state"], "it is not told what for")
        table.add_row(
            f"  {clean(KINDS.get(row['class'], row['class']))}",
            f"{row['contacts']:,}",
            f"{row['messages']:,}",
            "now" if row["first_ms"] is None else _clock(row["first_ms"], seen),
            clean(WORDS["en"].get(why, why)) if why else said,
        )
    return [table]


def _bar(used: int, cap: int, width: int = 10) -> str:
    full = width if used >= cap else int(used / cap * width)
    return "█" * full + "░" * (width - full)


def _ago(now_ms: int, at_ms: int | None) -> str:
    if at_ms is None:
        return "never told: the lowest stage holds"
    minutes = max(0, now_ms - at_ms) // 60_000
    return f"{minutes} min old" if minutes < 120 else f"{minutes // 60} hours old"


def _clock(at_ms: int, seen: Seen) -> str:
    """By the number's clock; with its day when that is not today."""
    at, now = _local(at_ms, seen), _local(seen.now_ms, seen)
    return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M}"


def _zone(seen: Seen) -> str:
    return seen.number.zone or f"{_local(seen.now_ms, seen):%Z}, this machine's clock"


def _local(at_ms: int, seen: Seen) -> datetime:
    from flashbot.clock import from_ms
    from flashbot.outreach.zones import zone_named

    return from_ms(at_ms).astimezone(zone_named(seen.number.zone) if seen.number.zone else None)


def row_of(seen: Seen, policy: Policy) -> dict[str, Any]:
    at, reason = next_moment(seen, policy)
    return {
        "instance": seen.instance,
        "state": seen.number.state,
        "score": seen.number.score,
        "health_ms": seen.number.health_at_ms,
        "held": seen.held or None,
        "next_ms": at,
        "reason": reason,
        "budgets": {
            name: {"used": used, "foreign": foreign, "cap": cap, "left": max(0, cap - used - foreign)}
            for name, used, foreign, cap in _rows(seen)
        },
        "on_their_way": seen.counts.held,
        "waits_until_ms": seen.full_ms if seen.full_ms > seen.now_ms else None,
        "waiting": _crowds(seen),
        "broadcasts": [
            {
                "id": one.id,
                "name": one.name,
                "state": one.state,
                "reason": one.reason or None,
                "total": one.total,
                "fed": one.fed,
                "counts": dict(one.counts),
                "next_ms": one.next_ms,
            }
            for one in seen.casts
        ],
        "sources": [{"source": one.source, "sent": one.granted, "waiting": one.waiting} for one in seen.counts.sources],
    }
