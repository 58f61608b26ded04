from __future__ import annotations

import io
import re

import pytest

from flashbot.engine.sheets.people import Person, Refused, check_country, contact_ids, numbers, people, split_tags
from flashbot.engine.sheets.records import Records
from flashbot.errors import SettingsError


def _records(text: str) -> Records:
    return Records(io.BytesIO(text.encode()), lambda _: None)


def _people(text: str, country: str | None = None) -> list[Person | Refused]:
    return list(people(_records(text), country))


@pytest.mark.parametrize(
    "header",
    [
        "phone,name,tags",
        "Téléphone;NOM;Étiquettes",
        "Numéro de téléphone\tNom complet\tTags",
        " Mobile , Full Name,Labels",
    ],
)
def test_columns_are_known_by_their_usual_names(header: str) -> None:
    separator = next(sign for sign in "\t;," if sign in header)
    line = separator.join(["+225 07 00 00 00 01", "Awa Koné", '"vip;new"'])

    assert _people(f"{header}\n{line}\n") == [Person(2, 3, "+2250700000001", "Awa Koné", ("vip", "new"))]


def test_first_and_last_name_become_one() -> None:
    found = _people("Nom;Prénom;Tel\nKoné;Awa;+2250700000001\n;Yao;+2250700000002\n")

    assert [one.name for one in found if isinstance(one, Person)] == ["Awa Koné", "Yao"]


def test_other_columns_are_kept_as_meta_and_those_of_an_export_are_not() -> None:
    found = _people(
        'phone,City,meta,contact_id,created_at,Empty\n+2250700000001,Abidjan,"{""age"": 3}",c1,2026-01-01,\n'
    )

    assert found == [Person(2, 3, "+2250700000001", meta={"age": 3, "City": "Abidjan"})]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "no phone number"),
        ("12", "no plus and country code"),
        ("0700000001", "no plus and country code"),
        ("+225070000", "too short"),
        ("+22507000000010000", "too long"),
        ("+999700000001", "country code that does not exist"),
        ("2.25E+12", "took the phone for a figure"),
        ("2250700000001.0", "took the phone for a figure"),
        ("call me", "more than digits"),
        ("+1 2530000", "too short"),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_a_reason_and_without_itself(cell: str, reason: str) -> None:
    found = _people(f"name,phone\nAwa,{cell}\n")

    assert isinstance(found[0], Refused)
    assert found[0].line == 2
    assert reason in found[0].reason
    assert not re.search(r"\d{4}", found[0].reason)


@pytest.mark.parametrize(
    "cell", ["0700000001", "00225 0700000001", "2250700000001", "+225 07.00.00.00.01", "'0700000001"]
)
def test_national_numbers_are_read_with_a_country(cell: str) -> None:
    assert _people(f"phone\n{cell}\n", "CI") == [Person(2, 3, "+2250700000001")]


def test_marks_that_nobody_sees_do_not_spoil_a_number() -> None:
    assert _people("phone\n\u202a+2250700000001\u202c\n") == [Person(2, 3, "+2250700000001")]


def test_a_number_written_twice_is_taken_once() -> None:
    found = _people("phone\n+2250700000001\n+2250700000002\n+225 0700000001\n")

    assert [one.line for one in found if isinstance(one, Person)] == [2, 3]
    assert found[2] == Refused(4, 5, "the same number as line 2")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("+2250700000001,a,{},x", "4 cells, where the first line names 3 columns"),
        ('+2250700000001,"a\nb",{}', "a line break in the name: a quotation mark may be missing"),
        ("+2250700000001,a,[]", "the column meta holds no JSON object"),
        ("+2250700000001,\ufffd,{}", "letters that are neither UTF-8 nor Windows-1252"),
    ],
)
def test_a_line_that_does_not_fit_its_columns_is_refused(line: str, reason: str) -> None:
    found = _people(f"phone,name,meta\n{line}\n")

    assert [one.reason for one in found if isinstance(one, Refused)] == [reason]


@pytest.mark.parametrize("text", ["", "name,city\nAwa,X\n", "phone,téléphone\n1,2\n", '"x"y,phone\n'])
def test_a_first_line_that_names_no_phone_is_refused_before_anything_is_done(text: str) -> None:
    with pytest.raises(SettingsError):
        people(_records(text))


def test_lone_numbers_need_no_header() -> None:
    found = list(numbers(_records("+2250700000001\n+2250700000002\nnobody\n")))

    assert [one.phone for one in found if isinstance(one, Person)] == ["+2250700000001", "+2250700000002"]
    assert isinstance(found[2], Refused)


def test_numbers_are_taken_from_the_phone_column() -> None:
    found = list(numbers(_records("name;Téléphone\nAwa;+2250700000001\nYao\n")))

    assert [one.phone for one in found if isinstance(one, Person)] == ["+2250700000001"]
    assert found[1] == Refused(3, 4, "no phone number")


@pytest.mark.parametrize("text", ["", "name,city\nAwa,X\n"])
def test_a_file_without_numbers_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        list(numbers(_records(text)))


def test_contact_ids_come_alone_or_from_an_export() -> None:
    assert list(contact_ids(_records("c1\n\nc2\n"))) == ["c1", "c2"]
    assert list(contact_ids(_records("phone,contact_id\n+2250700000001,c1\n"))) == ["c1"]


@pytest.mark.parametrize("text", ["", "phone,name\n1,2\n", "phone,contact_id\n+2250700000001,\n"])
def test_a_file_without_contact_ids_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        list(contact_ids(_records(text)))


def test_a_tag_may_hold_the_sign_between_tags() -> None:
    assert split_tags(r"a\;b; c ;;a\\;c") == ("a;b", "c", "a\\")


def test_a_country_is_checked_when_it_is_typed() -> None:
    assert check_country("ci") == "CI"

    with pytest.raises(SettingsError, match="--country Abidjan"):
        check_country("Abidjan")
