"""The `.env` file: read, and written so that nobody else can read it at any moment.

A write is whole or did not happen: a temporary file of mode 600 beside it, read back, then put in its place.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from flashbot.errors import SettingsError

__all__ = ["ENV", "merged", "read_env", "write_env"]

ENV = Path(".env")
PLAIN = re.compile(r"[A-Za-z0-9_./:@+,=-]*")


def read_env(path: Path = ENV) -> dict[str, str]:
    """The names with a value in the file, as the settings read them; empty when there is none. Raises SettingsError."""
    if not path.is_file():
        return {}
    try:
        found = dotenv_values(path, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(f"{path} cannot be read ({_why(fault)}): correct it, or its permissions.") from fault
    return {name: value for name, value in found.items() if value}


def write_env(values: Mapping[str, str | None], path: Path = ENV) -> None:
    """Set these names and remove those of None; every other line and comment stays. The file gets mode 600.

    Raises SettingsError when it cannot be written; the file is then as it was.
    """
    place = path.resolve()  # a link stays a link
    try:
        with place.open(encoding="utf-8", newline="") as file:
            before = file.read()
    except FileNotFoundError:
        before = ""
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(f"{path} cannot be read ({_why(fault)}): correct it, or its permissions.") from fault
    try:
        _put(place, merged(before, values), values)
    except OSError as fault:
        raise SettingsError(f"{path} cannot be written ({_why(fault)}): it is as it was.") from fault


def merged(text: str, values: Mapping[str, str | None]) -> str:
    """`text` of an env file with these values: in the place of the old line, or at the end."""
    left = dict(values)
    kept = "".join(_kept(text, values, left))
    added = "".join(_line(name, value) for name, value in left.items() if value is not None)
    return kept + ("\n" if added and kept and not kept.endswith(("\n", "\r")) else "") + added


def _kept(text: str, values: Mapping[str, str | None], left: dict[str, str | None]) -> Iterator[str]:
    for binding in parse_stream(StringIO(text, newline="")):
        name, line = binding.key, binding.original.string
        if name is None or name not in values:
            yield line
            continue
        if name in left and binding.value is not None and binding.value == values[name] and line.endswith(("\n", "\r")):
            del left[name]
            yield line  # with its comment
            continue
        # The parser counts the empty lines before a binding as its own.
        bare = line.lstrip()
        yield line[: len(line) - len(bare)]
        value = left.pop(name, None)
        if value is not None:
            yield ("export " if bare.startswith("export ") else "") + _line(name, value)


def _line(name: str, value: str) -> str:
    if not PLAIN.fullmatch(value):
        value = "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return f"{name}={value}\n"


def _put(place: Path, text: str, values: Mapping[str, str | None]) -> None:
    handle, name = tempfile.mkstemp(prefix=".env.", dir=place.parent)  # mode 600 from its first byte on
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _check(dotenv_values(temporary, encoding="utf-8"), values)
        temporary.replace(place)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _check(read: Mapping[str, str | None], values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if read.get(name) != value:
            raise SettingsError(
                f"The value of {name} cannot be kept in an env file, which is as it was: set it in the environment."
            )


def _why(fault: Exception) -> str:
    return fault.strerror or type(fault).__name__ if isinstance(fault, OSError) else "it is no UTF-8"
