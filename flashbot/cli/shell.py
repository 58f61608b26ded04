"""The program that commands are put into: its options, and how a failed command ends: a sentence and an exit code."""

from __future__ import annotations

import contextlib
import errno
import inspect
import os
import re
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from flashbot.cli.console import MISTAKES, complain
from flashbot.errors import FlashbotError

__all__ = ["program"]

MISTAKE, FAILED, INTERRUPTED = 2, 1, 130
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""A stream that takes nothing more; it has no name."""
MOST_FLAWS = 5
WRAPPED = re.compile(r"(?<!\n)\n(?!\n)")


class Commands(TyperGroup):
    """Turns what a command raises on purpose into its sentence."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not {"--help", "-h"}.isdisjoint(args):
            _unwrap(self)
        # `flashbot run bot.py --debug` is what people type.
        if "--debug" in args and "--" not in args:
            args = ["--debug", *(word for word in args if word != "--debug")]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            outcome = super().invoke(ctx)
            sys.stdout.flush()  # while there is somebody to say what is wrong with it
        except FlashbotError as fault:
            if _debugging(ctx):
                raise
            for sentence in _sentences(fault):
                complain(sentence)
            raise typer.Exit(MISTAKE if _is_mistake(fault) else FAILED) from None
        except OSError as fault:
            if _debugging(ctx) or (fault.filename is None and fault.errno not in FULL):
                raise
            where = fault.filename or "The output is not whole"
            if fault.filename is None:
                _forget_output()
            complain(f"{where}: {fault.strerror}. Run with --debug to see where.")
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        return outcome


def _unwrap(command: Any) -> None:
    """The lines of a docstring end where the source has room, not where the reader's terminal has."""
    command.help = command.help and WRAPPED.sub(" ", inspect.cleandoc(command.help))
    for one in getattr(command, "commands", {}).values():
        _unwrap(one)


def _forget_output() -> None:
    """What could not be written would be tried, and complained of, once more when Python ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_mistake(fault: FlashbotError) -> bool:
    """Also what the client refused to ask, with no answer of MsgFlash behind it."""
    from flashbot.msgflash.errors import Refused

    return isinstance(fault, MISTAKES) or (isinstance(fault, Refused) and fault.status is None)


def _sentences(fault: FlashbotError) -> Iterator[str]:
    """What it says, the fields that MsgFlash names in its refusal, and what whoever passed it on added."""
    from flashbot.msgflash.errors import InvalidRequest, scrub

    yield str(fault)
    # The vendor documents no shape for them; whatever else they hold could be somebody's.
    flaws = fault.details if isinstance(fault, InvalidRequest) and isinstance(fault.details, list) else []
    for flaw in flaws[:MOST_FLAWS]:
        if isinstance(flaw, dict) and isinstance(flaw.get("field"), str) and isinstance(flaw.get("message"), str):
            yield scrub(f"{flaw['field']}: {flaw['message']}")[:300]
    yield from getattr(fault, "__notes__", ())


def _debugging(ctx: Any) -> bool:
    return bool(ctx.params.get("debug")) or os.environ.get("FLASHBOT_LOG_LEVEL", "").upper() == "DEBUG"


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"flashbot {version('flashbot')}")
        raise typer.Exit


def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of what fails.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of every command."""


def program() -> typer.Typer:
    """Without any command."""
    made = typer.Typer(
        cls=Commands,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="WhatsApp bots on MsgFlash: nothing lost, nothing answered twice, the number protected.",
        epilog="Begin with: flashbot new shop",
    )
    made.callback()(options)
    return made
