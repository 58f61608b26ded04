from __future__ import annotations

from typing import Any

import pytest

from flashbot.cli.bubble import Choice, lines_of
from flashbot.cli.console import clean


@pytest.mark.parametrize(
    ("row", "lines"),
    [
        ({"type": "text", "body": "one\ntwo"}, ["one", "two"]),
        ({"type": "image", "body": "a view", "mediaUrl": "https://x/a.png"}, ["(image: https://x/a.png)", "a view"]),
        ({"type": "voice_note", "mediaUrl": "https://x/a.ogg"}, ["(voice note: https://x/a.ogg)"]),
        (
            {"type": "location", "latitude": 5.3, "longitude": -4.0, "locationName": "Plateau"},
            ["(location: Plateau, 5.3, -4.0)"],
        ),
        ({"type": "contact", "card": {"name": "Awa", "phone": "+1"}}, ["(contact: Awa, +1)"]),
        ({"type": "contact"}, ["(contact)"]),
        (
            {
                "type": "buttons",
                "title": "T",
                "body": "B",
                "buttons": [{"type": "url", "displayText": "Go", "url": "u"}],
            },
            ["T", "B", "[url] Go: u"],
        ),
    ],
)
def test_each_kind_of_message_is_readable_text(row: dict[str, Any], lines: list[str]) -> None:
    assert lines_of(row) == (lines, [])


def test_choices_are_numbered_on() -> None:
    row = {"type": "buttons", "title": "T", "buttons": [{"type": "reply", "id": "a", "displayText": "A"}]}

    lines, choices = lines_of(row, 2)

    assert lines[-1] == "[3] A"
    assert choices == [Choice("a", "A")]


def test_a_message_cannot_steer_the_terminal() -> None:
    assert clean("a\x1b[2Jb\r\nc\x9b") == "a[2Jb\nc"
