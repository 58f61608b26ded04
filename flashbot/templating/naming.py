"""What a template from MsgFlash is called as a file, and the header it begins with."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from typing import TYPE_CHECKING

from flashbot.templating.languages import is_locale
from flashbot.templating.lifting import paths_in

if TYPE_CHECKING:
    from flashbot.templating.actions import Remote

__all__ = ["file_name", "header_of", "with_key"]

LONGEST = 60
UNSAFE = re.compile(r"[^\w-]+")
LOCALISED = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*)\.([A-Za-z_]+)", re.ASCII)
DEVICES = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)
"""No file can be called that on Windows, whatever its ending."""
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
EXAMPLES = {"contact.firstName": "Awa", "contact.name": "Awa Diop"}
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}

SCALAR = r"""\s*:\s*(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^,}]*)"""
NESTED = {key: re.compile(rf"(?:^\s+|[{{,]\s*){inner}{SCALAR}") for key, inner in (("name", "name"), ("media", "url"))}
"""A key of ours within another, as in `remote: {name: promo}`."""


def file_name(name: str, template_id: str, taken: Container[str]) -> str:
    """A name without its ending that every file system takes; `taken` are in lower case.

    "ask_review.fr" keeps its language; any other dot would be mistaken for one.
    """
    name = unicodedata.normalize("NFC", name)
    localised = LOCALISED.fullmatch(name)
    stem, language = name, ""
    if localised and is_locale(localised[2]):
        stem, language = localised[1], f".{localised[2]}"
    # A leading _ would make it a partial, which is never sent.
    stem = UNSAFE.sub("_", stem).strip("_-")
    while len(stem.encode()) > LONGEST:
        stem = stem[:-1]
    if not stem:
        stem = f"template_{template_id[:8]}"
    if DEVICES.fullmatch(stem):
        stem = f"template_{stem}"
    made, number = f"{stem}{language}", 1
    while made.casefold() in taken:
        number += 1
        made = f"{stem}_{number}{language}"
    return made


def header_of(remote: Remote, *, twice: bool = False) -> str:
    """Its true name, and a value for everything it asks for. `twice`: another has the same name, so its id is said."""
    lines = ["---"]
    kept = remote.name == remote.name.strip() and remote.name
    if twice or not kept:
        lines.append(f"id: {remote.id}")
    if kept:
        lines.append(f"name: {quoted(remote.name)}")
    lines.append(f"type: {remote.kind or 'text'}")
    if remote.media and remote.kind != "text":
        lines.append(f"media: {quoted(remote.media)}")
    lines.append("sent_by: MsgFlash  # take this line out once the bot itself sends it")
    values: dict[str, object] = {}
    for path in paths_in(remote.body):
        parts = path.removeprefix("custom.").split(".") if path.startswith("custom.") else path.split(".")
        _put(values, parts, EXAMPLES.get(path, parts[-1]))
    if values:
        lines += ["samples:", "  usual:  # put values here as they will be"]
        lines += [f"    {line}" for line in _yaml(values)]
    return "\n".join([*lines, "---", ""])


def with_key(head: str, key: str, value: str, line: int | None) -> str:
    """A header, fences included, in which `key` is `value`; `line` is the key's, None where it has none."""
    lines = head.split("\n")
    said = f"{key}: {quoted(value)}"
    if line is None:
        lines.insert(1, said)
    else:
        held = NESTED[key].search(lines[line - 1])
        lines[line - 1] = said if held is None else _replaced(held, quoted(value))
    return "\n".join(lines)


def _replaced(held: re.Match[str], value: str) -> str:
    return held.string[: held.start("value")] + value + held.string[held.end("value") :]


def quoted(text: str) -> str:
    """A scalar of YAML that reads as this text."""
    if PLAIN.fullmatch(text):
        return text
    return '"' + "".join(_escaped(one) for one in text) + '"'


def _escaped(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _put(values: dict[str, object], parts: list[str], value: str) -> None:
    for part in parts[:-1]:
        inner = values.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        values = inner
    values.setdefault(parts[-1], value)


def _yaml(values: dict[str, object]) -> list[str]:
    lines: list[str] = []
    for name, value in values.items():
        key = quoted(name)
        if isinstance(value, dict):
            lines += [f"{key}:", *(f"  {line}" for line in _yaml(value))]
        else:
            lines.append(f"{key}: {quoted(str(value))}")
    return lines
