from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Typed = Callable[..., Result]
PARCEL = """\
---
class: service
variables: {number: str, price: money}
samples:
  usual: {number: CI-1001, price: 12500}
fallbacks: {number: unknown}
---
Parcel {{ number }}
costs {{ price * 2 }}.
"""


@pytest.fixture
def folder(home: Path) -> Path:
    folder = home / "templates"
    folder.mkdir()
    (folder / "parcel.j2").write_text(PARCEL)
    return folder


def test_both_forms_and_the_variables_are_shown(folder: Path, typed: Typed) -> None:
    result = typed("templates", "show", "parcel")

    lines = [line.split() for line in result.stdout.splitlines()]
    assert result.exit_code == 0, result.output
    assert ["8", "Parcel", "{{", "number", "}}"] in lines
    assert ["Parcel", "{{custom.number}}"] in lines
    (number,) = [line for line in lines if line[:1] == ["custom.number"]]
    assert number == ["custom.number", "8", "str", "CI-1001", "unknown"]
    (price,) = [line for line in lines if line[:1] == ["custom.price"]]
    assert price == ["custom.price", "9", "money", "12500"]
    assert any("price * 2" in line and line.startswith("custom.") for line in result.stdout.splitlines())
    assert ["class", "service"] in lines


def test_json_has_all_of_it(folder: Path, typed: Typed) -> None:
    result = typed("templates", "show", "parcel", "--json")

    row = json.loads(result.stdout)
    assert row["name"] == "parcel"
    assert row["class"] == "service"
    assert row["jinja"].startswith("Parcel {{ number }}\n")
    assert row["body"].startswith("Parcel {{custom.number}}\n")
    assert row["paths"][0] == "custom.number"
    number = next(one for one in row["variables"] if one["path"] == "custom.number")
    assert number == {
        "path": "custom.number", "places": ["templates/parcel.j2:8"], "computedFrom": None, "type": "str",
        "samples": {"usual": "CI-1001"}, "fallback": "unknown", "handedOver": True,
    }  # fmt: skip


def test_a_name_that_is_not_there_is_a_sentence_with_a_close_one(folder: Path, typed: Typed) -> None:
    result = typed("templates", "show", "parcle")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "did you mean parcel?" in result.stderr


def test_a_language_chooses_the_file_and_one_that_is_not_there_is_said(folder: Path, typed: Typed) -> None:
    (folder / "bye.fr.j2").write_text("Au revoir")
    (folder / "bye.en.j2").write_text("Goodbye")

    french = typed("templates", "show", "bye", "--language", "fr")
    dialect = typed("templates", "show", "bye", "--language", "fr_CI")

    assert "Au revoir" in french.stdout
    assert "en, fr" in french.stdout
    assert french.stderr == ""
    assert "Au revoir" in dialect.stdout
    assert "no file for fr_CI" in dialect.stderr


def test_lines_of_an_included_file_are_named_with_it(folder: Path, typed: Typed) -> None:
    (folder / "_foot.j2").write_text("\nBye {{ name }}")
    (folder / "letter.j2").write_text("Hi\n{% include '_foot' %}")

    result = typed("templates", "show", "letter")

    assert "_foot.j2:2" in result.stdout


def test_a_folder_without_templates_is_a_sentence(home: Path, typed: Typed) -> None:
    none = typed("templates", "show", "parcel", "--folder", "nowhere")
    (home / "empty").mkdir()
    empty = typed("templates", "show", "parcel", "--folder", "empty")

    assert (none.exit_code, empty.exit_code) == (2, 2)
    assert "There is no folder nowhere" in none.stderr
    assert "holds no template" in empty.stderr


def test_a_file_that_is_not_jinja_is_a_sentence_with_its_line(folder: Path, typed: Typed) -> None:
    (folder / "broken.j2").write_text("Hi\n{% if %}")

    result = typed("templates", "show", "broken")

    assert result.exit_code == 2
    assert "templates/broken.j2:2" in result.stderr
