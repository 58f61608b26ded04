"""How a plan for templates, and what became of it, is shown: a line each, and the texts' differences below it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flashbot.cli.account import print_json
from flashbot.cli.console import complain, say

if TYPE_CHECKING:
    from flashbot.templating.actions import Action, Move
    from flashbot.templating.pushing import Outcome

__all__ = ["row", "show_outcome", "show_plan"]

SIGNS: Mapping[Move, tuple[str, str]] = {
    "create": ("+", "green"),
    "write": ("+", "green"),
    "update": ("~", "yellow"),
    "adopt": ("~", "yellow"),
    "lift": ("~", "yellow"),
    "link": ("=", ""),
    "ahead": (">", "dim"),
    "orphan": ("-", "dim"),
}
REFUSAL = ("!", "red")
SHOWN = 20
"""Names of templates without a file."""


def show_plan(actions: Iterable[Action], *, pull: bool = False) -> None:
    """What is the same is only counted."""
    actions = tuple(actions)
    for action in actions:
        if action.move not in ("unchanged", "unclaimed"):
            sign, style = SIGNS.get(action.move, REFUSAL)
            say(f"{sign} {action.key} {action.said}", style)
            for line in action.diff(pull=pull):
                say(f"    {line}", _colour(line))
    counts = Counter(action.move for action in actions)
    if counts["unchanged"]:
        say(f"{counts['unchanged']:,} {'is' if counts['unchanged'] == 1 else 'are'} the same.", "dim")
    unclaimed = [action.key for action in actions if action.move == "unclaimed"]
    if unclaimed:
        more = f" and {len(unclaimed) - SHOWN:,} more" if len(unclaimed) > SHOWN else ""
        say(
            f"Without a file here: {', '.join(unclaimed[:SHOWN])}{more}. Pull them by name, or all with --all.",
            "dim",
        )
    if not actions:
        say("There is nothing to compare.")


def show_outcome(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        print_json([{**row(outcome.action), "done": outcome.done, "result": outcome.said}])
    elif outcome.done:
        say(f"{outcome.action.key}: {outcome.said}.")
    else:
        complain(f"{outcome.action.key}: {outcome.said}.")


def row(action: Action) -> dict[str, Any]:
    """An action as JSON: `changes` has, for each field, what stands at MsgFlash and what the file says."""
    local, remote = action.local, action.remote
    return {
        "template": action.key,
        "move": action.move,
        "refused": action.refused,
        "said": action.said,
        "file": None if local is None else local.file,
        "id": None if remote is None else remote.id,
        "name": remote.name if remote is not None else None if local is None else local.name,
        "changes": {change.field: {"remote": change.remote, "local": change.local} for change in action.changes},
    }


def _colour(line: str) -> str:
    if line.startswith(("---", "+++", "@@")):
        return "dim"
    return {"+": "green", "-": "red"}.get(line[:1], "")
