"""In which time zones a person may be: what was told, else what was learned, else what the number says. Pure.

Several zones mean that it has to be a good hour in all of them. The tables are CLDR's (Babel) and Google's
(`phonenumbers`), loaded when first used; the rules of a zone are `zoneinfo`'s.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from flashbot.msgflash.phones import country_of

__all__ = ["around", "is_zone", "offsets", "territory", "zone_named", "zones_in", "zones_of"]

OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?")
WINTER, SUMMER = datetime(2036, 1, 15, 12, tzinfo=UTC), datetime(2036, 7, 15, 12, tzinfo=UTC)
"""Behind the last change of rules that tzdata knows of, so that what holds then holds on."""
NOWHERE = ("ZZ", "AQ")
MACHINES_OWN = frozenset({"Factory", "localtime", "posixrules"})
REACH_HOURS = 5
"""The widest band around a zone whose day of 11 hours still has an hour in common."""


def zones_of(
    phone: str | None, explicit: str | None = None, learned: str | None = None, home: Sequence[str] = ()
) -> tuple[str, ...]:
    """IANA names, at least one. `phone` is E.164, `explicit` an IANA name, `learned` one or an offset such as "+05:30".

    What is no zone is passed over. A number leads to the zones of its prefix; where that says nothing sound, as with
    mobile phones of Russia, to all zones of its country. An offset narrows these, and where none of them has it, the
    person is abroad: one zone of each kind that has it in some season. A person of whom nothing is known is taken to
    be within five hours of `home`, the zones of the number that writes (UTC without): then there is one good hour
    for them, in the middle of home's day.
    """
    for told in (explicit, learned):
        if told and is_zone(told):
            return (told,)
    own = _of_number(phone) if phone else ()
    minutes = _minutes(learned) if learned else None
    if minutes is not None:
        elsewhere = tuple(name for name in own if minutes in offsets(name)) or _having(minutes)
        if elsewhere:
            return elsewhere
    return own or around(home)


def zones_in(country: str) -> tuple[str, ...]:
    """All zones of a country, by name; () for an unknown one. `country` is ISO 3166 alpha-2."""
    from babel.core import get_global

    found = get_global("territory_zones").get(country, ()) if country not in NOWHERE else ()
    return tuple(sorted(name for name in found if is_zone(name)))


def territory(zone: str) -> str | None:
    """The country that a zone lies in, as ISO 3166; None for one at sea, such as Etc/GMT-3."""
    from babel.core import get_global

    found = get_global("zone_territories").get(_canonical(zone))
    return None if found is None or found in NOWHERE else str(found)


def around(home: Sequence[str] = ()) -> tuple[str, ...]:
    """`home` and every whole hour within five of it."""
    known = tuple(name for name in home if is_zone(name)) or ("Etc/UTC",)
    middle = round(offsets(known[0])[0] / 60)
    hours = range(max(-12, middle - REACH_HOURS), min(14, middle + REACH_HOURS) + 1)
    # POSIX signs: Etc/GMT-3 is three hours east.
    return (*known, *(f"Etc/GMT{-hour:+d}" for hour in hours))


def is_zone(name: str) -> bool:
    """Whether it is a zone of the tz database, the same on every machine."""
    return zone_named(name) is not None


@lru_cache(maxsize=2048)
def zone_named(name: str) -> ZoneInfo | None:
    """None for what is no zone, and for what is the machine's own."""
    if name in MACHINES_OWN or name.startswith(("posix/", "right/")):
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, no name of one, a folder
        return None


@lru_cache(maxsize=2048)
def offsets(name: str) -> tuple[int, int]:
    """Minutes east of UTC in January and in July; (0, 0) for what is no zone."""
    zone = zone_named(name)
    if zone is None:
        return 0, 0
    winter, summer = (zone.utcoffset(at.astimezone(zone)) or timedelta() for at in (WINTER, SUMMER))
    return winter // timedelta(minutes=1), summer // timedelta(minutes=1)


def _of_number(phone: str) -> tuple[str, ...]:
    import phonenumbers
    from phonenumbers import timezone

    country = country_of(phone)
    if country is None:
        return ()
    own = zones_in(country)
    told = {_canonical(name) for name in timezone.time_zones_for_number(phonenumbers.parse(phone, None))}
    # These tables name a neighbour's zone for some: Atlantic/Canary for Morocco, Europe/Bucharest for Kaliningrad.
    # It has other rules, so one of them spoils the list. CLDR in turn has no zone for Kosovo.
    if told <= {_canonical(name) for name in own} or not own:
        return tuple(sorted(name for name in told if is_zone(name)))
    return own


@lru_cache(maxsize=256)
def _having(minutes: int) -> tuple[str, ...]:
    from babel.core import get_global

    kinds: dict[tuple[int, int], str] = {}
    for name, country in sorted(get_global("zone_territories").items()):
        if country not in NOWHERE and is_zone(name) and minutes in offsets(name):
            kinds.setdefault(offsets(name), name)
    return tuple(sorted(kinds.values()))


def _canonical(name: str) -> str:
    from babel.core import get_global

    return str(get_global("zone_aliases").get(name, name))


def _minutes(offset: str) -> int | None:
    found = OFFSET.fullmatch(offset.strip())
    if found is None:
        return None
    sign, hours, minutes = found.groups()
    return (-1 if sign == "-" else 1) * (int(hours) * 60 + int(minutes or 0))
