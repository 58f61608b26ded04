"""Times of the day, in figures and in words. "Dans 20 minutes" is the time it will be then.

An hour that may be in the morning or in the evening ("at 5") is no time, nor is a duration.
"""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from flashbot.dialogue.values.line import Found, Rank, apart, closes
from flashbot.dialogue.values.numbers import numerals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from flashbot.dialogue.values.line import Line

__all__ = ["find"]

EDGE = r"(?<![\w€$£+])(?<!\d[-/.,:])"
HALF_DAY = r"""
    \ ?(?P<meridiem>[ap])(?:m|\.\ ?m\.?)
    |\ (?:du\ (?P<matin>matin)|du\ (?P<soir>soir)|de\ l'(?P<apres>apres[-\ ]?midi|aprem)|in\ the\ (?P<morning>morning)
       |in\ the\ (?P<evening>afternoon|evening)|at\ (?P<night>night))"""
LOOSE_HALF_DAY = r"|\ (?:le\ )?(?:(?P<matin2>matin|morning)|(?P<soir2>soir|afternoon|evening|tonight))"
CLOCK = re.compile(
    EDGE
    + rf"""(?P<hour>\d{{1,2}})
    (?:
        (?::(?P<colon>[0-5]\d)(?::(?P<second>[0-5]\d))?
        |(?P<h>\ ?(?:h|heures?|hrs?))
            (?:(?P<gap>\ ?)(?P<minute>[0-5]?\d)(?P<unit>\ ?(?:minutes?|min|mn))?
            |\ et\ (?P<half>demie?)|\ et\ (?P<quarter>quart)|\ moins\ (?:le\ |un\ )?(?P<less>quart))?
        |(?P<oclock>\ ?o'?\ ?clock))
        (?:{HALF_DAY}{LOOSE_HALF_DAY})?
    |(?:[.\ ](?P<dotted>[0-5]\d))?(?:{HALF_DAY.replace("(?P<", "(?P<bare_")})
    )(?!\w|[:/.,]\d)""",
    re.VERBOSE,
)
NAMED = re.compile(
    r"(?<!\w)(?<!apres )(?<!apres-)(?:(?P<noon>midi|noon|midday)|minuit|midnight)"
    r"(?: (?:et )?(?:(?P<half>demie?)|(?P<quarter>quart)))?(?!\w)"
)
PAST = re.compile(
    rf"(?<!\w)(?P<part>half|quarter)\ (?P<way>past|to)\ (?P<hour>\d{{1,2}})(?:{HALF_DAY})?(?!\w)", re.VERBOSE
)
AWAY = re.compile(
    r"(?<!\w)(?:dans|in) (?:(?P<half>une demi[- ]heure|half (?:an|1) hour)"
    r"|(?P<minutes>\d{1,4}) ?(?:minutes?|mins?|mn)|(?P<hours>\d{1,3}) ?(?:heures?|hours?|hrs?|h)"
    r"(?: ?(?P<more>[0-5]\d)| (?P<more_half>et demie?))?)(?!\w)"
)
LASTING = re.compile(
    r"(?<!\w)(?:pendant|durant|sous|toutes les|tous les|chaque|every|within|il y a|moins de|plus de|en"
    r"|less than|d')\s*\Z"
)
SINCE = re.compile(r"(?<!\w)(?:depuis|for) \Z")
LASTS = re.compile(r" (?:de (?!l')|d'|ago|plus tard|later|chrono)|/")
HOUR_FOLLOWS = re.compile(r" (?:heures?|hours?|h|minutes?|mins?|mn|o'?clock|[ap]m|du matin|du soir|de l'|in the)(?!\w)")
A_DAY = 24 * 60

_Span: TypeAlias = tuple[int, int, time | None]
"""A place and the time it says, or None for what looks like a time and is none."""


class _Figures(NamedTuple):
    """The line with its numbers in digits, and where in the line each character comes from."""

    text: str
    origins: Sequence[int]


def find(line: Line, now: datetime, region: str | None) -> list[Found]:
    figures = _figures(line)
    spans = [*_clocks(figures.text), *_past(figures.text), *_named(figures.text), *_away(figures.text, now)]
    found = []
    for start, end, value in spans:
        found.append(Found(figures.origins[start], figures.origins[end], value, Rank.TIME))
    return [one for one in apart(found) if one.value is not None]


