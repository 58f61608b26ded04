"""What every field of an outgoing message must pass. Raises ContentError; quotes nothing."""

from __future__ import annotations

import re

from flashbot.errors import ContentError

__all__ = ["check_degrees", "check_optional", "check_text", "check_url"]

WEB = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


def check_text(value: object, name: str, longest: int | None = None) -> None:
    if not isinstance(value, str):
        raise ContentError(f"{name} must be text, not {type(value).__name__}.")
    if not value or value.isspace():
        raise ContentError(f"{name} is empty: give it at least one visible character.")
    if longest is not None and len(value) > longest:
        raise ContentError(f"{name} has {len(value)} characters and MsgFlash takes {longest}: shorten or split it.")
    if "\x00" in value:
        raise ContentError(f"{name} contains a NUL character: remove it.")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ContentError(f"{name} contains half of a surrogate pair: it is no valid Unicode.") from None


def check_optional(value: object, name: str) -> None:
    if value is not None:
        check_text(value, name)


def check_url(value: object, name: str) -> None:
    check_text(value, name)
    if not (isinstance(value, str) and WEB.fullmatch(value)):
        raise ContentError(f"{name} must be an http:// or https:// address that MsgFlash can reach.")


def check_degrees(value: object, name: str, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ContentError(f"{name} must be a number of degrees, not {type(value).__name__}.")
    if not -most <= value <= most:  # also refuses NaN and the infinities
        raise ContentError(f"{name} must lie between -{most} and {most} degrees.")
