"""A message of the bot as lines of text, and the buttons a person can tap. Pure: rows of the sandbox in, text out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Choice", "lines_of"]

SIGNS = {"image": "image", "video": "video", "audio": "audio", "voice_note": "voice note", "document": "document"}


@dataclass(frozen=True, slots=True)
class Choice:
    """A reply button: its id is what the bot receives."""

    id: str
    label: str


def lines_of(row: Mapping[str, Any], tapped_before: int = 0) -> tuple[list[str], list[Choice]]:
    """What to print, and the choices in it, numbered on from `tapped_before`."""
    lines: list[str] = []
    if row.get("title"):
        lines.append(str(row["title"]))
    if row.get("mediaUrl"):
        lines.append(f"({SIGNS.get(str(row.get('type')), 'file')}: {row['mediaUrl']})")
    if row.get("type") == "location":
        named = ", ".join(str(row[part]) for part in ("locationName", "locationAddress") if row.get(part))
        lines.append(f"(location: {f'{named}, ' if named else ''}{row.get('latitude')}, {row.get('longitude')})")
    card = row.get("card")
    if isinstance(card, Mapping):
        lines.append(f"(contact: {card.get('name')}, {card.get('phone')})")
    if row.get("body"):
        lines += str(row["body"]).splitlines()
    if row.get("footer"):
        lines.append(str(row["footer"]))
    choices: list[Choice] = []
    for button in row.get("buttons") or ():
        label = str(button.get("displayText", ""))
        if button.get("type") == "reply":
            choices.append(Choice(str(button["id"]), label))
            lines.append(f"[{tapped_before + len(choices)}] {label}")
        else:
            held = next((button[key] for key in ("url", "copyCode", "phoneNumber", "key") if button.get(key)), "")
            lines.append(f"[{button.get('type')}] {label}: {held}")
    return lines or [f"({row.get('type', 'message')})"], choices
