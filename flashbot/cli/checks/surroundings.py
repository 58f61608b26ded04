"""Findings about the settings: where they come from, who else can read them, and which are not taken."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flashbot.cli.checks.finding import Finding, ok, warning

__all__ = ["EnvFile", "judge_settings"]

SUBJECT = "settings"
PREFIX = "FLASHBOT_"
OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class EnvFile:
    """`.env` as it was found; `mode` is its permissions."""

    path: Path
    mode: int
    values: Mapping[str, str] = field(repr=False)


def judge_settings(file: EnvFile | None, environment: Mapping[str, str], known: Collection[str]) -> Iterator[Finding]:
    """`known` are the names of all settings, as the environment has them."""
    set_here = {name.upper() for name, value in environment.items() if value}
    if file is None:
        if not set_here & set(known):
            yield warning(
                SUBJECT,
                "There is no .env in this folder, and the environment sets nothing.",
                "flashbot connect, in the folder of your bot",
            )
        else:
            yield ok(SUBJECT, "They come from the environment; there is no .env in this folder.")
        return
    if file.mode & OTHERS:
        yield warning(
            SUBJECT,
            f"{file.path} can be read by other users of this machine (mode {file.mode:o}).",
            f"chmod 600 {file.path}",
        )
    else:
        yield ok(SUBJECT, f"{file.path} is here, and nobody else can read it.")
    for name in file.values:
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            meant = difflib.get_close_matches(name.upper(), known, 1)
            then = f"write {meant[0]}" if meant else "take it out"
            yield warning(SUBJECT, f"{name} in {file.path} is no setting and does nothing.", then)
    for name, value in sorted(file.values.items()):
        if name.upper() in known and name.upper() in set_here and environment.get(name.upper(), value) != value:
            yield warning(
                SUBJECT,
                f"{name.upper()} of the environment hides another value in {file.path}.",
                f"unset {name.upper()}",
            )
