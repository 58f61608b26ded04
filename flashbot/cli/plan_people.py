"""Who a plan is for: the lines of a CSV file as recipients, and what had to be taken for granted about them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flashbot.cli.progress import Bar
from flashbot.clock import to_ms
from flashbot.dialogue.text import fold
from flashbot.engine.sheets.agreement import read_agreed, read_date
from flashbot.engine.sheets.people import Person, Refused, check_country, people_of
from flashbot.engine.sheets.records import count_lines, open_records

if TYPE_CHECKING:
    from flashbot.outreach.scenario import Recipient

__all__ = ["Audience", "read_audience", "told_by"]

CONSENT = frozenset({"marketing"})
WROTE = frozenset({
    "last inbound", "last message", "last message at", "last wrote", "wrote", "last reply", "last seen",
    "dernier message", "derniere reponse", "dernier contact", "a ecrit",
})  # fmt: skip
ZONE = frozenset({"zone", "time zone", "timezone", "tz", "fuseau", "fuseau horaire"})
STOPPED = frozenset({"opted out", "opt out", "optout", "unsubscribed", "stop", "desabonne", "desinscrit"})


@dataclass(frozen=True, slots=True)
class Audience:
    recipients: tuple[Recipient, ...] = field(repr=False)
    phones: Mapping[str, tuple[int, str]] = field(repr=False)
    """Of each recipient: line and number."""
    refused: tuple[Refused, ...]
    consent_told: bool
    """Whether a column says who agreed."""
    strangers: int
    """Who never wrote, as far as the file says."""
    zone: str
    """Where most of them are; "" when nobody is."""
    known: int | None = None
    """Of whom the bot's store knows something; None: it was not asked."""
    unimported: int = 0
    """Who agreed to it by the file alone."""
    zones: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the file says of some recipients."""


def read_audience(file: str, country: str | None, now: datetime, *, wrote_days_ago: float | None) -> Audience:
    """Read a file as `flashbot contacts import` does; `-` is stdin.

    Columns that only a plan reads: when somebody last wrote, their zone, whether they opted out. `wrote_days_ago` is
    for those without the first.
    """
    from flashbot.msgflash.phones import country_of
    from flashbot.outreach.scenario import Recipient
    from flashbot.outreach.zones import zones_of

    otherwise = None if wrote_days_ago is None else to_ms(now - timedelta(days=wrote_days_ago))
    found: list[Recipient] = []
    phones: dict[str, tuple[int, str]] = {}
    refused: list[Refused] = []
    zones: dict[str, str] = {}
    with Bar("Reading", count_lines(file)) as bar, open_records(file, bar.note) as records:
        everybody, consent_told = people_of(records, check_country(country))
        for one in everybody:
            if isinstance(one, Refused):
                refused.append(one)
            else:
                told = told_by(one)
                wrote = read_date(told.get("wrote", ""))
                name = f"line {one.line}"
                phones[name] = one.line, one.phone
                if "zone" in told:
                    zones[name] = told["zone"]
                found.append(
                    Recipient(
                        name,
                        zones_of(one.phone, explicit=told.get("zone")),
                        country_of(one.phone),
                        otherwise if wrote is None else to_ms(wrote),
                        CONSENT if one.agreed is not None or not consent_told else frozenset(),
                        CONSENT if read_agreed(told.get("stopped", "")) else frozenset(),
                    )
                )
            bar.show(one.after - 1)
    places = Counter(one.zones[0] for one in found).most_common(1)
    return Audience(
        tuple(found), phones, tuple(refused), consent_told,
        sum(one.last_inbound_ms is None for one in found), places[0][0] if places else "", zones=zones,
    )  # fmt: skip


def told_by(person: Person) -> dict[str, str]:
    """What a line's further columns mean: when they wrote, their zone, whether they opted out."""
    told: dict[str, str] = {}
    for column, value in person.meta.items():
        name = re.sub(r"[^a-z0-9]+", " ", fold(column)).strip()
        role = next((role for role, names in ROLES.items() if name in names), None)
        if role is not None:
            told[role] = str(value)
    return told


ROLES = {"wrote": WROTE, "zone": ZONE, "stopped": STOPPED}
