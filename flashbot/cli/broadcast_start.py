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
        segment = await _read(bot, order, client)
        if order.via_campaign:
            return await _as_campaign(bot, order, client, opened, settings, instance, segment)
        ahead = Ahead(opened.store, settings, bot.policy, client=client)
        return await _make(bot, target, order, opened, settings, instance, segment, ahead)


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
        raise SettingsError(f"Nobody is left to send it to{f' ({reasons})' if reasons else ''}.")
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
    whole = await _whole(client, order)
    return await run_campaign(
        client, opened.store, settings,
        CampaignOrder(
            name=order.name, instance=instance, people=segment.people, policy=bot.policy or Policy(),
            rules=order.rules, catalogue=bot.catalogue, template=order.template, values=order.values, whole=whole,
            purpose=order.purpose, before=order.before, detach=order.detach, yes=order.yes, as_json=order.as_json,
        ),
    )  # fmt: skip


async def _whole(client: Client, order: Order) -> Recipients | None:
    """The one tag or group that was named, if nothing else was."""
    from flashbot.engine.groupnames import find_group
    from flashbot.msgflash.recipients import GroupMembers, TaggedContacts

    if order.files or len(order.segments) != 1:
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
    from flashbot.cli.broadcast_follow import follow
    from flashbot.cli.broadcast_words import json_row, typed
    from flashbot.cli.progress import Bar
    from flashbot.engine.broadcast import make_broadcast
    from flashbot.engine.proven import passed_on
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
        _preview(order, target, segment, made, status, await _outlook(order, ahead, status))
        if not status.total:
            complain("Nothing was sent: nobody is left who may get it.")
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


def _preview(
    order: Order, target: str, segment: Segment, made: Made, status: CastStatus, outlook: Outlook | None
) -> None:
    from flashbot.cli.broadcast_words import reason_words, soon, when

    left = dict(segment.left_out)
    for reason, count in made.excluded.items():
        left[reason_words(reason)] = left.get(reason_words(reason), 0) + count
    later = {} if outlook is None else {reason_words(why): count for why, count in outlook.left_out.items()}
    if order.as_json:
        print_json([{
            "name": order.name, "template": order.template, "people": status.total, "left_out": left,
            "would_be_left_out": later, "canary": order.rules.canary, "before_ms": status.send_before_ms,
            "ends_ms": None if outlook is None else outlook.ends_ms,
        }])  # fmt: skip
        return
    say(
        f"{order.name}: template {order.template} of {target} to {status.total:,} people, from {status.instance}.",
        "bold",
    )
    for title, found in (("Left out", left), ("And by the gates, as things stand", later)):
        if found:
            say(f"{title}: {sum(found.values()):,}")
            for why, count in sorted(found.items(), key=lambda one: -one[1]):
                say(f"  {count:>6,}  {why}")
    rules = order.rules
    if 0 < rules.canary < status.total:
        say(f"First {rules.canary:,} of them, then the others once these were watched for {_span(rules.watch)}.")
    say(
        f"It halts when more than {rules.most_failed:.0%} of the messages fail, or {rules.most_opted_out:.0%} of the "
        "people opt out."
    )
    if outlook is None:
        say("How long it takes is not known: nobody has told yet how the number is.", "yellow")
    elif outlook.ends_ms is not None:
        binds = f"; what holds it back most: {reason_words(outlook.binds)}" if outlook.binds else ""
        say(f"It would be over about {soon(outlook.ends_ms)}{binds}.", "green")
    elif outlook.waiting:
        binds = f": {reason_words(outlook.binds)}" if outlook.binds else ""
        say(f"{sum(outlook.waiting.values()):,} would still wait after {outlook.days} days{binds}.", "yellow")
    late = outlook is not None and (outlook.ends_ms or sys.maxsize) > status.send_before_ms and bool(outlook.sent)
    say(f"Nothing of it leaves after {when(status.send_before_ms)}{', so not everybody gets it' if late else ''}.")


def _span(span: timedelta) -> str:
    seconds = span // timedelta(seconds=1)
    for unit, name in ((3600, "hour"), (60, "minute")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit:,} {name}{'' if seconds == unit else 's'}"
    return f"{seconds:,} second{'' if seconds == 1 else 's'}"
