"""What a dying process can still write: a file of its own in the data folder, filled by `faulthandler`.

It is gone after a clean end. Whoever makes a dead letter of what killed processes looks into those that are left.
"""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import logging
import os
import sys
import time
from pathlib import Path
from typing import IO

__all__ = ["CrashFile", "last_words"]

KEPT_FOR = 7 * 24 * 3600.0
MOST_KEPT = 100
"""Files; a process that dies over and over leaves one each time."""
EMPTY_KEPT_FOR = 60.0
"""Longer than it takes to lock one's own after making it."""
LONGEST = 4_000
"""Bytes of each; the beginning names the cause and the thread."""
MOST = 3
SLACK = 5.0
"""Seconds: a file's time and the store's lease are measured apart."""
log = logging.getLogger("flashbot.crash")


class CrashFile:
    """This process's file, while it is open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "crash"
        self._file: IO[bytes] | None = None
        self._before = False

    def open(self) -> None:
        """Without a folder to write to, there is none, and that is said."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _prune(self._folder)
            # A process id alone is no name: in a container every process has the same.
            self._file = (self._folder / f"{time.time_ns() // 1_000_000}-{os.getpid()}.txt").open("xb", buffering=0)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            log.info("A crash of this process would leave no stack: %s cannot be written to (%s).", self._folder, fault)
            self._file = None
            return
        self._before = faulthandler.is_enabled()
        faulthandler.enable(self._file, all_threads=True)

    @property
    def file(self) -> IO[bytes] | None:
        return self._file

    def write(self, text: str) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.write(text.encode(errors="replace"))

    def close(self) -> None:
        """The process ends well, so the file goes."""
        if self._file is None:
            return
        faulthandler.disable()
        if self._before and sys.__stderr__ is not None:
            with contextlib.suppress(OSError, ValueError):
                faulthandler.enable(sys.__stderr__)
        with contextlib.suppress(OSError):
            Path(self._file.name).unlink(missing_ok=True)
        self._file.close()
        self._file = None


def last_words(folder: Path, within: float) -> str:
    """What processes that died here within the last so many seconds wrote, newest first; empty for nothing."""
    oldest = time.time() - within - SLACK
    found: list[tuple[float, str]] = []
    for path in (folder / "crash").glob("*.txt"):
        with contextlib.suppress(OSError):
            written_at = path.stat().st_mtime
            if written_at >= oldest and path.stat().st_size:
                with path.open("rb") as file:
                    found.append((written_at, file.read(LONGEST).decode(errors="replace")))
    return "\n\n".join(text for _, text in sorted(found, reverse=True)[:MOST])


def _prune(folder: Path) -> None:
    """Remove what dead processes left empty, and what is old or too much. A living one holds its file's lock."""
    # Their names begin with the time.
    for number, path in enumerate(sorted(folder.glob("*.txt"), reverse=True)):
        with contextlib.suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            stat = path.stat()
            if number >= MOST_KEPT or time.time() - stat.st_mtime > (KEPT_FOR if stat.st_size else EMPTY_KEPT_FOR):
                path.unlink()
