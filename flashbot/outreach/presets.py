"""`Presets`: when something unasked may arrive, by local clocks; and `PRESETS`, ready ones by name, with their sources.

Values only: which instants these are is decided in `hours.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from itertools import chain
from typing import Literal, TypeAlias, get_args

from flashbot.errors import BotMistake

__all__ = ["PRESETS", "ClosedOn", "Presets", "Spans"]

ClosedOn: TypeAlias = Literal["rest_day", "weekend", "holiday", "prayer", "ramadan"]
Spans: TypeAlias = tuple[tuple[time, time], ...]
"""From and until. Until a time that is not later in the day is until then on the next day; 00:00 is midnight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presets:
    """When something unasked may arrive: local times of every day, and what is closed besides."""

    opens: time = time(8, 30)
    closes: time = time(19, 30)
    closed_on: frozenset[ClosedOn] = frozenset({"rest_day", "holiday"})
    """`weekend`: as in the country; `rest_day`: its one day on which shops rest as well, Sunday in most: what French
    providers refuse for advertising texts, while Saturday is a day of trade in Africa and in Europe. `prayer`: Friday
    noon; `ramadan`: the days of fasting.

    A calendar day is closed from midnight to midnight, also for what began on the evening before.
    """
    week: tuple[Spans, ...] = ()
    """Seven, Monday first, in place of `opens` and `closes`; () is a day on which nothing opens."""
    dates: tuple[tuple[date, Spans], ...] = ()
    """Dates that differ: open then and only then, whatever `week` and `closed_on` say."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "closed_on", frozenset(self.closed_on))
        if any(at.tzinfo is not None for at in self._times()):
            raise BotMistake("Presets: `opens` and `closes` are local times of the contact; leave tzinfo out.")
        if any(at.second or at.microsecond for at in self._times()):
            raise BotMistake("Presets: times are whole minutes; leave seconds out.")
        if not self.opens < self.closes:
            raise BotMistake(
                f"Presets: `opens` ({self.opens}) must be earlier than `closes` ({self.closes}); "
                "hours over midnight go into `week`."
            )
        if self.week and (len(self.week) != 7 or not any(self.week)):
            raise BotMistake("Presets: `week` needs seven days, Monday first, at least one of them with hours.")
        unknown = sorted(set(self.closed_on) - set(get_args(ClosedOn)))
        if unknown:
            raise BotMistake(f"Presets: `closed_on` knows {', '.join(get_args(ClosedOn))}, not {', '.join(unknown)}.")

    def on(self, day: date) -> Spans | None:
        """The hours of a date that differs; None for an ordinary one."""
        return next((spans for one, spans in self.dates if one == day), None)

    def weekday(self, weekday: int) -> Spans:
        """The hours that begin on a weekday, Monday is 0."""
        return self.week[weekday] if self.week else ((self.opens, self.closes),)

    def _times(self) -> Iterator[time]:
        spans = chain(((self.opens, self.closes),), *self.week, *(spans for _, spans in self.dates))
        return chain.from_iterable(spans)


_CALLS_IN_FRANCE: Spans = ((time(10), time(13)), (time(14), time(20)))
_SHOP: Spans = ((time(8, 30), time(19, 30)),)
_SIX_DAYS: tuple[Spans, ...] = (*[_SHOP] * 6, ())

PRESETS: dict[str, Presets] = {
    "default": Presets(),
    # Code de la consommation, article D223-9, written for calls to consumers who did not agree to them: Monday to
    # Friday, 10 to 13 and 14 to 20 in the consumer's zone, no public holiday. The strictest published rule there is.
    "fr": Presets(week=(*[_CALLS_IN_FRANCE] * 5, (), ()), closed_on=frozenset({"holiday"})),
    # Directive 2002/58/EC, article 13, wants consent and names no hours. Evenings, Sundays and public holidays are
    # what French providers refuse for advertising texts.
    "eu": Presets(week=_SIX_DAYS, closed_on=frozenset({"holiday"})),
    # No published hours were found for the four below: Saturday is a day of trade, Sunday is not, and what is kept
    # holy by many is left alone.
    "sn": Presets(week=_SIX_DAYS, closed_on=frozenset({"holiday", "prayer", "ramadan"})),
    "ci": Presets(week=_SIX_DAYS, closed_on=frozenset({"holiday", "prayer"})),
    "ng": Presets(week=_SIX_DAYS, closed_on=frozenset({"holiday", "prayer"})),
    "ma": Presets(week=_SIX_DAYS, closed_on=frozenset({"holiday", "prayer", "ramadan"})),
}
"""None of them is legal advice, and consent is needed under each."""
