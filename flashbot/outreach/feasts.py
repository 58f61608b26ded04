"""Days on which a country rests: public holidays with their names, and weekends. Pure; the tables load when first used.

Not every date is known beforehand: feasts that wait for the moon are estimates, and close the day after as well.
"""

from __future__ import annotations

import re
import warnings
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias

__all__ = ["Language", "holiday", "rest_day", "rests", "weekend"]

Language: TypeAlias = Literal["en", "fr"]
WESTERN = frozenset({5, 6})
FRIDAY, SATURDAY, SUNDAY = 4, 5, 6
SABBATH = frozenset({"IL"})
ESTIMATED = "estimated"
# Other words reach into the package itself.
COUNTRY = re.compile(r"[A-Z]{2}")


def holiday(place: str, day: date, language: Language = "en") -> str | None:
    """The name of the public holiday, in French where there is one in French; None on other days.

    `place` is ISO 3166, a country such as "CI" or a part of one such as "DE-BY". Without a part, only what the whole
    country keeps is found. None too for a country that the `holidays` package does not have.
    """
    return _holidays(place, day.year, language).get(day)


def rests(place: str, day: date) -> bool:
    """Whether it is a public holiday there, or may be: the day after an estimated one."""
    if holiday(place, day) is not None:
        return True
    eve = holiday(place, day - timedelta(days=1))
    return eve is not None and ESTIMATED in eve.lower()


@lru_cache(maxsize=512)
def weekend(place: str) -> frozenset[int]:
    """Its weekdays, Monday is 0, by the CLDR's week data; Saturday and Sunday where there is none."""
    from babel import Locale, UnknownLocaleError

    try:
        locale = Locale.parse(f"und_{place[:2]}")
    except (UnknownLocaleError, ValueError):
        return WESTERN
    first, last = locale.weekend_start, locale.weekend_end
    return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))


def rest_day(place: str) -> int:
    """The weekday, Monday is 0, on which shops rest as well: of a weekend with one, Sunday, else Friday."""
    days = weekend(place)
    first = SATURDAY if place[:2] in SABBATH else SUNDAY
    return next((day for day in (first, FRIDAY) if day in days), max(days))


@lru_cache(maxsize=2048)
def _holidays(place: str, year: int, language: Language) -> dict[date, str]:
    import holidays

    country, _, part = place.partition("-")
    if not COUNTRY.fullmatch(country):
        return {}
    try:
        spoken = holidays.country_holidays(country).supported_languages
    except NotImplementedError:
        return {}
    told = next((one for wanted in (language, "en_US", "en") for one in spoken if one.startswith(wanted)), None)
    with warnings.catch_warnings():
        # Some moon feasts of India are known for certain years only, and it says so each time.
        warnings.simplefilter("ignore")
        try:
            return dict(holidays.country_holidays(country, subdiv=part or None, years=year, language=told))
        except NotImplementedError:
            return dict(holidays.country_holidays(country, years=year, language=told))
