"""From what MsgFlash stores back to Jinja: whatever is lifted is lowered to the very same text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import event, given, reject, settings
from hypothesis import strategies as st

from flashbot.templating.catalogue import Catalogue
from flashbot.templating.fault import TemplateFault
from flashbot.templating.lifting import canonical, lift, relift

PATHS = ("custom.code", "custom.amount_2", "contact.firstName", "contact.meta.city", "user.email", "instance.name")

texts = st.text(
    st.one_of(
        st.sampled_from("{}%#-+ \n\t\r'\"\\aé🎉"), st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
    ),
    max_size=12,
)
placeholders = st.sampled_from(PATHS).map(lambda path: f"{{{{{path}}}}}")


def is_taken(body: str) -> bool:
    """Whether MsgFlash takes it, and would never mistake a brace of the text for one of a placeholder's."""
    rest = canonical(body)
    for path in PATHS:
        rest = rest.replace(f"{{{{{path}}}}}", "\x00")
    braced = any(pair in rest for pair in ("{{", "}}", "{\x00", "\x00}", "}\x00", "\x00{"))
    return bool(body.strip()) and not braced


bodies = st.lists(st.one_of(texts, placeholders), min_size=1, max_size=6).map("".join).filter(is_taken)


@pytest.fixture(scope="module")
def lowered(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    folder = tmp_path_factory.mktemp("lifting")

    def lower(jinja: str) -> str:
        (folder / "one.j2").write_bytes(jinja.encode())
        catalogue = Catalogue(folder)
        return catalogue.lower(catalogue.sources[0]).body

    return lower


@given(body=bodies)
@settings(max_examples=300, deadline=None)
def test_what_is_lifted_is_lowered_to_the_same_body(lowered: Callable[[str], str], body: str) -> None:
    assert lowered(lift(body) + "\n") == body


def test_plain_variables_get_bare_names_and_others_their_namespace() -> None:
    body = "{{custom.code}} {{ contact.name }} {{custom.user}} {{custom.if}} {{custom.range}} {{contact.meta.2x}}"

    assert lift(body, known=["range"]) == (
        '{{ code }} {{ contact.name }} {{ custom.user }} {{ custom.if }} {{ custom.range }} {{ contact.meta["2x"] }}'
    )


def test_braces_that_jinja_would_take_for_its_own_are_protected() -> None:
    assert lift("100{% off {# now") == '100{{ "{" }}% off {{ "{" }}# now'


OLD = """\
{# who: the customer #}
Hello {{ contact.firstName }},
{% if late %}
we are sorry: {{ days }} days late
{% endif %}
you pay {{ price | round(2) }}. {# with taxes #}
{% include "_foot.j2" %}
"""


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, Callable[[str], str]], tuple[str, str, str]]:
    """The file after an edit of its body at MsgFlash, what that is lowered to, and what it should be."""

    def edit(old: str, change: Callable[[str], str]) -> tuple[str, str, str]:
        (tmp_path / "_foot.j2").write_text("Your shop, {{ contact.name }}")
        (tmp_path / "_plain.j2").write_text("Your shop")
        (tmp_path / "one.j2").write_bytes(old.encode())
        catalogue = Catalogue(tmp_path)
        (source,) = catalogue.sources
        before = catalogue.lower(source)
        wanted = change(before.body)
        new = relift(source.body, before, wanted, catalogue.environment)
        (tmp_path / "one.j2").write_bytes(new.encode())
        again = Catalogue(tmp_path)
        return new, again.lower(again.sources[0]).body, wanted

    return edit


def test_an_unchanged_body_leaves_the_file_as_it_is(edited: Callable[..., tuple[str, str, str]]) -> None:
    new, _, _ = edited(OLD, lambda body: body)

    assert new == OLD


def test_an_edited_word_keeps_expressions_blocks_and_comments(edited: Callable[..., tuple[str, str, str]]) -> None:
    new, again, wanted = edited(OLD, lambda body: body.replace("Hello", "Dear").replace("you pay", "the price is"))

    assert new == OLD.replace("Hello", "Dear").replace("you pay", "the price is")
    assert again == wanted


def test_a_moved_placeholder_becomes_its_expression_again(edited: Callable[..., tuple[str, str, str]]) -> None:
    new, again, wanted = edited(
        "Pay {{ price | round(2) }} for {{ thing }}.\n",
        lambda body: body.replace(
            "Pay {{custom.price_round}} for {{custom.thing}}", "{{custom.thing}}: {{custom.price_round}}"
        ),
    )

    assert again == wanted
    assert "{{ price | round(2) }}" in new
    assert "custom" not in new


def test_a_removed_block_leaves_no_blank_behind(edited: Callable[..., tuple[str, str, str]]) -> None:
    new, again, wanted = edited(
        "One\n  {% if late %}\nlate\n  {% endif %}\nTwo\n", lambda body: body.replace("{{custom.if_late}}", "")
    )

    assert again == wanted
    assert new == "One\nTwo\n"


def test_a_new_placeholder_is_a_bare_name(edited: Callable[..., tuple[str, str, str]]) -> None:
    new, again, wanted = edited("Hello\n", lambda body: body + " {{custom.code}}")

    assert (new, again) == ("Hello {{ code }}\n", wanted)


def test_a_text_from_another_file_stays_an_include_until_it_is_edited(
    edited: Callable[..., tuple[str, str, str]],
) -> None:
    old = 'Hello\n{% include "_plain.j2" %}\n'

    kept, _, _ = edited(old, lambda body: body.replace("Hello", "Hi"))
    put, again, wanted = edited(old, lambda body: body.replace("Your shop", "Their shop"))

    assert kept == old.replace("Hello", "Hi")
    assert put == "Hello\nTheir shop\n"
    assert again == wanted


jinja = st.lists(
    st.sampled_from(
        [
            "Hello ", "a\n", " ", "\n", "b. ", "{{ word }}", "{{ price | round(2) }}", "{# why #}", "{# one #}\n",
            "{% if late %}x{% endif %}", "  {% if late %}\ny\n  {% endif %}\n", "{{ 'x' }}", "{{ '{{' }}", "}}",
            "{% set kept = 1 %}", "{% raw %}{%{% endraw %}", "{{- word }}", "{{ word -}} ", "{{ contact.name }}", "{",
        ]
    ),
    min_size=1,
    max_size=8,
).map("".join)  # fmt: skip


@given(old=jinja, edits=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3), texts), max_size=3))
@settings(max_examples=300, deadline=None)
def test_an_edit_is_either_in_the_file_or_seen_by_lowering_again(
    tmp_path_factory: pytest.TempPathFactory, old: str, edits: list[tuple[int, int, str]]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "again"
    folder.mkdir(exist_ok=True)
    (folder / "one.j2").write_bytes(old.encode())
    try:
        catalogue = Catalogue(folder)
        before = catalogue.lower(catalogue.sources[0])
    except TemplateFault:
        reject()
    wanted = before.body
    for place, length, text in edits:
        wanted = wanted[:place] + text + wanted[place + length :]

    new = relift(old, before, wanted, catalogue.environment)

    again = lower(folder, new)
    event("unchanged" if wanted == before.body else "taken" if again == canonical(wanted) else "refused")
    if wanted == before.body:
        assert new == old


def lower(folder: Path, jinja: str) -> str | None:
    (folder / "one.j2").write_bytes(jinja.encode())
    try:
        catalogue = Catalogue(folder)
        return canonical(catalogue.lower(catalogue.sources[0]).body)
    except TemplateFault:
        return None
