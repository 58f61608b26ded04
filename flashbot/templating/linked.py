"""`Linked`: the stored template that belongs to a file, and whether somebody has edited it at MsgFlash since."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flashbot.msgflash.errors import Refused
from flashbot.templating.asking import stopping
from flashbot.templating.verdict import edited, unlike

if TYPE_CHECKING:
    from flashbot.msgflash.templates import Template
    from flashbot.templating.asking import Asking
    from flashbot.templating.book import Book, Entry
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.fault import Fault
    from flashbot.templating.lowering import Lowered
    from flashbot.templating.source import Source

__all__ = ["Linked"]


class Linked:
    """By the header's id, by what was pushed or pulled, or by name. `stored` is the list, once it was read."""

    def __init__(self, catalogue: Catalogue, asking: Asking, book: Book | None) -> None:
        self._catalogue = catalogue
        self._asking = asking
        self._book = book
        self.stored: tuple[Template, ...] = ()
        self.notes: list[str] = []

    def entry(self, source: Source) -> Entry | None:
        """What was pushed or pulled."""
        return None if self._book is None else self._book.get(source.key)

    async def faults(self, source: Source, lowered: Lowered | None) -> list[Fault]:
        """What is there and not in the file, unless only the file has changed since. Raises Stopped.

        Without `lowered` the file is compiled only where it must be.
        """
        entry = self.entry(source)
        wanted = source.header.id or (None if entry is None else entry.id)
        if wanted is not None:
            stored = await self._by_id(source, wanted)
            if stored is None:
                return [_gone(source, wanted)]
        else:
            named = [one for one in self.stored if one.name == source.remote_name]
            alike = [one for one in named if lowered is not None and one.body == lowered.body]
            stored = next(iter([*alike, *named]), None)
        if stored is None:
            return []
        untouched = entry is not None and _as_pushed(stored, entry)
        if lowered is None and untouched:
            return []
        found = list(edited(source, lowered or self._catalogue.lower(source), stored))
        if found and untouched:
            self.notes.append(f"{source.file}: changed here since the last push.")
            return []
        return found

    async def _by_id(self, source: Source, wanted: str) -> Template | None:
        found = next((one for one in self.stored if one.id == wanted), None)
        if found is not None or source.header.id is None:
            return found
        try:
            with stopping():
                return await self._asking.once(partial(self._asking.client.templates.get, wanted))
        except Refused:
            return None


def _gone(source: Source, wanted: str) -> Fault:
    if source.header.id is not None:
        said = f"MsgFlash has no template {wanted}: correct the id, or leave it out and push."
        return unlike("not-found", source, source.header.lines.get("id", 1), said)
    said = f"Its template {wanted} is no longer at MsgFlash: push it again."
    return unlike("not-found", source, source.header.lines.get("name", 1), said)


def _as_pushed(stored: Template, entry: Entry) -> bool:
    """A field that the answer left out is taken as pushed."""
    media = entry.media if stored.media_url is None else stored.media_url
    there = (stored.name or entry.name, stored.body or "", media, stored.type or entry.kind)
    return there == (entry.name, entry.body, entry.media, entry.kind)
