"""/contacts/groups: the address book's own groups, which have nothing to do with WhatsApp groups."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from flashbot.errors import ContentError
from flashbot.msgflash.bulk import BulkJob, bulk_call
from flashbot.msgflash.checks import check_text
from flashbot.msgflash.errors import InvalidRequest
from flashbot.msgflash.keys import checked_id
from flashbot.msgflash.listing import Listing, Page
from flashbot.msgflash.models import Id, Resource
from flashbot.msgflash.reading import check_search, check_size, cursor_listing, one

if TYPE_CHECKING:
    from flashbot.msgflash.calls import Calls

__all__ = ["Group", "Groups", "Member"]

HEX_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")


class Group(Resource):
    """A contact group. Its short form, in a contact's list of groups, has no count."""

    id: Id
    name: str | None = None
    description: str | None = None
    color: str | None = None
    contact_count: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Member(Resource):
    """A contact in a group."""

    id: Id
    name: str | None = Field(default=None, repr=False)
    phone: str | None = Field(default=None, repr=False)
    tags: tuple[str, ...] = ()
    added_at: datetime | None = None


class Groups:
    """The contact groups of the workspace."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def list(self, *, search: str | None = None, limit: int | None = None) -> Listing[Group]:
        """Every group whose name or description holds `search`; `limit` is a page's size, 1 to 100, usually 50."""
        check_search(search)
        check_size(limit)
        return cursor_listing(self._calls, "/contacts/groups", Group, {"search": search, "limit": limit}, "groups")

    async def page(
        self, *, search: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Page[Group]:
        """One page of `list`."""
        return await self.list(search=search, limit=limit).page(cursor)

    async def create(self, name: str, *, description: str | None = None, color: str | None = None) -> Group:
        """Make a group; `color` as #rrggbb. Raises Conflict for a name in use, MaxContactGroupsReached.

        >>> group = await client.contacts.groups.create("VIP", color="#ff6600")
        >>> group.contact_count
        0
        """
        fields = _fields(name, description, color)
        return one(Group, await self._calls.post("/contacts/groups", fields), "POST /contacts/groups")

    async def get(self, group_id: str) -> Group:
        path = _path(group_id)
        return one(Group, await self._calls.get(path), f"GET {path}")

    async def update(
        self, group_id: str, *, name: str | None = None, description: str | None = None, color: str | None = None
    ) -> Group:
        """Change what is given."""
        fields = _fields(name, description, color)
        path = _path(group_id)
        if not fields:
            raise InvalidRequest(f"Group {group_id} was not changed: say what shall be different.")
        return one(Group, await self._calls.put(path, fields), f"PUT {path}")

    async def delete(self, group_id: str) -> None:
        """Delete the group; its members stay contacts."""
        await self._calls.delete(_path(group_id))

    def members(self, group_id: str, *, search: str | None = None, limit: int | None = None) -> Listing[Member]:
        """Who is in it; `search` in names and phones, `limit` a page's size, 1 to 100, usually 50."""
        check_search(search)
        check_size(limit)
        path = f"{_path(group_id)}/members"
        return cursor_listing(self._calls, path, Member, {"search": search, "limit": limit}, "contacts", "members")

    async def add_members(self, group_id: str, contact_ids: Sequence[str]) -> BulkJob:
        """Put contacts into the group: any number, 10,000 a request. `await job.done()` for the counts.

        >>> awa = await client.contacts.create("Awa Koné", "+2250700000001")
        >>> group = await client.contacts.groups.create("Newsletter")
        >>> job = await client.contacts.groups.add_members(group.id, [awa.id])
        >>> (await job.done()).added
        1
        """
        return await bulk_call(self._calls, "POST", f"{_path(group_id)}/members", contact_ids)

    async def remove_members(self, group_id: str, contact_ids: Sequence[str]) -> BulkJob:
        """Take contacts out of the group; they stay contacts."""
        return await bulk_call(self._calls, "DELETE", f"{_path(group_id)}/members", contact_ids)


def _path(group_id: str) -> str:
    return f"/contacts/groups/{checked_id(group_id, 'group')}"


def _fields(name: str | None, description: str | None, color: str | None) -> dict[str, object]:
    fields: dict[str, object] = {}
    if name is not None:
        check_text(name, "The group's name")
        fields["name"] = name
    if description is not None:
        fields["description"] = description
    if color is not None:
        if not HEX_COLOUR.fullmatch(color):
            raise ContentError("The group's color must be written as #rrggbb.")
        fields["color"] = color
    return fields
