"""Messages that mean the same are found together, whatever their order; and what can be made of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from flashbot.dialogue.intents import Recogniser
from flashbot.dialogue.masking import MASK
from flashbot.dialogue.match import Guess
from flashbot.dialogue.recognition import clusters
from flashbot.dialogue.recognition.clusters import Cluster, Clusters, Leaning, cluster
from flashbot.dialogue.recognition.proposals import Proposal, propose
from flashbot.dialogue.router import Router
from flashbot.dialogue.text import fold

HOURS = [
    "what are your opening hours", "opening hours please", "until what time is the shop open",
    "is the shop open on sunday", "are you open on sunday", "when is the shop open", "are you open today",
]  # fmt: skip
PAYING = [
    "can I pay with orange money", "can I pay with wave", "do you accept a payment by card", "can I pay by card",
    "which payment do you accept", "can I pay cash", "is a payment in cash possible",
]  # fmt: skip
LIVRAISON = [
    "vous livrez à Bouaké ?", "est-ce que vous livrez à Yamoussoukro", "livrez vous en dehors d'Abidjan",
    "la livraison à Bouaké coûte combien", "combien coûte la livraison", "prix de la livraison à Korhogo",
]  # fmt: skip
KNOWN = [
    ("where is my parcel", "track"), ("track my parcel", "track"), ("has my order been shipped", "track"),
    ("I want my money back", "refund"), ("refund me", "refund"), ("how do I send it back", "refund"),
]  # fmt: skip
ALL = [*HOURS, *PAYING, *LIVRAISON]


def groups(found: Clusters) -> list[set[str]]:
    return [set(one.messages) for one in found.clusters]


def proposals(found: Clusters, guess: Any = lambda _: None, **more: Any) -> tuple[Proposal, ...]:
    more = {"votes": {}, "intents": {"track", "refund"}, "examples": [text for text, _ in KNOWN], **more}
    return propose(found, guess, **more)


# -- groups


def test_messages_that_mean_the_same_are_one_group() -> None:
    found = cluster(ALL, KNOWN)

    whose = [Counter("H" if text in HOURS else "P" if text in PAYING else "L" for text in one) for one in groups(found)]
    assert all(len(each) == 1 for each in whose)
    assert sum(one.size for one in found.clusters) >= len(ALL) - 4


def test_their_order_does_not_matter() -> None:
    shuffled = [*ALL, ALL[0], "👍"]
    random.Random(3).shuffle(shuffled)

    assert cluster(shuffled, KNOWN) == cluster([*ALL, ALL[0], "👍"], KNOWN)


def test_the_same_message_counts_as_often_as_it_was_written_and_is_shown_once_as_most_write_it() -> None:
    found = cluster(["Dispo ?", "dispo", "Dispo ?", "DISPO!!"], KNOWN)

    (one,) = found.clusters
    assert (one.messages, one.counts, one.size, one.cohesion) == (("Dispo ?",), (4,), 4, 1.0)


def test_what_holds_no_word_is_set_aside() -> None:
    found = cluster(["👍", "👍👍", "k", "12", "!!!", "", f"{MASK}", "3 2 1", *HOURS], KNOWN)

    assert found.junk == 8
    assert not any(text in ("👍", "k", "12") for text in (*found.alone, *found.clusters[0].messages))


def test_other_alphabets_are_words() -> None:
    found = cluster(["أين طلبي", "اين طلبي", "أين هو طلبي", "你好", "в каком часу"], [])

    assert found.junk == 0
    assert len(found.clusters) == 1


def test_texts_of_which_nothing_is_seen_are_not_alike_for_that() -> None:
    strange = ["مرحبا", "qsdfghjk", "zzzyyyxx", "фывапр"]
    recogniser = Recogniser.train(KNOWN)

    found = cluster([*PAYING, *strange], KNOWN, recogniser.vectors)

    assert {*strange} <= {*found.alone}


def test_what_is_like_nothing_else_stays_alone() -> None:
    found = cluster([*PAYING, "my dog ate the warranty leaflet"], KNOWN)

    assert "my dog ate the warranty leaflet" in found.alone
    assert len(found.clusters) == 1


def test_nothing_gives_nothing() -> None:
    assert cluster([]) == Clusters((), (), 0, 0)


def test_one_message_is_no_group() -> None:
    assert cluster(["hello there"], KNOWN) == Clusters((), ("hello there",), 0, 0)


def test_of_more_than_can_be_compared_the_rarest_are_left_out_and_that_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clusters, "MOST", 7)

    found = cluster([*HOURS, *HOURS, *PAYING], KNOWN)

    assert found.left_out == len(PAYING)
    assert {text for one in groups(found) for text in one} <= {*HOURS}


def test_what_the_recogniser_sees_brings_together_what_is_spelled_differently() -> None:
    """Vectors by which every message about paying is the same, and none has anything to do with another."""

    def see(texts: Sequence[str]) -> Any:
        paying = {"cash", "orange", "argent", "payer"}
        own = np.eye(len(texts) + 1, dtype=np.float32)
        return np.array([own[0 if paying & {*fold(text).split()} else n + 1] for n, text in enumerate(texts)])

    texts = ["cash accepted", "je peux payer comment", "orange money ok", "de l'argent liquide"]

    spelled, seen = cluster([*HOURS, *texts], KNOWN), cluster([*HOURS, *texts], KNOWN, see)

    assert not any(one & {*texts} for one in groups(spelled))
    assert {*texts} in groups(seen)


def test_the_intent_whose_examples_a_group_is_like_is_told() -> None:
    found = cluster(["where is my parcel now", "where is my parcel please", "where did my parcel go"], KNOWN)

    (one,) = found.clusters
    assert one.leaning is not None
    assert one.leaning.intent == "track"
    assert one.leaning.by > 3


# -- proposals


def test_a_group_is_offered_as_an_intent_with_a_name_from_its_words() -> None:
    found = proposals(cluster([*HOURS, *PAYING], KNOWN))

    assert [{*one.intent.split("_")} & {"open", "pay"} for one in found] == [{"open"}, {"pay"}]
    assert all(one.intent.isidentifier() for one in found)
    assert all(one.new and not one.unsure for one in found)
    for one in found:
        Router[None]("shop").intent(one.intent, examples=one.examples)


def test_names_are_not_taken_twice_and_are_no_keywords() -> None:
    def named(*words: str, **more: Any) -> str:
        texts = tuple(f"{word} " * 2 for word in words)
        group = Cluster(texts, (1,) * len(words), 1.0, None, np.ones((len(words), len(words)), np.float32))
        return proposals(Clusters((group,), (), 0, 0), **more)[0].intent

    assert named("class", "class", "class") == "class_"
    assert named("track", "track", "track") == "track_2"
    assert named("12 x", "1 y", "34") == "messages"


def test_examples_differ_from_each_other_and_are_few() -> None:
    texts = (*(f"open on sunday {n}" for n in range(20)), *(f"hours {n}" for n in range(4)))
    likeness = np.full((24, 24), 0.9, np.float32)
    likeness[20:, :], likeness[:, 20:] = 0.3, 0.3
    np.fill_diagonal(likeness, 1)

    (one,) = proposals(Clusters((Cluster(texts, (1,) * 24, 0.5, None, likeness),), (), 0, 0))
    (all_alike,) = proposals(Clusters((Cluster(texts, (1,) * 24, 0.9, None, np.ones((24, 24))),), (), 0, 0))

    assert one.examples == ("open on sunday 0",)
    assert all_alike.examples == ("open on sunday 0",)
    assert len(one.others) == 23


def test_what_has_something_masked_or_hidden_in_it_is_never_an_example() -> None:
    said = [f"call me back at {MASK}", f"please call me back {MASK}", f"call me {MASK} back", "call me back {now}",
            "call me back\u202e now", "call me back"]  # fmt: skip

    (one,) = proposals(cluster([*said, *[text + " " + "please " * 40 for text in said]], KNOWN))

    assert (one.examples, one.others) == (("call me back",), ())


def group_leaning(by: float) -> Clusters:
    texts = ("parcel one", "parcel two", "parcel three")
    likeness = np.eye(3, dtype=np.float32)
    return Clusters((Cluster(texts, (1, 1, 3), 0.2, Leaning("track", by), likeness),), (), 0, 0)


def test_a_group_that_is_like_an_intents_examples_is_offered_as_more_of_them() -> None:
    (one,) = proposals(group_leaning(4.0), lambda _: Guess("track", 0.3))

    assert (one.intent, one.new, one.nearest, one.agreeing) == ("track", False, Guess("track", 0.3), 1.0)


def test_where_that_is_not_sure_both_are_named() -> None:
    (one,) = proposals(group_leaning(1.0), lambda _: Guess("track", 0.3))

    assert (one.new, one.unsure) == (True, True)


def test_messages_count_as_often_as_they_were_written() -> None:
    def guess(text: str) -> Guess:
        return Guess("track", 0.4) if text == "parcel three" else Guess("refund", 0.2)

    (one,) = proposals(group_leaning(1.0), guess)

    assert (one.nearest, one.agreeing) == (Guess("track", 0.4), 0.6)


def test_what_people_chose_when_they_were_asked_counts_more_than_any_guess() -> None:
    votes = {"parcel one": Counter({"refund": 2}), "parcel two": Counter({"": 1})}

    (chosen,) = proposals(group_leaning(4.0), lambda _: Guess("track", 0.3), votes=votes)
    (none,) = proposals(group_leaning(4.0), lambda _: Guess("track", 0.3), votes={"parcel one": Counter({"": 2})})

    assert (chosen.intent, chosen.new, chosen.votes) == ("refund", False, (("refund", 2), ("", 1)))
    assert none.new
