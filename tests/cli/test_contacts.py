from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.sandbox.world import World

Typed = Callable[..., Result]
Started = Callable[..., Any]


def _fill(world: World, count: int) -> list[str]:
    return [world.contacts.add(f"Person {index}", f"+22507{index:08d}", ["bulk"]).id for index in range(count)]


def test_the_list_shows_whom_it_finds(typed: Typed, world: World) -> None:
    awa = world.contacts.add("Awa Koné", "+2250700000001", ["vip", "new"])
    world.contacts.add("Yao", "+2250700000002")

    result = typed("contacts", "list", "--search", "awa")

    assert result.exit_code == 0
    assert all(word in result.stdout for word in (awa.id, "Awa Koné", "+2250700000001", "vip, new"))
    assert "Yao" not in result.stdout


def test_a_long_list_is_cut_and_says_so(typed: Typed, world: World) -> None:
    _fill(world, 120)

    result = typed("contacts", "list", "--sort", "name", "--limit", "2")

    assert result.stdout.index("Person 0") < result.stdout.index("Person 1")
    assert result.stdout.count("Person") == 2
    assert "2 of 120 contacts" in result.stderr


def test_the_list_for_scripts_is_whole(typed: Typed, world: World) -> None:
    _fill(world, 120)

    rows = [json.loads(line) for line in typed("contacts", "list", "--json").stdout.splitlines()]

    assert {row["name"] for row in rows} == {f"Person {index}" for index in range(120)}
    assert rows[0]["tags"] == ["bulk"]


def test_an_empty_book_is_said_to_be_empty(typed: Typed, world: World) -> None:
    assert typed("contacts", "list").stdout == "There are no contacts.\n"
    assert typed("contacts", "list", "--search", "x").stdout == "No contact's name or number holds that.\n"


def test_an_export_holds_everybody(typed: Typed, world: World, home: Path) -> None:
    _fill(world, 250)
    world.contacts.add("=cmd()", "+2250800000000", ["a;b"], {"city": "Bouaké"})

    result = typed("contacts", "export", "all.csv", "--sort", "name")

    with (home / "all.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert (result.exit_code, result.stdout) == (0, "251 contacts written to all.csv.\n")
    assert len({row["contact_id"] for row in rows}) == 251
    assert rows[0] | {"contact_id": "", "created_at": ""} == {
        "phone": "+2250800000000",
        "name": "'=cmd()",
        "tags": "a\\;b",
        "meta": '{"city": "Bouaké"}',
        "contact_id": "",
        "created_at": "",
    }


def test_an_export_that_fails_leaves_no_file(typed: Typed, world: World, home: Path) -> None:
    _fill(world, 150)
    world.faults.plan("UNAUTHORIZED", method="GET", path="/contacts")

    result = typed("contacts", "export", "all.csv")

    assert result.exit_code == 1
    assert "all.csv was not written" in result.stderr
    assert "UNAUTHORIZED" in result.stderr
    assert list(home.glob("*all.csv*")) == []


def test_an_export_without_a_file_goes_to_stdout(typed: Typed, world: World) -> None:
    _fill(world, 2)

    result = typed("contacts", "export")

    assert result.stdout.splitlines()[0] == "phone,name,tags,meta,contact_id,created_at"
    assert len(result.stdout.splitlines()) == 3


def test_contacts_are_deleted_by_id_after_a_yes(typed: Typed, world: World) -> None:
    first, second, _ = _fill(world, 3)

    result = typed("contacts", "delete", first, second, first, "--yes")

    assert (result.exit_code, result.stdout) == (0, "2 of 2 contacts deleted.\n")
    assert len(world.contacts) == 1


def test_nothing_is_deleted_without_a_yes(typed: Typed, world: World) -> None:
    _fill(world, 3)

    result = typed("contacts", "delete", "--search", "person")

    assert result.exit_code == 1
    assert "Delete 3 contacts for good?" in result.stderr
    assert "Nothing was deleted" in result.stderr
    assert len(world.contacts) == 3


def test_whom_the_search_finds_is_deleted_as_a_job(typed: Typed, world: World) -> None:
    _fill(world, 130)
    world.contacts.add("Awa", "+2250800000000")

    result = typed("contacts", "delete", "--search", "person", "--yes", "--json")

    assert json.loads(result.stdout) == {"requested": 130, "deleted": 130, "not_found": 0, "cancelled": False}
    assert len(world.contacts) == 1


def test_an_export_names_whom_to_delete(typed: Typed, world: World, home: Path) -> None:
    first, _ = _fill(world, 2)
    typed("contacts", "export", "all.csv")
    world.contacts.delete(first)

    result = typed("contacts", "delete", "--file", "all.csv", "--yes")

    assert result.stdout == "1 of 2 contacts deleted; 1 were not there.\n"
    assert len(world.contacts) == 0


@pytest.mark.parametrize("words", [(), ("c1", "--search", "x"), ("--search", "x", "--file", "f")])
def test_whom_to_delete_is_said_in_one_way(typed: Typed, world: World, words: tuple[str, ...]) -> None:
    assert typed("contacts", "delete", *words, "--yes").exit_code == 2


def test_a_failed_job_says_what_was_done(typed: Typed, world: World) -> None:
    _fill(world, 250)
    world.bulk.fail_next()

    result = typed("contacts", "delete", "--search", "person", "--yes")

    assert result.exit_code == 1
    assert result.stdout == "200 of 250 contacts deleted.\n"
    assert "failed at MsgFlash" in result.stderr


def test_ctrl_c_calls_the_job_off_and_says_what_was_done(started: Started, world: World, home: Path) -> None:
    (home / "ids.txt").write_text("\n".join(_fill(world, 400)))
    world.bulk._pace *= 60
    command = started("contacts", "delete", "--file", "ids.txt", "--yes")
    while not world.bulk._all:
        assert command.process.poll() is None
        time.sleep(0.01)

    command.signal(signal.SIGINT)

    assert command.ends() == 130
    assert "of 400 contacts deleted." in command.output
    assert "called off at MsgFlash" in command.output
    assert [job.status for job in world.bulk._all.values()] == ["cancelled"]


def test_a_wrong_key_is_one_sentence(typed: Typed, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASHBOT_API_KEY", "msgf_live_wrong")

    result = typed("contacts", "list")

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "UNAUTHORIZED" in result.stderr
    assert "msgf_live" not in result.stderr


def test_without_a_key_it_is_said_where_to_put_one(typed: Typed, home: Path) -> None:
    result = typed("contacts", "list")

    assert result.exit_code == 2
    assert "FLASHBOT_API_KEY is not set" in result.stderr


def test_an_export_to_a_folder_is_refused(typed: Typed, world: World) -> None:
    result = typed("contacts", "export", ".")

    assert result.exit_code == 2
    assert "directory" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no device that is always full")
@pytest.mark.parametrize("words", [("export",), ("list", "--json")])
def test_a_full_disk_is_one_sentence(world: World, words: tuple[str, ...]) -> None:
    world.contacts.add("Awa", "+2250700000001")

    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "flashbot", "contacts", *words],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip

    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr
