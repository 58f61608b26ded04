"""Dates, in figures and in words, counted from today. A day and month without a year is the coming one.

A week is no date, nor is 31/02, nor "lundi 12 mai" where that is a Tuesday: better none than a wrong one.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from flashbot.dialogue.values.line import Found, Rank, apart, closes
from flashbot.dialogue.values.money import priced
from flashbot.dialogue.values.numbers import numerals
from flashbot.dialogue.values.spelled import ORDINALS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from flashbot.dialogue.values.line import Line

__all__ = ["WORDS", "find"]


def _table(rows: Iterable[str], first: int) -> dict[str, int]:
    return {name: number for number, names in enumerate(rows, first) for name in names.split()}


MONTHS = _table(
    (
        "janvier janv jan january", "fevrier fevr fev february febuary feb", "mars march mar", "avril avr april apr",
        "mai may", "juin june jun", "juillet juil july jul", "aout august aug", "septembre september sept sep",
        "octobre october oct", "novembre november nov", "decembre december dec",
    ),
    1,
)  # fmt: skip
WEEKDAYS = _table(
    (
        "lundi lundie monday", "mardi mardie tuesday tuseday tue tues",
        "mercredi mercredie mecredi mercedi wednesday wensday wednsday wenesday wed",
        "jeudi jeudie thursday thrusday thu thur thurs", "vendredi vendredie venderdi friday fri",
        "samedi samdi saturday saterday", "dimanche dimanch sunday",
    ),
    0,
)  # fmt: skip
RELATIVE = {
    tuple(phrase.split()): days
    for days, phrases in (
        (-2, "avant hier|avanthier|day before yesterday|the day before yesterday"),
        (-1, "hier|yesterday|ytd"),
        (0, "aujourd hui|aujourdhui|aujourdhui|auj|ajd|ojd|ojrd8|today|2day|tdy|tonight|ce matin|ce soir"
            "|cet apres midi|cet aprem|this morning|this afternoon|this evening"),
        (1, "demain|2main|2m1|dm1|tomorrow|tommorow|tommorrow|tomorow|tmrw|tmr|tmw|2moro|2morrow"),
        (2, "apres demain|apresdemain|day after tomorrow|the day after tomorrow"
            "|after tomorrow|next tomorrow"),
    )
    for phrase in phrases.split("|")
}  # fmt: skip
DAYS = {
    "jour": 1,
    "jours": 1,
    "j": 1,
    "day": 1,
    "days": 1,
    "semaine": 7,
    "semaines": 7,
    "sem": 7,
    "week": 7,
    "weeks": 7,
}
MONTHS_OF = {"mois", "month", "months"}
FORWARD = {"prochain", "next", "coming"}
THIS = {"ce", "cet", "this"}
BACK = {"dernier", "passe", "last"}
WORDS = frozenset({*MONTHS, *WEEKDAYS, *DAYS, *MONTHS_OF, *(word for phrase in RELATIVE for word in phrase)})
NUMBERED = re.compile(r"(\d{1,2})(er|e|eme|st|nd|rd|th)?\Z")
GLUED = re.compile(r"(\d{1,3})(j|d|jours?|days?)\Z")
YEAR = re.compile(r"(?:19|20|21)\d\d\Z")
HINGE = re.compile(r"[ ,.'-]{1,3}\Z")
EDGE = r"(?<![\w€$£])(?<![\d-][-/.,:])(?<!\+)"
ISO = re.compile(EDGE + r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\w/]|[-.,:]\d)")
FIGURES = re.compile(EDGE + r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)(?![\w/]|[-.,:]\d)")
SHORT = re.compile(EDGE + r"(\d{1,2})/(\d{1,2})(?![\w/%]|[-.,:]\d)")
SHARES = {"1/2", "1/3", "2/3", "1/4", "3/4", "24/7"}
"""Dates only behind a "le" or "on"."""
LED = re.compile(r"(?<!\w)(?:le|on|du|au|the|pour|for) \Z")
FURTHEST = 3660
"""Days that "in 100 days" may be away."""


class _Said(NamedTuple):
    """A date, or words that look like one and are none, which nothing else may read as a date then."""

    day: date | None
    behind: int
    """The index of the next word."""
    first: int | None = None
    """The word it begins with, where that is not the one asked about."""


def find(line: Line, now: datetime, region: str | None) -> list[Found]:
    today = now.date()
    spans = [*_in_figures(line, today, region), *_Phrases(line, today).spans()]
    found = [Found(start, end, day, Rank.DATE) for start, end, day in spans]
    return [one for one in apart(found) if one.value is not None]


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def coming(today: date, month: int, day: int) -> date | None:
    """The next such day, today included; 29 February may be some years away."""
    for year in range(today.year, today.year + 9):
        made = _made(year, month, day)
        if made and made >= today:
            return made
    return None


def _in_figures(line: Line, today: date, region: str | None) -> Iterable[tuple[int, int, date | None]]:
    for match in ISO.finditer(line.text):
        yield *match.span(), _made(int(match[1]), int(match[3]), int(match[4]))
    for match in FIGURES.finditer(line.text):
        year = int(match[4]) if len(match[4]) == 4 else _century(int(match[4]), today)
        day, month = _ordered(int(match[1]), int(match[3]), region)
        yield *match.span(), _made(year, month, day)
    for match in SHORT.finditer(line.text):
        if match.group() not in SHARES or LED.search(line.text[: match.start()][-6:]):
            day, month = _ordered(int(match[1]), int(match[2]), region)
            yield *match.span(), coming(today, month, day)


def _century(year: int, today: date) -> int:
    """Of two digits: up to twenty years ahead, otherwise past."""
    full = today.year - today.year % 100 + year
    return full - 100 if full > today.year + 20 else full


def _ordered(first: int, second: int, region: str | None) -> tuple[int, int]:
    """Day and month: the day first, unless in the United States; the other way round where only that can be."""
    day, month = (second, first) if region == "US" else (first, second)
    return (month, day) if month > 12 >= day else (day, month)


class _Phrases:
    """What the words of a line say, read from any of them."""

    def __init__(self, line: Line, today: date) -> None:
        self.line, self.today = line, today
        self.numbers = {numeral.start: numeral for numeral in numerals(line)}

    def spans(self) -> Iterable[tuple[int, int, date | None]]:
        index = 0
        while index < len(self.line.words):
            said = self._at(index)
            if said is None:
                index += 1
                continue
            first = said.first if said.first is not None else index
            yield self.line.words[first].start, self.line.words[said.behind - 1].end, said.day
            index = said.behind

    def word(self, index: int) -> str:
        """Empty where something stands between it and the word before."""
        return self.line.word(index) if index and index < len(self.line.words) and self._joined(index) else ""

    def _joined(self, index: int) -> bool:
        return HINGE.match(self.line.gap(index)) is not None

    def _at(self, index: int) -> _Said | None:
        return (
            self._relative(index)
            or self._away(index)
            or self._ago(index)
            or self._weekday(index)
            or self._day_and_month(index)
            or self._bare_day(index)
        )

    def _row(self, index: int, length: int) -> tuple[str, ...]:
        return (self.line.word(index), *(self.word(place) for place in range(index + 1, index + length)))

    def _relative(self, index: int) -> _Said | None:
        for length in (4, 3, 2, 1):
            days = RELATIVE.get(self._row(index, length))
            if days is not None:
                return _Said(self.today + timedelta(days), index + length)
        return None

    # -- so many days from now

    def _away(self, index: int) -> _Said | None:
        """ "dans 3 jours", "in two weeks", "3 days from now" """
        if self.line.word(index) in {"dans", "in"}:
            return self._moved(index + 1, 1)
        said = self._moved(index, 1)
        return said._replace(behind=said.behind + 2) if said and self._row(said.behind, 2) == ("from", "now") else None

    def _ago(self, index: int) -> _Said | None:
        if self._row(index, 3) == ("il", "y", "a"):
            return self._moved(index + 3, -1)
        said = self._moved(index, -1)
        return said._replace(behind=said.behind + 1) if said and self.word(said.behind) == "ago" else None

    def _moved(self, index: int, sign: int) -> _Said | None:
        if index >= len(self.line.words):
            return None
        glued = GLUED.match(self.line.word(index))
        if glued:
            return _Said(self._shifted(sign * int(glued[1])), index + 1)
        amount, behind = self._number(index)
        unit = self.word(behind)
        if amount is None or (unit not in DAYS and unit not in MONTHS_OF):
            return None
        day = self._shifted(sign * amount * DAYS[unit]) if unit in DAYS else self._by_months(sign * amount)
        return _Said(day, behind + 1)

    def _shifted(self, days: int) -> date | None:
        return self.today + timedelta(days) if abs(days) <= FURTHEST else None

    def _by_months(self, months: int) -> date | None:
        if abs(months) > FURTHEST // 31:
            return None
        year, month = divmod(self.today.year * 12 + self.today.month - 1 + months, 12)
        return date(year, month + 1, min(self.today.day, monthrange(year, month + 1)[1]))

    def _number(self, index: int) -> tuple[int | None, int]:
        numeral = self.numbers.get(self.line.words[index].start)
        if numeral is None or numeral.value != numeral.value.to_integral_value() or numeral.value > FURTHEST:
            return None, index
        return int(numeral.value), self.line.span(numeral.start, numeral.end)[1]

    # -- days with a name

    def _weekday(self, index: int) -> _Said | None:
        weekday = WEEKDAYS.get(self.line.word(index))
        if weekday is None:
            return None
        article = 1 if self.word(index + 1) in {"le", "the"} else 0
        rest = index + 1 + article
        if self.word(rest):
            said = self._day_and_month(rest) or self._bare_day(rest, led=True)
            if said:
                fits = said.day is not None and said.day.weekday() == weekday
                return _Said(said.day if fits else None, said.behind)
        before = self.line.word(index - 1) if index and self._joined(index) else ""
        after = self.word(index + 1)
        days = (weekday - self.today.weekday()) % 7
        behind = index + 1
        if before in BACK or after in BACK:
            days = days - 7
            behind += after in BACK
        elif after in FORWARD:
            days, behind = days or 7, behind + 1
        elif before not in THIS:
            days = days or 7
        first = index - 1 if before in BACK | FORWARD | THIS else index
        return _Said(self.today + timedelta(days), behind, first)

    def _day_and_month(self, index: int) -> _Said | None:
        """ "12 mai", "1er mai 2027", "the third of May", "May 12th, 2027", "May the third" """
        month = MONTHS.get(self.line.word(index))
        first = month is not None
        if first:
            place = index + 2 if self.word(index + 1) in {"the", "le"} else index + 1
            day, behind = self._day(place) if self.word(place) else (None, place)
        else:
            day, place = self._day(index)
            place += self.word(place) in {"of", "de"}
            month, behind = MONTHS.get(self.word(place)), place + 1
        if day is None or month is None:
            return None
        year = self.word(behind)
        if YEAR.match(year) and not priced(self.line, self.line.words[behind].end):
            return _Said(_made(int(year), month, day), behind + 1)
        counted = self.line.word(behind - 1).isdigit() and not closes(self.line.text, self.line.words[behind - 1].end)
        if first and counted:  # "in May 12 people came"
            return None
        return _Said(coming(self.today, month, day), behind)

    def _bare_day(self, index: int, *, led: bool = False) -> _Said | None:
        """ "le 12" and "the 12th", where nothing follows that could be counted: the coming one."""
        before = self.line.word(index - 1) if index and self._joined(index) else ""
        numbered = NUMBERED.match(self.line.word(index))
        if numbered is None or not (led or before == "le" or (before == "the" and numbered[2])):
            return None
        if not closes(self.line.text, self.line.words[index].end):
            return None
        day = int(numbered[1])
        for ahead in range(3):
            year, month = divmod(self.today.year * 12 + self.today.month - 1 + ahead, 12)
            made = _made(year, month + 1, day)
            if made and made >= self.today:
                return _Said(made, index + 1)
        return None

    def _day(self, index: int) -> tuple[int | None, int]:
        """A day of a month: "12", "1er", "douze", "third", "twenty first"."""
        numbered = NUMBERED.match(self.line.word(index))
        if numbered:
            return int(numbered[1]), index + 1
        tens = {"twenty": 20, "thirty": 30}.get(self.line.word(index), 0)
        ordinal = ORDINALS.get(self.word(index + 1) if tens else self.line.word(index))
        if ordinal is not None:
            return tens + ordinal, index + (2 if tens else 1)
        numeral = self.numbers.get(self.line.words[index].start)
        if numeral is None or not self.line.words[index].text.isalpha() or numeral.value > 31:
            return None, index
        return int(numeral.value), self.line.span(numeral.start, numeral.end)[1]
