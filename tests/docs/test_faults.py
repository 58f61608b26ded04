"""docs/faults.md names a test for every fault, and every test that it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FAULTS = 69
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.*?) ?\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> dict[int, tuple[str, str, list[tuple[str, str]]]]:
    found = ROW.findall((ROOT / "docs/faults.md").read_text("utf-8"))
    assert len(found) == len({number for number, *_ in found}), "a row stands there twice"
    return {int(number): (fault, outcome, TEST.findall(shown)) for number, fault, outcome, shown in found}


@cache
def known_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def test_every_fault_has_its_row() -> None:
    assert sorted(rows()) == list(range(1, FAULTS + 1))


@pytest.mark.parametrize("number", range(1, FAULTS + 1))
def test_a_fault_is_shown_by_tests_that_exist(number: int) -> None:
    fault, outcome, shown = rows()[number]

    assert fault.strip()
    assert outcome.strip()
    assert shown, f"no test shows row {number}: {fault}"
    missing = [f"{path}::{name}" for path, name in shown if name not in known_in(path)]
    assert not missing
