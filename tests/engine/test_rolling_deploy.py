"""Old and new code on one store: every event is answered once, in order, by a process that can."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from flashbot import Bot, Router, Turn
from flashbot.clock import ManualClock
from flashbot.store.mailbox import Store

AWA, BEN, CLEO = "+2250700000001", "+2250700000002", "+2250700000003"


@dataclass
class Old:
    last: str = ""


@dataclass
class New:
    texts: list[str] = field(default_factory=list)


def old_bot(log: list[str]) -> Bot:
    router = Router("desk", state=Old)

    @router.fallback
    async def remember(turn: Turn[Old]) -> None:
        log.append(f"old {turn.contact[-1]} {turn.text}")
        turn.state.last = turn.text
        turn.reply(f"{turn.text} after nothing known")

    return Bot(router)


def new_bot(log: list[str], upgrade: Callable[[dict[str, Any]], dict[str, Any]] | None = None) -> Bot:
    def to_texts(old: dict[str, Any]) -> dict[str, Any]:
        return {"texts": [old["last"]]}

    router = Router("desk", state=New, version=2, migrate={1: upgrade or to_texts})

    @router.fallback
    async def remember(turn: Turn[New]) -> None:
        log.append(f"new {turn.contact[-1]} {turn.text}")
        turn.state.texts.append(turn.text)
        turn.reply(" ".join(turn.state.texts))

    return Bot(router)


async def test_contacts_of_both_versions_are_answered_once_and_in_order(
    desk: Callable[..., Any], message: Callable[..., Any], clock: ManualClock
) -> None:
    log: list[str] = []
    old, new = desk(old_bot(log)), desk(new_bot(log))
    for n in range(4):
        for contact in (AWA, BEN, CLEO):
            await old.tell(message(f"{contact}-{n}", str(n), sender=contact))
    _, (first,) = await old.store.take(("in",), lease_ms=15_000, most=1)  # the old one is slow to begin
    assert first.contact == AWA
    await new.worker.step()
    await new.worker.slots.finish()
    clock.advance(timedelta(seconds=15))

    for turn in range(60):
        at_work = (old, new)[turn % 2]
        await at_work.worker.step()
        await at_work.worker.slots.finish()
        clock.advance(timedelta(seconds=1))

    for contact in "123":
        assert [line.split()[2] for line in log if line.split()[1] == contact] == list("0123")
    assert {line.split()[0] for line in log} >= {"new"}
    assert await old.dead() == []
    assert old.tally.counts["handler_failures"] == 0


async def test_an_event_that_only_a_newer_process_can_answer_waits_for_it_and_counts_nothing(
    desk: Callable[..., Any], message: Callable[..., Any], clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    log: list[str] = []
    old, new = desk(old_bot(log)), desk(new_bot(log))
    await new.tell(message("m1", "one"))
    await new.work()
    await old.tell(message("m2", "two"))
    await old.tell(message("m3", "three"))
    caplog.clear()

    for _ in range(120):
        await old.work()
        clock.advance(timedelta(seconds=1))
    told = [record for record in caplog.records if "version 2" in record.getMessage()]
    clock.advance(timedelta(seconds=30))
    said = await new.texts()

    assert log == ["new 1 one", "new 1 two", "new 1 three"]
    assert said == ["one", "one two", "one two three"]
    assert len(told) == 1
    assert told[0].levelno == logging.WARNING
    assert old.tally.counts["handler_failures"] == 0
    assert await old.dead() == []


async def test_it_is_looked_at_again_after_2_seconds_and_then_less_often_up_to_30(
    desk: Callable[..., Any], message: Callable[..., Any], clock: ManualClock, store: Store
) -> None:
    log: list[str] = []
    old, new = desk(old_bot(log)), desk(new_bot(log))
    await new.tell(message("m1", "one"))
    await new.work()
    await old.tell(message("m2", "two"))
    waits, since = [], 0

    for _ in range(100):
        if await old.worker.step():
            waits.append(since)
            since = 0
        await old.worker.slots.finish()
        clock.advance(timedelta(seconds=1))
        since += 1

    assert waits == [0, 2, 4, 8, 16, 30, 30]


async def test_a_migration_that_raises_is_tried_again_and_its_dead_letter_names_router_and_versions(
    desk: Callable[..., Any], message: Callable[..., Any], clock: ManualClock
) -> None:
    def upgrade(old: dict[str, Any]) -> dict[str, Any]:
        raise LookupError("no such field")

    old, new = desk(old_bot([])), desk(new_bot([], upgrade))
    await old.tell(message("m1", "one"))
    await old.work()
    await new.tell(message("m2", "two"))

    for _ in range(5):
        await new.work()
        clock.advance(timedelta(minutes=3))

    (letter,) = await new.dead()
    assert '"desk" could not be brought from version 1 to 2' in letter.reason["why"]
    assert "no such field" in letter.reason["stack"]
    log: list[str] = []
    again = desk(old_bot(log))
    await again.tell(message("m3", "three"))
    await again.work()
    assert log == ["old 1 three"], "the stored state was changed"


async def test_a_timer_that_fell_due_two_days_ago_goes_off_once_and_tells_how_late_it_is(
    desk: Callable[..., Any], message: Callable[..., Any], clock: ManualClock
) -> None:
    router = Router("desk")
    late: list[timedelta] = []

    @router.intent("ask", examples=["ask"])
    async def ask(turn: Turn[None]) -> None:
        late.append(turn.late)
        turn.expect(answer, within=timedelta(hours=1), otherwise=nudge)

    @router.step("answer")
    async def answer(turn: Turn[None]) -> None: ...

    @router.step("nudge")
    async def nudge(turn: Turn[None]) -> None:
        late.append(turn.late)
        turn.reply("Are you still there?")

    here = desk(Bot(router))
    await here.tell(message("m1", "ask"))
    await here.work()

    clock.advance(timedelta(days=2, hours=1))
    said = await here.texts()
    for _ in range(5):
        clock.advance(timedelta(hours=1))
        said += await here.texts()

    assert late == [timedelta(), timedelta(days=2)]
    assert said == ["Are you still there?"]
