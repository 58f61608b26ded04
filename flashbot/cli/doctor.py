"""`flashbot doctor`: what stands between a message and its answer, one line each with the next thing to do."""

from __future__ import annotations

import asyncio
import os
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from flashbot.cli.account import AsJson, print_json
from flashbot.cli.checks.finding import Finding, Level, broken
from flashbot.cli.checks.places import webhook_at
from flashbot.cli.console import clean, output, say

if TYPE_CHECKING:
    from flashbot.cli.checks.surroundings import EnvFile
    from flashbot.settings import Settings

__all__ = ["diagnose", "doctor", "print_findings"]

LOOK = {
    Level.ok: ("✓", "green"),
    Level.warning: ("!", "yellow"),
    Level.broken: ("✗", "red"),
    Level.unknown: ("?", "cyan"),
}


def doctor(
    url: Annotated[
        str | None,
        typer.Option(help="The bot's public address, when its path is not /webhooks/msgflash.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find out why nothing arrives: settings, key, plan, number, webhook, clock and store. Changes nothing.

    The exit code is 1 when something is broken.
    """
    findings = diagnose(None if url is None else webhook_at(url))
    if as_json:
        print_json(asdict(finding) for finding in findings)
    else:
        print_findings(findings)
    if any(finding.level is Level.broken for finding in findings):
        raise typer.Exit(1)


def diagnose(url: str | None = None) -> list[Finding]:
    """Every finding of this folder's bot, in the order to mend them."""
    from flashbot.cli.checks.surroundings import judge_settings
    from flashbot.errors import SettingsError
    from flashbot.settings import Settings, load_settings

    known = [f"FLASHBOT_{name.upper()}" for name in Settings.model_fields]
    findings: list[Finding] = []
    try:
        findings += judge_settings(_env_file(), os.environ, known)
        settings = load_settings()
    except SettingsError as fault:
        return [*findings, broken("settings", str(fault), "correct it, then flashbot doctor again")]
    return findings + asyncio.run(_examined(settings, url))


def print_findings(findings: Sequence[Finding]) -> None:
    """Aligned and coloured on a terminal, a plain line each elsewhere; at the end what it comes to."""
    console = output()
    if console.is_terminal:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=1)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for finding in findings:
            mark, colour = LOOK[finding.level]
            sentence = Text(clean(finding.found))
            if finding.next:
                sentence.append(f" → {clean(finding.next)}", style="bold")
            table.add_row(Text(mark, style=colour), Text(finding.subject, style="dim"), sentence)
        console.print(table)
    else:
        for finding in findings:
            then = f" Next: {finding.next}" if finding.next else ""
            say(f"{finding.level:<8}{finding.subject:<10}{finding.found}{then}".replace("\n", " "))
    say(_sum(findings))


def _sum(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.level for finding in findings)
    if not counts[Level.broken] + counts[Level.warning] + counts[Level.unknown]:
        return "Nothing is broken."
    said = [
        f"{counts[Level.broken] or 'Nothing is'} broken",
        *([f"{counts[Level.warning]} to look at"] if counts[Level.warning] else []),
        *([f"{counts[Level.unknown]} unknown"] if counts[Level.unknown] else []),
    ]
    return ", ".join(said) + "."


async def _examined(settings: Settings, url: str | None) -> list[Finding]:
    from flashbot.cli.checks.examination import examine

    console = output()
    if not console.is_terminal:
        return await examine(settings, url=url)
    with console.status("Asking MsgFlash, the bot and the store …"):
        return await examine(settings, url=url)


def _env_file() -> EnvFile | None:
    from flashbot.cli.checks.surroundings import EnvFile
    from flashbot.cli.envfile import ENV, read_env

    values = read_env()
    try:
        return EnvFile(ENV, stat.S_IMODE(ENV.stat().st_mode), values)
    except FileNotFoundError:
        return None
