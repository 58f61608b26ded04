"""The catalogue: what it loads, how strictly it renders, what its errors say."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from flashbot.errors import TemplateError
from flashbot.templating.catalogue import Catalogue
from flashbot.templating.stubs import stubs_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    def write(**files: str) -> Path:
        for name, text in files.items():
            file = tmp_path / f"{name}.j2"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        return tmp_path

    return write


def test_a_template_is_named_by_its_file_without_the_ending(folder: Callable[..., Path]) -> None:
    catalogue = Catalogue(folder(parcel="Parcel {{ number }} arrives {{ eta }}.", **{"sub/hello": "Hi"}))

    assert set(catalogue.names) == {"parcel", "hello"}
    assert catalogue.render("parcel", {"number": "A17", "eta": "Friday"}) == "Parcel A17 arrives Friday."


def test_nothing_is_escaped_and_blocks_leave_no_blank_lines(folder: Callable[..., Path]) -> None:
    text = "Hello {{ name }}\n  {% if late %}\nLate & sorry\n  {% endif %}\nBye\n"
    catalogue = Catalogue(folder(letter=text))

    assert catalogue.render("letter", {"name": "<É & co>", "late": True}) == ("Hello <É & co>\nLate & sorry\nBye")


def test_a_template_may_include_another_by_either_name(folder: Callable[..., Path]) -> None:
    catalogue = Catalogue(folder(a="{% include 'b' %}{% include 'b.j2' %}", b="x"))

    assert catalogue.render("a", {}) == "xx"


def test_a_missing_value_names_template_variable_file_and_line(folder: Callable[..., Path]) -> None:
    where = folder(parcel="Parcel\n\n{{ number }} {{ eta }}")
    catalogue = Catalogue(where)

    with pytest.raises(TemplateError) as caught:
        catalogue.render("parcel", {"number": "A17"})

    assert '"parcel"' in str(caught.value)
    assert "a value for eta" in str(caught.value)
    assert f"{where / 'parcel.j2'}:3" in str(caught.value)


def test_a_missing_value_in_an_included_template_names_that_file(folder: Callable[..., Path]) -> None:
    where = folder(a="{% include 'b' %}", b="\n{{ name }}")

    with pytest.raises(TemplateError, match=r"b\.j2:2"):
        Catalogue(where).render("a", {})


def test_a_missing_attribute_is_a_missing_value_too(folder: Callable[..., Path]) -> None:
    with pytest.raises(TemplateError, match="eta"):
        Catalogue(folder(parcel="{{ parcel.eta }}")).render("parcel", {"parcel": {"number": "A17"}})


def test_a_missing_include_is_named(folder: Callable[..., Path]) -> None:
    with pytest.raises(TemplateError, match='includes "nowhere"'):
        Catalogue(folder(a="{% include 'nowhere' %}")).render("a", {})


def test_an_error_inside_a_template_quotes_no_value(folder: Callable[..., Path]) -> None:
    with pytest.raises(TemplateError, match="ValueError") as caught:
        Catalogue(folder(a="{{ [1].index(name) }}")).render("a", {"name": "secret"})

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ things.append(1) }}",
        "{{ '{0.__class__}'.format(things) }}",
    ],
)
def test_a_template_runs_in_a_sandbox(folder: Callable[..., Path], attack: str) -> None:
    with pytest.raises(TemplateError):
        Catalogue(folder(a=attack)).render("a", {"things": []})


def test_a_template_that_renders_to_nothing_is_refused(folder: Callable[..., Path]) -> None:
    with pytest.raises(TemplateError, match="renders to nothing"):
        Catalogue(folder(a="{% if x %}x{% endif %} ")).render("a", {"x": False})


def test_a_broken_file_is_told_with_its_line(folder: Callable[..., Path]) -> None:
    catalogue = Catalogue(folder(parcel="\n{% if %}"))

    with pytest.raises(TemplateError, match=r'parcel\.j2:2: Template "parcel" is not Jinja'):
        catalogue.lower(catalogue.find("parcel"))


def test_a_file_that_is_no_text_is_found_while_loading(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_bytes(b"\xff\xfe")

    with pytest.raises(TemplateError, match=r"a\.j2 cannot be read"):
        Catalogue(tmp_path)


def test_two_files_of_one_name_are_refused(folder: Callable[..., Path]) -> None:
    with pytest.raises(TemplateError, match='Two templates are named "a"'):
        Catalogue(folder(**{"x/a": "1", "y/a": "2"}))


def test_a_missing_template_names_close_ones(folder: Callable[..., Path]) -> None:
    catalogue = Catalogue(folder(parcel="x", ask_review="y"))

    with pytest.raises(TemplateError, match=r"did you mean parcel\?"):
        catalogue.render("parcels", {})
    with pytest.raises(TemplateError, match=r"did you mean ask_review\?"):
        catalogue.find("ask-review")


def test_without_a_folder_there_are_no_templates(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "missing"):
        catalogue = Catalogue(folder)

        assert catalogue.names == ()
        with pytest.raises(TemplateError, match="There is no template"):
            catalogue.find("parcel")


def test_jinja_is_loaded_only_for_a_folder_with_templates(tmp_path: Path) -> None:
    code = (
        "import sys; from flashbot.templating.catalogue import Catalogue; "
        f"Catalogue(None); Catalogue({str(tmp_path)!r}); sys.exit('jinja2' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["hello.j2", "templates/hello.j2", "./templates/hello.fr.j2"])
def test_a_file_in_place_of_a_name_is_told_the_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "hello.fr.j2").write_text("Bonjour")
    (tmp_path / "hello.j2").write_text("Hello")

    with pytest.raises(TemplateError, match=r"did you mean hello\?$"):
        Catalogue(tmp_path).find(name)


def test_files_are_named_from_here_also_when_the_folder_is_absolute(
    folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = folder(hello="Hello")
    monkeypatch.chdir(here.parent)

    (source,) = Catalogue(here.absolute()).sources

    assert source.file == f"{here.name}/hello.j2"
    assert "def hello(" in stubs_of(Catalogue(here.absolute()))
    assert "hello.j2)" in stubs_of(Catalogue(here.absolute()))
