"""The review of a bot's examples: held out, confused, doubled, too few; and what it advises."""

from __future__ import annotations

import pytest

from flashbot.dialogue.recognition.advice import advise
from flashbot.dialogue.recognition.findings import ENOUGH, Confusion, IntentMarks, Review
from flashbot.dialogue.recognition.review import FOLDS, folds_for, review

TRACK = (
    "where is my order", "track my parcel", "has my parcel been shipped", "when will my order arrive",
    "where is the parcel I ordered", "my order has not arrived", "follow my delivery", "is my delivery on its way",
    "what happened to my shipment", "the courier did not come",
)  # fmt: skip
REFUND = (
    "I want my money back", "refund me please", "give me a refund", "how do I get my money back",
    "please pay me back", "I would like to be refunded", "can I have the money back", "when is the refund paid",
    "take it back and return what I paid", "my refund is missing",
)  # fmt: skip
HOURS = (
    "what are your opening hours", "when do you open", "are you open on sunday", "until when is the shop open",
    "at what time do you close", "is the shop closed today", "opening times please", "when does the shop close",
    "do you work at night", "which days are you open",
)  # fmt: skip


def lesson(**intents: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(text, intent) for intent, texts in intents.items() for text in texts]


SHOP = lesson(track=TRACK, refund=REFUND, hours=HOURS)


@pytest.fixture(scope="module")
def shop() -> Review:
    return review(SHOP)


def kinds(found: Review) -> list[str]:
    return [one.kind for one in found.suggestions]


def test_every_example_is_held_out_once_and_has_one_fate(shop: Review) -> None:
    assert shop.examples == shop.tested == sum(shop.fates.values()) == 30
    assert {one.intent: one.tested for one in shop.intents} == {"track": 10, "refund": 10, "hours": 10}
    assert shop.right == 30 - sum(one.count for one in shop.confusions)
    assert shop.accuracy is not None
    assert shop.accuracy > 0.7


def test_the_same_lesson_and_seed_give_the_same_review(shop: Review) -> None:
    assert review(SHOP, folds=2) == review(SHOP, folds=2) != shop


def test_what_is_unsure_by_chance_is_said(shop: Review) -> None:
    between = Review(10, 10, 8, 5, {}, (), (), (), (), (), ()).between

    assert between is not None
    assert between == pytest.approx((0.490, 0.943), abs=0.001)  # Wilson 1927


def test_an_example_in_the_wrong_intent_pulls_to_the_right_one() -> None:
    stray = "refund my money please"

    found = review(lesson(track=(*TRACK, stray), refund=REFUND, hours=HOURS), folds=3)

    (pull,) = [one for one in found.pulls if one.example == stray]
    assert (pull.intent, pull.other) == ("track", "refund")
    assert pull.nearest in REFUND
    assert any(stray in one.found and "Move it to refund" in one.do for one in found.suggestions if one.kind == "pull")


def test_intents_that_say_the_same_are_confused_with_the_messages_concerned() -> None:
    half = lesson(
        where=(
            "where is my order",
            "has my parcel been shipped",
            "where is the parcel I ordered",
            "follow my delivery",
        ),
        status=(
            "track my parcel",
            "when will my order arrive",
            "my order has not arrived",
            "is my delivery on its way",
        ),
        hours=HOURS,
    )

    found = review(half, folds=2)

    confused = {(one.intent, one.taken_for): one.messages for one in found.confusions}
    assert {("where", "status"), ("status", "where")} & confused.keys()
    assert all((message, intent) in half for (intent, _), messages in confused.items() for message in messages)


def test_near_duplicates_are_named_within_an_intent_and_across() -> None:
    found = review(
        lesson(track=(*TRACK, "Where is my order ?!", "where is my orders"), refund=(*REFUND, "track my parcel!")),
        folds=2,
    )

    assert {(one.one, one.other) for one in found.repeated} >= {
        ("where is my order", "Where is my order ?!"),
        ("where is my order", "where is my orders"),
    }
    assert [(one.one, one.intent, one.other, one.other_intent) for one in found.contradictions] == [
        ("track my parcel", "track", "track my parcel!", "refund"),
    ]
    assert kinds(found)[0] == "contradiction"
    assert "repeated" in kinds(found)


def test_near_duplicates_are_held_out_together() -> None:
    same = ("where is my order", "Where is my order?", "where is my  order !")

    found = review(lesson(track=same, refund=REFUND, hours=HOURS), folds=2)

    (track,) = [one for one in found.intents if one.intent == "track"]
    assert (track.examples, track.tested, track.recall) == (3, 0, None)
    assert found.tested == 20


