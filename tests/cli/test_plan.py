from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.sandbox.world import World

Typed = Callable[..., Result]

MONDAY = ("--start", "2026-03-02T08:00+00:00")
WARM = ("--state", "warming", "--hourly", "25", "--daily", "100", "--age", "3")
DRIP = """\
from datetime import timedelta
from flashbot import Bot, Drip, Router, Turn

router = Router("desk")

@router.intent("greet", examples=["hello"])
async def greet(turn: Turn[None]) -> None:
    turn.reply("Hello!")

welcome = Drip("welcome").send("Welcome!", after=timedelta(0)).send("Still there?", after=timedelta(days=1))
bot = Bot(router, drips=[welcome])
"""


@pytest.fixture
def people(home: Path) -> Path:
    """120 who wrote lately, with a consent; ten without one; one line that is none."""
    rows = [f"+22507{n:08},yes,2026-02-20" for n in range(120)] + [f"+22505{n:08},no,2026-02-20" for n in range(10)]
    (home / "shop.csv").write_text("\n".join(["phone,consent,last_message", *rows, "12,yes,"]))
    return home / "shop.csv"


def _json(result: Result) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    *days, whole = (json.loads(line) for line in result.stdout.splitlines())
    return days, whole


def test_a_plan_says_when_it_ends_what_binds_and_who_gets_nothing(typed: Typed, people: Path) -> None:
    result = typed("plan", "shop.csv", *WARM, *MONDAY)

    assert result.exit_code == 0
    assert "It ends on Tue 3 Mar 2026 at " in result.stdout
    assert "120 messages on 2 days." in result.stdout
    assert [line.split()[-2:] for line in result.stdout.splitlines() if line.startswith("Mon  2 Mar")] == [
        ["day’s", "budget"]
    ]
    assert "Excluded: 11 people" in result.stdout
    assert "10  no consent for this purpose" in result.stdout
    assert "as given by --state, --hourly, --daily, --age" in result.stdout


def test_json_has_a_line_for_each_day_and_one_for_the_whole(typed: Typed, people: Path) -> None:
    days, whole = _json(typed("plan", "shop.csv", *WARM, *MONDAY, "--json"))

    assert [day["day"] for day in days] == ["2026-03-02", "2026-03-03"]
    assert sum(day["sent"] for day in days) == days[-1]["total"] == whole["sent"] == 120
    assert whole["ends"].startswith("2026-03-03T")
    assert whole["excluded"] == {"no_consent": 10}
    assert whole["refused_lines"] == 1
    assert whole["waiting"] == {}
    assert any("25 an hour" in sentence for sentence in whole["assumed"])


def test_the_excluded_are_written_down_with_their_reasons(typed: Typed, people: Path, home: Path) -> None:
    result = typed("plan", "shop.csv", *WARM, *MONDAY, "--excluded", "out.csv")

    with (home / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert result.exit_code == 0
    assert len(rows) == 11
    assert rows[0] == {
        "line": "122", "phone": "+2250500000000", "message": "1", "reason": "no_consent",
        "words": "no consent for this purpose",
    }  # fmt: skip
    assert rows[-1]["phone"] == ""
    assert "country code" in rows[-1]["words"]


def test_it_is_drawn(typed: Typed, people: Path, home: Path) -> None:
    result = typed("plan", "shop.csv", *WARM, *MONDAY, "--png", "plan.png")

    assert result.exit_code == 0
    assert (home / "plan.png").read_bytes().startswith(b"\x89PNG")
    assert (home / "plan.png").stat().st_size > 10_000


def test_without_a_word_on_the_number_it_is_a_new_one(typed: Typed, people: Path) -> None:
    days, whole = _json(typed("plan", "shop.csv", *MONDAY, "--days", "4", "--json"))

    assert [day["sent"] for day in days] == [0, 0, 10, 10]
    assert whole["ends"] is None
    assert whole["waiting"] == {"proactive_day": 100}
    assert any("nothing was said of it, so it is taken for a new one" in sentence for sentence in whole["assumed"])


def test_a_file_without_consents_says_what_it_takes_for_granted(typed: Typed, home: Path) -> None:
    (home / "bare.csv").write_text("phone\n+2250700000001\n")

    _, whole = _json(typed("plan", "bare.csv", *WARM, *MONDAY, "--json"))

    assert whole["sent"] == 1
    assert any("the file has no column consent" in sentence for sentence in whole["assumed"])
    assert any("Nobody ever wrote to this number" in sentence for sentence in whole["assumed"])


def test_a_drip_of_a_bot_is_played_with_its_waits_and_its_words(typed: Typed, people: Path, home: Path) -> None:
    (home / "bot.py").write_text(DRIP)

    _, whole = _json(typed("plan", "shop.csv", "--bot", "bot.py", "--drip", "welcome", *WARM, *MONDAY, "--json"))

    # Who wrote lately needs no consent to be followed up; but the same words reach three people an hour only.
    assert whole["messages"] == 260
    assert "identical" not in whole["excluded"]
    assert whole["sent"] > 120


def test_a_drip_that_is_not_there_is_named_with_those_that_are(typed: Typed, people: Path, home: Path) -> None:
    (home / "bot.py").write_text(DRIP)

    result = typed("plan", "shop.csv", "--bot", "bot.py", "--drip", "winter")

    assert result.exit_code == 2
    assert "The bot has no drip winter: it has welcome." in result.stderr


def test_the_number_is_asked_of_msgflash(typed: Typed, world: World, people: Path) -> None:
    instance = json.loads(typed("instances", "list", "--json").stdout.splitlines()[0])["id"]

    _, whole = _json(typed("plan", "shop.csv", "--instance", instance, *MONDAY, "--json"))

    assert any("(as MsgFlash says now)" in sentence for sentence in whole["assumed"])
    assert whole["sent"] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--state", "fine"), "none of MsgFlash's"),
        (("--zone", "Mars/North"), "no time zone"),
        (("--hours", "night"), "--hours night is none of"),
        (("--start", "soon"), "no moment"),
        (("--instance", "i1", "--state", "new"), "leave one out"),
        (("--reply-rate", "0.9", "--opt-out-rate", "0.2"), "more than everybody"),
        (("--drip", "welcome"), "A drip needs its bot"),
        (("--png", "plan.gif"), "name such a file"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_read(
    typed: Typed, people: Path, words: tuple[str, ...], said: str
) -> None:
    result = typed("plan", "shop.csv", *words)

    assert result.exit_code == 2
    assert said in result.stderr


def test_a_file_without_a_number_is_no_plan(typed: Typed, home: Path) -> None:
    (home / "none.csv").write_text("phone\n12\n")

    result = typed("plan", "none.csv")

    assert result.exit_code == 2
    assert "nothing to plan" in result.stderr
