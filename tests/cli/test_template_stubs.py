from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Typed = Callable[..., Result]


@pytest.fixture
def folder(home: Path) -> Path:
    folder = home / "templates"
    folder.mkdir()
    (folder / "parcel.j2").write_text("---\nvariables: {number: str}\n---\nParcel {{ number }}")
    return folder


def test_a_module_is_written_here_and_nothing_the_second_time(folder: Path, home: Path, typed: Typed) -> None:
    first = typed("templates", "stubs")
    written = (home / "t.py").stat().st_mtime_ns
    second = typed("templates", "stubs")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "Wrote t.py." in first.stdout
    assert "t.py is up to date." in second.stdout
    assert (home / "t.py").stat().st_mtime_ns == written
    assert "def parcel(" in (home / "t.py").read_text()


def test_it_is_written_beside_the_bot_which_is_not_imported(folder: Path, home: Path, typed: Typed) -> None:
    (home / "bots").mkdir()
    (home / "bots" / "support.py").write_text("import t\nt.parcel(number='A17')\nraise SystemExit")

    result = typed("templates", "stubs", "bots/support.py")

    assert "Wrote bots/t.py." in result.stdout
    assert "def parcel(" in (home / "bots" / "t.py").read_text()


def test_templates_beside_the_bot_go_before_those_here(folder: Path, home: Path, typed: Typed) -> None:
    (home / "shop" / "templates").mkdir(parents=True)
    (home / "shop" / "templates" / "offer.j2").write_text("Hi")
    (home / "shop" / "bot.py").write_text("")

    result = typed("templates", "stubs", "shop/bot.py")

    assert result.exit_code == 0
    assert "def offer(" in (home / "shop" / "t.py").read_text()


def test_check_writes_nothing_and_says_in_one_line_what_is_old(folder: Path, home: Path, typed: Typed) -> None:
    missing = typed("templates", "stubs", "--check")
    there = (home / "t.py").exists()
    typed("templates", "stubs")
    current = typed("templates", "stubs", "--check")
    (folder / "parcel.j2").write_text("---\nvariables: {number: int}\n---\nParcel {{ number }}")
    old = typed("templates", "stubs", "--check")

    assert (missing.exit_code, current.exit_code, old.exit_code) == (1, 0, 1)
    assert not there
    assert len(old.stderr.splitlines()) == 1
    assert "t.py is not up to date" in old.stderr
    assert "number: str" in (home / "t.py").read_text()


def test_a_file_of_somebody_else_is_never_written_over(folder: Path, home: Path, typed: Typed) -> None:
    (home / "mine.py").write_text("x = 1\n")

    result = typed("templates", "stubs", "--out", "mine.py")

    assert result.exit_code == 2
    assert "mine.py was not written by flashbot templates stubs" in result.stderr
    assert (home / "mine.py").read_text() == "x = 1\n"


def test_languages_that_disagree_leave_the_file_as_it_was(folder: Path, home: Path, typed: Typed) -> None:
    typed("templates", "stubs")
    before = (home / "t.py").read_text()
    (folder / "parcel.fr.j2").write_text("---\nvariables: {numero: str}\n---\nColis {{ numero }}")

    result = typed("templates", "stubs")

    assert result.exit_code == 2
    assert "templates/parcel.fr.j2" in result.stderr
    assert (home / "t.py").read_text() == before


def test_a_folder_that_is_not_there_is_a_sentence(folder: Path, typed: Typed) -> None:
    out = typed("templates", "stubs", "--out", "nowhere/t.py")
    bot = typed("templates", "stubs", "nowhere/bot.py")

    assert (out.exit_code, bot.exit_code) == (2, 2)
    assert "There is no folder nowhere" in out.stderr
    assert "There is no folder nowhere" in bot.stderr


def test_a_bot_that_is_not_there_is_a_sentence_and_writes_nothing(folder: Path, home: Path, typed: Typed) -> None:
    (home / "bot.py").write_text("")

    result = typed("templates", "stubs", "bto.py")

    assert result.exit_code == 2
    assert "There is no file bto.py: did you mean bot.py?" in result.stderr
    assert not (home / "t.py").exists()


def test_a_folder_stands_for_the_bot_in_it(folder: Path, home: Path, typed: Typed) -> None:
    result = typed("templates", "stubs", ".")

    assert result.exit_code == 0
    assert "def parcel(" in (home / "t.py").read_text()
