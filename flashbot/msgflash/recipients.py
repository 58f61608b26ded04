"""Whom a campaign is for: everybody, some tags, chosen contacts, or a group. Checked when made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flashbot.errors import ContentError
from flashbot.msgflash.checks import check_text, check_texts

__all__ = ["AllContacts", "ChosenContacts", "GroupMembers", "Recipients", "TaggedContacts"]


@dataclass(frozen=True, slots=True)
class AllContacts:
    """Every contact of the workspace."""

    def fields(self) -> dict[str, object]:
        return {"type": "all"}


@dataclass(frozen=True, slots=True)
class TaggedContacts:
    """The contacts with these tags, one or more."""

    tags: Sequence[str]

    def __post_init__(self) -> None:
        check_texts(self.tags, "The tags")
        if not self.tags:
            raise ContentError("A campaign for tags needs at least one tag.")
        object.__setattr__(self, "tags", tuple(self.tags))

    def fields(self) -> dict[str, object]:
        return {"type": "tags", "value": list(self.tags)}


@dataclass(frozen=True, slots=True)
class ChosenContacts:
    """These contacts, by id."""

    contact_ids: Sequence[str]

    def __post_init__(self) -> None:
        check_texts(self.contact_ids, "The contact ids")
        if not self.contact_ids:
            raise ContentError("A campaign for chosen contacts needs at least one contact id.")
        object.__setattr__(self, "contact_ids", tuple(self.contact_ids))

    def fields(self) -> dict[str, object]:
        return {"type": "explicit", "value": list(self.contact_ids)}


@dataclass(frozen=True, slots=True)
class GroupMembers:
    """The members of a contact group, by its id."""

    group_id: str

    def __post_init__(self) -> None:
        check_text(self.group_id, "The group id")

    def fields(self) -> dict[str, object]:
        return {"type": "group", "groupId": self.group_id}


Recipients: TypeAlias = AllContacts | TaggedContacts | ChosenContacts | GroupMembers


def fields_of(recipients: object) -> dict[str, object]:
    """As a campaign's request has them. ContentError for what names nobody."""
    if not isinstance(recipients, Recipients):
        raise ContentError(
            f"A {type(recipients).__name__} names nobody: "
            "give AllContacts, TaggedContacts, ChosenContacts or GroupMembers."
        )
    return recipients.fields()
