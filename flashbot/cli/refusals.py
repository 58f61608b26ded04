"""The lines of a file that were not taken: counted, written to a report, the first of them shown."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from flashbot.cli.account import print_json
from flashbot.cli.console import complain, note
from flashbot.errors import SettingsError

__all__ = ["Refusals", "refusals"]

SHOWN = 10


class Refusals:
    """Takes a line number and a reason; a reason quotes no cell, so neither does the report."""

    def __init__(self, report: IO[str] | None, *, as_json: bool, headed: bool = False) -> None:
        self.count = 0
        self._first: list[str] = []
        self._report = report
        self._as_json = as_json
        self._writer = None if report is None else csv.writer(report, lineterminator="\n")
        if self._writer is not None and not headed:
            self._writer.writerow(("line", "reason"))

    def add(self, line: int, reason: str) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self._first.append(f"Line {line} was refused: {reason}.")
        if self._writer is not None:
            self._writer.writerow((line, reason))
        if self._as_json:
            print_json([{"line": line, "refused": reason}])

    def tell(self) -> None:
        """The first few, for a person, and where the others are."""
        if self._as_json:
            return
        for sentence in self._first:
            complain(sentence)
        more = self.count - len(self._first)
        if self._report is not None and self.count:
            note(f"All refused lines are in {self._report.name}.")
        elif more:
            note(f"{more} more lines were refused: --report FILE keeps them all.")


@contextlib.contextmanager
def refusals(report: Path | None, *, source: str, as_json: bool, goes_on: bool = False) -> Iterator[Refusals]:
    """With the report file open, if one is wanted; it must not be the file that is read.

    `goes_on` keeps what an earlier run has written there.
    """
    if report is None:
        yield Refusals(None, as_json=as_json)
        return
    if source != "-" and report.exists() and report.samefile(source):
        raise SettingsError("--report names the file that is read: choose another name.")
    try:
        # Line by line: it must hold what was said, however this process ends.
        file = report.open("a" if goes_on else "w", buffering=1, encoding="utf-8", newline="")
    except OSError as fault:
        raise SettingsError(f"{report} cannot be written: {fault.strerror}.") from None
    with file:
        yield Refusals(file, as_json=as_json, headed=goes_on and report.stat().st_size > 0)
