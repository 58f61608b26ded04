"""`flashbot pace`: how each number stands now, what it has left, and when something unasked may leave from it next."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from flashbot.cli.account import AsJson, account, print_json
from flashbot.cli.console import clean, output

if TYPE_CHECKING:
    from flashbot.outreach.facts import Number
    from flashbot.outreach.grants import Counts
    from flashbot.outreach.policy import Limits, Policy
    from flashbot.outreach.reasons import Stop
    from flashbot.settings import Settings
    from flashbot.store.mailbox import Store

__all__ = ["Seen", "next_moment", "pace"]

EVERY = 1.0
STYLES = {"stable": "green", "new": "yellow", "warming": "yellow", "at_risk": "red", "restricted": "red"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A number at a moment. Times are ms since the epoch by the store's clock."""

    instance: str
    now_ms: int
    number: Number
    limits: Limits
    counts: Counts
    held: str
    """The cause for which nothing at all leaves from it; "" when there is none."""
    full_ms: int
    """Until when its unasked messages wait together; 0 for never."""


def pace(
    instance: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this number; may be repeated.", show_default=False)
    ] = None,
    bot: Annotated[
        str | None, typer.Option(metavar="BOT.py", help="Whose policy holds; else the careful one.", show_default=False)
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print it once, also on a terminal.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show how each number stands: its state, what is used and left of its budgets, when the next may leave and why.

    On a terminal it is looked at anew each second, until Ctrl-C.
    """
    from flashbot.cli.target import load_target
    from flashbot.errors import SettingsError
    from flashbot.outreach.policy import Policy
    from flashbot.settings import load_settings

    settings = load_settings()
    if not settings.api_key.get_secret_value():
        raise SettingsError("FLASHBOT_API_KEY is not set: what a number has sent is kept under its key.")
    policy = (load_target(bot).policy if bot is not None else None) or Policy()
    live = not (once or as_json) and output().is_terminal
    asyncio.run(_watch(settings, instance or [], policy, live=live, as_json=as_json))


async def _watch(settings: Settings, wanted: list[str], policy: Policy, *, live: bool, as_json: bool) -> None:
    from flashbot.cli.dead import opened_store
    from flashbot.engine.pace import key_tag

    tag = key_tag(settings.api_key.get_secret_value())
    async with opened_store(settings) as opened:
        names = wanted or await _instances(settings)

        async def look() -> list[Seen]:
            return [await _see(opened.store, tag, name, settings.zone or "", policy) for name in names]

        if as_json:
            print_json(_row(seen, policy) for seen in await look())
        elif not live:
            output().print(_shown(await look(), policy))
        else:
            from rich.live import Live

            with (
                Live(_shown(await look(), policy), console=output(), auto_refresh=False) as screen,
                contextlib.suppress(asyncio.CancelledError),
            ):
                while True:
                    await asyncio.sleep(EVERY)
                    screen.update(_shown(await look(), policy), refresh=True)


async def _instances(settings: Settings) -> list[str]:
    """The number in the settings, or all that MsgFlash has of this key."""
    if settings.instance_id:
        return [settings.instance_id]
    async with account(settings) as client:
        return [one.id for one in await client.instances.list()]


async def _see(store: Store, tag: str, instance: str, zone: str, policy: Policy) -> Seen:
    from flashbot.engine.facts import FIELDS, load_health, number_of
    from flashbot.outreach.limits import limits

    counts, (now_ms, kept), (_, holds) = await asyncio.gather(
        store.ledgers.counts(tag, instance), store.numbers.read(instance, *FIELDS), store.holds.read(tag)
    )
    number = number_of(kept, zone=zone)
    stage = int(kept["stage"]) if kept["stage"] else None
    usual = float(kept["usual"]) if kept["usual"] else None
    most = limits(number, load_health(kept["health"]), policy, now_ms, stage=stage, usual_day=usual)
    held = next((one.cause for one in holds if one.scope in ("account", instance) and one.cause), "")
    return Seen(instance, now_ms, number, most, counts, held, int(kept["full"] or 0))


def next_moment(seen: Seen, policy: Policy) -> tuple[int | None, Stop | None]:
    """When something unasked could leave at the earliest, and what it waits for; None where no moment is known."""
    from flashbot.outreach.hours import open_at
    from flashbot.outreach.standing import stopped_by

    now, counts, most, number = seen.now_ms, seen.counts, seen.limits, seen.number
    stopped = stopped_by(number)
    if stopped is not None:
        return None, stopped
    closed = open_at(now, (number.zone,) if number.zone else (), None, policy.number_hours)
    waits: list[tuple[int, Stop]] = [(closed[1], "window")] if closed is not None else []
    waits += [(counts.next_at_ms, "pace")] if counts.next_at_ms > now else []
    waits += [(counts.rest_until_ms, "rest")] if counts.rest_until_ms > now and min(most.rest_ms) > 0 else []
    spent: tuple[tuple[int, int, Stop], ...] = (
        (counts.day + counts.foreign_day, most.day, "day"),
        (counts.hour + counts.foreign_hour, most.hour, "hour"),
        (counts.proactive_day, most.proactive_day, "proactive_day"),
        (counts.proactive_hour, most.proactive_hour, "proactive_hour"),
    )
    for used, cap, reason in spent:
        if used >= cap:
            # When the oldest leave the window is the ledger's to say, to whoever asks next.
            return (max(seen.full_ms, *(at for at, _ in waits), now) if seen.full_ms > now else None), reason
    return max(waits, default=(now, None))


# -- for people


def _shown(found: list[Seen], policy: Policy) -> Group:
    parts: list[Table | Text] = []
    for seen in found:
        parts += [Text("") for _ in parts[:1]]
        parts += [_headline(seen, policy), _budgets(seen)]
        parts += _sources(seen)
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
        when = "" if at is None else f" at {_clock(at, seen)}"
        line.append(f"\nNext{when or ': later'}: {WORDS['en'][reason]}", style="yellow")
    return line


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
            Text(f"{left:,} of {cap:,}", style),
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
        ("new chats an hour", counts.new_hour, 0, most.new_hour),
        ("new chats a day", counts.new_day, 0, most.new_day),
    )


def _sources(seen: Seen) -> list[Text]:
    lines = [Text(f"  {seen.counts.held} on their way", style="dim")] if seen.counts.held else []
    for source in seen.counts.sources:
        until = f" until {_clock(seen.full_ms, seen)}" if source.waiting and seen.full_ms > seen.now_ms else ""
        waits = f", waits{until}" if source.waiting else ""
        lines.append(
            Text(clean(f"  {source.source or 'without a series'}: {source.granted:,} sent{waits}"), style="dim")
        )
    return lines


def _bar(used: int, cap: int, width: int = 16) -> str:
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


def _local(at_ms: int, seen: Seen) -> datetime:
    from flashbot.clock import from_ms
    from flashbot.outreach.zones import zone_named

    return from_ms(at_ms).astimezone(zone_named(seen.number.zone) if seen.number.zone else None)


def _row(seen: Seen, policy: Policy) -> dict[str, Any]:
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
        "sources": [{"source": one.source, "sent": one.granted, "waiting": one.waiting} for one in seen.counts.sources],
    }
