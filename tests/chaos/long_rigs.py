"""The long rigs, one after the other, because kills need the cores: prints the figures and writes them to a page.

Fails (exit code 1), and writes nothing, when any rig does. With a folder to keep figures in, a run that was broken off
goes on with the rigs that have not passed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from flashbot.store.embedded import find_server

ROOT = Path(__file__).parents[2]
KILLED = ("processes killed", "failover")
INTRODUCTION = """\
What was killed, cut and delayed, and what became of it. Which fault is shown by which test: [faults.md](faults.md).

Four processes (two take webhooks only, two do everything) and a MsgFlash run on one machine while events flow. Every
0.8 seconds or so something happens: kill -9 of a process, of two, of all and the server at once; SIGTERM; SIGSTOP for
longer than a lease; an answer of MsgFlash that is lost, late or wrong after it took the message; one webhook in twenty
comes to two processes at the same instant. *Processes killed* keeps its data in the embedded server, which is killed as
well. *Failover* keeps it in a primary with a replica under three Sentinels, with `FLASHBOT_REDIS_WAIT=1` and
`min-replicas-to-write 1`; there a server kill is one of the primary, half of the time while its replica lags."""
MEANINGS = """\
- **lost**: events without an answer, and in no dead letter. **doubled**: answers that came twice. **out of order**:
  people whose answers were.
- **ambiguous**: sends that got no answer, seen by a process that lived on. **resolved**: found in MsgFlash's list or by
  a status, also after a death. **resent**: not found by two looks, and sent again. **unknown**: without an answer
  twice, and in the dead letters.
