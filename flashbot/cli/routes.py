"""`flashbot routes`: where each message goes, in the order in which it is decided."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from flashbot.cli.console import clean, output
from flashbot.cli.run import Target

__all__ = ["routes", "short_place"]


def routes(target: Target) -> None:
    """Print a bot's rules in the order in which they are asked, its states and its drips."""
    from flashbot.cli.target import load_target

    bot = load_target(target)
    console = output()
    rules = _table("rule", "name", "router", "what", "place")
    for row in bot.routes.table():
        rules.add_row(
            *(Text(clean(cell)) for cell in (row.rule, row.name, row.router, row.detail, short_place(row.place)))
        )
    console.print(rules)
    states = _table("state", "router", "version", "brought up from")
    for router in bot.routers:
        if router.state is not None:
            since = ", ".join(map(str, router.versions.migrations)) or "-"
            states.add_row(
                Text(clean(router.state.__name__)), Text(clean(router.name)), str(router.versions.current), since
            )
    if states.row_count:
        console.print()
        console.print(states)
    drips = _table("drip", "version", "messages", "waits")
    for drip in bot.drips:
        waits = ", ".join(str(step.after).removesuffix(", 0:00:00") for step in drip.steps)
        drips.add_row(Text(clean(drip.name)), str(drip.version), str(len(drip.steps)), waits)
    if drips.row_count:
        console.print()
        console.print(drips)


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == "rule")
    return table


def short_place(place: str) -> str:
    """Relative to here, where it lies below."""
    path, colon, line = place.rpartition(":")
    if not colon:
        return place
    try:
        return f"{Path(path).relative_to(Path.cwd())}:{line}"
    except ValueError:
        return place
