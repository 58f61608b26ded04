"""The figures of a benchmark: medians over the rounds, ratios within a round, as a table and as a page."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TypeAlias

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

__all__ = ["GOALS", "ROWS", "Figures", "Rounds", "facts", "page", "show"]

Figures: TypeAlias = Mapping[str, float]
"""What one candidate showed in one round, by the key of a row; what it cannot show is missing."""
Rounds: TypeAlias = Mapping[str, Sequence[Figures]]
"""By the candidate's name."""


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
INTRODUCTION = """\
Three programs are measured in turn, in the same minutes, on the same store and against the same stand-in for
MsgFlash. The *handler* is aiohttp, an HMAC and a 200. The *bare bot* (`bench/bare_bot.py`) is what a good
engineer writes quickly on aiohttp and redis-py: HMAC, `SET NX`, one script, 200, then the send; it keeps no
promise. *flashbot* runs `bench/answering_bot.py` with everything on: each event durably stored before its 200,
one turn at a time per contact, and state, reply and acknowledgement in one commit."""
CLOSED_FROM = "acks"
"""The row with which the closed loop begins."""
GOALS = (
    "Goals: at most 1.2 (must: 1.7) times the bare bot's CPU per reply; p99 from webhook to send under 8 ms; "
    "under 80 MB."
)
RATIOS = (("flashbot", "bare bot"), ("flashbot", "handler"))


def _median(rounds: Rounds, name: str, key: str) -> float | None:
    found = [figures[key] for figures in rounds.get(name, ()) if key in figures]
    return median(found) if found else None


def _ratio(rounds: Rounds, over: str, under: str, key: str) -> float | None:
    # Within a round, because both then ran in the same minute.
    found = [
        one[key] / other[key]
        for one, other in zip(rounds.get(over, ()), rounds.get(under, ()), strict=False)
        if key in one and other.get(key)
    ]
    return median(found) if found else None


def _lines(rounds: Rounds) -> list[list[str]]:
    lines = []
    for row in ROWS:
        line = [row.label]
        for name in rounds:
            found = _median(rounds, name, row.key)
            line.append("" if found is None else f"{found:,.{row.digits}f}")
        for over, under in RATIOS:
            found = _ratio(rounds, over, under, row.key)
            line.append("" if found is None else f"{found:.2f}")
        lines.append(line)
    return lines


def _titles(rounds: Rounds) -> list[str]:
    return ["", *rounds, *(f"{over} / {under}" for over, under in RATIOS)]


def show(console: Console, rounds: Rounds, *, title: str) -> None:
    table = Table(title=title, title_justify="left", caption=GOALS, caption_justify="left", box=SIMPLE, pad_edge=False)
    for title in _titles(rounds):
        table.add_column(title, justify="right" if title else "left", no_wrap=not title)
    for row, line in zip(ROWS, _lines(rounds), strict=True):
        if row.key == CLOSED_FROM:
            table.add_section()
        table.add_row(*line)
    console.print(table)


def facts(store: str) -> str:
    """One sentence about the machine and what ran on it."""
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


def page(rounds: Rounds, *, command: str, store: str, method: Sequence[str]) -> str:
    """The page of documentation: written by a run, never by hand."""
    rows = [_titles(rounds), ["---", *["---:"] * (len(_titles(rounds)) - 1)], *_lines(rounds)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join(
        [
            "# What flashbot costs",
            "",
            "This page is written by a run of the benchmark; do not edit it.",
            "",
            INTRODUCTION,
            "",
            table,
            "",
            GOALS,
            "",
            *(f"- {line}" for line in method),
            f"- {facts(store)}",
            "",
            "To run it again:",
            "",
            "```sh",
            command,
            "```",
            "",
        ]
    )
