"""What every field of an outgoing message must pass. Raises ContentError; quotes nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from flashbot.errors import ContentError

__all__ = [
    "check_degrees",
    "check_mapping",
    "check_media",
    "check_optional",
    "check_text",
    "check_texts",
    "check_url",
    "check_variables",
    "check_word",
    "is_web",
]

WEB = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)

# By the ending of a file's name (guides/media-uploads).
FORMATS: Mapping[str, frozenset[str]] = {
    "image": frozenset({"jpg", "jpeg", "png", "webp", "gif"}),
    "video": frozenset({"mp4", "3gp", "3gpp"}),
    "document": frozenset({"pdf", "doc", "docx", "xls", "xlsx"}),
    "audio": frozenset({"mp3", "ogg", "mp4", "m4a", "aac", "amr"}),
    "voice_note": frozenset({"mp3", "ogg", "oga", "opus", "webm", "mp4", "m4a", "aac", "amr"}),
}
KNOWN = frozenset[str]().union(*FORMATS.values())


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
    if not is_web(value):
        raise ContentError(f"{name} must be an http:// or https:// address that MsgFlash can reach.")


def is_web(value: object) -> bool:
    """Whether it is an http or https address with a host."""
    if not (isinstance(value, str) and WEB.fullmatch(value)):
        return False
    try:
        return bool(urlsplit(value).hostname)
    except ValueError:  # brackets that hold no address
        return False


def check_word(value: object, words: Sequence[str], name: str) -> None:
    """One of the vendor's words for this field."""
    if value not in words:
        raise ContentError(f"{name} must be one of {', '.join(words)}.")


def check_degrees(value: object, name: str, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ContentError(f"{name} must be a number of degrees, not {type(value).__name__}.")
    if not -most <= value <= most:  # also refuses NaN and the infinities
        raise ContentError(f"{name} must lie between -{most} and {most} degrees.")


def check_media(url: object, kind: str) -> None:
    """An address whose ending, where the vendor knows it, belongs to this kind of message."""
    check_url(url, "The media url")
    ending = PurePosixPath(urlsplit(str(url)).path).suffix.lstrip(".").lower()
    if ending in KNOWN and ending not in FORMATS[kind]:
        raise ContentError(
            f"The media url ends in .{ending}, which is no {kind.replace('_', ' ')}: "
            f"give one of {', '.join(sorted(FORMATS[kind]))}, or send another kind of message."
        )


def check_texts(values: object, name: str) -> None:
    """A list of texts, each with something in it; a lone text is no list."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ContentError(f"{name} must be a list of texts.")
    for value in values:
        check_text(value, f"Each of {name[0].lower()}{name[1:]}")


def check_mapping(value: object, name: str) -> None:
    if not isinstance(value, Mapping):
        raise ContentError(f"{name} must be a mapping, not {type(value).__name__}.")


def check_variables(variables: object) -> dict[str, str | int | float]:
    """The values of a stored template's custom.*: a flat mapping of names to texts and numbers."""
    if not isinstance(variables, Mapping):
        raise ContentError("The template's variables must be a mapping of names to text or numbers.")
    for name, value in variables.items():
        check_text(name, "The name of a template variable")
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ContentError(f"The template variable {name} must be text or a number, not {type(value).__name__}.")
        if isinstance(value, float) and not math.isfinite(value):
            raise ContentError(f"The template variable {name} must be a finite number.")
    return dict(variables)
