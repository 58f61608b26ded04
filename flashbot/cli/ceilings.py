"""Reasons that are a ceiling, in words: where it is 0 nothing was spent, for nothing is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from flashbot.outreach.reasons import WORDS

if TYPE_CHECKING:
    from flashbot.cli.story_words import Language
    from flashbot.outreach.policy import Limits

__all__ = ["NONE_ALLOWED", "in_words", "none_allowed"]

What: TypeAlias = Literal["messages", "unasked", "new_chats", "strangers", "broadcast", "unanswered"]

CEILINGS: Mapping[str, tuple[str, What]] = {
    "hour": ("hour", "messages"),
    "day": ("day", "messages"),
    "recipients_hour": ("recipients_hour", "messages"),
    "recipients_day": ("recipients_day", "messages"),
    "proactive_hour": ("proactive_hour", "unasked"),
    "proactive_day": ("proactive_day", "unasked"),
    "new_chats_hour": ("new_hour", "new_chats"),
    "new_chats_day": ("new_day", "new_chats"),
    "cold_ratio": ("cold_ratio", "strangers"),
    "campaign_size": ("campaign_recipients", "broadcast"),
    "unanswered_ledger": ("unanswered", "unanswered"),
}
"""By reason: the field of `Limits`, and what it counts."""
NONE_ALLOWED: Mapping[Language, Mapping[What, str]] = {
    "en": {
        "messages": "the number is allowed no messages",
        "unasked": "the number is allowed no unasked messages",
        "new_chats": "the number is allowed no new chats",
        "strangers": "the number is allowed no messages to people who never wrote",
        "broadcast": "the number is allowed no broadcasts",
        "unanswered": "the number is allowed no unanswered messages",
    },
    "fr": {
        "messages": "le numéro n’a droit à aucun message",
        "unasked": "le numéro n’a droit à aucun message non sollicité",
        "new_chats": "le numéro n’a droit à aucune nouvelle discussion",
        "strangers": "le numéro n’a droit à aucun message à qui n’a jamais écrit",
        "broadcast": "le numéro n’a droit à aucune diffusion",
        "unanswered": "le numéro n’a droit à aucun message sans réponse",
    },
}


def none_allowed(reason: str, limits: Limits | None, language: Language = "en") -> str:
    """The words for a ceiling of 0; "" for any other reason, and where the limits are not known."""
    name, what = CEILINGS.get(reason, ("", None))
    if limits is None or what is None or getattr(limits, name) > 0:
        return ""
    return NONE_ALLOWED[language][what]


def in_words(reason: str, limits: Limits | None, language: Language = "en") -> str:
    """What a message waits for; a reason of a newer flashbot stays as it is."""
    known: Mapping[str, str] = {str(one): said for one, said in WORDS[language].items()}
    return none_allowed(reason, limits, language) or known.get(reason, reason)
