"""`flashbot dead`: look at what nobody could handle, put it back once, or drop it.

A list shows no text and no whole phone number; `show` does, because a person asked for that letter.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from flashbot.cli.console import clean, complain, output, say
from flashbot.cli.opened import opened_store

if TYPE_CHECKING:
    from flashbot.store.deadletters import DeadLetter
    from flashbot.store.opening import OpenedStore

__all__ = ["commands", "opened_store"]

commands = typer.Typer(no_args_is_help=True, help="Letters that nobody could handle: list, show, retry, drop.")
Ids = Annotated[list[str] | None, typer.Argument(help="Ids as the list shows them.", show_default=False)]
LONGEST_TEXT = 200


@commands.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    texts: Annotated[bool, typer.Option("--texts", help="Show what was written, too.")] = False,
) -> None:
    """All dead letters, oldest first."""

    async def print_all(opened: OpenedStore) -> bool:
        letters = [letter async for letter in opened.dead.list()]
        if as_json:
            for letter in letters:
                sys.stdout.write(json.dumps(_row(letter, texts=texts), ensure_ascii=False) + "\n")
        elif letters:
            _print_table(letters, texts=texts)
            say("flashbot dead show ID prints a letter; retry ID puts it back, drop ID deletes it.", "dim")
        else:
            say("There are no dead letters.")
        return True

    _in_store(print_all)


@commands.command()
def show(letter_id: Annotated[str, typer.Argument(metavar="ID", show_default=False)]) -> None:
    """Everything about one letter, with its text and phone number."""

    async def print_one(opened: OpenedStore) -> bool:
        letter = await opened.dead.get(letter_id)
        if letter is None:
            complain(await _missing(opened, letter_id))
            return False
        words, body = _unpacked(letter)
        reason = {key: value for key, value in letter.reason.items() if key != "stack"}
        rows = {"id": letter.id, "when": letter.at.isoformat(), "queue": letter.queue, "contact": letter.contact}
        for name, value in {**rows, **reason, **_head(words)}.items():
            say(f"{name}: {value}")
        if letter.reason.get("stack"):
            say(f"stack:\n{letter.reason['stack']}")
        say(f"body:\n{body}")
        return True

    _in_store(print_one)


@commands.command()
def retry(
    letter_ids: Ids = None,
    every: Annotated[bool, typer.Option("--all", help="Every letter there is.")] = False,
) -> None:
    """Put letters back where they came from, once each; a running bot takes them up."""

    async def put_back(opened: OpenedStore, letter: DeadLetter) -> str | None:
        if letter.contact == "unreadable":
            return await _post_read_again(opened, letter)
        if not await opened.dead.retry(_made_anew(letter)):
            return f"{letter.id} was retried before; it is not put back a second time."
        return None

    _each(letter_ids, put_back, "put back", every=every)


@commands.command()
def drop(
    letter_ids: Ids = None,
    every: Annotated[bool, typer.Option("--all", help="Every letter there is.")] = False,
) -> None:
    """Delete letters for good."""

    async def delete(opened: OpenedStore, letter: DeadLetter) -> str | None:
        await opened.dead.drop(letter)
        return None

    _each(letter_ids, delete, "dropped", every=every)


# -- letters


async def _post_read_again(opened: OpenedStore, letter: DeadLetter) -> str | None:
    """What no rule could read may be readable to a newer flashbot; None when it was."""
    from flashbot.engine.outbox import event_id_of
    from flashbot.errors import UnreadableEvent
    from flashbot.msgflash.events import Unknown, parse
    from flashbot.store.records import Entry

    entry = Entry.unpack(letter.entry)
    try:
        event = parse(entry.body, (entry.words[3:] or ("",))[0] or None)
    except UnreadableEvent as fault:
        return f"{letter.id} still cannot be read: {fault}"
    if isinstance(event, Unknown):
        return f"{letter.id} still cannot be read: flashbot does not know an event named {event.name}."
    contact = event.contact or f"instance:{event.instance or 'unknown'}"
    read = Entry((entry.words[0], entry.words[1], event_id_of(event.key), event.name), entry.body).pack()
    new = await opened.dead.retry(replace(letter, contact=contact, entry=read))
    return None if new else f"{letter.id} was retried before; it is not put back a second time."


def _made_anew(letter: DeadLetter) -> DeadLetter:
    """A message that a person sends again is not too old to be sent."""
    if letter.queue == "in":
        return letter
    from flashbot.clock import SystemClock, to_ms
    from flashbot.engine.outbox import Outgoing

    try:
        message = Outgoing.unpack(letter.entry)
    except ValueError:
        return letter
    return replace(letter, entry=replace(message, made_ms=to_ms(SystemClock().now())).pack())


async def _missing(opened: OpenedStore, letter_id: str) -> str:
    """Why there is no such letter."""
    if await opened.dead.retried(letter_id):
        return f"{letter_id} was retried before; it is not put back a second time."
    return f"There is no dead letter {letter_id}: flashbot dead list shows those there are."


def _unpacked(letter: DeadLetter) -> tuple[str, str]:
    from flashbot.store.records import Entry

    entry = Entry.unpack(letter.entry)
    return " ".join(entry.words), entry.body.decode(errors="replace")


def _head(words: str) -> dict[str, str]:
    """What stands before the body, for people."""
    from flashbot.clock import from_ms

    kind, *more = words.split(" ")
    if kind != "M" or len(more) != 3 or not more[2].isdecimal():
        return {"entry": words}
    message_id, message_class, made_ms = more
    return {"message": message_id, "class": message_class, "made": from_ms(int(made_ms)).isoformat()}


def _row(letter: DeadLetter, *, texts: bool) -> dict[str, Any]:
    row = {
        "id": letter.id,
        "at": letter.at.isoformat(timespec="seconds"),
        "queue": letter.queue,
        "contact": _hidden(letter.contact),
        "why": _why(letter),
    }
    return {**row, "body": _unpacked(letter)[1]} if texts else row


def _why(letter: DeadLetter) -> str:
    return str(letter.reason.get("why") or letter.reason.get("error") or "unknown")


def _hidden(contact: str) -> str:
    """A phone by its last two digits; what is no phone as it is."""
    if contact == "unreadable" or contact.startswith("instance:"):
        return contact
    return "…" + "".join(letter for letter in contact if letter.isdigit())[-2:]


def _print_table(letters: list[DeadLetter], *, texts: bool) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("id", "when", "queue", "contact", "why", *(["body"] if texts else [])):
        table.add_column(column, overflow="fold", no_wrap=column in ("id", "queue"))
    for letter in letters:
        row = [letter.id, f"{letter.at:%Y-%m-%d %H:%M}", letter.queue, _hidden(letter.contact), _why(letter)]
        if texts:
            row.append(_unpacked(letter)[1][:LONGEST_TEXT])
        table.add_row(*(Text(clean(cell)) for cell in row))
    output().print(table)


# -- the store


def _each(
    letter_ids: list[str] | None,
    move: Callable[[OpenedStore, DeadLetter], Awaitable[str | None]],
    done: str,
    *,
    every: bool,
) -> None:
    """`move` gives a sentence when it did not do it."""
    if bool(letter_ids) == every:
        raise typer.BadParameter("name the letters by their ids, or type --all.")

    async def move_each(opened: OpenedStore) -> bool:
        wanted = letter_ids or [letter.id async for letter in opened.dead.list()]
        moved = 0
        for letter_id in dict.fromkeys(wanted):
            letter = await opened.dead.get(letter_id)
            wrong = await _missing(opened, letter_id) if letter is None else await move(opened, letter)
            if wrong is None:
                moved += 1
            else:
                complain(wrong)
        if moved or not wanted:
            say(f"{moved} {'letter' if moved == 1 else 'letters'} {done}.")
        return moved == len(dict.fromkeys(wanted))

    _in_store(move_each)


def _in_store(work: Callable[[OpenedStore], Awaitable[bool]]) -> None:
    """Exit code 1 when `work` gives False."""
    from flashbot.settings import load_settings

    settings = load_settings()

    async def inside() -> bool:
        async with opened_store(settings) as opened:
            return await work(opened)

    if not asyncio.run(inside()):
        raise typer.Exit(1)
