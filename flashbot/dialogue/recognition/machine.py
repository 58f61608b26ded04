"""A linear machine: one value per intent, learned by dual coordinate descent. Numbers in, numbers out.

One-against-rest with squared hinge loss (Hsieh et al. 2008, "A Dual Coordinate Descent Method for Large-scale Linear
SVM"). With few texts a multinomial logistic machine knows more (Shalev-Shwartz and Zhang 2013, "Stochastic Dual
Coordinate Ascent Methods"), and the two are added up. All intents are stepped at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Index = NDArray[np.intp]
    Move = Callable[[Array, Array, int, np.float32], Array]

__all__ = ["Rows", "fit"]


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts as the machine sees them: named features that few texts have, and a vector that each has."""

    index: Sequence[Index]
    """Of each text, the numbers of its features, none twice."""
    value: Sequence[Array]
    dense: Array
    """(texts, dimensions)"""
    width: int
    """How many features there are."""


LOGISTIC_SHARE = np.float32(0.4)
"""Of the logistic machine, whose values are larger, beside the other."""
HINGE_COST, HINGE_COST_OF_MANY, HINGE_ROUNDS = 0.6, 0.3, 8
LOGISTIC_COST, LOGISTIC_ROUNDS = np.float32(8), 10
MANY = 5000
"""Texts from which on the logistic machine adds nothing but time."""
CURVE = np.float32(0.1)
"""How curved the logistic loss is taken to be: half would be the bound; a fifth of that converges, and faster."""


def fit(rows: Rows, labels: Index, intents: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Weights of the features (width, intents) and of the dense dimensions (dimensions, intents)."""
    if len(rows.index) >= MANY:
        return _descend(rows, labels, intents, rng, partial(_hinge, ridge=0.5 / HINGE_COST_OF_MANY), HINGE_ROUNDS)
    hinge = _descend(rows, labels, intents, rng, partial(_hinge, ridge=0.5 / HINGE_COST), HINGE_ROUNDS)
    logistic = _descend(rows, labels, intents, rng, _logistic, LOGISTIC_ROUNDS)
    return hinge[0] + LOGISTIC_SHARE * logistic[0], hinge[1] + LOGISTIC_SHARE * logistic[1]


def _descend(
    rows: Rows, labels: Index, intents: int, rng: np.random.Generator, move: Move, rounds: int
) -> tuple[Array, Array]:
    texts = len(rows.index)
    sparse = np.zeros((rows.width, intents), np.float32)
    dense = np.zeros((rows.dense.shape[1], intents), np.float32)
    duals = np.zeros((texts, intents), np.float32)
    lengths = np.array([value @ value for value in rows.value], np.float32)
    lengths += np.einsum("nd,nd->n", rows.dense, rows.dense)
    for _ in range(rounds):
        for n in rng.permutation(texts):
            index, value, vector = rows.index[n], rows.value[n], rows.dense[n]
            mine = sparse.take(index, 0)
            change = move(value @ mine + vector @ dense, duals[n], labels[n], lengths[n])
            duals[n] += change
            mine += value[:, None] * change
            sparse[index] = mine
            dense += vector[:, None] * change
    return sparse, dense


def _hinge(values: Array, dual: Array, label: int, length: np.float32, *, ridge: float) -> Array:
    """By how much one text's duals change: signed, so that they are its share in the weights."""
    rest = np.float32(1 / (length + ridge))
    moved = (dual - rest * (values + np.float32(ridge) * dual)).astype(np.float32, copy=False)
    mine = max(moved[label] + rest, np.float32(0))
    np.minimum(moved - rest, 0, out=moved)
    moved[label] = mine
    moved -= dual
    return moved


def _logistic(values: Array, dual: Array, label: int, length: np.float32) -> Array:
    raised = np.exp(values - values.max())
    aim = raised * (-LOGISTIC_COST / raised.sum())
    aim[label] += LOGISTIC_COST
    change: Array = (aim - dual) / (1 + LOGISTIC_COST * CURVE * length)
    return change
