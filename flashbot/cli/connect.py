"""`flashbot connect`: from a MsgFlash key to a complete `.env`, asking one thing at a time.

`.env` is written once, at the end, in the same breath in which MsgFlash shows the webhook's secret. Until then
nothing is changed anywhere.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.checks.finding import masked
from flashbot.cli.checks.places import is_at_home, is_real, shown, webhook_at
from flashbot.cli.console import complain, say
from flashbot.errors import FlashbotError, SettingsError

if TYPE_CHECKING:
    from flashbot.msgflash.models import Instance, WebhookEndpoint
    from flashbot.settings import Settings

__all__ = ["connect"]

INTERRUPTED = 130
TRIES = 3


@dataclass(slots=True)
class Answers:
    """What was given on the command line; `ask` when the rest may be asked for."""

    key_file: Path | None
    team_id: str | None
    instance: str | None
    url: str | None
    replace: bool
    ask: bool


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a good key shows, and the settings it was read with."""

    settings: Settings
    instances: Sequence[Instance]
    endpoints: Sequence[WebhookEndpoint]


def connect(
    key_file: Annotated[
        Path | None,
        typer.Option(help="A file with the API key; - reads it from the input. Otherwise FLASHBOT_API_KEY, or asked."),
    ] = None,
    team_id: Annotated[str | None, typer.Option(help="The team's id, with a team key.", show_default=False)] = None,
    instance: Annotated[
        str | None, typer.Option(help="The instance: its id, name or number.", show_default=False)
    ] = None,
    url: Annotated[str | None, typer.Option(help="The bot's public address, https://…", show_default=False)] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Make the webhook anew, with a new secret.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; take what is given.")] = False,
) -> None:
    """Connect this folder's bot to MsgFlash: check the key, choose the number, make the webhook, write .env."""
    answers = Answers(key_file, team_id, instance, url, replace, ask=not yes)
    saved = _Saved()
    try:
        _walk(answers, saved)
    except (typer.Abort, KeyboardInterrupt):
        complain(f"Stopped. {saved}")
        raise typer.Exit(INTERRUPTED) from None
    except FlashbotError as fault:
        fault.add_note(str(saved))
        raise
    _look_again(answers.url)


class _Saved:
    """Whether `.env` was written."""

    def __init__(self) -> None:
        self.done = False

    def __str__(self) -> str:
        return ".env is written and complete." if self.done else ".env is untouched."


def _walk(answers: Answers, saved: _Saved) -> None:
    from flashbot.cli.envfile import write_env

    workspace = _key(answers)
    settings = workspace.settings
    values = {
        # What was checked is what is written, wherever the address came from.
        "FLASHBOT_MSGFLASH_URL": None if is_real(settings.msgflash_url) else settings.msgflash_url,
        "FLASHBOT_API_KEY": settings.api_key.get_secret_value(),
        "FLASHBOT_TEAM_ID": settings.team_id,
        "FLASHBOT_INSTANCE_ID": _instance(answers, workspace).id,
    }
    url = answers.url = _url(answers, workspace)

    def save(secret: str) -> None:
        write_env({**values, "FLASHBOT_WEBHOOK_SECRET": secret})
        saved.done = True

    old = _to_replace(answers, workspace, url)
    if old is None:
        save(settings.webhook_secret.get_secret_value())
        say(f"Webhook: {shown(url)} is registered and its secret is known; both are kept.")
    else:
        from flashbot.cli.enrolment import enrol

        asyncio.run(enrol(settings, url, old, save))
        say(f"Webhook: {shown(url)} is registered now. MsgFlash shows its secret only once; .env has it.")
    say(f"{saved} Only you can read it.")


# -- key


def _key(answers: Answers) -> Workspace:
    """A key that MsgFlash accepts: the one given, the one in the settings, or one typed now."""
    from flashbot.msgflash.errors import KeyRefused
    from flashbot.settings import load_settings

    settings = load_settings()
    given = _key_in(answers.key_file)
    key = given or settings.api_key.get_secret_value()
    if key:
        try:
            return _opened(answers, settings, key)
        except KeyRefused as fault:
            if given or not answers.ask:
                raise
            complain(f"The key in the settings is no good. {fault}")
    if not answers.ask:
        raise SettingsError("There is no key: set FLASHBOT_API_KEY, or name a file that holds it with --key-file.")
    say("Your API key is in MsgFlash's dashboard; it is shown once, when it is made.")
    for left in reversed(range(TRIES)):
        try:
            return _opened(answers, settings, _asked("API key (not shown)", hide=True))
        except KeyRefused as fault:
            if not left:
                raise
            complain(str(fault))
    raise AssertionError("the last try returns or raises")


def _asked(question: str, *, hide: bool = False) -> str:
    """What is typed, until it is more than blanks."""
    while True:
        text: str = typer.prompt(question, hide_input=hide)
        if text.strip():
            return text.strip()


