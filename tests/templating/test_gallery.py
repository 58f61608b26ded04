"""The page of samples: whole in itself, and safe whatever a value says."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from flashbot.templating.catalogue import Catalogue
from flashbot.templating.gallery import gallery

VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """Every element with its attributes, and whether each was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str, kind: str = "") -> list[dict[str, str | None]]:
        return [
            held for name, held in self.elements if name == tag and kind in ["", *(held.get("class") or "").split()]
        ]


def page_of(folder: Path) -> tuple[str, Page]:
    catalogue = Catalogue(folder)
    text = gallery(catalogue, catalogue.sources)
    return text, Page(text)


HOSTILE = """\
---
type: document
media: "javascript:alert('x')"
samples:
  "<script>alert(1)</script>": {x: "</div><script>alert(2)</script>", y: "\\" onclick=\\"alert(3)"}
---
{{ x }} javascript:alert(4) https://a.ci/"onclick="alert(5) {{ y }}
"""


def test_nothing_that_a_value_says_becomes_html(tmp_path: Path) -> None:
    (tmp_path / "hostile.j2").write_text(HOSTILE, "utf-8")

    text, page = page_of(tmp_path)

    assert page.open == []
    assert "<script" not in text
    assert not page.all("script")
    assert not any(name.startswith("on") for _, held in page.elements for name in held)
    assert [str(held["href"])[:13] for held in page.all("a")] == ["https://a.ci/"]


def test_it_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("---\ntype: image\nmedia: https://a.ci/b.jpg\nsamples: {u: {}}\n---\nHi", "utf-8")

    text, page = page_of(tmp_path)

    assert not page.all("img")
    assert not page.all("script")
    assert [held["href"] for held in page.all("link")] == ["data:,"]
    assert "url(" not in text
    assert "@import" not in text
    assert [held["href"] for held in page.all("a")] == ["https://a.ci/b.jpg"]


def test_a_bubble_has_its_language_and_direction(tmp_path: Path) -> None:
    (tmp_path / "a.ar.j2").write_text("مرحبا", "utf-8")
    (tmp_path / "a.pt_BR.j2").write_text("Olá", "utf-8")

    _, page = page_of(tmp_path)

    assert [(held["lang"], held["dir"]) for held in page.all("div", "text")] == [("ar", "rtl"), ("pt-BR", "ltr")]


def test_markup_is_shown_and_a_hole_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text(
        "---\nvariables: [x]\nsamples: {u: {}}\n---\n*b* _i_ ~s~ `c`\n> q\n- {{ x }}", "utf-8"
    )

    text, page = page_of(tmp_path)

    for shown in ("<strong>b</strong>", "<em>i</em>", "<s>s</s>", "<code>c</code>", '<div class="line quote">q</div>'):
        assert shown in text
    assert '<span class="hole" dir="ltr">x</span>' in text
    assert len(page.all("p", "said")) == 1


def test_the_worst_sample_is_first_and_the_length_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("---\nsamples: {short: {n: 1}, long: {n: 4097}}\n---\n{{ 'x' * n }}", "utf-8")

    text, page = page_of(tmp_path)

    assert text.index("<b>long</b>") < text.index("<b>short</b>")
    assert "4,097 of 4,096" in text
    assert len(page.all("span", "bad")) == 2


def test_what_lives_at_msgflash_is_shown_with_its_variables(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("---\nsamples: {u: {x: 7}}\n---\nIt is {{ x * 2 }}.", "utf-8")

    text, _ = page_of(tmp_path)

    assert '<pre>It is <span class="path">{{custom.x}}</span>' not in text
    assert '<pre>It is <span class="path">{{custom.' in text
    assert "<code>custom.x</code>" in text


def test_several_templates_have_an_index_that_leads_to_them(tmp_path: Path) -> None:
    for name in ("b", "a", "my offer"):
        (tmp_path / f"{name}.j2").write_text("Hi", "utf-8")

    text, page = page_of(tmp_path)

    assert {str(held["href"]).removeprefix("#") for held in page.all("a")} == {
        held["id"] for held in page.all("section")
    }
    assert "3 templates" in text


def test_a_template_that_is_not_jinja_is_on_the_page(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("{% if %}", "utf-8")

    text, page = page_of(tmp_path)

    assert "is not Jinja" in text
    assert page.open == []


@pytest.mark.parametrize("value", ["\\0", "\\x1b[31m", "\\ud800", "\\uffff"])
def test_characters_that_no_page_may_have_are_replaced(tmp_path: Path, value: str) -> None:
    (tmp_path / "a.j2").write_text(f'Hi {{{{ "{value}" }}}}', "utf-8")

    text, _ = page_of(tmp_path)

    assert "\ufffd" in text
    assert not set(text) & set("\x00\x1b\ud800\uffff")
