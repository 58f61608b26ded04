"""`Tongue`: in which language a contact writes, English or French, as far as their own messages tell. Pure.

Also what a language is called: `checked_language`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from flashbot.dialogue.text import SPEAKS, plain
from flashbot.errors import BotMistake

__all__ = ["UNHEARD", "Spoken", "Tongue", "checked_language", "language_of"]

Spoken: TypeAlias = Literal["fr", "en"]

LANGUAGE = re.compile(r"([a-z]{2,3})(?:[_-]([a-z]{4}))?(?:[_-]([a-z]{2}|[0-9]{3}))?", re.ASCII | re.IGNORECASE)
MOST = 400
"""What one message, or all of them, can weigh, in hundredths of a word: beyond it nobody is surer."""
ENOUGH = 150
"""From which on a language is learned: two words in one message, or one word in each of two. A single "ok", a name, or
a "hello" among French messages is not enough."""
FADES = 80
"""Percent that is left of what was heard before, with each message that tells anything: later ones weigh more."""


class Tongue(NamedTuple):
    """What was learned, and the evidence: above 0 for French, below it for English."""

    language: Spoken | None = None
    balance: int = 0

    def after(self, text: str) -> Tongue:
        """With one more message of theirs. One language is left for the other only when that one has enough."""
        words = sum(SPEAKS.get(word, 0) for word in plain(text).split())
        if not words:
            return self
        balance = _within(int(self.balance * FADES / 100) + _within(100 * words))
        language = self.language
        if abs(balance) >= ENOUGH:
            language = "fr" if balance > 0 else "en"
        return Tongue(language, balance)


UNHEARD = Tongue()


def language_of(said: str | None, tongue: Tongue, home: Callable[[], str | None]) -> str | None:
    """The language to write to somebody in: what a handler has said, else what was learned, else that of their home.

    Whoever writes as their home does gets its region, which decides how money and dates look.
    """
    if said is not None:
        return said
    there = home()
    if tongue.language is None or (there is not None and there.partition("_")[0] == tongue.language):
        return there
    return tongue.language


def checked_language(language: object, where: str) -> str:
    """A language in any usual spelling, as templates name it: fr, en, fr_CI. Raises BotMistake for anything else."""
    found = LANGUAGE.fullmatch(language) if isinstance(language, str) else None
    if found is None:
        raise BotMistake(f"{where} takes a language such as fr, en or fr_CI, not {language!r}.")
    spoken, script, territory = found.groups()
    return "_".join(
        [spoken.lower(), *([script.title()] if script else []), *([territory.upper()] if territory else [])]
    )


def _within(weight: int) -> int:
    return max(-MOST, min(MOST, weight))
