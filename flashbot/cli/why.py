"""`flashbot why`: what was decided for a contact or a message, and for which reasons, one line each.

It reads what running bots have written down; it shows no text, for none is in it.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.console import clean, complain
from flashbot.cli.shell import program
from flashbot.cli.tongue import Spoken, language_of

if TYPE_CHECKING:
    from flashbot.cli.story_words import Language
    from flashbot.settings import Settings
    from flashbot.store.mailbox import Store
    from flashbot.store.reasons import Reason

__all__ = ["app", "story_of", "why"]

PHONE = re.compile(r"\+[0-9\s().-]{2,40}|[0-9]{7,15}")
OFF = (
    "FLASHBOT_KEEP_REASONS_DAYS is 0 here, so no decision is kept: set it to the days for which you want to be able to "
    "ask, such as 30, and start the bot again."
)


def why(
    target: Annotated[
        str,
        typer.Argument(
            metavar="PHONE|MESSAGE_ID",
            help="A contact's number, MsgFlash's id of a message, or ours.",
            show_default=False,
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line, for another program.")] = False,
    language: Spoken = None,
) -> None:
    """Tell what was decided for a contact or a message, and why: rules, scores, waits, what MsgFlash said."""
    from flashbot.settings import load_settings

    settings = load_settings()
    if not settings.keep_reasons_days:
        complain(OFF)
        raise typer.Exit(1)
    found, missing = asyncio.run(_look(settings, target.strip()))
    if not found:
        complain(missing)
        raise typer.Exit(1)
    lines = map(_row, found) if as_json else _told(found, language_of(language))
    sys.stdout.writelines(f"{line}\n" for line in lines)


async def _look(settings: Settings, target: str) -> tuple[list[Reason], str]:
    """The records, or a sentence why there are none."""
    from flashbot.cli.opened import opened_store

    async with opened_store(settings) as opened:
        return await story_of(opened.store, target, days=settings.keep_reasons_days)


async def story_of(store: Store, target: str, *, days: float) -> tuple[list[Reason], str]:
    """What is kept of a contact or a message, oldest first; where that is nothing, a sentence why. Raises StoreAway."""
    from flashbot.clock import SystemClock, to_ms

    since_ms = to_ms(SystemClock().now()) - round(days * 86_400_000)
    span = f"the last {days:g} {'day' if days == 1 else 'days'}"
    if PHONE.fullmatch(target):
        contact = "+" + re.sub(r"[^0-9]", "", target)
        found = await store.reasons.read(contact, since_ms=since_ms)
        return found, f"Nothing was decided for this number in {span}, or it was forgotten: check the number."
    known = await store.reasons.find(target)
    if known is None:
        return [], (
            f"No message of {span} has this id: give a number with its plus, MsgFlash's id of a message that this bot "
            "sent, or ours, such as those in the bot's log."
        )
    contact, ours = known
    event = ours.partition("/")[0]
    mine = [
        one
        for one in await store.reasons.read(contact, since_ms=since_ms)
        if one.message_id in (ours, event) or (ours == event and one.message_id.startswith(f"{event}/"))
    ]
    return mine, "Nothing is kept of this message any more: its contact has had 200 newer decisions, or was forgotten."


def _told(found: Iterable[Reason], language: Language) -> Iterable[str]:
    """The lines, with the day above the first of each."""
    from flashbot.cli.story import Story

    story, day = Story(language), ""
    for one in found:
        if story.day(one) != day:
            day = story.day(one)
            yield day
        yield clean(story.line(one))


def _row(one: Reason) -> str:
    from flashbot.clock import from_ms

    times = {"at": from_ms(one.first_ms).isoformat(), "last": from_ms(one.last_ms).isoformat(), "count": one.count}
    return json.dumps({**times, **one.said}, ensure_ascii=False)


app = program()
"""The program with this command alone, which starts sooner."""
app.command("why")(why)
