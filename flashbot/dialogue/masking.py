"""`mask`: a text without the numbers and addresses by which somebody could be found. It cannot find names."""

from __future__ import annotations

import re

__all__ = ["MASK", "mask"]

MASK = "•••"
"""Stands for what was taken out. Folding drops it, so no intent ever sees it."""
MASKED = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|[^\s@]{1,64}@[^\s@]{1,255}"
    r"|\+?\d(?:[\s.,/()\-–]{0,2}\d){5,}"
)


def mask(text: str) -> str:
    """Links, e-mail addresses and numbers of six digits or more become `MASK`.

    A number may have spaces, dots, dashes or brackets between its digits, as phone numbers do.
    """
    return MASKED.sub(MASK, text)
