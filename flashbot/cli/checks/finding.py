"""`Finding`: one line of a diagnosis. It never holds a key, a secret or a whole phone number."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Level", "broken", "masked", "ok", "unknown", "warning"]


class Level(StrEnum):
    """How bad it is. Only `broken` makes a diagnosis fail."""

    ok = "ok"
    warning = "warning"
    broken = "broken"
    unknown = "unknown"
    """It could not be found out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`found` is one sentence; `next` the next thing to do, empty where there is nothing to do."""

    level: Level
    subject: str
    found: str
    next: str = ""


def ok(subject: str, found: str) -> Finding:
    return Finding(Level.ok, subject, found)


def warning(subject: str, found: str, then: str) -> Finding:
    return Finding(Level.warning, subject, found, then)


def broken(subject: str, found: str, then: str) -> Finding:
    return Finding(Level.broken, subject, found, then)


def unknown(subject: str, found: str, then: str) -> Finding:
    return Finding(Level.unknown, subject, found, then)


def masked(number: str | None) -> str:
    """A phone by its last two digits."""
    digits = "".join(sign for sign in number or "" if sign.isdigit())
    return f"…{digits[-2:]}" if digits else "no number"
