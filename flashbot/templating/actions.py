"""The values of a synchronisation: a file, a remote, what differs between them, and what would be done about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from flashbot.templating.book import Entry

__all__ = ["REFUSED", "Action", "Change", "Local", "Move", "Remote"]

Move: TypeAlias = Literal[
    # both
    "unchanged", "conflict", "retype", "gone", "ambiguous", "twins",
    # push
    "create", "update", "adopt", "orphan",
    # pull
    "write", "lift", "link", "ahead", "unclaimed",
]  # fmt: skip
REFUSED: frozenset[Move] = frozenset({"conflict", "retype", "gone", "ambiguous", "twins"})
"""What needs a person first."""


@dataclass(frozen=True, slots=True)
class Local:
    """A file as it would stand at MsgFlash. `name` is None where the header has an id and leaves the name alone."""

    key: str
    file: str
    name: str | None
    body: str
    kind: str = "text"
    media: str = ""
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Remote:
    """A template at MsgFlash; what its answer left out is None. `body` is "" where there is none."""

    id: str
    name: str
    body: str
    kind: str | None = "text"
    media: str | None = ""

    def entry(self, before: Entry | None = None) -> Entry:
        """For the book; what is not known is taken from `before`."""
        known = before or Entry(self.id, self.name, self.body)
        kind, media = self.kind or known.kind, known.media if self.media is None else self.media
        return Entry(self.id, self.name, self.body, kind, media)


@dataclass(frozen=True, slots=True)
class Change:
    """A field of the remote that differs from the file's."""

    field: Literal["name", "body", "mediaUrl"]
    remote: str
    local: str


@dataclass(frozen=True, slots=True)
class Action:
    """`said` is a clause about this template, without its name. `before` is the entry it had until now.

    `keeps`: the remote's text is put away first. `moved_from`: the key under which the book has it.
    """

    move: Move
    key: str
    said: str
    local: Local | None = None
    remote: Remote | None = None
    changes: tuple[Change, ...] = ()
    before: Entry | None = None
    keeps: bool = False
    moved_from: str | None = None

    @property
    def refused(self) -> bool:
        return self.move in REFUSED

    def diff(self, *, pull: bool = False) -> tuple[str, ...]:
        """The lines of a unified diff of what stands at MsgFlash and what the file has; the other way for a pull."""
        return tuple(line for change in self.changes for line in _diff(change, self.key, pull=pull))


def _diff(change: Change, key: str, *, pull: bool) -> Iterator[str]:
    if change.field != "body":
        ours, theirs = (change.remote, change.local) if pull else (change.local, change.remote)
        yield from (f"-{change.field}: {theirs}", f"+{change.field}: {ours}")
        return
    there, here = change.remote.split("\n"), change.local.split("\n")
    if pull:
        yield from difflib.unified_diff(here if change.local else [], there, key, "MsgFlash", lineterm="", n=2)
    else:
        yield from difflib.unified_diff(there if change.remote else [], here, "MsgFlash", key, lineterm="", n=2)
