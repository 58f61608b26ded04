"""`flashbot intents misses`: what people wrote and no intent understood, in groups, each offered as an intent.

It shows texts, masked as they were stored, and never who wrote them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from flashbot.cli.account import AsJson, print_json
from flashbot.cli.console import complain, note, say
from flashbot.cli.contacts import agrees
from flashbot.cli.run import Target

if TYPE_CHECKING:
    from flashbot.cli.gathering import Gathered
    from flashbot.settings import Settings
    from flashbot.store.misses import Kept
    from flashbot.store.opening import OpenedStore

__all__ = ["misses"]

SHOWN = 10
OFF = (
    "FLASHBOT_KEEP_MISSES_DAYS is 0 here, so no text is kept. Set it in .env to the days for which what people wrote "
    "may be kept where no intent understood it, such as 7; start the bot again, and come back in a few days. These are "
    "other people's words: tell them first that you read such messages, why, and for how long you keep them. Long "
    "numbers, e-mail addresses and links are masked before anything is stored; names are not, for nothing tells them "
    "from other words. --clear deletes everything, --forget NUMBER what one person wrote."
)
T = TypeVar("T")


def misses(
    target: Target,
    since: Annotated[
        float | None, typer.Option(metavar="DAYS", min=0, help="Only those of the last days.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Groups to show, the largest first.")] = SHOWN,
    write: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help="Write the suggestions as a Python file that tests itself.", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Delete every text that is kept.")] = False,
    forget: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Delete what one person wrote.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Group the messages that no intent understood, and offer each group as an intent with examples and a test."""
    from flashbot.settings import load_settings

    settings = load_settings()
    if forget is not None:
        _forget(settings, forget)
    elif clear:
        _clear(settings, yes=yes)
    elif not settings.keep_misses_days:
        _off(settings)
    else:
        if write is not None and write.exists() and not force:
            raise typer.BadParameter(f"{write} is there already: --force writes over it.")
        if write is not None and not write.parent.is_dir():
            raise typer.BadParameter(f"There is no folder {write.parent}: make it, or name a file elsewhere.")
        _show(settings, target, since, limit, write, as_json=as_json)


# -- deleting


def _forget(settings: Settings, number: str) -> None:
    from flashbot.msgflash.phones import e164

    contact = e164(number)
    gone = _in_store(settings, lambda opened: opened.store.misses.forget(contact))
    say(f"{_texts(gone)} of this number deleted.")


def _clear(settings: Settings, *, yes: bool) -> None:
    if not yes:
        there = len(_in_store(settings, _kept))
        if not there:
            say("No text is kept.")
            return
        if not agrees(f"Delete {_texts(there)} for good?"):
            complain("Nothing was deleted; --yes deletes without asking.")
            raise typer.Exit(1)
    gone = _in_store(settings, lambda opened: opened.store.misses.trim(timedelta(0)))
    say(f"{_texts(gone)} deleted.")


def _off(settings: Settings) -> None:
    """Says how to turn it on, and what is stored. Deletes nothing: these may be another folder's settings."""
    note(OFF)
    if settings.redis_url.get_secret_value() or settings.data_dir.is_dir():
        there = len(_in_store(settings, _kept))
        if there:
            note(
                f"{_texts(there)} {'is' if there == 1 else 'are'} stored still: --clear deletes them, and so does the "
                "bot when it starts with this setting."
            )


# -- showing


def _show(
    settings: Settings, target: str, since: float | None, limit: int, write: Path | None, *, as_json: bool
) -> None:
    from flashbot.cli.target import load_target

    within = timedelta(days=settings.keep_misses_days)

    async def read(opened: OpenedStore) -> list[Kept]:
        await opened.store.misses.trim(within)
        return await _kept(opened, since)

    bot = load_target(target)
    kept = _in_store(settings, read)
    if not kept:
        note(f"No text is kept {_span(settings.keep_misses_days if since is None else since)}.")
        return
    from flashbot.cli.gathering import gather
    from flashbot.cli.offers import print_found, row

    found = gather(bot, kept, limit)
    if write is not None:
        _write(found, write, target, semantic=bot.encoder is not None)
    if as_json:
        print_json(map(row, found.offers))
    else:
        print_found(found, state=next((one.state.__name__ for one in bot.routers if one.state is not None), "None"))


def _write(found: Gathered, file: Path, target: str, *, semantic: bool) -> None:
    from flashbot.cli.suggested import as_file

    if not any(offer.proposal.examples for offer in found.offers):
        note(f"There is nothing to suggest, so {file} was not written.")
        return
    file.write_text(as_file(found.offers, bot=target, source=_source(target), semantic=semantic), "utf-8")
    note(f"Written: {file}. Try it: python -m pytest {file}")


async def _kept(opened: OpenedStore, since: float | None = None) -> list[Kept]:
    """`since` so many days."""
    from flashbot.clock import SystemClock

    earliest = None if since is None else SystemClock().now() - timedelta(days=since)
    return [one async for one in opened.store.misses.read() if earliest is None or one.at >= earliest]


# -- small things


def _in_store(settings: Settings, work: Callable[[OpenedStore], Awaitable[T]]) -> T:
    from flashbot.cli.opened import opened_store

    async def inside() -> T:
        async with opened_store(settings) as opened:
            return await work(opened)

    return asyncio.run(inside())


def _source(target: str) -> str:
    """The import of the bot, for a test that runs where this command does."""
    place, colon, attribute = target.rpartition(":")
    place, attribute = (place, attribute) if colon and attribute.isidentifier() else (target, "bot")
    path = Path(place)
    if place.endswith(".py"):
        inside = path.resolve().is_relative_to(Path.cwd())
        parts = path.resolve().relative_to(Path.cwd()).with_suffix("").parts if inside else (path.stem,)
        place = ".".join(parts)
    return f"from {place} import {attribute} as known"


def _span(days: float) -> str:
    return f"of the last {days:g} {'day' if days == 1 else 'days'}"


def _texts(count: int) -> str:
    return f"{count:,} {'text' if count == 1 else 'texts'}"
