"""The Lua scripts, loaded by name. `mailbox.lua` holds what they share and is put before each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["NAMES", "Script", "load"]

NAMES = (
    "post",
    "take",
    "commit",
    "renew",
    "permit",
    "bury",
    "status",
    "bound",
    "known",
    "catchup",
    "pause",
    "ledger",
    "number",
    "contact",
    "days",
    "loose",
    "standing",
    "misses",
    "reasons",
    "person",
    "cast",
    "waiting",
)


@dataclass(frozen=True, slots=True)
class Script:
    """A script's whole text and the SHA-1 by which the server knows it."""

    name: str
    text: str
    sha: str


@cache
def load(name: str) -> Script:
    folder = files(__name__)
    text = (folder / "mailbox.lua").read_text("utf-8") + (folder / f"{name}.lua").read_text("utf-8")
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
