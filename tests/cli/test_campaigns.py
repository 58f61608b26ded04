from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.sandbox.world import World

Typed = Callable[..., Result]
Started = Callable[..., Any]
LATER = "2126-12-01T09:00:00+01:00"


def _create(typed: Typed, *words: str, at: str = LATER, to: str = "all") -> dict[str, Any]:
    result = typed("campaigns", "create", "--name", "Sale", "--at", at, "--to", to, *words, "--json")
    assert result.exit_code == 0, result.stderr
    made: dict[str, Any] = json.loads(result.stdout)
    return made


@pytest.fixture
def people(world: World) -> list[str]:
    tags: list[list[str]] = [["vip"], ["new"], []]
    return [world.contacts.add(f"P{i}", f"+225070000000{i}", tag).id for i, tag in enumerate(tags)]


def test_a_campaign_is_planned_and_its_id_and_advice_told(typed: Typed, world: World, people: list[str]) -> None:
    result = typed("campaigns", "create", "--name", "Sale", "--at", LATER, "--to", "all", "--text", "Hello")

    assert result.exit_code == 0
    assert result.stdout.endswith(": scheduled\n")
    assert "MsgFlash on this number:" in result.stderr
    assert "campaigns watch" in result.stderr


def test_the_time_and_the_words_arrive_as_typed(typed: Typed, world: World, people: list[str]) -> None:
    made = _create(typed, "--image", "https://example.com/a.png", "--text", "Look", "--repeat", "weekly")

    assert made["schedule"] == "2126-12-01T08:00:00Z"
    assert (made["type"], made["body"], made["media_url"]) == ("image", "Look", "https://example.com/a.png")
    assert made["repeat"] == "weekly"


def test_whom_it_is_for_is_said_in_four_ways(typed: Typed, world: World, people: list[str], home: Path) -> None:
    group = json.loads(typed("groups", "create", "VIP", "--json").stdout)["id"]
    (home / "ids.txt").write_text("\n".join(people[:2]))

    made = [_create(typed, "--text", "x", to=to)["recipients"] for to in ("all", "group:vip", "contacts:ids.txt")]
    tagged = _create(typed, "--text", "x", "--to", "tag:new", to="tag:vip")["recipients"]

    assert made == [
        {"type": "all"},
        {"type": "group", "groupId": group},
        {"type": "explicit", "value": people[:2]},
    ]
    assert tagged == {"type": "tags", "value": ["vip", "new"]}


def test_a_time_without_a_zone_is_this_machines_and_that_is_said(typed: Typed, world: World, people: list[str]) -> None:
    result = typed(
        "campaigns", "create", "--name", "S", "--at", "2126-12-01T09:00", "--to", "all", "--text", "x", "--json"
    )

    assert "no zone and is read by this machine's clock: 2126-12-01T09:00" in result.stderr
    assert json.loads(result.stdout)["status"] == "scheduled"


@pytest.mark.parametrize(
    "words",
    [
        ("--at", "tomorrow", "--to", "all", "--text", "x"),
        ("--at", LATER, "--to", "everybody", "--text", "x"),
        ("--at", LATER, "--to", "all", "--to", "tag:vip", "--text", "x"),
        ("--at", LATER, "--to", "tag:", "--text", "x"),
        ("--at", LATER, "--to", "group:nobody", "--text", "x"),
        ("--at", LATER, "--to", "contacts:none.txt", "--text", "x"),
        ("--at", LATER, "--to", "all"),
        ("--at", LATER, "--to", "all", "--text", "x", "--template", "t1"),
    ],
)
def test_a_mistake_of_the_typist_is_one_sentence(typed: Typed, world: World, words: tuple[str, ...]) -> None:
    result = typed("campaigns", "create", "--name", "Sale", *words)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_a_campaign_of_unknown_outcome_says_where_to_look(typed: Typed, world: World, people: list[str]) -> None:
    world.faults.plan("drop_after", method="POST", path="/campaigns")

    result = typed("campaigns", "create", "--name", "Sale", "--at", LATER, "--to", "all", "--text", "x")

    assert result.exit_code == 1
    assert "dashboard" in result.stderr


def test_watching_ends_with_the_campaign(typed: Typed, world: World, people: list[str]) -> None:
    made = _create(typed, "--text", "Hello", at="now")

    watched = typed("campaigns", "watch", made["id"], "--every", "0.5")
    looks = [json.loads(line) for line in typed("campaigns", "watch", made["id"], "--json").stdout.splitlines()]

    assert watched.exit_code == 0
    assert f"Campaign {made['id']}: completed, 3 sent" in watched.stdout
    assert [look["status"] for look in looks] == ["completed"]


def test_ctrl_c_ends_the_watching_only(started: Started, typed: Typed, world: World, people: list[str]) -> None:
    made = _create(typed, "--text", "Hello")
    command = started("campaigns", "watch", made["id"])
    command.shows("is scheduled")

    command.signal(signal.SIGINT)

    assert command.ends() == 130
    assert "the campaign goes on" in command.output
    assert json.loads(typed("campaigns", "pause", made["id"], "--json").stdout)["status"] == "paused"


def test_a_campaign_is_held_and_let_go(typed: Typed, world: World, people: list[str]) -> None:
    made = _create(typed, "--text", "Hello")

    paused = typed("campaigns", "pause", made["id"])
    again = typed("campaigns", "pause", made["id"])
    resumed = typed("campaigns", "resume", made["id"])

    assert paused.stdout == f"Campaign {made['id']}: paused\n"
    assert again.exit_code == 1
    assert "BAD_REQUEST" in again.stderr
    assert resumed.exit_code == 0


def test_a_paused_campaign_does_not_go_on_unwatched(
    started: Started, typed: Typed, world: World, people: list[str]
) -> None:
    made = _create(typed, "--text", "Hello")
    typed("campaigns", "pause", made["id"])
    command = started("campaigns", "watch", made["id"])
    command.shows("is paused")

    command.signal(signal.SIGINT)

    assert command.ends() == 130
    assert f"flashbot campaigns resume {made['id']}" in command.output


def test_a_campaign_that_is_not_there_does_not_go_on_unwatched(typed: Typed, world: World) -> None:
    result = typed("campaigns", "watch", "summer")

    assert result.exit_code == 2
    assert "MsgFlash has no campaign summer" in result.stderr
    assert "unwatched" not in result.stderr
