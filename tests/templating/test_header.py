"""The header of a template: what it takes, and the line of everything that is wrong in it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from flashbot.templating.header import Header, read_header


def read(*lines: str) -> Header:
    header, _, faults = read_header("\n".join(["---", *lines, "---", "Hello"]), "a.j2", "a")
    assert faults == ()
    return header


def wrong(*lines: str) -> list[tuple[str, int, str]]:
    _, _, faults = read_header("\n".join(["---", *lines, "---", "Hello"]), "a.j2", "a")
    return [(fault.code, fault.line, fault.said) for fault in faults]


def test_a_file_without_a_header_declares_nothing() -> None:
    header, lines, faults = read_header("Hello {{ name }}\n---\n", "a.j2", "a")

    assert (header.present, header.declared, lines, faults) == (False, None, 0, ())


def test_every_key_is_read_with_its_line() -> None:
    header = read(
        "name: parcel.fr",
        "type: image",
        "media: https://shop.example/a.jpg",
        "language: fr-ci",
        "class: marketing",
        "variables: {number: str, total: money}",
        "samples:",
        "  usual: {number: A17}",
        "fallbacks: {number: unknown, contact.firstName: friend}",
        "sent_by: campaigns",
    )

    assert (header.name, header.kind, header.media) == ("parcel.fr", "image", "https://shop.example/a.jpg")
    assert (header.language, header.cls, header.sent_by) == ("fr_CI", "marketing", "campaigns")
    assert header.variables == {"number": "str", "total": "money"}
    assert header.fallbacks == {"number": "unknown", "contact.firstName": "friend"}
    assert header.lines["samples.usual.number"] == 9
    assert header.lines["fallbacks.contact.firstName"] == 10


def test_samples_and_fallbacks_declare_where_nothing_else_does() -> None:
    header = read("samples: {usual: {number: 1}, other: {eta: x}}", "fallbacks: {greeting: hi, contact.name: you}")

    assert header.declared == {"number", "eta", "greeting"}


@pytest.mark.parametrize(
    "lines",
    [
        ["samples:", "  usual:", "    code: X", "    contact:", "      firstName: Awa"],
        ["samples: {usual: {custom.code: X, contact.firstName: Awa}}"],
        ["samples:", "- custom: {code: X}", "  contact: {firstName: Awa}"],
        ["samples: {code: X, contact: {firstName: Awa}}"],
    ],
)
def test_samples_may_be_spelled_in_several_ways(lines: list[str]) -> None:
    (sample,) = read(*lines).samples

    assert sample.values == {"code": "X"}
    assert sample.contact == {"firstName": "Awa"}


def test_values_are_what_yaml_makes_of_them() -> None:
    (sample,) = read("samples: {usual: {day: 2026-12-01, n: 3, paid: no, things: [a, b], order: {id: 7}}}").samples

    assert sample.values == {
        "day": date(2026, 12, 1),
        "n": 3,
        "paid": False,
        "things": ["a", "b"],
        "order": {"id": 7},
    }


def test_other_words_for_a_key_are_understood() -> None:
    header = read("remote: promo", "media_url: https://a.example/b.png", "message_class: service", "lang: en")

    assert (header.name, header.media, header.cls, header.language) == (
        "promo",
        "https://a.example/b.png",
        "service",
        "en",
    )


@pytest.mark.parametrize(
    "lines",
    [
        ["message-class: Follow-up", "remoteName: promo", "Media Url: https://a.example/b.png", "Type: IMAGE"],
        ["Message class: follow_up", "remote: {name: promo}", "media: {url: 'https://a.example/b.png'}", "type: image"],
    ],
)
def test_capitals_dashes_and_blanks_in_a_key_are_understood(lines: list[str]) -> None:
    header = read(*lines)

    assert (header.name, header.media, header.cls, header.kind) == (
        "promo",
        "https://a.example/b.png",
        "follow_up",
        "image",
    )


@pytest.mark.parametrize("line", ["remote: {}", "remote: {{id: {}}}", "remote-id: {}"])
def test_what_is_stored_there_may_be_named_by_its_id(line: str) -> None:
    known = "6f9e1a52-0d3b-4a83-9c58-3f2b8a1c7d10"

    header = read(line.format(known))

    assert (header.id, header.name) == (known, None)
    assert header.lines["id"] == 2


def test_a_list_of_samples_may_give_each_its_name() -> None:
    header = read("sample values:", "- name: usual", "  values: {code: X}", "- {name: Awa, code: Y}")

    assert [(sample.name, sample.values) for sample in header.samples] == [
        ("usual", {"code": "X"}),
        ("2", {"name": "Awa", "code": "Y"}),
    ]
    assert header.lines["samples.usual.code"] == 4


def test_types_have_the_names_that_other_languages_give_them() -> None:
    header = read("variables: {a: string, b: Integer, c: boolean}")

    assert header.variables == {"a": "str", "b": "int", "c": "bool"}


def test_norwegian_is_a_language_and_no_falsehood() -> None:
    assert read("language: no").language == "no"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["type: text", "claas: reply"], ("header", 3, "did you mean class?")),
        (["type: text", "", "colour: red"], ("header", 4, "it takes name, id")),
        (["type: txt"], ("media", 2, "did you mean text?")),
        (["class: promo"], ("header", 2, "one of reply, service")),
        (["language: french"], ("language", 2, '"french" is no language')),
        (["type: text", "type: image"], ("header", 3, 'says "type" twice')),
        (["name: a", "remote: b"], ("header", 3, 'says "name" twice')),
        (["name: [a, b]"], ("header", 2, "must be one text")),
        (["samples:", "  usual: {a: 1", "type: text"], ("header", 4, "not YAML")),
        (["samples:", "\tusual: {a: 1}"], ("header", 3, "indented with a tab: use spaces")),
        (["type: {{ x }}"], ("header", 2, "must be one text")),
        (["just words"], ("header", 2, "lines such as key: value")),
        (["samples:", "  usual: 3"], None),
        (["samples:", "- 3"], ("header", 3, "must have lines such as")),
        (["samples: {usual: {contact: Awa}}"], ("header", 2, "contact in a sample")),
        (["variables: {number: strng}"], ("header", 2, 'type "strng" of number')),
        (["variables: [my-number]"], ("header", 2, "cannot be the name of a value")),
        (["fallbacks:", "  eta:"], ("header", 3, "fallback for eta")),
        (["samples: {usual: {day: 2026-13-45}}"], ("header", 2, "cannot be read")),
    ],
)
def test_what_is_wrong_is_told_with_its_line(lines: list[str], expected: Any) -> None:
    found = wrong(*lines)

    if expected is None:
        assert found == []
        return
    code, line, said = found[0]
    assert (code, line) == expected[:2]
    assert expected[2] in said


def test_a_header_without_an_end_is_told() -> None:
    _, _, (fault,) = read_header("---\nname: a\nHello", "a.j2", "a")

    assert (fault.code, fault.line) == ("header", 1)
    assert "no line --- that ends it" in fault.said
