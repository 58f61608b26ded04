"""`advise`: what to do about what a review found, in plain words. It computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flashbot.dialogue.recognition.findings import ENOUGH, LIKE, Suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Set

    from flashbot.dialogue.recognition.findings import Confusion, IntentMarks, Pull, Review, Twins

__all__ = ["advise"]

TELLING = 5
"""Examples, with fewer of which every other finding about an intent may be chance."""
OFTEN = 0.15
"""Share of an intent's examples whose going elsewhere is more than chance."""
MERGE = 0.35
"""Share of two intents' examples taken for each other from which on people can hardly mean two things."""
MERGE_FROM = 12
"""Tested examples of each, with fewer of which that may be chance."""
MOST_NAMED = 8
LONGEST = 60


def advise(review: Review) -> tuple[Suggestion, ...]:
    """In the order in which it is best done."""
    marks = {one.intent: one for one in review.intents}
    few = {one.intent for one in review.few if one.examples < TELLING}
    pulls = (pull for pull in review.pulls if not few & {pull.intent, pull.other})
    return (
        *map(_contradiction, review.contradictions),
        *_few(review.few),
        *_confused(review.confusions, marks, few),
        *map(_pulled, pulls),
        *map(_repeated, review.repeated),
    )


def _contradiction(twins: Twins) -> Suggestion:
    return Suggestion(
        "contradiction",
        (twins.intent, twins.other_intent),
        f"{_quoted(twins.one)} is an example of {twins.intent}, {_quoted(twins.other)} one of {twins.other_intent}, "
        "and they say nearly the same.",
        "Take one of them out, or make clear in their words what sets them apart.",
    )


def _confused(confusions: Sequence[Confusion], marks: Mapping[str, IntentMarks], few: Set[str]) -> Iterator[Suggestion]:
    """Each pair once, in the direction that is commoner. Intents with very few examples need more of them first."""
    by_pair = {(one.intent, one.taken_for): one for one in confusions}
    said: set[frozenset[str]] = set()
    for one in confusions:
        pair = frozenset((one.intent, one.taken_for))
        tested = marks[one.intent].tested
        if one.count < max(2, OFTEN * tested) or pair in said or pair & few:
            continue
        said.add(pair)
        back = by_pair.get((one.taken_for, one.intent))
        found = f"{one.count} of {tested} examples of {one.intent} are taken for {one.taken_for}"
        found += f", and {back.count} the other way round" if back else ""
        both = one.count + (back.count if back else 0)
        yield Suggestion("confusion", (one.intent, one.taken_for), *_remedy(one, found, both, tested, marks))


def _remedy(one: Confusion, found: str, both: int, tested: int, marks: Mapping[str, IntentMarks]) -> tuple[str, str]:
    theirs = marks[one.taken_for].tested
    if min(tested, theirs) >= MERGE_FROM and both >= MERGE * (tested + theirs):
        return (
            f"{found}: they can hardly be told apart.",
            "Make them one intent, and let its handler ask with buttons which is meant.",
        )
    if one.words:
        words = _listed([f'"{word}"' for word in one.words])
        return (
            f"{found}; they share {words}.",
            f"Add examples of {one.intent} that have such words, and of {one.taken_for} that do not.",
        )
    return (
        f"{found}, though they share no words that matter.",
        f"Add examples of {one.intent}: those there are do not have the words that people use for it.",
    )


def _pulled(pull: Pull) -> Suggestion:
    alike = pull.likeness >= LIKE
    like = f", like {_quoted(pull.nearest)}" if alike else ""
    return Suggestion(
        "pull",
        (pull.intent, pull.other),
        f"{_quoted(pull.example)} of {pull.intent} is taken for {pull.other}{like}.",
        f"{f'Move it to {pull.other}, or add' if alike else 'Add'} more examples of {pull.intent} that are like it.",
    )


def _few(few: Sequence[IntentMarks]) -> Iterator[Suggestion]:
    if not few:
        return
    named = [f"{one.intent} ({one.examples})" for one in few[:MOST_NAMED]]
    more = [f"{len(few) - MOST_NAMED} more"] if len(few) > MOST_NAMED else []
    yield Suggestion(
        "few",
        tuple(one.intent for one in few),
        f"{_listed([*named, *more])} {'has' if len(few) == 1 else 'have'} fewer than {ENOUGH} examples.",
        f"Write at least {ENOUGH} for each, in words that people use and not in variants of one sentence.",
    )


def _repeated(twins: Twins) -> Suggestion:
    return Suggestion(
        "repeated",
        (twins.intent,),
        f"{_quoted(twins.other)} of {twins.intent} says nearly what {_quoted(twins.one)} says, and adds little.",
        "Write it in other words, as other people would.",
    )


def _quoted(text: str) -> str:
    short = " ".join(text.split())
    return f'"{short if len(short) <= LONGEST else short[: LONGEST - 1] + "…"}"'


def _listed(words: Sequence[str]) -> str:
    *most, last = words or ("",)
    return f"{', '.join(most)} and {last}" if most else last
