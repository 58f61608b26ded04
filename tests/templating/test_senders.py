"""Who sends which template, as read from Python that is never run."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from flashbot.templating.senders import project_files, uses_in, uses_of

if TYPE_CHECKING:
    from pathlib import Path

IMPORT = "from flashbot import Template\n"
STUBS = '''\
# Written by flashbot templates stubs
from flashbot import Template

def parcel(*, number: str) -> Template:
    """parcel.j2"""
    return Template("parcel", {"number": number})

def ask_review() -> Template:
    return Template("ask-review")
'''


def named(source: str) -> list[str | None]:
    return [use.template for use in uses_in(textwrap.dedent(source), "bot.py")]


def written(folder: Path, **files: str) -> tuple[Path, ...]:
    paths = []
    for name, text in files.items():
        path = folder / f"{name}.py"
        path.write_text(textwrap.dedent(text), "utf-8")
        paths.append(path)
    return tuple(paths)


def sent(*files: Path) -> set[str | None]:
    return {use.template for use in uses_of(files) or ()}


@pytest.mark.parametrize(
    "source",
    [
        'from flashbot import Template\nx = Template("parcel")',
        'from flashbot.template import Template\nx = Template("parcel")',
        'from flashbot import Template as T\nx = T("parcel")',
        'from flashbot import template\nx = template.Template("parcel")',
        'import flashbot\nx = flashbot.Template("parcel")',
        'import flashbot.template\nx = flashbot.template.Template("parcel")',
        'import flashbot as fb\nx = fb.Template(name="parcel")',
        'from flashbot import *\nx = Template("parcel")',
        'def f():\n    from flashbot import Template\n    return Template("parcel")',
        'from flashbot import Template\nT = Template\nx = T("parcel")',
        'from flashbot import Template\ndef f():\n    T = Template\n    return T("parcel")',
        'from flashbot import Template\nPARCEL = "parcel"\nx = Template(PARCEL)',
        'from flashbot import Template\nPARCEL: str = "parcel"\nx = Template(PARCEL)',
        'from flashbot import Template\nx = Template("par" "cel", {"number": 1})',
    ],
)
def test_a_template_is_found_under_whatever_name_it_was_imported(source: str) -> None:
    assert named(source) == ["parcel"]


@pytest.mark.parametrize(
    "source",
    [
        'from jinja2 import Template\nx = Template("parcel")',
        'from string import Template\nx = Template("Hello $name")',
        'from flashbot.msgflash.templates import Template\nx = Template("parcel")',
        'from flashbot.msgflash import Template\nx = Template(id="7")',
        'x = Template("nobody imported it")',
        "# Template is only mentioned",
        "from flashbot import Template\ndef f(x: Template | None) -> list[Template]: return [x]",
        "from flashbot import Template\nok = isinstance(1, Template)",
        "from flashbot import Template\nSayable = str | Template\nMany = list[Template]",
        "from flashbot import Template\ndef f(x):\n    match x:\n        case Template(): return 1",
    ],
)
def test_what_is_no_use_of_ours_is_left_alone(source: str) -> None:
    assert named(source) == []


@pytest.mark.parametrize(
    "use",
    [
        "Template(name)", 'Template(f"ask_{name}")', "Template(**names)", "Template(*names)", "map(Template, names)",
        'Template("ask_" + name)', "partial(Template)", "Template",
        "[Template]", "lambda make=Template: make(name)",
    ],
)  # fmt: skip
def test_a_name_that_only_running_would_tell_is_a_use_without_one(use: str) -> None:
    assert named(f"{IMPORT}def f(name, names): return {use}") == [None]


def test_a_class_of_its_own_made_from_template_may_send_anything() -> None:
    assert named(f"{IMPORT}class Parcel(Template): ...") == [None]


def test_a_name_that_is_bound_twice_is_not_trusted() -> None:
    assert named(f'{IMPORT}NAME = "a"\nNAME = "b"\nx = Template(NAME)') == [None]


def test_both_ends_of_a_choice_are_uses() -> None:
    assert named(f'{IMPORT}x = Template("late" if 1 else "early")') == ["late", "early"]


def test_a_use_knows_the_line_of_its_name() -> None:
    (use,) = uses_in(f'{IMPORT}\n\nx = Template(\n    "parcel",\n)\n', "shop/bot.py")

    assert (use.file, use.line) == ("shop/bot.py", 5)


def test_a_file_that_is_no_python_may_send_anything() -> None:
    assert named("from flashbot import Template\ndef (:\n") == [None]
    assert named("def (:\n") == []


def test_an_odd_escape_in_a_text_warns_nobody() -> None:
    assert named(f'{IMPORT}PATTERN = "\\d"\nx = Template("parcel")') == ["parcel"]


@pytest.mark.parametrize(
    "source",
    [
        "import t\nx = t.parcel(number=1)",
        "from t import parcel\nx = parcel(number=1)",
        "from t import parcel as p\nx = p(number=1)",
        "from t import *\nx = parcel(number=1)",
        "import shop.t as texts\nx = texts.parcel(number=1)",
        "import shop.t\nx = shop.t.parcel(number=1)",
        "from . import t\nx = t.parcel(number=1)",
        "from .t import parcel\nx = parcel(number=1)",
        "from shop import t\nx = partial(t.parcel, number=1)",
    ],
)
def test_a_function_of_the_stubs_sends_its_template(tmp_path: Path, source: str) -> None:
    assert sent(*written(tmp_path, t=STUBS, bot=source)) == {"parcel"}


def test_stubs_send_nothing_themselves(tmp_path: Path) -> None:
    assert sent(*written(tmp_path, t=STUBS, bot="import flashbot, t\nx = 1")) == set()


def test_a_stub_is_known_by_the_template_it_gives_not_by_its_own_name(tmp_path: Path) -> None:
    assert sent(*written(tmp_path, t=STUBS, bot="import t\nx = t.ask_review()")) == {"ask-review"}


def test_a_template_class_that_a_sibling_passes_on_is_known(tmp_path: Path) -> None:
    files = written(tmp_path, common=IMPORT, bot='from common import Template\nx = Template("parcel")')

    assert sent(*files) == {"parcel"}


def test_files_without_flashbot_say_nothing_about_templates(tmp_path: Path) -> None:
    assert uses_of(written(tmp_path, tool="print(1)")) is None
    assert uses_of(()) is None


def test_beside_another_bot_only_the_sure_files_are_its_own(tmp_path: Path) -> None:
    one, texts, other = written(
        tmp_path,
        one='from flashbot import Bot, Template\nx = Template("a")\nbot = Bot()',
        texts='from flashbot import Template\nx = Template("b")',
        other='import flashbot\nx = flashbot.Template("c")\nbot = flashbot.Bot()',
    )

    together = uses_of([one, texts, other], own=[one]) or ()
    apart = uses_of([one, texts], own=[one]) or ()

    assert {(use.template, use.own) for use in together} == {("a", True), ("b", False), ("c", False)}
    assert {(use.template, use.own) for use in apart} == {("a", True), ("b", True)}


def test_a_project_is_read_without_its_tests_environments_and_hidden_folders(tmp_path: Path) -> None:
    for place in (
        "bot.py", "shop/texts.py", "test_bot.py", "conftest.py", "tests/bots.py", ".hidden/x.py", "venv/x.py",
        "node_modules/x.py", "lib/site-packages/x.py", "shop/bot_test.py",
    ):  # fmt: skip
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("")
    (tmp_path / "venv/pyvenv.cfg").write_text("")

    found = project_files(tmp_path)

    assert [str(path.relative_to(tmp_path)) for path in found] == ["bot.py", "shop/texts.py"]
