"""What the columns of a CSV file mean: people with a phone in E.164, lone numbers, or contact ids.

A line that cannot be used becomes a `Refused` with its number and a reason that quotes no cell.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from flashbot.engine.sheets.agreement import Agreement, read_agreed, read_date
from flashbot.engine.sheets.cells import unguarded
from flashbot.engine.sheets.records import Broken, Record, Records
from flashbot.errors import SettingsError

__all__ = [
    "Person",
    "Refused",
    "check_country",
    "contact_ids",
    "join_tags",
    "numbers",
    "people",
    "people_of",
    "split_tags",
]

ALIASES: Mapping[str, Sequence[str]] = {
    "phone": (
        "phone", "phone number", "phones", "telephone", "telephone number", "tel", "mobile", "mobile number",
        "mobile phone", "cell", "cell phone", "cellphone", "gsm", "number", "numbers", "msisdn", "whatsapp",
        "whatsapp number", "numero", "numeros", "numero de telephone", "n de telephone", "no de telephone",
        "numero whatsapp", "portable", "telephone portable", "telephone mobile",
    ),
    "name": (
        "name", "full name", "fullname", "display name", "contact", "contact name", "nom", "nom complet",
        "nom et prenom", "nom et prenoms", "nom prenom", "prenom et nom", "nom du contact",
    ),
    "first": ("first name", "firstname", "given name", "prenom", "prenoms"),
    "last": ("last name", "lastname", "surname", "family name", "nom de famille"),
    "tags": ("tags", "tag", "labels", "label", "etiquettes", "etiquette", "libelles", "libelle"),
    "meta": ("meta",),
    "id": ("contact id", "contactid"),
    "consent": ("consent", "consentement", "opt in", "optin", "marketing consent", "consentement marketing"),
    "consent_source": ("consent source", "source du consentement", "source consentement", "opt in source"),
    "consent_date": ("consent date", "date du consentement", "date consentement", "opt in date"),
    # An export has it, and MsgFlash gives a new one.
    "ignored": ("created at",),
}  # fmt: skip
ROLES = {alias: role for role, aliases in ALIASES.items() for alias in aliases}

WRITTEN = re.compile(r"[\d\s()./+\-\u2010-\u2015]+")
ROUNDED = re.compile(r"\+?\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
DECIMAL = re.compile(r"\+?\d+[.,]0+")
INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Marks that come along when a number is copied out of an address book."""
UNREADABLE = "\ufffd"
TAG = re.compile(r"(?:\\[\\;]|[^;])+")
ESCAPE = re.compile(r"\\([\\;])")


@dataclass(frozen=True, slots=True)
class Person:
    """A line that can be used; `after` is the first line behind it. `phone` is E.164; neither it nor a name shows."""

    line: int
    after: int
    phone: str = field(repr=False)
    name: str | None = field(default=None, repr=False)
    tags: tuple[str, ...] = ()
    meta: Mapping[str, object] = field(default_factory=dict, repr=False)
    agreed: Agreement | None = None
    """To marketing."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that cannot be used, and why."""

    line: int
    after: int
    reason: str


class _Unfit(Exception):
    """Why this line cannot be used."""


def check_country(country: str | None) -> str | None:
    """The ISO code in capitals; SettingsError for one that has no phones."""
    if country is None:
        return None
    import phonenumbers

    if country.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise SettingsError(f"--country {country} is no country: give its two letters, such as CI, FR or SN.")
    return country.upper()


def people(records: Records, country: str | None = None) -> Iterator[Person | Refused]:
    """Everybody in a file whose first line names the columns; the same number is taken once.

    Columns without a meaning of their own are the person's `meta`.
    """
    return people_of(records, country)[0]


def people_of(records: Records, country: str | None = None) -> tuple[Iterator[Person | Refused], bool]:
    """The same, and whether a column tells who agreed to marketing."""
    header = _header(records)
    roles = _roles(header)
    if "phone" not in roles:
        raise SettingsError("The first line names no phone column: call one of them phone (or téléphone, numéro).")
    return _people(records, header, roles, country), "consent" in roles


def _people(
    records: Records, header: Sequence[str], roles: Mapping[str, int], country: str | None
) -> Iterator[Person | Refused]:
    return _once(_read_person(record, header, roles, country) for record in records)


def numbers(records: Records, country: str | None = None) -> Iterator[Person | Refused]:
    """The numbers of a file with a phone column, or with no header and numbers in its first line."""
    first = next(records, None)
    cells = _cells(first) if isinstance(first, Record) else ()
    roles = _role_of(cells)
    if "phone" in roles:
        column = _roles(cells)["phone"]
        return _once(_read_number(record, column, country) for record in records)
    found = next((index for index, cell in enumerate(cells) if _is_phone(cell, country)), None)
    if found is None or not isinstance(first, Record):
        raise SettingsError("The first line has no number and names no column phone (or téléphone, numéro).")
    return _once(_read_number(record, found, country) for record in _with(first, records))


def contact_ids(records: Records) -> Iterator[str]:
    """The column contact_id, such as an export has, or ids alone, one a line. Raises SettingsError for other lines."""
    first = next(records, None)
    if not isinstance(first, Record):
        raise SettingsError("The file holds no contact ids.")
    roles = _role_of(_cells(first))
    column = roles.index("id") if "id" in roles else 0
    if "id" not in roles and len(first.cells) > 1:
        raise SettingsError("The file has no column contact_id: an export has one, or write ids alone, one a line.")
    for record in records if "id" in roles else _with(first, records):
        if isinstance(record, Broken):
            raise SettingsError(f"Line {record.line} cannot be read: {record.reason}.")
        cell = record.cells[column].strip() if column < len(record.cells) else ""
        if not cell:
            raise SettingsError(f"Line {record.line} has no contact id.")
        yield cell


def split_tags(cell: str) -> tuple[str, ...]:
    r"""Tags between semicolons; `\;` is one inside a tag."""
    found = (ESCAPE.sub(r"\1", part).strip() for part in TAG.findall(cell))
    return tuple(dict.fromkeys(tag for tag in found if tag))


def join_tags(tags: Sequence[str]) -> str:
    """What `split_tags` splits."""
    return ";".join(re.sub(r"([\\;])", r"\\\1", tag) for tag in tags)


def _header(records: Records) -> tuple[str, ...]:
    first = next(records, None)
    if first is None:
        raise SettingsError("The file is empty: its first line must name the columns, one of them phone.")
    if isinstance(first, Broken):
        raise SettingsError(f"The line that names the columns cannot be read: {first.reason}.")
    return tuple(cell.strip() for cell in first.cells)


def _roles(header: Sequence[str]) -> dict[str, int]:
    roles: dict[str, int] = {}
    for index, role in enumerate(_role_of(header)):
        if not role:
            continue
        if role in roles:
            raise SettingsError(f"Columns {roles[role] + 1} and {index + 1} are both a {role}: rename one of them.")
        roles[role] = index
    return roles


def _role_of(header: Sequence[str]) -> list[str]:
    return [ROLES.get(_plain(cell), "") for cell in header]


def _plain(text: str) -> str:
    """Without case, accents and punctuation."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", " ", bare.casefold()).strip()


def _cells(record: Record) -> tuple[str, ...]:
    return tuple(unguarded(cell.strip()) for cell in record.cells)


def _with(first: Record, rest: Iterator[Record | Broken]) -> Iterator[Record | Broken]:
    yield first
    yield from rest


def _once(found: Iterator[Person | Refused]) -> Iterator[Person | Refused]:
    # Numbers as integers: a long file has many.
    seen: dict[int, int] = {}
    for one in found:
        if isinstance(one, Person):
            before = seen.setdefault(int(one.phone), one.line)
            if before != one.line:
                yield Refused(one.line, one.after, f"the same number as line {before}")
                continue
        yield one


def _read_person(
    record: Record | Broken, header: Sequence[str], roles: Mapping[str, int], country: str | None
) -> Person | Refused:
    if isinstance(record, Broken):
        return Refused(record.line, record.after, record.reason)
    cells = _cells(record)
    try:
        if len(cells) > len(header) and any(cells[len(header) :]):
            raise _Unfit(f"{len(cells)} cells, where the first line names {len(header)} columns")
        if any(UNREADABLE in cell for cell in cells):
            raise _Unfit("letters that are neither UTF-8 nor Windows-1252")

        def cell(role: str) -> str:
            index = roles.get(role)
            return cells[index] if index is not None and index < len(cells) else ""

        phone = _e164(cell("phone"), country)
        name = " ".join(part for part in (cell("first"), cell("name") or cell("last")) if part)
        if "\n" in name or "\r" in name:
            raise _Unfit("a line break in the name: a quotation mark may be missing")
        meta = _meta(cell("meta"))
        for index, (title, value) in enumerate(zip(header, cells, strict=False)):
            if index not in roles.values() and title and value:
                meta[title] = value
        agreed = _agreement(cell("consent"), cell("consent_source"), cell("consent_date"))
        return Person(record.line, record.after, phone, name or None, split_tags(cell("tags")), meta, agreed)
    except _Unfit as why:
        return Refused(record.line, record.after, str(why))


def _read_number(record: Record | Broken, column: int, country: str | None) -> Person | Refused:
    if isinstance(record, Broken):
        return Refused(record.line, record.after, record.reason)
    cells = _cells(record)
    try:
        return Person(record.line, record.after, _e164(cells[column] if column < len(cells) else "", country))
    except _Unfit as why:
        return Refused(record.line, record.after, str(why))


def _meta(cell: str) -> dict[str, object]:
    if not cell:
        return {}
    try:
        found = json.loads(cell)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _Unfit("the column meta holds no JSON object")
    return found


def _agreement(consent: str, source: str, date: str) -> Agreement | None:
    agreed = read_agreed(consent)
    if agreed is None:
        raise _Unfit("the column consent says neither yes nor no")
    if not agreed:
        return None
    at = read_date(date) if date else None
    if date and at is None:
        raise _Unfit("the column consent_date holds no date: write it as 2026-01-31")
    return Agreement(source, at)


def _is_phone(cell: str, country: str | None) -> bool:
    try:
        _e164(cell, country)
    except _Unfit:
        return False
    return True


def _e164(text: str, country: str | None) -> str:
    """Raises _Unfit with the reason. A number is fit when its country has numbers of this length."""
    import phonenumbers
    from phonenumbers import ValidationResult

    text = INVISIBLE.sub("", text).removeprefix("'").strip()
    if not text:
        raise _Unfit("no phone number")
    if ROUNDED.fullmatch(text) or DECIMAL.fullmatch(text):
        raise _Unfit("a spreadsheet took the phone for a figure: format that column as text and enter it again")
    if not WRITTEN.fullmatch(text):
        raise _Unfit("the phone number holds more than digits")
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as fault:
        if fault.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            raise _Unfit(
                "the phone number has no plus and country code: write them, or name the country with --country"
                if not text.startswith("+")
                else "the phone number begins with a country code that does not exist"
            ) from None
        raise _Unfit("that is no phone number") from None
    result = phonenumbers.is_possible_number_with_reason(number)
    if result == ValidationResult.TOO_LONG:
        raise _Unfit("the phone number is too long for its country")
    if result in (ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY):
        raise _Unfit("the phone number is too short for its country")
    if result != ValidationResult.IS_POSSIBLE:
        raise _Unfit("its country has no phone numbers of this length")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
