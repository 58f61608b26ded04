"""The address book, as far as sending needs it: contact cards, and values for `contact.*` placeholders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from flashbot.sandbox.timeline import new_id

__all__ = ["Contact", "Contacts"]


@dataclass(frozen=True, slots=True)
class Contact:
    id: str
    name: str
    phone: str
    tags: Sequence[str] = ()
    meta: Mapping[str, object] = field(default_factory=dict)


class Contacts:
    """One contact per phone."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._by_id: dict[str, Contact] = {}
        self._by_phone: dict[str, Contact] = {}

    def add(self, name: str, phone: str, tags: Sequence[str], meta: Mapping[str, object]) -> Contact:
        if phone in self._by_phone:
            raise ValueError(f"The sandbox already has a contact with the phone of {name!r}; use another one.")
        contact = Contact(new_id(self._random), name, phone, tuple(tags), dict(meta))
        self._by_id[contact.id] = self._by_phone[phone] = contact
        return contact

    def get(self, contact_id: str) -> Contact | None:
        return self._by_id.get(contact_id)

    def by_phone(self, phone: str) -> Contact | None:
        return self._by_phone.get(phone)