- Counts of a process that was killed are those of the quarter of a second before; the sandbox and the store know the
  others."""
SIMULATED = """\
The same scripts, worker and sender on virtual time, where every call may be the last. A seed replays a run exactly; a
crash is the death of a whole process in the middle of whatever it does."""


@dataclass(frozen=True, slots=True)
class Rig:
    name: str
    tests: tuple[str, ...]
    settings: Mapping[str, str]
    at_once: int = 0
    """Tests that may run beside each other: where no process is killed."""

    @property
    def slug(self) -> str:
        return self.name.lower().replace(" ", "-")


RIGS = (
    Rig("Simulation", ("tests/simulation",), {"FLASHBOT_SEEDS": "1000"}, at_once=os.cpu_count() or 1),
    Rig("Processes killed", ("tests/chaos/test_chaos.py",), {"FLASHBOT_CHAOS_EVENTS": "20000"}),
    Rig("Failover", ("tests/chaos/test_failover.py",), {"FLASHBOT_CHAOS_FAILOVER_EVENTS": "4000"}),
    Rig("Budgets", ("tests/chaos/test_budgets.py",), {"FLASHBOT_CHAOS_BUDGETS": "2"}),
    Rig("Broadcasts", ("tests/chaos/test_casts.py",), {"FLASHBOT_CHAOS_CASTS": "2"}),
    Rig("Moments and signals", ("tests/chaos/test_moments.py", "tests/chaos/test_signals.py"), {}),
    Rig("A crowd", ("tests/chaos/test_crowd.py",), {"FLASHBOT_CROWD": "100000"}),
    Rig("Held connections", ("tests/web/test_guard.py",), {"FLASHBOT_HELD_CONNECTIONS": "10000"}),
    Rig("Ways that are cut", ("tests/proxy",), {"FLASHBOT_PROXY_EVENTS": "3000"}),
    Rig("Bad disks", ("tests/disk",), {"FLASHBOT_DISK_CUTS_EVERY": "1"}),
    Rig("Topologies", ("tests/topologies",), {"FLASHBOT_TOPOLOGIES": "long"}),
    Rig("The sandbox fuzzed", ("tests/sandbox/test_schemathesis.py",), {"FLASHBOT_SCHEMATHESIS_EXAMPLES": "150"}),
)
Row = dict[str, object]


def run(rig: Rig, kept: Path) -> tuple[bool, float]:
    """Whether it passed and the seconds it took; its figures, and that it passed, are kept."""
    figures, passed = kept / f"{rig.slug}.figures", kept / f"{rig.slug}.seconds"
    if passed.exists():
        return True, float(passed.read_text())
    figures.unlink(missing_ok=True)
    begun = time.monotonic()
    command = [sys.executable, "-m", "pytest", *rig.tests, "-q", "-n", str(rig.at_once), "--timeout", "3600"]
    env = {**os.environ, **rig.settings, "FLASHBOT_FIGURES": str(figures)}
    ended = subprocess.run(command, cwd=ROOT, env=env, check=False)
    seconds = time.monotonic() - begun
    if ended.returncode == 0:
        passed.write_text(f"{seconds:.1f}")
    return ended.returncode == 0, seconds


def killed_rows(found: Sequence[Row]) -> list[Row]:
    return [{"": row["rig"], **_without(row, "rig")} for row in found if row["rig"] in KILLED]


def simulated_rows(found: Sequence[Row]) -> list[Row]:
    """One for each world, and their sum."""
    worlds: dict[str, Row] = {}
    total: Row = {}
    for row in found:
        if row["rig"] == "simulation":
            world = worlds.setdefault(str(row["world"]), {})
            for name, count in _without(row, "rig", "world").items():
                for sums in (world, total):
                    sums[name] = sums.get(name, 0) + count  # type: ignore[operator]  # all are numbers
    return [{"": name, **world} for name, world in worlds.items()] + [{"": "in all", **total}]


def other_rows(found: Sequence[Row], took: Mapping[str, tuple[bool, float]]) -> list[str]:
    rows = [f"{name}: {'passed' if good else 'FAILED'}, {seconds:.0f} s." for name, (good, seconds) in took.items()]
    for row in found:
        if row["rig"] not in (*KILLED, "simulation"):
            figures = ", ".join(f"{name} {_shown(count)}" for name, count in _without(row, "rig").items())
            rows.append(f"{str(row['rig']).capitalize()}: {figures}.")
    return rows


def _without(row: Row, *names: str) -> Row:
    return {name: count for name, count in row.items() if name not in names}


def _shown(count: object) -> str:
    if isinstance(count, float):
        return f"{count:,.1f}" if count < 100 else f"{count:,.0f}"
    return f"{count:,}" if isinstance(count, int) else str(count)


def show(console: Console, title: str, rows: Sequence[Row]) -> None:
    table = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False)
    for heading in rows[0]:
        table.add_column(heading, justify="right" if heading else "left")
    for row in rows:
        table.add_row(*map(_shown, row.values()))
    console.print(table)


def as_markdown(rows: Sequence[Row]) -> str:
    heading = list(rows[0])
    lines = [heading, ["---", *["---:"] * (len(heading) - 1)], *(list(map(_shown, row.values())) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def page(found: Sequence[Row], took: Mapping[str, tuple[bool, float]]) -> str:
    """The page of documentation: written by a run, never by hand."""
    program = find_server(os.environ.get("FLASHBOT_REDIS_SERVER"))
    machine = (
        f"{datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, {program.engine.capitalize()} {program.version}."
    )
    parts = [
        "# What the long rigs found",
        "This page is written by a run of the rigs; do not edit it.",
        INTRODUCTION,
        as_markdown(killed_rows(found)),
        MEANINGS,
        "## Simulation",
        SIMULATED,
        as_markdown(simulated_rows(found)),
        "## Besides",
        "\n".join(f"- {line}" for line in other_rows(found, took)),
        machine,
        "To run it again:\n\n```sh\nmake chaos\n```",
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests/chaos/long_rigs.py", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the figures to this page")
    parser.add_argument("--only", action="append", default=[], metavar="RIG", help="this one only; no page is written")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep figures here; what passed is not run again")
    given = parser.parse_args()
    console = Console() if sys.stdout.isatty() else Console(width=140)
    took: dict[str, tuple[bool, float]] = defaultdict(lambda: (False, 0.0))
    with tempfile.TemporaryDirectory() as folder:
        kept = (given.keep or Path(folder)).absolute()
        kept.mkdir(parents=True, exist_ok=True)
        for rig in RIGS:
            if not given.only or rig.name in given.only:
                console.rule(rig.name)
                took[rig.name] = run(rig, kept)
        found: list[Row] = [
            json.loads(line)
            for rig in RIGS
            if rig.name in took and (kept / f"{rig.slug}.figures").exists()
            for line in (kept / f"{rig.slug}.figures").read_text("utf-8").splitlines()
        ]
    for title, rows in (("Killed", killed_rows(found)), ("Simulation", simulated_rows(found))):
        if len(rows) > (title == "Simulation"):
            show(console, title, rows)
    for line in other_rows(found, took):
        console.print(line, highlight=False)
    failed = [name for name, (good, _) in took.items() if not good]
    if failed:
        console.print(f"Failed: {', '.join(failed)}. No page is written.", style="red")
        sys.exit(1)
    if given.write and not given.only:
        given.write.write_text(page(found, took), encoding="utf-8")
        console.print(f"Written to {given.write}.")


if __name__ == "__main__":
    main()
