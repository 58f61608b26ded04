"""CSV in, line by line: encoding, separator and broken quotes. Knows no column, and holds one line at a time."""

from __future__ import annotations

import codecs
import contextlib
import csv
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

from flashbot.errors import SettingsError

__all__ = ["Broken", "Record", "Records", "count_lines", "open_records"]

CHUNK = 1 << 16
LONGEST_LINE = 1 << 20
SEPARATORS = ",;\t"
SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)
"""What spreadsheets write above the header to name their separator."""
WORKBOOKS = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
"""How .xlsx and .ods begin, and .xls."""
QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Record:
    """One row; `line` is where it begins, counted from 1, and `after` the first line behind it."""

    line: int
    after: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """Lines that are no row, and why."""

    line: int
    after: int
    reason: str


class Records:
    """The rows of a CSV file that are not blank, once. UTF-8; a line that is not is read as Windows-1252.

    `tell` gets a sentence when that happens. Raises SettingsError for a file that is no CSV at all.
    """

    def __init__(self, file: IO[bytes], tell: Callable[[str], None]) -> None:
        self._file = file
        self._tell = tell
        self._line = 0
        self._is_utf8 = True
        lines = self._decoded()
        first = next(lines, "")
        named = SEPARATOR_LINE.fullmatch(first)
        if named:
            self._line, first = 1, next(lines, "")
        separator = named[1] if named else _separator(first)
        self._rows = csv.reader(
            self._counted(chain([first], lines)), delimiter=separator, strict=True, skipinitialspace=True
        )

    def __iter__(self) -> Iterator[Record | Broken]:
        return self

    def __next__(self) -> Record | Broken:
        while True:
            begin = self._line + 1
            try:
                cells = next(self._rows)
            except csv.Error:
                return Broken(begin, self._line + 1, _why_broken(begin, self._line))
            if any(cell and not cell.isspace() for cell in cells):
                return Record(begin, self._line + 1, tuple(cells))

    def _counted(self, lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            self._line += 1
            yield line

    def _decoded(self) -> Iterator[str]:
        for number, raw in enumerate(_lines(self._file), 1):
            try:
                yield raw.decode()
            except UnicodeDecodeError:
                if self._is_utf8:
                    self._is_utf8 = False
                    self._tell(
                        f"Line {number} is not UTF-8: it is read as Windows-1252; look whether accents are right."
                    )
                # What Windows-1252 lacks becomes U+FFFD, which whoever checks the cells refuses.
                yield raw.decode("cp1252", errors="replace")


@contextlib.contextmanager
def open_records(path: str, tell: Callable[[str], None]) -> Iterator[Records]:
    """The records of a file; `-` is stdin."""
    if path == "-":
        yield Records(sys.stdin.buffer, tell)
        return
    with _opened(path) as file:
        yield Records(file, tell)


def count_lines(path: str) -> int | None:
    """How many lines a file has, read in pieces; None for what can be read only once."""
    if path == "-" or not Path(path).is_file():
        return None
    with _opened(path) as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(CHUNK), b""))


def _opened(path: str) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except OSError as fault:
        raise SettingsError(f"{path} cannot be read: {fault.strerror}.") from None


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Lines with their ends, of any of the three kinds, without the byte order mark."""
    # read1 gives what is there, so that a slow pipe is read as it comes.
    read: Callable[[int], bytes] = getattr(file, "read1", file.read)
    held = read(CHUNK)
    if held.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SettingsError("The file is UTF-16: save it as CSV UTF-8.")
    if held.startswith(WORKBOOKS):
        raise SettingsError("The file is a spreadsheet's own, not CSV: open it there and save it as CSV UTF-8.")
    held = held.removeprefix(codecs.BOM_UTF8)
    while True:
        *whole, held = held.splitlines(keepends=True) or [b""]
        yield from whole
        # The last one may go on, or its \r may be followed by a \n.
        if held.endswith(b"\n"):
            yield held
            held = b""
        if len(held) > LONGEST_LINE:
            raise SettingsError("The file has a line of more than a megabyte: it is no CSV file.")
        chunk = read(CHUNK)
        if not chunk:
            break
        held += chunk
    if held:
        yield held


def _separator(line: str) -> str:
    bare = QUOTED.sub("", line)
    return max(SEPARATORS, key=bare.count)


def _why_broken(begin: int, end: int) -> str:
    if end > begin:
        return f"a quotation mark is never closed, so the lines up to {end} were not read"
    return 'a quotation mark stands inside a quoted cell: write it twice ("")'
