"""`flashbot intents`: work on what a bot understands."""

from __future__ import annotations

import typer

from flashbot.cli import misses, report, trying

__all__ = ["commands"]

commands = typer.Typer(no_args_is_help=True, help="What a bot understands: report, try, misses.")
commands.command("report")(report.report)
commands.command("try")(trying.try_)
commands.command("misses")(misses.misses)
