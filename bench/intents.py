"""What the recogniser understands and what it costs, on public sets of messages, beside goals and published figures.

Measures on the test split of a set where its folder has one, else on its dev split, and says which. Figures of a dev
split are for choosing between two ways of doing something: they do not compare with what others publish.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.goals import ROWS, SOURCES, Goal, Row
from bench.sets import NAMES, Sets
from bench.study import LESSONS, WAYS, Study

QUICK = 3
"""Examples an intent of a quick run."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/intents.py", description=__doc__)
    parser.add_argument("path", type=Path, help="the folder of the sets: clinc150, banking77, massive_fr, massive_en")
    parser.add_argument("--semantic", action="store_true", help="with flashbot[semantic] too, in the same run")
    parser.add_argument("--only", choices=WAYS, help="measure just this way")
    parser.add_argument("--sets", default=",".join(NAMES), help="some of the sets, with commas; costs need clinc150")
    parser.add_argument("--quick", action="store_true", help="a small part of everything: only to see that all works")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file")
    given = parser.parse_args()
    given.sets = given.sets.split(",")
    for name in given.sets:
        if name not in NAMES:
            parser.error(f'--sets: there is no set "{name}"; choose from {", ".join(NAMES)}.')
        if not (given.path / name / "train.jsonl.gz").exists():
            parser.error(f"{given.path / name} holds no train.jsonl.gz; name the folder of the sets, or fewer --sets.")
    return given


def _verdict(row: Row, goal: Goal, figure: float) -> str:
    """Whether the goal is reached: two marks for the stretch, one for the must."""
    sign = -1 if row.less_is_better else 1
    # As printed: 91.96 is 92.0.
    reached = [sign * round(figure, row.digits) >= sign * bound for bound in (goal.stretch, goal.must)]
    return " ✓✓" if reached[0] else " ✓" if reached[1] else " ✗"


def _cells(row: Row, way: str, figure: float | None, *, quick: bool) -> tuple[str, str]:
    """The figure and its goal."""
    if figure is None:
        return "", ""
    told = f"{figure:,.{row.digits}f}"
    goal = row.goals.get(way)
    if goal is None or quick:
        return told, ""
    said = f"{goal.must:g}" if goal.must == goal.stretch else f"{goal.must:g} / {goal.stretch:g}"
    return told + _verdict(row, goal, figure), said


def _lines(figures: Mapping[str, Mapping[str, float]], splits: Mapping[str, str], *, quick: bool) -> list[list[str]]:
    lines = []
    for row in ROWS:
        if not any(row.key in found for found in figures.values()):
            continue
        split = "+".join(sorted({splits[name] for name in row.measured_on}))
        line = [row.label, split]
        for way, found in figures.items():
            line += _cells(row, way, found.get(row.key), quick=quick)
        lines.append([*line, row.published])
    return lines


def _titles(ways: Sequence[str]) -> list[str]:
    return ["", "split", *(title for way in ways for title in (way, "must / stretch")), "published, on test"]


def _notes(given: argparse.Namespace, splits: Mapping[str, str], loop: float) -> list[str]:
    notes = []
    if given.quick:
        notes.append("A quick run: a small part of everything was measured, and no figure means anything.")
    dev = [name for name in given.sets if splits[name] == "dev"]
    if dev:
        notes.append(
            f"Measured on the dev split, because the folder has no test split: {', '.join(dev)}. Such figures are for "
            "choosing, not for publishing."
        )
    if "banking77" in dev:
        notes.append(
            "BANKING77's dev split is a part of its training split: full trains without it; it overlaps the test split."
        )
    notes.append(
        "✓✓ the stretch is reached, ✓ the must, ✗ neither. Percentages are of messages whose best guess is right, "
        "unless said."
    )
    if loop:
        notes.append(
            f"Times of messages and of trainings are CPU time of one core ({_machine()}); the reference loop, 1,000 "
            f"additions in Python, took {loop * 1000:.0f} µs in the same rounds. Starts are real time of a process, "
            "which loads the code, numpy and what is stored."
        )
    return [*notes, *SOURCES]


def _machine() -> str:
    from importlib.metadata import version

    return f"{platform.machine()}, Python {platform.python_version()}, numpy {version('numpy')}"


def _markdown(titles: Sequence[str], lines: Sequence[Sequence[str]], notes: Sequence[str]) -> str:
    rule = ["---", "---", *["---:"] * (len(titles) - 3), "---"]
    table = "\n".join("| " + " | ".join(line) + " |" for line in (titles, rule, *lines))
    return table + "\n\n" + "\n".join(f"- {note}" for note in notes)


def _show(console: Console, titles: Sequence[str], lines: Sequence[Sequence[str]], notes: Sequence[str]) -> None:
    table = Table(box=SIMPLE, pad_edge=False)
    for title in titles[:2]:
        table.add_column(title, no_wrap=not title)
    for title in titles[2:-1]:
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column(titles[-1])
    for line in lines:
        table.add_row(*line)
    console.print(table)
    for note in notes:
        console.print(note, markup=False, highlight=False)


def main() -> None:
    given = _arguments()
    # One core, for everybody who is measured: said before numpy is loaded, and to the processes that are started.
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    console = Console() if sys.stdout.isatty() else Console(width=180)
    sets = Sets(given.path, most=QUICK if given.quick else None)
    ways = [given.only] if given.only else list(WAYS) if given.semantic else ["default"]
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("")
        study = Study(
            sets,
            ways,
            given.sets,
            lessons=["small"] if given.quick else list(LESSONS),
            begin=lambda what: progress.reset(task, description=what),
        )
        try:
            study.run()
        except KeyboardInterrupt:
            sys.exit(130)
    splits = {name: sets.split(name) for name in NAMES}
    lines, notes = _lines(study.figures, splits, quick=given.quick), _notes(given, splits, study.loop)
    if given.markdown:
        print(_markdown(_titles(ways), lines, notes))
    else:
        _show(console, _titles(ways), lines, notes)
    if given.json:
        splits = {name: splits[name] for name in given.sets}
        found = {"quick": given.quick, "splits": splits, "loop_ms": study.loop, "figures": study.figures}
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
