"""`flashbot templates stubs`: writes the module with which mypy checks the values of every template."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flashbot.cli.console import complain, say
from flashbot.cli.template_folder import catalogue_in
from flashbot.errors import SettingsError

__all__ = ["stubs"]

NOT_UP_TO_DATE = 1


def stubs(
    target: Annotated[
        str | None,
        typer.Argument(help="The bot, such as bots/support.py: t.py is written beside it.", show_default=False),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="The folder of the templates; else templates, beside the bot or here.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="The module to write, instead of t.py.", show_default=False),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 when the file is not up to date.")
    ] = False,
) -> None:
    """Write t.py, so that turn.reply(t.parcel(number="A17")) is checked by mypy: names, types, and what is missing."""
    from flashbot.templating.stubs import MARKER, stubs_of

    beside = _beside(target)
    file = out or beside / "t.py"
    if not file.parent.is_dir():
        raise SettingsError(f"There is no folder {file.parent}: make it, or name a file elsewhere with --out.")
    if folder is None:
        folder = beside / "templates" if (beside / "templates").is_dir() else Path("templates")
    wanted = stubs_of(catalogue_in(folder))
    held = file.read_text("utf-8", errors="replace") if file.is_file() else None
    if held is not None and not held.startswith(MARKER):
        raise SettingsError(f"{file} was not written by flashbot templates stubs: name another file with --out.")
    if held == wanted:
        say(f"{file} is up to date.")
    elif check:
        complain(f"{file} is not up to date: run the same command without --check.")
        raise typer.Exit(NOT_UP_TO_DATE)
    else:
        file.write_text(wanted, "utf-8", newline="\n")
        say(f"Wrote {file}.")


def _beside(target: str | None) -> Path:
    """The folder of the bot, which is not imported: it may need the module that is to be written."""
    from flashbot.cli.target import folder_of

    if target is None:
        return Path()
    folder = folder_of(target, there=True)
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
