"""A timer of one contact: set and cleared by a turn, come back as an event. Where it waits is the store's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["ASKED", "DRIP", "OWNER", "STEP", "Timer", "TimerFired"]

STEP = "step"
ASKED = "asked"
OWNER = "owner"
DRIP = "drip:"
"""Before the drip's name."""


@dataclass(frozen=True, slots=True)
class Timer:
    """The generation tells a live timer from one that was replaced under the same name."""

    name: str
    generation: int
    due: datetime


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer whose time has come. It may come late, and it may be stale."""

    contact: str
    name: str
    generation: int
    due: datetime
