"""CSV out: whole or not at all, and harmless to the spreadsheet that opens it."""

from __future__ import annotations

import codecs
import contextlib
import csv
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from flashbot.errors import SettingsError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

__all__ = ["guarded", "sheet", "unguarded"]

FORMULA = re.compile(r"[\s']*[=+@-]|'*[\t\r\n]")
"""A cell that begins so is computed by a spreadsheet, or becomes one that is once its marks are gone."""
PHONE = re.compile(r"\+\d{6,15}")


def guarded(cell: str) -> str:
    """With an apostrophe in front of what a spreadsheet would compute; a phone number is left alone."""
    return f"'{cell}" if FORMULA.match(cell) and not PHONE.fullmatch(cell) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell, 1) else cell


@contextlib.contextmanager
def sheet(path: Path | None, columns: Sequence[str]) -> Iterator[Callable[[Sequence[str]], None]]:
    """Gives what writes a row. A file gets its name only when all rows are in it; None is stdout.

    Files carry a byte order mark: without it Excel breaks every accent. A device or a pipe is written to, never
    replaced, and a link stays a link.
    """
    if path is None:
        yield _writer(sys.stdout, columns, "\n")
        return
    if path.exists() and not path.is_file():
        with _opened(path, path) as file:
            yield _writer(file, columns, "\n")
        return
    shown, path = path, path.resolve()
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    file = _opened(beside, shown)
    try:
        with file:
            file.write(codecs.BOM_UTF8.decode())
            yield _writer(file, columns, "\r\n")
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _opened(path: Path, shown: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8", newline="")
    except OSError as fault:
        raise SettingsError(f"{shown} cannot be written: {fault.strerror}.") from None


def _writer(file: SupportsWrite[str], columns: Sequence[str], end: str) -> Callable[[Sequence[str]], None]:
    writer = csv.writer(file, lineterminator=end)
    writer.writerow(columns)
    return lambda cells: writer.writerow([guarded(cell) for cell in cells])
