"""`Importer`: people from a file into the address book, several at once, and exactly known how far.

A line stays open until nothing is left to do for it; the first open line is where an interrupted import goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from flashbot.engine.addressbook import find_contact
from flashbot.engine.sheets.people import Person, Refused
from flashbot.errors import ContentError, FlashbotError, SettingsError
from flashbot.msgflash.errors import Conflict, InvalidRequest, OutcomeUnknown

if TYPE_CHECKING:
    from flashbot.cli.agreed import Agreements
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.contacts import Contact

__all__ = ["Importer"]

AT_ONCE = 8
"""Requests on their way; the rate paces them."""
TRIES = 3
SILENCED = "this number opted out and was forgotten: it has to write first"
MEMBERS_AT_ONCE = 99
"""Up to here MsgFlash answers at once (contact-groups/add-members)."""

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Tally:
    """What became of the lines that were read. `known` were in the address book and stayed as they were."""

    created: int = 0
    updated: int = 0
    known: int = 0
    refused: int = 0
    consented: int = 0
    """Of those, who agreed to marketing."""
    opted_out: int = 0
    """Who agreed by the file and had opted out since: that counts."""

    @property
    def lines(self) -> int:
        return self.created + self.updated + self.known + self.refused


class Importer:
    """One run. `fault` is what ended it early, if MsgFlash or the network did."""

    def __init__(
        self,
        client: Client,
        found: Iterator[Person | Refused],
        *,
        from_line: int = 1,
        update: bool = False,
        group_id: str | None = None,
        agreements: Agreements | None = None,
        refuse: Callable[[int, str], None],
        show: Callable[[Tally], None],
    ) -> None:
        self.tally = Tally()
        self.fault: FlashbotError | None = None
        self._client = client
        self._found = found
        self._from_line = from_line
        self._update = update
        self._group_id = group_id
        self._agreements = agreements
        self._refuse = refuse
        self._show = show
        self._open: set[int] = set()
        self._next: int | None = from_line
        self._reading = asyncio.Lock()
        # Contacts that are to be put into the group, by line.
        self._waiting: dict[int, str] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until the file ends, `stop` is set or something fails; then what is on its way is waited for."""
        await asyncio.gather(*(self._work(stop) for _ in range(AT_ONCE)))
        await self._join()

    @property
    def next_line(self) -> int | None:
        """From where another run would have to go on; None when nothing is left."""
        return min((line for line in (*self._open, self._next) if line is not None), default=None)

    async def _work(self, stop: asyncio.Event) -> None:
        while True:
            async with self._reading:
                one = await self._read(stop)
            if one is None:
                return
            if isinstance(one, Refused):
                self._settle(one.line, "refused", one.reason)
            else:
                await self._take(one)

    async def _read(self, stop: asyncio.Event) -> Person | Refused | None:
        while self.fault is None and not stop.is_set():
            # In a thread: a pipe may have nothing yet.
            reading = asyncio.ensure_future(asyncio.to_thread(next, self._found, None))
            stopped = asyncio.ensure_future(stop.wait())
            await asyncio.wait({reading, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not reading.done():
                reading.cancel()
                return None
            try:
                one: Person | Refused | None = reading.result()
            except FlashbotError as fault:
                self.fault = fault
                return None
            except OSError as fault:
                self.fault = SettingsError(f"The file cannot be read any further: {fault.strerror}.")
                return None
            if one is None:
                self._next = None
                return None
            if one.line >= self._from_line:
                self._open.add(one.line)
                self._next = one.after
                return one
        return None

    async def _take(self, person: Person) -> None:
        try:
            if self._agreements is not None and await self._agreements.silenced(person):
                self._settle(person.line, "refused", SILENCED)
                return
            contact, outcome = await self._placed(person)
            if outcome != "refused":
                await self._note_consent(person)
        except ContentError as fault:
            self._settle(person.line, "refused", str(fault).rstrip("."))
        except InvalidRequest as fault:
            self._settle(person.line, "refused", f"MsgFlash does not take it ({fault.code or fault.status or fault})")
        except FlashbotError as fault:
            self.fault = self.fault or fault
        else:
            if outcome == "refused":
                self._settle(person.line, outcome, "MsgFlash has the number already, but its search does not find it")
            elif contact is None or self._group_id is None:
                self._settle(person.line, outcome)
            else:
                self._settle(person.line, outcome, close=False)
                self._waiting[person.line] = contact.id
                if len(self._waiting) >= MEMBERS_AT_ONCE:
                    await self._join()

    async def _note_consent(self, person: Person) -> None:
        noted = "nothing" if self._agreements is None else await self._agreements.note(person)
        self.tally.consented += noted == "given"
        self.tally.opted_out += noted == "opted_out"

    async def _placed(self, person: Person) -> tuple[Contact | None, str]:
        """The contact, where it had to be looked at, and what happened to it."""
        doubtful = False
        for attempt in range(TRIES):
            try:
                return await self._create(person), "created"
            except Conflict:
                if doubtful:  # an earlier try had gone in
                    return await find_contact(self._client, person.phone), "created"
                break
            except OutcomeUnknown:
                doubtful = True
                found = await find_contact(self._client, person.phone)
                if found is not None and found.name == (person.name or person.phone):
                    return found, "created"
                if found is not None:
                    break
                if attempt == TRIES - 1:
                    raise
        if not self._update and self._group_id is None:
            return None, "known"
        known = await find_contact(self._client, person.phone)
        if known is None:
            return None, "refused"
        changed = self._update and await self._change(known, person)
        return known, "updated" if changed else "known"

    async def _create(self, person: Person) -> Contact:
        return await self._client.contacts.create(
            person.name or person.phone, person.phone, tags=person.tags, meta=person.meta or None
        )

    async def _change(self, known: Contact, person: Person) -> bool:
        """Tags and further columns are added to those it has. False when that changes nothing."""
        tags = (*known.tags, *(tag for tag in person.tags if tag not in known.tags))
        before = known.meta or {}
        meta = {**before, **person.meta}
        name = person.name if person.name != known.name else None
        if name is None and tags == known.tags and meta == before:
            return False
        await _surely(
            lambda: self._client.contacts.update(
                known.id,
                name=name,
                tags=tags if tags != known.tags else None,
                meta=meta if meta != before else None,
            )
        )
        return True

    async def _join(self) -> None:
        """Put those who wait into the group; only then are their lines done."""
        batch, self._waiting = self._waiting, {}
        if not batch or self._group_id is None:
            return
        group_id, ids = self._group_id, list(dict.fromkeys(batch.values()))
        try:
            job = await _surely(lambda: self._client.contacts.groups.add_members(group_id, ids))
            await job.done()
        except FlashbotError as fault:
            self.fault = self.fault or fault
        else:
            self._open -= batch.keys()

    def _settle(self, line: int, outcome: str, reason: str = "", *, close: bool = True) -> None:
        setattr(self.tally, outcome, getattr(self.tally, outcome) + 1)
        if reason:
            self._refuse(line, reason)
        if close:
            self._open.discard(line)
        self._show(self.tally)


async def _surely(write: Callable[[], Awaitable[Answer]]) -> Answer:
    """A write that may be made again: one without an answer is."""
    for _ in range(TRIES - 1):
        try:
            return await write()
        except OutcomeUnknown:
            continue
    return await write()
