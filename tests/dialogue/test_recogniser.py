"""The recogniser: what a text means, how surely, and why."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from shop import LESSON, MESSAGES, STRANGERS

from flashbot.dialogue.intents import Match, Recogniser
from flashbot.errors import BotMistake

SHOP = Recogniser.train(LESSON)


def test_messages_of_people_are_understood() -> None:
    wrong = [(text, SHOP.match(text).best) for text, intent in MESSAGES if SHOP.match(text).best[0] != intent]  # type: ignore[index]  # there is always a best one

    assert len(wrong) <= 2, wrong


def test_strangers_score_below_messages_in_scope() -> None:
    in_scope = sorted(SHOP.match(text).score for text, _ in MESSAGES)
    strange = sorted(SHOP.match(text).score for text in STRANGERS)

    assert in_scope[len(in_scope) // 4] > strange[len(strange) // 2]
    assert sum(SHOP.match(text).intent is None for text in STRANGERS) >= 8


def test_an_example_is_certain() -> None:
    match = SHOP.match("Où est mon colis ?")

    assert match.intent == "track"
    assert match.score > 0.9
    assert match.evidence.examples[0].example == "où est mon colis"
    assert match.evidence.examples[0].likeness == pytest.approx(1, abs=0.01)


def test_alternatives_are_the_next_best_with_falling_scores() -> None:
    match = SHOP.match("how much is the delivery")
    scores = [match.score, *(one.score for one in match.alternatives)]

    assert match.intent not in {one.intent for one in match.alternatives}
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_below_its_threshold_it_names_no_intent_but_its_best_guess() -> None:
    match = SHOP.match("quelle est la capitale du japon")

    assert match.intent is None
    assert match.best == match.alternatives[0]
    assert match.best is not None
    assert match.score == match.best.score < SHOP.accept


def test_the_ranking_has_every_intent_once_best_first() -> None:
    ranking = SHOP.rank("je veu un remboursement")

    assert ranking[0].intent == "refund"
    assert sorted(one.intent for one in ranking) == sorted(SHOP.intents)
    assert [one.score for one in ranking] == sorted((one.score for one in ranking), reverse=True)


def test_evidence_names_repaired_and_unknown_words_and_what_each_word_said() -> None:
    evidence = SHOP.match("i want a refnud xyzzyq").evidence

    assert ("refnud", "refund") in evidence.repaired
    assert "xyzzyq" in evidence.unknown
    assert max(evidence.words, key=lambda one: one[1])[0] == "refund"


def test_the_same_seed_teaches_the_same() -> None:
    assert Recogniser.train(LESSON, seed=0).dump() == SHOP.dump()
    assert Recogniser.train(LESSON, seed=1).dump() != SHOP.dump()


def test_a_recogniser_survives_being_stored() -> None:
    restored = Recogniser.load(SHOP.dump())

    assert [restored.match(text) for text, _ in MESSAGES] == [SHOP.match(text) for text, _ in MESSAGES]
    assert (restored.intents, restored.accept, restored.ask) == (SHOP.intents, SHOP.accept, SHOP.ask)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"no recogniser", None, "cut", "flipped"])
def test_a_damaged_record_is_refused(damage: bytes | str | None) -> None:
    stored = SHOP.dump()
    if damage is None:
        stored = stored[: len(stored) // 2]
    elif damage == "cut":
        stored = stored[:-1000]
    elif damage == "flipped":
        middle = len(stored) // 2
        stored = stored[:middle] + bytes(byte ^ 255 for byte in stored[middle : middle + 64]) + stored[middle + 64 :]
    else:
        assert isinstance(damage, bytes)
        stored = damage

    with pytest.raises(ValueError):
        Recogniser.load(stored)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "👍",
        "😂😂😂😂",
        "?!…",
        "x" * 10_000,
        "mot " * 2_500,
        "привет как дела",
        "السلام عليكم",
        "你好吗",
        "\x00\x07\x1b[31m",
        "ﷺ" * 500,
    ],
)
def test_a_strange_message_gets_a_sane_answer(text: str) -> None:
    match = SHOP.match(text)

    assert match.intent is None
    assert 0 <= match.score < SHOP.accept


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_no_text_is_too_odd(text: str) -> None:
    assert isinstance(SHOP.match(text), Match)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([], "at least one example"),
        ([("hello", "")], "an intent's name"),
        ([(3, "greet")], "pairs of a text"),
        ([("hello", "greet"), ("…", "odd")], 'intent "odd"'),
    ],
)
def test_what_nobody_can_learn_from_is_refused_in_a_sentence(pairs: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(BotMistake, match=said):
        Recogniser.train(pairs)


def test_one_intent_alone_is_told_from_strangers() -> None:
    alone = Recogniser.train([(text, intent) for text, intent in LESSON if intent == "track"])

    assert alone.match("where is my parcel").intent == "track"
    assert alone.match("who won the election").intent is None


def test_two_intents_that_share_an_example_are_learned_all_the_same() -> None:
    torn = Recogniser.train([*LESSON, ("where is my order", "complain")])

    assert {one.intent for one in torn.rank("where is my order")[:2]} == {"track", "complain"}


def test_an_intent_with_one_example_is_learned() -> None:
    with_one = Recogniser.train([*LESSON, ("I would like to book a table", "book")])

    assert with_one.match("book a table please").best is not None
    assert with_one.rank("book a table please")[0].intent == "book"


def test_five_thousand_examples_of_one_intent_are_learned_beside_a_few() -> None:
    dice = random.Random(3)
    words = sorted({word for text in STRANGERS for word in text.split()})
    many = [(" ".join(dice.choices(words, k=6)), "noise") for _ in range(5000)]

    trained = Recogniser.train([*LESSON, *many])

    assert trained.rank("where is my order")[0].intent == "track"


def test_words_of_the_bot_join_the_language_of_the_street() -> None:
    pairs = [("the parcel is late", "late"), ("good morning", "greet"), ("goodbye then", "bye")]
    plainly = Recogniser.train(pairs)
    taught = Recogniser.train(pairs, street={"zzkolo": "parcel"})

    assert taught.match("zzkolo late").score > plainly.match("zzkolo late").score


def test_spellings_that_say_nothing_are_refused() -> None:
    with pytest.raises(BotMistake, match="street"):
        Recogniser.train(LESSON, street={"": "parcel"})


@pytest.mark.parametrize("name", ["refund_status", "refund-status", "RefundStatus"])
def test_the_name_of_an_intent_is_one_more_example(name: str) -> None:
    named = Recogniser.train([*LESSON, ("xyzzy", name)])

    assert named.rank("refund status")[0].intent == name


def test_what_it_sees_of_texts_are_points_of_unit_length_nearer_where_texts_mean_the_same() -> None:
    one, same, other = SHOP.vectors(["where is my parcel", "where is my package", "vous ouvrez quand"])

    assert float(one @ one) == pytest.approx(1, abs=1e-5)
    assert float(one @ same) > float(one @ other)
