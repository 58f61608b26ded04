"""The words that lead out of a waiting step, in English and French, and what flashbot itself says.

An escape word reaches the intent that has the escape's name; without such an intent it is an ordinary
message, except that "cancel" always leaves a waiting step.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["ESCAPES", "ESCAPE_WORDS", "LOOP_SAID", "Language", "cancelled", "confirm_opt_in", "confirm_opt_out"]

Language: TypeAlias = Literal["en", "fr", "both"]
"""Of a word that flashbot answers by itself; "both" when the word belongs to both languages."""

ESCAPES: dict[str, frozenset[str]] = {
    "stop": frozenset({"stop", "arret"}),
    "human": frozenset({"human", "humain", "agent", "conseiller"}),
    "menu": frozenset({"menu"}),
    "cancel": frozenset({"cancel", "annuler"}),
    "back": frozenset({"back", "retour"}),
}
ESCAPE_WORDS = {word: name for name, words in ESCAPES.items() for word in words}
"""Folded word to escape."""

OPT_OUT = {
    "en": "You will get no more promotional messages from us. Write START to get them again.",
    "fr": "Vous ne recevrez plus nos messages promotionnels. Écrivez REPRENDRE pour les recevoir à nouveau.",
}
OPT_IN = {
    "en": "You will get our messages again. Write STOP to end them.",
    "fr": "Vous recevrez de nouveau nos messages. Écrivez STOP pour les arrêter.",
}
CANCELLED = {
    "en": "Cancelled. To get no more promotional messages, write STOP.",
    "fr": "Annulé. Pour ne plus recevoir de messages promotionnels, écrivez STOP.",
}

# In both languages: a contact's own is not known.
LOOP_SAID = (
    "This message came many times; it gets no more answers for now. Write something else to go on.\n"
    "Ce message est arrivé de nombreuses fois ; il reste sans réponse. Écrivez autre chose pour continuer."
)


def confirm_opt_out(language: Language) -> str:
    return _said(OPT_OUT, language)


def confirm_opt_in(language: Language) -> str:
    return _said(OPT_IN, language)


def cancelled(word: str) -> str:
    """What a person hears who leaves a waiting step with the folded `word`."""
    return CANCELLED["fr" if word == "annuler" else "en"]


def _said(sentences: dict[str, str], language: Language) -> str:
    return "\n".join(sentences.values()) if language == "both" else sentences[language]
