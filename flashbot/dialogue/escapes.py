"""The words that lead out of a waiting step, in English and French, and what flashbot itself says.

An escape word reaches the intent that has the escape's name; without such an intent it is an ordinary
message, except that "cancel" always leaves a waiting step.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = [
    "ESCAPES", "ESCAPE_WORDS", "LOOP_SAID", "Language", "ask_whether", "cancelled", "confirm_kept", "confirm_opt_in",
    "confirm_opt_out", "how_to_resume",
]  # fmt: skip

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
OPT_OUT_OF_ALL = {
    "en": "You will get nothing from us but answers to your messages. Write START to get ours again.",
    "fr": "Vous ne recevrez que des réponses à vos messages. Écrivez REPRENDRE pour recevoir à nouveau les nôtres.",
}
WHETHER = {
    "en": "Do you want to stop our promotional messages? Write STOP, or NO to keep them.",
    "fr": "Voulez-vous arrêter nos messages promotionnels ? Écrivez STOP, ou NON pour continuer à les recevoir.",
}
KEPT = {
    "en": "All right, nothing changes. Write STOP at any time to end our promotional messages.",
    "fr": "D'accord, rien ne change. Écrivez STOP à tout moment pour arrêter nos messages promotionnels.",
}
RESUME = {
    "en": "You had stopped our promotional messages. Write START to get them again.",
    "fr": "Vous aviez arrêté nos messages promotionnels. Écrivez REPRENDRE pour les recevoir à nouveau.",
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


def confirm_opt_out(language: Language, *, everything: bool = False) -> str:
    return _said(OPT_OUT_OF_ALL if everything else OPT_OUT, language)


def ask_whether(language: Language) -> str:
    """Of somebody who seems to have meant STOP. Asked so that a NO cannot mean the messages."""
    return _said(WHETHER, language)


def confirm_kept(language: Language) -> str:
    return _said(KEPT, language)


def how_to_resume(language: Language) -> str:
    return _said(RESUME, language)


def confirm_opt_in(language: Language) -> str:
    return _said(OPT_IN, language)


def cancelled(word: str) -> str:
    """What a person hears who leaves a waiting step with the folded `word`."""
    return CANCELLED["fr" if word == "annuler" else "en"]


def _said(sentences: dict[str, str], language: Language) -> str:
    return "\n".join(sentences.values()) if language == "both" else sentences[language]
