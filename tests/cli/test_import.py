from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from flashbot.cli.app import app
from flashbot.sandbox.world import World

Typed = Callable[..., Result]
Started = Callable[..., Any]

PHONES = [f"+22507{index:08d}" for index in range(300)]


def _write(home: Path, count: int, name: str = "people.csv") -> None:
    lines = [f"{phone},Person {index}" for index, phone in enumerate(PHONES[:count])]
    (home / name).write_text("\n".join(["phone,name", *lines]) + "\n")


def _book(world: World) -> dict[str, Any]:
    return {contact.phone: contact for contact in world.contacts._by_id.values()}


def test_everybody_in_the_file_becomes_a_contact(typed: Typed, world: World, home: Path) -> None:
    (home / "people.csv").write_bytes(
        "Prénom;Nom;Téléphone;Étiquettes;Ville\n"
        'Awa;Koné;07 00 00 00 01;"vip;new";Abidjan\n'
        ";;+2250700000002;;\n".encode("cp1252")
    )  # fmt: skip

    result = typed("contacts", "import", "people.csv", "--country", "ci", "--tag", "shop")

    book = _book(world)
    awa, nameless = book["+2250700000001"], book["+2250700000002"]
    assert result.exit_code == 0
    assert result.stdout == "2 created, 0 updated, 0 known already and left as they are, 0 refused.\n"
    assert "Line 1 is not UTF-8" in result.stderr
    assert (awa.name, list(awa.tags), awa.meta) == ("Awa Koné", ["vip", "new", "shop"], {"Ville": "Abidjan"})
    assert (nameless.name, nameless.meta) == ("+2250700000002", None)


def test_refused_lines_are_named_by_number_and_reason(typed: Typed, world: World, home: Path) -> None:
    (home / "people.csv").write_text("phone,name\n+2250700000001,Awa\n0711111111,Yao\n+2250700000001,Awa\n")

    result = typed("contacts", "import", "people.csv", "--report", "refused.csv")

    assert result.exit_code == 1
    assert "Line 3 was refused: the phone number has no plus and country code" in result.stderr
    assert "Line 4 was refused: the same number as line 2." in result.stderr
    assert "All refused lines are in refused.csv." in result.stderr
    assert (home / "refused.csv").read_text().splitlines()[0] == "line,reason"
    assert [line.split(",")[0] for line in (home / "refused.csv").read_text().splitlines()[1:]] == ["3", "4"]
    assert "0711111111" not in result.stderr + (home / "refused.csv").read_text()
    assert list(_book(world)) == ["+2250700000001"]


def test_many_refused_lines_are_not_all_shown(typed: Typed, world: World, home: Path) -> None:
    (home / "people.csv").write_text("phone\n" + "1\n" * 25)

    result = typed("contacts", "import", "people.csv")

    assert result.stderr.count("was refused") == 10
    assert "15 more lines were refused: --report FILE keeps them all." in result.stderr


def test_contacts_that_exist_are_left_as_they_are(typed: Typed, world: World, home: Path) -> None:
    world.contacts.add("Awa Koné", PHONES[0])
    _write(home, 2)

    result = typed("contacts", "import", "people.csv", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "created": 1,
        "updated": 0,
        "known": 1,
        "refused": 0,
        "consented": 0,
        "opted_out": 0,
        "next_line": None,
    }
    assert _book(world)[PHONES[0]].name == "Awa Koné"


def test_contacts_that_exist_are_changed_when_asked_and_keep_what_they_have(
    typed: Typed, world: World, home: Path
) -> None:
    world.contacts.add("Awa", PHONES[0], ["old"], {"age": 3})
    world.contacts.add("Yao", PHONES[1])
    (home / "people.csv").write_text(
        f"phone,name,tags,city\n{PHONES[0]},Awa Koné,vip,Bouaké\n{PHONES[1]},,,\n{PHONES[2]},Ama,,\n"
    )

    result = typed("contacts", "import", "people.csv", "--update")

    awa = _book(world)[PHONES[0]]
    assert result.stdout == "1 created, 1 updated, 1 known already and left as they are, 0 refused.\n"
    assert (awa.name, list(awa.tags), awa.meta) == ("Awa Koné", ["old", "vip"], {"age": 3, "city": "Bouaké"})
    assert _book(world)[PHONES[1]].name == "Yao"


