"""What a turn costs: flashbot, a bare bot and a bare handler, measured in turn on one machine.

Fails (exit code 1) when flashbot loses, doubles or reorders a single reply. Times are printed, never judged.
"""

from __future__ import annotations

import argparse
import asyncio
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.candidate import CANDIDATES, running
from bench.measure import FULL, QUICK, Bench, Broken, Contender, Plan
from bench.report import Result, page, show, spread
from flashbot.store.embedded import Embedded, find_server

SECRET = "a secret of the benchmark"
NAMES = [candidate.name for candidate in CANDIDATES]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/turns.py", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few hundred events, once: only to see that all works")
    parser.add_argument("--rounds", type=int, help=f"how often each is measured (default {FULL.rounds})")
    parser.add_argument("--events", type=int, help=f"events of the closed loop in a round (default {FULL.events})")
    parser.add_argument("--seconds", type=float, help=f"length of the open loop in a round (default {FULL.seconds:g})")
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


@asynccontextmanager
async def _sink() -> AsyncIterator[int]:
    """The stand-in for MsgFlash, running; its port."""
    process = subprocess.Popen(  # noqa: ASYNC220 - before anything is measured
        [sys.executable, str(Path(__file__).with_name("sink.py"))], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield int(await asyncio.to_thread(process.stdout.readline))
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@asynccontextmanager
async def _store(folder: Path) -> AsyncIterator[Embedded]:
    store = Embedded(folder)
    await store.ensure()
    try:
        yield store
    finally:
        await store.stop()


def _watch(progress: Progress) -> Callable[[str, int], Callable[[int], None]]:
    """One bar that begins anew for each part."""
    task = progress.add_task("")

    def begin(what: str, total: int) -> Callable[[int], None]:
        progress.reset(task, description=what, total=total)
        drawn = time.monotonic()

        def draw(done: int) -> None:
            nonlocal drawn
            # Drawing takes milliseconds from the driver: once a second is enough.
            if time.monotonic() - drawn > 1:
                progress.update(task, completed=done, refresh=True)
                drawn = time.monotonic()

        return draw

    return begin


async def run(given: argparse.Namespace, console: Console) -> None:
    """Raises Broken or RuntimeError when a candidate fails."""
    plan = _plan(given)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flashbot-bench-")))
        store = await stack.enter_async_context(_store(folder / "store"))
        sink_port = await stack.enter_async_context(_sink())
        settings = {
            "FLASHBOT_MSGFLASH_URL": f"http://127.0.0.1:{sink_port}",
            "FLASHBOT_API_KEY": "msgf_live_benchmark",
            "FLASHBOT_WEBHOOK_SECRET": SECRET,
            "FLASHBOT_REDIS_URL": f"unix://{store.socket}",
            "FLASHBOT_REQUESTS_PER_SECOND": "0",
            "FLASHBOT_DATA_DIR": str(folder / "bot"),
            "FLASHBOT_LOG_LEVEL": "WARNING",
        }
        contenders = [
            Contender(one, await stack.enter_async_context(running(one, settings, folder)))
            for one in CANDIDATES
            if not given.only or one.name in given.only
        ]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        progress = stack.enter_context(Progress(*columns, console=console, transient=True, auto_refresh=False))
        bench = Bench(plan, sink_port=sink_port, store_pid=store.pid() or 0, secret=SECRET, watch=_watch(progress))
        await bench.warm_up(contenders)
        for number in range(1, plan.rounds + 1):
            # Forth and back, so that a drift of the machine favours nobody.
            await bench.round(contenders if number % 2 else contenders[::-1], number)
            costs = ", ".join(f"{one.candidate.name} {one.rounds[-1]['cpu']:.0f}" for one in contenders)
            progress.console.print(f"round {number} of {plan.rounds}, µs CPU per event: {costs}", highlight=False)
        results = [Result(one.candidate.name, one.overall(), one.rounds) for one in contenders]
    _tell(console, plan, contenders, results)
    if given.write:
        _write(given.write, plan, results)
        console.print(f"Written to {given.write}.")


def _tell(console: Console, plan: Plan, contenders: Sequence[Contender], results: Sequence[Result]) -> None:
    show(console, results, title=f"{plan.rate:g} events a second (upper part), and as fast as it goes (lower part)")
    if moved := spread(results):
        console.print(moved, highlight=False)
    for one in contenders:
        if one.candidate.promises:
            said = f"all {len(one.asked):,} events answered exactly once, in order."
        elif one.candidate.replies:
            said = f"{one.disordered:,} contacts answered out of order; it promises nothing."
        else:
            continue
        console.print(f"{one.candidate.name}: {said}", highlight=False)


def _write(path: Path, plan: Plan, results: Sequence[Result]) -> None:
    program = find_server()
    text = page(
        results,
        command=shlex.join(["python", "bench/turns.py", *sys.argv[1:]]),
        store=f"{program.engine.capitalize()} {program.version} with appendfsync always",
        method=plan.method(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def main() -> None:
    given = _arguments()
    # Rich takes 80 columns where there is no terminal; the table needs more.
    console = Console() if sys.stdout.isatty() else Console(width=110)
    try:
        asyncio.run(run(given, console))
    except (Broken, RuntimeError) as fault:
        console.print(f"The benchmark failed: {fault}", style="red", markup=False, highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
