"""Walks through a page as a reader would: its files are written, its commands run, in one folder, from top to bottom.

A block is a file when its info string or its first comment names one. `…` in an output stands for anything in that
line, and a line of it alone for any lines.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

__all__ = ["Stop", "fits", "stops", "walk"]

BLOCK = re.compile(
    r"^```(?P<kind>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$(?:\n+```output\n(?P<shown>.*?)^```$)?"
    r"|^<!-- meanwhile (?P<meanwhile>.*?) -->$",
    re.DOTALL | re.MULTILINE,
)
NONE: Mapping[str, str] = MappingProxyType({})
COMMENT = re.compile(r"# (\S+\.\w+)\n")


@dataclass(frozen=True, slots=True)
class Stop:
    """One thing that a page asks for: a file to write, a command to run, or what others do meanwhile."""

    kind: Literal["file", "command", "meanwhile"]
    text: str
    file: str = ""
    shown: str | None = None


def stops(page: str) -> Iterator[Stop]:
    for found in BLOCK.finditer(page):
        kind, text, file = found["kind"], found["text"], found["file"]
        if found["meanwhile"]:
            yield Stop("meanwhile", found["meanwhile"])
        elif kind == "sh":
            yield Stop("command", text, shown=found["shown"])
        elif kind != "output":
            named = COMMENT.match(text)
            assert file or named, f"nobody knows what to do with this block:\n{text}"
            yield Stop("file", text, file or (named[1] if named else ""))


def fits(shown: str, printed: str) -> bool:
    lines = [re.escape(line).replace("…", "[^\n]*") + "\n" for line in shown.splitlines()]
    pattern = "".join("(?:[^\n]*\n)*" if line == "[^\n]*\n" else line for line in lines)
    # Cells at the end of a line are blank in a terminal and missing on a page.
    return re.fullmatch(pattern, re.sub(r"[ \t]+\n", "\n", printed).rstrip("\n") + "\n" * bool(lines)) is not None


async def walk(
    page: str,
    folder: Path,
    settings: Mapping[str, str] = NONE,
    meanwhile: Callable[[str], Awaitable[None]] | None = None,
) -> int:
    """How many commands were run. Raises AssertionError for the first that prints something else."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FLASHBOT_", "COV_"))}
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    run = 0
    for stop in stops(page):
        if stop.kind == "file":
            place = folder / stop.file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(stop.text, "utf-8")
        elif stop.kind == "meanwhile":
            assert meanwhile is not None
            await meanwhile(stop.text)
        else:
            printed = await _printed(stop.text, folder, {**environment, **settings})
            assert fits(stop.shown or "", printed), f"{stop.text}\nprints\n{printed}\nnot\n{stop.shown}"
            run += 1
    return run


async def _printed(script: str, folder: Path, environment: Mapping[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", script, cwd=folder, env=dict(environment), stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE, stderr=STDOUT,
    )  # fmt: skip
    printed, _ = await process.communicate()
    return printed.decode()
