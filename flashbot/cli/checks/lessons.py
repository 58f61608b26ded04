"""A finding about the recogniser: whether a bot of this data folder has one, or still has to train it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flashbot.cli.checks.finding import Finding, ok

if TYPE_CHECKING:
    from flashbot.engine.lessons import Shelf

__all__ = ["judge_lessons"]

SUBJECT = "intents"


def judge_lessons(shelf: Shelf) -> Iterator[Finding]:
    """It knows no bot, so it goes by what the last one to start has used. No data folder, no finding."""
    labels = shelf.labels()
    busy = shelf.busy()
    if labels:
        latest = labels[0]
        yield ok(
            SUBJECT,
            f"The recogniser ({latest.size}) is in {shelf.folder}, trained in {latest.seconds:.2g} s."
            f"{' Another one is being trained.' if busy else ''}",
        )
    elif busy:
        yield ok(SUBJECT, "The recogniser is being trained just now; keywords and patterns are understood meanwhile.")
    elif shelf.folder.parent.is_dir():
        yield ok(SUBJECT, "No recogniser is here yet: a bot whose intents have examples trains it when it starts.")
