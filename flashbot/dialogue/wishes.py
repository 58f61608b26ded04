"""What a dialogue needs to know of opt-outs, and how the answer to "Shall we stop?" is read. Pure.

The words live in a sibling room; the protocol is all that passes between the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

from flashbot.dialogue.asking import YES
from flashbot.dialogue.text import plain

if TYPE_CHECKING:
    from flashbot.consent import Act, Stop

__all__ = ["DEAF", "Language", "Wish", "Wishes", "agrees", "declines"]

Language: TypeAlias = Literal["en", "fr", "both"]
KEEPS = frozenset(
    plain(said)
    for said in (
        "no", "nope", "no no", "non", "non non", "no keep them", "keep them", "no keep", "keep", "no don't stop",
        "don't stop", "continue", "non continuez", "continuez", "non gardez", "non continue", "n'arrêtez pas",
    )
)  # fmt: skip
"""Not "no thanks", which may as well mean the messages."""
AGREES = frozenset(
    plain(said) for said in ("oui arrêtez", "oui stop", "yes stop", "stop please", "stop them", "stop svp")
)


class Wish(NamedTuple):
    """What a handler says that this person wants. `act` is "given" or "withdrawn"."""

    purpose: str
    act: Act
    wording: str = ""


class Wishes(Protocol):
    def stops(self, folded: str) -> Stop | None:
        """Whether the whole folded message is an opt-out word."""

    def resumes(self, folded: str) -> Language | None:
        """Whether it ends an opt-out, and in which language."""

    def nearly(self, spoken: str) -> Language | None:
        """Whether a text seems to be meant as an opt-out."""


class _Deaf:
    def stops(self, folded: str) -> Stop | None:
        return None

    def resumes(self, folded: str) -> Language | None:
        return None

    def nearly(self, spoken: str) -> Language | None:
        return None


DEAF: Wishes = _Deaf()
"""Knows no word at all."""


def agrees(text: str) -> bool:
    """Whether it says yes to a question, and nothing else."""
    said = plain(text)
    return said in YES or said in AGREES


def declines(text: str) -> bool:
    """Whether it says no, and nothing else."""
    return plain(text) in KEEPS
