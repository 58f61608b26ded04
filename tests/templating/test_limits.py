"""What a template may cost: every bomb ends at a limit that no clock decides about."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

import pytest
from jinja2 import TemplateSyntaxError

from flashbot.templating.environment import failure, run
from tests.templating.rendering import compiled, rendered

BOMBS = [
    "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "{% for a in range(9999) %}{% for b in range(9999) if false %}{% endfor %}{% endfor %}",
    "{% for a in range(99999999) %}{% endfor %}",
    "{{ range(10 ** 12) }}",
    "{% for a in range(9999) %}{{ 'x' * 99 }}{% endfor %}",
    "{% set x %}{% for a in range(9999) %}{{ text }}{% endfor %}{% endset %}",
    "{% set x %}{% for a in range(9999) %}" + "x" * 9999 + "{% endfor %}{% endset %}",
    "{% filter upper %}{% for a in range(9999) %}" + "x" * 9999 + "{% endfor %}{% endfilter %}",
    "{% macro m() %}{% for a in range(9999) %}" + "x" * 9999 + "{% endfor %}{% endmacro %}{{ m() | length }}",
    "{% set x = 'x' * 60000 %}{% for a in range(9999) %}{% set y = x ~ a %}{% endfor %}",
    "{% set x = 'xxxxxxxx' %}" + "{% set x = x ~ x %}" * 40,
    "{% set x = 'xxxxxxxx' %}" + "{% set x = x + x %}" * 40,
    "{% set x = [1, 2, 3] %}" + "{% set x = x + x %}" * 40,
    "{% set x = [1, 2, 3] %}" + "{% set x = [x, x] %}" * 40 + "{{ x == x }}",
    "{% set x = (1, 2) %}" + "{% set x = (x, x) %}" * 40 + "{{ {x: 1} }}",
    "{% set x = {'a': 1} %}" + "{% set x = {'a': x, 'b': x} %}" * 40 + "{{ x | tojson }}",
    "{% set x = [1] %}" + "{% set x = dict(a=x, b=x) %}" * 40,
    "{% set x = [1] %}" + "{% set x = [x, x] | list %}" * 40,
    "{% set x = 'xxxxxxxx' %}" + "{% set x = x | replace('x', 'xx') %}" * 40,
    "{% set x = 'xxxxxxxx' %}" + "{% set x = x.replace('x', 'xx') %}" * 40,
    "{% set x = 'xxxxxxxx' %}" + "{% set x = [x, x] | join %}" * 40,
    "{% set x = 'xxxxxxxx' %}" + "{% set x = ''.join([x, x]) %}" * 40,
    "{% set x = 'xxxxxxxx' %}" + "{% set x = '%s%s' % (x, x) %}" * 40,
    "{% set x = 'xxxxxxxx' %}" + "{% set x = '%(a)s%(a)s' % {'a': x} %}" * 40,
    "{% set x = 'xxxxxxxx' %}" + "{% set x = '{0}{0}'.format(x) %}" * 40,
    "{% set x = 99 %}" + "{% set x = x * x %}" * 40,
    "{{ 99 ** 99999999 }}",
    "{{ 9 ** (9 ** 9) }}",
    "{{ (0 - 2) ** 99999 }}",
    "{{ amount ** 99999999 }}",
    "{{ 'x' * 999999999 }}",
    "{{ 999999999 * 'x' }}",
    "{{ [1] * 999999999 }}",
    "{{ (1,) * 999999999 }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '%0999999999d' | format(1) }}",
    "{{ '%.999999999f' | format(1) }}",
    "{{ '%(a)999999999s' % {'a': 1} }}",
    "{{ '{:999999999}'.format(1) }}",
    "{{ '{:>999999999}'.format('x') }}",
    "{{ '{:.999999999f}'.format(1) }}",
    "{{ 'x' | center(999999999) }}",
    "{{ 'x'.center(999999999) }}",
    "{{ 'x'.ljust(999999999) }}",
    "{{ 'x'.rjust(999999999) }}",
    "{{ 'x'.zfill(999999999) }}",
    "{{ 'x\n' | indent(999999999) }}",
    "{{ ('\n' * 60000) | indent('x' * 60000, true, true) }}",
    "{{ ('x' * 60000) | wordwrap(1, wrapstring='x' * 60000) }}",
    "{{ ('x' * 60000) | replace('', 'x' * 60000) }}",
    "{{ ('x' * 60000).replace('x', 'xx') }}",
    "{{ ('x' * 60000) | list | length }}",
    "{{ ('x' * 60000) | urlencode | length }}{{ ('é' * 60000) | urlencode | length }}",
    "{{ [1] | batch(999999999, 'x') | list }}",
    "{{ [1] | slice(999999999) | list }}",
    "{{ range(9999) | map('center', 9999) | list | length }}",
    "{{ [[1] * 9999] * 9999 }}",
    "{{ 5 | round(0 - 999999999) }}",
    "{{ 5 | round(999999999) }}",
    "{{ 5 | round(999999999, 'ceil') }}",
    "{{ now.strftime('%999999999d') }}",
    "{{ now.strftime('%_999999999d') }}",
    "{{ '{:%999999999d}'.format(now) }}",
    "{{ ('f' * 60000) | int(base=16) }}",
    "{{ huge }}",
    "{{ hugeint }}",
    "{{ '%d' | format(huge) }}",
    "{{ huge | int }}",
    "{{ '{:f}'.format(huge) }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(25) }}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}",
    "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{% include 'main' %}",
    "{% include ['nowhere', 'main'] %}",
    "{% include 'main' ignore missing %}",
    "{% include 'main' without context %}",
    "{% import 'main' as m %}",
    "{% from 'main' import m with context %}",
    "{% extends 'main' %}",
    "{% for a in range(9999) %}{% include 'doubling' %}{% endfor %}",
    "{% include 'doubling' %}",
    "{% include 'ping' %}",
]


@pytest.mark.parametrize("source", BOMBS)
def test_a_bomb_is_ended_by_a_limit_and_not_by_the_clock(source: str) -> None:
    others = {
        "doubling": "{% include 'doubling' %}{% include 'doubling' %}",
        "ping": "{% include 'pong' %}",
        "pong": "{% extends 'ping' %}",
    }
    values: dict[str, object] = {
        "text": "x" * 60_000,
        "amount": Decimal(9),
        "now": datetime(2026, 1, 5, tzinfo=UTC),
        "huge": Decimal("1E+999999"),
        "hugeint": 1 << 99_999,
    }
    template = compiled(source, **others)

    with pytest.raises(Exception) as caught:
        run(template, values, clock=lambda: 0.0)

    told = failure(caught.value, template)
    assert told.code == "limit", str(told)
    assert told.file.startswith("templates/")


def test_time_is_bounded_by_the_clock_that_is_given() -> None:
    ticks = count()
    template = compiled("{% for a in range(9999) %}{% endfor %}")

    with pytest.raises(Exception, match="too long") as caught:
        run(template, {}, seconds=3.0, clock=lambda: float(next(ticks)))

    assert failure(caught.value, template).code == "limit"


def test_the_output_is_cut_off_at_the_line_that_writes_too_much() -> None:
    template = compiled("Hello\n{% for a in x %}\n{{ a }}\n{% endfor %}")
    said: list[str] = []

    with pytest.raises(Exception, match="writes more than 100 characters") as caught:
        run(template, {"x": ["y" * 30] * 9}, longest=100, said=said)

    assert failure(caught.value, template).line == 3
    assert "".join(said).startswith("Hello\n" + "y" * 30)


def test_steps_are_counted_across_files_and_not_across_renderings() -> None:
    template = compiled(
        "{% for a in range(60) %}{% include 'part' %}{% endfor %}", part="{% for a in [1] %}{% endfor %}"
    )

    assert run(template, {}, steps=200) == ""
    assert run(template, {}, steps=200) == ""
    with pytest.raises(Exception, match="too many steps"):
        run(template, {}, steps=150)


def test_depth_is_bounded_and_many_files_beside_each_other_are_not() -> None:
    others = {f"p{n}": f"{{% include 'p{n + 1}' %}}" for n in range(28)} | {"p28": "x", "child": "{% extends 'p27' %}"}

    assert rendered("{% include 'p0' %}", others) == "x"
    assert rendered("{% for a in range(200) %}{% include 'child' %}{% endfor %}", others) == "x" * 200


@pytest.mark.parametrize(
    "source",
    [
        "{{ " + "(" * 3000 + "x" + ")" * 3000 + " }}",
        "{{ " + "[" * 3000 + "]" * 3000 + " }}",
        "{{ " + "not " * 3000 + "x }}",
        "{{ " + "-" * 3000 + "1 }}",
        "{{ x" + ".a" * 3000 + " }}",
        "{{ x" + "[0]" * 3000 + " }}",
        "{{ x" + "|e" * 3000 + " }}",
        "{{ 1" + " + 1" * 3000 + " }}",
        "{{ 1" + " ** 1" * 3000 + " }}",
        "{{ 1" + " or 1" * 3000 + " }}",
        "{{ 1" + " if 1 else 1" * 3000 + " }}",
        "{{ x" + "()" * 3000 + " }}",
        "{% if x %}" * 3000 + "{% endif %}" * 3000,
        "{% if x %}" * 90 + "{% endif %}" * 90,
        "{% for x in y %}" * 15 + "{% endfor %}" * 15,
        "{% for x in y %}" * 3000 + "{% endfor %}" * 3000,
        "{% with %}" * 3000 + "{% endwith %}" * 3000,
        "{% filter upper %}" * 3000 + "{% endfilter %}" * 3000,
        "{% macro a() %}" * 3000 + "{% endmacro %}" * 3000,
        "{{ " + "9" * 9999 + " }}",
        "x" * 999_999,
    ],
    ids=lambda source: source[:16],
)
def test_a_source_that_is_too_deep_or_too_long_is_refused_while_loading(source: str) -> None:
    with pytest.raises(TemplateSyntaxError) as caught:
        compiled(source)

    assert caught.value.lineno >= 1
    assert caught.value.filename == "templates/main.j2"


def test_ordinary_nesting_is_fine() -> None:
    loops = "{% for x in y %}" * 8 + "{{ x }}" + "{% endfor %}" * 8
    ifs = "{% if y %}" * 20 + "x" + "{% endif %}" * 20
    elifs = "{% if n == 0 %}0" + "".join(f"{{% elif n == {n} %}}{n}" for n in range(1, 200)) + "{% endif %}"
    sums = "{{ " + " + ".join(["1"] * 40) + " }}"

    assert rendered(loops + ifs + elifs + sums, y=["a"], n=150) == "ax15040"
