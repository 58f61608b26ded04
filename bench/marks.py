"""What a recogniser's answers are worth: shares, the area under the curve, the error of its scores. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

__all__ = ["Answer", "acted_right", "area", "calibration_error", "closed_right", "refused"]

BINS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """To one message; intents are None for what is out of scope, and for what was not acted upon."""

    truth: str | None
    best: str | None
    """The best guess, good enough to act upon or not."""
    acted: str | None
    score: float

    @property
    def right(self) -> bool:
        """The best guess is."""
        return self.truth is not None and self.best == self.truth


def closed_right(answers: Sequence[Answer]) -> float:
    """Percent whose best guess is right."""
    return _percent(answer.right for answer in answers)


def acted_right(answers: Sequence[Answer]) -> float:
    """Percent that were acted upon, and rightly."""
    return _percent(answer.acted is not None and answer.acted == answer.truth for answer in answers)


def refused(answers: Sequence[Answer]) -> float:
    """Percent that were not acted upon."""
    return _percent(answer.acted is None for answer in answers)


def area(inside: Sequence[float], outside: Sequence[float]) -> float:
    """Under the ROC curve: how likely a message in scope scores above one out of scope; a tie is a half."""
    ranked = sorted([(score, 0) for score in outside] + [(score, 1) for score in inside])
    below, wins = 0, 0.0
    for _, group in groupby(ranked, key=lambda one: one[0]):
        kinds = [kind for _, kind in group]
        ours = sum(kinds)
        others = len(kinds) - ours
        wins += ours * (below + others / 2)
        below += others
    return wins / (len(inside) * len(outside))


def calibration_error(answers: Sequence[Answer]) -> float:
    """Expected: how far scores are from the share that is right, in points, over ten bins of equal width."""
    bins: list[list[Answer]] = [[] for _ in range(BINS)]
    for answer in answers:
        bins[min(BINS - 1, int(answer.score * BINS))].append(answer)
    gaps = (abs(sum(one.right - one.score for one in held)) for held in bins)
    return 100 * sum(gaps) / len(answers)


def _percent(hits: Iterable[bool]) -> float:
    counted = list(hits)
    return 100 * sum(counted) / len(counted)