def test_everybody_is_put_into_the_group_also_who_was_there_before(typed: Typed, world: World, home: Path) -> None:
    world.contacts.add("Awa", PHONES[0])
    typed("groups", "create", "VIP")
    _write(home, 120)

    result = typed("contacts", "import", "people.csv", "--group", "vip")

    groups = [json.loads(line) for line in typed("groups", "list", "--json").stdout.splitlines()]
    assert result.exit_code == 0
    assert "119 created" in result.stdout
    assert [group["contact_count"] for group in groups] == [120]


def test_an_unknown_group_is_said_before_anybody_is_imported(typed: Typed, world: World, home: Path) -> None:
    _write(home, 3)

    result = typed("contacts", "import", "people.csv", "--group", "nobody")

    assert result.exit_code == 2
    assert "There is no group nobody" in result.stderr
    assert len(world.contacts) == 0


def test_a_dry_run_asks_nothing_and_needs_no_key(typed: Typed, home: Path) -> None:
    (home / "people.csv").write_text("phone\n+2250700000001\n12\n")

    result = typed("contacts", "import", "people.csv", "--dry-run", "--json")

    assert result.exit_code == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[0]["line"] == 3
    assert lines[1] == {"good": 1, "refused": 1, "consented": 0}


def test_a_file_may_come_through_a_pipe(world: World, home: Path) -> None:
    result = CliRunner().invoke(app, ["contacts", "import", "-"], input="phone,name\n+2250700000001,Awa\n")

    assert result.exit_code == 0
    assert list(_book(world)) == ["+2250700000001"]


@pytest.mark.parametrize("fault", ["drop_after", "error_after", "garbage"])
def test_a_create_without_an_answer_is_looked_up_and_counted_once(
    typed: Typed, world: World, home: Path, fault: str
) -> None:
    _write(home, 5)
    world.faults.plan(fault, 2, method="POST", path="/contacts")

    result = typed("contacts", "import", "people.csv")

    assert result.stdout.startswith("5 created, 0 updated, 0 known")
    assert result.exit_code == 0


def test_a_create_that_never_arrived_is_made_again(typed: Typed, world: World, home: Path) -> None:
    _write(home, 5)
    world.faults.plan("drop_before", 2, method="POST", path="/contacts")

    result = typed("contacts", "import", "people.csv")

    assert result.stdout.startswith("5 created")
    assert len(world.contacts) == 5


def test_what_stops_an_import_is_told_with_the_line_to_go_on_from(typed: Typed, world: World, home: Path) -> None:
    _write(home, 60)
    world.account._limits["monthlyApiRequestQuota"] = 30

    stopped = typed("contacts", "import", "people.csv")
    made = len(world.contacts)
    world.account._limits.clear()
    line = int(re.findall(r"--from-line (\d+)", stopped.stderr)[0])
    resumed = typed("contacts", "import", "people.csv", "--from-line", str(line))

    assert stopped.exit_code == 1
    assert "MONTHLY_API_REQUEST_QUOTA_EXCEEDED" in stopped.stderr
    assert stopped.stdout.startswith(f"{made} created")
    assert 20 <= line <= 32
    assert resumed.exit_code == 0
    assert sorted(_book(world)) == PHONES[:60]


def test_lines_whose_contacts_missed_the_group_are_still_to_do(typed: Typed, world: World, home: Path) -> None:
    typed("groups", "create", "VIP")
    _write(home, 20)
    world.faults.plan("FORBIDDEN", method="POST", path="/contacts/groups/{id}/members")

    stopped = typed("contacts", "import", "people.csv", "--group", "VIP", "--json")
    resumed = typed("contacts", "import", "people.csv", "--group", "VIP", "--from-line", "2")

    assert stopped.exit_code == 1
    assert json.loads(stopped.stdout) == {
        "created": 20,
        "updated": 0,
        "known": 0,
        "refused": 0,
        "consented": 0,
        "opted_out": 0,
        "next_line": 2,
    }
    assert resumed.exit_code == 0
    assert '"contact_count": 20' in typed("groups", "list", "--json").stdout


