"""Single values out of a webhook body: words, phones, moments, numbers. Quotes nothing in errors."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, TypeAlias

from flashbot.errors import UnreadableEvent

__all__ = [
    "JsonObject",
    "group_of",
    "moment_of",
    "number_of",
    "object_of",
    "party_of",
    "phone_of",
    "text_of",
    "truth_of",
    "word_of",
]

JsonObject: TypeAlias = dict[str, Any]

LONGEST_WORD = 256
LONGEST_ADDRESS = 2048
FEWEST_DIGITS, MOST_DIGITS = 5, 15  # E.164 allows 15
PERSON_DOMAINS = frozenset({"s.whatsapp.net", "c.us"})
BETWEEN_DIGITS = str.maketrans("", "", " .-()/\u00a0\u202f")


def wrong_type(name: str) -> UnreadableEvent:
    return UnreadableEvent(f"`{name}` is of a type that cannot be read.")


def word_of(found: JsonObject, name: str, longest: int = LONGEST_WORD) -> str | None:
    """An id, name or address under `name`; None when absent or empty."""
    value = found.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        if len(value) > longest:
            raise UnreadableEvent(f"`{name}` is longer than {longest} characters.")
        return value or None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        return str(value)
    raise wrong_type(name)


def text_of(found: JsonObject, name: str) -> str:
    """Free text under `name`; "" when absent."""
    value = found.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise wrong_type(name)


def object_of(found: JsonObject, name: str) -> JsonObject | None:
    value = found.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise wrong_type(name)


def truth_of(found: JsonObject, name: str) -> bool:
    """True or false under `name`; false when absent."""
    value = found.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise wrong_type(name)


def phone_of(word: str) -> str | None:
    """E.164 with its plus, from a number however punctuated, or from a person's JID; else None."""
    digits = word[1:] if word[0] == "+" else word
    if not (digits.isdigit() and digits.isascii()):
        digits, _, domain = digits.partition("@")
        if domain:
            if domain not in PERSON_DOMAINS:
                return None
            digits = digits.partition(":")[0]  # the device
        digits = digits.translate(BETWEEN_DIGITS)
        if not (digits.isdigit() and digits.isascii()):
            return None
    digits = digits.removeprefix("00")
    if FEWEST_DIGITS <= len(digits) <= MOST_DIGITS and digits[0] != "0":
        return "+" + digits
    return None


def party_of(*words: str | None) -> str | None:
    """The first phone among `words`; with none, the first privacy id as "lid:" and digits."""
    for word in words:
        if word and (phone := phone_of(word)):
            return phone
    for word in words:
        if word and word.endswith("@lid"):
            digits = word[:-4].partition(":")[0]
            if digits.isdigit() and digits.isascii():
                return f"lid:{digits}"
    return None


def group_of(word: str | None) -> str | None:
    """A group's id, "…@g.us", when `word` is one."""
    return word if word and word.endswith("@g.us") and len(word) > len("@g.us") else None


def moment_of(value: object) -> datetime | None:
    """From ISO-8601 or Unix seconds, milliseconds or microseconds; else None. No zone means UTC."""
    try:
        if isinstance(value, str):
            if not value.isdigit():
                moment = datetime.fromisoformat(value)
                if moment.tzinfo is None:
                    return moment.replace(tzinfo=UTC)
                return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
            value = int(value[:20])
        elif isinstance(value, dict):  # a 64-bit integer in two halves
            value = value.get("low")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e18:
            return None
        while value > 100_000_000_000:  # as seconds, the year 5138
            value /= 1000
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def number_of(found: JsonObject, name: str, most: int) -> float | None:
    """A coordinate between -most and most; None when absent."""
    value = found.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise wrong_type(name)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise wrong_type(name) from None
    if not math.isfinite(number) or abs(number) > most:
        raise UnreadableEvent(f"`{name}` is no coordinate.")
    return number
