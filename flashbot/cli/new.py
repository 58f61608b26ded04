"""`flashbot new`: a folder with a small bot, its test, and all that is needed to run both."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from flashbot.cli.console import say

__all__ = ["new"]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def new(
    name: Annotated[str, typer.Argument(help="The folder to make; also the router's name.", show_default=False)],
) -> None:
    """Make a small bot with its test, ready to run."""
    from flashbot.cli.starter import FILES
    from flashbot.errors import SettingsError

    if not NAME.fullmatch(name):
        raise SettingsError(f"{name!r} cannot be a bot's name: use letters, digits, - and _, a letter first.")
    folder = Path(name)
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"{folder} is a file already: choose another name.")
    if folder.is_dir() and any(folder.iterdir()):
        raise SettingsError(f"The folder {folder} exists and is not empty: choose another name, or empty it.")
    for path, text in FILES.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("@NAME@", name), encoding="utf-8")
    say(f"Made {folder}: {', '.join(FILES)}.")
    say("\nNow type:")
    say(f"  cd {folder}")
    say("  flashbot dev bot.py     talk to it here; it starts again when you save a change")
    say("  pytest                  run its test (pip install 'flashbot[test]')")
    say("  flashbot connect        when you have a MsgFlash key: makes the webhook and writes .env")
