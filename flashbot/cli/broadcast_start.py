"""A broadcast before it begins: who is meant, who is left out and why, how long it takes; then the question.

Until the question is answered everything lies in the store, and nothing leaves.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from flashbot.cli.account import account, chosen_instance, print_json
from flashbot.cli.console import complain, note, say
from flashbot.errors import SettingsError

if TYPE_CHECKING:
    from flashbot.bot import Bot
    from flashbot.cli.broadcast_follow import Ahead
    from flashbot.cli.broadcast_outlook import Outlook
    from flashbot.engine.broadcast import CastStatus, Made
    from flashbot.engine.segment import Part, Segment
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.recipients import Recipients
    from flashbot.outreach.cast import Rules
    from flashbot.settings import Settings
    from flashbot.store.opening import OpenedStore

__all__ = ["Order", "agreed", "begin"]

FAILED = 1
AGREE = (
    " Who agreed is told with flashbot contacts import FILE.csv --consent-source SOURCE --consent-wording WORDS, or by "
    "turn.consent in the bot."
)
NOBODY_ASKED = "Nobody is there to be asked: --yes does it without asking."
FLAWS = 3
"""Lines of a file that are named one by one."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was typed."""

    template: str
    segments: tuple[str, ...]
    files: tuple[str, ...]
    values: Mapping[str, str]
    name: str
    rules: Rules
    before: datetime | None
    purpose: str
    instance: str | None
    country: str | None
    via_campaign: bool = False
    yes: bool = False
    detach: bool = False
    as_json: bool = False


async def begin(bot: Bot, target: str, order: Order) -> int:
    """All of it; the exit code."""
    from flashbot.cli.broadcast_follow import Ahead
    from flashbot.cli.opened import opened_store
    from flashbot.settings import load_settings

    settings = load_settings()
    async with opened_store(settings) as opened, _client(settings, order) as client:
        instance = order.instance or settings.instance_id
        if instance is None:
            if client is None:
                raise SettingsError(
                    "It is not known which number it leaves from: --instance ID, or FLASHBOT_INSTANCE_ID."
                )
            instance = await chosen_instance(client, None, settings)
        elif client is not None and order.instance is not None:
            await _check_instance(client, instance)
        segment = await _read(bot, order, client)
        if order.via_campaign:
            return await _as_campaign(bot, order, client, opened, settings, instance, segment)
        ahead = Ahead(opened.store, settings, bot.policy, client=client)
        return await _make(bot, target, order, opened, settings, instance, segment, ahead)


async def _check_instance(client: Client, instance: str) -> None:
    """One typed wrong would hold everybody back for ever. Raises SettingsError, or MsgFlashError without an answer."""
    from flashbot.msgflash.errors import NotFound

    try:
        await client.instances.get(instance)
    except NotFound:
        raise SettingsError(
            f"There is no number {instance} in this account: flashbot instances list shows those there are."
        ) from None


def agreed(question: str) -> bool:
    """Asks on a terminal. Raises SettingsError where nobody could answer."""
    from flashbot.cli.contacts import agrees

    if not sys.stdin.isatty():
        raise SettingsError(NOBODY_ASKED)
    return agrees(question)


# -- who


@contextlib.asynccontextmanager
async def _client(settings: Settings, order: Order) -> AsyncIterator[Client | None]:
    """Of the account, where there is a key; without one, files and a number that is named are enough."""
    if not settings.api_key.get_secret_value() and not order.segments and not order.via_campaign:
        yield None
        return
    async with account(settings) as client:
        yield client


async def _read(bot: Bot, order: Order, client: Client | None) -> Segment:
    from flashbot.cli.progress import Bar
    from flashbot.engine.segment import parts_of, read_segment, reads_meta

    parts: tuple[Part, ...] = parts_of([*order.segments, *(Path(file) for file in order.files)])
    with Bar("Reading who gets it") as bar:
        segment = await read_segment(
            parts, client, meta=reads_meta(bot.catalogue, order.template), country=order.country, seen=bar.show
        )
    for flaw in segment.flaws[:FLAWS]:
        note(flaw)
    if len(segment.flaws) > FLAWS:
        note(f"… and {len(segment.flaws) - FLAWS:,} lines more.")
    if not segment.people:
        reasons = ", ".join(f"{count:,}: {why}" for why, count in segment.left_out.items())
        raise SettingsError(
            f"Nobody is left to send it to ({reasons})."
            if reasons
            else f"There is nobody in {' and '.join((*order.files, *order.segments))} to send it to."
        )
    return segment


