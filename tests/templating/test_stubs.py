"""The module that types a bot's templates: what it says, and that it never needs a formatter."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.template import Template
from flashbot.templating.catalogue import Catalogue
from flashbot.templating.fault import TemplateFault
from flashbot.templating.stubs import MARKER, stubs_of

Write = Callable[..., Path]
TYPING = Path(__file__).parents[1] / "public" / "typing"


@pytest.fixture
def folder(tmp_path: Path) -> Write:
    def write(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / f"{name}.j2").write_text(text, "utf-8")
        return tmp_path

    return write


def loaded(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(source, "t.py", "exec"), names)  # noqa: S102 - our own
    return names


def header(**lines: str) -> str:
    return "---\n" + "".join(f"{key}: {value}\n" for key, value in lines.items()) + "---\nHello\n"


def test_a_function_gives_its_template_with_the_values(folder: Write) -> None:
    t = loaded(stubs_of(Catalogue(folder(parcel=header(variables="{number: str, eta: date}")))))

    assert t["parcel"](number="A17", eta="2026-12-24") == Template("parcel", {"number": "A17", "eta": "2026-12-24"})
    with pytest.raises(TypeError):
        t["parcel"](number="A17")


def test_the_modules_first_line_is_the_marker(folder: Write) -> None:
    source = stubs_of(Catalogue(folder(a="Hello")))

    assert source.startswith(f"{MARKER}: do not edit")


@pytest.mark.parametrize(
    ("word", "annotation"),
    [
        ("str", "str"), ("int", "int"), ("float", "float"), ("number", "int | float | Decimal"),
        ("money", "int | float | Decimal"), ("bool", "bool"), ("date", "date | str"), ("time", "time | str"),
        ("datetime", "datetime | str"), ("list", "Sequence[object]"), ("dict", "Mapping[str, object]"), ("", "object"),
    ],
)  # fmt: skip
def test_each_type_of_a_header_has_one_in_python(folder: Write, word: str, annotation: str) -> None:
    source = stubs_of(Catalogue(folder(a=header(variables=f"{{value: {word}}}"))))

    assert f"    value: {annotation},\n" in source


@pytest.mark.parametrize(
    ("samples", "annotation"),
    [
        ("[{value: A17}]", "str"),
        ("[{value: 1}, {value: 2}]", "int"),
        ("[{value: 1}, {value: 2.5}]", "int | float | Decimal"),
        ("[{value: true}]", "bool"),
        ("[{value: 2026-12-24}]", "date | str"),
        ("[{value: [a]}]", "Sequence[object]"),
        ("[{value: {a: 1}}]", "Mapping[str, object]"),
        ("[{value: 1}, {value: A17}]", "object"),
        ("[{value: A17}, {value: null}]", "str"),
    ],
)
def test_without_a_type_the_samples_say_it(folder: Write, samples: str, annotation: str) -> None:
    source = stubs_of(Catalogue(folder(a=header(samples=samples))))

    assert f"    value: {annotation},\n" in source


def test_a_value_with_a_fallback_may_be_left_out(folder: Write) -> None:
    t = loaded(stubs_of(Catalogue(folder(a=header(variables="{b: str, c: str}", fallbacks="{b: unknown}")))))

    assert t["a"](c="x").values == {"c": "x", "b": None}
    assert "Without b it says: unknown" in t["a"].__doc__


def test_what_msgflash_fills_in_is_no_parameter(folder: Write) -> None:
    samples = "{usual: {number: A17, contact: {firstName: Awa}, user: {email: a}, custom: {code: X}}}"
    source = stubs_of(Catalogue(folder(a=header(samples=samples, fallbacks="{contact.firstName: friend}"))))

    assert "    *,\n    code: str,\n    number: str,\n) -> Template:" in source


def test_a_file_without_a_header_is_asked_for_what_it_reads(folder: Write) -> None:
    text = "{{ contact.name }} {{ number }} {{ custom.code }} {% for i in lines %}{{ i }}{% endfor %}"
    source = stubs_of(Catalogue(folder(a=text)))

    assert "    *,\n    code: object,\n    lines: object,\n    number: object,\n) -> Template:" in source


def test_languages_are_one_function_and_a_value_is_optional_only_where_all_have_a_fallback(folder: Write) -> None:
    files = {
        "a.fr": header(variables="{b: str, c: str}", fallbacks="{b: x, c: y}"),
        "a.en": header(variables="{b: str, c: ''}", fallbacks="{b: z}"),
    }

    source = stubs_of(Catalogue(folder(**files)))

    assert source.count("def ") == 1
    assert "    *,\n    c: str,\n    b: str | None = None,\n) -> Template:" in source


def test_languages_that_ask_for_different_values_are_a_fault_with_both_files(folder: Write) -> None:
    files = {"a.fr": header(variables="{b: str, c: str}"), "a.en": header(variables="{b: int}")}

    with pytest.raises(TemplateFault) as caught:
        stubs_of(Catalogue(folder(**files)))

    lacks, types = sorted(caught.value.faults, key=lambda fault: "c in" not in fault.said)
    assert "takes c in" in lacks.said
    assert lacks.file.endswith("a.fr.j2")
    assert "a.en.j2" in lacks.said
    assert "b as int" in types.said
    assert "as str" in types.said
    assert (lacks.line, types.line) == (2, 2)


def test_names_that_python_cannot_use_are_made_safe_and_it_is_said(folder: Write) -> None:
    bodies = {"ask-review": header(variables="[class, Template]"), "class": "x", "2nd": "x", "date": "x", "été": "x"}

    t = loaded(stubs_of(Catalogue(folder(**bodies))))

    assert t["ask_review"](class_=1, Template_=2) == Template("ask-review", {"class": 1, "Template": 2})
    assert [t[name]().name for name in ("class_", "_2nd", "date_", "été")] == ["class", "2nd", "date", "été"]
    assert "Named class_ here" in t["class_"].__doc__
    assert "class_ is its value class" in t["ask_review"].__doc__


def test_two_values_that_would_have_one_name_are_told_apart(folder: Write) -> None:
    t = loaded(stubs_of(Catalogue(folder(a=header(variables="[class, class_]")))))

    assert t["a"](class_="under", class__="without").values == {"class": "without", "class_": "under"}


def test_two_templates_that_would_have_one_name_are_a_fault(folder: Write) -> None:
    with pytest.raises(TemplateFault, match=r"would both be t\.ask_review") as caught:
        stubs_of(Catalogue(folder(**{"ask-review": "x", "ask_review": "y"})))

    (fault,) = caught.value.faults
    assert "ask-review.j2" in fault.said


def test_the_text_of_a_partial_is_no_function(folder: Write) -> None:
    source = stubs_of(Catalogue(folder(_foot="x", a="y")))

    assert "foot" not in source


def test_the_same_templates_give_the_same_module_wherever_they_lie(folder: Write, tmp_path: Path) -> None:
    first = stubs_of(Catalogue(folder(b="y {{ z }}", a=header(variables="[y, x]"))))
    elsewhere = tmp_path / "other" / tmp_path.name
    elsewhere.mkdir(parents=True)
    for file in tmp_path.glob("*.j2"):
        (elsewhere / file.name).write_bytes(file.read_bytes())

    assert stubs_of(Catalogue(elsewhere)) == first


@pytest.mark.parametrize("width", [60, 88, 120])
def test_ruff_leaves_it_as_it_is(folder: Write, tmp_path: Path, width: int) -> None:
    text = 'He said """hi""" \\n and \\x41 “é”.\n\n    \tindented   \n' + "word " * 60 + "\n\x07\u202e'\"\n" * 3
    bodies = {"a": text, "b": header(variables="{n: money, d: date}", fallbacks="{d: 'a \" b'}") + '"', "c-c": "\\"}
    (tmp_path / "t.py").write_text(stubs_of(Catalogue(folder(**bodies))), "utf-8")

    done = subprocess.run(
        [
            sys.executable, "-m", "ruff", "format", "--isolated", "--diff", "--line-length", str(width),
            str(tmp_path / "t.py"),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.stdout == ""
    assert done.returncode == 0, done.stderr


@given(text=st.text(max_size=80))
def test_no_text_breaks_the_docstring(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("any", numbered=True)
    (folder / "a.j2").write_text(f"---\nvariables: [b]\n---\n{text}", "utf-8")

    module = ast.parse(stubs_of(Catalogue(folder)))

    (function,) = (node for node in module.body if isinstance(node, ast.FunctionDef))
    assert (ast.get_docstring(function) or "").startswith("Template a (")


def test_the_module_that_the_typing_tests_use_is_up_to_date() -> None:
    wanted = stubs_of(Catalogue(TYPING / "templates"))

    assert (TYPING / "t.py").read_text("utf-8") == wanted
