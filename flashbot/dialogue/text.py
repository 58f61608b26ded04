"""`fold`: what two texts must share to mean the same to an intent. Knows no intent."""

from __future__ import annotations

import unicodedata

__all__ = ["fold"]

SPELLED_OUT = {"œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ł": "l", "ı": "i"}
"""Letters that a person without the right keyboard spells otherwise, and that Unicode does not take apart."""


def _folded(character: str) -> str:
    if character in SPELLED_OUT:
        return SPELLED_OUT[character]
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category in {"Mn", "Me", "Cf"}:  # accents, enclosures, joiners
        return ""
    if category[0] in "LN" or category in {"Mc", "So"}:  # letters, numbers, vowel signs, emoji
        return character
    return " "


class _Table(dict[int, str]):
    """Filled as characters are met, so it stays as small as what people write."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _folded(chr(code))
        return folded


ASCII = "".join(_folded(chr(code).lower()) for code in range(128))
OTHER = _Table()


def fold(text: str) -> str:
    """Lower case without accents; apostrophes and punctuation are spaces; single spaces between words.

    Letters, digits and emoji of every script stay: `fold("Où  est-IL ?") == "ou est il"`.
    """
    if text.isascii():
        return " ".join(text.translate(ASCII).split())
    return " ".join(unicodedata.normalize("NFKD", text).casefold().translate(OTHER).split())
