"""`Lesson`: what the intents of a kind of chat give a recogniser to learn from. It learns nothing itself."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from flashbot.dialogue.recognition.findings import ENOUGH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flashbot.dialogue.intents import Intent

__all__ = ["Lesson", "lesson_of", "too_few"]


class Lesson(NamedTuple):
    """Of intents with examples; what is reached by keywords or patterns alone needs no learning."""

    key: str
    """Equal for equal pairs, in the same order, and the same street language of the bot's own."""
    pairs: tuple[tuple[str, str], ...]
    """Each text and its intent's name."""


def lesson_of(intents: Iterable[Intent], street: Mapping[str, str] | None) -> Lesson | None:
    """None where there is no example."""
    pairs = tuple((text, intent.name) for intent in intents for text in intent.texts)
    if not pairs:
        return None
    known = json.dumps([pairs, sorted((street or {}).items())], ensure_ascii=False)
    return Lesson(sha256(known.encode("utf-8", "surrogatepass")).hexdigest(), pairs)


def too_few(intents: Iterable[Intent]) -> str:
    """A sentence about those that have a single example; empty where none has."""
    names = [f'"{intent.name}"' for intent in intents if len(intent.examples) == 1]
    if not names:
        return ""
    which = f"{len(names)} intents have one example each" if len(names) > 1 else "An intent has one example"
    return (
        f"{which}, too little to be known by in other words: {', '.join(names)}; "
        f"write {ENOUGH - 1} more{' for each' if len(names) > 1 else ''}."
    )
