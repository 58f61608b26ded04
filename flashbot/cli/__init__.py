"""The `flashbot` command: one file per group of commands. Everything heavy loads inside the command that needs it."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Entry point of the console script; ends the process with the command's exit code."""
    from flashbot.cli.app import app

    app(prog_name="flashbot")
