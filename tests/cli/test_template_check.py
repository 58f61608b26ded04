from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.cli.contrast import contrast
from flashbot.sandbox.world import DEMO_KEY, World

Typed = Callable[..., Result]

PARCEL = """\
---
samples:
  usual: {number: CI-1001, contact: {firstName: Awa}}
---
Hello {{ contact.firstName }}, your parcel
{{ number }} is here.
"""
BOT = """\
from flashbot import Bot, Router, Template, Turn

router = Router("desk")

@router.intent("parcel", examples=["parcel"])
async def parcel(turn: Turn[None]) -> None:
    turn.reply(Template("parcel", {"number": "1"}))

bot = Bot(router)
"""


def write(home: Path, **files: str) -> None:
    folder = home / "templates"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.j2").write_text(text)


def stored(world: World) -> list[str]:
    """The names of whatever templates and contacts are stored."""
    headers = {"x-api-key": DEMO_KEY}
    names = []
    for kind in ("templates", "contacts"):
        answer = json.loads(world.handle("GET", f"/api/v1/{kind}", {"limit": "100"}, headers, b"").body)
        names += [one["name"] for one in answer["data"][kind]]
    return names


def test_sound_templates_end_with_one_line_and_code_0(home: Path, world: World, typed: Typed) -> None:
    write(home, parcel=PARCEL, plain="Thank you!")

    result = typed("templates", "check")

    assert result.exit_code == 0, result.output
    assert result.output.startswith("2 templates, 2 samples, 0 faults, ")
    assert len(result.output.splitlines()) == 1
    assert stored(world) == []


def test_what_the_python_of_the_folder_sends_is_checked_too(home: Path, world: World, typed: Typed) -> None:
    write(home, parcel=PARCEL, plain="Thank you!")
    (home / "bot.py").write_text(BOT.replace('"1"}))', '"1"}))\n    turn.reply(Template("parcle"))'))

    result = typed("templates", "check", "--json")

    assert result.exit_code == 1
    assert "bot.py" in result.stdout
    assert "missing-file" in result.stdout
    assert "unsent" in result.stdout


def test_a_fault_is_one_line_with_its_place_and_code_1(home: Path, world: World, typed: Typed) -> None:
    write(home, parcel=PARCEL.replace("{{ number }}", "{{ nubmer }}"), plain="Thank you!")

    result = typed("templates", "check")

    assert result.exit_code == 1
    assert any(line.startswith("templates/parcel.j2:6: ") for line in result.output.splitlines())
    assert "2 templates" in result.output.splitlines()[-1]


def test_the_second_time_nothing_is_asked(home: Path, world: World, typed: Typed) -> None:
    write(home, parcel=PARCEL, plain="Thank you!")
    typed("templates", "check")
    world.faults.plan("rate_limit", 1, path="*")

    result = typed("templates", "check")

    assert result.exit_code == 0
    assert "2 templates (2 unchanged), 0 samples, 0 faults, 0 requests" in result.output
    assert len(world.faults.waiting()) == 1


def test_without_the_cache_everything_is_asked_again(home: Path, world: World, typed: Typed) -> None:
    write(home, parcel=PARCEL)
    typed("templates", "check")

    result = typed("templates", "check", "--no-cache")

    assert "unchanged" not in result.output
    assert " 0 requests" not in result.output


def test_json_has_a_line_for_each_fault_and_one_for_the_whole(home: Path, world: World, typed: Typed) -> None:
    write(home, parcel=PARCEL.replace("{{ number }}", "{{ nubmer }}"))

    result = typed("templates", "check", "--json")

    *faults, whole = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 1
    assert {(fault["file"], fault["line"]) for fault in faults} >= {("templates/parcel.j2", 6)}
    assert all(fault["code"] and fault["said"] for fault in faults)
    assert (whole["templates"], whole["faults"], whole["ok"], whole["stopped"]) == (1, len(faults), False, None)


def test_a_sandbox_needs_no_account(home: Path, typed: Typed) -> None:
    write(home, parcel=PARCEL)

    result = typed("templates", "check", "--sandbox")

    assert result.exit_code == 0, result.output
    assert "1 template, 1 sample, 0 faults" in result.output
    assert not (home / ".flashbot").exists()


def test_without_a_key_lint_speaks_all_the_same(home: Path, typed: Typed) -> None:
    write(home, parcel=PARCEL.replace("{{ number }}", "{{ nubmer }}"))

    result = typed("templates", "check")

    assert result.exit_code == 2
    assert "templates/parcel.j2:6: " in result.stdout
    assert "flashbot connect" in result.stderr
    assert "--sandbox" in result.stderr


