"""`Brain`: a trained machine and the examples it learned from. It judges a text; it does not decide what to do."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10, sqrt
from typing import TYPE_CHECKING

import numpy as np

from flashbot.dialogue.recognition.calibration import Signs
from flashbot.dialogue.recognition.features import WORD_SHARE, Features, words_of
from flashbot.dialogue.recognition.machine import Rows, fit
from flashbot.dialogue.recognition.sight import Eyes, Sight, spelled_out
from flashbot.dialogue.text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from flashbot.dialogue.recognition.encoder import Encoder
    from flashbot.dialogue.recognition.machine import Array, Index
    from flashbot.dialogue.recognition.vectors import WordVectors

    Halves = npt.NDArray[np.float16]

__all__ = ["Brain", "View"]

TABLE_SHARE, TABLE_SHARE_BESIDE = np.float32(1.6), np.float32(0.8)
"""Of the table of words beside the pieces of words, which weigh 1: alone, and beside an encoder."""
ENCODER_SHARE = np.float32(1.5)
LANDMARK_SHARE = np.float32(1.5)
"""Of the closeness to landmarks."""
MOST_LANDMARKS = 1024
SHARPNESS = np.float32(2.0)
FEW = 6
"""The best intents, of which something is told."""
COMPARED = 3
"""The best intents, whose examples are looked at."""
UNSAID = 1.0
"""Added to what a text says when it is asked how much of it is known: of two small words, little."""
NEAREST = 3
"""Examples that are named."""


@dataclass(frozen=True, slots=True)
class View:
    """Of one text."""

    sight: Sight
    values: Array
    """Of every intent."""
    order: Index
    """Of the best few intents, best first."""
    signs: Signs
    near: tuple[tuple[int, int, float], ...]
    """The best intent's nearest examples, then the nearest of the runners-up: intent, number and likeness."""
    words: tuple[tuple[str, float], ...]
    """What each word adds to the best intent's value, in the order of the text."""


