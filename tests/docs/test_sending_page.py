"""docs/sending.md holds what it shows: its files and commands run, its options exist, its tables are the code's."""

from __future__ import annotations

import asyncio
import re
import shlex
import sys
from dataclasses import fields
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, get_args

import pytest
import typer

from flashbot.cli.app import app
from flashbot.clock import SystemClock
from flashbot.outreach.gates import ASKED, EVERY
from flashbot.outreach.policy import Policy
from flashbot.outreach.presets import PRESETS, ClosedOn
from flashbot.outreach.stages import STAGES
from flashbot.outreach.verdict import GATE_OF, GATES, Reason
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.store.opening import open_store
from tests.docs.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/sending.md").read_text("utf-8")
SHOWN = re.compile(r"```console\n.*?```\n", re.DOTALL)
"""What hangs on the hour, and was copied from a terminal."""
COMMAND = re.compile(r"`(flashbot [^`]+)`|^(?:\$ )?(flashbot (?:[^\\\n]|\\\n)+)", re.MULTILINE)
CLASSES = ("reply", "critical", "service", "follow_up", "marketing", "cold")


def section(title: str, page: str = PAGE) -> str:
    return page.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(text: str, columns: int) -> list[tuple[str, ...]]:
    """The cells of the tables of so many columns, without their heads."""
    lines = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("|")]
    cells = [tuple(cell.strip() for cell in line) for line in lines]
    return [row for row in cells if len(row) == columns and not row[-1].startswith("---")]


async def test_whoever_follows_the_page_sees_what_it_shows(tmp_path: Path) -> None:
    server = SandboxServer(World(SystemClock(), Random(1), requests_per_second=0))
    await server.start()
    folder = tmp_path / ".flashbot"
    settings = {
        "FLASHBOT_MSGFLASH_URL": server.url,
        "FLASHBOT_API_KEY": DEMO_KEY,
        "FLASHBOT_INSTANCE_ID": DEMO_INSTANCE,
        "FLASHBOT_DATA_DIR": str(folder),
        "COLUMNS": "120",
    }

    try:
        async with open_store(url="", folder=folder):  # as while the bot runs
            run = await walk(SHOWN.sub("", PAGE), tmp_path, settings)
    finally:
        await server.stop()

    assert run >= 5
    loaded = await asyncio.create_subprocess_exec(sys.executable, "-c", "import again, policies, shop", cwd=tmp_path)
    assert await loaded.wait() == 0


def commands() -> Iterator[str]:
    for whole in COMMAND.finditer(PAGE):
        yield (whole[1] or whole[2]).replace("\\\n", " ")


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_every_command_of_the_page_exists_with_its_options(line: str) -> None:
    command = typer.main.get_command(app)
    words = shlex.split(line)[1:]

    known = {"--help", "-h"}
    while hasattr(command, "commands"):
        if words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        elif command.name == "broadcast" and words:
            command = command.commands["start"]
        else:
            break
    known |= {spelling for one in command.params for spelling in (*one.opts, *one.secondary_opts)}

    assert not hasattr(command, "commands") or not words, "no such command"
    assert {word for word in words if word.startswith("--")} <= known


def test_the_page_names_every_reason_under_its_gate() -> None:
    named: dict[str, str] = {}
    gate = ""
    for first, reasons, _ in rows(section("The nine gates"), 3):
        gate = first or gate
        named |= dict.fromkeys(re.findall(r"`(\w+)`", reasons), gate)

    assert named == {str(reason): gate for reason, gate in GATE_OF.items()}
    assert set(named) == set(get_args(Reason))
    assert list(dict.fromkeys(named.values())) == list(GATES)


def test_the_page_says_which_class_passes_which_gate() -> None:
    told = {row[0].strip("`"): row[2] for row in rows(section("Who passes what"), 3)[1:]}

    assert tuple(told) == CLASSES
    for cls, gates in told.items():
        asked = ASKED.get(cls, EVERY)
        assert asked == (EVERY if gates == "all nine" else set(re.sub(r" \(.*?\)", "", gates).split(", ")))


def test_the_page_has_every_field_of_a_policy() -> None:
    table = rows(section("The policy"), 3)[1:]

    named = [name for row in table for name in re.findall(r"`(\w+)`", row[0])]

    assert sorted(named) == sorted(one.name for one in fields(Policy))
    whole = {row[0].strip("`"): row[1] for row in table if row[1].isdecimal()}
    assert {name: getattr(Policy(), name) for name in whole} == {name: int(said) for name, said in whole.items()}


def test_the_page_has_every_preset_and_whatever_may_be_closed() -> None:
    pairs = rows(section("The policy"), 2)

    named = [word for first, _ in pairs for word in re.findall(r"`(\w+)`", first)]

    assert sorted(named) == sorted([*PRESETS, *get_args(ClosedOn), "PRESETS"])


def test_the_page_s_stages_are_those_of_the_code() -> None:
    told = [[cell.removesuffix(" s") for cell in row] for row in rows(section("How much a number may send"), 7)[1:]]

    assert told == [
        [
            *map(str, (place, row.from_day, row.proactive_day, row.proactive_hour, row.new_day, row.new_hour)),
            str(row.median_gap_ms // 1000 or ""),
        ]
        for place, row in enumerate(STAGES)
    ]
