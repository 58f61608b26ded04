"""`open_at`: whether something unasked may arrive now, and if not, why and from when on. Pure.

It has to be a good hour wherever the person may be. Not knowing the zone never opens anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from flashbot.outreach.agenda import DAY_MS, HORIZON_DAYS, Agenda
from flashbot.outreach.localday import weekly_minutes
from flashbot.outreach.zones import around, is_zone, offsets, territory, zone_named, zones_in

if TYPE_CHECKING:
    from flashbot.outreach.case import Closed
    from flashbot.outreach.presets import Presets

__all__ = ["SPREAD_MS", "OpeningHours", "open_at"]

SPREAD_MS = 45 * 60_000
"""Over which what was held back is let go, so that not all of it leaves at half past eight."""
WEEK = 7 * 1440
ENOUGH = 30
"""Minutes a week that zones must have in common."""


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """What the gates ask (`case.Hours`), with the number that was drawn for this message."""

    fraction: float = 0.0

    def open_at(
        self, now_ms: int, zones: tuple[str, ...], country: str | None, presets: Presets
    ) -> tuple[Closed, int] | None:
        return open_at(now_ms, zones, country, presets, self.fraction)


def open_at(
    now_ms: int, zones: tuple[str, ...], country: str | None, presets: Presets, fraction: float = 0.0
) -> tuple[Closed, int] | None:
    """None when every rule of every zone is open; else the reason, and when all are open at once, in ms.

    That moment is the very first plus `fraction` (0 to 1, drawn by the caller) of 45 minutes, or of the time it stays
    open if that is shorter. If nothing opens within a year, it is a year ahead, to be asked again.

    `country` (ISO 3166, also a part of one such as "DE-BY") is whose weekends and holidays count; without one it is
    that of each zone. Without zones it is all of the country's, and without either all within five hours of UTC. Of
    zones whose hours never meet, the outermost are left out, as few as it takes: the others would wait for ever.
    """
    agenda = _agenda(zones, country or "", presets)
    opening = agenda.opening(now_ms)
    if opening == now_ms:
        return None
    reason = agenda.why(now_ms)
    if opening is None:
        return reason, now_ms + HORIZON_DAYS * DAY_MS
    if fraction <= 0:
        return reason, opening
    room = agenda.open_for(opening, SPREAD_MS) - 1
    return reason, opening + int(min(fraction, 1.0) * room)


@lru_cache(maxsize=4096)
def _agenda(zones: tuple[str, ...], country: str, presets: Presets) -> Agenda:
    place = country.upper()
    known = tuple(dict.fromkeys(name for name in zones if is_zone(name))) or zones_in(place[:2]) or around()
    places = [(name, place or territory(name) or "") for name in known]
    while len(places) > 1 and not _meet(places, presets):
        places.remove(_outermost(places))
    found = ((zone_named(name), its) for name, its in places)
    return Agenda(tuple((zone, its) for zone, its in found if zone is not None), presets)


def _outermost(places: list[tuple[str, str]]) -> tuple[str, str]:
    """The one farthest from the middle of them all."""
    ordered = sorted(places, key=lambda one: (offsets(one[0])[0], one))
    middle = offsets(ordered[len(ordered) // 2][0])[0]
    return max(ordered, key=lambda one: abs(offsets(one[0])[0] - middle))


def _meet(places: list[tuple[str, str]], presets: Presets) -> bool:
    """Whether an ordinary week, in January and in July, has enough minutes in common. A minute is a bit."""
    for season in (0, 1):
        common = (1 << WEEK) - 1
        for name, place in places:
            common &= _turned(_bits(place, presets), offsets(name)[season])
        if common.bit_count() < ENOUGH:
            return False
    return True


@lru_cache(maxsize=1024)
def _bits(place: str, presets: Presets) -> int:
    return sum(((1 << end - begin) - 1) << begin for begin, end in weekly_minutes(place, presets))


def _turned(bits: int, east: int) -> int:
    """Local minutes of the week as those of UTC."""
    by = east % WEEK
    return (bits >> by | bits << (WEEK - by)) & ((1 << WEEK) - 1)
