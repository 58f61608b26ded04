"""When catch-up last read MsgFlash's list to the end, kept in the data folder: a store that is emptied forgets it."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

__all__ = ["LastPass"]

NAME = "caught-up"
log = logging.getLogger("flashbot.catchup")


class LastPass:
    """A file of one moment. A folder that cannot be written to remembers nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, ms: int) -> None:
        beside = self._folder / f".{NAME}.{os.getpid()}.part"
        with contextlib.suppress(OSError):
            beside.write_text(str(ms))
            beside.replace(self._folder / NAME)

    def since_ms(self, *, forgotten: bool) -> int | None:
        """Where a store that forgot everything begins to catch up; None for any other, and where nobody knows."""
        if not forgotten:
            return None
        with contextlib.suppress(OSError, ValueError):
            return int((self._folder / NAME).read_text())
        log.warning(
            "Nothing tells when the missing store was last at work, so catch-up begins now: messages of before whose "
            "webhook never came, or which waited in that store, stay unanswered."
        )
        return None
