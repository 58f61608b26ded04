from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import Result

from flashbot.cli.template_bubble import bubble
from flashbot.templating.shown import Shown

Typed = Callable[..., Result]


@pytest.fixture
def folder(home: Path) -> Path:
    folder = home / "templates"
    folder.mkdir()
    (folder / "hello.fr.j2").write_text(
        "---\nsamples: {usual: {name: Awa}, gap: {}}\n---\n*Bonjour* {{ name }} !", "utf-8"
    )
    (folder / "hello.en.j2").write_text("---\nsamples: {usual: {name: Awa}}\n---\nHello {{ name }}!", "utf-8")
    (folder / "bye.j2").write_text("Goodbye.", "utf-8")
    return folder


def drawn(one: Shown, width: int, *, colours: bool = False) -> str:
    console = Console(width=width, force_terminal=colours, color_system="truecolor" if colours else None)
    with console.capture() as captured:
        console.print(bubble(one, console))
    return captured.get()


def shown(text: str, **more: object) -> Shown:
    fields: dict[str, object] = {"kind": "text", "media": None, **more}
    return Shown("a", "fr", "a.j2", "usual", 1, text=text, **fields)  # type: ignore[arg-type]  # each test's own


def test_a_clean_template_is_shown_and_exits_with_0(folder: Path, typed: Typed) -> None:
    result = typed("templates", "preview", "bye")

    assert result.exit_code == 0
    assert "Goodbye." in result.stdout
    assert "8 of 4,096" in result.stdout


def test_a_missing_value_is_a_hole_with_its_sentence_and_comes_first(folder: Path, typed: Typed) -> None:
    result = typed("templates", "preview", "hello")

    assert result.exit_code == 1
    assert "Bonjour [missing: name] !" in result.stdout
    assert "templates/hello.fr.j2:4" in result.stdout
    assert result.stdout.index("[missing") < result.stdout.index("Bonjour Awa")
    assert "Hello Awa!" in result.stdout


def test_one_language_is_shown_alone(folder: Path, typed: Typed) -> None:
    by_option = typed("templates", "preview", "hello", "--language", "en")
    by_name = typed("templates", "preview", "hello.en")

    assert by_option.stdout == by_name.stdout
    assert "Hello Awa!" in by_option.stdout
    assert "Bonjour" not in by_option.stdout


def test_all_templates_are_shown_when_asked_for(folder: Path, typed: Typed) -> None:
    result = typed("templates", "preview", "--all")

    assert "Goodbye." in result.stdout
    assert "Hello Awa!" in result.stdout


def test_without_a_name_it_asks_for_one(folder: Path, typed: Typed) -> None:
    result = typed("templates", "preview")

    assert result.exit_code == 2
    assert "--all" in result.stderr


def test_a_page_is_written_of_one_template_or_of_all(folder: Path, home: Path, typed: Typed) -> None:
    one = typed("templates", "preview", "bye", "--html", "one.html")
    every = typed("templates", "preview", "--html", "all.html")

    assert (one.exit_code, every.exit_code) == (0, 1)
    assert "Wrote one.html: 1 message, none with a fault." in one.stdout
    assert "Wrote all.html: 4 messages, 1 with a fault." in every.stdout
    assert "<h1>Template bye</h1>" in (home / "one.html").read_text("utf-8")
    assert (home / "all.html").read_text("utf-8").count("<section") == 2


def test_a_page_in_a_folder_that_is_not_there_is_a_sentence(folder: Path, typed: Typed) -> None:
    result = typed("templates", "preview", "bye", "--html", "nowhere/a.html")

    assert result.exit_code == 2
    assert "nowhere" in result.stderr


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_bubble_stands_on_the_right_and_nothing_is_wider_than_the_screen(width: int) -> None:
    one = shown(
        f"{'word ' * 40}\n> {'quoted ' * 20}\n- {'x' * 90}\n🎉 {'好' * 70}",
        kind="image", media=f"https://a.ci/{'y' * 90}.jpg", faults=("What is wrong with it. " * 5,),
    )  # fmt: skip

    lines = drawn(one, width).splitlines()

    (edge,) = {len(line) for line in lines if "╭" in line or "╰" in line}
    assert edge == width
    assert all(line.rstrip().endswith(("│", "╮", "╯")) for line in lines if line.strip().startswith(("│", "╭", "╰")))
    assert max(len(line) for line in lines) <= width


def test_markup_becomes_its_look() -> None:
    text = drawn(shown("*b* _i_ ~s~\n> q\n- one\n1. two"), 80)

    assert "│ b i s " in text
    assert "│ ▌ q " in text
    assert "│ • one " in text
    assert "│ 1. two " in text


def test_the_length_is_red_when_it_is_over() -> None:
    over = drawn(shown("x" * 4097), 80, colours=True)
    within = drawn(shown("x" * 4096), 80, colours=True)

    assert "\x1b[1;31m 4,097 of 4,096" in over
    assert "\x1b[1;31m" not in within


def test_no_value_can_steer_the_terminal() -> None:
    text = drawn(shown("a\x1b[2Jb\x07", faults=("c\x1b[2Jd",), media="https://a.ci/\x1b[2J", kind="image"), 80)

    assert "\x1b" not in text
    assert "\x07" not in text
