from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from flashbot.cli.starter import FILES
from flashbot.settings import Settings
from flashbot.templating.catalogue import Catalogue
from flashbot.templating.lint import lint
from flashbot.templating.senders import project_files, uses_of

Typed = Callable[..., Result]


def _passes(folder: Path, *words: str) -> None:
    done = subprocess.run([sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_new_bot_passes_its_test_and_both_checkers(home: Path, typed: Typed) -> None:
    result = typed("new", "my-shop")

    assert result.exit_code == 0
    assert "cd my-shop" in result.stdout
    assert "flashbot dev bot.py" in result.stdout
    _passes(home / "my-shop", "pytest", "-q", "-p", "no:cacheprovider")
    cache = Path(__file__).parents[2] / ".cache" / "mypy-new"  # ten seconds the first time, one later
    _passes(home / "my-shop", "mypy", "--strict", "--cache-dir", str(cache), "bot.py", "test_bot.py")
    _passes(home / "my-shop", "ruff", "check", ".")
    _passes(home / "my-shop", "ruff", "format", "--check", ".")


def test_the_templates_of_a_new_bot_are_clean(home: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    typed("new", "my-shop")
    monkeypatch.chdir(home / "my-shop")

    assert lint(Catalogue("templates"), uses_of(project_files(home / "my-shop"))) == ()


def test_every_setting_is_in_the_example() -> None:
    missing = [name for name in Settings.model_fields if f"\n#FLASHBOT_{name.upper()}=" not in FILES[".env.example"]]

    assert missing == []


@pytest.mark.parametrize("name", ["a/b", "../x", "1shop", "my shop", "", ".hidden", "-x"])
def test_a_name_that_cannot_be_is_refused(home: Path, typed: Typed, name: str) -> None:
    result = typed("new", "--", name)

    assert result.exit_code == 2
    assert "cannot be a bot's name" in result.stderr
    assert list(home.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(home: Path, typed: Typed) -> None:
    (home / "shop").mkdir()
    (home / "shop" / "bot.py").write_text("mine")

    result = typed("new", "shop")

    assert result.exit_code == 2
    assert "not empty" in result.stderr
    assert (home / "shop" / "bot.py").read_text() == "mine"
    assert len(list((home / "shop").iterdir())) == 1


def test_a_file_of_that_name_is_left_alone(home: Path, typed: Typed) -> None:
    (home / "shop").write_text("mine")

    assert typed("new", "shop").exit_code == 2
    assert (home / "shop").read_text() == "mine"
