"""`flashbot broadcast`: one template to many people, through the gates; and what becomes of those that go on.

The work is a running bot's. These commands make it, look at it and switch it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from flashbot.cli.account import AsJson, print_json, print_table
from flashbot.cli.console import note, say
from flashbot.cli.importing import Country
from flashbot.errors import SettingsError

if TYPE_CHECKING:
    from flashbot.engine.broadcast import Broadcast
    from flashbot.store.opening import OpenedStore

__all__ = ["commands"]

START = "start"
SPAN = re.compile(r"(\d+)\s*([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Broadcasts(TyperGroup):
    """The first word that is no command is the template of a new one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help", "-h"):
            args = [START, *args]
        return super().parse_args(ctx, args)


commands = typer.Typer(
    cls=Broadcasts,
    no_args_is_help=True,
    subcommand_metavar="TEMPLATE --bot BOT.py --tag TAG …, or a COMMAND",
    help="Send a template to many people, through the gates: flashbot broadcast offer --bot bots/shop.py --tag VIP. "
    "All its options: flashbot broadcast start --help.",
)

Named = Annotated[str, typer.Argument(metavar="NAME", help="Its name or its id.", show_default=False)]
Every = Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")]


class Via(StrEnum):
    gates = "gates"
    campaign = "campaign"


@commands.command(START)
def start(
    template: Annotated[
        str, typer.Argument(metavar="TEMPLATE", help="As the bot names it, such as offer.", show_default=False)
    ],
    bot: Annotated[
        str, typer.Option(metavar="BOT.py", help="Whose template it is, and whose policy holds.", show_default=False)
    ],
    tag: Annotated[
        list[str] | None, typer.Option(help="Everybody with this tag; may be repeated.", show_default=False)
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(help="Everybody in this group, by name or id; may be repeated.", show_default=False),
    ] = None,
    csv: Annotated[
        list[str] | None,
        typer.Option(
            "--csv",
            metavar="FILE.csv",
            help="A column phone, and values by their headers; may be repeated.",
            show_default=False,
        ),
    ] = None,
    var: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A value for everybody; may be repeated.", show_default=False),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Nobody gets two messages of one name. Without it, the template's.", show_default=False),
    ] = None,
    canary: Annotated[int, typer.Option(min=0, help="How many get it first; 0: everybody at once.")] = 20,
    watch: Annotated[str, typer.Option(metavar="TIME", help="For how long they are watched: 90s, 30m, 2h.")] = "30m",
    most_failed: Annotated[
        float, typer.Option(metavar="SHARE", min=0, max=1, help="It halts when more of its messages fail.")
    ] = 0.1,
    most_opted_out: Annotated[
        float, typer.Option(metavar="SHARE", min=0, max=1, help="It halts when more of the people opt out.")
    ] = 0.03,
    recipients_a_day: Annotated[
        int | None,
        typer.Option(min=1, help="No more people in 24 hours; never more than MsgFlash advises.", show_default=False),
    ] = None,
    before: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Nothing leaves later: 2026-12-01T18:00+00:00.", show_default=False),
    ] = None,
    purpose: Annotated[str, typer.Option(help="What they must have agreed to.")] = "marketing",
    instance: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="The number; without it FLASHBOT_INSTANCE_ID, or the only one.", show_default=False
        ),
    ] = None,
    country: Country = None,
    via: Annotated[Via, typer.Option(help="campaign: MsgFlash sends it all by itself, without the gates.")] = Via.gates,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Start it and look no further.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send a template to many people. The word start may be left out.

    A few get it first; when they took it well, the rest, as pace, hours and consent allow.

    A running bot (flashbot run) does the work; this only follows it.
    """
    from flashbot.cli.broadcast_start import Order, begin
    from flashbot.cli.said import values_of
    from flashbot.cli.target import load_target
    from flashbot.engine.sheets.people import check_country
    from flashbot.outreach.cast import Rules

    order = Order(
        template,
        tuple([f"tag:{one}" for one in tag or ()] + [f"group:{one}" for one in group or ()]),
        tuple(csv or ()),
        values_of(var or ()),
        name or template,
        Rules(
            canary=canary,
            watch=_span(watch),
            most_failed=most_failed,
            most_opted_out=most_opted_out,
            recipients_a_day=recipients_a_day,
        ),
        _moment(before),
        purpose,
        instance,
        check_country(country),
        via_campaign=via is Via.campaign,
        yes=yes,
        detach=detach,
        as_json=as_json,
    )
    if not order.segments and not order.files:
        raise SettingsError("Say who gets it: --tag VIP, --group NAME or --csv FILE.csv.")
    loaded = load_target(bot)
    loaded.catalogue.find(template)
    _end(asyncio.run(begin(loaded, bot, order)))


@commands.command()
def status(named: Named, as_json: AsJson = False) -> None:
    """Say how a broadcast stands."""

    async def work(opened: OpenedStore, cast: Broadcast) -> int:
        from flashbot.cli.broadcast_words import json_row, sentences

        found = await cast.status()
        if as_json:
            print_json([json_row(found)])
        else:
            for sentence in sentences(found):
                say(sentence)
        return 0

    _with(named, work)


@commands.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show all broadcasts of this store."""

    async def inside() -> None:
        from flashbot.cli.broadcast_words import IN_A_TABLE, counted, json_row, when
        from flashbot.cli.opened import opened_store
        from flashbot.engine.broadcast import list_broadcasts
        from flashbot.settings import load_settings

        async with opened_store(load_settings()) as opened:
            found = await list_broadcasts(opened.store)
        if as_json:
            print_json(json_row(one) for one in found)
            return
        print_table(
            ("name", "state", "people", "wait", "became", "made", "id"),
            (
                (
                    one.name,
                    IN_A_TABLE.get(one.state, one.state),
                    f"{one.total:,}",
                    f"{one.counts.get('waiting', 0):,}",
                    counted(one),
                    when(one.made_ms),
                    one.id,
                )
                for one in found
            ),
            "There are no broadcasts: flashbot broadcast TEMPLATE --bot BOT.py --tag VIP makes one.",
        )
        if any(one.state == "making" for one in found):
            note(
                "Not begun: the command that made it, typed again, begins it; flashbot broadcast stop NAME removes it. "
                "After seven days it is gone."
            )

    asyncio.run(inside())


