"""Whom a broadcast is for: what stands behind `to=`, read once and made into people with the values of their message.

Reads CSV files and MsgFlash's address book. It asks nobody's consent and sends nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from flashbot.engine.broadcast import Addressed
from flashbot.errors import ContentError
from flashbot.msgflash.phones import e164

if TYPE_CHECKING:
    from flashbot.engine.sheets.people import Person
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.contacts import Contact
    from flashbot.templating.catalogue import Catalogue

__all__ = ["One", "Part", "Segment", "To", "asks_account", "parts_of", "read_segment", "reads_meta"]

One: TypeAlias = str | Path | Mapping[str, object] | Addressed
To: TypeAlias = One | Iterable[One]
"""A CSV file (its path, or a text that ends in .csv), "tag:NAME", "group:NAME" or its id, a phone in E.164, a mapping
of a phone and the values for this person's message; or any number of those."""

TWICE = "the same number, named before"
SAID_NO = "the column consent says no"
FEW = 50
"""Members of a group who are asked about one by one; of more the whole book is read, a hundred a request."""
BREATH = 256
"""People after which others of the process get their turn."""


@dataclass(frozen=True, slots=True)
class Tag:
    name: str


@dataclass(frozen=True, slots=True)
class Group:
    given: str


@dataclass(frozen=True, slots=True)
class File:
    path: Path


Part: TypeAlias = Tag | Group | File | Addressed


@dataclass(frozen=True, slots=True)
class Segment:
    """Everybody once; of somebody who is named twice the first counts."""

    people: tuple[Addressed, ...] = field(repr=False)
    left_out: Mapping[str, int]
    """Who is not among them, by why."""
    flaws: tuple[str, ...] = ()
    """Each line of a file that cannot be used, as a sentence without any cell."""


def parts_of(to: To) -> tuple[Part, ...]:
    """`to`, checked without reading anything. Raises ContentError."""
    if isinstance(to, str | Path | Mapping | Addressed):
        return (_part(to, "`to`"),)
    given: object = to
    if not isinstance(given, Iterable) or isinstance(given, bytes):
        raise ContentError(f"`to` says who gets a broadcast: a CSV file, tag:NAME …, not {type(given).__name__}.")
    return tuple(_part(one, f"Number {place} of `to`") for place, one in enumerate(to, 1))


def asks_account(parts: Iterable[Part]) -> bool:
    """Whether MsgFlash must be asked who is meant."""
    return any(isinstance(part, Tag | Group) for part in parts)


def reads_meta(catalogue: Catalogue, template: str) -> bool:
    """Whether this template, in any language, looks at `contact.meta`. Raises TemplateError."""
    files = catalogue.family(template).values() or (catalogue.find(template),)
    paths = (read.path for file in files for read in catalogue.lower(file).reads)
    return any(path == "contact" or f"{path}.".startswith("contact.meta.") for path in paths)


async def read_segment(
    parts: Iterable[Part],
    client: Client | None = None,
    *,
    meta: bool = False,
    country: str | None = None,
    seen: Callable[[int], None] = lambda _: None,
) -> Segment:
    """Who is behind the parts. `client` is needed where `asks_account`.

    The values of a line of a CSV file are its columns under their headers, with _ for what no name can hold; `name` is
    the person's. What MsgFlash knows of a contact becomes `contact.name`, `contact.tags` and, where `meta` is wanted,
    `contact.meta`, which a group's list does not show. `country` (ISO 3166) is for numbers of a file without a country
    code. `seen` hears how many were found so far.

    Raises SettingsError for a file that is no list of people, and for a tag or a group that nobody has.
    """
    found: dict[str, Addressed] = {}
    left_out: Counter[str] = Counter()
    flaws: list[str] = []
    for part in parts:
        async for one in _everybody(part, client, meta, country, flaws):
            if isinstance(one, str):
                left_out[one] += 1
            elif one.phone in found:
                left_out[TWICE] += 1
            else:
                found[one.phone] = one
                seen(len(found))
    return Segment(tuple(found.values()), dict(left_out.most_common()), tuple(flaws))


def _part(one: object, where: str) -> Part:
    if isinstance(one, Path):
        return File(one)
    if isinstance(one, Addressed):
        return one
    if isinstance(one, Mapping):
        return _mapped(one, where)
    if not isinstance(one, str):
        raise ContentError(
            f"{where} is of type {type(one).__name__}: give a CSV file, tag:NAME, group:NAME, a phone, or a mapping "
            "with a phone."
        )
    kind, colon, name = one.partition(":")
    if colon and kind in ("tag", "group") and name.strip():
        return Tag(name.strip()) if kind == "tag" else Group(name.strip())
    if one.lower().endswith(".csv"):
        return File(Path(one))
    if one.lstrip().startswith("+"):
        return Addressed(e164(one, where))
    raise ContentError(
        f"{where} is none of a CSV file (….csv), tag:NAME, group:NAME and a phone in E.164, such as +2250700000000."
    )


