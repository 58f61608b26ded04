"""/number-lookups: which numbers are on WhatsApp, asked through a connected instance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from flashbot.msgflash.checks import check_text, check_texts
from flashbot.msgflash.jobs import Job, Moves, is_over, submit
from flashbot.msgflash.keys import checked_id
from flashbot.msgflash.listing import Listing, Page
from flashbot.msgflash.models import Resource
from flashbot.msgflash.reading import check_size, cursor_listing, misfit, newer, one

if TYPE_CHECKING:
    from flashbot.msgflash.calls import Calls

__all__ = ["Imported", "Lookup", "LookupEntry", "LookupJob", "LookupLists", "LookupResult", "Lookups"]

LOOKUPS = "/number-lookups"


class LookupEntry(Resource):
    """One number of a lookup. The vendor shows lists and no fields: a bare text or number is its `input`."""

    input: str | None = Field(default=None, repr=False)
    normalized: str | None = Field(default=None, repr=False)
    jid: str | None = Field(default=None, repr=False)
    reason: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, found: object) -> object:
        return {"input": str(found)} if isinstance(found, str | int) else found


def _entries(found: object) -> object:
    """Without what is no entry, which must not cost the others."""
    return [each for each in found if isinstance(each, str | int | dict)] if isinstance(found, list) else found


Entries: TypeAlias = Annotated[tuple[LookupEntry, ...], BeforeValidator(_entries)]


class LookupLists(Resource):
    """The numbers by what was found."""

    on_whatsapp: Entries = Field(default=(), alias="onWhatsApp")
    not_on_whatsapp: Entries = Field(default=(), alias="notOnWhatsApp")
    invalid: Entries = ()


class Lookup(Resource):
    """A lookup as MsgFlash keeps it. `status`: pending, processing, done, failed, cancelled."""

    id: str | None = Field(default=None, validation_alias=AliasChoices("id", "lookupId"))
    mode: str | None = None
    message: str | None = None
    status: str | None = None
    progress: float | None = None
    """Percent."""
    requested_count: int = Field(default=0, validation_alias=AliasChoices("requestedCount", "requested"))
    normalized_count: int = Field(default=0, validation_alias=AliasChoices("normalizedCount", "normalized"))
    checked_count: int = Field(default=0, validation_alias=AliasChoices("checkedCount", "checked"))
    on_whatsapp_count: int = Field(default=0, alias="onWhatsAppCount")
    not_on_whatsapp_count: int = Field(default=0, alias="notOnWhatsAppCount")
    invalid_count: int = 0
    result: LookupLists | None = None
    error: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def size(self) -> int:
        return self.requested_count

    @property
    def processed(self) -> int:
        return self.requested_count if self.status == "done" else self.checked_count


class Imported(Resource):
    """What became of a lookup's numbers in the address book."""

    requested: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class LookupResult:
    """All numbers of a job, by what was found. `lookup_ids` are for `import_contacts`."""

    lookup_ids: tuple[str, ...]
    requested: int
    on_whatsapp: tuple[LookupEntry, ...]
    not_on_whatsapp: tuple[LookupEntry, ...]
    invalid: tuple[LookupEntry, ...]
    errors: tuple[str, ...] = ()


LookupJob: TypeAlias = Job[Lookup, LookupResult]


class Lookups:
    """The number lookups of the workspace."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def create(self, instance_id: str, numbers: Sequence[str]) -> LookupJob:
        """Look up any number of numbers (international format), 10,000 a request.

        Raises ProviderFault, as the number is asked of WhatsApp. `await job.done()` for the lists.

        >>> job = await client.lookups.create(instance, ["+2250700000001", "no number"])
        >>> found = await job.done()
        >>> len(found.on_whatsapp), len(found.invalid)
        (1, 1)
        """
        checked_id(instance_id, "instance")
        check_texts(numbers, "The numbers")
        call = f"POST {LOOKUPS}"

        async def piece(some: Sequence[str]) -> Lookup:
            data = await self._calls.post(LOOKUPS, {"instanceId": instance_id, "numbers": some})
            return _piece(data, len(some), call)

        async def look(old: Lookup) -> Lookup:
            return newer(old, await self.progress(old.id or ""))

        async def cancel(old: Lookup) -> Lookup:
            return newer(old, await self.cancel(old.id or ""))

        return await submit(list(numbers), piece, Moves(call, look, cancel, self._gather), self._calls.clock)

    def list(self, *, limit: int | None = None) -> Listing[Lookup]:
        """Every lookup that MsgFlash still keeps; the vendor documents no size of a page."""
        check_size(limit, None)
        return cursor_listing(self._calls, LOOKUPS, Lookup, {"limit": limit}, "lookups")

    async def page(self, limit: int | None = None, cursor: str | None = None) -> Page[Lookup]:
        """One page of `list`."""
        return await self.list(limit=limit).page(cursor)

    async def get(self, lookup_id: str) -> Lookup:
        """With its `result`."""
        path = _path(lookup_id)
        return one(Lookup, await self._calls.get(path), f"GET {path}")

    async def progress(self, lookup_id: str) -> Lookup:
        """Its counters, without the lists."""
        path = f"{_path(lookup_id)}/progress"
        return one(Lookup, await self._calls.get(path), f"GET {path}")

    async def cancel(self, lookup_id: str) -> Lookup:
        """Call it off. Raises LookupNotFound, LookupCannotBeCancelled."""
        path = f"{_path(lookup_id)}/cancel"
        return one(Lookup, await self._calls.post(path), f"POST {path}")

    async def import_contacts(self, lookup_id: str, *, group_id: str | None = None, tag: str | None = None) -> Imported:
        """Make contacts of the numbers found on WhatsApp, and put them into a group or give them a tag."""
        fields: dict[str, object] = {}
        if group_id is not None:
            fields["groupId"] = checked_id(group_id, "group")
        if tag is not None:
            check_text(tag, "The tag")
            fields["tag"] = tag
        path = f"{_path(lookup_id)}/import-contacts"
        return one(Imported, await self._calls.post(path, fields), f"POST {path}")

    async def _gather(self, pieces: Sequence[Lookup]) -> LookupResult:
        whole = [
            piece if piece.result is not None or piece.id is None or not is_over(piece)
            else await self.get(piece.id)
            for piece in pieces
        ]  # fmt: skip
        lists = [piece.result for piece in whole if piece.result is not None]
        return LookupResult(
            lookup_ids=tuple(piece.id for piece in pieces if piece.id),
            requested=sum(piece.size for piece in pieces),
            on_whatsapp=tuple(entry for found in lists for entry in found.on_whatsapp),
            not_on_whatsapp=tuple(entry for found in lists for entry in found.not_on_whatsapp),
            invalid=tuple(entry for found in lists for entry in found.invalid),
            errors=tuple(piece.error for piece in whole if piece.error),
        )


def _path(lookup_id: str) -> str:
    return f"{LOOKUPS}/{checked_id(lookup_id, 'lookup')}"


def _piece(data: Any, size: int, call: str) -> Lookup:
    read = one(Lookup, data, call)
    if read.status is None and read.result is not None:
        read = read.model_copy(update={"status": "done"})
    if read.id is None and not is_over(read):
        raise misfit(call, "a lookup without an id")
    return read if read.requested_count else read.model_copy(update={"requested_count": size})
