"""The language of Jinja as far as a message needs it: filters, methods, loops, macros."""

from __future__ import annotations

import pytest

from tests.templating.rendering import rendered

LANGUAGE = [
    ("{{ 'é' * 3 }} {{ 2 ** 10 }} {{ 7 % 4 }} {{ 7 // 2 }} {{ 1 / 4 }}", "ééé 1024 3 3 0.25"),
    ("{% for a in [1, 2] %}{{ loop.index }}/{{ loop.length }}{{ ', ' if not loop.last }}{% endfor %}", "1/2, 2/2"),
    ("{% for a in [] %}x{% else %}none{% endfor %}", "none"),
    ("{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %}", "a=1"),
    ("{% for a in [1, 2, 3] if a != 2 %}{{ a }}{% endfor %}", "13"),
    ("{% for a in [1, 1, 2] %}{{ loop.cycle('x', 'y') }}{{ 'c' if loop.changed(a) }}{% endfor %}", "xcyxc"),
    ("{% for a in [[1, []], [2, [[3, []]]]] recursive %}{{ a[0] }}{{ loop(a[1]) if a[1] }}{% endfor %}", "123"),
    ("{% set n = namespace(t=0) %}{% for a in [1, 2] %}{% set n.t = n.t + a %}{% endfor %}{{ n.t }}", "3"),
    ("{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.current }}", "aba"),
    ("{% set j = joiner('-') %}{{ j() }}a{{ j() }}b", "a-b"),
    ("{% macro m(x, y=2) %}{{ x }}{{ y }}{% endmacro %}{{ m(1) }}{{ m(1, y=3) }}", "1213"),
    ("{% macro m(x) %}{{ x }}{{ caller() }}{% endmacro %}{% call m(3) %}!{% endcall %}", "3!"),
    ("{% filter upper %}a{{ 'b' }}{% endfilter %}", "AB"),
    ("{% set x %}c{% endset %}{{ x }}{% set y | upper %}d{% endset %}{{ y }}", "cD"),
    ("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %} {{ dict(a=1).a }} {{ range(3) | list }}", "3 1 0, 1, 2"),
]
FORMATS = [
    ("{{ '%.2f' % 3 }}|{{ '%05d' | format(7) }}|{{ '%s and %s' % ('a', 'b') }}", "3.00|00007|a and b"),
    ("{{ '%d%%' % 5 }}|{{ '%(n)s' | format(n=1) }}|{{ '%-4s' | format('a') }}|", "5%|1|a   |"),
    ("{{ '{:,.0f}'.format(15000) }}|{{ '{:,}'.format(15000).replace(',', ' ') }}", "15,000|15 000"),
    ("{{ '{n:>4}'.format(n=1) }}|{{ '{0}{1}{0}'.format('a', 'b') }}|{{ '{}'.format([1, 2]) }}", "   1|aba|1, 2"),
]
METHODS = [
    ("{{ 'a,b'.split(',') | join('-') }} {{ 'ab'[0] }} {{ 'abc'[1:] }}", "a-b a bc"),
    ("{{ [1, 2, 3][:2] }} {{ [1, 2][-1] }} {{ (1, 2).index(2) }}", "1, 2 2 1"),
    ("{{ 'A b'.lower().title() }}|{{ ' x '.strip() }}|{{ 'x'.startswith('x') }}|{{ 'x' in 'xy' }}", "A B|x|True|True"),
    (
        "{{ 'x'.center(3) }}|{{ 'x'.zfill(3) }}|{{ 'aa'.replace('a', 'b', 1) }}|{{ '-'.join(['a', 1]) }}",
        " x |00x|ba|a-1",
    ),
]
FILTERS = [
    ("{{ [{'a': 2}, {'a': 1}] | map(attribute='a') | sort | join('+') }}={{ [{'a': 3}] | sum('a') }}", "1+2=3"),
    ("{{ [3, 1] | sort | first }}{{ [3, 1] | max }}{{ [1, 1] | unique | list | length }}{{ [1, 2] | last }}", "1312"),
    ("{{ [{'c': 'x'}, {'c': 'y'}] | selectattr('c', 'eq', 'y') | map(attribute='c') | first }}", "y"),
    ("{% for g in [{'c': 'x'}, {'c': 'x'}] | groupby('c') %}{{ g.grouper }}{{ g.list | length }}{% endfor %}", "x2"),
    ("{{ 'ab cd' | capitalize }}|{{ 'ab cd ef' | truncate(6, true, '…', 0) }}", "Ab cd|ab cd…"),
    ("{{ 'a' | center(3) }}|{{ 'a\nb' | indent(2) }}|{{ 'aaa bbb' | wordwrap(3) }}", " a |a\n  b|aaa\nbbb"),
    ("{{ 3.14159 | round(2) }} {{ '7' | int + 1 }} {{ '1.5' | float }} {{ -3 | abs }}", "3.14 8 1.5 3"),
    ("{{ [1, 2, 3] | batch(2) | list | length }} {{ [1, 2, 3] | slice(2) | first }}", "2 1, 2"),
    ("{{ 'a b' | urlencode }} {{ {'q': 'é'} | urlencode }} {{ 'a b' | wordcount }}", "a%20b q=%C3%A9 2"),
    ("{{ 'aa' | replace('a', 'b', 1) }} {{ '<b>x</b>' | striptags }} {{ ' x' | trim }}", "ba x x"),
    ("{{ {'b': 1, 'a': 2} | dictsort | first | first }} {{ {'a': 1} | items | length }}", "a 1"),
    ("{{ '' | default('d', true) }} {{ [1, 2] | tojson }} {{ 1 | string ~ 'x' }}", "d [1, 2] 1x"),
]


@pytest.mark.parametrize(("source", "text"), [*LANGUAGE, *FORMATS, *METHODS, *FILTERS])
def test_the_language_of_jinja_works(source: str, text: str) -> None:
    assert rendered(source) == text
