"""`repaired`: the word that an unknown one was probably meant to be, one slip of the finger away."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["repaired"]

SHORTEST = 4
"""Letters of a word that is worth a guess: among shorter ones nearly every slip makes another word."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def repaired(
    word: str, known: Mapping[str, int], often: Callable[[str], float], table: Mapping[str, int]
) -> str | None:
    """The known word, or else the word of the table, or else the two known words run together, one slip away.

    A slip is a letter too many, too few, or another, or two neighbours exchanged. Of several known words the one met
    most `often` wins; the table's numbers grow as its words get rarer.
    """
    if len(word) < SHORTEST or not word.isalpha():
        return None
    near = set(_one_slip_away(word))
    found = near & known.keys()
    if found:
        return min(found, key=lambda one: (-often(one), one))
    found = {one for one in near & table.keys() if len(one) >= SHORTEST}
    if found:
        return min(found, key=lambda one: (table[one], one))
    halves = [(word[:at], word[at:]) for at in range(2, len(word) - 1)]
    split = [pair for pair in halves if pair[0] in known and pair[1] in known]
    return " ".join(max(split, key=lambda pair: min(map(often, pair)))) if split else None


def _one_slip_away(word: str) -> Iterator[str]:
    for at in range(len(word) + 1):
        before, behind = word[:at], word[at:]
        if behind:
            rest = behind[1:]
            yield before + rest
            if rest:
                yield before + rest[0] + behind[0] + rest[1:]
            for letter in LETTERS:
                yield before + letter + rest
        for letter in LETTERS:
            yield before + letter + behind