def test_an_intent_with_fewer_examples_than_folds_loses_one_at_a_time() -> None:
    found = review(lesson(track=TRACK, refund=REFUND, hello=("hello", "good morning")), folds=3)

    (hello,) = [one for one in found.intents if one.intent == "hello"]
    assert (hello.examples, hello.tested) == (2, 2)
    assert [one.intent for one in found.few] == ["hello"]
    (few,) = [one for one in found.suggestions if one.kind == "few"]
    assert few.found == f"hello (2) has fewer than {ENOUGH} examples."


@pytest.mark.parametrize(
    ("pairs", "intents", "examples"),
    [
        ([], 0, 0),
        (lesson(track=TRACK), 1, 10),
        (lesson(track=TRACK[:1]), 1, 1),
        (lesson(track=TRACK[:1], refund=REFUND[:1]), 2, 2),
    ],
    ids=["nothing", "one intent", "one example", "one example each"],
)
def test_what_cannot_be_tested_has_no_accuracy(pairs: list[tuple[str, str]], intents: int, examples: int) -> None:
    found = review(pairs)

    assert (len(found.intents), found.examples) == (intents, examples)
    assert (found.tested, found.accuracy, found.between) == (0, None, None)


def test_intents_with_two_examples_each_are_advised_to_have_more_and_nothing_else() -> None:
    found = review(lesson(track=TRACK[:2], refund=REFUND[:2], hours=HOURS[:2]))

    assert found.tested == 6
    assert kinds(found) == ["few"]


def test_progress_is_told_training_by_training() -> None:
    told: list[tuple[int, int]] = []

    review(lesson(track=TRACK[:4], refund=REFUND[:4]), folds=3, told=lambda done, total: told.append((done, total)))

    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_large_lesson_is_cut_into_fewer_folds() -> None:
    assert folds_for(450) == FOLDS
    assert folds_for(15_000) == 3


def test_a_message_of_ten_thousand_characters_and_one_of_emoji_are_examples_like_others() -> None:
    odd = lesson(track=(*TRACK, "where " * 2_000), refund=(*REFUND, "💸💸💸"))

    found = review(odd, folds=2)

    assert found.tested == 22
    assert all(len(one.found) < 400 for one in found.suggestions)


def test_all_fillings_of_an_example_with_slots_are_one_example() -> None:
    template = "where is order {number:order}"
    fillings = {(f"where is order {number}", "track"): template for number in (12, 405, 7)}

    found = review([*SHOP, *fillings], folds=2, made_from=fillings)

    (track,) = [one for one in found.intents if one.intent == "track"]
    assert (track.examples, track.tested) == (11, 11)
    assert not any(twins.other == template and twins.one == template for twins in found.repeated)
    assert not any(number in one.found for one in found.suggestions for number in ("12", "405"))


def confused(count: int, back: int, tested: int, words: tuple[str, ...] = ()) -> list[str]:
    """What is advised where so many examples of one intent are taken for the other's, and back."""
    marks = tuple(IntentMarks(name, tested, tested, 0.5, 0.5, {}) for name in ("track", "refund"))
    pairs = (("track", "refund", count), ("refund", "track", back))
    confusions = tuple(Confusion(one, other, ("a message",) * n, words) for one, other, n in pairs if n)
    found = advise(Review(2 * tested, 2 * tested, tested, 5, {}, marks, confusions, (), (), (), ()))
    return [one.do for one in found]


def test_intents_that_can_hardly_be_told_apart_are_advised_to_become_one() -> None:
    assert confused(9, 7, 20) == ["Make them one intent, and let its handler ask with buttons which is meant."]


def test_confused_intents_are_advised_by_the_words_they_share() -> None:
    assert confused(5, 0, 20, ("colis",)) == ["Add examples of track that have such words, and of refund that do not."]


@pytest.mark.parametrize(("count", "tested"), [(1, 5), (2, 20), (3, 4)], ids=["once", "seldom", "of very few"])
def test_confusion_that_may_be_chance_is_no_reason_for_advice(count: int, tested: int) -> None:
    few = tuple(IntentMarks(name, tested, tested, 0.5, 0.5, {}) for name in ("track", "refund"))
    confusion = Confusion("track", "refund", ("a message",) * count, ())

    found = advise(Review(2 * tested, 2 * tested, tested, 5, {}, few, (confusion,), (), few, (), ()))

    assert [one.kind for one in found] == ["few"]
