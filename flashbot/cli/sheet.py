"""CSV out: whole or not at all, and harmless to the spreadsheet that opens it."""

from __future__ import annotations

import codecs
import contextlib
import csv
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from flashbot.engine.sheets.cells import guarded
from flashbot.errors import SettingsError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

__all__ = ["sheet"]


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
