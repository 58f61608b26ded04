"""`Running`: which checks run on this data folder, so that what a killed one has left at MsgFlash is known at once.

A file for each, locked while it runs: the system lets go of it however the process ends. It asks MsgFlash nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import re
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO

__all__ = ["Running"]

WORD = re.compile(r"[0-9a-f]{12}")


class Running:
    """Of one account: `folder` has only these files; None, or one that cannot be written: nothing is known.

    `killed` are the words of the checks that did not come to their end, from when the block begins.
    """

    def __init__(self, folder: Path | None, word: str) -> None:
        self._folder = folder
        self._word = word
        self._file: IO[bytes] | None = None
        self.killed: frozenset[str] = frozenset()

    def __enter__(self) -> Running:
        if self._folder is not None:
            with contextlib.suppress(OSError):
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                self.killed = frozenset(one.name for one in self._folder.iterdir() if _is_killed(one))
                self._begin(self._folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self.forget([self._word])
            self._file.close()

    def forget(self, words: Iterable[str]) -> None:
        """Nothing of these is at MsgFlash any more."""
        for word in words:
            if self._folder is not None:
                with contextlib.suppress(OSError):
                    (self._folder / word).unlink(missing_ok=True)

    def _begin(self, folder: Path) -> None:
        # Under its name only when it is locked: without a lock it would be taken for killed.
        part = folder / f".{self._word}"
        self._file = part.open("xb")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.rename(folder / self._word)


def _is_killed(path: Path) -> bool:
    if not WORD.fullmatch(path.name):
        return False
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # it runs, or has just ended
        return False
    return True
