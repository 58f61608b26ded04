"""Contact groups: lists inside the address book, and who is in which. They are no WhatsApp groups.

It never decides how many ids one call may bring; `bulk` does, and calls it for each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from flashbot.sandbox.answers import Answer, Refusal, success
from flashbot.sandbox.pages import Index, Key, is_moment, read_page, read_search
from flashbot.sandbox.requests import Body, Request, Text
from flashbot.sandbox.timeline import new_id, stamp

if TYPE_CHECKING:
    from flashbot.sandbox.contacts import Contacts
    from flashbot.sandbox.routes import Route
    from flashbot.sandbox.switches import Switches

__all__ = ["Group", "GroupChange", "Groups", "NewGroup"]

Color = Annotated[str, StringConstraints(pattern=r"^#(?:[0-9a-fA-F]{3}){1,2}$")]


class NewGroup(Body):
    name: Text
    description: str | None = None
    color: Color | None = None


class GroupChange(Body):
    """What is given replaces what was there; null empties it."""

    name: Text = Field(default_factory=str)  # as in ContactChange
    description: str | None = None
    color: Color | None = None


@dataclass(slots=True)
class Group:
    """`members` are contact ids with the moments at which they came, and `order` the same in order."""

    id: str
    name: str
    description: str | None
    color: str | None
    created: datetime
    updated: datetime
    members: dict[str, datetime] = field(default_factory=dict)
    order: Index = field(default_factory=Index)

    def resource(self) -> dict[str, object]:
        """As api-reference/contact-groups/list shows it; description and colour only where there are any."""
        return {
            **self.label(),
            **({} if self.description is None else {"description": self.description}),
            "contactCount": len(self.members),
            "createdAt": stamp(self.created),
            "updatedAt": stamp(self.updated),
        }

    def label(self) -> dict[str, object]:
        """The short form beside a contact."""
        return {"id": self.id, "name": self.name, **({} if self.color is None else {"color": self.color})}


class Groups:
    """The groups of the workspace. `most` is the plan's limit, or None."""

    def __init__(self, random: Random, contacts: Contacts, switches: Switches, most: int | None) -> None:
        self._random = random
        self._contacts = contacts
        self._switches = switches
        self.most = most
        self._all: dict[str, Group] = {}
        self._by_age = Index()
        self._names: dict[str, str] = {}  # name -> group id
        self._of_contact: dict[str, dict[str, None]] = {}  # contact id -> group ids, in the order of joining
        contacts.on_deleted.append(self._forget)

    def routes(self) -> Iterable[Route]:
        yield "GET", "/contacts/groups", self._list
        yield "POST", "/contacts/groups", self._create
        yield "GET", "/contacts/groups/{groupId}", lambda request, key: success(self.find(key).resource())
        yield "PUT", "/contacts/groups/{groupId}", self._update
        yield "DELETE", "/contacts/groups/{groupId}", self._delete
        yield "GET", "/contacts/groups/{groupId}/members", self._members
        yield "GET", "/contacts/{id}/groups", self._groups_of

    def get(self, group_id: str) -> Group | None:
        return self._all.get(group_id)

    def find(self, group_id: str) -> Group:
        """The group; raises the API's NOT_FOUND."""
        found = self._all.get(group_id)
        if found is None:
            raise Refusal("NOT_FOUND", "Contact group not found")
        return found

    def join(self, group: Group, contact_id: str, now: datetime) -> bool:
        """False if the contact is in already; it must exist."""
        if contact_id in group.members:
            return False
        group.members[contact_id] = now
        group.order.add((stamp(now), contact_id))
        self._of_contact.setdefault(contact_id, {})[group.id] = None
        return True

    def leave(self, group: Group, contact_id: str) -> bool:
        """False if the contact is not in."""
        since = group.members.pop(contact_id, None)
        if since is None:
            return False
        group.order.remove((stamp(since), contact_id))
        groups = self._of_contact[contact_id]
        del groups[group.id]
        if not groups:
            del self._of_contact[contact_id]
        return True

    def _forget(self, contact_id: str) -> None:
        for group_id in tuple(self._of_contact.get(contact_id, ())):
            self.leave(self._all[group_id], contact_id)

    def _list(self, request: Request) -> Answer:
        term = read_search(request)
        page = read_page(
            request,
            self._by_age,
            fits=is_moment,
            matches=None if term is None else lambda key: _mentions(self._all[key], term),
        )
        return success({"groups": [self._all[key].resource() for key in page.ids], **page.fields()})

    def _create(self, request: Request) -> Answer:
        body = request.read(NewGroup)
        if self.most is not None and len(self._all) >= self.most:
            raise Refusal("MAX_CONTACT_GROUPS_REACHED")
        self._free(body.name)
        now = request.now
        group = Group(new_id(self._random), body.name, body.description, body.color, now, now)
        self._all[group.id] = group
        self._names[group.name] = group.id
        self._by_age.add(_age(group))
        return success(group.resource(), 201)

    def _update(self, request: Request, key: str) -> Answer:
        group = self.find(key)
        body = request.read(GroupChange)
        given = body.model_fields_set
        if "name" in given and body.name != group.name:
            self._free(body.name)
            del self._names[group.name]
            self._names[body.name] = group.id
            group.name = body.name
        if "description" in given:
            group.description = body.description
        if "color" in given:
            group.color = body.color
        group.updated = request.now
        return success(group.resource())

    def _delete(self, request: Request, key: str) -> Answer:
        group = self.find(key)
        for contact_id in tuple(group.members):
            self.leave(group, contact_id)
        del self._all[key], self._names[group.name]
        self._by_age.remove(_age(group))
        return success({"deleted": True})

    def _members(self, request: Request, key: str) -> Answer:
        """Who came last comes first; the vendor documents no order."""
        group = self.find(key)
        term = read_search(request)
        page = read_page(
            request,
            group.order,
            fits=is_moment,
            matches=None if term is None else lambda member: self._contacts.find(member).mentions(term),
        )
        rows = [self._member(group, member) for member in page.ids]
        return success({self._switches.members_key: rows, **page.fields()})

    def _member(self, group: Group, contact_id: str) -> dict[str, object]:
        contact = self._contacts.find(contact_id)
        return {
            "id": contact.id,
            "name": contact.name,
            "phone": contact.phone,
            "tags": list(contact.tags),
            "addedAt": stamp(group.members[contact_id]),
        }

    def _groups_of(self, request: Request, key: str) -> Answer:
        contact = self._contacts.find(key)
        groups = [self._all[group_id].label() for group_id in self._of_contact.get(contact.id, ())]
        return success({"groups": groups})

    def _free(self, name: str) -> None:
        if name in self._names:
            raise Refusal("CONFLICT", "Contact group with this name already exists")


def _mentions(group: Group, term: str) -> bool:
    return term in group.name.casefold() or term in (group.description or "").casefold()


def _age(group: Group) -> Key:
    return stamp(group.created), group.id
