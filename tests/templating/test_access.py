"""What a template may read of the values it is given."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from itertools import count
from types import MappingProxyType, SimpleNamespace

import pytest
from pydantic import BaseModel, computed_field

from flashbot.templating.environment import run
from tests.templating.rendering import SECRET, compiled, failed, rendered


class Colour(Enum):
    RED = "red"


@dataclass
class Order:
    number: str
    note: str = "fragile"
    _token: str = SECRET
    tags: list[str] = field(default_factory=lambda: ["a", "b"])

    @property
    def title(self) -> str:
        return f"Order {self.number}"

    def cancel(self) -> str:
        raise AssertionError("a template called a method")


@dataclass(slots=True)
class Slotted:
    number: str = "S1"


class Model(BaseModel):
    number: str

    @computed_field
    def title(self) -> str:
        return f"Order {self.number}"


Point = namedtuple("Point", "x count")


@pytest.mark.parametrize(
    ("value", "source", "text"),
    [
        (
            Order("A1"),
            "{{ o.number }} {{ o.note }} {{ o.title }} {{ o['number'] }} {{ o.tags }}",
            "A1 fragile Order A1 A1 a, b",
        ),
        (Slotted(), "{{ o.number }}", "S1"),
        (Point(1, 2), "{{ o.x }} {{ o.count }} {{ o[1] }}", "1 2 2"),
        (SimpleNamespace(number=1), "{{ o.number }}", "1"),
        (MappingProxyType({"items": 3}), "{{ o.items }}", "3"),
        ({"items": [1], "keys": "k"}, "{{ o.items }} {{ o.keys }} {{ o.get('none', 'n') }}", "1 k n"),
        (Colour.RED, "{{ o.name }} {{ o.value }}", "RED red"),
        (
            datetime(2026, 1, 5, 9, tzinfo=UTC),
            "{{ o.year }} {{ o.strftime('%d/%m') }} {{ '{:%H:%M}'.format(o) }}",
            "2026 05/01 09:00",
        ),
    ],
)
def test_keys_and_fields_of_a_value_can_be_read(value: object, source: str, text: str) -> None:
    assert rendered(source, o=value) == text


def test_fields_of_a_model_can_be_read() -> None:
    assert rendered("{{ o.number }} {{ o.title }}", o=Model(number="M1")) == "M1 Order M1"
    assert failed("{{ o.model_dump() }}", o=Model(number="M1")).code == "render"


def test_a_field_that_is_not_there_is_missing() -> None:
    assert failed("{{ o.eta }}", o=Order("A1")).missing == "o.eta"
    assert failed("{{ o.eta }}", o="text").missing == "o.eta"


def test_an_iterator_is_refused_wherever_it_is() -> None:
    cases: dict[str, dict[str, object]] = {
        "{{ a }}": {"a": 1, "x": count()},
        "{{ 1 in o.x }}": {"o": {"x": count()}},
        "{{ o['x'] }}": {"o": {"x": count()}},
        "{{ o[0] }}": {"o": [count()]},
        "{{ o.number }}": {"o": Order(count())},  # type: ignore[arg-type]  # what a handler may get wrong
    }

    for source, values in cases.items():
        assert failed(source, **values).what.startswith("is given an iterator")


def test_a_set_is_sorted_before_it_is_written() -> None:
    for source in (
        "{% for a in x %}{{ a }}{% endfor %}",
        "{{ x | join }}",
        "{{ x | first }}",
        "{{ x | list }}",
        "{{ x }}",
    ):
        assert "a set, which has no order" in failed(source, x={"a", "b"}).what

    assert rendered("{{ x | sort | join }}{{ x | length }}{{ 'a' in x }}", x={"b", "a"}) == "ab2True"


def test_what_is_imported_writes_in_the_language_of_the_whole() -> None:
    others = {"macros": "{% macro price(x) %}{{ x | number }}{% endmacro %}", "part": "{{ 1234.5 | number }}"}
    template = compiled("{% import 'macros' as m %}{{ m.price(0.5) }}|{% include 'part' without context %}", **others)

    assert run(template, {"_language": "fr"}) == "0,5|1\u202f234,5"
