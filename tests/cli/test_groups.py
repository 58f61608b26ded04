from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from flashbot.sandbox.world import World

Typed = Callable[..., Result]


@pytest.fixture
def vip(typed: Typed, world: World) -> str:
    """The id of an empty group."""
    made: str = json.loads(typed("groups", "create", "VIP", "--description", "Very", "--json").stdout)["id"]
    return made


def test_groups_are_listed_with_how_many_are_in_them(typed: Typed, world: World, vip: str) -> None:
    result = typed("groups", "list")

    assert all(word in result.stdout for word in (vip, "VIP", "Very", "0"))


def test_there_being_none_is_said(typed: Typed, world: World) -> None:
    assert "There are no groups" in typed("groups", "list").stdout


@pytest.mark.parametrize("by", ["name", "id"])
def test_members_come_and_go(typed: Typed, world: World, vip: str, by: str) -> None:
    group = "vip" if by == "name" else vip
    ids = [world.contacts.add(name, phone).id for name, phone in (("Awa", "+2250700000001"), ("Yao", "+2250700000002"))]

    added = typed("groups", "add", group, *ids, ids[0])
    again = typed("groups", "add", group, ids[0], "--json")
    removed = typed("groups", "remove", group, ids[0])
    members = typed("groups", "members", group)

    assert added.stdout == "VIP: 2 added, 0 already in group, 0 not found.\n"
    assert json.loads(again.stdout) == {
        "requested": 1, "added": 0, "already_in_group": 1, "not_found": 0, "cancelled": False,
    }  # fmt: skip
    assert removed.stdout == "VIP: 1 removed, 0 not in group.\n"
    assert "Yao" in members.stdout
    assert "+2250700000002" in members.stdout
    assert "Awa" not in members.stdout


def test_many_are_added_as_a_job(typed: Typed, world: World, vip: str, home: Path) -> None:
    ids = [world.contacts.add("Awa", f"+22507{index:08d}").id for index in range(150)]
    (home / "ids.txt").write_text("\n".join(ids))

    result = typed("groups", "add", "VIP", "--file", "ids.txt")

    assert result.stdout == "VIP: 150 added, 0 already in group, 0 not found.\n"


def test_a_deleted_group_leaves_its_members(typed: Typed, world: World, vip: str) -> None:
    awa = world.contacts.add("Awa", "+2250700000001")
    typed("groups", "add", "VIP", awa.id)

    result = typed("groups", "delete", "VIP")

    assert result.stdout == "Group VIP deleted; its members stay contacts.\n"
    assert "There are no groups" in typed("groups", "list").stdout
    assert len(world.contacts) == 1


@pytest.mark.parametrize("name", ["nobody", "no body", "11111111-1111-4111-8111-111111111111"])
def test_an_unknown_group_is_one_sentence(typed: Typed, world: World, name: str) -> None:
    result = typed("groups", "members", name)

    assert result.exit_code == 2
    assert result.stderr == f"flashbot: There is no group {name}: flashbot groups list shows those there are.\n"


def test_a_name_in_use_is_refused(typed: Typed, world: World, vip: str) -> None:
    result = typed("groups", "create", "VIP")

    assert result.exit_code == 1
    assert "CONFLICT" in result.stderr
