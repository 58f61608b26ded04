"""Measures a recogniser, by default and with the sentence encoder, on the sets of a folder: each way by the same rules.

Times are CPU time, taken in rounds, the ways in turn, beside a loop in Python, so that a ratio can be told.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from statistics import fmean, median, quantiles
from typing import TYPE_CHECKING, TypeAlias

from bench.marks import Answer, acted_right, area, calibration_error, closed_right, refused
from bench.sets import NAMES, Said, Sets
from bench.typos import mistype

if TYPE_CHECKING:
    from flashbot.dialogue.recognition.recogniser import Recogniser

__all__ = ["WAYS", "Study"]

Pairs: TypeAlias = Sequence[tuple[str, str]]
Figures: TypeAlias = dict[str, float]

WAYS = ("default", "semantic")
SHORT = {"clinc150": "clinc", "banking77": "bank", "massive_fr": "fr", "massive_en": "en"}
FEW_SHOT = ("clinc150", "banking77", "massive_fr")
"""The three sets of the goal for typos."""
SEED = 5
LESSONS = {"small": (30, 15), "large": (150, 100)}
"""Intents and examples of each."""
LOOP = 1_000
"""Additions of the reference loop."""
ROUNDS = 5
TIMED = 600
"""Messages of a round."""


class Study:
    """`begin` is called with what is measured next, and the figures found are in `figures`, by way."""

    def __init__(
        self,
        sets: Sets,
        ways: Sequence[str],
        chosen: Sequence[str],
        *,
        lessons: Sequence[str] = tuple(LESSONS),
        begin: Callable[[str], None],
    ) -> None:
        self._sets = sets
        self._chosen = [name for name in NAMES if name in chosen]
        self._lessons = lessons
        self._begin = begin
        self._full: dict[str, Recogniser] = {}
        self.figures: dict[str, Figures] = {way: {} for way in ways}
        self.loop = 0.0
        """Milliseconds of the reference loop."""

    def run(self) -> None:
        for way, figures in self.figures.items():
            for name in self._chosen:
                self._measure(way, name, figures)
            if all(f"lost_{SHORT[name]}" in figures for name in FEW_SHOT):
                figures["typo"] = fmean(figures[f"lost_{SHORT[name]}"] for name in FEW_SHOT)
                figures["few_error"] = fmean(figures[f"error_{SHORT[name]}"] for name in FEW_SHOT)
        if "clinc150" in self._chosen:
            self._time()
            self._starts()

    # -- accuracy

    def _measure(self, way: str, name: str, figures: Figures) -> None:
        short = SHORT[name]
        messages = self._sets.messages(name)
        for shots in (5, 10):
            self._begin(f"{way}: {name}, {shots} examples")
            recogniser, _ = _trained(way, self._sets.few(name, shots))
            answers = _answers(recogniser, messages)
            figures[f"{short}_{shots}"] = closed_right(answers)
        random = Random(SEED)
        slipped = _answers(recogniser, [Said(mistype(said.text, random), said.intent) for said in messages])
        figures[f"lost_{short}"] = closed_right(answers) - closed_right(slipped)
        figures[f"error_{short}"] = calibration_error(answers)
        if name == "clinc150":
            figures |= _scope("clinc_10", answers, _answers(recogniser, self._sets.strangers(name)))
        self._begin(f"{way}: {name}, full")
        recogniser, seconds = _trained(way, self._sets.full(name))
        if name == "clinc150":
            figures["train_large"] = seconds
            self._full[way] = recogniser
        answers = _answers(recogniser, messages)
        figures[f"{short}_full"] = closed_right(answers)
        if name == "clinc150":
            figures |= _scope("clinc", answers, _answers(recogniser, self._sets.strangers(name)))
        if name == "massive_en" and "massive_fr" in self._chosen:
            figures["en_to_fr"] = closed_right(_answers(recogniser, self._sets.messages("massive_fr")))

    # -- cost

    def _time(self) -> None:
        """Of the recognisers of all 150 intents."""
        self._begin("times")
        texts = [said.text for said in self._sets.messages("clinc150")]
        Random(SEED).shuffle(texts)
        for recogniser in self._full.values():
            for text in texts[-TIMED:]:
                recogniser.match(text)
        loops: list[float] = []
        middles: defaultdict[str, list[float]] = defaultdict(list)
        ratios: defaultdict[str, list[float]] = defaultdict(list)
        taken: defaultdict[str, list[float]] = defaultdict(list)
        for number in range(ROUNDS):
            batch = [texts[at % len(texts)] for at in range(number * TIMED, (number + 1) * TIMED)]
            loops.append(median(_timed(_loop, batch)))
            for way, recogniser in self._full.items():
                times = _timed(recogniser.match, batch)
                middles[way].append(median(times))
                ratios[way].append(median(times) / loops[-1])
                taken[way] += times
        self.loop = median(loops)
        for way, figures in self.figures.items():
            figures["time"] = median(middles[way])
            figures["time_99"] = quantiles(taken[way], n=100)[-1]
            figures["time_ratio"] = median(ratios[way])

    def _starts(self) -> None:
        full = self._sets.full("clinc150")
        messages = [said.text for said in self._sets.messages("clinc150")[:200]]
        for way, figures in self.figures.items():
            for size in self._lessons:
                intents, examples = LESSONS[size]
                self._begin(f"{way}: starts with {intents} × {examples}")
                lesson = list(_lesson(full, intents, examples))
                if size == "small":
                    figures["train_small"] = median(_trained(way, lesson)[1] for _ in range(3))
                with tempfile.TemporaryDirectory(prefix="flashbot-bench-") as folder:
                    given = {"pairs": lesson, "folder": folder, "semantic": way == "semantic", "messages": messages}
                    cold, warm = _start(given), _start(given)
                    stored = sum(file.stat().st_size for file in Path(folder).rglob("*.bin"))
                assert cold["trained"]
                assert not warm["trained"]
                figures |= {
                    f"cold_{size}": cold["seconds"],
                    f"warm_{size}": warm["seconds"],
                    f"memory_{size}": warm["memory"],
                    f"dump_{size}": stored / 1e6,
                }


def _trained(way: str, pairs: Pairs) -> tuple[Recogniser, float]:
    """And the seconds of CPU that the training took."""
    # numpy is loaded here, after the number of its threads is set.
    from flashbot.dialogue.recognition.encoder import sentence_encoder
    from flashbot.dialogue.recognition.recogniser import Recogniser

    encoder = sentence_encoder() if way == "semantic" else None
    begun = time.process_time()
    recogniser = Recogniser.train(pairs, encoder=encoder)
    return recogniser, time.process_time() - begun


def _answers(recogniser: Recogniser, messages: Sequence[Said]) -> list[Answer]:
    found = []
    for text, truth in messages:
        match = recogniser.match(text)
        best = match.best
        found.append(Answer(truth, best.intent if best else None, match.intent, match.score))
    return found


def _scope(key: str, inside: Sequence[Answer], outside: Sequence[Answer]) -> Figures:
    return {
        f"{key}_inside": acted_right(inside),
        f"{key}_outside": refused(outside),
        f"{key}_area": area([one.score for one in inside], [one.score for one in outside]),
        f"{key}_error": calibration_error([*inside, *outside]),
    }


def _lesson(pairs: Pairs, intents: int, examples: int) -> Iterator[tuple[str, str]]:
    """The first examples of the first intents, by name."""
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for text, intent in pairs:
        texts[intent].append(text)
    for intent in islice(sorted(texts), intents):
        for text in texts[intent][:examples]:
            yield text, intent


def _loop(_: str) -> None:
    total = 0
    for number in range(LOOP):
        total += number


def _timed(call: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    """Milliseconds of each."""
    found = []
    for text in texts:
        begun = time.thread_time_ns()
        call(text)
        found.append((time.thread_time_ns() - begun) / 1e6)
    return found


def _start(given: Mapping[str, object]) -> dict[str, float]:
    """In a new process."""
    command = [sys.executable, str(Path(__file__).with_name("start.py"))]
    run = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"bench/start.py ended with exit code {run.returncode}: {run.stderr.strip()[-500:]}")
    found: dict[str, float] = json.loads(run.stdout)
    return found
