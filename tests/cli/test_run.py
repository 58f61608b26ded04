from __future__ import annotations

import asyncio
import os
import signal
import socket
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.store.embedded import Embedded
from flashbot.store.link import Link

SET = {"FLASHBOT_WEBHOOK_SECRET": "s", "FLASHBOT_API_KEY": "k", "FLASHBOT_MSGFLASH_URL": "http://127.0.0.1:9"}
Started = Callable[..., Any]
Typed = Callable[..., Result]


def test_it_serves_until_sigterm_and_ends_well(bot: Path, started: Started) -> None:
    run = started("run", "bot.py", **SET, FLASHBOT_PORT="0")
    line = next(line for line in run.shows("Listening on").splitlines() if "Listening" in line)
    url = line.removeprefix("Listening on ").removesuffix("/webhooks/msgflash")

    alive = urllib.request.urlopen(f"{url}/healthz").status  # noqa: S310 - our own

    run.signal(signal.SIGTERM)
    assert alive == 200
    assert run.ends() == 0
    assert "embedded Valkey" in run.output


def test_ctrl_c_ends_it_without_a_traceback(bot: Path, started: Started) -> None:
    run = started("run", "bot.py", **SET, FLASHBOT_PORT="0")
    run.shows("Listening on")

    run.signal(signal.SIGINT)

    assert run.ends() == 0
    assert "Traceback" not in run.output


def test_a_second_ctrl_c_does_not_wait(bot: Path, started: Started) -> None:
    bot.write_text(
        bot.read_text()
        + "import asyncio\nasync def slow(settings, *, stop, roles, ready):\n    print('serving')\n"
        + "    await stop.wait()\n    print('draining')\n    await asyncio.sleep(60)\nbot.serve = slow\n"
    )
    run = started("run", "bot.py", **SET, PYTHONUNBUFFERED="1")
    run.shows("serving")
    run.signal(signal.SIGINT)
    run.shows("draining")

    run.signal(signal.SIGINT)

    assert run.ends(5) == 130


@pytest.mark.parametrize(
    ("env", "word"),
    [
        ({"FLASHBOT_WEBHOOK_SECRET": ""}, "FLASHBOT_WEBHOOK_SECRET is not set"),
        ({"FLASHBOT_API_KEY": ""}, "FLASHBOT_API_KEY is not set"),
        ({"FLASHBOT_PORT": "many"}, "FLASHBOT_PORT"),
        ({"FLASHBOT_MSGFLASH_URL": "srv.msgflash.com"}, "http:// or https://"),
        ({"FLASHBOT_REDIS_URL": "nonsense"}, "FLASHBOT_REDIS_URL"),
        ({"FLASHBOT_REDIS_SERVER": "/bin/true"}, "FLASHBOT_REDIS_SERVER"),
        ({"FLASHBOT_API_KEY": "msgf_team_x"}, "team id"),
    ],
)
def test_a_missing_or_wrong_setting_is_one_sentence(
    bot: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch, env: dict[str, str], word: str
) -> None:
    for name, value in {**SET, **env}.items():
        monkeypatch.setenv(name, value)

    result = typed("run", "bot.py")

    assert result.exit_code == 2
    (sentence,) = [line for line in result.stderr.splitlines() if " INFO " not in line]
    assert sentence.startswith("flashbot: ")
    assert word in sentence


def test_a_busy_port_is_one_sentence(bot: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        for name, value in {**SET, "FLASHBOT_PORT": port}.items():
            monkeypatch.setenv(name, value)

        result = typed("run", "bot.py")

    assert result.exit_code == 2
    assert f"Port {port}" in result.stderr
    assert "FLASHBOT_PORT" in result.stderr


def test_a_data_folder_of_another_layout_is_refused(bot: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    async def leave_other_layout() -> None:
        link = Link(await Embedded(bot.parent / ".flashbot").ensure())
        await link.command("HSET", "fb:meta", "layout", "0", "partitions", "1")
        await link.close()

    asyncio.run(leave_other_layout())
    for name, value in SET.items():
        monkeypatch.setenv(name, value)

    result = typed("run", "bot.py")

    assert result.exit_code == 2
    assert "layout 0" in result.stderr
    assert "FLASHBOT_DATA_DIR" in result.stderr


def test_a_redis_that_is_away_is_one_sentence_and_exit_code_1(
    bot: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**SET, "FLASHBOT_REDIS_URL": "redis://127.0.0.1:9/0"}.items():
        monkeypatch.setenv(name, value)

    result = typed("run", "bot.py")

    assert result.exit_code == 1
    assert "127.0.0.1" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_mistake_in_the_bot_ends_with_2_and_a_traceback_only_when_asked(home: Path, typed: Typed) -> None:
    (home / "wrong.py").write_text("bot = 3\n")

    plain, debug = typed("run", "wrong.py"), typed("run", "wrong.py", "--debug")

    assert plain.exit_code == 2
    assert plain.stderr == "flashbot: `bot` in wrong.py is a int, not a Bot: make it a Bot.\n"
    assert debug.exception is not None
    assert type(debug.exception).__name__ == "BotMistake"


def test_a_data_folder_that_cannot_be_made_is_one_sentence(
    bot: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bot.parent / "file").write_text("")
    for name, value in {**SET, "FLASHBOT_DATA_DIR": "file/data"}.items():
        monkeypatch.setenv(name, value)

    result = typed("run", "bot.py")

    assert result.exit_code in (1, 2)
    assert "file/data" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "words", [("run",), ("run", "bot.py", "--only", "all"), ("nothing",), ("dev", "b.py", "--port", "x")]
)
def test_wrong_arguments_end_with_2(typed: Typed, words: tuple[str, ...]) -> None:
    assert typed(*words).exit_code == 2


def test_the_version_is_printed(typed: Typed) -> None:
    result = typed("--version")

    assert result.exit_code == 0
    assert result.stdout.startswith("flashbot 0.")


def test_alone_it_prints_help(typed: Typed) -> None:
    result = typed()

    assert "Usage: flashbot" in result.stdout + result.stderr
    assert os.environ.get("FLASHBOT_PORT") is None


async def test_a_web_process_needs_no_key(tmp_path: Path) -> None:
    """It only takes webhooks; the key stays with those who send."""
    from flashbot.bot import Bot, Running
    from flashbot.dialogue.router import Router
    from flashbot.settings import Settings

    settings = Settings(_env_file=None, webhook_secret="secret", data_dir=tmp_path / "data", port=0)  # type: ignore[call-arg,arg-type]  # as pydantic-settings takes it
    stop, started = asyncio.Event(), []

    def ready(running: Running) -> None:
        started.append(running.port)
        stop.set()

    try:
        await Bot(Router("desk")).serve(settings, stop=stop, roles={"web"}, ready=ready)
    finally:
        await Embedded(settings.data_dir).stop()

    assert started
    assert started[0]


def test_an_env_file_from_an_old_windows_editor_is_one_sentence(home: Path, typed: Callable[..., Result]) -> None:
    (home / ".env").write_bytes("# clé de la boutique\n".encode("cp1252"))

    result = typed("run", "bot.py")

    assert result.exit_code == 2
    assert "UTF-8" in result.stderr
