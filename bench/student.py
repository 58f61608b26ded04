"""`Student`: word vectors whose sums point where a teacher's vectors of whole texts point. Fitted by numpy alone.

The vectors' lengths are fitted too: a word that says little becomes short. Adam on the words of each batch; some words
of a text are left out at random, so that no word leans on its company.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Student"]

Array = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
BATCH = 512
LEFT_OUT = 0.1
RATE = 0.01
MOMENTUM, MEMORY = 0.9, 0.99
TINY = 1e-8


class Student:
    def __init__(self, start: Array) -> None:
        """`start`: (words, dimensions)."""
        self.vectors = start.copy()
        self._pace = np.zeros_like(start)
        self._size = np.zeros(len(start), np.float32)
        self._steps = np.zeros(len(start), np.int64)

    def fit(
        self,
        texts: Sequence[npt.NDArray[np.int32]],
        targets: npt.NDArray[np.float16],
        epochs: int,
        seed: int,
        told: Callable[[float], None],
    ) -> None:
        """`texts` are the numbers of their words; `told` hears the share that is done."""
        lengths = np.array([len(text) for text in texts])
        numbers, starts = np.concatenate(texts), np.concatenate([[0], np.cumsum(lengths)[:-1]])
        generator = np.random.default_rng(seed)
        batches = len(texts) // BATCH
        for step, rows in enumerate(self._rows(len(texts), epochs, generator)):
            words, counts = self._heard(numbers, starts[rows], lengths[rows], generator)
            self._learn(words, counts, targets[rows].astype(np.float32), step / (epochs * batches))
            if step % 100 == 0:
                told(step / (epochs * batches))

    @staticmethod
    def _rows(texts: int, epochs: int, generator: np.random.Generator) -> Iterator[Numbers]:
        for _ in range(epochs):
            order = generator.permutation(texts)
            yield from order[: texts // BATCH * BATCH].reshape(-1, BATCH)

    @staticmethod
    def _heard(
        numbers: npt.NDArray[np.int32], starts: Numbers, lengths: Numbers, generator: np.random.Generator
    ) -> tuple[npt.NDArray[np.int32], Numbers]:
        """Words of the texts, one text after the other, and how many each has; every text keeps at least one."""
        first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        words = numbers[np.arange(lengths.sum()) + np.repeat(starts - first, lengths)]
        kept = generator.random(len(words)) >= LEFT_OUT
        counts = np.add.reduceat(kept.astype(np.int64), first)
        kept[first[counts == 0]] = True
        return words[kept], np.maximum(counts, 1)

    def _learn(self, words: npt.NDArray[np.int32], counts: Numbers, targets: Array, done: float) -> None:
        """A step down the gradient of 1 - cosine."""
        divisors = np.sqrt(counts, dtype=np.float32)[:, None]
        sums = np.add.reduceat(self.vectors[words], np.concatenate([[0], np.cumsum(counts)[:-1]]), axis=0) / divisors
        lengths = np.linalg.norm(sums, axis=1, keepdims=True) + 1e-6
        sums /= lengths
        targets /= np.linalg.norm(targets, axis=1, keepdims=True) + 1e-6
        cosines = np.einsum("nd,nd->n", sums, targets)[:, None]
        slopes = (cosines * sums - targets) / (lengths * divisors * len(counts))
        order = np.argsort(words, kind="stable")
        there = words[order]
        first = np.flatnonzero(np.concatenate([[True], there[1:] != there[:-1]]))
        texts = np.repeat(np.arange(len(counts)), counts)[order]
        self._step(
            there[first], np.add.reduceat(slopes[texts], first, axis=0), RATE * (1 + math.cos(math.pi * done)) / 2
        )

    def _step(self, words: npt.NDArray[np.int32], slopes: Array, rate: float) -> None:
        """Adam, one scale a word."""
        self._steps[words] += 1
        steps = self._steps[words].astype(np.float32)[:, None]
        pace = MOMENTUM * self._pace[words] + (1 - MOMENTUM) * slopes
        size = MEMORY * self._size[words] + (1 - MEMORY) * np.einsum("nd,nd->n", slopes, slopes) / slopes.shape[1]
        self._pace[words], self._size[words] = pace, size
        spread = np.sqrt(size[:, None] / (1 - MEMORY**steps)) + TINY
        self.vectors[words] -= rate * pace / (1 - MOMENTUM**steps) / spread
