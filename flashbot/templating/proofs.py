"""`Proofs`: which templates passed their check, by a hash of what decides about one: a small file in the data folder.

Holds hashes and ids, no text and no key. Whatever is wrong with the file only means that everything is checked anew.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from flashbot.templating.book import write_whole

__all__ = ["Proofs"]

FOLDER = "templates"
VERSION = 1
"""Raised when the check looks at more than it did."""
MOST = 5_000
log = logging.getLogger("flashbot.templates")


class Proofs:
    """The proofs of one account (`book.account_of`): a digest, and for which contact and instance it holds.

    The context "" stands for any: the template asks MsgFlash for neither.
    """

    def __init__(self, data_dir: Path, account: str) -> None:
        self.path = data_dir / FOLDER / f"proofs-{account}.json"
        self._found = self._read()
        self._changed = False

    def passed(self, digest: str, context: str | None = None) -> bool:
        """Whether a check found nothing wrong with it; without a `context`, with whatever contact and instance."""
        held = self._found.get(digest, [])
        return bool(held) and (context is None or "" in held or context in held)

    def remember(self, digest: str, context: str = "") -> None:
        # Taken out first: what was checked last stands last, and stays longest.
        held = self._found.pop(digest, [])
        self._found[digest] = held if context in held else [*held, context]
        self._changed = True

    def save(self) -> None:
        """Write down what is new. A disk that takes nothing costs another check, no more."""
        if not self._changed:
            return
        kept = self._read()  # another check may have written meanwhile
        for digest, held in self._found.items():
            before = kept.pop(digest, [])
            kept[digest] = [*before, *(one for one in held if one not in before)]
        kept = dict(list(kept.items())[-MOST:])
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self.path, json.dumps({"version": VERSION, "passed": kept}, indent=0) + "\n")
        except OSError as fault:
            log.warning("%s cannot be written (%s): these templates will be checked again.", self.path, fault.strerror)
        else:
            self._changed = False

    def _read(self) -> dict[str, list[str]]:
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(found, dict) or found.get("version") != VERSION or not isinstance(found.get("passed"), dict):
            return {}
        return {
            digest: held
            for digest, held in found["passed"].items()
            if isinstance(held, list) and held and all(isinstance(one, str) for one in held)
        }