def _key_in(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is no text"
        raise SettingsError(f"The key in {file} cannot be read: {why}.") from fault
    if not text.strip():
        raise SettingsError(f"There is no key in {'the input' if str(file) == '-' else file}.")
    return text.strip()


def _opened(answers: Answers, settings: Settings, key: str) -> Workspace:
    """What the key shows. Raises KeyRefused for one that is no good."""
    from flashbot.msgflash.keys import PERSONAL, TEAM
    from flashbot.settings import load_settings

    team = answers.team_id or (None if key.startswith(PERSONAL) else settings.team_id)
    if key.startswith(TEAM) and not team:
        if not answers.ask:
            raise SettingsError("A team key works only with its team id: name it with --team-id.")
        team = _asked("Id of the key's team")
    workspace = asyncio.run(_look(load_settings(api_key=key, team_id=team)))
    kind = "team key" if key.startswith(TEAM) else "personal key" if key.startswith(PERSONAL) else "key"
    where = "MsgFlash" if is_real(settings.msgflash_url) else shown(settings.msgflash_url)
    say(f"Key: {where} accepts this {kind}.")
    return workspace


async def _look(settings: Settings) -> Workspace:
    from flashbot.cli.account import account

    async with account(settings) as client:
        return Workspace(settings, await client.instances.list(), await client.webhooks.list())


# -- instance


def _instance(answers: Answers, workspace: Workspace) -> Instance:
    from flashbot.cli.checks.number import called

    chosen = _choice(answers, workspace)
    say(f"Instance: {called(chosen)}.")
    if chosen.status not in (None, "connected"):
        complain(f"This instance is {chosen.status}: nothing arrives until it is connected in MsgFlash's dashboard.")
    return chosen


def _choice(answers: Answers, workspace: Workspace) -> Instance:
    from flashbot.cli.checks.number import named

    known = workspace.instances
    if not known:
        raise SettingsError("The account has no instance: make one in MsgFlash's dashboard, then come back.")
    wanted = answers.instance or workspace.settings.instance_id
    if wanted:
        found = named(known, wanted)
        if found is not None:
            return found
        if answers.instance:
            raise SettingsError("No single instance has this id, name or number: flashbot instances list shows them.")
    if len(known) == 1:
        return known[0]
    if not answers.ask:
        raise SettingsError(
            f"The account has {len(known)} instances: name one with --instance; flashbot instances list shows them."
        )
    width = max(len(one.name or "") for one in known)
    for row, one in enumerate(known, 1):
        say(f"  {row}  {one.name or '':<{width}}  {masked(one.wa_number)}  {one.status or ''}")
    while True:
        place = _asked("Which of them")
        if place.isascii() and place.isdigit() and 1 <= int(place) <= len(known):
            return known[int(place) - 1]
        complain(f"Type a number from 1 to {len(known)}.")


# -- webhook


def _url(answers: Answers, workspace: Workspace) -> str:
    """The webhook's whole address."""
    from flashbot.cli.checks.webhook import ours

    settings = workspace.settings
    real = is_real(settings.msgflash_url)
    registered = [one.url for one in ours(workspace.endpoints, None) if one.url]
    usual = registered[0] if len(registered) == 1 else None
    if answers.url or not answers.ask:
        if not (answers.url or usual):
            raise SettingsError("It is not known where MsgFlash reaches the bot: name its public address with --url.")
        return _checked(answers.url or usual or "", real=real)
    say(f"MsgFlash needs a public address that leads to port {settings.port} of this machine.")
    for left in reversed(range(TRIES)):
        try:
            return _checked(typer.prompt("Public address of the bot", default=usual), real=real)
        except SettingsError as fault:
            if not left:
                raise
            complain(str(fault))
    raise AssertionError("the last try returns or raises")


def _checked(text: str, *, real: bool) -> str:
    url = webhook_at(text)
    if real and is_at_home(url):
        raise SettingsError(
            f"MsgFlash cannot reach {shown(url)}, an address of this machine or network: give it a public one "
            "(a reverse proxy or a tunnel leads from there to the bot)."
        )
    if real and not url.startswith("https://"):
        raise SettingsError("MsgFlash asks for https: put a certificate before the bot, and give its https address.")
    return url


def _to_replace(answers: Answers, workspace: Workspace, url: str) -> list[WebhookEndpoint] | None:
    """The endpoints to delete once the new one is there; None when the one there is kept."""
    from flashbot.cli.checks.webhook import RECEIVED, ours

    there = ours(workspace.endpoints, url)
    if not there:
        return []
    hears = any(RECEIVED in one.events and one.active is not False for one in there)
    if hears and workspace.settings.secrets and not answers.replace:
        return None
    if not hears:
        say(f"{shown(url)} is registered, but not for {RECEIVED}; an endpoint cannot be changed, only made anew.")
    elif not workspace.settings.secrets:
        say(f"{shown(url)} is registered. Its secret was shown once, when it was made, and cannot be read again.")
    if answers.ask and not answers.replace and not typer.confirm("Delete it and make it anew?", default=True):
        if hears:
            complain(
                "If you have its secret, put it into .env as FLASHBOT_WEBHOOK_SECRET, then flashbot connect again."
            )
        raise typer.Abort
    return there


# -- the end


def _look_again(url: str | None) -> None:
    from flashbot.cli.doctor import diagnose, print_findings

    say("\nWhat flashbot doctor finds now:")
    print_findings(diagnose(url))
    say("Start the bot with flashbot run bot.py; flashbot doctor looks again at any time.")
