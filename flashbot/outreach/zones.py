"""In which time zones a person may be: what was told, else what the number says, less what they disproved. Pure.

Several zones mean that it has to be a good hour in all of them. The tables are CLDR's (Babel) and Google's
(`phonenumbers`), loaded when first used; the rules of a zone are `zoneinfo`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from flashbot.clock import is_zone, zone_named
from flashbot.msgflash.phones import country_of

__all__ = ["around", "is_spread", "is_zone", "offsets", "territory", "zone_named", "zones_in", "zones_of"]

WINTER, SUMMER = datetime(2036, 1, 15, 12, tzinfo=UTC), datetime(2036, 7, 15, 12, tzinfo=UTC)
"""Behind the last change of rules that tzdata knows of, so that what holds then holds on."""
NOWHERE = ("ZZ", "AQ")
REACH_HOURS = 5
"""The widest band around a zone whose day of 11 hours still has an hour in common."""
NIGHT = (60, 300)
"""Minutes of the local day, 1 to 5 o'clock."""
NIGHTS = 3
"""So many conversations begun at night speak against a zone, where they are a tenth of all; one bad night does not."""


def zones_of(
    phone: str | None,
    explicit: str | None = None,
    learned: Mapping[int, int] | None = None,
    home: Sequence[str] = (),
) -> tuple[str, ...]:
    """IANA names, at least one. `phone` is E.164, `explicit` an IANA name (what is no zone is passed over), `learned`
    how often they wrote in which hour of UTC.

    A number leads to the zones of its prefix; where that says nothing sound, as with mobile phones of Russia, to all
    zones of its country, of which those are left out in which this person would write at night. Somebody of whom
    nothing is known is taken to be within five hours of `home`, the zones of the number that writes (UTC without):
    then there is one good hour for them, in the middle of home's day.
    """
    if explicit and is_zone(explicit):
        return (explicit,)
    own = _of_number(phone) if phone else ()
    return _awake(own, learned or {}) or around(home)


def is_spread(phone: str) -> bool:
    """Whether a number leaves zones open whose clocks differ, so that there is something to learn. E.164."""
    return len({offsets(name) for name in _of_number(phone)}) > 1


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


@lru_cache(maxsize=2048)
def offsets(name: str) -> tuple[int, int]:
    """Minutes east of UTC in January and in July; (0, 0) for what is no zone."""
    zone = zone_named(name)
    if zone is None:
        return 0, 0
    winter, summer = (zone.utcoffset(at.astimezone(zone)) or timedelta() for at in (WINTER, SUMMER))
    return winter // timedelta(minutes=1), summer // timedelta(minutes=1)


def _awake(zones: tuple[str, ...], wrote: Mapping[int, int]) -> tuple[str, ...]:
    """Without those in which they would have written at night, if there is a zone in which they never did."""
    if not wrote or all(_nights(name, wrote)[1] for name in zones):
        return zones  # what they wrote fits nowhere: they are abroad, or up at all hours
    enough = max(NIGHTS, sum(wrote.values()) / 10)
    return tuple(name for name in zones if _nights(name, wrote)[0] < enough)


def _nights(name: str, wrote: Mapping[int, int]) -> tuple[int, int]:
    """How often surely, and how often perhaps: an hour may lie half in the night, and in one season only."""
    surely = perhaps = 0
    for hour, count in wrote.items():
        begins = [(hour * 60 + minutes) % (24 * 60) for minutes in offsets(name)]
        surely += count * all(NIGHT[0] <= begin <= NIGHT[1] - 60 for begin in begins)
        perhaps += count * any(NIGHT[0] - 60 < begin < NIGHT[1] for begin in begins)
    return surely, perhaps


@lru_cache(maxsize=4096)
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


def _canonical(name: str) -> str:
    from babel.core import get_global

    return str(get_global("zone_aliases").get(name, name))
