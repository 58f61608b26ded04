"""Headers that are written into: one line changes, in the spelling it has."""

from __future__ import annotations

import pytest

from flashbot.templating.header import read_header
from flashbot.templating.naming import with_key


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("name: promo", 'name: "Promo 2"'),
        ("remote: promo", 'name: "Promo 2"'),
        ("remote:\n  name: promo", 'remote:\n  name: "Promo 2"'),
        ("remote: {id: 7, name: 'a, b'}", 'remote: {id: 7, name: "Promo 2"}'),
        ("type: text", 'name: "Promo 2"\ntype: text'),
    ],
)
def test_a_name_changes_where_it_stands(header: str, expected: str) -> None:
    head = f"---\n{header}\n---\n"

    changed = with_key(head, "name", "Promo 2", read_header(head, "a.j2", "a")[0].lines.get("name"))

    assert changed == f"---\n{expected}\n---\n"
    assert read_header(changed, "a.j2", "a")[0].name == "Promo 2"


def test_an_address_changes_where_it_stands() -> None:
    changed = with_key("---\nmedia:\n  url: https://a.example/b.png\n---\n", "media", "https://a.example/c.png", 3)

    assert changed == '---\nmedia:\n  url: "https://a.example/c.png"\n---\n'
