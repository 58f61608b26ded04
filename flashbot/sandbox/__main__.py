"""`python -m flashbot.sandbox`: a local MsgFlash with its chat page, until Ctrl-C."""

from __future__ import annotations

import sys

import typer

from flashbot.errors import FlashbotError
from flashbot.sandbox.command import sandbox

MISTAKE = 2


def main() -> None:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(sandbox)
    try:
        app(prog_name="python -m flashbot.sandbox")
    except FlashbotError as fault:
        sys.stderr.write(f"{fault}\n")
        sys.exit(MISTAKE)


if __name__ == "__main__":
    main()
