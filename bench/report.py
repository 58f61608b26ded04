"""The figures of a benchmark, with their ratios: as a table and as a page of documentation."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

__all__ = ["Result", "page", "show", "spread"]


@dataclass(frozen=True, slots=True)
class Result:
    """One candidate's figures by the keys of the rows; what it cannot show is missing."""

    name: str
    overall: Mapping[str, float]
    rounds: Sequence[Mapping[str, float]]

    def figure(self, key: str) -> float | None:
        if key in self.overall:
            return self.overall[key]
        found = [figures[key] for figures in self.rounds if key in figures]
        return median(found) if found else None

    def ratios(self, other: Result, key: str) -> list[float]:
        """To the other's figure: of each round where there are rounds, because both then ran in the same minute."""
        if key in self.overall:
            return [self.overall[key] / other.overall[key]] if key in other.overall else []
        pairs = zip(self.rounds, other.rounds, strict=True)
        return [mine[key] / theirs[key] for mine, theirs in pairs if key in mine and key in theirs]


@dataclass(frozen=True, slots=True)
class Row:
    key: str
    label: str
    digits: int = 0


ROWS = (
    Row("ack_p50", "webhook to 200, p50 (ms)", 2),
    Row("ack_p99", "webhook to 200, p99 (ms)", 2),
    Row("send_p50", "webhook to send, p50 (ms)", 2),
    Row("send_p99", "webhook to send, p99 (ms)", 2),
    Row("open_cpu", "CPU per 1,000 events (ms)"),
    Row("acks", "acknowledgements a second"),
    Row("replies", "replies a second"),
    Row("cpu", "CPU per event, answered (µs)"),
    Row("store_cpu", "CPU of the store per event (µs)"),
    Row("memory", "resident memory after (MB)", 1),
)
CLOSED_FROM = "acks"
"""The row with which the closed loop begins."""
GOALS = (
    "Goals: at most 1.2 (must: 1.7) times the bare bot's CPU per reply; p99 from webhook to send under 8 ms; "
    "under 80 MB."
)
MEASURED = "flashbot"
BESIDE = ("bare bot", "handler")
INTRODUCTION = """\
Three programs are measured in turn, in the same minutes, on the same store and against the same stand-in for
MsgFlash. The *handler* is aiohttp, an HMAC and a 200. The *bare bot* (`bench/bare_bot.py`) is what a good
engineer writes quickly on aiohttp and redis-py: HMAC, `SET NX`, one script, 200, then the send; it keeps no
promise. *flashbot* runs `bench/answering_bot.py` with everything on: each event durably stored before its 200,
one turn at a time per contact, and state, reply and acknowledgement in one commit."""


def _ratios(results: Sequence[Result], beside: str, key: str) -> list[float]:
    by_name = {result.name: result for result in results}
    if MEASURED not in by_name or beside not in by_name:
        return []
    return by_name[MEASURED].ratios(by_name[beside], key)


def _lines(results: Sequence[Result]) -> list[list[str]]:
    lines = []
    for row in ROWS:
        line = [row.label]
        for result in results:
            found = result.figure(row.key)
            line.append("" if found is None else f"{found:,.{row.digits}f}")
        for beside in BESIDE:
            ratios = _ratios(results, beside, row.key)
            line.append(f"{median(ratios):.2f}" if ratios else "")
        lines.append(line)
    return lines


def _titles(results: Sequence[Result]) -> list[str]:
    return ["", *(result.name for result in results), *(f"{MEASURED} / {beside}" for beside in BESIDE)]


def spread(results: Sequence[Result]) -> str:
    """How far the ratio that matters most moved between the rounds; empty when it cannot be said."""
    ratios = _ratios(results, BESIDE[0], "cpu")
    if len(ratios) < 4:
        return ""
    low, middle, high = quantiles(ratios, n=4)
    return (
        f"CPU per reply, {MEASURED} / {BESIDE[0]}: {middle:.2f}; "
        f"half of the {len(ratios)} rounds lie between {low:.2f} and {high:.2f}."
    )


def show(console: Console, results: Sequence[Result], *, title: str) -> None:
    table = Table(title=title, title_justify="left", caption=GOALS, caption_justify="left", box=SIMPLE, pad_edge=False)
    for heading in _titles(results):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=not heading)
    for row, line in zip(ROWS, _lines(results), strict=True):
        if row.key == CLOSED_FROM:
            table.add_section()
        table.add_row(*line)
    console.print(table)


def _machine(store: str) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("aiohttp", "redis", "hiredis"))
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, {versions}, {store}."
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "An unnamed processor"


def page(results: Sequence[Result], *, command: str, store: str, method: Sequence[str]) -> str:
    """The page of documentation: written by a run, never by hand. `store` names the server."""
    titles = _titles(results)
    rows = [titles, ["---", *["---:"] * (len(titles) - 1)], *_lines(results)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    parts = [
        "# What flashbot costs",
        "This page is written by a run of the benchmark; do not edit it.",
        INTRODUCTION,
        table,
        f"{spread(results)} {GOALS}".strip(),
        "\n".join(f"- {line}" for line in (*method, _machine(store))),
        f"To run it again:\n\n```sh\n{command}\n```",
    ]
    return "\n\n".join(parts) + "\n"
