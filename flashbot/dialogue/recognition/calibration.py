"""`Calibration`: from what a text looked like to the probability that the best guess is right. Numbers only."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from flashbot.dialogue.recognition.machine import Array

__all__ = ["Calibration", "Signs"]


class Signs(NamedTuple):
    """What tells a right guess from a wrong one, and a text in scope from a stranger."""

    value: float
    """Of the best intent: 1 is well inside, -1 well outside."""
    margin: float
    """From there down to the second best."""
    likeness: float
    """Of the best intent's nearest example."""
    lead: float
    """From the nearest example of the runners-up up to that."""
    known: float
    """How much of what the text says is said in words that the examples have: 0 to 1."""
    size: float
    """Of the lesson: the logarithm to base 10 of the number of examples."""
    rest: float = 1.0
    """For the constant."""


PRIOR: tuple[float, ...] = (0.27, 0.84, 2.49, 1.58, 1.95, -1.05, -0.84)
TRUST = 80.0
"""How much the prior counts."""


SHARPNESS = np.float32(2)
ALIKE = 0.25
"""The likeness of a text to an example that counts for something without a common word."""


@dataclass(frozen=True, slots=True)
class Calibration:
    weights: tuple[float, ...]

    @classmethod
    def fit(
        cls,
        signs: Sequence[Signs],
        right: Sequence[bool],
        strangers: Sequence[bool],
        share: float,
        *,
        trust: float = TRUST,
    ) -> Calibration:
        """Logistic regression, drawn to the prior where there is little to learn from.

        `share` is how many of all messages are taken to be strangers.
        """
        weights = np.array(PRIOR)
        if not signs:
            return cls(tuple(weights.tolist()))
        seen, truth, odd = np.array(signs, np.float64), np.array(right, np.float64), np.array(strangers)
        if odd.any() and not odd.all():
            mass = np.where(odd, share / odd.mean(), (1 - share) / (1 - odd.mean()))
        else:
            mass = np.ones(len(truth))
        prior, ridge = weights.copy(), np.full(len(weights), trust)

        def loss(at: NDArray[np.float64]) -> float:
            values = seen @ at
            misfit = mass @ (np.logaddexp(0, values) - truth * values)
            return float(misfit + 0.5 * ridge @ (at - prior) ** 2)

        for _ in range(30):
            guess = 1 / (1 + np.exp(-np.clip(seen @ weights, -30, 30)))
            slope = seen.T @ (mass * (guess - truth)) + ridge * (weights - prior)
            curve = (seen * (mass * guess * (1 - guess))[:, None]).T @ seen + np.diag(ridge)
            step, size = np.linalg.solve(curve, slope), 1.0
            while size > 1e-3 and loss(weights - size * step) > loss(weights):
                size /= 2
            weights = weights - size * step
            if np.abs(size * step).max() < 1e-6:
                break
        return cls(tuple(weights.tolist()))

    def score(self, signs: Signs) -> float:
        """Where the examples have none of the words and nothing is like the text, there is no guess to be right."""
        total = sum([weight * sign for weight, sign in zip(self.weights, signs, strict=True)])
        score = 1 / (1 + exp(-min(max(total, -30.0), 30.0)))
        if signs.known or signs.likeness >= ALIKE:
            return score
        return score * max(signs.likeness, 0.0) / ALIKE


def runners_up(score: float, behind: Array) -> Array:
    """What the other intents score, by how far their values are behind the best one's, which has `score`."""
    scores = np.float32(score) * np.exp(SHARPNESS * np.minimum(behind, 0))
    left = (1 - score) / max(float(scores.sum()), 1e-9)
    found: Array = scores if left >= 1 else scores * np.float32(left)
    return found