def test_a_file_that_cannot_be_read_does_not_keep_the_others_from_being_checked(
    home: Path, world: World, typed: Typed
) -> None:
    write(home, broken="---\nsamples: [\n---\nHello", odd="Hello {% if %}", plain="Thank you!")

    result = typed("templates", "check", "--json")

    *faults, whole = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 1
    assert {fault["code"] for fault in faults} == {"header", "syntax"}
    assert whole["samples"] == 1


def test_a_plan_that_does_not_cover_it_is_one_line_and_code_2(home: Path, world: World, typed: Typed) -> None:
    write(home, a="A", b="B")
    world.faults.plan("FEATURE_NOT_AVAILABLE_ON_PLAN", 10, method="POST", path="/templates")

    result = typed("templates", "check")

    assert result.exit_code == 2
    assert "FEATURE_NOT_AVAILABLE_ON_PLAN" in result.stderr
    assert "Not checked: a, b." in result.stderr
    assert "0 faults" in result.stdout


def test_a_server_that_is_away_is_code_2(home: Path, world: World, typed: Typed) -> None:
    write(home, plain="Thank you!")
    world.faults.plan("unavailable", 100, path="*")

    result = typed("templates", "check", "--json")

    whole = json.loads(result.stdout.splitlines()[-1])
    assert result.exit_code == 2
    assert whole["stopped"]["code"] == "unreachable"
    assert whole["unchecked"] == ["plain"]


def test_only_the_named_templates_are_checked(home: Path, world: World, typed: Typed) -> None:
    write(home, parcel=PARCEL, plain="Thank you!", bad="{{ nobody.name }}")

    result = typed("templates", "check", "plain")

    assert result.exit_code == 0, result.output
    assert "1 template, 1 sample" in result.output


def test_a_name_that_is_none_is_a_mistake(home: Path, world: World, typed: Typed) -> None:
    write(home, plain="Thank you!")

    result = typed("templates", "check", "plan")

    assert result.exit_code == 2
    assert "plain" in result.stderr


def test_a_folder_that_is_not_there_is_a_mistake(home: Path, typed: Typed) -> None:
    result = typed("templates", "check", "--folder", "letters")

    assert result.exit_code == 2
    assert "letters" in result.stderr


def test_the_bot_says_what_nobody_sends(home: Path, world: World, typed: Typed) -> None:
    (home / "bot.py").write_text(BOT)
    write(home, parcel=PARCEL, forgotten="Nobody sends this.")

    result = typed("templates", "check", "--bot", "bot.py", "--json")

    *faults, _ = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 1
    assert [(fault["code"], fault["template"]) for fault in faults] == [("unsent", "forgotten")]


def test_a_contact_that_is_named_stays(home: Path, world: World, typed: Typed) -> None:
    fatou = world.contacts.add("Fatou Diop", "+2250700000002")
    write(home, parcel=PARCEL)

    result = typed("templates", "check", "--contact", fatou.id)

    assert result.exit_code == 0, result.output
    assert stored(world) == ["Fatou Diop"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_check_that_is_interrupted_tidies_up(
    home: Path, world: World, started: Callable[..., Any], number: int, code: int
) -> None:
    write(home, **{f"t{place:03}": f"Text {place}" for place in range(60)})
    world.faults.plan("slow", 10_000, path="*", seconds=0.1)
    running = started("templates", "check")
    _until(lambda: len(stored(world)) >= 4)

    running.signal(number)

    assert running.ends() == code, running.output
    assert stored(world) == []


def test_a_killed_check_leaves_no_more_than_its_copies_and_the_next_one_removes_them(
    home: Path, world: World, started: Callable[..., Any], typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home, **{f"t{place:03}": f"Text {place}" for place in range(60)})
    world.faults.plan("slow", 10_000, path="*", seconds=0.1)
    running = started("templates", "check")
    _until(lambda: len(stored(world)) >= 4)
    running.signal(signal.SIGKILL)
    running.ends()
    world.faults.clear()
    left = stored(world)
    assert 4 <= len(left) <= 8
    assert all(name.startswith("flashbot check ") for name in left)

    monkeypatch.setenv("FLASHBOT_DATA_DIR", "elsewhere")
    assert typed("templates", "check").exit_code == 0
    assert stored(world) == left  # they could still be in use
    monkeypatch.delenv("FLASHBOT_DATA_DIR")
    typed("templates", "check")

    assert stored(world) == []


def test_a_difference_is_shown_inside_the_line_with_what_nobody_sees() -> None:
    lines = list(contrast("Hello  Awa\nsame", "Hello Awa\nsame\n", "flashbot", "MsgFlash"))

    assert [line.plain for line in lines] == [
        "flashbot  Hello ·Awa",
        "MsgFlash  Hello Awa",
        "          same",
        "MsgFlash  ⏎",
    ]
    assert [span.style for span in lines[0].spans if span.style in ("red", "green")] == ["red"]


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
