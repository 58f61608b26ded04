from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flashbot.bot import Bot
from flashbot.cli.target import load_target
from flashbot.errors import BotMistake, TemplateError


def test_a_file_is_loaded_with_its_siblings(bot: Path) -> None:
    folder = bot.parent / "bots"
    folder.mkdir()
    (folder / "shop_of_test.py").write_text("NAME = 'desk'\n")
    (folder / "support.py").write_text(
        "from flashbot import Bot, Router\nfrom shop_of_test import NAME\n"
        "router = Router(NAME)\n@router.fallback\nasync def f(turn): ...\nbot = Bot(router)\n"
    )

    loaded = load_target("bots/support.py")

    assert isinstance(loaded, Bot)
    assert [router.name for router in loaded.routers] == ["desk"]


@pytest.mark.parametrize("target", ["bot", "bot:bot", "bot.py", "bot.py:bot", "./bot.py"])
def test_a_bot_is_named_as_file_or_module(bot: Path, target: str) -> None:
    assert isinstance(load_target(target), Bot)


def test_a_file_is_loaded_anew_each_time(bot: Path) -> None:
    first = load_target("bot.py")

    assert load_target("bot.py") is not first


def test_postponed_types_of_a_state_are_found(home: Path) -> None:
    (home / "typed_bot.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "from flashbot import Bot, Router, Turn\n"
        "@dataclass\nclass Order:\n    number: str = ''\n"
        "router = Router('desk', state=Order)\n@router.fallback\nasync def f(turn: Turn[Order]) -> None: ...\n"
        "bot = Bot(router)\n"
    )

    assert isinstance(load_target("typed_bot.py"), Bot)


HEAD = "from flashbot import Bot, Drip, Router, Template\nrouter = Router('desk')\n"
MISTAKES = {
    "an intent named twice": (
        "@router.intent('a', examples=['x'])\nasync def one(turn): ...\n"
        "@router.intent('a', examples=['y'])\nasync def two(turn): ...\nbot = Bot(router)\n",
        ["two intents", '"a"', "rename"],
    ),
    "a handler that is not async": (
        "@router.fallback\ndef f(turn): ...\nbot = Bot(router)\n",
        ["async def", "wrong.py:3"],
    ),
    "a handler with two arguments": (
        "@router.fallback\nasync def f(turn, more): ...\nbot = Bot(router)\n",
        ["exactly one argument", "wrong.py:3"],
    ),
    "an intent that nothing reaches": (
        "@router.intent('a')\nasync def one(turn): ...\nbot = Bot(router)\n",
        ["never be reached"],
    ),
    "no bot": ("", ["has no `bot`", "bot = Bot"]),
    "a bot under another name": ("desk_bot = Bot(router)\n", ["`desk_bot` is a Bot", "wrong.py:desk_bot"]),
    "a router for a bot": ("bot = router\n", ["is a Router, not a Bot"]),
    "something else for a bot": ("bot = 3\n", ["is a int, not a Bot"]),
    "an exception": ("\ndef go():\n    return {}['x']\n\ngo()\n", ["KeyError: 'x'", "wrong.py:5"]),
    "a syntax error": ("bot = = 1\n", ["wrong.py:3", "not valid Python"]),
    "an unknown import": ("import nowhere_at_all\n", ["No module named 'nowhere_at_all'", "wrong.py:3"]),
    "an end of the program": ("import sys\nsys.exit(3)\n", ["ended the program", "__main__"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_file_is_one_sentence(home: Path, mistake: str) -> None:
    code, words = MISTAKES[mistake]
    (home / "wrong.py").write_text(HEAD + code)

    with pytest.raises(BotMistake) as raised:
        load_target("wrong.py")

    for word in words:
        assert word in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_mistake_in_a_sibling_names_the_sibling(home: Path) -> None:
    (home / "part_of_it.py").write_text("x = 1 / 0\n")
    (home / "wrong.py").write_text("import part_of_it\n")

    with pytest.raises(BotMistake, match=r"part_of_it\.py:1: ZeroDivisionError"):
        load_target("wrong.py")


def test_a_template_that_is_missing_is_told_while_loading(home: Path) -> None:
    (home / "wrong.py").write_text(
        HEAD + "from datetime import timedelta\nd = Drip('d').send(Template('gone'), after=timedelta(days=1))\n"
        "@router.fallback\nasync def f(turn): ...\nbot = Bot(router, drips=[d])\n"
    )

    with pytest.raises(TemplateError, match="gone"):
        load_target("wrong.py")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("bto.py", "did you mean bot.py"),
        ("zzz.py", "There is no file zzz.py"),
        ("nowhere/bot.py", "There is no folder nowhere"),
        (".", "name the bot's file in it, such as bot.py"),
        ("nowhere_at_all", "There is no module"),
        ("bot-1", "neither a file nor a module|There is no module"),
        ("bot.py:x y", "after the colon"),
        ("bot:nothing", "`bot` is a Bot"),
    ],
)
def test_a_target_that_is_not_there_is_one_sentence(bot: Path, target: str, words: str) -> None:
    with pytest.raises(BotMistake, match=words):
        load_target(target)


def test_a_file_that_hides_a_module_is_refused(home: Path) -> None:
    (home / "json.py").write_text("")

    with pytest.raises(BotMistake, match="hides Python's module `json`"):
        load_target("json.py")


def test_the_command_imports_nothing_heavy() -> None:
    code = (
        "import sys, flashbot.cli.app\n"
        "print(sorted({'aiohttp', 'pydantic', 'jinja2', 'redis', 'hiredis', 'watchfiles', 'numpy'} & set(sys.modules)))"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"
