"""What a turn costs: flashbot, a bare bot and a bare handler, measured in turn on one machine.

Fails (exit code 1) when flashbot loses, doubles or reorders a single reply. Times are printed, never judged.
"""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.candidate import CANDIDATES
from bench.measure import FULL, QUICK, Bench, Broken, Plan, sink
from bench.report import Figures, page, show
from flashbot.store.embedded import Embedded, find_server

NAMES = [candidate.name for candidate in CANDIDATES]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/turns.py", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few hundred events, once: only to see that all works")
    parser.add_argument("--rounds", type=int, help=f"how often each is measured (default {FULL.rounds})")
    parser.add_argument("--events", type=int, help=f"events of the closed loop (default {FULL.events})")
    parser.add_argument("--seconds", type=float, help=f"length of the open loop (default {FULL.seconds:g})")
    parser.add_argument("--only", action="append", choices=NAMES, help="measure just this one; may be repeated")
    parser.add_argument(
        "--write", type=Path, metavar="PAGE", help="write the figures to this page, e.g. docs/performance.md"
    )
    given = parser.parse_args()
    if given.write and (given.quick or given.only):
        parser.error("--write publishes figures: it needs a whole run, without --quick and --only.")
    return given


def _plan(given: argparse.Namespace) -> Plan:
    changed = {name: getattr(given, name) for name in ("rounds", "events", "seconds") if getattr(given, name)}
    return replace(QUICK if given.quick else FULL, **changed)


async def run(given: argparse.Namespace, console: Console) -> None:
    plan = _plan(given)
    chosen = [candidate for candidate in CANDIDATES if not given.only or candidate.name in given.only]
    rounds: dict[str, list[Figures]] = {candidate.name: [] for candidate in chosen}
    program = find_server()
    with tempfile.TemporaryDirectory(prefix="flashbot-bench-") as made:
        folder = Path(made)
        store = Embedded(folder / "store")
        await store.ensure()
        try:
            async with sink() as port:
                with Progress(
                    TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                    console=console, transient=True, auto_refresh=False,
                ) as progress:  # fmt: skip
                    bench = Bench(plan, folder, store, port, progress)
                    for number in range(1, plan.rounds + 1):
                        # Forth and back, so that a drift of the machine favours nobody.
                        for candidate in chosen if number % 2 else reversed(chosen):
                            figures = await bench.measure(candidate, seed=number)
                            rounds[candidate.name].append(figures)
                            cost = f"{figures['cpu']:.0f} µs CPU per event"
                            progress.console.print(f"round {number} of {plan.rounds}: {candidate.name}, {cost}")
        finally:
            await store.stop()
    served = f"{program.engine.capitalize()} {program.version} (appendfsync always)"
    show(console, rounds, title=f"{plan.rate:g} events a second, then {plan.events:,} events at full speed")
    if bench.answered:
        console.print(f"flashbot: all {bench.answered:,} events answered exactly once, in order.")
    if "bare bot" in bench.disordered:
        console.print(
            f"bare bot: {bench.disordered['bare bot']:,} contacts answered out of order; it promises nothing."
        )
    if given.write:
        command = shlex.join(["python", "bench/turns.py", *sys.argv[1:]])
        text = page(rounds, command=command, store=served, method=plan.method())
        given.write.parent.mkdir(parents=True, exist_ok=True)
        given.write.write_text(text, encoding="utf-8")
        console.print(f"Written to {given.write}.")


def main() -> None:
    given = _arguments()
    console = Console()
    try:
        asyncio.run(run(given, console))
    except (Broken, RuntimeError) as fault:
        console.print(f"The benchmark failed: {fault}", style="red", markup=False, highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
