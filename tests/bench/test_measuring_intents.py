from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from bench.marks import Answer, acted_right, area, calibration_error, closed_right, refused
from bench.sets import Said, Sets
from bench.typos import NEIGHBOURS, mistype

ROOT = Path(__file__).parents[2]


def _write(folder: Path, split: str, said: Iterable[tuple[str, str | None]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / f"{split}.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": text, "intent": intent}) + "\n" for text, intent in said)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A set in the shape of CLINC150."""
    folder = tmp_path / "clinc150"
    words = {"track": "parcel order delivery", "refund": "refund money return", "hours": "open close hours"}
    places = ("today", "please", "my friend", "for paris", "now", "again", "tomorrow")
    said = [
        (f"about {word} {place}", intent)
        for intent, named in words.items()
        for word in named.split()
        for place in places
    ]
    for split in ("train", "train_5", "train_10"):
        _write(folder, split, said[::2])
    _write(folder, "dev", said[1::2])
    _write(folder, "oos_dev", [("sing me a song", None), ("who won the match", None)])
    return tmp_path


def test_a_typo_is_one_slip_in_one_longer_word() -> None:
    random = Random(1)

    slipped = [mistype("what is the status of my order", random) for _ in range(300)]

    words = ["what", "is", "the", "status", "of", "my", "order"]
    for text in slipped:
        changed = [number for number, word in enumerate(text.split()) if word != words[number]]
        assert len(changed) == 1
        assert words[changed[0]] in {"what", "status", "order"}
        assert abs(len(text.split()[changed[0]]) - len(words[changed[0]])) <= 1
    assert len(set(slipped)) > 50


def test_a_typo_is_the_same_for_a_seed() -> None:
    one, other = Random(3), Random(3)

    assert mistype("where is my order", one) == mistype("where is my order", other)


@pytest.mark.parametrize("text", ["", "ok", "the cat sat", "order12345", "where's it"])
def test_a_text_without_a_longer_word_has_no_typo(text: str) -> None:
    assert mistype(text, Random(1)) == text


def test_the_neighbours_of_a_key_are_those_of_both_keyboards() -> None:
    assert set(NEIGHBOURS["a"]) == set("qzws")
    assert "a" not in NEIGHBOURS["p"]


def test_shares_are_counted_over_all_messages() -> None:
    answers = [
        Answer("track", "track", "track", 0.9),
        Answer("track", "track", None, 0.3),
        Answer("track", "refund", "refund", 0.8),
        Answer("refund", None, None, 0.0),
    ]

    assert (closed_right(answers), acted_right(answers), refused(answers)) == (50, 25, 50)


def test_a_stranger_that_is_refused_is_not_acted_upon_rightly() -> None:
    assert acted_right([Answer(None, "track", None, 0.1)]) == 0


@pytest.mark.parametrize(
    ("inside", "outside", "expected"),
    [([0.9, 0.8], [0.1, 0.2], 1), ([0.1], [0.9], 0), ([0.5], [0.5], 0.5), ([0.9, 0.4], [0.5, 0.3], 0.75)],
)
def test_the_area_is_how_often_scope_scores_above_strangers(
    inside: list[float], outside: list[float], expected: float
) -> None:
    assert area(inside, outside) == expected


def test_the_error_of_scores_is_their_distance_from_what_is_right() -> None:
    sure = [Answer("track", "track", "track", 1.0)] * 3 + [Answer("track", "refund", "refund", 1.0)]
    fair = [Answer("track", "track", None, 0.5), Answer(None, "track", None, 0.5)]

    assert calibration_error(sure) == pytest.approx(25)
    assert calibration_error(fair) == pytest.approx(0)


def test_the_test_split_is_measured_where_there_is_one(tmp_path: Path) -> None:
    _write(tmp_path / "banking77", "dev", [("one", "a")])
    _write(tmp_path / "banking77", "train", [("one", "a"), ("two", "a")])
    _write(tmp_path / "banking77", "train_less_dev", [("two", "a")])
    sets = Sets(tmp_path)
    before = sets.split("banking77"), sets.messages("banking77"), sets.full("banking77")

    _write(tmp_path / "banking77", "test", [("three", "a")])

    assert before == ("dev", [Said("one", "a")], [("two", "a")])
    assert sets.messages("banking77") == [Said("three", "a")]
    assert sets.full("banking77") == [("one", "a"), ("two", "a")]


def test_a_quick_run_prints_what_it_measured_and_on_which_split(shop: Path, tmp_path: Path) -> None:
    command = [sys.executable, "bench/intents.py", str(shop), "--quick", "--sets", "clinc150", "--markdown"]
    command += ["--json", str(tmp_path / "figures.json")]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    assert "| CLINC150, full (%) | dev |" in run.stdout
    assert "Measured on the dev split" in run.stdout
    found = json.loads((tmp_path / "figures.json").read_text())
    assert found["splits"] == {"clinc150": "dev"}
    assert found["figures"]["default"]["clinc_full"] > 50
    assert found["figures"]["default"].keys() >= {"clinc_area", "time", "train_small", "warm_small", "memory_small"}


def test_a_set_that_is_not_there_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "bench/intents.py", str(tmp_path)]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert run.returncode == 2
    assert "holds no train.jsonl.gz" in run.stderr
