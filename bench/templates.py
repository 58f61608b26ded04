"""`flashbot templates check` over many templates, against a server that counts strictly and takes its time to answer.

In one run: all of them changed, then none of them; beside them the obvious check, one request after the other, the time
that the rate alone would take, and how long a command takes that only reads the list. Fails (exit code 1) when a
request was refused for the rate, when an unchanged template was asked about, or when a check found a fault. Whether the
figures are good is printed, never judged.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import aiohttp
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from flashbot.msgflash.client import Client
from flashbot.sandbox.world import DEMO_KEY
from flashbot.templating.catalogue import Catalogue

HERE = Path(__file__).parent
RATE = 9.2
"""flashbot's own pace below MsgFlash's ten requests a second (docs/rate.md)."""
TEMPLATE = """\
---
samples:
  usual: {{number: CI-{number}, price: 1500, contact: {{firstName: Awa}}}}
  awkward: {{number: "{{{{x}}}} & 'é' 🎉", price: 3, contact: {{name: Éloïse Bah}}}}
fallbacks: {{eta: soon}}
---
Hello {{{{ contact.firstName }}}}, parcel {{{{ number }}}} (no. {number}) comes {{{{ eta }}}}.
{{% if price > 1000 %}}It is insured.{{% endif %}}
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the server saw of one way: requests, those refused for the rate, and seconds from the first to the last."""

    requests: int
    refused: int
    seconds: float

    @property
    def rate(self) -> float:
        return (self.requests - 1) / self.seconds if self.seconds else 0.0


class Failure(Exception):
    """The benchmark cannot say what it should."""


@contextmanager
def server(latency: float) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, str(HERE / "preview_server.py"), str(latency)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate()


async def arrivals(url: str) -> Seen:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/api/v1/arrivals") as answer:
        told: list[tuple[float, int]] = await answer.json()
    moments = [at for at, _ in told]
    refused = sum(status == 429 for _, status in told)
    return Seen(len(told), refused, moments[-1] - moments[0] if moments else 0.0)


def command(home: Path, url: str, *words: str) -> float:
    """The seconds that a command of flashbot takes from its start to its end."""
    settings = {"FLASHBOT_MSGFLASH_URL": url, "FLASHBOT_API_KEY": DEMO_KEY}
    begun = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "flashbot", *words],
        cwd=home, env={**os.environ, **settings}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - begun
    if ended.returncode:
        raise Failure(f"flashbot {' '.join(words)} ended with {ended.returncode}: {ended.stdout}{ended.stderr}")
    return seconds


async def naive(home: Path, url: str, count: int) -> None:
    """One request after the other at the same rate: store it, preview each sample, delete it."""
    catalogue = Catalogue(home / "templates")
    async with Client(url, api_key=DEMO_KEY) as client:
        for source in catalogue.sources[:count]:
            lowered = catalogue.lower(source)
            stored = await client.templates.create(source.key, lowered.body)
            for sample in source.header.samples:
                filled = catalogue.fill(source, {**sample.values, "contact": {"firstName": "Awa"}})
                await client.templates.preview(stored.id, filled.variables)
            await client.templates.delete(stored.id)


def write(home: Path, count: int) -> None:
    folder = home / "templates"
    folder.mkdir()
    for number in range(count):
        (folder / f"parcel_{number}.j2").write_text(TEMPLATE.format(number=number), encoding="utf-8")


def show(console: Console, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left", no_wrap=not heading)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def run(given: argparse.Namespace, console: Console) -> None:
    with tempfile.TemporaryDirectory(prefix="flashbot-bench-") as folder, server(given.latency) as url:
        home = Path(folder)
        write(home, given.templates)
        whole = command(home, url, "templates", "check")
        changed = asyncio.run(arrivals(url))
        time.sleep(1.1)  # no second holds requests of two ways
        few = max(1, min(given.templates, given.naive))
        asyncio.run(naive(home, url, few))
        slow = asyncio.run(arrivals(url))
        time.sleep(1.1)
        unchanged = median(command(home, url, "templates", "check") for _ in range(given.repeats))
        asked = asyncio.run(arrivals(url))
        listed = median([command(home, url, "templates", "list") for _ in range(given.repeats)])
        refused = changed.refused + slow.refused + asyncio.run(arrivals(url)).refused
    each, apiece = changed.seconds / given.templates, slow.seconds / few
    show(
        console,
        f"{given.templates} changed templates with two samples, answers after {given.latency * 1000:.0f} ms",
        ["", "check", f"one after the other ({few})", "the rate alone"],
        [
            ["requests", str(changed.requests), str(slow.requests), str(changed.requests)],
            ["seconds from the first to the last", f"{changed.seconds:.1f}", f"{slow.seconds:.1f}",
             f"{(changed.requests - 1) / RATE:.1f}"],
            ["requests a second", f"{changed.rate:.2f}", f"{slow.rate:.2f}", f"{RATE:.2f}"],
            ["share of the rate that is used", f"{changed.rate / RATE:.1%}", f"{slow.rate / RATE:.1%}", "100.0%"],
            ["seconds a template, to check's", "1.00", f"{apiece / each:.2f}",
             f"{(changed.requests - 1) / RATE / changed.seconds:.2f}"],
            ["refused with 429", str(changed.refused), str(slow.refused), ""],
            ["seconds of the whole command", f"{whole:.1f}", "", ""],
        ],
    )  # fmt: skip
    show(
        console,
        f"The same {given.templates} templates, unchanged (median of {given.repeats})",
        ["", "check", "flashbot templates list", "check / list"],
        [
            ["requests", str(asked.requests), "1 each", ""],
            ["seconds of the whole command", f"{unchanged:.2f}", f"{listed:.2f}", f"{unchanged / listed:.2f}"],
        ],
    )
    if refused:
        raise Failure(f"{refused} requests were refused for the rate.")
    if asked.requests:
        raise Failure(f"{asked.requests} requests were made for templates that had not changed.")
    console.print("No request was refused; none was made for unchanged templates.", highlight=False)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/templates.py", description=__doc__)
    parser.add_argument("--templates", type=int, default=200)
    parser.add_argument("--naive", type=int, default=40, help="templates for the check one after the other")
    parser.add_argument("--latency", type=float, default=0.25, help="seconds that the server takes to answer")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each command over unchanged templates")
    given = parser.parse_args()
    if given.templates < 1 or given.latency < 0 or given.repeats < 1:
        parser.error("--templates and --repeats must be above 0, and --latency not below it.")
    # Rich takes 80 columns where there is no terminal; the table needs more.
    console = Console() if sys.stdout.isatty() else Console(width=110)
    try:
        run(given, console)
    except Failure as fault:
        console.print(f"The benchmark failed: {fault}", style="red", markup=False, highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
