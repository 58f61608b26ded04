"""`flashbot dev` and `flashbot chat` as a person uses them: real processes, real pipes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flashbot.store.embedded import Embedded

Started = Callable[..., Any]


def _bots(output: str) -> list[tuple[int, int]]:
    """Process id and port of every bot that was started, as the bot printed them."""
    return [(int(pid), int(port)) for pid, port in re.findall(r"^bot (\d+) (\d+)$", output, re.MULTILINE)]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_what_is_piped_in_is_answered_and_sigterm_leaves_nothing_behind(bot: Path, started: Started) -> None:
    dev = started("dev", "bot.py")
    dev.type("hello\nask me\n2\n")

    output = dev.shows("Chosen: shop")

    ((_, port),) = _bots(output)
    said = [line.rstrip() for line in output.splitlines() if line.startswith(("you>", "bot>", "     "))]
    assert said == [
        "you> hello", "bot> Hello!", "bot> How can I help?",
        "you> ask me", "bot> Delivery", "     Where to?", "     [1] Home", "     [2] Shop",
        "you> 2", "bot> Chosen: shop",
    ]  # fmt: skip
    assert "Type a message and press Enter, for example: hello" in output

    dev.signal(signal.SIGTERM)

    assert dev.ends() == 0
    assert not _listens(port)
    assert asyncio.run(Embedded(bot.parent / ".flashbot").stop()) is False
    assert not (bot.parent / ".flashbot" / "dev.json").exists()


def test_the_end_of_the_input_leaves_it_serving_and_chat_joins_it(bot: Path, started: Started) -> None:
    dev = started("dev", "bot.py", "--no-reload")
    dev.end_of_input()
    dev.shows("Type a message")
    chat = started("chat", "bot.py", "--phone", "+2250700000009")
    chat.type("hello\n")
    chat.end_of_input()

    assert chat.ends() == 0
    assert chat.output.splitlines() == ["you> hello", "bot> Hello!", "bot> How can I help?"]
    assert dev.process.poll() is None

    second = started("dev", "bot.py")
    assert second.ends() == 2
    assert "runs in .flashbot already" in second.output

    stop = started("stop")
    assert stop.ends() == 2
    assert "stop that with Ctrl-C" in stop.output


def test_a_change_starts_the_bot_again_and_a_mistake_waits_for_its_correction(bot: Path, started: Started) -> None:
    dev = started("dev", "bot.py")
    dev.shows("Type a message")
    time.sleep(0.3)  # the watcher has no sign of being ready
    good = bot.read_text()

    bot.write_text(good.replace('"Hello!"', '"Good day!"'))
    dev.shows("Reloaded.")
    dev.type("hello\n")
    dev.shows("How can I help?")  # the whole answer, so that none is on its way
    bot.write_text("bot = = 1\n")
    dev.shows("is not valid Python")
    bot.write_text(good)
    deadline = time.monotonic() + 15
    while len(_bots(dev.output)) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    dev.type("hello\n")
    dev.shows("bot> Hello!")

    assert "bot> Good day!" in dev.output
    assert "bot.py changed, reloading" in dev.output
    assert "Traceback" not in dev.output
    dev.signal(signal.SIGINT)
    assert dev.ends() == 0


def test_a_mistake_without_reload_ends_it_with_2(bot: Path, started: Started) -> None:
    bot.write_text("bot = 3\n")

    dev = started("dev", "bot.py", "--no-reload")

    assert dev.ends() == 2
    assert "flashbot: `bot` in bot.py is a int" in dev.output


def test_a_port_that_is_taken_is_one_sentence(bot: Path, started: Started) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        dev = started("dev", "bot.py", "--port", str(other.getsockname()[1]))

        assert dev.ends() == 2
        assert "cannot be used" in dev.output


def test_the_bot_does_not_outlive_a_killed_dev(bot: Path, started: Started) -> None:
    dev = started("dev", "bot.py", "--no-reload")
    ((_, port),) = _bots(dev.shows("Type a message"))
    assert _listens(port)

    dev.signal(signal.SIGKILL)
    dev.ends()

    deadline = time.monotonic() + 15
    while _listens(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _listens(port)


def test_dev_keeps_state_over_a_restart_and_takes_settings_from_env_files(bot: Path, started: Started) -> None:
    (bot.parent / ".env").write_text("FLASHBOT_API_KEY=msgf_live_real\nFLASHBOT_TEAM_ID=team-1\nFLASHBOT_PORT=1\n")
    bot.write_text(
        bot.read_text().replace("bot = Bot", "@router.step('s')\nasync def s(turn):\n    turn.reply('Kept.')\n\n"
        "@router.intent('wait', examples=['wait'])\nasync def w(turn):\n    turn.reply('Wait.')\n    turn.expect(s)\n\n"
        "bot = Bot")
    )  # fmt: skip
    first = started("dev", "bot.py", "--no-reload")
    first.type("wait\n")
    first.shows("Wait.")
    first.signal(signal.SIGTERM)
    assert first.ends() == 0

    second = started("dev", "bot.py", "--no-reload")
    second.type("anything\n")

    second.shows("Kept.")


def test_chat_alone_answers_and_leaves_no_folder(bot: Path, started: Started) -> None:
    chat = started("chat", "bot.py")
    chat.type("hello")
    chat.end_of_input()

    assert chat.ends() == 0
    assert chat.output.splitlines()[-3:] == ["you> hello", "bot> Hello!", "bot> How can I help?"]
    ((_, port),) = _bots(chat.output)
    assert not _listens(port)
    assert not (bot.parent / ".flashbot").exists()


def test_chat_with_a_mistaken_bot_ends_with_2(bot: Path, started: Started) -> None:
    bot.write_text("raise RuntimeError('no')\n")

    chat = started("chat", "bot.py")

    assert chat.ends() == 2
    assert "RuntimeError: no" in chat.output
    assert "Traceback" not in chat.output


def test_a_wrong_phone_is_refused(bot: Path, started: Started) -> None:
    chat = started("chat", "bot.py", "--phone", "0700000000")

    assert chat.ends() == 2
    assert "+2250700000000" in chat.output


def test_a_note_of_a_dead_dev_is_no_dev(bot: Path, started: Started) -> None:
    folder = bot.parent / ".flashbot"
    folder.mkdir()
    (folder / "dev.json").write_text(json.dumps({"sandbox": "http://127.0.0.1:9", "pid": os.getpid(), "target": "x"}))

    dev = started("dev", "bot.py", "--no-reload")

    url = re.search(r"chat page: (\S+)", dev.shows("chat page"))
    assert url is not None
    assert b"<html" in urllib.request.urlopen(url[1]).read()  # noqa: S310 - our own
