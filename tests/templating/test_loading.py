"""What a bot that loads demands of its templates and of the code that sends them."""

from __future__ import annotations

import importlib
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flashbot.bot import Bot
from flashbot.dialogue.router import Router
from flashbot.errors import TemplateError
from flashbot.outreach.drip import Drip
from flashbot.template import Template
from flashbot.templating.fault import TemplateFault

Project = Callable[..., None]
HEAD = "from flashbot import Bot, Drip, Router, Template, Turn\nfrom datetime import timedelta\n"
DESK = 'router = Router("desk")\n@router.fallback\nasync def anything(turn: Turn[None]) -> None:\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A folder to be in; files with an ending, whose modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def write(files: dict[str, str]) -> None:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), "utf-8")

    yield write
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def bot_of(module: str = "bot") -> Bot:
    importlib.invalidate_caches()
    found: Any = importlib.import_module(module)
    bot: Bot = found.bot
    return bot


def refused(bot: Bot) -> list[str]:
    with pytest.raises(TemplateFault) as caught:
        bot.load()
    assert str(caught.value).count("\n") == len(caught.value.faults) - 1
    return [f"{fault.code} {fault.place}" for fault in caught.value.faults]


def desk(*lines: str) -> str:
    return HEAD + DESK + "".join(f"    {line}\n" for line in lines or ("...",)) + "bot = Bot(router)\n"


def test_a_bot_whose_templates_are_in_order_loads(project: Project) -> None:
    project({"bot.py": desk('turn.reply(Template("hello"))'), "templates/hello.j2": "Hello {{ name }}"})

    bot_of().load()


def test_everything_that_can_never_work_is_told_at_once(project: Project) -> None:
    project(
        {
            "bot.py": desk('turn.reply(Template("hello"))', 'turn.reply(Template("helo"))'),
            "templates/hello.j2": "---\nvariables: [name]\n---\nHello {{ nmae }}\n{{ client.name }}{% include '_x' %}",
            "templates/bye.j2": "Bye",
        }
    )

    assert refused(bot_of()) == [
        "missing-file bot.py:7",
        "unsent templates/bye.j2:1",
        "undeclared templates/hello.j2:4",
        "include templates/hello.j2:5",
        "namespace templates/hello.j2:5",
    ]


def test_what_is_only_bad_style_does_not_keep_a_bot_from_loading(project: Project) -> None:
    project({"bot.py": desk('turn.reply(Template("a"))'), "templates/a.j2": "{x} <b>{{ y }}</b> {{ contact.nme }}"})

    bot_of().load()


def test_a_template_that_is_missing_without_any_folder_is_told(project: Project) -> None:
    project({"bot.py": desk('turn.reply(Template("hello"))')})

    assert refused(bot_of()) == ["missing-file bot.py:6"]


def test_a_drip_is_a_sender_and_its_missing_template_is_told_where_it_is_written(project: Project) -> None:
    drip = 'drip = Drip("d").send(Template("a"), after=timedelta(1)).send(\n    Template("gone"), after=timedelta(1))\n'
    project(
        {
            "bot.py": HEAD + drip + DESK + "    ...\nbot = Bot(router, drips=[drip])\n",
            "templates/a.j2": "A",
        }
    )

    assert refused(bot_of()) == ["missing-file bot.py:4"]


def test_bots_that_share_a_folder_of_templates_both_load(project: Project) -> None:
    for name in ("one", "two"):
        text = desk(f'turn.reply(Template("{name}"))').replace("Bot(router)", 'Bot(router, templates="templates")')
        project({f"bots/{name}.py": text, f"templates/{name}.j2": name})

    bot_of("bots.one").load()
    bot_of("bots.two").load()


def test_bots_beside_each_other_with_folders_of_their_own_both_load(project: Project) -> None:
    for name in ("one", "two"):
        text = desk(f'turn.reply(Template("{name}"))').replace("Bot(router)", f'Bot(router, templates="{name}")')
        project({f"bots/{name}.py": text, f"{name}/{name}.j2": name})

    bot_of("bots.one").load()
    bot_of("bots.two").load()


def test_what_imported_modules_send_counts(project: Project) -> None:
    project(
        {
            "bot.py": "from desks.front import router\nfrom flashbot import Bot\nbot = Bot(router)\n",
            "desks/front.py": HEAD + DESK + '    turn.reply(Template("a"))\n    turn.reply(Template("gone"))\n',
            "templates/a.j2": "A",
        }
    )

    assert refused(bot_of()) == ["missing-file desks/front.py:7"]


def test_what_only_tests_send_is_not_sent(project: Project) -> None:
    project(
        {
            "bot.py": desk(),
            "test_bot.py": 'from flashbot import Template\nx = Template("a")\ny = Template("gone")\n',
            "templates/a.j2": "A",
        }
    )

    assert refused(bot_of()) == ["unsent templates/a.j2:1"]


def test_stubs_are_senders_where_they_are_used(project: Project) -> None:
    stubs = (
        "# Written by flashbot templates stubs\nfrom flashbot import Template\n"
        'def a() -> Template:\n    return Template("a")\ndef b() -> Template:\n    return Template("b")\n'
    )
    project(
        {
            "bot.py": "import texts as t\n" + desk("turn.reply(t.a())"),
            "texts.py": stubs,
            "templates/a.j2": "A",
            "templates/b.j2": "B",
        }
    )

    assert refused(bot_of()) == ["unsent templates/b.j2:1"]


def test_a_folder_of_another_project_is_not_accused_of_being_unsent(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project({"mine/bot.py": desk(), "yours/templates/a.j2": "A"})
    monkeypatch.chdir(tmp_path / "yours")
    monkeypatch.syspath_prepend(str(tmp_path / "mine"))

    bot_of().load()


def test_of_a_bot_that_is_made_in_a_test_only_its_drips_are_known(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("A")
    router = Router("desk")

    @router.fallback
    async def anything(turn: Any) -> None:
        turn.reply(Template("this is not looked at"))

    Bot(router, templates=tmp_path).load()
    with pytest.raises(TemplateError, match='"gone" for drip welcome'):
        Bot(router, templates=tmp_path, drips=[drip_of("gone")]).load()


def drip_of(template: str) -> Drip:
    from datetime import timedelta

    return Drip("welcome").send(Template(template), after=timedelta(days=1))


def test_a_bot_without_templates_loads_without_jinja(project: Project) -> None:
    project({"bot.py": desk()})

    code = (
        "import sys, bot; bot.bot.load(); print('jinja2' in sys.modules, 'yaml' in sys.modules, 'babel' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False", "False"]


def test_loading_many_templates_compiles_none(project: Project) -> None:
    files = {f"templates/t{number}.j2": "---\nsamples: [{name: Awa}]\n---\nHello {{ name }}!" for number in range(200)}
    for number in range(30):
        sends = "\n".join(f'    turn.reply(Template("t{one}"))' for one in range(number * 7, min(200, number * 7 + 7)))
        files[f"part{number}.py"] = f"{HEAD}\nasync def say(turn: Turn[None]) -> None:\n{sends or '    ...'}\n"
    project({**files, "bot.py": desk()})
    bot = bot_of()

    bot.load()

    assert len(bot.catalogue.sources) == 200
    assert bot.catalogue._lowered == {}
