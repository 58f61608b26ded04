"""Whose turn it is to read the message list: one process, once a minute, whatever dies or jumps meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.store.mailbox import Store
from flashbot.store.passes import Heard, Pass

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


async def begin(store: Store, by: str = "one", **more: Any) -> Pass | int:
    more = {"hold_ms": MINUTE, "least_ms": MINUTE, "apart_ms": HOUR, "asked": False, **more}
    return await store.passes.begin(by, **more)


async def begun(store: Store, by: str = "one", **more: Any) -> Pass:
    found = await begin(store, by, **more)
    assert isinstance(found, Pass), f"refused for {found} ms"
    return found


def wait(clock: ManualClock, ms: int) -> None:
    clock.advance(timedelta(milliseconds=ms))


async def test_the_first_pass_begins_where_the_store_begins(store: Store, clock: ManualClock) -> None:
    first = await begun(store)

    now = to_ms(clock.now())
    assert (first.now_ms, first.made_ms, first.mark_ms, first.tries, first.forgot) == (now, now, 0, 0, False)


async def test_nobody_else_begins_while_one_holds_on(store: Store, clock: ManualClock) -> None:
    first = await begun(store)

    refused = []
    for _ in range(5):
        wait(clock, 50_000)
        refused.append(await begin(store, "two", asked=True))
        assert await store.passes.renew(first, hold_ms=MINUTE)

    assert refused == [10_000] * 5


async def test_a_process_that_died_holds_the_others_up_for_a_minute_and_no_longer(
    store: Store, clock: ManualClock
) -> None:
    first = await begun(store, "dead", asked=True)
    wait(clock, MINUTE - 1)
    refused = await begin(store, "next")
    wait(clock, 1)

    second = await begun(store, "next")

    assert refused == 1
    assert second.asked  # for nobody has done what was asked for
    assert not await store.passes.renew(first, hold_ms=MINUTE)
    assert not await store.passes.end(first, mark_ms=5, shows="nothing")
    wait(clock, MINUTE)
    assert (await begun(store, "third")).mark_ms == 0


async def test_passes_that_end_well_are_an_interval_apart_for_all_processes(store: Store, clock: ManualClock) -> None:
    await store.passes.end(await begun(store), mark_ms=0, shows="")
    begins = []

    for minute in range(1, 240):
        wait(clock, MINUTE)
        for token in ("one", "two", "three"):
            found = await begin(store, token)
            if isinstance(found, Pass):
                begins.append(minute)
                await store.passes.end(found, mark_ms=0, shows="")

    assert begins == [60, 120, 180]


async def test_without_an_interval_only_what_was_asked_for_begins(store: Store, clock: ManualClock) -> None:
    await store.passes.end(await begun(store, apart_ms=0, asked=True), mark_ms=0, shows="")
    wait(clock, 30 * DAY)
    refused = await begin(store, apart_ms=0)
    await store.passes.ask()

    found = await begun(store, apart_ms=0)

    assert isinstance(refused, int)
    assert found.asked


async def test_what_is_asked_for_during_a_pass_is_done_after_it(store: Store, clock: ManualClock) -> None:
    first = await begun(store, asked=True)
    wait(clock, 1000)
    await store.passes.ask()
    await store.passes.end(first, mark_ms=0, shows="")

    refused = await begin(store)
    wait(clock, MINUTE)

    assert refused == MINUTE - 1000
    assert (await begun(store)).asked


async def test_a_request_that_came_too_early_is_not_forgotten(store: Store, clock: ManualClock) -> None:
    await store.passes.end(await begun(store), mark_ms=0, shows="")
    wait(clock, 10_000)
    refused = await begin(store, asked=True)
    wait(clock, 50_000)

    assert refused == 50_000
    assert (await begun(store, "another process")).asked


async def test_a_failed_pass_leaves_the_mark_and_is_tried_when_it_said(store: Store, clock: ManualClock) -> None:
    await store.passes.end(await begun(store), mark_ms=77, shows="")
    wait(clock, HOUR)
    await store.passes.fail(await begun(store), again_ms=2 * MINUTE)

    wait(clock, MINUTE)
    refused = await begin(store)
    wait(clock, MINUTE)
    second = await begun(store)

    assert refused == MINUTE
    assert (second.mark_ms, second.tries) == (77, 1)
    await store.passes.end(second, mark_ms=78, shows="")
    wait(clock, HOUR)
    assert (await begun(store)).tries == 0


async def test_the_mark_never_moves_back(store: Store, clock: ManualClock) -> None:
    for mark in (1000, 500, 0):
        await store.passes.end(await begun(store), mark_ms=mark, shows="")
        wait(clock, HOUR)

    assert (await begun(store)).mark_ms == 1000


async def test_a_pass_may_want_another_soon(store: Store, clock: ManualClock) -> None:
    await store.passes.end(await begun(store, asked=True), mark_ms=0, shows="", soon_ms=150_000)
    wait(clock, 100_000)
    refused = await begin(store)
    wait(clock, 50_000)

    second = await begun(store)

    assert refused == 50_000
    assert not second.asked


async def test_a_useless_list_is_said_once_and_believed_for_a_week(store: Store, clock: ManualClock) -> None:
    new = [await store.passes.end(await begun(store), mark_ms=0, shows="nothing")]
    wait(clock, 7 * DAY - 1)
    refused = await begin(store)
    wait(clock, 1)
    new.append(await store.passes.end(await begun(store), mark_ms=0, shows="nothing"))

    assert refused == 1
    assert new == [True, False]


async def test_a_list_that_shows_all_after_all_is_read_each_hour_again(store: Store, clock: ManualClock) -> None:
    await store.passes.end(await begun(store), mark_ms=0, shows="nothing")
    wait(clock, HOUR)
    await store.passes.end(await begun(store, asked=True), mark_ms=0, shows="all")
    wait(clock, HOUR)

    assert isinstance(await begin(store), Pass)


async def test_a_few_messages_that_came_are_remembered_a_minute_apart(store: Store, clock: ManualClock) -> None:
    start = to_ms(clock.now())
    for number in range(24):
        await store.passes.heard([f"m {number}", f"P{number}"])
        wait(clock, MINUTE // 2)

    heard = (await begun(store)).heard

    assert heard[0] == Heard(start + 11 * MINUTE, ("m 22", "P22"))
    assert [one.at_ms - start for one in heard] == [(11 - n) * MINUTE for n in range(8)]


async def test_a_store_that_forgot_begins_where_it_is_known_to_have_worked(store: Store, clock: ManualClock) -> None:
    since = to_ms(clock.now()) - HOUR
    first = await begun(store, since_ms=since)
    await store.passes.end(first, mark_ms=0, shows="")
    wait(clock, HOUR)

    second = await begun(store, since_ms=since + 5)

    assert (first.made_ms, first.forgot) == (since, True)
    assert (second.made_ms, second.forgot) == (since, False)


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_that_jumps_holds_nobody_up_for_ever(store: Store, clock: ManualClock, hours: int) -> None:
    jumped = ManualClock(clock.now() + timedelta(hours=hours))
    later = Store(store._runner, now_ms=lambda: to_ms(jumped.now()))
    await begun(store)

    assert isinstance(await begin(later, "two", asked=True), Pass)


async def test_an_event_is_known_under_each_of_its_keys(store: Store) -> None:
    await store.post("in", "by id", "+2250700000001", b"L 1 e\n{}", also=("by the provider's",))

    again = [
        (await store.post("in", "by the provider's", "+2250700000001", b"W 1 e\n{}")).new,
        (await store.post("in", "by id", "+2250700000001", b"W 1 e\n{}")).new,
        (await store.post("in", "a third", "+2250700000001", b"W 1 e\n{}", also=("by id",))).new,
    ]

    assert again == [False, False, False]
    assert await store.known(["by id", "by the provider's", "a third"]) == {"by id", "by the provider's"}


async def test_what_is_remembered_is_known_in_every_partition(store: Store, clock: ManualClock) -> None:
    wide = Store(store._runner, partitions=16, now_ms=lambda: to_ms(clock.now()))
    await wide.remember("120363000000000001@g.us", ["one", "two"])
    await wide.post("in", "three", "+2250700000001", b"W 1 e\n{}")

    assert await wide.known(["one", "two", "three", "four"]) == {"one", "two", "three"}
