"""`OptOut`: the words by which a person ends, or resumes, what is sent unasked. What follows is decided elsewhere.

A word counts only as the whole folded message: "stop, Jose is not coming" means nothing. What only sounds like one is
`nearly`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from flashbot.consent import Scope, Stop
from flashbot.errors import BotMistake
from flashbot.outreach.nearly import nearly

__all__ = ["OPT_IN", "OPT_OUT", "Language", "OptOut"]

Language: TypeAlias = Literal["en", "fr", "both"]

OPT_OUT: dict[Language, tuple[str, ...]] = {
    "both": ("stop",),
    "en": (
        "unsubscribe", "unsubscribe me", "cancel", "end", "quit", "optout", "opt out", "opt me out", "revoke", "remove",
        "remove me",
    ),
    "fr": (
        "arret", "arreter", "desabonner", "me desabonner", "desabonnez moi", "je me desabonne", "desabonnement",
        "desinscrire", "me desinscrire", "desinscrivez moi", "desinscription",
    ),
}  # fmt: skip
"""What MsgFlash's market writes, and the words that carriers make senders obey; folded."""
FROM_EVERYBODY: dict[Language, tuple[str, ...]] = {
    "en": ("stopall", "stop all", "stop everything", "unsubscribe all", "unsubscribe from everything"),
    "fr": ("stop tout", "stoptout", "tout arreter", "arreter tout", "tout stopper"),
}
OPT_IN: dict[str, Language] = {"start": "en", "unstop": "en", "reprendre": "fr"}


def _stops(words: Mapping[Language, tuple[str, ...]], scope: Scope) -> dict[str, Stop]:
    return {word: Stop(language, scope) for language, each in words.items() for word in each}


STOPS = _stops(OPT_OUT, "marketing") | _stops(FROM_EVERYBODY, "all")


class OptOut:
    """A bot's words: those above, and its own by their language, `{"yamogo": "fr"}`, folded.

    Raises BotMistake for a word that is empty or resumes, and for a language that is not en, fr or both.
    """

    def __init__(self, words: Mapping[str, str] | None = None) -> None:
        self._stops = dict(STOPS)
        for word, language in (words or {}).items():
            if not word or word in OPT_IN:
                raise BotMistake(f"Bot(stop_words=…) has {word!r}: give a word of your customers that means stop.")
            for known in get_args(Language):
                if language == known:
                    self._stops.setdefault(word, Stop(known))
                    break
            else:
                raise BotMistake(f'Bot(stop_words=…) has {word!r}: {language!r}; the language is "en", "fr" or "both".')

    def stops(self, folded: str) -> Stop | None:
        """In which language to answer, and what ends; None when the folded message is no opt-out."""
        return self._stops.get(folded)

    def resumes(self, folded: str) -> Language | None:
        """Meant for a person who has opted out; from anybody else it is an ordinary word."""
        return OPT_IN.get(folded)

    def nearly(self, spoken: str) -> Language | None:
        """The language of a text that seems to ask for an end; `spoken` has the language of the street spelled out."""
        return nearly(spoken)
