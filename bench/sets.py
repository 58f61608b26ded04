"""Public sets of messages and what they mean, from files: what there is to train on, and what to measure on.

A folder a set, with `<split>.jsonl.gz` files of `{"text": …, "intent": …}` lines; no intent is out of scope.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

__all__ = ["NAMES", "Said", "Sets"]

NAMES = ("clinc150", "banking77", "massive_fr", "massive_en")
SEED = 20_240_229


class Said(NamedTuple):
    text: str
    intent: str | None


class Sets:
    """`most`: at most so many examples an intent, and twenty times as many messages to measure on."""

    def __init__(self, folder: Path, most: int | None = None) -> None:
        self._folder = folder
        self._most = most

    def has(self, name: str, split: str) -> bool:
        return self._path(name, split).exists()

    def split(self, name: str) -> str:
        """What is measured on: `test` where there is one, else `dev`."""
        return "test" if self.has(name, "test") else "dev"

    def few(self, name: str, shots: int) -> list[tuple[str, str]]:
        return self._pairs(name, f"train_{shots}")

    def full(self, name: str) -> list[tuple[str, str]]:
        """Without what is measured on: the dev split of BANKING77 is a part of its training split."""
        less = self.split(name) == "dev" and self.has(name, "train_less_dev")
        return self._pairs(name, "train_less_dev" if less else "train")

    def messages(self, name: str) -> list[Said]:
        """In scope, to measure on."""
        return self._sample(self._read(name, self.split(name)))

    def strangers(self, name: str) -> list[Said]:
        """Out of scope, to measure on; with no test split all that there are, as none is ever trained on."""
        kinds = ("oos_test",) if self.split(name) == "test" else ("oos_dev", "oos_train")
        return self._sample([said for kind in kinds if self.has(name, kind) for said in self._read(name, kind)])

    def _pairs(self, name: str, split: str) -> list[tuple[str, str]]:
        kept: defaultdict[str, int] = defaultdict(int)
        pairs = []
        for text, intent in self._read(name, split):
            if intent is not None and (self._most is None or kept[intent] < self._most):
                kept[intent] += 1
                pairs.append((text, intent))
        return pairs

    def _sample(self, said: Sequence[Said]) -> list[Said]:
        if self._most is None:
            return list(said)
        return Random(SEED).sample(said, min(len(said), 20 * self._most))

    def _read(self, name: str, split: str) -> list[Said]:
        with gzip.open(self._path(name, split), "rt", encoding="utf-8") as lines:
            return [Said(found["text"], found["intent"]) for found in map(json.loads, lines)]

    def _path(self, name: str, split: str) -> Path:
        return self._folder / name / f"{split}.jsonl.gz"
