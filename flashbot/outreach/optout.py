"""The words by which a person ends, or resumes, what is sent unasked. What follows is decided elsewhere.

A word counts only as the whole folded message: "stop, Jose is not coming" means nothing.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["Language", "is_opt_in", "is_opt_out"]

Language: TypeAlias = Literal["en", "fr", "both"]

OPT_OUT: dict[str, Language] = {
    "stop": "both",
    "stopall": "en",
    "stop all": "en",
    "unsubscribe": "en",
    "cancel": "en",
    "end": "en",
    "quit": "en",
    "optout": "en",
    "opt out": "en",
    "revoke": "en",
    "remove": "en",
    "arret": "fr",
    "arreter": "fr",
    "stop tout": "fr",
    "desabonner": "fr",
    "desabonnement": "fr",
    "desinscription": "fr",
}
OPT_IN: dict[str, Language] = {"start": "en", "reprendre": "fr"}


def is_opt_out(folded: str) -> Language | None:
    """The language to answer in; None when the folded message is no opt-out."""
    return OPT_OUT.get(folded)


def is_opt_in(folded: str) -> Language | None:
    """Meant for a person who has opted out; from anybody else it is an ordinary word."""
    return OPT_IN.get(folded)
