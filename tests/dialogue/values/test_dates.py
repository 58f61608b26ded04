"""Dates, counted from Wednesday 6 May 2026."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashbot.dialogue.values.dates import find
from flashbot.dialogue.values.line import read

NOW = datetime(2026, 5, 6, 10, tzinfo=UTC)


def dates(text: str, region: str | None = None, now: datetime = NOW) -> list[object]:
    return [found.value for found in find(read(text), now, region)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", "2026-05-06"),
        ("aujourd'hui", "2026-05-06"),
        ("Aujourd’hui", "2026-05-06"),
        ("auj", "2026-05-06"),
        ("ce soir", "2026-05-06"),
        ("tomorrow", "2026-05-07"),
        ("demain matin", "2026-05-07"),
        ("2moro", "2026-05-07"),
        ("après-demain", "2026-05-08"),
        ("the day after tomorrow", "2026-05-08"),
        ("hier", "2026-05-05"),
        ("avant-hier", "2026-05-04"),
        ("in 3 days", "2026-05-09"),
        ("dans 3 jours", "2026-05-09"),
        ("dans 3j", "2026-05-09"),
        ("dans deux semaines", "2026-05-20"),
        ("in a week", "2026-05-13"),
        ("in two months", "2026-07-06"),
        ("3 days from now", "2026-05-09"),
        ("il y a 3 jours", "2026-05-03"),
        ("a week ago", "2026-04-29"),
        ("lundi", "2026-05-11"),
        ("vendredie", "2026-05-08"),
        ("mercredi", "2026-05-13"),
        ("ce mercredi", "2026-05-06"),
        ("ce vendredi", "2026-05-08"),
        ("next friday", "2026-05-08"),
        ("monday prochain", "2026-05-11"),
        ("last monday", "2026-05-04"),
        ("lundi dernier", "2026-05-04"),
        ("12/05", "2026-05-12"),
        ("05/05", "2027-05-05"),
        ("06/05", "2026-05-06"),
        ("12/05/2026", "2026-05-12"),
        ("12-05-26", "2026-05-12"),
        ("12.05.2026", "2026-05-12"),
        ("12/05/90", "1990-05-12"),
        ("2026-05-12", "2026-05-12"),
        ("05/31", "2026-05-31"),
        ("29/02", "2028-02-29"),
        ("le 1/2", "2027-02-01"),
        ("le 12 mai", "2026-05-12"),
        ("12 mai 2027", "2027-05-12"),
        ("12 MAI, 2027", "2027-05-12"),
        ("5 mai", "2027-05-05"),
        ("1er juin", "2026-06-01"),
        ("le premier juin", "2026-06-01"),
        ("vingt et un juin", "2026-06-21"),
        ("3 févr.", "2027-02-03"),
        ("May 12th", "2026-05-12"),
        ("May 12, 2027", "2027-05-12"),
        ("12th of May", "2026-05-12"),
        ("twenty first of june", "2026-06-21"),
        ("Friday, May 8", "2026-05-08"),
        ("mardi 12 mai", "2026-05-12"),
        ("mardi le 12", "2026-05-12"),
        ("le 12", "2026-05-12"),
        ("le 5 svp", "2026-06-05"),
        ("the 12th", "2026-05-12"),
        ("12 mai 2000 francs", "2026-05-12"),
    ],
)
def test_a_date_is_read(text: str, day: str) -> None:
    assert dates(text) == [date.fromisoformat(day)]


@pytest.mark.parametrize(
    "text",
    [
        "", "next week", "31/02", "31/02/2027", "99/99/9999", "30 février", "lundi 12 mai", "1/2 poulet", "24/7",
        "12.05", "1.2.3.4", "le 12 rue des Jardins", "the 12", "12", "in May 12 people came", "may",
        "dans 99999 jours", "3 jours", "14h30", "AB12/05/2026",
    ],
)  # fmt: skip
def test_what_is_no_day_is_no_date(text: str) -> None:
    assert dates(text) == []


@pytest.mark.parametrize(
    ("text", "day"),
    [("12/05", "2026-12-05"), ("12/05/2026", "2026-12-05"), ("31/05", "2026-05-31"), ("2026-05-12", "2026-05-12")],
)
def test_in_the_united_states_the_month_comes_first(text: str, day: str) -> None:
    assert dates(text, "US") == [date.fromisoformat(day)]


def test_today_is_that_of_the_zone_of_now() -> None:
    late = datetime(2026, 5, 6, 23, 30, tzinfo=timezone(-timedelta(hours=5)))

    assert dates("today", now=late) == [date(2026, 5, 6)]
    assert dates("today", now=late.astimezone(UTC)) == [date(2026, 5, 7)]


def test_several_dates_are_all_found() -> None:
    assert dates("du 12 mai au 15 mai, ou lundi") == [date(2026, 5, 12), date(2026, 5, 15), date(2026, 5, 11)]


MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)


@settings(max_examples=50)
@given(st.dates(date(1990, 1, 1), date(2090, 12, 31)))
def test_formatted_dates_are_read_back(day: date) -> None:
    french = f"le {day.day} {MONTHS[day.month - 1]} {day.year}"

    assert dates(day.isoformat()) == [day]
    assert dates(f"{day:%d/%m/%Y}") == dates(f"{day:%m/%d/%Y}", "US") == [day]
    assert dates(french) == dates(f"{day:%A}, {day:%B} {day.day}, {day.year}") == [day]
