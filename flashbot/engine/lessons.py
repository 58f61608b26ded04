"""Trained recognisers in the data folder: a file for each lesson, shared by every process there.

A file appears whole or not at all. Whatever is wrong with one only means that it is trained anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, NamedTuple

__all__ = ["FOLDER", "Label", "Shelf"]

FOLDER = "recognisers"
KEPT_FOR = 30 * 24 * 3600.0
"""Seconds since a process last loaded it."""
HALF_KEPT_FOR = 3600.0
"""The same for what a killed process had begun to write."""
LOOK = 0.05
"""Seconds between two looks at a lock that another process holds."""
LONGEST_LABEL = 1_000
log = logging.getLogger("flashbot.training")


class Label(NamedTuple):
    """The first line of a file: what is in it, for people."""

    intents: int
    examples: int
    seconds: float
    """That the training took."""

    @property
    def size(self) -> str:
        intents, examples, _ = self
        return f"{intents:,} intent{'s' * (intents != 1)}, {examples:,} example{'s' * (examples != 1)}"


class Shelf:
    """The folder `recognisers` of a data folder; made when something is put there."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self.folder = data_dir / FOLDER

    def read(self, name: str) -> tuple[Label, bytes] | None:
        """What was written under this name; None where nothing was. Raises ValueError for a damaged file."""
        path = self._path(name)
        try:
            line, _, dump = path.read_bytes().partition(b"\n")
        except OSError:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return _label(line), dump

    def write(self, name: str, label: Label, dump: bytes) -> None:
        """Raises OSError; there is then no file, or the one of before."""
        path, beside = self._path(name), self.folder / f"{name}.{os.getpid()}.part"
        try:
            # Not synced: what a loss of power leaves is found to be damaged.
            with beside.open("wb") as file:
                file.write(json.dumps(label._asdict()).encode() + b"\n")
                file.write(dump)
            beside.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
        # Whoever waits for this lock still gets it, and finds the file.
        self._lock(name).unlink(missing_ok=True)
        self._prune()

    @contextlib.asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[bool]:
        """One process after the other; a death ends its turn. False where nothing can be written, which is said."""
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.mkdir(exist_ok=True, mode=0o700)
            held = self._lock(name).open("ab")
        except OSError as fault:
            self.complain(fault)
            yield False
            return
        with held:
            while not _locked(held):
                await asyncio.sleep(LOOK)
            yield True

    def complain(self, fault: OSError) -> None:
        log.warning(
            "%s cannot be written to (%s): the recogniser is trained anew at every start.",
            self.folder, fault.strerror or type(fault).__name__,
        )  # fmt: skip

    def labels(self) -> list[Label]:
        """Of every file, the one used last first."""
        found: list[tuple[float, Label]] = []
        for path in self.folder.glob("*.bin"):
            with contextlib.suppress(OSError, ValueError), path.open("rb") as file:
                found.append((path.stat().st_mtime, _label(file.readline(LONGEST_LABEL))))
        return [label for _, label in sorted(found, reverse=True)]

    def busy(self) -> bool:
        """Whether a process is training just now."""
        for path in self.folder.glob("*.lock"):
            with contextlib.suppress(OSError), path.open("rb") as file:
                if not _locked(file):
                    return True
        return False

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.bin"

    def _lock(self, name: str) -> Path:
        return self.folder / f"{name}.lock"

    def _prune(self) -> None:
        """Remove what nobody has used for long."""
        now = time.time()
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):
                if now - path.stat().st_mtime > (HALF_KEPT_FOR if path.suffix == ".part" else KEPT_FOR):
                    path.unlink()


def _label(line: bytes) -> Label:
    try:
        found = json.loads(line)
        return Label(int(found["intents"]), int(found["examples"]), float(found["seconds"]))
    except (KeyError, TypeError, OverflowError, RecursionError) as fault:
        raise ValueError("Its first line is no label.") from fault


def _locked(file: IO[bytes]) -> bool:
    """Whether the lock is ours now. Where the file system knows none, two may train the same: no harm."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True
