"""/contacts: the address book. One contact per phone number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import Field

from flashbot.msgflash.bulk import BulkJob, BulkJobs, bulk_call
from flashbot.msgflash.checks import check_mapping, check_text, check_texts
from flashbot.msgflash.errors import InvalidRequest
from flashbot.msgflash.groups import Group, Groups
from flashbot.msgflash.keys import checked_id
from flashbot.msgflash.listing import Listing, Page
from flashbot.msgflash.models import Id, Resource
from flashbot.msgflash.phones import e164
from flashbot.msgflash.reading import check_search, check_size, cursor_listing, one, whole_listing

if TYPE_CHECKING:
    from flashbot.msgflash.calls import Calls

__all__ = ["Contact", "Contacts", "Sort"]

Sort: TypeAlias = Literal["createdAt_desc", "name_asc"]
SORTS = ("createdAt_desc", "name_asc")


class Contact(Resource):
    """A person of the address book. Neither name nor phone shows in a repr."""

    id: Id
    user_id: str | None = None
    name: str | None = Field(default=None, repr=False)
    phone: str | None = Field(default=None, repr=False)
    tags: tuple[str, ...] = ()
    meta: dict[str, Any] | None = Field(default=None, repr=False)
    temperature: str | None = None
    """Warm or cold, it seems; the vendor documents no value."""
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Contacts:
    """The contacts of the workspace; `groups` and `jobs` belong to them."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.groups = Groups(calls)
        self.jobs = BulkJobs(calls)

    def list(
        self, *, search: str | None = None, sort: Sort | None = None, limit: int | None = None
    ) -> Listing[Contact]:
        """Every contact whose name or phone holds `search` (1 to 100 characters, any case).

        `sort`: createdAt_desc, the usual, or name_asc. `limit` is a page's size, 1 to 100, usually 50.

        >>> _ = await client.contacts.create("Awa Koné", "+2250700000001")
        >>> async for contact in client.contacts.list(search="awa"):
        ...     print(contact.name)
        Awa Koné
        """
        check_search(search)
        check_size(limit)
        if sort is not None and sort not in SORTS:
            raise InvalidRequest(f"Nothing was asked: contacts are sorted by {' or '.join(SORTS)}.")
        query = {"search": search, "sort": sort, "limit": limit}
        return cursor_listing(self._calls, "/contacts", Contact, query, "contacts")

    async def page(
        self,
        *,
        search: str | None = None,
        sort: Sort | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Contact]:
        """One page of `list`, with the cursor of the next.

        Raises InvalidRequest for a cursor that an order or a search other than this one gave.
        """
        return await self.list(search=search, sort=sort, limit=limit).page(cursor)

    async def create(
        self, name: str, phone: str, *, tags: Sequence[str] = (), meta: Mapping[str, object] | None = None
    ) -> Contact:
        """Add a person. Raises Conflict when the phone (E.164) has a contact already.

        >>> contact = await client.contacts.create("Awa Koné", "+225 07 00 00 00 01", tags=["vip"])
        >>> contact.phone
        '+2250700000001'
        """
        fields = _fields(name, phone, tags or None, meta)
        return one(Contact, await self._calls.post("/contacts", fields), "POST /contacts")

    async def get(self, contact_id: str) -> Contact:
        path = _path(contact_id)
        return one(Contact, await self._calls.get(path), f"GET {path}")

    async def update(
        self,
        contact_id: str,
        *,
        name: str | None = None,
        phone: str | None = None,
        tags: Sequence[str] | None = None,
        meta: Mapping[str, object] | None = None,
    ) -> Contact:
        """Change what is given; `tags` and `meta` replace what was there, empty ones clear it."""
        fields = _fields(name, phone, tags, meta)
        path = _path(contact_id)
        if not fields:
            raise InvalidRequest(f"Contact {contact_id} was not changed: say what shall be different.")
        return one(Contact, await self._calls.put(path, fields), f"PUT {path}")

    async def delete(self, contact_id: str) -> None:
        await self._calls.delete(_path(contact_id))

    async def bulk_delete(self, contact_ids: Sequence[str]) -> BulkJob:
        """Delete any number, 10,000 a request. `await job.done()` for the counts; up to 99 are done at once."""
        return await bulk_call(self._calls, "POST", "/contacts/bulk-delete", contact_ids)

    def groups_of(self, contact_id: str) -> Listing[Group]:
        """The groups it is in, in one request."""
        return whole_listing(self._calls, f"{_path(contact_id)}/groups", Group, "groups")


def _path(contact_id: str) -> str:
    return f"/contacts/{checked_id(contact_id, 'contact')}"


def _fields(
    name: str | None, phone: str | None, tags: Sequence[str] | None, meta: Mapping[str, object] | None
) -> dict[str, object]:
    fields: dict[str, object] = {}
    if name is not None:
        check_text(name, "The contact's name")
        fields["name"] = name
    if phone is not None:
        fields["phone"] = e164(phone, "The contact's number")
    if tags is not None:
        check_texts(tags, "The tags")
        fields["tags"] = list(tags)
    if meta is not None:
        check_mapping(meta, "The contact's meta")
        fields["meta"] = dict(meta)
    return fields
