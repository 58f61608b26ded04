"""Some of the planted faults, and all clean templates, through the real command and over a real socket."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flashbot.clock import SystemClock
from flashbot.msgflash.client import Client
from flashbot.msgflash.rate import Unlimited
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.world import DEMO_KEY, World
from tests.templating.planted.bundle import Case, bot_of, read_cases

CASES = {str(case): case for case in read_cases("faults")}
SOME = (
    "paths: a typo in a placeholder",
    "header: a header in a file of Windows",
    "limits: an emoji at the limit",
    "sending: a template that does not exist",
    "syntax: a condition that is not closed",
)


async def flashbot(project: Path, *words: str, **settings: str) -> tuple[int, list[dict[str, Any]], str]:
    """The exit code, the lines of JSON, and what was complained of."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FLASHBOT_")}
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "flashbot", "templates", *words,
        cwd=project, env={**clean, **settings}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, complaints = await running.communicate()
    said = [json.loads(line) for line in out.decode().splitlines()] if "--json" in words else []
    return running.returncode or 0, said, complaints.decode()


@pytest.mark.parametrize("named", SOME)
async def test_the_command_finds_it(named: str, tmp_path: Path) -> None:
    case = CASES[named]
    case.write(tmp_path)

    code, said, complaints = await flashbot(tmp_path, "check", "--sandbox", "--json")

    found = [line for line in said if "code" in line]
    assert code == 1, complaints
    assert found
    for mark in case.marks:
        assert any(mark.fits(fault["code"], fault["file"], fault["line"]) for fault in found), found
    assert all(any(mark.fits(fault["code"], fault["file"], fault["line"]) for mark in case.marks) for fault in found)


async def test_the_command_finds_nothing_in_clean_templates(tmp_path: Path) -> None:
    clean = [case for case in read_cases("clean") if case.bundle != "languages"]
    for case in clean:
        case.write(tmp_path)
    (tmp_path / "bot.py").write_text(bot_of(sorted({name for case in clean for name in case.names})))

    code, said, complaints = await flashbot(tmp_path, "check", "--sandbox", "--json", "--bot", "bot.py")

    assert code == 0, f"{said} {complaints}"
    assert [line for line in said if "code" in line] == []
    assert said[-1]["ok"]


async def test_a_copy_that_was_pushed_and_then_edited_or_deleted_by_hand_is_found(tmp_path: Path) -> None:
    text = "---\nsamples:\n  usual: {name: Awa}\n---\nBonjour {{ name }},\nvotre commande est prête."
    Case("", "", {}, {"hello.j2": text.encode()}, ()).write(tmp_path)
    server = SandboxServer(World(SystemClock(), Random(0), requests_per_second=0))
    await server.start()
    settings = {"FLASHBOT_MSGFLASH_URL": server.url, "FLASHBOT_API_KEY": DEMO_KEY}

    try:
        pushed = await flashbot(tmp_path, "push", **settings)
        before = await flashbot(tmp_path, "check", "--json", **settings)
        async with Client(server.url, api_key=DEMO_KEY, rate=Unlimited()) as client:
            (stored,) = [one async for one in client.templates.list()]
            await client.templates.update(stored.id, body="Bonjour {{custom.name}},\nvotre commande arrive.")
            edited = await flashbot(tmp_path, "check", "--json", **settings)
            await client.templates.delete(stored.id)
        deleted = await flashbot(tmp_path, "check", "--json", **settings)
        strange = await flashbot(
            tmp_path, "check", "--json", "--no-cache", **settings | {"FLASHBOT_API_KEY": "msgf_live_" + "1" * 64}
        )
    finally:
        await server.stop()
    away = await flashbot(tmp_path, "check", "--json", "--no-cache", **settings)

    assert pushed[0] == 0, pushed[2]
    assert before[0] == 0, before
    assert [(line["code"], line["file"], line["line"]) for line in edited[1][:-1]] == [
        ("edited", "templates/hello.j2", 6)
    ]
    assert [(line["code"], line["file"], line["line"]) for line in deleted[1][:-1]] == [
        ("not-found", "templates/hello.j2", 1)
    ]
    assert (edited[0], deleted[0], strange[0], away[0]) == (1, 1, 2, 2)
    assert strange[1][-1]["stopped"]["code"] == "key"
    assert away[1][-1]["stopped"]["code"] == "unreachable"
