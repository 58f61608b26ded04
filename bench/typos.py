"""`mistype`: one slip of the thumb in a message. Knows no recogniser, so that none can be made for it."""

from __future__ import annotations

from random import Random

__all__ = ["mistype"]

SHORTEST = 4
"""Letters of a word that is mistyped."""
KEYBOARDS = (("azertyuiop", "qsdfghjklm", "wxcvbn"), ("qwertyuiop", "asdfghjkl", "zxcvbnm"))
LETTERS = "abcdefghijklmnopqrstuvwxyz"


AROUND = ((0, -1), (0, 1), (-1, 0), (-1, 1), (1, -1), (1, 0))
"""Rows and columns from a key to those that touch it: each row is set half a key to the right of the one above."""


def _neighbours() -> dict[str, str]:
    """Of each letter the keys that touch it, on either keyboard."""
    found: dict[str, set[str]] = {letter: set() for letter in LETTERS}
    for rows in KEYBOARDS:
        keys = {(row, column): letter for row, letters in enumerate(rows) for column, letter in enumerate(letters)}
        for (row, column), letter in keys.items():
            near = (keys.get((row + down, column + right)) for down, right in AROUND)
            found[letter] |= {other for other in near if other}
    return {letter: "".join(sorted(others)) for letter, others in found.items()}


NEIGHBOURS = _neighbours()


def mistype(text: str, random: Random) -> str:
    """One word of four letters or more with two letters swapped, one dropped, doubled, hit beside its key, or one too
    many; the text itself when it has no such word."""
    words = text.split(" ")
    long = [number for number, word in enumerate(words) if len(word) >= SHORTEST and word.isalpha()]
    if not long:
        return text
    number = random.choice(long)
    slipped = words[number]
    while slipped == words[number]:  # two equal letters may have been swapped
        slipped = _slip(words[number], random)
    words[number] = slipped
    return " ".join(words)


def _slip(word: str, random: Random) -> str:
    at = random.randrange(len(word))
    match random.choice(("swap", "drop", "double", "beside", "insert")):
        case "swap":
            at = min(at, len(word) - 2)
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case "drop":
            return word[:at] + word[at + 1 :]
        case "double":
            return word[: at + 1] + word[at:]
        case "beside":
            return word[:at] + random.choice(NEIGHBOURS.get(word[at].lower(), LETTERS)) + word[at + 1 :]
        case _:
            return word[:at] + random.choice(LETTERS) + word[at:]
