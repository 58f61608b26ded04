"""A trained recogniser as bytes and back: arrays and one JSON text, no pickle."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from flashbot.dialogue.recognition.brain import Brain
from flashbot.dialogue.recognition.features import Features
from flashbot.dialogue.recognition.sight import Eyes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flashbot.dialogue.recognition.encoder import Encoder
    from flashbot.dialogue.recognition.vectors import WordVectors

__all__ = ["read", "write"]

ARRAYS = (
    "worth", "pieces", "constant", "dense", "landmarks", "drawn", "row_index", "row_value", "row_starts", "points",
    "begins",
)  # fmt: skip


DIGEST = 32
"""Bytes of the checksum before all else."""


def write(brain: Brain, head: Mapping[str, Any]) -> bytes:
    """`head` is what JSON can hold."""
    features, eyes = brain.eyes.features, brain.eyes
    said = {
        **head,
        "table": eyes.table.name,
        "encoder": brain.encoder.name if brain.encoder is not None else None,
        "street": dict(eyes.street) if eyes.street is not None else None,
        "examples": brain.examples,
        "words": list(features.words),
        "pairs": list(features.pairs),
        "pieces": list(features.pieces),
        "unseen": features.unseen,
    }
    arrays = {name: getattr(brain, name) for name in ARRAYS}
    arrays["rarity"] = features.rarity
    arrays["head"] = np.frombuffer(json.dumps(said, ensure_ascii=False).encode(), np.uint8)
    stored = io.BytesIO()
    np.savez(stored, allow_pickle=False, **arrays)
    body = stored.getvalue()
    return hashlib.sha256(body).digest() + body


def read(stored: bytes, *, version: int, table: WordVectors, encoder: Encoder | None) -> tuple[Brain, dict[str, Any]]:
    """Raises ValueError when it is damaged, of another version, or made with another table or encoder."""
    body = stored[DIGEST:]
    if hashlib.sha256(body).digest() != stored[:DIGEST]:
        raise ValueError("It is damaged: its checksum is another.")
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        head = json.loads(found.pop("head").tobytes())
        if head["version"] != version:
            raise ValueError(f"It is of version {head['version']}, and this flashbot reads {version}.")
        mine = (table.name, None if encoder is None else encoder.name)
        if (head["table"], head["encoder"]) != mine:
            raise ValueError("It was learned with another table of words or another encoder.")
        words, pairs = head["words"], head["pairs"]
        features = Features(
            {word: number for number, word in enumerate(words)},
            {pair: number for number, pair in enumerate(pairs, len(words))},
            {piece: number for number, piece in enumerate(head["pieces"], len(words) + len(pairs))},
            found["rarity"],
            head["unseen"],
        )
        brain = Brain(
            Eyes(features, table, head["street"]),
            encoder,
            tuple(head["examples"]),
            **{name: found[name] for name in ARRAYS},
        )
    except (KeyError, TypeError) as fault:
        raise ValueError(f"It is no recogniser of this flashbot: {fault}.") from fault
    return brain, head
