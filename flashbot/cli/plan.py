"""`flashbot plan`: plays a list or a drip through the gates before anything is sent, and says when it would be over."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.account import AsJson
from flashbot.cli.importing import Country

if TYPE_CHECKING:
    from flashbot.bot import Bot
    from flashbot.cli.plan_number import Described
    from flashbot.cli.plan_people import Audience
    from flashbot.cli.plan_store import Standing
    from flashbot.dialogue.series import Sayable
    from flashbot.outreach.forecast import Forecast
    from flashbot.outreach.policy import Policy
    from flashbot.outreach.scenario import Mail, Replies, Scenario
    from flashbot.settings import Settings

__all__ = ["plan"]

NUMBER, PEOPLE, OUTPUT = "The number", "The people", "Output"


def plan(
    file: Annotated[str, typer.Argument(metavar="FILE.csv", help="- is stdin.", show_default=False)],
    drip: Annotated[
        str | None, typer.Option(help="Everybody begins this drip of --bot now.", show_default=False)
    ] = None,
    bot: Annotated[
        str | None, typer.Option(metavar="BOT.py", help="Whose drip it is, and whose policy holds.", show_default=False)
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="For how long to look ahead.")] = 30,
    start: Annotated[
        str | None, typer.Option(help="Such as 2026-03-02T09:00; without it, now.", show_default=False)
    ] = None,
    hours: Annotated[
        str | None,
        typer.Option(
            help="When people may be written to: default, fr, eu, sn, ci, ng or ma; else as --bot says.",
            show_default=False,
        ),
    ] = None,
    same_text: Annotated[
        bool, typer.Option("--same-text", help="Everybody gets the very same words, without as much as a name.")
    ] = False,
    instance: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Ask MsgFlash how this number is; without it that of FLASHBOT_INSTANCE_ID, unless you describe one.",
            show_default=False,
            rich_help_panel=NUMBER,
        ),
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(help="new, warming, stable, at_risk or restricted.", show_default=False, rich_help_panel=NUMBER),
    ] = None,
    score: Annotated[float | None, typer.Option(min=0, max=100, show_default=False, rich_help_panel=NUMBER)] = None,
    hourly: Annotated[
        int | None,
        typer.Option(min=0, help="Messages an hour that MsgFlash advises.", show_default=False, rich_help_panel=NUMBER),
    ] = None,
    daily: Annotated[
        int | None, typer.Option(min=0, help="And a day.", show_default=False, rich_help_panel=NUMBER)
    ] = None,
    cold_ratio: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of who never wrote.", show_default=False, rich_help_panel=NUMBER),
    ] = None,
    age: Annotated[
        float | None,
        typer.Option(min=0, help="Days since it was linked.", show_default=False, rich_help_panel=NUMBER),
    ] = None,
    stage: Annotated[
        int | None,
        typer.Option(
            min=1, max=7, help="How far its own sending has brought it.", show_default=False, rich_help_panel=NUMBER
        ),
    ] = None,
    growing: Annotated[
        bool, typer.Option("--growing", help="Let that go on by the days of the plan.", rich_help_panel=NUMBER)
    ] = False,
    zone: Annotated[
        str | None,
        typer.Option(help="Where it works, such as Africa/Abidjan.", show_default=False, rich_help_panel=NUMBER),
    ] = None,
    wrote: Annotated[
        float | None,
        typer.Option(
            metavar="DAYS",
            min=0,
            help="Everybody wrote so many days ago; a column last_message goes before.",
            show_default=False,
            rich_help_panel=PEOPLE,
        ),
    ] = None,
    reply_rate: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Share of messages that are answered.", show_default=False, rich_help_panel=PEOPLE
        ),
    ] = None,
    opt_out_rate: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Share that is answered with STOP.", show_default=False, rich_help_panel=PEOPLE
        ),
    ] = None,
    fail_rate: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of people out of reach.", show_default=False, rich_help_panel=PEOPLE),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another draws other people who answer.", rich_help_panel=PEOPLE)] = 0,
    country: Country = None,
    store: Annotated[
        bool | None,
        typer.Option(
            "--store/--no-store",
            help="Look up consents, opt-outs and who wrote in the bot's store, too; by default where there is one.",
            show_default=False,
            rich_help_panel=PEOPLE,
        ),
    ] = None,
    excluded: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            dir_okay=False,
            help="Write down who gets nothing, and why.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Draw it: .png, .svg or .pdf.", show_default=False, rich_help_panel=OUTPUT),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say when a list or a drip would be sent, before anything is: day by day, what holds it back, who gets nothing.

    It sends nothing and needs no server; where the bot has a store, it is read, and where the settings have a number
    and a key, MsgFlash is asked how that number is. The columns are those of flashbot contacts import, and three more:
    last_message (when they last wrote; whoever has none never did), zone, opted_out.
    The gates that decide are those that the bot's messages pass; only who answers is made up.
    """
    from flashbot.cli.plan_number import Described, choose
    from flashbot.cli.plan_people import read_audience
    from flashbot.cli.plan_picture import check_picture, draw
    from flashbot.cli.plan_report import Told, report, write_excluded
    from flashbot.cli.plan_store import has_store
    from flashbot.cli.target import load_target
    from flashbot.clock import SystemClock, to_ms
    from flashbot.errors import SettingsError
    from flashbot.outreach.scenario import Scenario, Series
    from flashbot.settings import load_settings

    described = Described(state, score, hourly, daily, cold_ratio, age)
    loaded = None if bot is None else load_target(bot)
    policy = _policy(hours, loaded)
    _check(described, instance, zone)
    if png is not None:
        check_picture(png)
    series, mails = _mails(drip, loaded, file, same_text=same_text)
    now = SystemClock().now() if start is None else _moment(start)
    audience = read_audience(file, country, now, wrote_days_ago=wrote)
    if not audience.recipients:
        raise SettingsError("No line of the file has a number that can be used, so there is nothing to plan.")
    settings = load_settings()
    sender = asyncio.run(choose(described, instance, settings, zone or audience.zone, zone, now))
    number, standing = sender.number, None
    if has_store(settings) if store is None else store:
        audience, standing = asyncio.run(_looked_up(settings, audience, sender.instance))
    if standing is not None:
        number = standing.of(number)
        stage = standing.stage if stage is None else stage
    scenario = Scenario(
        (Series(series, audience.recipients, mails, follows_up=drip is not None),),
        number,
        to_ms(now),
        days,
        sender.health,
        sender.usage,
        stage,
        growing,
        policy,
        _replies(reply_rate, opt_out_rate, fail_rate),
        seed,
        unanswered=0 if standing is None else standing.unanswered,
    )
    forecast = _played(scenario)
    told = Told(scenario, forecast, audience, sender, hours, wrote)
    report(told, as_json=as_json)
    if excluded is not None:
        write_excluded(excluded, told)
    if png is not None:
        draw(told, png)


