"""Cells that a spreadsheet would compute: marked before they are written, and unmarked when they are read."""

from __future__ import annotations

import re

__all__ = ["guarded", "unguarded"]

FORMULA = re.compile(r"[\s']*[=+@-]|'*[\t\r\n]")
"""A cell that begins so is computed by a spreadsheet, or becomes one that is once its marks are gone."""
PHONE = re.compile(r"\+\d{6,15}")


def guarded(cell: str) -> str:
    """With an apostrophe in front of what a spreadsheet would compute; a phone number is left alone."""
    return f"'{cell}" if FORMULA.match(cell) and not PHONE.fullmatch(cell) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell, 1) else cell
