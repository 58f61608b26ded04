"""Moments as MsgFlash writes them: ISO 8601 in UTC, with milliseconds and a Z."""

from __future__ import annotations

from datetime import UTC, datetime

from flashbot.msgflash.errors import InvalidRequest

__all__ = ["iso"]


def iso(moment: object, what: str) -> str:
    """`2026-05-01T09:00:00.000Z`. Raises InvalidRequest for a moment without a zone: MsgFlash would take it as UTC."""
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise InvalidRequest(f"Nothing was sent: {what[0].lower()}{what[1:]} has no time zone; give it one.")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
