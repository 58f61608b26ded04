"""The environment of templates: what is missing, which files are found, what is said of a failure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import nodes

from flashbot.templating.environment import failure, make_environment, run, ticking
from flashbot.templating.ticking import path_of
from tests.templating.rendering import SECRET, compiled, failed, rendered


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("{{ eta }}", "eta"),
        ("{{ contact.name }}", "contact.name"),
        ("{{ contact.meta.city }}", "contact.meta.city"),
        ("{{ contact['meta'].city | upper }}", "contact.meta.city"),
        ("{{ contact.other.city.name }}", "contact.other.city.name"),
        ("{{ nobody.meta.city }}", "nobody.meta.city"),
        ("{{ items[7].name }}", "items[7].name"),
        ("{{ contact[key] }}", "contact[key]"),
        ("{{ nobody[key].city }}", "nobody[…].city"),
        ("{{ nobody['meta'].city }}", "nobody.meta.city"),
        ("{% if contact.late %}x{% endif %}", "contact.late"),
        ("{% for one in contact.parcels %}x{% endfor %}", "contact.parcels"),
        ("{% for one in items %}{{ one.size }}{% endfor %}", "one.size"),
        ("{% set city = contact.meta.city %}{{ city }}", "contact.meta.city"),
        ("{{ contact.meta.city.upper() }}", "contact.meta.city"),
        ("{{ contact.meta.city() }}", "contact.meta.city"),
        ("{{ 'a' ~ contact.meta.city }}", "contact.meta.city"),
        ("{{ contact.meta.city + 1 }}", "contact.meta.city"),
        ("{{ 'x' if contact.meta.city == 'a' else 'y' }}", "contact.meta.city"),
        ("{{ [contact.meta.city] | join }}", "contact.meta.city"),
        ("{% include contact.meta.city %}", "contact.meta.city"),
        ("{{ items | map(attribute='size') | join }}", ""),
    ],
)
def test_a_missing_value_is_named_by_its_whole_path(source: str, path: str) -> None:
    values: dict[str, object] = {"contact": {"meta": {}}, "items": [{"name": "a"}], "key": SECRET}

    assert failed(source, **values).missing == path


def test_a_missing_value_may_be_asked_about_and_replaced() -> None:
    source = "{{ contact.meta.city | default('Abidjan') }}{{ contact.meta.city is defined }}{{ a.b.c is undefined }}"

    assert rendered(source, contact={}) == "AbidjanFalseTrue"


def test_the_sentence_of_a_missing_value_says_where_and_what_to_do() -> None:
    template = compiled("Hello\n\n{{ contact.meta.city }}")
    with pytest.raises(Exception) as caught:
        run(template, {"contact": {}})

    assert str(failure(caught.value, template)) == (
        'Template "main" needs a value for contact.meta.city (templates/main.j2:3): pass it in contact, or give it a '
        "fallback."
    )
    assert failed("{{ eta }}").said == (
        'Template "main" needs a value for eta: pass eta=… with it, or give it a fallback.'
    )


def test_a_failure_names_the_innermost_file_and_line() -> None:
    others = {"part": "\n\n{{ eta }}", "macros": "{% macro greet(x) %}\n{{ x.name }}{% endmacro %}"}

    assert (failed("\n{% include 'part' %}", others).file, failed("{% include 'part' %}", others).line) == (
        "templates/part.j2",
        3,
    )
    told = failed("{% import 'macros' as m %}\n{{ m.greet({}) }}", others)
    assert (told.file, told.line, told.missing) == ("templates/macros.j2", 2, "x.name")


def test_what_an_empty_list_has_no_first_of_is_said() -> None:
    assert "No first item" in str(failed("{{ [] | first }}"))


def test_other_files_come_from_load_alone(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")

    for name in ("nowhere", "../../etc/passwd", "/etc/passwd", str(tmp_path / "secret.txt")):
        told = failed(f"{{% include '{name}' %}}")
        assert told.code == "include"
        assert told.what == f'includes "{name}"'


def test_the_name_of_a_missing_file_that_is_a_value_is_not_quoted() -> None:
    assert SECRET not in str(failed("{% include name %}", name=SECRET))
    assert SECRET not in str(failed("{% include [name, name] %}", name=SECRET))
    assert '"a" or "b"' in str(failed("{% include ['a', 'b'] %}"))
    assert failed("{% include name %}", name=7).what == "includes what is no name"


def test_includes_imports_and_parents_work() -> None:
    others = {
        "part": "[{{ x }}]",
        "frame": "<{% block middle %}{{ x }}{% endblock %}>",
        "macros": "{% macro twice(v) %}{{ v }}{{ v }}{% endmacro %}",
    }

    assert rendered("{% include 'part' %}{% include 'nowhere' ignore missing %}", others, x=1) == "[1]"
    source = "{% extends 'frame' %}{% block middle %}{{ super() }}!{% endblock %}"
    assert rendered(source, others, x=1) == "<1!>"
    assert rendered("{% from 'macros' import twice %}{{ twice(x) }}", others, x=1) == "11"
    assert rendered("{% import 'macros' as m with context %}{{ m.twice(x) }}", others, x=1) == "11"


def test_an_imported_file_counts_anew_in_each_rendering() -> None:
    others = {"counter": "{% set n = namespace(n=0) %}{% macro next() %}{% set n.n = n.n + 1 %}{{ n.n }}{% endmacro %}"}
    template = compiled("{% import 'counter' as c %}{{ c.next() }}{{ c.next() }}", **others)

    assert [run(template, {}), run(template, {})] == ["12", "12"]


def test_a_broken_file_that_is_included_is_told_with_its_own_line() -> None:
    told = failed("{% include 'part' %}", {"part": "\n{% if %}"})

    assert (told.code, told.file, told.line) == ("syntax", "templates/part.j2", 2)


def test_ticking_leaves_the_tree_it_was_given_and_counts_once() -> None:
    environment = make_environment(lambda name: None)
    tree = environment.parse("{% for a in x %}{{ a.b }}{% endfor %}")
    before = repr(tree)

    counted = ticking(tree)

    assert repr(tree) == before
    assert repr(counted) != before
    assert ticking(counted) is counted


def test_a_path_is_written_as_in_the_template() -> None:
    environment = make_environment(lambda name: None)

    for source, path in {
        "a": "a",
        "a.b": "a.b",
        "a['b'].c": "a.b.c",
        "a[0]": "a[0]",
        "a[b]": "a[b]",
        "a() .b": None,
    }.items():
        output = environment.parse(f"{{{{ {source} }}}}").find(nodes.Output)
        assert output is not None
        assert path_of(output.nodes[0]) == path


def test_flashbot_loads_no_jinja_and_the_environment_no_babel() -> None:
    code = (
        "import sys, flashbot; assert 'jinja2' not in sys.modules; "
        "import flashbot.templating.environment as e; e.make_environment(lambda name: None); "
        "sys.exit('babel' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("source", "values", "what"),
    [
        ("{{ 12 / n }}", {"n": 0}, "divides by zero"),
        ("{{ n + 1 }}", {"n": SECRET}, "needs a value of another kind"),
        ("{% for one in n %}{{ one }}{% endfor %}", {"n": 3}, "needs a value of another kind"),
        ("{% if n > 1 %}x{% endif %}", {"n": SECRET}, "needs a value of another kind"),
    ],
)
def test_values_that_do_not_fit_are_told_in_words(source: str, values: dict[str, object], what: str) -> None:
    told = failed(source, **values)

    assert told.what == what
    assert SECRET not in str(told)
