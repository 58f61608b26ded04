"""Which language a command tells its words in: the one that was typed, else the terminal's."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

from flashbot.cli.story_words import Language

__all__ = ["Spoken", "Tongue", "language_of"]


class Tongue(StrEnum):
    en = "en"
    fr = "fr"


Spoken = Annotated[
    Tongue | None, typer.Option("--language", help="The language of the words; else that of LANG.", show_default=False)
]


def language_of(typed: Tongue | None) -> Language:
    """Without a word of the user's, the terminal's."""
    if typed is not None:
        return "fr" if typed is Tongue.fr else "en"
    spoken = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "fr" if spoken.lower().startswith("fr") else "en"