@dataclass(frozen=True, slots=True)
class Brain:
    eyes: Eyes
    encoder: Encoder | None
    examples: tuple[str, ...]
    """In the order of their intents."""
    worth: Halves
    """What a word or a pair of words is worth to each intent, then what a word is worth by its pieces."""
    pieces: Halves
    """(pieces, intents)"""
    constant: Array
    dense: Array
    """(dimensions of table and encoder, intents)"""
    landmarks: Array
    """Points of unit length (landmarks, dimensions)."""
    drawn: Array
    """What the closeness to each landmark is worth (landmarks, intents)."""
    row_index: Index
    row_value: Array
    """Words and pairs of all examples, one example after the other."""
    row_starts: Index
    """Where each example's begin, and where the last one's end."""
    points: Array
    """Of each example what it means, table and encoder (examples, dimensions): unit length."""
    begins: Index
    """Where each intent's examples begin, and where the last one's end."""

    @classmethod
    def train(
        cls,
        examples: Sequence[str],
        labels: Sequence[int],
        names: Sequence[str],
        rng: np.random.Generator,
        *,
        table: WordVectors,
        encoder: Encoder | None = None,
        street: Mapping[str, str] | None = None,
        codes: Array | None = None,
    ) -> Brain:
        """Labels are sorted, from 0. An intent's name is one more example of it.

        `codes`: what the encoder made of the examples, then of the names.
        """
        said = (*examples, *names)
        texts = [words_of(plain(text, street)) for text in said]
        features = Features.learn(texts)
        eyes = Eyes(features, table, street)
        spellings = {word: features.spelled(word) for word in features.words}
        built = [features.row(text, spellings) for text in texts]
        points = np.array([eyes.meaning(eyes.look(text)) for text in said], np.float32) * _table_share(encoder)
        if encoder is not None:
            codes = encoder.encode([spelled_out(text, street) for text in said]) if codes is None else codes
            points = np.hstack([points, codes * ENCODER_SHARE])
        units = points / np.maximum(np.sqrt(np.einsum("nd,nd->n", points, points))[:, None], 1e-6).astype(np.float32)
        inputs = points
        landmarks, mixed = units[:0], np.zeros((0, 0), np.float32)
        if encoder is not None:
            landmarks = units[np.sort(rng.permutation(len(said))[:MOST_LANDMARKS])]
            mixed = _mixed(landmarks) * LANDMARK_SHARE
            inputs = np.hstack([points, closeness(units, landmarks) @ mixed])
        rows = Rows([one for one, _ in built], [one for _, one in built], inputs, features.width)
        marks = np.array([*labels, *range(len(names))], np.intp)
        sparse, dense = fit(rows, marks, len(names), rng)
        words, named = len(features.words), len(features.words) + len(features.pairs)
        worth = np.zeros((named + words, len(names)), np.float16)
        worth[:named] = sparse[:named]
        for number, (index, value) in enumerate(spellings.values(), named):
            if number < len(worth):
                worth[number] = value @ sparse[index]
        kept = [features.known(text) for text in texts[: len(examples)]]
        return cls(
            eyes,
            encoder,
            tuple(examples),
            worth,
            sparse[named:-1].astype(np.float16),
            sparse[-1].copy(),
            dense[: points.shape[1]].copy(),
            landmarks,
            mixed @ dense[points.shape[1] :],
            np.concatenate([index for index, _ in kept]).astype(np.intp),
            np.concatenate([value for _, value in kept]).astype(np.float32),
            np.cumsum([0, *(len(index) for index, _ in kept)]).astype(np.intp),
            units[: len(examples)].copy(),
            np.searchsorted(labels, np.arange(len(names) + 1)).astype(np.intp),
        )

    def view(self, text: str, code: Array | None = None) -> View:
        """`code`: what the encoder made of the text, where that is known already."""
        sight = self.eyes.look(text)
        meaning = self.eyes.meaning(sight)
        point = self._point(meaning, sight, text, code)
        values = self.constant + point @ self.dense
        length = float(point @ point) ** 0.5
        if length:
            point = point / np.float32(length)
            if len(self.landmarks):
                values += closeness(point, self.landmarks) @ self.drawn
        index, value = self.eyes.features.known(sight.words)
        heard = [at for at, number in enumerate(sight.numbers) if number >= 0]
        named = len(self.eyes.features.rarities)
        sizes = sqrt(sum([rare * rare for rare in sight.rarities])) or 1.0
        shares = np.array(value + [sight.rarities[at] / sizes for at in heard], np.float32)
        taken = self.worth.take(index + [named + sight.numbers[at] for at in heard], 0).astype(np.float32)
        values += shares @ taken
        strange = self._by_pieces(sight, sizes) if len(heard) < len(sight.words) else {}
        for worth in strange.values():
            values += worth
        order = _best(values)
        scratch = np.zeros(named, np.float32)
        scratch[index] = shares[: len(index)]
        near = self._near(order[:COMPARED].tolist(), scratch, point)
        spoke = dict(zip(index, (shares[: len(index)] * taken[: len(index), order[0]]).tolist(), strict=True))
        spelled = (shares[len(index) :] * taken[len(index) :, order[0]]).tolist()
        worths = self._by_meaning(sight, meaning, int(order[0]))
        for at, worth_spelled in zip(heard, spelled, strict=True):
            worths[at] += worth_spelled + spoke.get(sight.numbers[at], 0.0)
        for at, worth in strange.items():
            worths[at] += float(worth[order[0]])
        return View(
            sight, values, order, self._signs(sight, values, order, near), near,
            tuple(zip(sight.words, worths, strict=True)),
        )  # fmt: skip

    def _near(self, compared: list[int], scratch: Array, point: Array) -> tuple[tuple[int, int, float], ...]:
        found: list[tuple[int, int, float]] = []
        for intent in compared:
            likeness, begin = self._likeness(intent, scratch, point), int(self.begins[intent])
            nearest = np.argsort(-likeness, kind="stable")[:NEAREST].tolist() if not found else [int(likeness.argmax())]
            found += [(intent, begin + at, float(likeness[at])) for at in nearest]
        return tuple(found)

    def _signs(self, sight: Sight, values: Array, order: Index, near: tuple[tuple[int, int, float], ...]) -> Signs:
        best, _, likeness = near[0]
        alone = len(values) == 1  # nothing to tell it from: only likeness speaks
        top = 2 * likeness - 1 if alone else float(values[best])
        whole = sum(sight.weights)
        heard = sum([weight for weight, number in zip(sight.weights, sight.numbers, strict=True) if number >= 0])
        return Signs(
            value=top,
            margin=likeness if alone else top - float(values[order[1]]),
            likeness=likeness,
            lead=likeness - max([one[2] for one in near if one[0] != best], default=0.0),
            known=heard / (whole + UNSAID),
            size=log10(len(self.examples)),
        )

    def _by_meaning(self, sight: Sight, meaning: Array, best: int) -> list[float]:
        """What each word's place in the table adds to the best intent's value."""
        table = self.eyes.table
        total = float(meaning @ self.dense[: table.dims, best]) * float(_table_share(self.encoder))
        towards = table.rows.take([max(place, 0) for place in sight.places], 0) @ (table.scale * meaning)
        parts = [
            max(weight * part, 0.0) if place >= 0 else 0.0
            for weight, part, place in zip(sight.weights, towards.tolist(), sight.places, strict=True)
        ]
        whole = sum(parts) or 1.0
        return [total * part / whole for part in parts]

    def _by_pieces(self, sight: Sight, sizes: float) -> dict[int, Array]:
        """What words that no example has are worth to each intent, by their place in the text."""
        features, found = self.eyes.features, {}
        for at, number in enumerate(sight.numbers):
            pieces, shares = features.spelled(sight.words[at]) if number < 0 else NO_PIECES
            if len(pieces):
                worth = self.pieces.take(pieces - len(features.rarities), 0).astype(np.float32)
                found[at] = (shares @ worth) * np.float32(sight.rarities[at] / sizes)
        return found

    def point(self, text: str) -> Array:
        """What the text means."""
        sight = self.eyes.look(text)
        return self._point(self.eyes.meaning(sight), sight, text, None)

    def _point(self, meaning: Array, sight: Sight, text: str, code: Array | None) -> Array:
        point = meaning * _table_share(self.encoder)
        if self.encoder is None:
            return point
        if code is None:
            code = self.encoder.encode([self.eyes.mended(sight, text)])[0]
        return np.concatenate([point, code * ENCODER_SHARE])

    def _likeness(self, intent: int, scratch: Array, point: Array) -> Array:
        """To each example of the intent, between -1 and 1. `scratch`: the text's words and pairs by number."""
        begin, end = int(self.begins[intent]), int(self.begins[intent + 1])
        start, stop = int(self.row_starts[begin]), int(self.row_starts[end])
        shared = scratch.take(self.row_index[start:stop]) * self.row_value[start:stop]
        words = np.add.reduceat(shared, self.row_starts[begin:end] - start)
        found: Array = words * np.float32(0.5 / WORD_SHARE**2) + np.float32(0.5) * (self.points[begin:end] @ point)
        return found


NO_PIECES: tuple[Index, Array] = np.zeros(0, np.intp), np.zeros(0, np.float32)


def _table_share(encoder: Encoder | None) -> np.float32:
    return TABLE_SHARE if encoder is None else TABLE_SHARE_BESIDE


def _best(values: Array) -> Index:
    """The numbers of the best few, best first."""
    if len(values) <= FEW:
        return np.argsort(-values, kind="stable")
    few = np.argpartition(-values, FEW - 1)[:FEW]
    return few[np.argsort(-values[few], kind="stable")]


def closeness(points: Array, landmarks: Array) -> Array:
    found: Array = np.exp(SHARPNESS * (points @ landmarks.T - 1))
    return found


def _mixed(landmarks: Array) -> Array:
    """What makes closeness to landmarks a vector whose products are closenesses (Nyström)."""
    values, vectors = np.linalg.eigh(closeness(landmarks, landmarks).astype(np.float64))
    kept = values > 1e-5 * values[-1]
    found: Array = (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    return found
