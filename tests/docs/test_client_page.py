"""Every block of the client's tutorial runs, in order, and prints what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

from flashbot.clock import SystemClock
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.world import World
from tests.docs.running import run

PAGE = Path(__file__).parent.parent.parent / "docs" / "client.md"
ADDRESS = "http://127.0.0.1:9600"


async def test_the_page_s_code_prints_what_the_page_shows() -> None:
    text = PAGE.read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```(?:\n+```output\n(.*?)```)?", text, re.DOTALL)
    server = SandboxServer(World(SystemClock(), Random(1), requests_per_second=0))
    await server.start()
    names: dict[str, object] = {}

    try:
        for code, shown in blocks:
            assert await run(code.replace(ADDRESS, server.url), names) == shown, code
    finally:
        await server.stop()

    assert len(blocks) >= 15
    assert text.count("```output") == sum(1 for _, shown in blocks if shown)
