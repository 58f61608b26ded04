"""`Heat`: who is taken for whom, as a square of counts, those that are confused with each other side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from flashbot.cli.console import clean

if TYPE_CHECKING:
    from flashbot.dialogue.recognition.findings import Review

__all__ = ["Heat", "heat_of", "heat_table", "heat_width"]

SHADES = ((0.0, "black on #fee8c8"), (0.1, "black on #fdbb84"), (0.2, "black on #ef6548"), (0.35, "white on #b30000"))
"""From which share of an intent's examples on."""
NAME = 24
"""Characters of an intent's name beside the square."""
CELL = 3
"""Characters of a cell, if no count in it is longer."""
LOOKED_BACK = 4
DAMPED = 3


@dataclass(frozen=True, slots=True)
class Heat:
    """`counts` by what was meant and what it was taken for, the right ones included; zeros are not there."""

    intents: tuple[str, ...]
    counts: Mapping[tuple[str, str], int]
    tested: Mapping[str, int]
    whole: bool
    """Whether every intent is in it, or only those with most mistakes."""

    def share(self, meant: str, taken: str) -> float:
        """Of the examples of an intent, those taken for another; one mistake in a handful counts for less."""
        return self.counts.get((meant, taken), 0) / (self.tested[meant] + DAMPED)


def heat_of(review: Review, most: int) -> Heat:
    """Of at most so many intents."""
    mistakes = {(one.intent, one.taken_for): one.count for one in review.confusions}
    busy: Counter[str] = Counter()
    for pair, count in mistakes.items():
        busy.update(dict.fromkeys(pair, count))
    everybody = sorted((one.intent for one in review.intents), key=lambda intent: -busy[intent])
    right = {(one.intent, one.intent): round(one.tested * one.recall) for one in review.intents if one.recall}
    chosen = everybody[:most]
    among = {pair: count for pair, count in mistakes.items() if {*pair} <= {*chosen}}
    counts = {**among, **{pair: count for pair, count in right.items() if pair[0] in chosen}}
    tested = {one.intent: one.tested for one in review.intents}
    return Heat(_side_by_side(chosen, among), counts, tested, len(chosen) == len(everybody))


def _side_by_side(intents: list[str], mistakes: Mapping[tuple[str, str], int]) -> tuple[str, ...]:
    """Each follows those that it is most confused with."""
    left = list(intents)
    placed: list[str] = []
    while left:
        near = placed[-LOOKED_BACK:]

        def tie(intent: str, near: list[str] = near) -> int:
            return sum(mistakes.get((intent, one), 0) + mistakes.get((one, intent), 0) for one in near)

        nearest = max(left, key=tie)  # the busiest of those that tie
        left.remove(nearest)
        placed.append(nearest)
    return tuple(placed)


def heat_width(columns: int) -> int:
    """How many intents fit into a line."""
    return max(3, (columns - NAME - 7) // CELL)


def heat_table(heat: Heat) -> Table:
    """Rows are what was meant, columns what it was taken for, by the numbers of the rows."""
    width = max(CELL, len(str(max(heat.counts.values(), default=0))) + 1)
    table = Table.grid(padding=0)
    table.add_column(no_wrap=True)
    for _ in heat.intents:
        table.add_column(justify="right", width=width, no_wrap=True)
    numbers = (Text(str(n + 1), style="dim") for n in range(len(heat.intents)))
    table.add_row(Text("meant ↓  taken for →", style="dim"), *numbers)
    for n, meant in enumerate(heat.intents):
        cells = (_cell(heat, meant, taken, width) for taken in heat.intents)
        table.add_row(Text(f"{n + 1:>3}  {_short(meant)}  "), *cells)
    return table


def _cell(heat: Heat, meant: str, taken: str, width: int) -> Text:
    count = heat.counts.get((meant, taken), 0)
    if not count or meant == taken:
        return Text(str(count or "·"), style="dim")
    share = heat.share(meant, taken)
    return Text(f"{count:>{width}}", style=next(style for least, style in reversed(SHADES) if share >= least))


def _short(name: str) -> str:
    name = clean(name)
    return name if len(name) <= NAME else f"{name[: NAME - 1]}…"
