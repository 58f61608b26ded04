"""`nearly`: whether somebody seems to mean that messages shall end, without an opt-out word. It asks nobody.

Careful on purpose: every word of the message must have its place in one of the sentences of `farewells`, so "stop the
ads" is one and "stop the delivery" is not. What follows from it is decided elsewhere.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import Literal, TypeAlias

from flashbot.outreach.farewells import (
    ENGLISH,
    FRENCH,
    MENDED,
    OPENS_EN,
    OPENS_FR,
    OTHERS,
    STOPS,
    WORDS_EN,
    WORDS_FR,
)

__all__ = ["LONGEST", "nearly"]

Language: TypeAlias = Literal["en", "fr", "both"]

LONGEST = 24
"""Words; whoever writes more is telling a story."""
SHORTEST_MENDED = 8
LONG = 12
"""Letters of a word in which two may be wrong."""

POLITE = re.compile(
    r"\b(?:s il (?:te|vous) plait|please|kindly|thanks|thank you|thank u|merci d avance|merci beaucoup|merci(?! de?\b)"
    r"|bonjour|bonsoir|salut|coucou|hello|hi|hey|good (?:morning|evening|afternoon)|monsieur|madame|sir|ma am|"
    r"ok|mais|bon|donc|alors|now|immediately|right now|tout de suite|immediatement|guys|d accord)\b"
)  # fmt: skip
HINT = re.compile(
    r"s[topz]{2,4}\b|stop|arret|cess|plu|pas\b|des[aiyb]|uns|marre|assez|suffit|basta|ras le|paix|tranquil|"
    r"retir|enlev|supprim|effac|more|opt|remov|take|delet|eras|drop|sign me|don|do not|never|longer|alone|enough|sick|"
    r"tired|fed|quit|cease|fatigu|interess|derang|refus|annul|resili|cancel|annoy|bother|zero|"
    r"aucun|(?:^| )no\b|sort|ray"
)  # fmt: skip


def _ready(patterns: tuple[str, ...], words: dict[str, str], opens: str) -> re.Pattern[str]:
    known: dict[str, str] = {}
    for name, alternatives in words.items():
        known[name] = alternatives.format(**known)
    return re.compile(opens + "(?:" + "|".join(f"(?:{one.format(**known)})" for one in patterns) + ")")


SAID: tuple[tuple[Language, re.Pattern[str]], ...] = (
    ("fr", _ready(FRENCH, WORDS_FR, OPENS_FR)),
    ("en", _ready(ENGLISH, WORDS_EN, OPENS_EN)),
)


def nearly(spoken: str) -> Language | None:
    """The language of a text that seems to ask for an end of messages; None for any other.

    `spoken` is folded, with the language of the street spelled out.
    """
    if HINT.search(spoken) is None or spoken.count(" ") >= LONGEST:
        return None
    words = POLITE.sub(" ", spoken).split()
    said = " ".join([_mended(word) for word, _ in groupby(words) if word[0].isalnum()])
    if said in STOPS:
        return "both"
    if said == "stop":
        return "both" if len(words) == spoken.count(" ") + 1 else _of_manners(spoken)
    languages = [language for language, pattern in SAID if pattern.fullmatch(said)]
    return "both" if len(languages) > 1 else languages[0] if languages else None


def _of_manners(spoken: str) -> Language:
    return "fr" if "plait" in spoken or "merci" in spoken else "en"


def _mended(word: str) -> str:
    if len(word) < SHORTEST_MENDED or word in OTHERS or word in MENDED:
        return word
    return next((meant for meant in MENDED if _slips(word, meant) <= (2 if len(meant) >= LONG else 1)), word)


def _slips(one: str, other: str) -> int:
    """Letters left out, put in, exchanged or swapped with their neighbour; no more than three are told apart."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before, last = list[int](), list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, against in enumerate(other, 1):
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != against))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == against:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, last = last, line
    return last[-1]
