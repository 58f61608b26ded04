"""Times of the day."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashbot.dialogue.values.line import read
from flashbot.dialogue.values.times import find

NOW = datetime(2026, 5, 6, 10, 0, 7, tzinfo=UTC)


def times(text: str) -> list[object]:
    return [found.value for found in find(read(text), NOW, None)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("14h30", "14:30"),
        ("14 h 30", "14:30"),
        ("14h", "14:00"),
        ("14:30", "14:30"),
        ("14:30:15", "14:30:15"),
        ("2pm", "14:00"),
        ("2:30 pm", "14:30"),
        ("7.30pm", "19:30"),
        ("9 a.m.", "09:00"),
        ("12am", "00:00"),
        ("12 pm", "12:00"),
        ("midi", "12:00"),
        ("midi et demi", "12:30"),
        ("minuit", "00:00"),
        ("noon", "12:00"),
        ("8 heures et demie", "08:30"),
        ("huit heures et quart", "08:15"),
        ("neuf heures moins le quart", "08:45"),
        ("vingt heures trente", "20:30"),
        ("une heure", "01:00"),
        ("à 9h du matin", "09:00"),
        ("8h matin", "08:00"),
        ("3h de l’après-midi", "15:00"),
        ("7 du soir", "19:00"),
        ("seven pm", "19:00"),
        ("eight thirty pm", "20:30"),
        ("3 in the afternoon", "15:00"),
        ("8 o'clock", "08:00"),
        ("half past two", "02:30"),
        ("quarter to 3 pm", "14:45"),
        ("depuis 14h30", "14:30"),
        ("demain à 14h30", "14:30"),
        ("14h 30 pizzas", "14:00"),
        ("dans 2h", "12:00"),
        ("dans 1h30", "11:30"),
        ("dans 20 minutes", "10:20"),
        ("in half an hour", "10:30"),
        ("in an hour", "11:00"),
    ],
)
def test_a_time_is_read(text: str, said: str) -> None:
    assert times(text) == [time.fromisoformat(said)]


@pytest.mark.parametrize(
    "text",
    [
        "", "at 5", "5", "25h", "24h/24", "12:75", "2:1", "14:30 am", "pendant 2h", "depuis 2h", "2h de retard",
        "8-10h",
        "dans 30h", "table for 2 tonight", "lundi 12 matin", "après-midi", "un an", "48 heures",
        "AB14h30", "2 a",
    ],
)  # fmt: skip
def test_durations_and_doubtful_hours_are_no_times(text: str) -> None:
    assert times(text) == []


def test_a_range_has_two_times() -> None:
    assert times("entre 8h et midi, ou 14h-16h") == [time(8), time(12), time(14), time(16)]


@settings(max_examples=50)
@given(st.times().map(lambda said: said.replace(second=0, microsecond=0)))
def test_formatted_times_are_read_back(said: time) -> None:
    spoken = f"{said.hour} heures" + (f" {said.minute:02}" if said.minute else "")

    assert times(f"{said:%H:%M}") == times(f"{said:%Hh%M}") == times(f"{said:%I:%M %p}") == times(spoken) == [said]
