"""Types are a feature: one file that mypy must accept, one in which it must refuse every marked line."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import flashbot.errors

HERE = Path(__file__).parent / "typing"
ROOT = Path(flashbot.errors.__file__).parent.parent
LINE = re.compile(r"^(?P<file>.*?):(?P<line>\d+): error: (?P<says>.*?)\s+\[(?P<code>[\w-]+)\]$")


@pytest.fixture(scope="module")
def found() -> dict[str, set[tuple[int, str]]]:
    """Line and code of every error, by file. One run for all: starting mypy is what takes the time."""
    done = subprocess.run(
        [
            sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", "--no-pretty",
            "--config-file", str(ROOT / "pyproject.toml"), "--follow-imports=silent", "--explicit-package-bases",
            str(HERE / "accept.py"), str(HERE / "refuse.py"),
        ],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    errors: dict[str, set[tuple[int, str]]] = {"accept.py": set(), "refuse.py": set()}
    for line in done.stdout.splitlines():
        match = LINE.match(line)
        if match:
            errors.setdefault(Path(match["file"]).name, set()).add((int(match["line"]), match["code"]))
        else:
            assert ": note: " in line, done.stdout + done.stderr
    assert done.stderr == ""
    return errors


def test_mypy_accepts_what_a_bot_developer_writes(found: dict[str, set[tuple[int, str]]]) -> None:
    assert found["accept.py"] == set()


def test_mypy_refuses_every_marked_line_and_no_other(found: dict[str, set[tuple[int, str]]]) -> None:
    marked = {
        (number, code)
        for number, line in enumerate((HERE / "refuse.py").read_text().splitlines(), 1)
        if "# E: " in line
        for code in line.split("# E: ")[1].split(", ")
    }

    assert found["refuse.py"] == marked


def test_only_these_two_files_have_errors(found: dict[str, set[tuple[int, str]]]) -> None:
    assert set(found) == {"accept.py", "refuse.py"}