def _check(described: Described, instance: str | None, zone: str | None) -> None:
    from flashbot.errors import SettingsError
    from flashbot.outreach.zones import is_zone

    if zone is not None and not is_zone(zone):
        raise SettingsError(f"--zone {zone} is no time zone: name one such as Africa/Abidjan or Europe/Paris.")
    if instance is not None and described.given:
        raise SettingsError(f"--instance asks MsgFlash for what {', '.join(described.given)} says: leave one out.")


def _policy(hours: str | None, bot: Bot | None) -> Policy:
    from flashbot.errors import SettingsError
    from flashbot.outreach.policy import Policy
    from flashbot.outreach.presets import PRESETS

    own = (bot.policy if bot is not None else None) or Policy()
    if hours is None:
        return own
    if hours not in PRESETS:
        raise SettingsError(f"--hours {hours} is none of {', '.join(PRESETS)}.")
    return replace(own, contact_hours=PRESETS[hours])


def _replies(*shares: float | None) -> Replies:
    from flashbot.errors import SettingsError
    from flashbot.outreach.scenario import Replies

    names = ("answer", "opt_out", "fail")
    try:
        return Replies(**{name: share for name, share in zip(names, shares, strict=True) if share is not None})
    except ValueError:
        raise SettingsError("--reply-rate and --opt-out-rate together are more than everybody.") from None


def _moment(start: str) -> datetime:
    from flashbot.errors import SettingsError

    try:
        return datetime.fromisoformat(start).astimezone()
    except ValueError:
        raise SettingsError(f"--start {start} is no moment: write it as 2026-03-02T09:00.") from None


def _mails(drip: str | None, bot: Bot | None, file: str, *, same_text: bool) -> tuple[str, tuple[Mail, ...]]:
    """What the messages are sent as, and when each is due."""
    from flashbot.errors import SettingsError
    from flashbot.outreach.scenario import Mail

    if drip is None:
        return Path(file).stem or "list", (Mail(body="same" if same_text else ""),)
    if bot is None:
        raise SettingsError("A drip needs its bot: flashbot plan FILE.csv --drip welcome --bot bot.py.")
    drips = {one.name: one for one in sorted(bot.drips, key=lambda one: one.version)}
    if drip not in drips:
        known = f"it has {', '.join(drips)}" if drips else "it has none"
        raise SettingsError(f"The bot has no drip {drip}: {known}.")
    return drip, tuple(
        Mail(
            step.after // timedelta(milliseconds=1),
            f"same-{place}" if same_text or _same_for_all(bot, step.content) else "",
        )
        for place, step in enumerate(drips[drip].steps)
    )


def _same_for_all(bot: Bot, content: Sayable) -> bool:
    """A template that reads something may say something else to everybody; what stands in the bot does not."""
    from flashbot.template import Template

    if not isinstance(content, Template):
        return True
    files = bot.catalogue.family(content.name).values() or (bot.catalogue.find(content.name),)
    return not any(bot.catalogue.lower(file).reads for file in files)


async def _looked_up(settings: Settings, audience: Audience, instance: str | None) -> tuple[Audience, Standing | None]:
    from flashbot.cli.opened import opened_store
    from flashbot.cli.plan_store import known_to, standing_of

    async with opened_store(settings) as opened:
        people = await known_to(opened.store, audience)
        return people, None if instance is None else await standing_of(opened.store, instance)


def _played(scenario: Scenario) -> Forecast:
    from flashbot.cli.console import errors
    from flashbot.outreach.plan import plan as play

    console = errors()
    if not console.is_terminal:
        return play(scenario)
    with console.status("Playing it through …"):
        return play(scenario)
