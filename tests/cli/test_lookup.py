from __future__ import annotations

import csv
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.sandbox.world import World

Typed = Callable[..., Result]
Started = Callable[..., Any]

FOUND, MISSING = "+2250700000001", "+2250700000009"
"""In the sandbox nobody whose number ends in 9 is on WhatsApp."""


def _rows(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [(row["phone"], row["status"]) for row in csv.DictReader(file)]


def test_numbers_are_looked_up_and_written_with_their_status(typed: Typed, world: World, home: Path) -> None:
    (home / "numbers.csv").write_text(f"{FOUND}\n{MISSING}\n12\n{FOUND}\n")

    result = typed("lookup", "numbers.csv", "--out", "result.csv")

    assert result.exit_code == 1
    assert "Line 3 was refused" in result.stderr
    assert "Line 4 was refused: the same number as line 1." in result.stderr
    assert _rows(home / "result.csv") == [(FOUND, "on_whatsapp"), (MISSING, "not_on_whatsapp")]
    assert [line.split()[-1] for line in result.stdout.splitlines() if "WhatsApp" in line] == ["1", "1"]


def test_a_long_file_is_looked_up_as_a_job(typed: Typed, world: World, home: Path) -> None:
    phones = [f"+22507{index:08d}" for index in range(130)]
    (home / "numbers.csv").write_text("phone\n" + "\n".join(phones))

    result = typed("lookup", "numbers.csv", "--out", "result.csv", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "asked": 130, "on_whatsapp": 117, "not_on_whatsapp": 13, "invalid": 0, "unknown": 0, "refused": 0,
        "cancelled": False,
    }  # fmt: skip
    assert [phone for phone, _ in _rows(home / "result.csv")] == phones


def test_those_on_whatsapp_become_contacts(typed: Typed, world: World, home: Path) -> None:
    typed("groups", "create", "Found")
    (home / "numbers.csv").write_text(f"{FOUND}\n{MISSING}\n")

    result = typed("lookup", "numbers.csv", "--import-tag", "seen", "--import-group", "found")

    known = world.contacts.by_phone(FOUND)
    assert known is not None
    assert tuple(known.tags) == ("seen",)
    assert len(world.contacts) == 1
    assert "1 created, 0 updated, 0 skipped" in result.stdout
    assert FOUND in typed("groups", "members", "Found").stdout


def test_ctrl_c_calls_the_lookup_off_and_keeps_what_is_known(started: Started, world: World, home: Path) -> None:
    (home / "numbers.csv").write_text("\n".join(f"+22507{index:08d}" for index in range(200)))
    world.lookups._pace *= 1000
    command = started("lookup", "numbers.csv", "--out", "result.csv", "--import-tag", "seen")
    while not world.lookups._all:
        assert command.process.poll() is None
        time.sleep(0.01)

    command.signal(signal.SIGINT)

    assert command.ends() == 130
    assert "called off at MsgFlash" in command.output
    assert "unknown" in {status for _, status in _rows(home / "result.csv")}
    assert len(world.contacts) == 0


@pytest.mark.parametrize("content", ["", "name\nAwa\n"])
def test_a_file_without_numbers_is_a_mistake(typed: Typed, world: World, home: Path, content: str) -> None:
    (home / "numbers.csv").write_text(content)

    assert typed("lookup", "numbers.csv").exit_code == 2


def test_a_number_that_is_not_connected_cannot_ask(typed: Typed, world: World, home: Path) -> None:
    world.faults.plan("PROVIDER_ERROR", method="POST", path="/number-lookups")
    (home / "numbers.csv").write_text(f"{FOUND}\n")

    result = typed("lookup", "numbers.csv", "--out", "result.csv")

    assert result.exit_code == 1
    assert "PROVIDER_ERROR" in result.stderr
    assert not (home / "result.csv").exists()
