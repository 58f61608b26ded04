"""Where somebody can be reached: e-mail addresses and phone numbers (`phonenumbers`, loaded when first used)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flashbot.dialogue.values.line import Found, Rank

if TYPE_CHECKING:
    from datetime import datetime

    from flashbot.dialogue.values.line import Line

__all__ = ["find_emails", "find_phones"]

EMAIL = re.compile(
    r"(?<![\w.+@-])([\w+-][\w.+-]{0,63})@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24})(?![\w@-])",
    re.ASCII | re.IGNORECASE,
)


def find_emails(line: Line, now: datetime, region: str | None) -> list[Found]:
    """Addresses with their domain in lower case. What stands before the @ is left as written: its case may matter."""
    return [
        Found(*line.place(*match.span()), f"{match[1]}@{match[2].lower()}", Rank.EMAIL)
        for match in EMAIL.finditer(line.raw)
    ]


def find_phones(line: Line, now: datetime, region: str | None) -> list[Found]:
    """Valid numbers in E.164. Without a country only those that begin with +."""
    if sum(character.isdigit() for character in line.text) < SHORTEST:
        return []
    from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher, format_number

    return [
        Found(*line.place(match.start, match.end), format_number(match.number, PhoneNumberFormat.E164), Rank.PHONE)
        for match in PhoneNumberMatcher(line.raw, region, Leniency.VALID, TRIES)
    ]


SHORTEST = 5
"""Digits of a phone number; fewer are not looked at."""
TRIES = 200
"""Candidates in one message that are looked at."""
