"""`flashbot templates push|pull|diff`, typed in a folder, against a MsgFlash behind a real address."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from flashbot.cli.app import app
from flashbot.sandbox.world import DEMO_KEY, World

Typed = Callable[..., Result]
Call = Callable[..., Any]

PARCEL = "---\nsamples: {usual: {number: A1}}\n---\nParcel {{ number }} is here.\n"


@pytest.fixture
def file(home: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        path = home / "templates" / f"{name}.j2"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture
def call(world: World) -> Call:
    """Ask MsgFlash as somebody else: the content of `data`."""

    def ask(method: str, path: str, fields: Mapping[str, object] | None = None) -> Any:
        headers = {"x-api-key": DEMO_KEY, "Content-Type": "application/json"}
        body = b"" if fields is None else json.dumps(fields).encode()
        return json.loads(world.handle(method, f"/api/v1{path}", {}, headers, body).body)["data"]

    return ask


@pytest.fixture
def stored(call: Call) -> Callable[[], dict[str, dict[str, Any]]]:
    """What is at MsgFlash, by name."""
    return lambda: {one["name"]: one for one in call("GET", "/templates")["templates"]}


def edit(call: Call, stored: Callable[[], dict[str, dict[str, Any]]], name: str, **fields: str) -> None:
    call("PUT", f"/templates/{stored()[name]['id']}", fields)


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_push_shows_the_plan_and_then_does_it(typed: Typed, file: Any, stored: Any) -> None:
    file("parcel", PARCEL)

    result = typed("templates", "push")

    made = stored()["parcel"]
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "+ parcel is new there",
        "    --- MsgFlash",
        "    +++ parcel",
        "    @@ -0,0 +1 @@",
        "    +Parcel {{custom.number}} is here.",
        f"parcel: created as {made['id']}.",
    ]
    assert made["body"] == "Parcel {{custom.number}} is here."
    assert typed("templates", "push").stdout == "1 is the same.\n"


def test_a_dry_run_changes_nothing_here_or_there(typed: Typed, file: Any, stored: Any, home: Path) -> None:
    file("parcel", PARCEL)

    result = typed("templates", "push", "--dry-run")

    assert result.exit_code == 0
    assert "+Parcel {{custom.number}} is here." in result.stdout
    assert stored() == {}
    assert not (home / ".flashbot" / "templates").exists()


def test_diff_ends_with_one_when_they_differ_and_with_nothing_when_not(typed: Typed, file: Any, stored: Any) -> None:
    file("parcel", PARCEL)

    before = typed("templates", "diff")
    typed("templates", "push")
    after = typed("templates", "diff")

    assert (before.exit_code, after.exit_code) == (1, 0)
    assert "+ parcel is new there" in before.stdout


@pytest.mark.parametrize("broken", ["server", "syntax", "folder", "key"])
def test_diff_ends_with_two_when_it_cannot_be_found_out(
    typed: Typed, file: Any, world: World, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    file("parcel", PARCEL if broken != "syntax" else "{{ number")
    if broken == "server":
        monkeypatch.setenv("FLASHBOT_MSGFLASH_URL", "http://127.0.0.1:1")
    if broken == "key":
        world.faults.plan("UNAUTHORIZED", method="GET", path="/templates")

    result = typed("templates", "diff", *(["--folder", "nowhere"] if broken == "folder" else []))

    assert result.exit_code == 2
    assert result.stderr.startswith("flashbot: ")
    assert len(result.stderr.splitlines()) == 1


def test_an_edit_by_hand_is_refused_until_it_is_forced(typed: Typed, file: Any, call: Call, stored: Any) -> None:
    file("parcel", PARCEL)
    typed("templates", "push")
    edit(call, stored, "parcel", body="Edited {{custom.number}}")

    refused = typed("templates", "push")
    kept = stored()["parcel"]["body"]
    forced = typed("templates", "push", "--force")

    assert (refused.exit_code, forced.exit_code) == (1, 0)
    assert "! parcel was edited at MsgFlash (text)" in refused.stdout
    assert kept == "Edited {{custom.number}}"
    assert stored()["parcel"]["body"] == "Parcel {{custom.number}} is here."
    assert ".flashbot/templates/former/parcel-" in forced.stdout


def test_pull_takes_an_edit_over_and_then_all_is_the_same(typed: Typed, file: Any, call: Call, stored: Any) -> None:
    path = file("parcel", PARCEL)
    typed("templates", "push")
    edit(call, stored, "parcel", body="Your parcel {{ custom.number }} is here.")

    dry = typed("templates", "pull", "--dry-run")
    untouched = path.read_text()
    result = typed("templates", "pull")

    assert (dry.exit_code, result.exit_code) == (0, 0)
    assert "would be written to templates/parcel.j2" in dry.stdout
    assert untouched == PARCEL
    assert path.read_text() == PARCEL.replace("Parcel", "Your parcel")
    assert typed("templates", "diff").exit_code == 0


def test_pull_refuses_to_lose_what_was_written_here(typed: Typed, file: Any, call: Call, stored: Any) -> None:
    path = file("parcel", PARCEL)
    typed("templates", "push")
    edit(call, stored, "parcel", body="There {{custom.number}}")
    path.write_text(PARCEL.replace("is here", "has come"))

    result = typed("templates", "pull")

    assert result.exit_code == 1
    assert "    +There {{custom.number}}" in result.stdout.splitlines()
    assert "has come" in path.read_text()


def test_strangers_become_files_when_they_are_named_or_all_are(
    typed: Typed, call: Call, home: Path, world: World
) -> None:
    for name in ("one", "two"):
        call("POST", "/templates", {"name": name, "type": "text", "body": "Use {{custom.code}}"})

    listed = typed("templates", "pull")
    named = typed("templates", "pull", "two")
    everything = typed("templates", "pull", "--all")

    assert listed.stdout == "Without a file here: one, two. Pull them by name, or all with --all.\n"
    assert "two: written to templates/two.j2." in named.stdout
    assert "one: written to templates/one.j2." in everything.stdout
    assert typed("templates", "diff").exit_code == 0


def test_a_name_that_is_nowhere_is_one_sentence(typed: Typed, file: Any, world: World) -> None:
    file("parcel", PARCEL)

    pushed, pulled = typed("templates", "push", "parcels"), typed("templates", "pull", "parcels")

    assert (pushed.exit_code, pulled.exit_code) == (2, 2)
    assert "did you mean parcel?" in pushed.stderr
    assert 'called "parcels"' in pulled.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ number", "is not Jinja"),
        ("---\nsamples: {usual: {number: A1}}\n---\n{{ numbr }}\n", "numbr"),
        ("---\nnmae: x\n---\nHello\n", "nmae"),
    ],
)
def test_a_faulty_template_stops_the_push_before_anything_is_sent(
    typed: Typed, file: Any, stored: Any, text: str, said: str
) -> None:
    file("fine", PARCEL)
    file("bad", text)

    result = typed("templates", "push")

    assert result.exit_code == 1
    assert said in result.stderr
    assert "templates/bad.j2:" in result.stderr
    assert "Nothing was pushed" in result.stderr
    assert stored() == {}


def test_a_fault_in_another_template_does_not_keep_a_named_one(typed: Typed, file: Any, stored: Any) -> None:
    file("fine", PARCEL)
    file("bad", "{{ number")

    result = typed("templates", "push", "fine")

    assert result.exit_code == 0
    assert set(stored()) == {"fine"}


def test_orphans_are_deleted_after_a_yes_and_only_those(typed: Typed, file: Any, call: Call, stored: Any) -> None:
    call("POST", "/templates", {"name": "stranger", "type": "text", "body": "x"})
    file("fine", PARCEL)
    path = file("parcel", PARCEL)
    typed("templates", "push")
    path.unlink()

    listed = typed("templates", "push")
    nobody_there = typed("templates", "push", "--delete")
    no = CliRunner().invoke(app, ["templates", "push", "--delete"], input="n\n")
    before = set(stored())
    yes = CliRunner().invoke(app, ["templates", "push", "--delete"], input="y\n")

    assert "- parcel has lost its file" in listed.stdout
    assert "Nothing is deleted" in nobody_there.stderr
    assert "Nothing is deleted" in no.stderr
    assert before == {"stranger", "fine", "parcel"}
    assert yes.exit_code == 0
    assert set(stored()) == {"stranger", "fine"}


def test_a_plan_that_does_not_cover_it_is_one_sentence_and_the_rest_is_counted(
    typed: Typed, file: Any, world: World, stored: Any
) -> None:
    for name in "abc":
        file(name, PARCEL)
    world.faults.plan("FEATURE_NOT_AVAILABLE_ON_PLAN", method="POST", path="/templates")

    result = typed("templates", "push")
    again = typed("templates", "push")

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 2
    assert "FEATURE_NOT_AVAILABLE_ON_PLAN" in result.stderr
    assert "2 more templates were not tried" in result.stderr
    assert again.exit_code == 0
    assert set(stored()) == {"a", "b", "c"}


def test_a_damaged_book_is_one_sentence_and_the_push_goes_on(typed: Typed, file: Any, home: Path, stored: Any) -> None:
    file("parcel", PARCEL)
    typed("templates", "push")
    (book,) = (home / ".flashbot" / "templates").glob("*.json")
    book.write_text("{")

    result = typed("templates", "push")

    assert result.exit_code == 0
    assert "begins anew" in result.stderr
    assert len(stored()) == 1
    assert typed("templates", "push").stderr == ""


def test_json_has_a_line_for_each_template(typed: Typed, file: Any, call: Call, stored: Any) -> None:
    file("parcel", PARCEL)
    call("POST", "/templates", {"name": "stranger", "type": "text", "body": "x"})

    differing = rows(typed("templates", "diff", "--json"))
    pushed = rows(typed("templates", "push", "--json"))
    pulled = rows(typed("templates", "pull", "--all", "--json"))

    assert [(one["template"], one["move"]) for one in differing] == [("parcel", "create")]
    assert differing[0]["changes"]["body"] == {"remote": "", "local": "Parcel {{custom.number}} is here."}
    assert [(one["template"], one["done"]) for one in pushed] == [("parcel", True)]
    assert {one["template"]: one["move"] for one in pulled} == {"parcel": "unchanged", "stranger": "write"}


def test_no_key_is_in_anything_that_is_written(typed: Typed, file: Any, home: Path, world: World) -> None:
    file("parcel", PARCEL)

    result = typed("templates", "push")

    written = "".join(path.read_text() for path in (home / ".flashbot").rglob("*.json"))
    assert DEMO_KEY not in result.output + written