async def _as_campaign(
    bot: Bot,
    order: Order,
    client: Client | None,
    opened: OpenedStore,
    settings: Settings,
    instance: str,
    segment: Segment,
) -> int:
    from flashbot.cli.broadcast_campaign import CampaignOrder, run_campaign
    from flashbot.outreach.policy import Policy

    assert client is not None  # noqa: S101 - a campaign always has one
    if not order.yes and not sys.stdin.isatty():
        raise SettingsError(NOBODY_ASKED)
    whole = await _whole(client, order, segment)
    return await run_campaign(
        client, opened.store, settings,
        CampaignOrder(
            name=order.name, instance=instance, people=segment.people, policy=bot.policy or Policy(),
            rules=order.rules, catalogue=bot.catalogue, template=order.template, values=order.values, whole=whole,
            purpose=order.purpose, before=order.before, detach=order.detach, yes=order.yes, as_json=order.as_json,
        ),
    )  # fmt: skip


async def _whole(client: Client, order: Order, segment: Segment) -> Recipients | None:
    """The one tag or group that was named, if nothing else was and nobody of it is left out."""
    from flashbot.engine.groupnames import find_group
    from flashbot.msgflash.recipients import GroupMembers, TaggedContacts

    if order.files or len(order.segments) != 1 or segment.left_out:
        return None
    kind, _, name = order.segments[0].partition(":")
    return TaggedContacts([name]) if kind == "tag" else GroupMembers((await find_group(client, name)).id)


# -- making


async def _make(
    bot: Bot,
    target: str,
    order: Order,
    opened: OpenedStore,
    settings: Settings,
    instance: str,
    segment: Segment,
    ahead: Ahead,
) -> int:
    from flashbot.cli.broadcast_before import Before, show
    from flashbot.cli.broadcast_follow import follow
    from flashbot.cli.broadcast_words import json_row, typed
    from flashbot.cli.progress import Bar
    from flashbot.engine.broadcast import make_broadcast
    from flashbot.engine.proven import passed_on
    from flashbot.outreach.policy import Policy
    from flashbot.template import Template

    with Bar("Writing the messages", len(segment.people)) as bar:
        made = await make_broadcast(
            opened.store,
            Template(order.template, order.values),
            segment.people,
            name=order.name,
            instance=instance,
            purpose=order.purpose,
            send_before=order.before,
            rules=order.rules,
            templates=bot.renderer(passed_on(settings)),
            own_language=bot.language,
            seen=bar.show,
        )
    status = await made.broadcast.status()
    if made.begun:
        _begun(made, status)
    else:
        await ahead.learn(status)
        outlook = await _outlook(order, ahead, status)
        show(Before(order, target, segment.left_out, made, status, outlook, bot.policy or Policy(), ahead.example))
        if not status.total:
            complain(
                f"Nothing was sent: nobody is left who may get it.{AGREE if 'no_consent' in made.excluded else ''}"
            )
            return FAILED
        if not order.yes and not agreed(f"Send {order.name} to {status.total:,}?"):
            say("Nothing was sent.")
            return FAILED
        if not await made.broadcast.start():
            raise SettingsError(
                f"{order.name} was begun elsewhere in the same moment: {typed('watch', order.name)} shows it."
            )
    if order.detach:
        if order.as_json:
            print_json([json_row(await made.broadcast.status())])
        else:
            say(f"{order.name} has begun: {typed('watch', order.name)} follows it, pause holds it.")
        return 0
    return await follow(made.broadcast, ahead, as_json=order.as_json)


def _begun(made: Made, status: CastStatus) -> None:
    """Used again: one that goes on is followed. Raises SettingsError for one that is over."""
    if status.ended:
        raise SettingsError(
            f"There was a broadcast {status.name} before ({status.state}), and nobody is added to it: give this one a "
            "name of its own with --name."
        )
    note(
        f"{status.name} began before, with {status.total:,} people; nobody is added to it. For another one, give it a "
        "name of its own with --name."
    )


async def _outlook(order: Order, ahead: Ahead, status: CastStatus) -> Outlook | None:
    from rich.status import Status

    from flashbot.cli.console import errors

    console = errors()
    canary = order.rules.canary if order.rules.canary < status.total else 0
    watch_ms = order.rules.watch // timedelta(milliseconds=1) if canary else 0
    with Status("Playing it through …", console=console) if console.is_terminal else contextlib.nullcontext():
        return await ahead.look(status, canary=canary, watch_ms=watch_ms)
