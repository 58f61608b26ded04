"""One person's data: handed out whole, or erased but for the opt-out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.consent import Entry
from flashbot.dialogue.memory import Memory
from flashbot.engine.broadcast import Addressed, make_broadcast
from flashbot.msgflash.content import Text
from flashbot.store.casts import Feeding
from flashbot.store.opening import OpenedStore, open_store
from flashbot.store.records import Done, Imposed, Message, Miss, TimerKey
from flashbot.templating.catalogue import Catalogue

Typed = Callable[..., Result]
AWA, BEN = "+2250700000001", "+2250700000002"
AT_MS = 1_767_603_600_000


def inside(home: Path, work: Callable[[OpenedStore], Awaitable[Any]]) -> Any:
    async def opened() -> Any:
        async with open_store(url="", folder=home / ".flashbot") as store:
            return await work(store)

    return asyncio.run(opened())


async def live(opened: OpenedStore, contact: str, *, stopped: bool) -> None:
    store = opened.store
    memory = Memory()
    memory.set_state("desk", {"number": "A17"})
    memory.note(Entry("marketing", "given", "handler:desk", "Our news?", AT_MS, "event-1"))
    if stopped:
        memory.note(Entry("marketing", "withdrawn", "wrote it", "stop", AT_MS, "event-2"))
    posted = await store.post("in", f"1{contact}", contact, b"W 1 1\n", lease_ms=15_000)
    assert posted.taken is not None
    timer = (TimerKey(contact, "drip:news", 1), AT_MS)
    messages = (Message("reply", b"M a reply 1\n{}"), Message("drip", b"M b cold 1\n{}"))
    await store.commit(posted.taken, Done(state=memory.dump(), messages=messages, set_timers=(timer,)))
    entry = b'W 1 2\n{"from":"%s","body":"my secret"}' % contact.encode()
    await store.bury(f"dead:{contact}", "in", "unreadable", b'{"why":"It cannot be read."}', entry)
    await store.misses.keep([Miss(contact, f"words of {contact[-1]}")], within=timedelta(days=1))


@pytest.fixture
def lives(home: Path) -> Path:
    async def both(opened: OpenedStore) -> None:
        await live(opened, AWA, stopped=True)
        await live(opened, BEN, stopped=False)

    inside(home, both)
    return home


def exported(typed: Typed, phone: str) -> dict[str, Any]:
    result = typed("contact", "export", phone, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_everything_of_one_person_and_of_nobody_else_is_exported(lives: Path, typed: Typed) -> None:
    found = exported(typed, AWA)

    assert found["memory"]["r"] == {"desk": {"number": "A17"}}
    assert (found["consent"]["holds"], found["consent"]["stopped"]) == ([], ["marketing"])
    assert [one["wording"] for one in found["consent"]["entries"]] == ["Our news?", "stop"]
    assert found["timers"] == [{"name": "drip:news", "due": "2026-01-05T09:00:00+00:00"}]
    assert found["waiting"] == {"in": 0, "reply": 1, "drip": 1}
    assert [one["why"] for one in found["dead_letters"]] == ["It cannot be read."]
    assert [one["text"] for one in found["misses"]] == ["words of 1"]
    assert BEN not in json.dumps(found)


def test_what_they_got_unasked_and_where_they_are_counted_is_exported(lives: Path, typed: Typed) -> None:
    async def sent(opened: OpenedStore) -> None:
        store = opened.store
        _, (taken,) = await store.take(("drip",), lease_ms=1000, most=1)
        await store.commit(taken, Done(imposed=Imposed("cold", "hash", "i1")))
        await store.ledgers.note("{key:k}", "i1", "m1", taken.contact, "cold")

    inside(lives, sent)

    found, lines = exported(typed, AWA), typed("contact", "export", AWA).stdout

    assert [(one["class"], one["instance"], one["body"]) for one in found["unasked"]] == [("cold", "i1", "hash")]
    assert {one["in"] for one in found["counted"]} == {"met", "ledger"}
    assert ": cold from i1" in lines
    assert "counted in the ledger of i1" in " ".join(lines.split())
    assert exported(typed, BEN)["unasked"] == []


def test_for_people_it_is_one_fact_a_line(lives: Path, typed: Typed) -> None:
    result = typed("contact", "export", "+225 07 00 00 00 01")

    lines = " ".join(result.stdout.split())
    assert result.exit_code == 0
    assert "consent holds for: nothing" in lines
    assert 'marketing withdrawn, wrote it "stop"' in lines
    assert "waiting: 1 unasked messages to be sent" in lines
    assert "MsgFlash keeps" in result.stderr


def test_of_a_stranger_nothing_is_known(lives: Path, typed: Typed) -> None:
    result = typed("contact", "export", "+2250700000003")

    assert result.exit_code == 0
    assert result.stdout.startswith("Nothing is stored")


def test_nothing_is_left_of_who_is_forgotten_but_the_opt_out(lives: Path, typed: Typed) -> None:
    before = exported(typed, BEN)

    result = typed("contact", "forget", AWA, "--yes")

    assert result.exit_code == 0
    assert "dead letters 1, kept texts 1." in " ".join(result.stdout.split())
    assert "keyed hash" in result.stdout
    found = exported(typed, AWA)
    assert (found["known"], found["silenced"], found["timers"], found["dead_letters"]) == (False, True, [], [])
    assert found["misses"] == []
    assert exported(typed, BEN) == before


def test_who_had_not_opted_out_leaves_nothing_at_all(lives: Path, typed: Typed) -> None:
    result = typed("contact", "forget", BEN, "--yes", "--json")

    assert json.loads(result.stdout)["silenced"] is False
    assert exported(typed, BEN)["silenced"] is False


def test_without_a_yes_nothing_is_erased(lives: Path, typed: Typed) -> None:
    result = typed("contact", "forget", AWA)

    assert result.exit_code == 1
    assert "--yes" in result.stderr
    assert exported(typed, AWA)["known"]


@pytest.mark.parametrize("command", ["export", "forget"])
def test_what_is_no_number_is_said_so(lives: Path, typed: Typed, command: str) -> None:
    result = typed("contact", command, "awa")

    assert result.exit_code == 2
    assert result.stderr


def test_nobody_is_asked_where_there_is_no_store(home: Path, typed: Typed) -> None:
    result = typed("contact", "forget", AWA)

    assert result.exit_code == 2
    assert "There is no data folder" in result.stderr
    assert "flashbot run BOT.py" in result.stderr
    assert "Erase" not in result.stdout + result.stderr


def test_a_broadcast_is_exported_by_its_name(lives: Path, typed: Typed) -> None:
    async def cast(opened: OpenedStore) -> None:
        made = await make_broadcast(
            opened.store, Text("hi"), [Addressed(BEN)], name="Noël", instance="i1", templates=Catalogue(lives)
        )
        await made.broadcast.start()
        for contact, entry in await opened.store.casts.next(made.broadcast.id, [0]):
            await opened.store.casts.feed(made.broadcast.id, [Feeding(contact, entry)])

    inside(lives, cast)

    assert [one["name"] for one in exported(typed, BEN)["counted"] if one["in"] == "people"] == ["Noël"]
    assert "in broadcast Noël: " in typed("contact", "export", BEN).stdout


def test_where_they_may_be_is_exported_and_forgotten(home: Path, typed: Typed) -> None:
    phone = "+18005550123"

    async def write(opened: OpenedStore) -> None:
        memory = Memory()
        memory.hours = {13: 4}
        await opened.store.people.amend(phone, lambda _: memory.dump())

    inside(home, write)

    found, lines = exported(typed, phone), typed("contact", "export", phone).stdout
    typed("contact", "forget", phone, "--yes")

    assert (found["zones"]["set"], found["zones"]["hours_utc"]) == (None, {"13": 4})
    assert "America/New_York" in found["zones"]["taken_for"]
    assert "Pacific/Honolulu" not in found["zones"]["taken_for"]
    assert "hours (UTC) in which they began to write: 13:00 (4); so they may be in America/Anchorage, " in lines
    assert exported(typed, phone)["zones"]["hours_utc"] == {}


def test_a_zone_that_was_set_is_exported(home: Path, typed: Typed) -> None:
    async def write(opened: OpenedStore) -> None:
        memory = Memory()
        memory.zone = "Asia/Tokyo"
        await opened.store.people.amend(AWA, lambda _: memory.dump())

    inside(home, write)

    assert exported(typed, AWA)["zones"] == {"set": "Asia/Tokyo", "hours_utc": {}, "taken_for": ["Asia/Tokyo"]}
    assert "time zone that was set: Asia/Tokyo" in typed("contact", "export", AWA).stdout
