from __future__ import annotations

import pytest

from flashbot.templating.markup import Span, lines_of


def plain(text: str) -> Span:
    return Span(text)


@pytest.mark.parametrize(
    ("sign", "style"), [("*", "bold"), ("_", "italic"), ("~", "strike"), ("```", "mono"), ("`", "mono")]
)
def test_each_sign_gives_its_look_and_vanishes(sign: str, style: str) -> None:
    (line,) = lines_of(f"a {sign}b c{sign} d")

    assert line.spans == (plain("a "), Span("b c", frozenset({style})), plain(" d"))  # type: ignore[arg-type]  # one of them


@pytest.mark.parametrize("text", ["2 * 3 * 4", "snake_case_name", "a*b*c", "* ", "**", "*a", "_ a_", "a ~ b"])
def test_signs_that_mark_nothing_stay(text: str) -> None:
    (line,) = lines_of(text)

    assert line.text == text
    assert all(not span.styles & {"bold", "italic", "strike"} for span in line.spans)


def test_looks_lie_within_each_other() -> None:
    (line,) = lines_of("*a _b_*")

    assert line.spans == (Span("a ", frozenset({"bold"})), Span("b", frozenset({"bold", "italic"})))


def test_a_look_ends_with_its_line_except_in_a_block_of_code() -> None:
    opened, closed = lines_of("*a\nb*")
    mono, more = lines_of("```c\n*d*```")

    assert (opened.text, closed.text) == ("*a", "b*")
    assert mono.spans == (Span("c", frozenset({"mono"})),)
    assert more.spans == (Span("*d*", frozenset({"mono"})),)


def test_quotes_and_lists_are_known_by_their_line() -> None:
    found = lines_of("> said\n- one\n* *two*\n12. three\nplain")

    assert [(line.kind, line.mark, line.text) for line in found] == [
        ("quote", "", "said"),
        ("bullet", "•", "one"),
        ("bullet", "•", "two"),
        ("number", "12.", "three"),
        ("plain", "", "plain"),
    ]


def test_a_link_is_found_without_the_full_stop_and_its_underscores_are_no_italics() -> None:
    (line,) = lines_of("See https://a.ci/x_y_z?b=1, please.")

    assert line.spans == (plain("See "), Span("https://a.ci/x_y_z?b=1", frozenset({"link"})), plain(", please."))


def test_a_hole_is_opaque_and_can_be_bold() -> None:
    (line,) = lines_of("*contact.first_name_* !", [(1, 20)])

    assert line.spans == (Span("contact.first_name_", frozenset({"bold", "hole"})), plain(" !"))


def test_empty_lines_at_the_end_are_not_shown() -> None:
    found = lines_of("a\n\nb\n \n")

    assert [line.text for line in found] == ["a", "", "b"]
    assert lines_of("") == ()
