"""`flashbot campaigns`: one message to many people, sent by MsgFlash; watched from here."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.account import AsJson, Instance, chosen_instance, on_account, print_json, row
from flashbot.cli.console import complain, note, say
from flashbot.cli.said import Template, Variables, advise, content_of
from flashbot.errors import SettingsError

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.recipients import Recipients

__all__ = ["commands"]

commands = typer.Typer(no_args_is_help=True, help="Campaigns: create, watch, pause, resume.")

FAILED = 1
ID = Annotated[str, typer.Argument(metavar="ID", show_default=False)]


class Repeat(StrEnum):
    none = "none"
    daily = "daily"
    weekly = "weekly"


@commands.command()
def create(
    name: Annotated[str, typer.Option(help="For you; nobody else sees it.", show_default=False)],
    at: Annotated[str, typer.Option(metavar="TIME", help="2026-12-01T09:00+00:00, or now.", show_default=False)],
    to: Annotated[
        list[str],
        typer.Option(
            metavar="WHOM",
            help="all, tag:NAME (may be repeated), group:NAME or ID, contacts:FILE (of contact ids).",
            show_default=False,
        ),
    ],
    text: Annotated[str | None, typer.Option(help="Or the caption of a medium.", show_default=False)] = None,
    template: Template = None,
    var: Variables = None,
    image: Annotated[str | None, typer.Option(metavar="URL", show_default=False)] = None,
    video: Annotated[str | None, typer.Option(metavar="URL", show_default=False)] = None,
    audio: Annotated[str | None, typer.Option(metavar="URL", show_default=False)] = None,
    voice_note: Annotated[str | None, typer.Option(metavar="URL", show_default=False)] = None,
    document: Annotated[str | None, typer.Option(metavar="URL", show_default=False)] = None,
    repeat: Annotated[Repeat, typer.Option(help="Send it again.")] = Repeat.none,
    instance: Instance = None,
    as_json: AsJson = False,
) -> None:
    """Plan a campaign; prints its id and what MsgFlash advises. A time without a zone is this machine's."""
    media = {"image": image, "video": video, "audio": audio, "voice_note": voice_note, "document": document}
    content = content_of(text, media, template, var)
    moment = _moment(at)

    async def work(client: Client) -> int:
        from flashbot.msgflash.errors import OutcomeUnknown

        recipients = await _recipients(client, to)
        sender = await chosen_instance(client, instance)
        try:
            made = await client.campaigns.create(sender, name, content, recipients, moment, repeat=repeat.value)
        except OutcomeUnknown as fault:
            complain(str(fault))
            complain("Look into MsgFlash's dashboard, the only place that lists campaigns, before making it again.")
            return FAILED
        if as_json:
            print_json([row(made)])
        else:
            say(f"Campaign {made.id}: {made.status}")
            advise(made.safety)
            note(f"flashbot campaigns watch {made.id} follows it; pause stops it.")
        return 0

    on_account(work)


@commands.command()
def watch(
    campaign_id: ID,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")] = 3.0,
    as_json: AsJson = False,
) -> None:
    """Follow a campaign until it ends; Ctrl-C only ends the watching."""

    async def work(client: Client) -> int:
        from flashbot.cli.campaign_watch import watch_campaign

        return await watch_campaign(client, campaign_id, every=every, as_json=as_json)

    on_account(work)


@commands.command()
def pause(campaign_id: ID, as_json: AsJson = False) -> None:
    """Hold a campaign: what was not sent yet waits."""
    _switch(campaign_id, as_json=as_json, on=False)


@commands.command()
def resume(campaign_id: ID, as_json: AsJson = False) -> None:
    """Let a campaign go on."""
    _switch(campaign_id, as_json=as_json, on=True)


def _switch(campaign_id: str, *, on: bool, as_json: bool) -> None:
    async def work(client: Client) -> None:
        switch = client.campaigns.resume if on else client.campaigns.pause
        campaign = await switch(campaign_id)
        if as_json:
            print_json([row(campaign)])
        else:
            say(f"Campaign {campaign.id}: {campaign.status}")
            advise(campaign.safety)

    on_account(work)


def _moment(at: str) -> datetime:
    if at.strip().lower() == "now":
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(at.strip())
    except ValueError:
        raise SettingsError("--at takes a time such as 2026-12-01T09:00+00:00, or now.") from None
    if moment.tzinfo is None:
        moment = moment.astimezone()
        note(f"--at has no zone and is read by this machine's clock: {moment.isoformat(timespec='minutes')}.")
    if moment < datetime.now(UTC):
        note("That moment has passed: MsgFlash may begin at once.")
    return moment


async def _recipients(client: Client, to: list[str]) -> Recipients:
    from flashbot.cli.contacts import read_ids
    from flashbot.engine.groupnames import find_group
    from flashbot.msgflash.recipients import AllContacts, ChosenContacts, GroupMembers, TaggedContacts

    split = [one.partition(":") for one in to]
    if all(kind == "tag" and name for kind, _, name in split):
        return TaggedContacts([name for _, _, name in split])
    if len(split) == 1:
        kind, _, name = split[0]
        if kind == "all" and not name:
            return AllContacts()
        if kind == "group" and name:
            return GroupMembers((await find_group(client, name)).id)
        if kind == "contacts" and name:
            return ChosenContacts(list(dict.fromkeys(read_ids(name))))
    raise SettingsError("--to takes one of all, group:NAME and contacts:FILE, or any number of tag:NAME.")
