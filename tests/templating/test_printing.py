"""What a value looks like in a message, and what has no form for a person."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from types import SimpleNamespace
from uuid import UUID

import pytest
from jinja2 import TemplateSyntaxError
from markupsafe import Markup

from flashbot.templating.environment import MARKUP_FILTERS
from tests.templating.rendering import compiled, failed, rendered


class Colour(Enum):
    RED = "red"


class Size(StrEnum):
    BIG = "big"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("é & <b>", "é & <b>"),
        (Markup("<b>"), "<b>"),
        (7, "7"),
        (2.5, "2.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("15000.50"), "15000.50"),
        (date(2026, 1, 5), "2026-01-05"),
        (time(9, 30), "09:30:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Colour.RED, "red"),
        (Size.BIG, "big"),
        (["a", 1, Decimal("2.0")], "a, 1, 2.0"),
        (("a", "b"), "a, b"),
        ([], ""),
    ],
)
def test_a_value_is_printed_as_a_person_reads_it(value: object, text: str) -> None:
    assert rendered("{{ x }}", x=value) == text


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1},
        [["a"]],
        [{"a": 1}],
        {"a", "b"},
        b"abc",
        len,
        object(),
        SimpleNamespace(a=1),
        timedelta(days=1),
        float("nan"),
        Decimal("Infinity"),
    ],
)
def test_what_has_no_form_for_a_person_is_refused(value: object) -> None:
    told = failed("\n{{ x }}", x=value)

    assert "would print" in told.what
    assert (told.file, told.line) == ("templates/main.j2", 2)


@pytest.mark.parametrize(
    "source",
    [
        "{{ x }}",
        "{{ x | upper }}",
        "{{ 'a' ~ x }}",
        "{{ x + 1 }}",
        "{{ -x }}",
        "{{ x if true else 1 }}",
        "{% for one in x %}{% endfor %}",
        "{{ x[1:] }}",
        "{{ x.upper() }}",
    ],
)
def test_none_is_missing_wherever_a_value_is_needed(source: str) -> None:
    assert failed(source, x=None).missing == "x"


def test_none_is_missing_where_it_has_no_name_too() -> None:
    assert failed("{{ ['a', none] }}").missing == ""
    assert failed("{{ ['a', x] | join }}", x=None).missing == ""
    assert failed("{{ '%s' | format(x) }}", x=None).missing == ""
    assert failed("{{ 1 + (none or none) }}").missing == ""
    assert failed("{{ [none] | map('upper') | join }}").missing == ""


def test_none_may_be_asked_about_and_replaced() -> None:
    source = (
        "{{ x | default('a') }}{{ x or 'b' }}{% if x %}c{% endif %}{{ 'd' if x is none else 'e' }}{{ x is defined }}"
    )

    assert rendered(source, x=None) == "abdFalse"


def test_what_filters_give_piece_by_piece_is_a_list() -> None:
    assert rendered("{{ x | map('upper') }}", x=["a", "b"]) == "A, B"
    assert rendered("{{ x | select('gt', 1) | length }}", x=[1, 2, 3]) == "2"


def test_nothing_is_escaped_even_where_markup_is_made() -> None:
    assert rendered("{{ ('<b>' | safe) ~ x }}{{ ('<i>' | safe) + x }}", x="<é>") == "<b><é><i><é>"
    assert rendered("{{ x + '<' }}", x=Markup("&")) == "&<"
    with pytest.raises(TemplateSyntaxError, match="autoescape"):
        compiled("{% autoescape true %}{{ x }}{% endautoescape %}")


def test_filters_of_markup_can_be_parsed() -> None:
    for name in MARKUP_FILTERS:
        compiled(f"{{{{ x | {name} }}}}")

    assert rendered("{{ x | e }}", x="<") == "&lt;"
    assert "pprint" in failed("{{ x | pprint }}", x=[1]).what
