"""The address book: contact cards, one a phone, kept in the two orders that the list offers.

It never knows who is in which group; whoever does is told of a deletion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from flashbot.sandbox.answers import Answer, Refusal, invalid, success
from flashbot.sandbox.messages import USER_ID
from flashbot.sandbox.pages import Index, Key, is_moment, read_page, read_search
from flashbot.sandbox.requests import Body, Request, Text
from flashbot.sandbox.timeline import Timeline, new_id, stamp

if TYPE_CHECKING:
    from flashbot.sandbox.routes import Route
    from flashbot.sandbox.switches import Switches

__all__ = ["Contact", "ContactChange", "Contacts", "NewContact", "Phone", "plus"]

PHONE = r"^\+?[1-9][0-9]{6,14}$"
TAKEN = "Contact with this phone already exists for this user"
SORTS = ("createdAt_desc", "name_asc")

_PHONE = re.compile(PHONE)

Phone = Annotated[str, StringConstraints(pattern=PHONE)]


class NewContact(Body):
    name: Text
    phone: Phone
    tags: list[str] = Field(default_factory=list)
    meta: dict[str, object] | None = None


class ContactChange(Body):
    """What is given replaces what was there."""

    # Only given fields are looked at; a factory keeps the default out of the API document, and null refused.
    name: Text = Field(default_factory=str)
    phone: Phone = Field(default_factory=str)
    tags: list[str] = Field(default_factory=list)
    meta: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """`phone` has its plus."""

    id: str
    name: str
    phone: str
    created: datetime
    updated: datetime
    tags: Sequence[str] = ()
    meta: Mapping[str, object] | None = None

    def resource(self) -> dict[str, object]:
        """The card as the API shows it (api-reference/contacts/list); no value of `temperature` is documented."""
        return {
            "id": self.id,
            "userId": USER_ID,
            "name": self.name,
            "phone": self.phone,
            "tags": list(self.tags),
            "meta": None if self.meta is None else dict(self.meta),
            "temperature": None,
            "createdAt": stamp(self.created),
            "updatedAt": stamp(self.updated),
        }

    def mentions(self, term: str) -> bool:
        """Whether name or phone holds a search term."""
        return term in self.name.casefold() or term in self.phone


class Contacts:
    """One contact per phone, which is the same with or without its plus."""

    def __init__(self, timeline: Timeline, random: Random, switches: Switches) -> None:
        self._timeline = timeline
        self._random = random
        self._switches = switches
        self._by_id: dict[str, Contact] = {}
        self._by_phone: dict[str, Contact] = {}
        self._by_age = Index()
        self._by_name = Index()
        # Told the id of every contact that is deleted.
        self.on_deleted: list[Callable[[str], None]] = []

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Contact]:
        return iter(self._by_id.values())

    def routes(self) -> Iterable[Route]:
        yield "GET", "/contacts", self._list
        yield "POST", "/contacts", self._create
        yield "GET", "/contacts/{id}", lambda request, key: success(self.find(key).resource())
        yield "PUT", "/contacts/{id}", self._update
        yield "DELETE", "/contacts/{id}", self._delete

    def add(self, name: str, phone: str, tags: Sequence[str] = (), meta: Mapping[str, object] | None = None) -> Contact:
        """A new contact; raises ValueError for a phone that cannot be or is taken."""
        if not _PHONE.fullmatch(phone):
            raise ValueError(
                f"The phone of {name!r} is none: write +, the country code and the number, digits only, such as "
                "+33611111111."
            )
        phone = plus(phone)
        if phone in self._by_phone:
            raise ValueError(f"The sandbox already has a contact with the phone of {name!r}; use another one.")
        now = self._timeline.now()
        contact = Contact(new_id(self._random), name, phone, now, now, tuple(tags), meta)
        self._by_id[contact.id] = self._by_phone[phone] = contact
        self._by_age.add(_age(contact))
        self._by_name.add((name, contact.id))
        return contact

    def get(self, contact_id: str) -> Contact | None:
        return self._by_id.get(contact_id)

    def find(self, contact_id: str) -> Contact:
        """The contact; raises the API's NOT_FOUND."""
        found = self._by_id.get(contact_id)
        if found is None:
            raise Refusal("NOT_FOUND", "Contact not found")
        return found

    def by_phone(self, phone: str) -> Contact | None:
        return self._by_phone.get(phone)

    def put(self, contact: Contact) -> None:
        """Take a changed contact in the place of the one with its id; its phone must be free or its own."""
        old = self._by_id[contact.id]
        if contact.name != old.name:
            self._by_name.remove((old.name, old.id))
            self._by_name.add((contact.name, contact.id))
        del self._by_phone[old.phone]
        self._by_id[contact.id] = self._by_phone[contact.phone] = contact

    def delete(self, contact_id: str) -> bool:
        """False if there is no such contact."""
        gone = self._by_id.pop(contact_id, None)
        if gone is None:
            return False
        del self._by_phone[gone.phone]
        self._by_age.remove(_age(gone))
        self._by_name.remove((gone.name, gone.id))
        for told in self.on_deleted:
            told(contact_id)
        return True

    def _list(self, request: Request) -> Answer:
        if self._switches.contacts_list == "array":
            return success([self._by_id[key].resource() for _, key in self._by_age.walk(backwards=True)])
        sort = request.query.get("sort", SORTS[0])
        if sort not in SORTS:
            raise invalid("sort", f"must be one of {', '.join(SORTS)}")
        term = read_search(request)
        by_name = sort == "name_asc"
        page = read_page(
            request,
            self._by_name if by_name else self._by_age,
            fits=self._is_name if by_name else is_moment,
            matches=None if term is None else lambda key: self._by_id[key].mentions(term),
            backwards=not by_name,
        )
        rows = [self._by_id[key].resource() for key in page.ids]
        return success({"contacts": rows, "sort": sort, **page.fields()})

    def _is_name(self, key: Key) -> bool:
        """Whether a cursor may come from the list by name: a timestamp does not, unless somebody is called so."""
        named = self._by_id.get(key[1])
        return not is_moment(key) or (named is not None and named.name == key[0])

    def _create(self, request: Request) -> Answer:
        body = request.read(NewContact)
        self._free(body.phone)
        return success(self.add(body.name, body.phone, body.tags, body.meta).resource(), 201)

    def _update(self, request: Request, key: str) -> Answer:
        old = self.find(key)
        body = request.read(ContactChange)
        given = body.model_fields_set
        if "phone" in given and plus(body.phone) != old.phone:
            self._free(body.phone)
        new = replace(
            old,
            name=body.name if "name" in given else old.name,
            phone=plus(body.phone) if "phone" in given else old.phone,
            tags=tuple(body.tags) if "tags" in given else old.tags,
            meta=body.meta if "meta" in given else old.meta,
            updated=request.now,
        )
        self.put(new)
        return success(new.resource())

    def _delete(self, request: Request, key: str) -> Answer:
        self.find(key)
        self.delete(key)
        return success({"deleted": True})

    def _free(self, phone: str) -> None:
        if plus(phone) in self._by_phone:
            raise Refusal("CONFLICT", TAKEN)


def plus(phone: str) -> str:
    """The phone with its plus, whether it was written or not."""
    return phone if phone.startswith("+") else f"+{phone}"


def _age(contact: Contact) -> Key:
    return stamp(contact.created), contact.id
