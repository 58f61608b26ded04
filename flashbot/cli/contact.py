"""`flashbot contact`: all that is stored of one person, to be handed to them, or erased.

It knows the bot's own store. What MsgFlash keeps is another company's: `flashbot contacts` deletes in its address book.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from flashbot.cli.account import AsJson, print_json
from flashbot.cli.console import complain, note, say
from flashbot.cli.contacts import agrees

if TYPE_CHECKING:
    from flashbot.store.deadletters import DeadLetter
    from flashbot.store.mailbox import Store
    from flashbot.store.opening import OpenedStore

__all__ = ["commands"]

commands = typer.Typer(no_args_is_help=True, help="One person's data in the bot's store: export, forget.")
Phone = Annotated[str, typer.Argument(metavar="PHONE", help="With plus and country code.", show_default=False)]
ELSEWHERE = (
    "What MsgFlash keeps (its address book, the messages themselves) is not in it: flashbot contacts delete deletes in "
    "the address book."
)
T = TypeVar("T")


@commands.command()
def export(phone: Phone, as_json: AsJson = False) -> None:
    """Print all that is stored of a person: memory, consent, timers, what waits and was sent, dead letters, misses,
    what they got unasked, and where they are counted."""
    contact = _checked(phone)
    found = _in_store(lambda opened: _gathered(opened, contact))
    if as_json:
        print_json([found])
        return
    for line in _lines(found):
        say(line)
    note(ELSEWHERE)


@commands.command()
def forget(
    phone: Phone, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False, as_json: AsJson = False
) -> None:
    """Erase all that is stored of a person. An opt-out outlives it as a keyed hash, which tells nobody's number.

    A turn or a send that is under way counts for nothing. A number that writes again begins anew. What one of your
    numbers counted of its messages stays counted, under a name that leads back to nobody.
    """
    from flashbot.cli.opened import check_store
    from flashbot.settings import load_settings

    contact = _checked(phone)
    check_store(load_settings())
    if not yes and not agrees("Erase all that is stored of this number for good?"):
        complain("Nothing was erased; --yes erases without asking.")
        raise typer.Exit(1)
    gone = _in_store(lambda opened: _erase(opened, contact))
    if as_json:
        print_json([gone])
        return
    say(
        f"Erased: records {gone['records']:,}, decisions {gone['story']:,}, dead letters {gone['dead_letters']:,}, "
        f"kept texts {gone['misses']:,}."
    )
    if gone["silenced"]:
        say("The opt-out stays known as a keyed hash: nothing but an answer reaches this number until it writes again.")
    note(ELSEWHERE)


async def _gathered(opened: OpenedStore, contact: str) -> dict[str, Any]:
    from pydantic_core import from_json

    from flashbot.clock import SystemClock, from_ms, to_ms
    from flashbot.dialogue.memory import Memory, MemoryUnreadable
    from flashbot.outreach.zones import zones_of

    store = opened.store
    record = await store.people.read(opened.link, contact)
    now_ms = to_ms(SystemClock().now())
    consent: dict[str, Any] = {}
    zones: dict[str, Any] = {}
    try:
        memory = Memory.load(record.document)
        now = memory.standing(now_ms)
        consent = {
            "holds": sorted(now.consents),
            "stopped": sorted(now.suppressed),
            "asked_until": None if now.asked_until_ms is None else from_ms(now.asked_until_ms).isoformat(),
            "entries": [
                {**one._asdict(), "at": from_ms(one.at_ms).isoformat()} for one in memory.entries
            ],
        }  # fmt: skip
        zones = {
            "set": memory.zone,
            "hours_utc": memory.hours,
            "taken_for": list(zones_of(contact, memory.zone, memory.hours)),
        }  # fmt: skip
    except MemoryUnreadable as fault:
        consent = {"unreadable": str(fault)}
    return {
        "phone": contact,
        "known": record.document is not None,
        "silenced": await store.silenced(contact),
        "memory": None if record.document is None else from_json(record.document),
        "consent": consent,
        "zones": zones,
        "timers": [{"name": key.name, "due": from_ms(due_ms).isoformat()} for key, due_ms in record.timers],
        "waiting": record.waiting,
        "sent": list(record.sent),
        "unasked": [_dated(one) for one in record.unasked],
        "counted": [await _named(store, _dated(one)) for one in record.crowds],
        "dead_letters": [
            {
                "id": letter.id, "at": letter.at.isoformat(), "queue": letter.queue,
                "why": letter.reason.get("why", ""),
                "entry": letter.entry.decode(errors="replace"),
            }
            for letter in await _letters(opened, contact)
        ],
        "misses": [{"at": one.at.isoformat(), "text": one.text} for one in await store.misses.of(contact)],
        "story": [
            {**one.said, "at": from_ms(one.last_ms).isoformat(), "times": one.count}
            for one in await store.reasons.read(contact)
        ],
    }  # fmt: skip


async def _named(store: Store, counted: dict[str, str]) -> dict[str, str]:
    """With the name of a broadcast, as long as that is known."""
    cast = await store.casts.read(counted["job"]) if "job" in counted else None
    return counted if cast is None else {**counted, "name": cast.name}


async def _erase(opened: OpenedStore, contact: str) -> dict[str, Any]:
    store = opened.store
    gone = await store.people.erase(opened.link, contact, silent=_is_out)
    letters = await _letters(opened, contact)
    for letter in letters:
        await opened.dead.drop(letter)
    return {
        "records": gone,
        "story": await store.reasons.forget(contact),
        "dead_letters": len(letters),
        "misses": await store.misses.forget(contact),
        "silenced": await store.silenced(contact),
    }


async def _letters(opened: OpenedStore, contact: str) -> list[DeadLetter]:
    """Theirs, and those that nobody could read in which their number stands."""
    digits = contact.removeprefix("+").encode()
    return [letter async for letter in opened.dead.list() if letter.contact == contact or digits in letter.entry]


def _is_out(document: bytes) -> bool:
    """What cannot be read may hold an opt-out."""
    from flashbot.dialogue.memory import Memory, MemoryUnreadable

    try:
        return Memory.load(document).opted_out
    except MemoryUnreadable:
        return True


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    """For people; texts stand in it, for it is theirs."""
    if not found["known"] and not found["silenced"]:
        yield "Nothing is stored of conversations with this number."
    if found["silenced"]:
        yield "Somebody with this number opted out and was forgotten; nothing but that is known."
    for name, value in (found["memory"] or {}).items():
        if name not in ("consent", "zone", "hours"):
            yield f"memory {name}: {_written(value)}"
    yield from _consent_lines(found["consent"])
    yield from _zone_lines(found["zones"])
    for one in found["timers"]:
        yield f"timer {one['name']}: due {one['due']}"
    names = {"in": "events to be answered", "reply": "answers to be sent", "drip": "unasked messages to be sent"}
    for queue, count in found["waiting"].items():
        yield f"waiting: {count:,} {names[queue]}"
    yield from _sent_lines(found)
    for one in found["dead_letters"]:
        yield f"dead letter {one['id']} {one['at']}: {one['why']}\n{one['entry']}"
    for one in found["misses"]:
        yield f"not understood {one['at']}: {one['text']}"
    for one in found["story"]:
        yield f"decided {one['at']}: {_written({name: said for name, said in one.items() if name != 'at'})}"


def _sent_lines(found: Mapping[str, Any]) -> Iterator[str]:
    for one in found["sent"]:
        yield f"sent: {one['id']} {one['status']}".rstrip()
    for one in found["unasked"]:
        yield f"got unasked {one['at']}: {one['class']} from {one.get('instance') or 'a number of ours'}"
    for one in found["counted"]:
        yield COUNTED[one["in"]].format(**{"name": one.get("job"), **one})


COUNTED = {
    "met": "counted among those who got something unasked from {instance}, {at}",
    "heard": "counted among those who answered what they got from {instance} at {at}",
    "ledger": "counted in the ledger of {instance}: the latest message to them, {at}",
    "people": "in broadcast {name}: {state}",
}


def _dated(one: Mapping[str, str]) -> dict[str, str]:
    from flashbot.clock import from_ms

    rest = {name: word for name, word in one.items() if name != "at_ms"}
    return {**rest, "at": from_ms(int(one["at_ms"])).isoformat()} if "at_ms" in one else rest


def _consent_lines(consent: Mapping[str, Any]) -> Iterator[str]:
    if "unreadable" in consent:
        yield f"consent: {consent['unreadable']}"
        return
    yield f"consent holds for: {', '.join(consent['holds']) or 'nothing'}"
    yield f"stopped: {', '.join(consent['stopped']) or 'nothing'}"
    if consent["asked_until"]:
        yield f"asked whether to stop; an answer counts until {consent['asked_until']}"
    for one in consent["entries"]:
        said = f' "{one["wording"]}"' if one["wording"] else ""
        yield f"consent {one['at']}: {one['purpose']} {one['act']}, {one['source']}{said}"


def _zone_lines(zones: Mapping[str, Any]) -> Iterator[str]:
    if zones.get("set"):
        yield f"time zone that was set: {zones['set']}"
    if zones.get("hours_utc"):
        hours = ", ".join(f"{hour}:00 ({count:,})" for hour, count in zones["hours_utc"].items())
        yield f"hours (UTC) in which they began to write: {hours}; so they may be in {', '.join(zones['taken_for'])}"


def _written(value: object) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _checked(phone: str) -> str:
    from flashbot.msgflash.phones import e164

    return e164(phone, "The number")


def _in_store(work: Callable[[OpenedStore], Awaitable[T]]) -> T:
    from flashbot.cli.dead import opened_store
    from flashbot.settings import load_settings

    settings = load_settings()

    async def inside() -> T:
        async with opened_store(settings) as opened:
            return await work(opened)

    return asyncio.run(inside())
