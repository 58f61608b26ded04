"""`Agreements`: who in a file agreed to marketing, written into the bot's own store. It never undoes an opt-out.

A person's time zone goes in beside their consent, unless they have one.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from flashbot.engine.sheets.people import Person
    from flashbot.store.mailbox import Store

__all__ = ["Agreements", "Noted", "agreements"]

Noted: TypeAlias = Literal["given", "opted_out", "nothing"]


class Agreements:
    """Of one import. `store` is None where no bot has one: then nobody is known to have opted out."""

    def __init__(self, store: Store | None, file: str, *, source: str, wording: str) -> None:
        self._store = store
        self._file = file
        self._source = source
        self._wording = wording

    async def silenced(self, person: Person) -> bool:
        """Whether they opted out and were forgotten: then nothing of them is to be kept anywhere. Raises StoreAway."""
        return self._store is not None and await self._store.silenced(person.phone)

    async def note(self, person: Person) -> Noted:
        """Write a person's consent down, where there is one. Raises StoreAway and MemoryUnreadable."""
        from flashbot.cli.plan_people import told_by
        from flashbot.clock import SystemClock, is_zone, to_ms
        from flashbot.consent import MARKETING, Entry
        from flashbot.dialogue.memory import Memory

        agreed, store = person.agreed, self._store
        if agreed is None or store is None:
            return "nothing"
        now = SystemClock().now()
        outcome: Noted = "given"
        zone = told_by(person).get("zone", "")
        source = agreed.source or self._source
        entry = Entry(
            MARKETING,
            "given",
            f"import:{self._file}:{person.line}" + (f" ({source})" if source else ""),
            self._wording or source,
            to_ms(agreed.at or now),
        )

        def change(document: bytes | None) -> bytes | None:
            nonlocal outcome
            memory = Memory.load(document)
            outcome = "given"
            standing = memory.standing(to_ms(now))
            if standing.stops(MARKETING):
                outcome = "opted_out"
                return None
            found = is_zone(zone) and memory.zone is None
            if found:
                memory.zone = zone
            if MARKETING not in standing.consents:
                memory.note(entry)
            elif not found:
                return None
            return memory.dump()

        await store.people.amend(person.phone, change)
        return outcome


@contextlib.asynccontextmanager
async def agreements(file: str, *, wanted: bool, source: str, wording: str) -> AsyncIterator[Agreements]:
    """Over the bot's store. Where there is none: SettingsError if consents are `wanted`, else nothing is started."""
    from flashbot.cli.dead import opened_store
    from flashbot.settings import load_settings

    settings = load_settings()
    if not (wanted or settings.redis_url.get_secret_value() or settings.data_dir.is_dir()):
        yield Agreements(None, file, source=source, wording=wording)
        return
    async with opened_store(settings) as opened:
        yield Agreements(opened.store, file, source=source, wording=wording)