def _figures(line: Line) -> _Figures:
    pieces, origins, behind = [], [], 0
    for numeral in numerals(line):
        spelled = line.text[numeral.start].isalpha()
        if not spelled or numeral.value > A_DAY or numeral.value != numeral.value.to_integral_value():
            continue
        if numeral.faint and not HOUR_FOLLOWS.match(line.text, numeral.end):
            continue
        digits = str(int(numeral.value))
        pieces += [line.text[behind : numeral.start], digits]
        origins += [*range(behind, numeral.start), *[numeral.start] * len(digits)]
        behind = numeral.end
    pieces.append(line.text[behind:])
    origins += range(behind, len(line.text) + 1)
    return _Figures("".join(pieces), origins)


def _clocks(text: str) -> Iterable[_Span]:
    for match in CLOCK.finditer(text):
        start, end = match.span()
        hour, minute = int(match["hour"]), _minute(match)
        if match["gap"] and not match["unit"] and not closes(text, match.end("minute")):  # 14h 30 pizzas
            end, minute = match.end("h"), 0
        if match["h"] and _half_day(match) is None and _duration(text, start, end, bare=not minute):
            yield start, end, None
            continue
        said = _made(hour * 60 + minute, int(match["second"] or 0))
        half = _half_day(match) if end == match.end() else None
        yield start, end, _turned(said, half) if said and half else said


def _minute(match: re.Match[str]) -> int:
    if match["half"] or match["quarter"] or match["less"]:
        return 30 if match["half"] else 15 if match["quarter"] else -15
    return int(match["colon"] or match["minute"] or match["dotted"] or 0)


def _made(minutes: int, second: int = 0) -> time | None:
    return time(minutes // 60, minutes % 60, second) if 0 <= minutes < A_DAY else None


def _duration(text: str, start: int, end: int, *, bare: bool) -> bool:
    before = text[max(start - 12, 0) : start]
    if LASTING.search(before) or LASTS.match(text, end):
        return True
    return bare and SINCE.search(before) is not None


def _half_day(match: re.Match[str]) -> str | None:
    """ "a", "p" or "night": before noon, after it, or both around midnight."""
    said = {name.removeprefix("bare_") for name, value in match.groupdict().items() if value}
    if "meridiem" in said:
        return match.groupdict().get("meridiem") or match["bare_meridiem"]
    if said & {"matin", "morning", "matin2"}:
        return "morning"
    if "night" in said:
        return "night"
    return "evening" if said & {"soir", "apres", "evening", "soir2"} else None


def _turned(said: time, half: str) -> time | None:
    """The hour that goes with the half of the day; None where they contradict each other."""
    if half == "a":
        return said.replace(hour=said.hour % 12) if 1 <= said.hour <= 12 else None
    if half == "morning" or (half == "night" and said.hour < 5):
        return said if said.hour < 12 else None
    if said.hour >= 12:
        return said
    return said.replace(hour=said.hour + 12) if said.hour else None


def _past(text: str) -> Iterable[_Span]:
    for match in PAST.finditer(text):
        minute = 30 if match["part"] == "half" else 15
        said = _made(int(match["hour"]) * 60 + (minute if match["way"] == "past" else -minute))
        half = _half_day(match)
        yield *match.span(), _turned(said, half) if said and half else said


def _named(text: str) -> Iterable[_Span]:
    for match in NAMED.finditer(text):
        yield *match.span(), time(12 if match["noon"] else 0, 30 if match["half"] else 15 if match["quarter"] else 0)


def _away(text: str, now: datetime) -> Iterable[_Span]:
    for match in AWAY.finditer(text):
        minutes = int(match["minutes"] or 0) + 60 * int(match["hours"] or 0) + int(match["more"] or 0)
        minutes += 30 if match["half"] or match["more_half"] else 0
        then = (now + timedelta(minutes=minutes)).time().replace(second=0, microsecond=0)
        yield *match.span(), then if minutes < A_DAY else None
