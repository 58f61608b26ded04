"""The figures that are measured of the recogniser, what they should be, and what others have published.

Published figures are of test splits, and most of fine-tuned transformers, which take a graphics card or a hundred times
the time and the memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ROWS", "SOURCES", "Goal", "Row"]


@dataclass(frozen=True, slots=True)
class Goal:
    must: float
    stretch: float


@dataclass(frozen=True, slots=True)
class Row:
    key: str
    label: str
    digits: int = 1
    less_is_better: bool = False
    measured_on: tuple[str, ...] = ()
    """The sets whose split is measured on."""
    goals: Mapping[str, Goal] = field(default_factory=dict)
    """By way: default, semantic."""
    published: str = ""


def _goals(must: float, stretch: float, semantic_must: float, semantic_stretch: float) -> dict[str, Goal]:
    return {"default": Goal(must, stretch), "semantic": Goal(semantic_must, semantic_stretch)}


CLINC, BANK, FRENCH, ENGLISH = ("clinc150",), ("banking77",), ("massive_fr",), ("massive_en",)
FEW = CLINC + BANK + FRENCH
ROWS = (
    Row("clinc_5", "CLINC150, 5 examples (%)", measured_on=CLINC,
        published="RoBERTa 88.0, USE 87.8, USE+ConveRT 90.5 [Z]"),
    Row("clinc_10", "CLINC150, 10 examples (%)", measured_on=CLINC, goals=_goals(82, 83.5, 88.5, 90),
        published="RoBERTa 91.6, USE 90.9, USE+ConveRT 93.3 [Z]"),
    Row("clinc_full", "CLINC150, full (%)", measured_on=CLINC, goals=_goals(92, 93.5, 95, 96)),
    Row("clinc_inside", "CLINC150, own threshold: in scope right (%)", measured_on=CLINC, goals=_goals(90, 91, 93, 94),
        published="SVM 88.2, Rasa 90.9, DialogFlow 90.8, BERT 96.2 [L]"),
    Row("clinc_outside", "CLINC150, own threshold: out of scope refused (%)", measured_on=CLINC,
        goals=_goals(72, 82, 84, 88), published="SVM 18.0, Rasa 31.2, DialogFlow 26.7, BERT 52.3 [L]"),
    Row("clinc_area", "CLINC150, AUROC in against out of scope", 3, measured_on=CLINC,
        goals=_goals(0.945, 0.957, 0.965, 0.975)),
    Row("clinc_error", "CLINC150, in and out of scope: error of the score (points)", measured_on=CLINC,
        less_is_better=True),
    Row("clinc_10_inside", "CLINC150, 10 examples, own threshold: in scope right (%)", measured_on=CLINC),
    Row("clinc_10_outside", "CLINC150, 10 examples, own threshold: out of scope refused (%)", measured_on=CLINC),
    Row("clinc_10_area", "CLINC150, 10 examples, AUROC", 3, measured_on=CLINC),
    Row("bank_5", "BANKING77, 5 examples (%)", measured_on=BANK,
        published="RoBERTa 74.0, USE 76.3, USE+ConveRT 77.8 [Z]"),
    Row("bank_10", "BANKING77, 10 examples (%)", measured_on=BANK, goals=_goals(76, 78, 83, 84.5),
        published="RoBERTa 84.3 [Z], USE 84.2, ConveRT 83.3, USE+ConveRT 85.2 [C]"),
    Row("bank_full", "BANKING77, full (%)", measured_on=BANK, published="USE+ConveRT 93.4, BERT 93.7 [C]"),
    Row("fr_5", "MASSIVE French, 5 examples (%)", measured_on=FRENCH),
    Row("fr_10", "MASSIVE French, 10 examples (%)", measured_on=FRENCH, goals=_goals(58.5, 61, 68, 70)),
    Row("fr_full", "MASSIVE French, full (%)", measured_on=FRENCH, goals=_goals(84, 85, 86.5, 87.5),
        published="XLM-R 86.3, mT5 86.9, mT5 encoder 87.2 [F]"),
    Row("en_5", "MASSIVE English, 5 examples (%)", measured_on=ENGLISH),
    Row("en_10", "MASSIVE English, 10 examples (%)", measured_on=ENGLISH),
    Row("en_full", "MASSIVE English, full (%)", measured_on=ENGLISH,
        published="XLM-R 88.3, mT5 87.9, mT5 encoder 89.0 [F]"),
    Row("en_to_fr", "MASSIVE, English examples, French messages, full (%)", measured_on=FRENCH,
        published="XLM-R 80.8, mT5 76.9, mT5 encoder 74.1 [F]"),
    Row("typo", "lost to one typo a message, 10 examples (points)", less_is_better=True, measured_on=FEW,
        goals=_goals(1.5, 0.8, 2.5, 1.5)),
    Row("few_error", "10 examples, in scope: error of the score (points)", less_is_better=True, measured_on=FEW),
    Row("time", "a message, 150 intents: median (ms)", 3, less_is_better=True, goals=_goals(0.25, 0.10, 2.5, 1.2)),
    Row("time_99", "a message, 150 intents: p99 (ms)", 3, less_is_better=True),
    Row("time_ratio", "a message, median, in reference loops", 1, less_is_better=True),
    Row("train_small", "training, 30 × 15 (s)", 2, less_is_better=True, goals={"default": Goal(1, 1)}),
    Row("train_large", "training, 150 × 100 (s)", 1, less_is_better=True, goals={"default": Goal(20, 20)}),
    Row("cold_small", "first start, 30 × 15 (s)", 2, less_is_better=True),
    Row("warm_small", "later start, 30 × 15 (s)", 2, less_is_better=True),
    Row("warm_large", "later start, 150 × 100 (s)", 2, less_is_better=True),
    Row("dump_small", "stored, 30 × 15 (MB)", 2, less_is_better=True),
    Row("dump_large", "stored, 150 × 100 (MB)", 1, less_is_better=True),
    Row("memory_small", "memory that it adds to a process, 30 × 15 (MB)", 0, less_is_better=True),
    Row("memory_large", "memory that it adds to a process, 150 × 100 (MB)", 0, less_is_better=True),
)  # fmt: skip
SOURCES = (
    "[L] Larson et al. 2019, An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction, "
    "aclanthology.org/D19-1131 (the paper itself was not at hand): threshold chosen on out-of-scope messages of the "
    "dev split.",
    "[C] Casanueva et al. 2020, Efficient Intent Detection with Dual Sentence Encoders, "
    "aclanthology.org/2020.nlp4convai-1.5 (as quoted by others); BERT is fine-tuned.",
    "[Z] Zhang et al., github.com/jianguoz/Few-Shot-Intent-Detection: these very examples; RoBERTa is fine-tuned.",
    "[F] FitzGerald et al. 2022, MASSIVE, arXiv:2204.08582, version 1.0 of the set: transformers of 258 to 580 million "
    "weights, fine-tuned on all 51 languages; English to French fine-tuned on English alone.",
)
