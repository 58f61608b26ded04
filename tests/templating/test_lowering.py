"""Lowering: any Jinja becomes placeholders that MsgFlash knows, and values to hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from flashbot.errors import TemplateError
from flashbot.templating.catalogue import Catalogue

if TYPE_CHECKING:
    from pathlib import Path

    from flashbot.templating.lowering import Filled, Lowered


class Desk:
    """Writes templates and lowers them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def lower(self, text: str, **others: str) -> Lowered:
        return self.catalogue(text, others).lower(self.made.find("a"))

    def fill(self, text: str, values: dict[str, Any] | None = None, **others: str) -> Filled:
        return self.catalogue(text, others).fill(self.made.find("a"), values or {})

    def catalogue(self, text: str, others: dict[str, str]) -> Catalogue:
        for name, body in {"a": text, **others}.items():
            (self.folder / f"{name}.j2").write_text(body, "utf-8")
        self.made = Catalogue(self.folder)
        return self.made


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("jinja", "body"),
    [
        ("Hello {{ contact.firstName }}!", "Hello {{contact.firstName}}!"),
        ("{{ number }} {{custom.number}}", "{{custom.number}} {{custom.number}}"),
        ("{{ contact['meta'].city }}", "{{contact.meta.city}}"),
        ("{{ price | round }}", "{{custom.price_round}}"),
        ("{{ order.number }}", "{{custom.order_number}}"),
        ("{{ custom.order.number }}", "{{custom.order_number}}"),
        ("{% if late %}Sorry{% endif %} bye", "{{custom.if_late}} bye"),
        ("{% for item in items %}{{ item }},{% endfor %}", "{{custom.for_items}}"),
        ("{{ 'a' }}{# nothing #} b", "a b"),
        ("{{ a ~ b }}", "{{custom.a_b}}"),
        ("{{ x | upper }} {{ x | upper }} {{ x | lower }}", "{{custom.x_upper}} {{custom.x_upper}} {{custom.x_lower}}"),
        ("{% set n = 1 %}{{ n }} {{ m }}", "{{custom.n}} {{custom.m}}"),
        ("{% include '_stop' %} x", "STOP x"),
        ("{% include '_hello' %} x", "{{custom.include_hello}} x"),
    ],
)
def test_what_becomes_of_jinja(desk: Desk, jinja: str, body: str) -> None:
    lowered = desk.lower(jinja, _stop="STOP", _hello="Hi {{ contact.name }}")

    assert lowered.body == body


def test_a_computed_variable_takes_no_name_that_the_template_uses(desk: Desk) -> None:
    filled = desk.fill("{{ x | upper }} {{ x_upper }}", {"x": "a", "x_upper": "b"})

    assert filled.text == "A b"
    assert filled.variables == {"x_upper_2": "A", "x_upper": "b"}


@pytest.mark.parametrize(
    "jinja",
    [
        "{% raw %}{{ x }}{% endraw %}",
        "{{ '{{' }}{{ number }}{{ '}}' }}",
        "{{ '{' }}{{ number }}{{ '}' }}",
        "{% raw %}{{% endraw %}",
        "{% raw %}}}{% endraw %}{{ number }}",
        "{{ '{' }}{{ '{' }}",
        "{% raw %}a { b } c{% endraw %}{{ number }}",
    ],
)
def test_no_brace_of_the_text_can_be_taken_for_a_placeholder(desk: Desk, jinja: str) -> None:
    lowered = desk.lower(jinja)
    filled = desk.fill(jinja, {"number": "}7{"})

    written = lowered.body
    for path in lowered.paths:
        written = written.replace(f"{{{{{path}}}}}", "")
    assert "{{" not in written
    assert "}}" not in written
    assert filled.text == desk.made.environment.from_string(jinja).render(number="}7{")


def test_the_text_is_what_jinja_writes_and_the_lines_are_the_files(desk: Desk) -> None:
    jinja = "---\nsamples: {n: 1}\n---\nOne {{ n }}\n{% if n %}\nTwo\n{% endif %}\nThree {{ n }}\n"

    filled = desk.fill(jinja, {"n": 5})

    assert filled.text == "One 5\nTwo\nThree 5"
    assert [filled.line_at(filled.text.index(word)) for word in ("One", "5", "Two", "Three")] == [4, 4, 5, 8]


def test_what_is_set_holds_for_what_follows(desk: Desk) -> None:
    jinja = "{% set total = price * 2 %}{% macro bold(x) %}*{{ x }}*{% endmacro %}Sum {{ bold(total) }}, {{ total }}"

    filled = desk.fill(jinja, {"price": 4})

    assert filled.text == "Sum *8*, 8"
    assert set(filled.variables.values()) == {"*8*", "8"}


def test_a_template_that_extends_another_is_one_variable(desk: Desk) -> None:
    filled = desk.fill(
        "{% extends '_base' %}{% block b %}{{ x }}{% endblock %}", {"x": 1}, _base="<{% block b %}{% endblock %}>"
    )

    assert filled.text == "<1>"
    assert list(filled.variables.values()) == ["<1>"]


def test_only_text_is_handed_over(desk: Desk) -> None:
    filled = desk.fill("{{ a }} {{ b }} {{ c }}", {"a": 5, "b": 0.5, "c": "x"})

    assert filled.variables == {"a": "5", "b": "0.5", "c": "x"}


def test_paths_of_msgflash_are_not_handed_over(desk: Desk) -> None:
    filled = desk.fill("{{ contact.name }} {{ code }}", {"contact": {"name": "Awa"}, "code": "X"})

    assert filled.text == "Awa X"
    assert filled.variables == {"code": "X"}


@pytest.mark.parametrize("value", [None, "", "  ", ...])
def test_a_fallback_stands_in_for_what_is_missing(desk: Desk, value: object) -> None:
    header = "---\nfallbacks: {eta: soon, contact.firstName: friend}\nsamples: {usual: {eta: x}}\n---\n"
    values = {} if value is ... else {"eta": value, "contact": {"firstName": value}}

    filled = desk.fill(f"{header}{{{{ contact.firstName }}}}: {{{{ eta }}}}", values)

    assert filled.text == "friend: soon"
    assert filled.variables == {"eta": "soon"}


def test_a_missing_value_names_the_line_of_the_piece(desk: Desk) -> None:
    with pytest.raises(TemplateError, match=r"needs a value for eta \(.*a\.j2:3\)"):
        desk.fill("{{ number }}\n\n{{ eta }}", {"number": 1})


def test_what_is_read_from_outside_is_known_with_its_line(desk: Desk) -> None:
    jinja = (
        "{{ number }}\n{% for line in order.lines %}{{ line.name }}{{ loop.index }}{{ contact.name }}{% endfor %}\n"
        "{% set x = eta %}{{ x }}\n{% include '_foot' %}"
    )

    reads = desk.lower(jinja, _foot="\n{{ sender }}").reads

    assert [(read.path, read.line) for read in reads] == [
        ("number", 1),
        ("order.lines", 2),
        ("contact.name", 2),
        ("eta", 3),
        ("sender", 2),
    ]


def test_lowering_the_same_twice_gives_the_same(desk: Desk) -> None:
    jinja = "{{ a | upper }}{% if b %}x{% endif %}{% if b %}x{% endif %}{{ a | upper }}"

    assert (
        desk.lower(jinja).body
        == desk.lower(jinja).body
        == "{{custom.a_upper}}{{custom.if_b}}{{custom.if_b_2}}{{custom.a_upper}}"
    )
