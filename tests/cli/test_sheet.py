from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.cli.sheet import sheet
from flashbot.engine.sheets.cells import guarded, unguarded
from flashbot.engine.sheets.people import Person, join_tags, people
from flashbot.engine.sheets.records import open_records
from flashbot.errors import SettingsError

# What cannot be in a name at MsgFlash, or is trimmed on the way in.
LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufffd")
WORDS = st.text(LETTERS, min_size=1).map(str.strip).filter(bool)


@pytest.mark.parametrize("cell", ["=1+1", "+1+1", "-2", "@sum(a1)", "\t=1", " =1", "'=1", "+22507x"])
def test_what_a_spreadsheet_would_compute_is_guarded(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"
    assert unguarded(guarded(cell)) == cell


@pytest.mark.parametrize("cell", ["+2250700000001", "Awa", "", "'tis", "1-2", "O'Brien"])
def test_what_is_harmless_stays_as_it_is(cell: str) -> None:
    assert guarded(cell) == cell
    assert unguarded(cell) == cell


@given(st.text())
def test_the_guard_can_always_be_taken_off(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell


@given(
    name=WORDS,
    tags=st.lists(WORDS, unique=True),
    meta=st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.booleans()),
)
def test_what_is_exported_is_imported_the_same(
    tmp_path_factory: pytest.TempPathFactory, name: str, tags: list[str], meta: dict[str, object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.csv"

    with sheet(path, ("phone", "name", "tags", "meta")) as write:
        write(("+2250700000001", name, join_tags(tags), json.dumps(meta)))

    with open_records(str(path), pytest.fail) as records:
        found = list(people(records))
    assert found == [Person(2, 3, "+2250700000001", name, tuple(tags), meta)]


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("before")

    def interrupted() -> None:
        with sheet(path, ("a",)) as write:
            write(("1",))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_whole_file_replaces_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("before")

    with sheet(path, ("a", "b")) as write:
        write(("é", "=1"))

    assert path.read_bytes().decode() == "\ufeffa,b\r\né,'=1\r\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"), sheet(tmp_path / "no" / "out.csv", ("a",)):
        pass


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    with sheet(path, ("a",)) as write:
        write(("1",))

    assert path.is_fifo()
    assert os.read(reading, 100) == b"a\n1\n"
    os.close(reading)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    link, file = tmp_path / "out.csv", tmp_path / "real.csv"
    link.symlink_to(file)

    with sheet(link, ("a",)) as write:
        write(("1",))

    assert link.is_symlink()
    assert file.read_text(encoding="utf-8-sig") == "a\n1\n"
