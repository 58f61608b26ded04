"""Every known way out of a Jinja sandbox, tried: none leads anywhere, and no failure quotes a value."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from jinja2 import TemplateSyntaxError

from flashbot.templating.environment import make_environment, run
from tests.templating.rendering import SECRET, compiled, failed


class Meddler:
    """Everything about it is forbidden."""

    def __init__(self) -> None:
        self.public = "public"
        self._private = SECRET

    def method(self) -> str:
        raise AssertionError("a template called a method")

    @classmethod
    def make(cls) -> str:
        raise AssertionError("a template called a class method")

    def __call__(self) -> str:
        raise AssertionError("a template called an object")


FORBIDDEN = [
    # the way up to object, and down to everything
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ [].__class__.__base__ }}",
    "{{ ().__class__.__bases__[0] }}",
    "{{ {}.__class__ }}",
    "{{ (1).__class__ }}",
    "{{ o.__class__ }}",
    "{{ o.__dict__ }}",
    "{{ o._private }}",
    "{{ o['_private'] }}",
    "{{ o['__class__'] }}",
    "{{ o.__init__.__globals__ }}",
    "{{ o.method.__func__.__globals__ }}",
    "{{ f.__globals__ }}",
    "{{ f.__code__ }}",
    "{{ f.func_globals }}",
    # globals of Jinja
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ range.__class__ }}",
    "{{ range._does }}",
    "{{ range._of }}",
    "{{ dict.__base__ }}",
    "{{ dict.fromkeys(['a']) }}",
    "{{ dict.mro() }}",
    "{{ ''.join._of }}",
    "{{ ''.join.__self__ }}",
    "{{ (namespace(a=1))._Namespace__attrs }}",
    "{{ (namespace(a=1)).__class__ }}",
    "{% set c = cycler('a') %}{{ c.items }}",
    "{% set c = cycler('a') %}{{ c.next.__func__ }}",
    "{% macro m() %}{% endmacro %}{{ m._func }}",
    "{% macro m() %}{% endmacro %}{{ m._environment }}",
    "{% macro m() %}{% endmacro %}{{ m.name }}",
    "{% macro m() %}{% endmacro %}{{ m.__call__.__globals__ }}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in [1] %}{{ loop._iterable }}{% endfor %}",
    "{% for x in [1] %}{{ loop.cycle.__func__ }}{% endfor %}",
    "{% block b %}{{ super._stack }}{% endblock %}",
    "{% import 'part' as p %}{{ p._body_stream }}{{ p.__dict__ }}",
    "{% import 'part' as p %}{{ p.__body_stream__ }}",
    "{{ context }}{{ environment }}{{ request }}{{ config }}{{ get_flashed_messages }}",
    "{{ lipsum() }}",
    "{{ lipsum.__globals__ }}",
    # str.format (CVE-2016-10745, CVE-2019-10906, CVE-2024-56326, CVE-2025-27516)
    "{{ '{0.__class__}'.format(o) }}",
    "{{ '{0.__class__.__mro__}'.format(1) }}",
    "{{ '{0[0]}'.format([1]) }}",
    "{{ '{x.__class__}'.format(x=o) }}",
    "{{ '{!r}'.format('a') }}",
    "{{ '{!a}'.format('a') }}",
    "{{ '{0.public}'.format(o) }}",
    "{{ '{:{}}'.format(1, 2) }}",
    "{{ '{x.__class__}'.format_map({'x': o}) }}",
    "{{ ''.format_map }}",
    "{{ ('{0.__class__}' | attr('format'))(o) }}",
    "{{ ('{x.__class__}' | attr('format_map'))({'x': o}) }}",
    "{{ ('{0.__class__}' | safe).format(o) }}",
    "{{ ['{0.__class__}'.format] | map('call', o) | list }}",
    "{% set f = '{0.__class__}'.format %}{{ f(o) }}",
    "{% set f = {'f': '{0.__class__}'.format} %}{{ f.f(o) }}",
    "{{ ['{0.__class__}'] | map('format', o) | first }}",
    "{{ ['%s'] | map('format', o) | first }}",
    "{{ '%s' % o }}",
    "{{ '%r' % 'a' }}",
    "{{ '%a' % 'a' }}",
    "{{ '%(a)r' % {'a': 1} }}",
    "{{ '%s' | format(f) }}",
    "{{ '%r' | format(o) }}",
    # attributes by way of filters
    "{{ o | attr('__class__') }}",
    "{{ o | attr('_private') }}",
    "{{ o | attr('method') }}",
    "{{ '' | attr('__' ~ 'class' ~ '__') }}",
    "{{ '' | attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ [o] | map(attribute='__class__') | list }}",
    "{{ [o] | map(attribute='public.__class__') | list }}",
    "{{ [o] | map('attr', '__class__') | list }}",
    "{{ [o] | sort(attribute='__class__') }}",
    "{{ [o] | groupby('__class__') }}",
    "{{ [o] | groupby(attribute='_private') }}",
    "{{ [o, o] | unique(attribute='__class__') | list }}",
    "{{ [o] | sum(attribute='__class__') }}",
    "{{ [o] | max(attribute='__class__') }}",
    "{{ [o] | min(attribute='_private') }}",
    "{{ [o] | join(attribute='_private') }}",
    "{{ [o] | selectattr('__class__') | list }}",
    "{{ [o] | rejectattr('_private') | list }}",
    "{{ [o] | selectattr('_private', 'eq', 'a') | list }}",
    # methods that are called
    "{{ o.method() }}",
    "{{ o['method']() }}",
    "{{ (o | attr('method'))() }}",
    "{{ o.make() }}",
    "{{ o() }}",
    "{{ f() }}",
    "{{ {'f': f}.f() }}",
    "{{ path.read_text() }}",
    "{{ path.unlink() }}",
    "{{ now.now() }}",
    "{{ now.utcnow() }}",
    "{{ now.today() }}",
    "{{ now.astimezone() }}",
    "{{ now.__reduce__() }}",
    "{{ ''.encode() }}",
    "{{ ''.maketrans('a', 'b') }}",
    "{{ 'a'.translate({}) }}",
    "{{ (1).to_bytes(8, 'big') }}",
    "{{ (1).from_bytes('a') }}",
    "{{ (1.0).fromhex('1') }}",
    "{{ amount.as_integer_ratio() }}",
    "{{ module.path }}",
    "{{ module.sys }}",
    # what changes a value
    "{{ things.append(1) }}",
    "{{ things.clear() }}",
    "{{ things.pop() }}",
    "{{ things.sort() }}",
    "{{ things.__setitem__(0, 1) }}",
    "{{ {'a': 1}.update(a=2) }}",
    "{{ {'a': 1}.pop('a') }}",
    "{{ {'a': 1}.setdefault('b', 1) }}",
    "{% set o.public = 1 %}",
    "{% set things.a = 1 %}",
    # filters and tests that are not there
    "{{ [1] | map('random') | list }}",
    "{{ [1] | map(' step') | list }}",
    "{{ [1] | map(' a step') | list }}",
    "{{ [1] | map(' held') | list }}",
    "{{ [1] | select('nothing') | list }}",
]


@pytest.mark.parametrize("source", FORBIDDEN)
def test_a_template_gets_nowhere_from_what_it_is_given(source: str) -> None:
    things = [1]
    values = {
        "o": Meddler(),
        "f": lambda: "called",
        "path": Path("/etc/passwd"),
        "now": datetime(2026, 1, 5, tzinfo=UTC),
        "amount": Decimal(1),
        "module": os,
        "things": things,
    }

    told = failed(source, {"part": "x"}, **values)

    assert SECRET not in str(told)
    assert things == [1]


@pytest.mark.parametrize(
    "source",
    [
        "{{ self }}",
        "{{ self._TemplateReference__context }}",
        "{{ self.__init__.__globals__ }}",
        "{% block b %}{{ self.b() }}{% endblock %}",
        "{{ _language }}",
        "{{ __builtins__ }}",
        "{{ _ }}",
        "{{ x | random }}",
        "{{ x | nothing }}",
        "{{ x is nothing }}",
    ],
)
def test_some_words_are_refused_while_loading(source: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        compiled(source)


def test_a_name_of_the_template_cannot_break_out_of_its_code() -> None:
    name = "{__import__('os')}'\"\n"
    environment = make_environment(
        lambda asked: ("{% from 'part' import a %}{{ a }}", "x.j2", None) if asked == name else ("", "y", None)
    )

    with pytest.raises(Exception, match="does not export"):
        run(environment.get_template(name), {})


def test_no_failure_quotes_a_value() -> None:
    sources = [
        "{{ [1].index(x) }}",
        "{{ {}[x].a }}",
        "{{ {x: 1}.a }}",
        "{{ o[x] }}",
        "{{ o | attr(x) }}",
        "{{ u[x] }}",
        "{{ u[x].a + 1 }}",
        "{{ u.a[x] + 1 }}",
        "{{ u | attr(x) + 1 }}",
        "{{ [u] | map(attribute=x) | join }}",
        "{{ (o.missing)[x] + 1 }}",
        "{{ [1] | map(x) | list }}",
        "{{ [1] | select(x) | list }}",
        "{{ [1] | map(**{x: 1}) | list }}",
        "{{ x % 1 }}",
        "{{ 1 + x }}",
        "{{ x | round }}",
        "{{ [x, 1] | sort }}",
        "{{ x | abs }}",
        "{{ dict([x]) }}",
        "{% include x %}",
        "{% import x as y %}",
        "{% extends x %}",
        "{{ x() }}",
        "{{ range(x) }}",
        "{% macro m() %}{% endmacro %}{{ m(**{x: 1}) }}",
        "{{ '{}{}'.format(x) }}",
        "{{ now.strftime(x * 99) }}",
        "{{ x | money }}",
        "{{ x | truncate(1) }}",
        "{{ [x] | batch(x) }}",
    ]

    for source in sources:
        told = failed(source, x=SECRET, o=Meddler(), now=date(2026, 1, 5))
        assert SECRET not in str(told), source
        assert SECRET not in told.said
