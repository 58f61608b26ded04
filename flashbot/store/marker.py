"""A small file in the data folder that remembers which store was used at an address, by the store's own id.

A store that was flushed, and a wrong database, look like a first start; only somebody who remembers can tell.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Marker"]

NAME = "stores.json"


@dataclass(frozen=True, slots=True)
class Marker:
    """The store at `place` is `id` now."""

    folder: Path
    place: str
    id: str

    @property
    def forgotten(self) -> bool:
        """Whether another store was here last time. A folder that remembers nothing says no."""
        return self._known().get(self.place, self.id) != self.id

    def keep(self) -> None:
        """From now on this is the one. A folder that cannot be written to remembers nothing."""
        known = self._known()
        if known.get(self.place) == self.id:
            return
        beside = self.folder / f".{NAME}.{os.getpid()}.part"
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside.write_text(json.dumps({**known, self.place: self.id}, indent=1))
            beside.replace(self.folder / NAME)

    def _known(self) -> dict[str, str]:
        with contextlib.suppress(OSError, ValueError):
            known = json.loads((self.folder / NAME).read_text())
            if isinstance(known, dict):
                return known
        return {}
