from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from bench.examples import INTENTS, SIZES, draw, hear
from bench.sets import Said, Sets
from flashbot.dialogue.intents import Recogniser


@pytest.fixture
def sets(tmp_path: Path) -> Sets:
    """Both languages of a set with more intents than are drawn."""
    for name, word in (("massive_en", "parcel"), ("massive_fr", "colis")):
        (tmp_path / name).mkdir()
        for split, count in (("train", max(SIZES)), ("dev", 2)):
            rows = [(f"{word} {split} {number} of {one}", f"i{one}") for one in range(25) for number in range(count)]
            with gzip.open(tmp_path / name / f"{split}.jsonl.gz", "wt", encoding="utf-8") as file:
                file.writelines(json.dumps({"text": text, "intent": intent}) + "\n" for text, intent in rows)
    return Sets(tmp_path)


def test_a_draw_is_the_same_for_its_number_in_either_language(sets: Sets) -> None:
    one, again, other = (draw(sets, "massive_en", number) for number in (0, 0, 1))
    french = draw(sets, "massive_fr", 0)

    assert one == again != other
    assert len(one.examples) == INTENTS
    assert {said.intent for said in one.messages} == set(one.examples)
    assert [text.replace("colis", "parcel") for text, _ in french.pairs(5)] == [text for text, _ in one.pairs(5)]


def test_examples_after_others_are_none_of_them(sets: Sets) -> None:
    drawn = draw(sets, "massive_en", 0)

    first, next_ = drawn.pairs(5), drawn.pairs(5, after=5)

    assert len(first) == len(next_) == 5 * INTENTS
    assert not set(first) & set(next_)


def test_every_message_has_one_fate() -> None:
    recogniser = Recogniser.train([("where is my parcel", "track"), ("give me money", "refund"), ("hello", "hi")])
    said = [
        Said("where is my parcel", "track"),
        Said("where is my parcel", "refund"),
        Said("zzz", "hi"),
        Said("qq", "hi"),
    ]

    fates = hear(recogniser, said)

    assert (fates.answered, fates.wrongly) == (25, 25)
    assert fates.answered + fates.wrongly + fates.asked + fates.refused == 100
