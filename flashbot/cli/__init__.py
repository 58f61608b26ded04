"""The `flashbot` command: one file per group of commands. Everything heavy loads inside the command that needs it."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Entry point of the console script; ends the process with the command's exit code."""
    if sys.argv[1:2] == ["why"]:  # asked while somebody waits for the answer: the other commands stay out
        from flashbot.cli.why import app
    else:
        from flashbot.cli.app import app

    app(prog_name="flashbot")
