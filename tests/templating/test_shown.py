"""Samples as messages: holes where a value is missing, what is marked, and which comes first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flashbot.templating.catalogue import Catalogue
from flashbot.templating.shown import Shown, show, worst_first

Make = Callable[..., tuple[Shown, ...]]


@pytest.fixture
def shown(tmp_path: Path) -> Make:
    """The samples of one template."""

    def make(
        body: str, samples: str = "", *, file: str = "a.j2", more: str = "", language: str | None = None
    ) -> tuple[Shown, ...]:
        header = f"---\n{more}samples: {samples}\n---\n" if samples else ""
        (tmp_path / file).write_text(header + body, "utf-8")
        catalogue = Catalogue(tmp_path)
        return show(catalogue, catalogue.find(file.partition(".")[0]), language)

    return make


def holes(one: Shown) -> list[str]:
    return [one.text[start:end] for start, end in one.holes]


def test_a_sample_is_rendered_as_the_bot_would(shown: Make) -> None:
    (one,) = shown("Hi {{ name }}!", "{usual: {name: Awa}}")

    assert (one.text, one.holes, one.faults, one.title) == ("Hi Awa!", (), (), "usual")
    assert one.length == 7


def test_every_missing_value_is_a_hole_with_its_sentence(shown: Make) -> None:
    (one,) = shown("{{ a }}, {{ b }} and {{ contact.meta.city }}", "{gap: {b: 1}}", more="variables: [a, b]\n")

    assert one.text == "a, 1 and contact.meta.city"
    assert holes(one) == ["a", "contact.meta.city"]
    assert len(one.faults) == 2
    assert one.length == len(", 1 and ")
    assert one.marks == ("missing",)


def test_a_value_that_is_only_computed_with_gives_a_hole_where_it_is_used(shown: Make) -> None:
    (one,) = shown("Total {{ (price * 2) }}.", "{gap: {}}", more="variables: [price]\n")

    assert one.text.startswith("Total ")
    assert one.text.endswith(".")
    assert "price" in holes(one)[0]
    assert one.faults


def test_a_failing_loop_is_a_hole_and_the_rest_is_text(shown: Make) -> None:
    (one,) = shown("Hi\n{% for item in items %}{{ item.name }}{% endfor %}\nBye", "{gap: {items: [{}]}}")

    assert one.text.startswith("Hi\n")
    assert one.text.endswith("Bye")
    assert len(one.holes) == 1
    assert one.faults


def test_a_fallback_is_no_hole(shown: Make) -> None:
    (one,) = shown("Hi {{ name }}", "{gap: {name: null}}", more="fallbacks: {name: friend}\n")

    assert (one.text, one.holes, one.faults) == ("Hi friend", (), ())


def test_what_msgflash_fills_in_has_a_stand_in_that_is_named(shown: Make) -> None:
    named, unnamed = shown("Hi {{ contact.firstName }}", "{named: {contact: {name: Zoé Kouassi}}, unnamed: {}}")

    assert (named.text, unnamed.text) == ("Hi Zoé", "Hi Awa")
    assert unnamed.stand_ins == ("contact.firstName",)


def test_a_template_that_is_not_jinja_is_one_fault_for_all_samples(shown: Make) -> None:
    (one,) = shown("{% if %}", "{a: {x: 1}, b: {x: 2}}")

    assert one.text == ""
    assert "a.j2:4" in one.faults[0]
    assert one.marks == ("fails",)


def test_what_is_too_long_or_empty_says_so(shown: Make) -> None:
    long, limit, empty = shown("{{ x * n }}", "[{x: é, n: 4097}, {x: é, n: 4096}, {x: é, n: 0}]")

    assert "4,097 characters" in long.faults[0]
    assert long.marks == ("too long", "longest")
    assert limit.faults == ()
    assert "renders to nothing" in empty.faults[0]
    assert empty.title == "sample 3"


def test_emoji_and_direction_are_marked(shown: Make) -> None:
    plain, emoji, arabic = shown("{{ x }}", "{plain: {x: 3 & é}, emoji: {x: 🎉}, arabic: {x: '12, مرحبا'}}")

    assert (plain.marks, emoji.marks) == ((), ("emoji",))
    assert arabic.marks == ("longest", "right to left")
    assert arabic.direction == "rtl"


def test_a_template_without_samples_is_shown_as_it_is(shown: Make) -> None:
    (one,) = shown("Write STOP.")

    assert (one.text, one.title, one.faults) == ("Write STOP.", "no sample", ())


def test_a_medium_needs_no_text(shown: Make) -> None:
    (one,) = shown("", "{usual: {}}", more="type: image\nmedia: https://a.ci/b.jpg\n")

    assert (one.kind, one.media, one.text, one.faults) == ("image", "https://a.ci/b.jpg", "", ())


def test_the_worst_come_first_and_languages_of_a_sample_together() -> None:
    def made(sample: str, language: str, *, text: str = "x", faults: tuple[str, ...] = ()) -> Shown:
        return Shown("a", language, "a.j2", sample, 1, "text", None, text, faults=faults)

    found = worst_first(
        [
            made("usual", "en"),
            made("long", "fr", text="xx"),
            made("gap", "fr", faults=("It misses one.",)),
            made("usual", "fr"),
            made("gap", "en"),
        ]
    )

    assert [(one.sample, one.language) for one in found] == [
        ("gap", "en"), ("gap", "fr"), ("long", "fr"), ("usual", "en"), ("usual", "fr"),
    ]  # fmt: skip


def test_a_hole_that_a_filter_cannot_take_is_told_once_and_hides_no_other_value(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text(
        '---\nvariables: [order, totl]\nsamples: {usual: {order: A1}}\n---\n{{ order }}: {{ totl | money("XOF") }}'
    )
    catalogue = Catalogue(tmp_path)

    (shown,) = show(catalogue, catalogue.find("a"))

    assert [fault for fault in shown.faults if "totl" not in fault] == []
    assert len(shown.faults) == 1
    assert shown.text.startswith("A1: ")


def test_a_first_name_is_made_of_the_samples_name(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("---\nsamples: {usual: {contact: {name: Awa Diop}}}\n---\n{{ contact.firstName }}")
    catalogue = Catalogue(tmp_path)

    (shown,) = show(catalogue, catalogue.find("a"))

    assert (shown.text, shown.stand_ins) == ("Awa", ())
