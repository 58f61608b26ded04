"""`Agreement`: what a line says of its person's consent, and how yes, no and a date are written in a cell."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

__all__ = ["Agreement", "read_agreed", "read_date"]

YES = frozenset({"yes", "y", "oui", "o", "true", "vrai", "1", "x"})
NO = frozenset({"", "no", "n", "non", "false", "faux", "0"})
DAY_FIRST = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a line says of its person's consent; `source` is where they gave it."""

    source: str = field(default="", repr=False)
    at: datetime | None = None


def read_agreed(cell: str) -> bool | None:
    """None for what says neither yes nor no."""
    word = cell.strip().casefold()
    return True if word in YES else False if word in NO else None


def read_date(cell: str) -> datetime | None:
    """A date, or a date and a time, as ISO 8601 writes them or with the day first; None for anything else."""
    day_first = DAY_FIRST.fullmatch(cell.strip())
    written = "{2}-{1:0>2}-{0:0>2}".format(*day_first.groups()) if day_first else cell.strip()
    with contextlib.suppress(ValueError):
        found = datetime.fromisoformat(written)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
