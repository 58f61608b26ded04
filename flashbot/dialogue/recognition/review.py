"""`review`: what is wrong with a bot's examples, found by asking a recogniser about each one that it has not seen.

Every example is held out once, in one of a few folds, while the others teach; near duplicates are held out together,
for one would give the other away. It judges examples and no code: tiers before the recogniser are not asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from flashbot.dialogue.recognition.advice import advise
from flashbot.dialogue.recognition.findings import (
    ENOUGH,
    FATES,
    LIKE,
    Confusion,
    Fate,
    IntentMarks,
    Pull,
    Review,
    Twins,
)
from flashbot.dialogue.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from flashbot.dialogue.match import Match
    from flashbot.dialogue.recognition.encoder import Encoder
    from flashbot.dialogue.recognition.machine import Array
    from flashbot.dialogue.recognition.neighbours import Nearest
    from flashbot.dialogue.recognition.recogniser import Recogniser

__all__ = ["FOLDS", "folds_for", "review", "seconds_for"]

FOLDS = 5
LARGE = 4_000
"""Examples from which on three folds are as telling as five, and training takes seconds."""
MOST_WORDS = 3
NOTHING: Mapping[tuple[str, str], str] = MappingProxyType({})
SECONDS_AN_INTENT, SECONDS_AN_EXAMPLE = 0.02, 8e-4
SECONDS_ENCODED = 2e-3
"""Of one training, measured; the last, for each example, with a sentence encoder."""


class Heard(NamedTuple):
    """What a recogniser that had not seen it made of an example; `at` is its number in the lesson."""

    at: int
    fate: Fate
    guess: str | None
    score: float
    words: tuple[tuple[str, float], ...]


def folds_for(examples: int) -> int:
    return 3 if examples >= LARGE else FOLDS


def seconds_for(pairs: Sequence[tuple[str, str]], folds: int, *, encoded: bool) -> float:
    """About how long a review takes on one core."""
    intents = len({intent for _, intent in pairs})
    example = SECONDS_AN_EXAMPLE + SECONDS_ENCODED * encoded
    return (folds + 1) * (SECONDS_AN_INTENT * intents + example * len(pairs))


def review(
    pairs: Iterable[tuple[str, str]],
    seed: int = 0,
    encoder: Encoder | None = None,
    street: Mapping[str, str] | None = None,
    folds: int = FOLDS,
    *,
    made_from: Mapping[tuple[str, str], str] = NOTHING,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Review:
    """Of a lesson: pairs of a text and its intent. The same lesson and seed give the same review.

    `made_from` has, by pair, the example with slots that a text is a filling of: all fillings of one count as that one
    example. It trains `folds` + 1 recognisers, and says after each how many of them are done: `told(done, total)`.
    """
    from flashbot.dialogue.recognition.neighbours import neighbours
    from flashbot.dialogue.recognition.recogniser import Recogniser

    fillings: dict[tuple[str, str], list[str]] = defaultdict(list)
    for text, intent in dict.fromkeys(pairs):
        fillings[made_from.get((text, intent), text), intent].append(text)
    lesson = tuple(fillings)
    intents = tuple(dict.fromkeys(intent for _, intent in lesson))
    if not lesson:
        return Review(0, 0, 0, folds, dict.fromkeys(FATES, 0), (), (), (), (), (), ())

    def train(kept: Iterable[tuple[str, str]]) -> Recogniser:
        texts = [(text, pair[1]) for pair in kept for text in fillings[pair]]
        return Recogniser.train(texts, seed, encoder=encoder, street=street)

    texts = [fillings[pair][0] for pair in lesson]
    vectors = train(lesson).vectors(texts)
    told(1, folds + 1)
    said = [plain(text, street) for text in texts]
    nearest, alike = neighbours(vectors, lesson, intents, said)
    places = _deal(lesson, alike, seed, folds) if len(intents) > 1 else [-1] * len(lesson)
    heard: list[Heard] = []
    for part in range(folds):
        rest = [pair for pair, place in zip(lesson, places, strict=True) if place != part]
        if len(rest) < len(lesson):
            taught = train(rest)
            heard += (_hear(taught, texts[at], lesson[at][1], at) for at, place in enumerate(places) if place == part)
        told(part + 2, folds + 1)
    marks = _marks(lesson, intents, heard)
    found = Review(
        examples=len(lesson),
        tested=len(heard),
        right=sum(one.guess == lesson[one.at][1] for one in heard),
        folds=folds,
        fates=_fates(heard),
        intents=marks,
        confusions=_confusions(lesson, heard, said),
        pulls=_pulls(lesson, heard, nearest, vectors),
        few=tuple(sorted((one for one in marks if one.examples < ENOUGH), key=lambda one: one.examples)),
        repeated=tuple(twins for twins in alike if twins.same_intent),
        contradictions=tuple(twins for twins in alike if not twins.same_intent),
    )
    return replace(found, suggestions=advise(found))


# -- who is held out when


def _deal(lesson: Sequence[tuple[str, str]], alike: Iterable[Twins], seed: int, folds: int) -> list[int]:
    """A fold for each example, every intent spread evenly; -1 for the only thing an intent has to say.

    An intent with fewer examples than folds loses one at most to each fold.
    """
    first = {(twins.other, twins.intent): (twins.one, twins.intent) for twins in alike if twins.same_intent}
    groups: dict[str, dict[tuple[str, str], list[int]]] = defaultdict(lambda: defaultdict(list))
    for at, pair in enumerate(lesson):
        while pair in first:  # each points to an earlier one
            pair = first[pair]
        groups[pair[1]][pair].append(at)
    places = [-1] * len(lesson)
    dealt = 0
    for own in groups.values():
        if len(own) < 2:
            continue
        for pair in sorted(own, key=lambda pair: crc32(f"{seed} {pair[0]}".encode(errors="replace"))):
            for at in own[pair]:
                places[at] = dealt % folds
            dealt += 1
    return places


# -- what was heard


def _hear(taught: Recogniser, text: str, intent: str, at: int) -> Heard:
    match = taught.match(text)
    best = match.best
    words = match.evidence.words
    if best is None:
        return Heard(at, "refused", None, 0.0, words)
    return Heard(at, _fate(match, intent, taught.ask), best.intent, best.score, words)


def _fate(match: Match, intent: str, ask: float) -> Fate:
    if match.intent is not None:
        return "right" if match.intent == intent else "wrong"
    return "asked" if match.score >= ask else "refused"


def _fates(heard: Iterable[Heard]) -> dict[Fate, int]:
    counted = Counter(one.fate for one in heard)
    return {fate: counted[fate] for fate in FATES}


def _marks(
    lesson: Sequence[tuple[str, str]], intents: Sequence[str], heard: Sequence[Heard]
) -> tuple[IntentMarks, ...]:
    examples = Counter(intent for _, intent in lesson)
    guessed = Counter(one.guess for one in heard)
    own: dict[str, list[Heard]] = defaultdict(list)
    for one in heard:
        own[lesson[one.at][1]].append(one)
    marks = []
    for intent in intents:
        mine = own[intent]
        right = sum(one.guess == intent for one in mine)
        recall = right / len(mine) if mine else None
        precision = right / guessed[intent] if guessed[intent] else None
        marks.append(IntentMarks(intent, examples[intent], len(mine), recall, precision, _fates(mine)))
    return tuple(sorted(marks, key=_goodness))


def _goodness(marks: IntentMarks) -> tuple[bool, float]:
    """Of recall and precision together (F1); what was not tested comes last."""
    recall, precision = marks.recall, marks.precision or 0.0
    if recall is None:
        return True, 0.0
    return False, 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def _confusions(
    lesson: Sequence[tuple[str, str]], heard: Iterable[Heard], said: Sequence[str]
) -> tuple[Confusion, ...]:
    taken: dict[tuple[str, str], list[Heard]] = defaultdict(list)
    for one in heard:
        intent = lesson[one.at][1]
        if one.guess is not None and one.guess != intent:
            taken[intent, one.guess].append(one)
    known: dict[str, set[str]] = defaultdict(set)
    for (_, intent), read in zip(lesson, said, strict=True):
        known[intent].update(read.split())
    spread = Counter(word for words in known.values() for word in words)
    common = max(2, len(known) / 4)  # what more intents have sets none apart
    confusions = []
    for (intent, guess), mistaken in taken.items():
        spoke: Counter[str] = Counter()
        for one in mistaken:
            for word, weight in one.words:
                if weight > 0 and word in known[guess] and spread[word] <= common:
                    spoke[word] += round(weight * 1000)
        words = tuple(word for word, _ in spoke.most_common(MOST_WORDS))
        messages = tuple(lesson[one.at][0] for one in sorted(mistaken, key=lambda one: -one.score))
        confusions.append(Confusion(intent, guess, messages, words))
    return tuple(sorted(confusions, key=lambda one: -one.count))


def _pulls(
    lesson: Sequence[tuple[str, str]],
    heard: Iterable[Heard],
    nearest: Sequence[Nearest],
    vectors: Array,
) -> tuple[Pull, ...]:
    """Those that would be acted upon wrongly, and those whose best guess and nearest example both are another intent's.

    A nearest example alone says little: of short texts many are near.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for at, (_, intent) in enumerate(lesson):
        members[intent].append(at)
    pulls = []
    for one in sorted(heard, key=lambda one: -one.score):
        near = nearest[one.at]
        if one.guess is None or one.guess == lesson[one.at][1]:
            continue
        nearer = lesson[near.other][1] == one.guess and near.other_likeness > max(near.own_likeness, LIKE)
        if one.fate == "wrong" or nearer:
            theirs = members[one.guess]
            likeness = vectors[theirs] @ vectors[one.at]
            likest = int(likeness.argmax())
            nearest_there = lesson[theirs[likest]][0]
            how = round(float(likeness[likest]), 3), round(one.score, 3)
            pulls.append(Pull(*lesson[one.at], one.guess, nearest_there, *how))
    return tuple(pulls)