def test_what_msgflash_refuses_costs_that_line_only(typed: Typed, world: World, home: Path) -> None:
    _write(home, 3)
    world.faults.plan("VALIDATION_ERROR", method="POST", path="/contacts")

    result = typed("contacts", "import", "people.csv")

    assert result.exit_code == 1
    assert "was refused: MsgFlash does not take it (VALIDATION_ERROR)." in result.stderr
    assert result.stdout.startswith("2 created")


def test_ctrl_c_finishes_what_is_on_its_way_and_says_where_to_go_on(
    started: Started, typed: Typed, world: World, home: Path
) -> None:
    _write(home, 200)
    command = started("contacts", "import", "people.csv", "--json", FLASHBOT_REQUESTS_PER_SECOND="60")
    deadline = time.monotonic() + 20
    while len(world.contacts) < 20 and time.monotonic() < deadline:
        time.sleep(0.01)

    command.signal(signal.SIGINT)

    assert command.ends() == 130
    told = json.loads(next(line for line in command.output.splitlines() if line.startswith("{")))
    assert told["created"] == len(world.contacts)
    assert told["next_line"] == told["created"] + 2
    assert f"--from-line {told['next_line']}" in command.output
    assert typed("contacts", "import", "people.csv", "--from-line", str(told["next_line"])).exit_code == 0
    assert sorted(_book(world)) == PHONES[:200]


def test_ctrl_c_ends_an_import_that_waits_for_its_pipe(started: Started, world: World, home: Path) -> None:
    command = started("contacts", "import", "-", "--json")
    command.type("phone\n+2250700000001\n")
    deadline = time.monotonic() + 20
    while len(world.contacts) < 1 and time.monotonic() < deadline:
        time.sleep(0.01)

    command.signal(signal.SIGINT)
    command.shows('"next_line": 3')
    command.end_of_input()

    assert command.ends() == 130


def test_a_second_ctrl_c_does_not_wait_for_answers(started: Started, world: World, home: Path) -> None:
    _write(home, 40)
    world.faults.plan("hang_after", 40, method="POST", path="/contacts")
    command = started("contacts", "import", "people.csv")
    deadline = time.monotonic() + 20
    while len(world.contacts) < 8 and time.monotonic() < deadline:
        time.sleep(0.01)

    command.signal(signal.SIGINT)
    command.shows("Ctrl-C again ends at once")
    command.signal(signal.SIGINT)

    assert command.ends(5) == 130
    assert "what was on its way may be in the address book" in command.output
    assert "--from-line 2." in command.output


def test_a_line_too_long_for_csv_ends_the_import_with_what_was_done(typed: Typed, world: World, home: Path) -> None:
    _write(home, 3)
    with (home / "people.csv").open("a") as file:
        file.write("x" * 3_000_000)

    result = typed("contacts", "import", "people.csv", "--json")

    assert result.exit_code == 1
    assert "no CSV file" in result.stderr
    assert json.loads(result.stdout)["created"] == 3
    assert json.loads(result.stdout)["next_line"] == 5


def test_the_report_is_never_the_file_itself(typed: Typed, world: World, home: Path) -> None:
    _write(home, 2)

    result = typed("contacts", "import", "people.csv", "--report", "./people.csv")

    assert result.exit_code == 2
    assert "--report names the file that is read" in result.stderr
    assert len((home / "people.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize("words", [("none.csv",), (".",)])
def test_a_file_that_cannot_be_read_is_one_sentence(typed: Typed, world: World, words: tuple[str, ...]) -> None:
    result = typed("contacts", "import", *words)

    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


def test_a_run_that_goes_on_keeps_the_report_of_the_run_before(typed: Typed, world: World, home: Path) -> None:
    (home / "people.csv").write_text("phone\n1\n2\n3\n")
    (home / "refused.csv").write_text("line,reason\n2,the phone number is too short for its country\n")

    typed("contacts", "import", "people.csv", "--report", "refused.csv", "--from-line", "3")

    lines = (home / "refused.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["line", "2", "3", "4"]


def test_a_run_that_goes_on_with_a_new_report_heads_it(typed: Typed, world: World, home: Path) -> None:
    (home / "people.csv").write_text("phone\n1\n2\n")

    typed("contacts", "import", "people.csv", "--report", "refused.csv", "--from-line", "3")

    assert [line.split(",")[0] for line in (home / "refused.csv").read_text().splitlines()] == ["line", "3"]