def _mapped(one: Mapping[object, object], where: str) -> Addressed:
    if "phone" not in one:
        raise ContentError(f'{where} has no phone: give {{"phone": "+2250700000000", …}}.')
    if not all(isinstance(key, str) for key in one):
        raise ContentError(f"{where} has names of values that are no text.")
    name, language = one.get("name"), one.get("language")
    values = {str(key): value for key, value in one.items() if key not in ("phone", "language")}
    return Addressed(
        e164(str(one["phone"]), f"The phone of {where[0].lower()}{where[1:]}"),
        values,
        None if language is None else str(language),
        "" if name is None else str(name),
    )


def _everybody(
    part: Part, client: Client | None, meta: bool, country: str | None, flaws: list[str]
) -> AsyncIterator[Addressed | str]:
    """People, and for each who is left out the reason."""
    if isinstance(part, File):
        return _lines(part.path, country, flaws)
    if isinstance(part, Addressed):
        return _one(part)
    if client is None:
        raise ContentError("Tags and groups are read from MsgFlash, which needs an API key.")
    return _tagged(client, part.name, meta) if isinstance(part, Tag) else _members(client, part.given, meta)


async def _one(person: Addressed) -> AsyncIterator[Addressed | str]:
    yield person


# -- a file


async def _lines(path: Path, country: str | None, flaws: list[str]) -> AsyncIterator[Addressed | str]:
    from flashbot.engine.sheets.people import Refused, people_of
    from flashbot.engine.sheets.records import open_records
    from flashbot.errors import SettingsError

    with open_records(str(path), flaws.append) as records:
        try:
            everybody, consent_told = people_of(records, country)
        except SettingsError as fault:
            raise SettingsError(f"{path.name}: {fault}") from None
        for count, line in enumerate(everybody):
            if count % BREATH == 0:
                await asyncio.sleep(0)
            if isinstance(line, Refused):
                flaws.append(f"{path.name}, line {line.line}: {line.reason}.")
                yield TWICE if line.reason.startswith("the same number") else f"line not usable: {line.reason}"
            elif consent_told and line.agreed is None:
                yield SAID_NO
            else:
                yield _of_line(line)


def _of_line(line: Person) -> Addressed:
    from flashbot.templating.languages import normal

    values = {_name_of(column): value for column, value in line.meta.items()}
    if line.name:
        values.setdefault("name", line.name)
    said = next((value for column, value in values.items() if column.lower() == "language"), None)
    language = normal(said) if isinstance(said, str) else None
    return Addressed(line.phone, values, language, line.name or "")


def _name_of(column: str) -> str:
    """As a template can write it: "Order no." is `Order_no`."""
    return column if column.isidentifier() else re.sub(r"\W+", "_", column).strip("_")


# -- MsgFlash's address book


async def _tagged(client: Client, tag: str, meta: bool) -> AsyncIterator[Addressed | str]:
    """MsgFlash finds no contacts by a tag, so the whole book is read, a hundred a request."""
    from flashbot.errors import SettingsError

    found, others = False, set[str]()
    async for contact in client.contacts.list(limit=100):
        if tag in contact.tags:
            found = True
            yield _known(await _whole(client, contact) if meta else contact, meta)
        others.update(contact.tags)
    if not found:
        near = next((one for one in sorted(others) if one.casefold() == tag.casefold()), None)
        hint = f"one is called {near}" if near else "flashbot contacts list shows who has which"
        raise SettingsError(f"No contact has the tag {tag}: {hint}.")


async def _members(client: Client, given: str, meta: bool) -> AsyncIterator[Addressed | str]:
    from flashbot.engine.groupnames import find_group
    from flashbot.msgflash.contacts import Contact

    group = await find_group(client, given)
    members = await client.contacts.groups.members(group.id, limit=100)
    if not meta:
        for one in members:
            yield _known(Contact(id=one.id, name=one.name, phone=one.phone, tags=one.tags), meta)
    elif len(members) <= FEW:
        for one in members:
            yield _known(await client.contacts.get(one.id), meta)
    else:
        wanted = {one.id for one in members}
        async for contact in client.contacts.list(limit=100):
            if contact.id in wanted:
                yield _known(await _whole(client, contact), meta)


async def _whole(client: Client, contact: Contact) -> Contact:
    """Some lists show `meta`, others do not (api-reference/contacts/list)."""
    return contact if "meta" in contact.model_fields_set else await client.contacts.get(contact.id)


def _known(contact: Contact, meta: bool) -> Addressed | str:
    """With what MsgFlash itself would fill in (guides/templates)."""
    try:
        phone = e164("+" + (contact.phone or "").lstrip("+"))
    except ContentError:
        return "contact without a phone that can be used"
    known: dict[str, object] = {"tags": ", ".join(contact.tags)} if contact.tags else {}
    if meta and contact.meta:
        known["meta"] = contact.meta
    return Addressed(phone, {"contact": known} if known else {}, None, contact.name or "")
