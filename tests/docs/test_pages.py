"""Every Python block of the pages runs, in order, and prints what the page says; the lists name everything there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from random import Random

import pytest

from flashbot.clock import SystemClock
from flashbot.sandbox.orders import FAULTS
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.switches import Switches
from flashbot.sandbox.world import World
from tests.docs.running import run

DOCS = Path(__file__).parent.parent.parent / "docs"
ADDRESS = "http://127.0.0.1:9600"


@pytest.mark.parametrize(
    ("page", "least"), [("client.md", 15), ("intents.md", 5), ("reference.md", 1), ("sandbox.md", 1)]
)
async def test_the_page_s_code_prints_what_the_page_shows(page: str, least: int) -> None:
    text = (DOCS / page).read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```(?:\n+```output\n(.*?)```)?", text, re.DOTALL)
    server = SandboxServer(World(SystemClock(), Random(1), requests_per_second=0))
    await server.start()
    names: dict[str, object] = {}

    try:
        for code, shown in blocks:
            assert await run(code.replace(ADDRESS, server.url), names) == shown, code
    finally:
        await server.stop()

    assert len(blocks) >= least
    assert text.count("```output") == sum(1 for _, shown in blocks if shown)


def test_the_sandbox_s_page_names_every_fault_and_every_switch() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", (DOCS / "sandbox.md").read_text("utf-8"), re.MULTILINE))

    assert named == {*FAULTS, *(switch.name for switch in fields(Switches))}
