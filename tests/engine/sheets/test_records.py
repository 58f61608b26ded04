from __future__ import annotations

import io

import pytest

from flashbot.engine.sheets.records import Broken, Record, Records
from flashbot.errors import SettingsError


def _read(content: bytes) -> tuple[list[Record | Broken], list[str]]:
    told: list[str] = []
    return list(Records(io.BytesIO(content), told.append)), told


def _cells(content: bytes) -> list[tuple[str, ...]]:
    return [one.cells for one in _read(content)[0] if isinstance(one, Record)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found_in_the_first_line(separator: str) -> None:
    content = f'a{separator}"b,;"{separator}c\n1{separator}2{separator}3\n'.encode()

    assert _cells(content) == [("a", "b,;", "c"), ("1", "2", "3")]


def test_the_separator_may_be_named_above_the_header() -> None:
    records, _ = _read(b"sep=|\na|b\n1|2\n")

    assert records == [Record(2, 3, ("a", "b")), Record(3, 4, ("1", "2"))]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_kind_of_line_end_is_one(end: bytes) -> None:
    records, _ = _read(end.join([b"a,b", b"1,2", b"3,4"]))

    assert [record.line for record in records] == [1, 2, 3]
    assert _cells(end.join([b"a,b", b"1,2"])) == [("a", "b"), ("1", "2")]


def test_a_line_end_that_two_reads_share_is_one() -> None:
    class Slow(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            return self.read(4)

    records = list(Records(Slow(b"a,b\r\n1,2\r\n"), lambda _: None))

    assert [(record.line, record.after) for record in records] == [(1, 2), (2, 3)]


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert _cells("phone,nom\n".encode("utf-8-sig")) == [("phone", "nom")]


def test_lines_that_are_not_utf8_are_read_as_windows_and_that_is_said_once() -> None:
    records, told = _read("phone,name\n1,Awa\n2,Koné\n3,Aïcha\n".encode("cp1252"))

    assert [record.cells[1] for record in records if isinstance(record, Record)] == ["name", "Awa", "Koné", "Aïcha"]
    assert told == ["Line 3 is not UTF-8: it is read as Windows-1252; look whether accents are right."]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    records, _ = _read(b'a,b\n\n1,"two\nlines"\n ,\n3,4\n')

    assert [(record.line, record.after) for record in records] == [(1, 2), (3, 5), (6, 7)]


def test_a_quotation_mark_inside_a_quoted_cell_costs_that_line_only() -> None:
    records, _ = _read(b'a,b\n1,"x"y\n3,4\n')

    assert records[1] == Broken(2, 3, 'a quotation mark stands inside a quoted cell: write it twice ("")')
    assert records[2] == Record(3, 4, ("3", "4"))


def test_a_quotation_mark_that_is_never_closed_says_how_much_it_swallowed() -> None:
    records, _ = _read(b'a,b\n1,"x\n3,4\n5,6\n')

    assert records[1:] == [Broken(2, 5, "a quotation mark is never closed, so the lines up to 4 were not read")]


def test_a_file_is_read_as_it_is_asked_for() -> None:
    class Endless(io.RawIOBase):
        asked = 0

        def read1(self, size: int) -> bytes:
            self.asked += 1
            return b"a,b\n" * 1000

    file = Endless()
    records = Records(file, lambda _: None)  # type: ignore[arg-type]  # only read1 is used

    for _ in range(1500):
        next(records)

    assert file.asked == 2


@pytest.mark.parametrize("content", ["phone,name\n".encode("utf-16"), b"x" * 2_000_000])
def test_what_is_no_csv_is_refused_whole(content: bytes) -> None:
    with pytest.raises(SettingsError):
        _read(content)


def test_an_empty_file_has_no_records() -> None:
    assert _read(b"") == ([], [])


@pytest.mark.parametrize("beginning", [b"PK\x03\x04\x14\x00", b"\xd0\xcf\x11\xe0\xa1\xb1"])
def test_a_spreadsheets_own_file_is_named_as_one(beginning: bytes) -> None:
    with pytest.raises(SettingsError, match="save it as CSV UTF-8"):
        _read(beginning + b"\x00\x01\n" * 10)
