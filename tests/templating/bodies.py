"""Random Jinja bodies from a grammar, with partials and values: most of them render, all of them are odd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

__all__ = ["PARTIALS", "Example", "examples", "odd_bodies"]

PARTIALS: Mapping[str, str] = {
    "_plain": "—\nA partial }} with {{ '{{' }}\n",
    "_reads": "[{{ word }}|{{ contact.firstName }}|{{ rows|length }}]",
    "_headed": "---\nname: x\n---\nHeaded {{ number }}\n{% if yes %}y{% endif %}",
    "_nested": "<{% include '_plain' %}{% include '_reads.j2' %}>",
    "_macros": "{% macro bold(x, y=1) -%} *{{ x }}*{{ y }} {%- endmacro %}{% set kept = 'kept' %}",
    "_parent": "{{ word }} before\n{% block one %}1 {{ number }}{% endblock %}\n}} after {% block two %}{% endblock %}",
}


@dataclass(frozen=True, slots=True)
class Example:
    body: str
    values: Mapping[str, object]
    fallbacks: Mapping[str, str]


def weighted(*choices: tuple[int, st.SearchStrategy[str]]) -> st.SearchStrategy[str]:
    """`one_of` would drop what is given twice."""
    return st.sampled_from([choice for weight, choice in choices for _ in range(weight)]).flatmap(lambda choice: choice)


ODD = (
    "", " ", "\n", "  x  ", "{", "}", "{{", "}}", "{{contact.name}}", "{{ custom.word }}", "{%", "%}", "{#", "#}",
    "{% raw %}", "\r\n", "\r", "\t", "é", "e\u0301", "🎉", "👩‍👩‍👧‍👦", "مرحبا", "\u200f", "\u2028", "\xa0", "\ufeff",
    "'", '"', "\\", "\\n", "\\1", "&amp;", "<b>", "*_~`", "%s", "{0}", "None", "0", "-1", "1.50", "$", "x" * 300,
    "\x00",
    "\x0b", "\x0c", "\x1c", "\x85",
)  # fmt: skip
words = st.one_of(st.sampled_from(ODD[:-5] * 3 + ODD), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
numbers = st.one_of(
    st.integers(-5, 5),
    st.integers(),
    st.floats(allow_nan=True),
    st.sampled_from([0, 0.0, -0.0, 1.5, 1e21, 1e-7, 12500]),
)
scalars = st.one_of(words, numbers, st.booleans(), st.none())
values = st.fixed_dictionaries(
    {
        "word": words,
        "name": words,
        "number": numbers,
        "count": st.integers(-3, 20),
        "yes": st.booleans(),
        "rows": st.lists(st.one_of(words, st.integers(-5, 5)), max_size=4),
        "lines": st.lists(
            st.fixed_dictionaries({"name": words, "price": numbers, "parts": st.lists(words, max_size=2)}), max_size=3
        ),
        "order": st.fixed_dictionaries({"number": scalars, "to": st.fixed_dictionaries({"city": words})}),
        "day": st.sampled_from(["2026-11-23", "2026-11-23T10:30:00", "soon", "2024-02-29"]),
        "nothing": st.none(),
    }
)  # fmt: skip
fallbacks = st.dictionaries(
    st.sampled_from(["word", "name", "nothing", "contact.firstName", "contact.meta.city", "missing"]),
    st.sampled_from(["friend", "{{", "}", "{{contact.name}}", "é🎉", " x ", "12"]),
    max_size=2,
)

# -- text

PLAIN = (
    "Hello", "Bonjour, ça va ?", " ", "  ", "\n", "\n\n", "\n  ", "\t", "é", "🎉", "👩‍👩‍👧‍👦", "مرحبا", "*bold*",
    "_it_", "50 %", "#1",
    "$", "\\", "'", '"', "&", "<b>", "100%25", "https://x.example/?a=1&b=%20", "- ", "> ", "---", "\u2028", "\xa0",
    ":-)",
    "\r\n", "\x0b", "\x0c", "\x85", "# x", "## y", "%% z",
)  # fmt: skip
LOOSE = ("{ ", " }", "}", "}}", "} }", ":-}", "{a}", "${x}", "}}}", "%}", "#}", "{", "}\n", " {\n")
RAW = (
    "{",
    "}",
    "{{",
    "}}",
    "{{x}}",
    "{{contact.firstName}}",
    "{{{",
    "}}}",
    "{%",
    "{#",
    "{{custom.word}}",
    " ",
    "\n",
    "a",
    "{}",
    "}{",
)

plain = st.sampled_from(PLAIN)
loose = st.sampled_from(LOOSE)


@st.composite
def raw(draw: st.DrawFn) -> str:
    inside = "".join(draw(st.lists(st.sampled_from(RAW), min_size=1, max_size=4)))
    begin, end = draw(st.sampled_from([("{% raw %}", "{% endraw %}"), ("{%- raw -%}", "{%- endraw -%}")]))
    return f"{begin}{inside}{end}"


# -- expressions

PATHS = (
    "word", "name", "number", "custom.word", "custom.number", "custom['name']", "contact.firstName", "contact.name",
    "contact.phone",
    "contact['firstName']", "contact.meta.city", "user.fullName", "instance.name", "order.number", "order.to.city",
    "order['to'].city", "custom.order.number", "rows", "lines", "day", "count", "yes", "nothing", "missing",
    "order", "contact.tags",
    "contact.meta", "user.email", "rows[0]", "lines[0].name",
)  # fmt: skip
texts = st.sampled_from(
    [
        "'a'",
        '"{{"',
        "'}}'",
        "'{'",
        "'{{contact.name}}'",
        "'é🎉'",
        "''",
        "' '",
        "'x' 'y'",
        "'\\n'",
        "'it\\'s'",
        "'%}'",
        "'#}'",
    ]
)
FILTERS = (
    "upper", "lower", "title", "trim", "capitalize", "length", "string", "default('d')", "default('', true)",
    "replace('a', '{')",
    "truncate(5)", "truncate(9, true, '}}')", "center(9)", "indent", "wordwrap(4)", "reverse", "list|join('}')",
    "urlencode", "wordcount",
    "first", "last", "striptags", "format", "int", "float", "abs", "round", "string|length", "filesizeformat",
    "money('XOF')", "money('EUR')", "money('NGN')", "money(name)", "number", "percent", "plural('one', 'many')",
    "plural('a', 'b', zero='z')",
    "date", "date('long')", "time", "datetime", "e", "safe", "tojson", "d('x')", "list|string", "sort|join",
    "unique|list", "max", "min", "sum",
)  # fmt: skip
TESTS = (
    "defined",
    "none",
    "string",
    "number",
    "odd",
    "even",
    "sequence",
    "not defined",
    "in rows",
    "divisibleby(2)",
    "true",
    "undefined",
)
sized = st.sampled_from(["count", "number", "2", "-1", "0", "1.5", "order.number", "rows|length", "loop.index"])
path = st.sampled_from(PATHS[:10] * 12 + PATHS[10:15] * 4 + PATHS)


def _more(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(FILTERS)).map(lambda two: f"{two[0]}|{two[1]}"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} ~ {two[1]})"),
        st.tuples(inner, conditions, inner).map(lambda three: f"({three[0]} if {three[1]} else {three[2]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} or {two[1]})"),
        st.tuples(sized, st.sampled_from(["+", "-", "*", "/", "//", "%", "**"]), sized).map(
            lambda three: f"({' '.join(three)})"
        ),
        inner.map(lambda one: f"[{one}, 'x']|join('-')"),
        inner.map(lambda one: f"{{'k': {one}}}.k"),
        inner.map(lambda one: f"({one})"),
        st.just("rows|map('string')|map('upper')|join(', ')"),
        st.just("lines|map(attribute='name')|join(';')"),
        st.just("lines|sum(attribute='price')"),
        st.just("range(count)|list"),
        st.just("word.upper()"),
        st.just("'%s-%s'|format(word, number)"),
        st.just("'{}{}'.format(word, number)"),
        st.just("word[:2]"),
        st.just("dict(a=word).a"),
    )


conditions = st.one_of(
    st.sampled_from(
        ["yes", "not yes", "word", "rows", "count > 2", "number == 0", "name == '{{'", "nothing", "missing is defined"]
    ),
    st.tuples(path, st.sampled_from(TESTS)).map(
        lambda two: f"{two[0]} is {two[1]}" if not two[1].startswith("in ") else " ".join(two)
    ),
)
expressions = st.recursive(weighted((4, path), (1, texts), (1, sized)), _more, max_leaves=3)
openings = st.sampled_from(["{{ ", "{{ ", "{{", "{{- ", "{{-"])
closings = st.sampled_from([" }}", " }}", "}}", " -}}", "-}}"])
begin = st.sampled_from(["{% ", "{% ", "{% ", "{%- ", "{%+ ", "{%"])
end = st.sampled_from([" %}", " %}", " %}", " -%}", " +%}", "%}\n"])
placeholder = weighted(
    (2, st.tuples(openings, path, closings).map("".join)), (1, st.tuples(openings, expressions, closings).map("".join))
)


@st.composite
def tag(draw: st.DrawFn, said: str) -> str:
    return draw(begin) + said + draw(end)


def _blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    @st.composite
    def if_(draw: st.DrawFn) -> str:
        said = draw(tag(f"if {draw(conditions)}")) + draw(inner)
        if draw(st.booleans()):
            said += draw(tag(f"elif {draw(conditions)}")) + draw(inner)
        if draw(st.booleans()):
            said += draw(tag("else")) + draw(inner)
        return said + draw(tag("endif"))

    @st.composite
    def for_(draw: st.DrawFn) -> str:
        over = draw(
            st.sampled_from(
                ["row in rows", "line in lines", "row in rows if row", "i in range(count)",
                "key, row in order.items()", "word in rows",
                 "part in lines[0].parts", "row in rows|sort", "x in word", "row in custom.rows", "contact in rows"]
            )
        )  # fmt: skip
        within = draw(
            st.sampled_from(["", "{{ loop.index }}", "{{ row }}", "{{ line.name }}", "{{ word }}",
            "{% if not loop.last %}, {% endif %}",
                             "{{ loop.cycle('a', 'b') }}", "{{ contact }}", "{{ line.price|money('XOF') }}",
                             "{{ i }}"])
        )  # fmt: skip
        said = draw(tag(f"for {over}")) + draw(inner) + within
        if draw(st.booleans()):
            said += draw(tag("else")) + draw(inner)
        return said + draw(tag("endfor"))

    @st.composite
    def around(draw: st.DrawFn) -> str:
        opened, closed = draw(
            st.sampled_from(
                [("filter upper", "endfilter"), ("with word = name", "endwith"), ("set kept", "endset"),
                ("set kept | upper", "endset"),
                 ("macro said(x)", "endmacro"), ("macro word(x='d')", "endmacro"), ("block part", "endblock"),
                 ("autoescape true", "endautoescape"),
                 ("call bold(word)", "endcall"), ("filter replace('a', '{{')", "endfilter")]
            )
        )  # fmt: skip
        return draw(tag(opened)) + draw(inner) + draw(tag(closed))

    return st.one_of(if_(), for_(), around(), st.lists(inner, min_size=2, max_size=3).map("".join))


@st.composite
def statement(draw: st.DrawFn) -> str:
    return draw(
        tag(
            draw(
                st.sampled_from(
                    ["set kept = word", "set word = 'set'", "set number = number + 1", "set contact = order",
                    "set a, b = 1, 2", "include '_plain'",
                     "include '_reads.j2'", "include '_headed'", "include '_nested'",
                     "include 'gone' ignore missing", "include ['gone', '_reads']",
                     "from '_macros' import bold", "import '_macros' as m", "include '_reads' without context",
                     "set ns = namespace(x=1)", "set ns.x = 2",
                     "set custom = order", "if yes %}{% set word = 'if' %}{% endif",
                     "from '_macros' import bold as name, kept with context",
                     "if yes %}{% extends '_parent' %}{% endif",
                        "for x in rows %}{% set word = x %}{% endfor", "include '_' ~ 'plain'",
                        "include '_reads' if yes else '_plain'"]
                )
            )
        )
    )  # fmt: skip


PRELUDE = (
    "{% from '_macros' import bold %}{% import '_macros' as m %}{% set kept = 'kept' %}{% set ns = namespace(x=1) %}\n"
    "{% macro said(x) %}{{ x }}{{ word }}{% endmacro %}\n"
)
used = st.sampled_from(
    ["{{ kept }}", "{{ bold(word) }}", "{{ m.bold(name, 2) }}", "{{ said(1) }}", "{{ ns.x }}", "{{ kept }}{{ kept }}"]
)
comment = st.sampled_from(["{# a comment #}", "{# {{ word }}\n #}", "{#- x -#}", "{# {% if %} #}\n"])
leaf = weighted((4, plain), (4, placeholder), (1, raw()), (1, comment), (1, statement()), (1, used), (1, loose))
pieces = st.recursive(leaf, _blocks, max_leaves=4)
bodies = st.lists(weighted((4, leaf), (1, pieces)), min_size=1, max_size=8).map("".join)
children = st.tuples(bodies, bodies).map(
    lambda two: (
        "{% extends '_parent' %}\n{% block one %}"
        + two[0]
        + "{% endblock %}{% block two %}"
        + two[1]
        + "{{ super() }}{% endblock %}"
    )
)
whole = weighted((12, bodies.map(lambda body: PRELUDE + body)), (8, bodies), (1, children))
examples = st.builds(Example, whole, values, fallbacks)

# -- anything at all

HEADER = (
    "name: x", "id: 7", "type: image", "media: https://x.example/a.jpg", "language: fr", "class: reply", "samples:",
    "  usual: {word: a}",
    "  odd:", "    word: ~", "    contact: {firstName: Awa}", "  - {word: b}", "fallbacks: {word: x}",
    "  contact.firstName: y", "variables: [word]",
    "variables: {word: str, number: money}", "  word: 1", "sent_by: me", "# a comment", "\tx: 1", "x: [", "}",
    "- a", "a: b: c", "? a", "&a x: *a",
    "!!python/name:os.system x", "<<: {a: b}", "word: 2026-02-30", "{", "'", "%YAML 1.1", "...", "é: ü",
    "samples: 5", "fallbacks: [1]", "1: 2",
    "? [a]: b", "type: ~", "name: |", "   text", "\x01", "samples: {usual: {word: 12:30, number: 007, yes: no}}",
)  # fmt: skip
JUNK = (
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "{",
    "}",
    "|",
    "if",
    "endif",
    "for x in",
    "word",
    "'",
    '"',
    "\n",
    " ",
    "(",
    ")",
    ".",
    "-",
    "raw",
    "endraw",
    "set x =",
    "block a",
    "extends",
    "include '_plain'",
    "0",
    "é",
    "\x00",
    "*",
    "```",
    "<b>",
    "&amp;",
)
junk = st.lists(st.sampled_from(JUNK), max_size=14).map("".join)
headers = st.one_of(
    st.just(""),
    st.lists(st.sampled_from(HEADER), max_size=5).map(lambda lines: "---\n" + "\n".join(lines) + "\n---\n"),
    st.lists(st.sampled_from(HEADER), max_size=5).map(lambda lines: "---\r\n" + "\r\n".join(lines) + "\r\n---\r\n"),
    st.lists(st.sampled_from(HEADER), max_size=3).map(lambda lines: "---\n" + "\n".join(lines)),
)
odd_bodies = st.tuples(
    headers, st.one_of(junk, bodies, st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
).map("".join)
