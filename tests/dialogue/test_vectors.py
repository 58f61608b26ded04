"""The table of words that ships with flashbot: near what means the same, in English and French, and light."""

from __future__ import annotations

import hashlib
import importlib.resources
import subprocess
import sys

import numpy as np
import pytest

from flashbot.dialogue.recognition.vectors import WordVectors
from flashbot.dialogue.text import fold

MOST_BYTES = 9_000_000
STRANGERS = ("météo", "banana", "guitare", "president", "jardin", "volcano")


def likeness(one: str, other: str) -> float:
    first, second = (WordVectors.shipped().encode(fold(text).split()) for text in (one, other))
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("colis", "parcel"),
        ("colis", "package"),
        ("parcel", "package"),
        ("rembourser", "refund"),
        ("remboursement", "refund"),
        ("livraison", "delivery"),
        ("livrer", "deliver"),
        ("prix", "price"),
        ("cher", "expensive"),
        ("annuler", "cancel"),
        ("commande", "order"),
        ("horaires", "schedule"),
        ("payer", "pay"),
        ("perdu", "lost"),
        ("acheter", "buy"),
        ("merci", "thanks"),
        ("bonjour", "hello"),
    ],
)
def test_words_of_one_meaning_are_nearer_than_strangers(one: str, other: str) -> None:
    near = likeness(one, other)

    strange = [likeness(word, stranger) for word in (one, other) for stranger in STRANGERS]

    assert near > 0.4
    assert near > max(strange) + 0.1


@pytest.mark.parametrize(
    ("one", "other", "stranger"),
    [
        ("où est mon colis", "where is my parcel", "where can I buy shoes"),
        ("je veux être remboursé", "I want my money back", "I want to learn French"),
        ("vous livrez à Lyon ?", "do you ship to my town", "do you like this music"),
        ("à quelle heure ouvrez-vous", "what are your opening hours", "what is the price of this bag"),
    ],
)
def test_messages_of_one_meaning_are_nearer_than_those_that_share_words(one: str, other: str, stranger: str) -> None:
    assert likeness(one, other) > likeness(other, stranger)


def test_a_word_that_says_little_weighs_less() -> None:
    table = WordVectors.shipped()

    assert max(map(table.weight, ("the", "le", "is", "est"))) < min(map(table.weight, ("refund", "livraison")))


def test_words_without_a_vector_change_nothing() -> None:
    table = WordVectors.shipped()

    assert not table.encode([]).any()
    assert not table.encode(["qzxqzx", "😀", "where is"]).any()
    assert np.array_equal(table.encode(["refund", "qzxqzx"]), table.encode(["refund"]))
    assert table.of("qzxqzx") is None
    assert table.weight("qzxqzx") == 0


def test_encode_is_the_weighted_mean_of_rows() -> None:
    table = WordVectors.shipped()
    places = [table.places[word] for word in ("where", "order", "order")]

    found = table.encode(["where", "order", "order"])

    weights = table.weights[places]
    expected = (table.rows[places] * table.scale * weights[:, None]).sum(0) / weights.sum()
    assert found.dtype == np.float32
    assert found.shape == (table.dims,)
    assert np.allclose(found, expected, atol=1e-6)


def test_order_of_words_does_not_count() -> None:
    table = WordVectors.shipped()

    assert np.allclose(table.encode(["where", "is", "it"]), table.encode(["it", "where", "is"]), atol=1e-6)


def test_the_table_is_whole_folded_and_small() -> None:
    with importlib.resources.as_file(importlib.resources.files("flashbot.dialogue.recognition") / "words.npz") as path:
        size = path.stat().st_size
        with np.load(path, allow_pickle=False) as arrays:
            stored = b"".join(arrays[name].tobytes() for name in ("words", "rows", "scale", "weights"))
            name = str(arrays["name"])
    table = WordVectors.shipped()

    assert size < MOST_BYTES
    assert len(table) == len(table.rows) == len(table.weights)
    assert all(fold(word) == word and " " not in word for word in table.places)
    assert np.isfinite(table.weights).all()
    assert (table.weights > 0).all()
    assert name == table.name == hashlib.blake2b(stored, digest_size=8).hexdigest()


def test_one_process_reads_it_once() -> None:
    assert WordVectors.shipped() is WordVectors.shipped()


def test_importing_flashbot_and_its_routers_loads_no_numpy() -> None:
    code = "import sys, flashbot, flashbot.dialogue.router; sys.exit('numpy' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], check=False)

    assert done.returncode == 0
