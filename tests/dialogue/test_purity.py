"""dialogue and outreach are pure: no async function, no clock, no socket, no server."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import flashbot.errors

PACKAGE = Path(flashbot.errors.__file__).parent
FILES = sorted([*(PACKAGE / "dialogue").rglob("*.py"), *(PACKAGE / "outreach").glob("*.py")])
IMPURE = {"aiohttp", "asyncio", "jinja2", "random", "redis", "secrets", "socket", "threading", "time", "uuid"}
LAWFUL = {
    # It loads weights, which takes a second, once in a process: two threads must not do so both.
    "dialogue/recognition/encoder.py": {"threading"},
    # Generators that are passed in, or made of a seed that is.
    "outreach/limits.py": {"random"},
    "outreach/plan.py": {"random"},
}
CLOCKS = {"now", "utcnow", "today", "monotonic", "perf_counter"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_file_of_a_pure_room_is_pure(file: Path) -> None:
    tree = ast.parse(file.read_text())

    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            found.add(f"async in line {node.lineno}")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & IMPURE
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").split(".")[0]} & IMPURE
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if node.func.attr in CLOCKS and isinstance(owner, ast.Name) and owner.id in {"datetime", "date"}:
                found.add(f"a clock in line {node.lineno}")

    assert found == LAWFUL.get(str(file.relative_to(PACKAGE)), set())
