"""What the lint finds without asking MsgFlash, and what it must leave alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flashbot.templating.catalogue import Catalogue
from flashbot.templating.fault import Fault
from flashbot.templating.lint import lint
from flashbot.templating.senders import Use, project_files, uses_of

Linted = Callable[..., list[str]]
HEAD = "---\nsamples:\n  usual: {name: Awa}\n---\n"


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., tuple[Fault, ...]]:
    """Lints files that are given by name without ending; "/" in a name is a folder."""

    def write(uses: tuple[Use, ...] | None = None, strictly: bool = True, **files: str) -> tuple[Fault, ...]:
        for name, text in files.items():
            path = tmp_path / f"{name}.j2"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return lint(Catalogue(tmp_path), uses, strictly=strictly)

    return write


@pytest.fixture
def linted(found: Callable[..., tuple[Fault, ...]]) -> Linted:
    """Each fault as "code file:line"."""

    def write(*args: Any, **files: Any) -> list[str]:
        return [f"{fault.code} {Path(fault.file).name}:{fault.line}" for fault in found(*args, **files)]

    return write


def body(text: str, variables: str = "name: Awa") -> str:
    return f"---\nsamples:\n  usual: {{{variables}}}\n---\n{text}"


# -- names


def test_an_undeclared_name_is_told_with_the_one_that_was_meant(found: Callable[..., tuple[Fault, ...]]) -> None:
    (fault,) = found(hello=HEAD + "Hello {{ name }}!\n\n{{ nmae }}")

    assert (fault.code, fault.line, fault.template) == ("undeclared", 7, "hello")
    assert "did you mean name?" in fault.said


def test_an_undeclared_name_in_an_included_file_is_told_there(linted: Linted) -> None:
    assert linted(hello=HEAD + "{{ name }}{% include '_foot' %}", _foot="Yours\n{{ shop }}") == [
        "undeclared _foot.j2:2"
    ]


@pytest.mark.parametrize("strictly", [True, False])
@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("customer.name", "custom.name"), ("contacts.firstName", "contact.firstName"), ("Contact.name", "contact.name"),
        ("users.email", "user.email"), ("instnace.name", "instance.name"), ("campaign.id", "MsgFlash has contact"),
    ],
)  # fmt: skip
def test_an_unknown_namespace_is_told_with_the_one_that_was_meant(
    found: Callable[..., tuple[Fault, ...]], path: str, meant: str, strictly: bool
) -> None:
    (fault,) = found(hello=f"Hello\n{{{{ {path} }}}}", strictly=strictly)

    assert (fault.code, fault.line) == ("namespace", 2)
    assert meant in fault.said


@pytest.mark.parametrize(
    "text",
    [
        "{{ order.number }}", "{{ order['number'] }}", "{{ custom.order.number }}", "{{ order.number.upper() }}",
        "{% set x = order %}{{ x.number }}", "{% for x in order.lines %}{{ x.name }}{{ loop.index }}{% endfor %}",
        "{% macro m(a) %}{{ a.b }}{% endmacro %}{{ m(order) }}", "{{ contact.meta.city }}", "{{ contact.tags|join }}",
        "{% for k, v in order.items() %}{{ k }}{% endfor %}",
    ],
)  # fmt: skip
def test_paths_below_what_is_known_are_fine(linted: Linted, text: str) -> None:
    variables = "order: {number: CI-1, lines: [{name: x}]}"

    assert linted(a=body(text + "{{ order.number }}", variables)) == []


@pytest.mark.parametrize(
    "path", ["contact.firstname", "contact.email", "contact.name.first", "user.name", "user.fullname", "instance.phone"]
)
def test_a_member_that_msgflash_lacks_is_told_only_strictly(linted: Linted, path: str) -> None:
    assert linted(a=f"Hello\n{{{{ {path} }}}}") == ["namespace a.j2:2"]
    assert linted(a=f"Hello\n{{{{ {path} }}}}", strictly=False) == []


@pytest.mark.parametrize("path", ["contact", "custom", "contact.meta", "user|string"])
def test_a_namespace_as_a_whole_is_no_text(linted: Linted, path: str) -> None:
    assert "namespace a.j2:2" in linted(a=f"Hello\n{{{{ {path} }}}}")


def test_a_method_of_a_plain_value_makes_it_no_namespace(linted: Linted) -> None:
    assert linted(a="{{ number.upper() }}", strictly=False) == []


def test_what_is_declared_and_never_read_is_told_where_it_is_declared(linted: Linted) -> None:
    head = (
        "---\nvariables:\n  name: str\n  eta: date\nsamples:\n  usual: {name: Awa}\n  late:\n    name: Zoé\n"
        "    nick: Z\nfallbacks:\n  contact.firstName: friend\n---\n"
    )

    assert linted(a=head + "{{ name }}") == ["unused a.j2:4", "unused a.j2:9", "unused a.j2:11"]


def test_what_only_another_language_or_an_included_file_reads_is_used(linted: Linted) -> None:
    files = {
        "a.fr": body("{{ name }}", "name: x, gender: f"),
        "a.en": body("{{ name }}{% include '_b' %}", "name: x, gender: f"),
        "_b": "{{ gender }}",
    }

    assert linted(**files) == []


# -- includes


def test_an_include_of_nothing_is_told_with_what_was_meant(found: Callable[..., tuple[Fault, ...]]) -> None:
    (fault,) = found(a="Hello\n{% include '_fotter.j2' %}", _footer="Bye", strictly=False)

    assert (fault.code, fault.line) == ("include", 2)
    assert "did you mean _footer?" in fault.said


@pytest.mark.parametrize(
    "text", ["{% extends '_x' %}", "{% import '_x' as x %}", "{% from '_x' import y %}", "{% include ['_x', '_y'] %}"]
)
def test_every_way_to_include_is_looked_at(linted: Linted, text: str) -> None:
    assert linted(a=f"Hello\n{text}", strictly=False) == ["include a.j2:2"]


def test_an_include_that_may_be_missing_may_be_missing(linted: Linted) -> None:
    assert linted(a="Hello {% include '_x' ignore missing %}{% include ['_x', '_b'] %}", _b="Bye") == []


def test_an_include_that_only_rendering_would_tell_is_told_strictly(linted: Linted) -> None:
    text = body("Hello\n{% include name %}")

    assert linted(a=text) == ["include a.j2:6"]
    assert linted(a=text, strictly=False) == []


# -- braces and markup


@pytest.mark.parametrize(
    "text",
    [
        "{name}",
        "{{ name }}}",
        "%}",
        "#}",
        "{ {name} }",
        "${name}",
        "{ % if x % }",
        "}",
        "\\{",
        "{% raw %}{{% endraw %}}",
    ],
)
def test_a_brace_that_is_left_over_is_told(linted: Linted, text: str) -> None:
    assert linted(a=body("{{ name }}\n" + text)) == ["brace a.j2:6"]


def test_a_left_over_brace_says_how_one_is_written_that_is_meant(found: Callable[..., tuple[Fault, ...]]) -> None:
    (fault,) = found(a="Hello {name}")

    assert "{{ name }}" in fault.said
    assert '{{ "{" }}' in fault.said


@pytest.mark.parametrize(
    "text",
    [
        "{% raw %}{name} }} {{ x }}\n{{% endraw %}", '{{ "{" }}{{ "}}" }}', "{# {x} #}", "{{ {'a': 1}.a }}",
        "{% set x = {'a': 'b'} %}{{ x.a }}",
    ],
)  # fmt: skip
def test_braces_that_are_meant_are_left_alone(linted: Linted, text: str) -> None:
    assert linted(a=text) == []


@pytest.mark.parametrize(
    "text",
    [
        "**ready**", "a **{{ name }}** b", "[shop](https://shop.example)", "[shop]({{ name }})", "~~old~~", "## News",
        "<b>ready</b>", "one<br/>two", '<a href="https://x.example">x</a>', "a &amp; b", "a&nbsp;b", "&#39;",
        "<!-- x -->", "*ready.", "```1234", "*{{ name }} is here", "{{ name|e }}", "{{ name | upper | escape }}",
        "{{ [name]|map('e')|join }}", "{% filter escape %}x{% endfilter %}", "{{ [name]|join('<br>') }}",
        "{{ name|urlize }}", "{{ name|striptags }}", "bell\x07",
    ],
)  # fmt: skip
def test_markup_that_whatsapp_does_not_show_is_told(linted: Linted, text: str) -> None:
    assert linted(a=body("{{ name }}\n" + text)) == ["markup a.j2:6"]


@pytest.mark.parametrize(
    "text",
    [
        "*bold* _it_ ~struck~ ```mono``` `code`", "* one\n* two\n- three", "2 * 3 = 6, 2*3", "**** 1234", "*****",
        "20 % off*\n*while stocks last", "call *144#", "call *144*1#", "card *1234", "*{{ name }}*", "~10 minutes",
        "a < b and c > d", "1 <3 you", "R&D; A&B", "https://x.example/?a=1&copy=2&b={{ name }}", "[1] (see below)",
        "# 1 in town", "#tag", "`<b>`", "```\n**kwargs** &amp;\n```", "{{ name|replace('<br>', ' ')|upper }}",
        "*{% if name %}a{% else %}b{% endif %}*", "snake_case_name __init__", "{{ name }} * {{ name }}", "é&è; <é>",
    ],
)  # fmt: skip
def test_what_only_looks_like_markup_is_left_alone(linted: Linted, text: str) -> None:
    assert linted(a=body("{{ name }}\n" + text)) == []


# -- samples


def test_values_without_a_header_have_no_sample(linted: Linted) -> None:
    assert linted(a="Hello!\n{{ name }} {{ contact.name }} {{ x }}") == ["no-sample a.j2:2"]
    assert linted(a="Hello!\n{{ name }}", strictly=False) == []


def test_a_declared_value_needs_one_sample(linted: Linted) -> None:
    assert linted(a="---\nvariables:\n  name: str\n---\n{{ name }}") == ["no-sample a.j2:3"]
    assert linted(a="---\nvariables: [name]\nfallbacks: {name: friend}\n---\n{{ name }}") == []


def test_a_sample_without_a_value_is_told_where_the_text_reads_it(found: Callable[..., tuple[Fault, ...]]) -> None:
    head = "---\nsamples:\n  usual: {name: Awa, eta: Friday}\n  none: {name: Awa, eta: ~}\n---\n"

    (fault,) = found(a=head + "{{ name }}\n{{ eta }}")

    assert (fault.code, fault.line, fault.sample) == ("sample", 7, "none")


def test_a_sample_may_leave_out_what_the_text_can_do_without(linted: Linted) -> None:
    head = "---\nvariables: [name, eta]\nsamples:\n  usual: {name: Awa, eta: Friday}\n  none: {name: Awa}\n---\n"

    assert linted(a=head + "{{ name }} {{ eta|default('soon') }}") == []


def test_a_sample_says_of_a_contact_only_what_contacts_have(found: Callable[..., tuple[Fault, ...]]) -> None:
    head = "---\nsamples:\n  usual:\n    contact:\n      firstName: Awa\n      fristName: Awa\n---\n"

    (fault,) = found(a=head + "{{ contact.firstName }}")

    assert (fault.code, fault.line) == ("sample", 6)
    assert "did you mean contact.firstName?" in fault.said


def test_a_first_name_that_is_not_in_the_name_cannot_be(linted: Linted) -> None:
    head = "---\nsamples:\n  usual: {contact: {firstName: Zoé, name: Awa Koné}}\n---\n"

    assert linted(a=head + "{{ contact.firstName }}") == ["sample a.j2:3"]


# -- limits


@pytest.mark.parametrize("text", ["x" * 4096, "x" * 4094 + "🎉"])
def test_a_text_may_be_as_long_as_msgflash_takes(linted: Linted, text: str) -> None:
    assert linted(a=text) == []


@pytest.mark.parametrize("text", ["x" * 4090, "x" * 4088 + "🎉", "👩‍👩‍👧‍👦" * 500])
def test_a_text_that_is_too_long_in_characters_or_in_units_is_told_at_the_line(linted: Linted, text: str) -> None:
    assert linted(a="Hello!\n" + text + "\nBye") == ["limit a.j2:2"]


def test_a_sample_that_makes_the_text_too_long_is_named(found: Callable[..., tuple[Fault, ...]]) -> None:
    head = f"---\nsamples:\n  usual: {{note: short}}\n  long: {{note: {'y' * 4090}}}\n---\n"

    (fault,) = found(a=head + "Hello!\n{{ note }}\nBye")

    assert (fault.code, fault.line, fault.sample) == ("limit", 7, "long")


# -- headers


def test_a_missing_translation_is_told_at_the_one_that_is_there(found: Callable[..., tuple[Fault, ...]]) -> None:
    (fault,) = found(**{"hello.fr": "Bonjour", "hello.en": "Hello", "bye.fr": "Au revoir", "all": "OK"})

    assert (fault.code, Path(fault.file).name, fault.line) == ("language", "bye.fr.j2", 1)
    assert "bye.en.j2" in fault.said


def test_a_header_and_a_file_name_of_two_languages_disagree(linted: Linted) -> None:
    assert linted(**{"a.fr": "---\nclass: reply\nlanguage: en\n---\nBonjour"}) == ["language a.fr.j2:3"]


def test_an_ending_that_is_no_language_is_told_beside_translations(linted: Linted) -> None:
    assert linted(**{"a.fr": "Bonjour", "a.frr_": "Bonjour"}) == ["language a.frr_.j2:1"]
    assert linted(**{"b.v2": "Hello"}) == ["language a.frr_.j2:1"]


def test_translations_that_each_ask_for_another_value_cannot_serve_one_reply(linted: Linted) -> None:
    files = {"a.en": body("Hello {{ name }}"), "a.fr": body("Bonjour\n{{ prenom }}", "prenom: Awa")}

    assert linted(**files) == ["language a.fr.j2:6"]


def test_a_translation_may_need_more_than_another(linted: Linted) -> None:
    files = {"a.en": body("{{ name }}"), "a.fr": body("{{ name }} {{ gender }}", "name: x, gender: f")}

    assert linted(**files) == []


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("type: image", 2),
        ("media: https://x.example/a.jpg", 2),
        ("type: image\nmedia: https://x.example/a.pdf", 3),
        ("type: image\nmedia: a.jpg", 3),
        ("type: image\nmedia: ftp://x.example/a.jpg", 3),
        ("type: image\nmedia: https://x.example/{{custom.a}}.jpg", 3),
        ("type: audio\nmedia: https://x.example/a.mp3", 5),
    ],
)
def test_media_that_cannot_be_sent_is_told(linted: Linted, head: str, line: int) -> None:
    assert linted(a=f"---\n{head}\n---\nHello") == [f"media a.j2:{line}"]


def test_two_templates_of_one_name_at_msgflash_are_told(linted: Linted) -> None:
    assert linted(a="---\nname: x\n---\nA", b="---\nname: x\n---\nB") == ["header b.j2:2"]


def test_a_file_that_is_no_jinja_is_told_once_and_the_others_are_linted(linted: Linted) -> None:
    files = {"a": "{% include '_b' %}", "_b": "Bye\n{{ x | }}", "_c": "{% if %}", "d": "}"}

    assert linted(**files) == ["syntax _b.j2:2", "syntax _c.j2:1", "brace d.j2:1"]


# -- senders


def use(template: str | None, **more: Any) -> Use:
    return Use(template, "bot.py", 7, **more)


def test_a_template_that_does_not_exist_is_told_at_its_line_of_code(found: Callable[..., tuple[Fault, ...]]) -> None:
    (fault,) = found((use("parcel"), use("pacrel")), parcel="x")

    assert (fault.code, fault.file, fault.line) == ("missing-file", "bot.py", 7)
    assert "did you mean parcel?" in fault.said


@pytest.mark.parametrize("name", ["parcel.j2", "_foot", "Parcel"])
def test_a_template_is_sent_by_its_own_name_only(linted: Linted, name: str) -> None:
    assert linted((use("parcel"), use(name)), parcel="x", _foot="y") == ["missing-file bot.py:7"]


def test_a_drip_is_told_at_its_line_of_code_and_else_where_the_bot_is_made(
    found: Callable[..., tuple[Fault, ...]],
) -> None:
    known = (use("gone"), Use("gone", "bot.py", 90, drip="welcome"))
    unknown = (Use("gone", "bot.py", 90, drip="welcome"),)

    (first,) = found(known)
    (second,) = found(unknown)

    assert first.line == 7
    assert second.line == 90
    assert "welcome" in second.said


def test_a_template_that_nobody_sends_is_told_once_for_all_languages(linted: Linted) -> None:
    files = {"a.fr": "x", "a.en": "y", "b": "z"}

    assert linted((use("b"),), **files) == ["unsent a.en.j2:1"]


@pytest.mark.parametrize(
    ("uses", "files"),
    [
        (None, {"a": "x"}),
        ((use(None),), {"a": "x"}),
        ((use("a.fr"),), {"a.fr": "x", "a.en": "x"}),
        ((), {"a": "---\nsent_by: campaigns\n---\nx"}),
        ((), {"a.fr": "---\nsent_by: campaigns\n---\nx", "a.en": "x"}),
        ((use("b"),), {"a": "x", "b": "{% include 'a' %}"}),
        ((use("b"),), {"a": "{% block x %}{% endblock %}", "b": "{% extends 'a.j2' %}{% block x %}x{% endblock %}"}),
        ((), {"_a": "x"}),
        ((use("gone", own=False), use("a")), {"a": "x"}),
    ],
)
def test_what_may_be_sent_by_somebody_is_left_alone(linted: Linted, uses: Any, files: dict[str, str]) -> None:
    assert linted(uses, **files) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ contact.firstName }}", []),
        ("{{ code|upper }}", []),
        ("{{ contact.firstName|upper }}", ["context a.j2:6"]),
        ("{% if code %}\n{{ contact.firstName }}\n{% endif %}", ["context a.j2:7"]),
        ("{{ contact.name }} {{ contact.name|upper }} {{ contact.phone|length }}", ["context a.j2:6"]),
    ],
)
def test_what_a_campaign_would_say_to_everybody_alike_is_told(linted: Linted, text: str, expected: list[str]) -> None:
    head = "---\nsent_by: campaigns\nsamples: [{code: x}]\n---\n{{ code }}\n"

    assert linted(a=head + text) == expected
    assert linted(a=head.replace("campaigns", "the shop") + text) == []
    assert linted(a=head + text, strictly=False) == []


def test_faults_come_by_file_and_line_and_each_once(linted: Linted) -> None:
    files = {
        "b": HEAD + "{{ name }}{% include '_c' %}",
        "a": HEAD + "{{ name }}\n{x}\n{{ x }}{% include '_c' %}",
        "_c": "}",
    }

    assert linted(**files) == ["brace _c.j2:1", "brace a.j2:6", "undeclared a.j2:7"]


def test_the_templates_of_the_example_bots_are_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)

    assert lint(Catalogue("templates"), uses_of(project_files(root / "bots"))) == ()


def test_linting_for_loading_compiles_nothing(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"t{number}.j2").write_text(HEAD + "Hello {{ name }}{% if name %}, {{ name|upper }}{% endif %}!")
    catalogue = Catalogue(tmp_path)

    found = lint(catalogue, [Use(f"t{number}", "bot.py", 1) for number in range(20)], strictly=False)

    assert found == ()
    assert catalogue._lowered == {}