@commands.command()
def watch(
    named: Named,
    bot: Annotated[
        str | None, typer.Option(metavar="BOT.py", help="Whose policy holds; else the careful one.", show_default=False)
    ] = None,
    every: Every = 2.0,
    as_json: AsJson = False,
) -> None:
    """Follow a broadcast until it ends; Ctrl-C only ends the watching."""
    from flashbot.cli.target import load_target

    policy = None if bot is None else load_target(bot).policy

    async def work(opened: OpenedStore, cast: Broadcast) -> int:
        from flashbot.cli.broadcast_follow import Ahead, follow
        from flashbot.settings import load_settings

        ahead = Ahead(opened.store, load_settings(), policy)
        await ahead.learn(await cast.status())
        return await follow(cast, ahead, every=every, as_json=as_json)

    _with(named, work)


@commands.command()
def pause(named: Named) -> None:
    """Hold a broadcast: whoever has not got it waits."""

    async def work(_: OpenedStore, cast: Broadcast) -> int:
        from flashbot.cli.broadcast_words import over, typed

        await cast.pause()
        found = await cast.status()
        if found.ended:
            raise SettingsError(over(found))
        if found.state == "making":
            raise SettingsError(f"{cast.name} has not begun, so there is nothing to pause.")
        if found.state == "halted":
            say(f"{cast.name} had halted by itself before: {typed('resume', cast.name)} lets it go on.")
        else:
            say(f"{cast.name} is paused: {typed('resume', cast.name)} lets it go on.")
        return 0

    _with(named, work)


@commands.command()
def resume(named: Named) -> None:
    """Let a broadcast go on that was paused or has halted itself."""

    async def work(_: OpenedStore, cast: Broadcast) -> int:
        from flashbot.cli.broadcast_words import over, typed

        before = await cast.status()
        if before.ended:
            raise SettingsError(over(before))
        if before.state == "making":
            raise SettingsError(f"{cast.name} has not begun: the command that made it, typed again, begins it.")
        await cast.resume()
        say(f"{cast.name} goes on: {typed('watch', cast.name)} follows it.")
        return 0

    _with(named, work)


@commands.command()
def stop(named: Named, yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False) -> None:
    """End a broadcast for good: whoever has not got it gets nothing. One that has not begun is removed."""

    async def work(opened: OpenedStore, cast: Broadcast) -> int:
        from flashbot.cli.broadcast_start import agreed
        from flashbot.cli.broadcast_words import over
        from flashbot.engine.broadcast import find_broadcast

        before = await cast.status()
        if before.ended:
            say(over(before))
            return 0
        question = f"Remove {cast.name}?" if before.state == "making" else f"End {cast.name} for good?"
        if not yes and not agreed(question):
            return 1
        await cast.stop()
        if await find_broadcast(opened.store, cast.id) is None:
            say(f"{cast.name} had not begun: it is removed, and its name is free.")
        else:
            say(f"{cast.name} is stopped, and cannot go on again.")
        return 0

    _with(named, work)


def _with(named: str, work: Callable[[OpenedStore, Broadcast], Awaitable[int]]) -> None:
    async def inside() -> int:
        from flashbot.cli.opened import opened_store
        from flashbot.engine.broadcast import find_broadcast
        from flashbot.settings import load_settings

        async with opened_store(load_settings()) as opened:
            found = await find_broadcast(opened.store, named)
            if found is None:
                raise SettingsError(f"There is no broadcast {named}: flashbot broadcast list shows those there are.")
            return await work(opened, found)

    _end(asyncio.run(inside()))


def _end(code: int) -> None:
    if code:
        raise typer.Exit(code)


def _span(text: str) -> timedelta:
    found = SPAN.fullmatch(text.strip())
    if found is None:
        raise SettingsError("--watch takes a time such as 90s, 30m, 2h or 1d.")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise SettingsError("--before takes a time such as 2026-12-01T18:00+00:00.") from None
    if moment.tzinfo is None:
        moment = moment.astimezone()
        note(f"--before has no zone and is read by this machine's clock: {moment.isoformat(timespec='minutes')}.")
    if moment <= datetime.now(UTC):
        raise SettingsError("--before has passed: nothing of it could leave.")
    return moment
