"""Too much of one kind: a contact that floods, a body that is replayed, the same webhook at two processes."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import timedelta
from typing import Any

import pytest

from flashbot import Bot, Router, Turn
from flashbot.clock import ManualClock, SystemClock
from flashbot.engine.flood import Flood
from flashbot.engine.intake import Intake
from flashbot.engine.tally import Tally
from flashbot.msgflash.signature import sign
from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from flashbot.store.mailbox import Store

AWA, BEN = "+2250700000001", "+2250700000002"
SECRET = "the secret of a test"


def echo() -> Bot:
    router: Router[None] = Router("echo")

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply(f"You said {turn.text}")

    return Bot(router)


async def size_of(store: Store) -> dict[str, int]:
    """The length of all that is stored, by key."""
    command = store._runner.command  # type: ignore[attr-defined]  # both runners have it
    lengths = {b"list": "LLEN", b"zset": "ZCARD", b"stream": "XLEN", b"hash": "HLEN", b"string": "STRLEN"}
    return {
        key.decode(): await command(lengths[_bytes(await command("TYPE", key))], key)
        for key in await command("KEYS", "*")
    }


def _bytes(word: bytes | str) -> bytes:
    return word.encode() if isinstance(word, str) else word


# -- one contact


async def test_a_flooding_contact_is_told_to_come_again_and_nobody_else(
    desk: Any, message: Any, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    open_desk = desk(echo(), flood=Flood(clock, 3))
    accepted = [await open_desk.tell(message(f"a{n}", f"n{n}")) for n in range(3)]

    with caplog.at_level(logging.WARNING):
        refused = [await open_desk.tell(message(f"a{n}", f"n{n}")) for n in range(3, 8)]
    repeated = await open_desk.tell(message("a1", "n1"))
    other = await open_desk.tell(message("b1", "hello", sender=BEN))

    assert [answer.status for answer in accepted] == [200] * 3
    assert {(answer.status, answer.retry_after) for answer in refused} == {(503, 30)}
    assert (repeated.status, other.status) == (200, 200)
    assert open_desk.tally.counts["flood_refused"] == 5
    assert caplog.text.count("FLASHBOT_MOST_WAITING") == 1
    assert AWA not in caplog.text
    assert sorted(await open_desk.texts()) == ["You said hello", "You said n0", "You said n1", "You said n2"]


async def test_what_was_refused_is_accepted_once_there_is_room(desk: Any, message: Any, clock: ManualClock) -> None:
    open_desk = desk(echo(), flood=Flood(clock, 1))
    await open_desk.tell(message("1", "one"))
    refused = await open_desk.tell(message("2", "two"))
    first = await open_desk.texts()

    again = await open_desk.tell(message("2", "two"))

    assert (refused.status, again.status) == (503, 200)
    assert [*first, *await open_desk.texts()] == ["You said one", "You said two"]


async def test_by_setting_the_oldest_become_dead_letters_and_the_newest_are_answered(
    desk: Any, message: Any, clock: ManualClock
) -> None:
    open_desk = desk(echo(), flood=Flood(clock, 3, "drop-oldest"))

    answers = [(await open_desk.tell(message(f"a{n}", f"n{n}"))).status for n in range(8)]

    letters = await open_desk.dead()
    assert answers == [200] * 8
    assert [json.loads(letter.entry.partition(b"\n")[2])["body"] for letter in letters] == [f"n{n}" for n in range(5)]
    assert {letter.reason["why"] for letter in letters} == {
        "Too many events of this contact waited: the oldest made room for a new one."
    }
    assert open_desk.tally.counts["flood_dropped"] == 5
    assert await open_desk.texts() == ["You said n5", "You said n6", "You said n7"]


async def test_a_flood_that_lasts_is_told_again_after_a_while(
    desk: Any, message: Any, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    open_desk = desk(echo(), flood=Flood(clock, 1))
    for number in range(40):
        await open_desk.tell(message(f"a{number}"))
        clock.advance(timedelta(minutes=1))

    assert caplog.text.count("FLASHBOT_MOST_WAITING") == 4


def test_a_flood_of_many_contacts_fills_neither_the_log_nor_the_memory(caplog: pytest.LogCaptureFixture) -> None:
    flood = Flood(ManualClock(), 1)

    for number in range(3000):
        flood.tell(f"+22507{number:08}")

    assert caplog.text.count("FLASHBOT_MOST_WAITING") == 1000
    assert len(flood._told) == 1000


# -- one body


async def test_a_message_replayed_ten_thousand_times_is_one_event_and_takes_no_room(desk: Any, message: Any) -> None:
    open_desk = desk(echo())
    body = json.dumps(message("m1")).encode()
    await open_desk.tell(body)
    before = await size_of(open_desk.store)

    statuses = {(await open_desk.tell(body)).status for _ in range(10_000 if _is_real(open_desk.store) else 500)}

    assert statuses == {200}
    assert await size_of(open_desk.store) == before
    assert await open_desk.texts() == ["You said hello"]


@pytest.mark.parametrize("days", [0, 30])
async def test_garbage_and_old_events_replayed_ten_thousand_times_are_one_dead_letter(
    desk: Any, message: Any, clock: ManualClock, days: int, caplog: pytest.LogCaptureFixture
) -> None:
    open_desk = desk(echo())
    at = clock.now().isoformat()
    body = json.dumps(message("m1", timestamp=at)).encode() if days else b"{garbage"
    clock.advance(timedelta(days=days))
    await open_desk.tell(body)
    before = await size_of(open_desk.store)

    statuses = {(await open_desk.tell(body)).status for _ in range(10_000 if _is_real(open_desk.store) else 500)}

    assert statuses == {200}
    assert await size_of(open_desk.store) == before
    assert len(await open_desk.dead()) == 1
    assert caplog.text.count("dead letter") == 1
    assert await open_desk.said() == []


async def test_a_message_heard_once_and_replayed_after_a_month_is_kept_as_stale_and_not_answered(
    desk: Any, message: Any, clock: ManualClock
) -> None:
    open_desk = desk(echo())
    body = json.dumps(message("m1", timestamp=clock.now().isoformat())).encode()
    await open_desk.tell(body)
    first = await open_desk.texts()
    said = []

    for _ in range(31):  # each day once
        clock.advance(timedelta(days=1))
        await open_desk.tell(body)
        said += await open_desk.texts()

    letters = await open_desk.dead()
    assert first == ["You said hello"]
    assert said == []
    # Its key is remembered for 8 days by the server's own clock, which did not move here.
    assert len(letters) == 1
    assert "7 days" in letters[0].reason["why"]


def _is_real(store: Store) -> bool:
    return isinstance(store._runner, Link)


# -- two processes


async def test_the_same_webhook_at_the_same_instant_at_two_processes_is_one_event(
    real_server: Embedded, message: Any
) -> None:
    links = [Link(real_server.address) for _ in range(2)]
    await links[0].command("FLUSHALL")
    tally = Tally()
    bot = echo()
    doors = [
        Intake(Store(link), bot.routes, bot.parse, SystemClock(), tally, secrets=[SECRET], hands=None) for link in links
    ]
    bodies = [json.dumps(message(f"m{n}")).encode() for n in range(200)]

    answers = await asyncio.gather(
        *(door.receive(body, sign(SECRET, body)) for body in bodies for door in (*doors, *doors[::-1]))
    )

    stored = await links[0].command("LLEN", f"{Store(links[0]).tag(AWA)}:in:box:{AWA}")
    for link in links:
        await link.close()
    assert {answer.status for answer in answers} == {200}
    assert stored == 200
    assert (tally.counts["received"], tally.counts["repeated"]) == (200, 600)
