"""Texts that no intent understood: masked, without a name, and gone when their time is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.store import misses
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.misses import Kept
from flashbot.store.records import Miss

AWA, KOFI = "+2250700000001", "+2250500000002"
WEEK = timedelta(days=7)
KEY = "{fb:0}:misses"


async def command(store: Store, *words: str) -> Any:
    runner: Any = store._runner
    return await runner.command(*words)


async def kept(store: Store) -> list[Kept]:
    return [one async for one in store.misses.read()]


async def texts(store: Store) -> list[str]:
    return [one.text for one in await kept(store)]


async def test_what_was_kept_is_read_with_all_that_is_known_of_it(store: Store, clock: ManualClock) -> None:
    await store.misses.keep([Miss(AWA, "ouvert dimanche ?", "hours", 0.4217, True)], within=WEEK)

    (one,) = await kept(store)

    assert to_ms(one.at) == to_ms(clock.now())
    assert (one.text, one.guess, one.score, one.asked) == ("ouvert dimanche ?", "hours", 0.422, True)


async def test_the_same_text_twice_counts_twice(store: Store) -> None:
    await store.misses.keep([Miss(AWA, "hm"), Miss(AWA, "hm")], within=WEEK)

    assert await texts(store) == ["hm", "hm"]


async def test_texts_go_when_their_time_is_over_while_newer_ones_stay(store: Store, clock: ManualClock) -> None:
    await store.misses.keep([Miss(AWA, "old")], within=WEEK)
    clock.advance(WEEK - timedelta(seconds=1))
    await store.misses.keep([Miss(AWA, "new")], within=WEEK)
    before = await texts(store)
    clock.advance(timedelta(seconds=1))

    deleted = await store.misses.trim(WEEK)

    assert (before, deleted, await texts(store)) == (["old", "new"], 1, ["new"])


async def test_a_new_text_deletes_those_that_are_too_old(store: Store, clock: ManualClock) -> None:
    await store.misses.keep([Miss(AWA, "old")], within=WEEK)
    clock.advance(WEEK)

    await store.misses.keep([Miss(AWA, "new")], within=WEEK)

    assert await texts(store) == ["new"]


async def test_the_server_deletes_everything_by_itself_a_set_time_after_the_newest(store: Store) -> None:
    await store.misses.keep([Miss(AWA, "a")], within=WEEK)

    left = int(await command(store, "PTTL", KEY))

    assert 0 <= WEEK / timedelta(milliseconds=1) - left < 60_000


async def test_a_lower_setting_deletes_what_is_older_and_brings_the_end_nearer(
    store: Store, clock: ManualClock
) -> None:
    await store.misses.keep([Miss(AWA, "old")], within=WEEK)
    clock.advance(timedelta(days=2))
    await store.misses.keep([Miss(AWA, "new")], within=WEEK)

    deleted = await store.misses.trim(timedelta(days=1))

    assert (deleted, await texts(store)) == (1, ["new"])
    assert int(await command(store, "PTTL", KEY)) <= 24 * 3600 * 1000


async def test_a_look_at_them_does_not_prolong_their_time(store: Store) -> None:
    await store.misses.keep([Miss(AWA, "a")], within=timedelta(days=1))

    await store.misses.trim(WEEK)

    assert int(await command(store, "PTTL", KEY)) <= 24 * 3600 * 1000


async def test_without_a_time_nothing_is_left_and_nothing_is_made(store: Store) -> None:
    await store.misses.keep([Miss(AWA, "a")], within=WEEK)

    await store.misses.trim(timedelta(0))
    await store.misses.keep([Miss(AWA, "b")], within=timedelta(0))

    assert await command(store, "KEYS", "*") == []


async def test_numbers_and_addresses_are_not_in_the_store(store: Store) -> None:
    said = "I am awa@example.ci, +225 07 00 00 00 01, order 12345678, see https://shop.ci/o?t=abc"

    await store.misses.keep([Miss(AWA, said)], within=WEEK)

    stored = b"".join(await command(store, "ZRANGE", KEY, "0", "-1")).decode()
    assert await texts(store) == ["I am ••• •••, order •••, see •••"]
    assert not any(secret in stored for secret in ("awa", "0700000001", "00 00", "12345678", "abc", "225"))


async def test_a_number_at_the_cut_is_masked_whole(store: Store) -> None:
    said = "x" * (misses.LONGEST - 6) + " 0700000001 " + "y" * 5000

    await store.misses.keep([Miss(AWA, said)], within=WEEK)

    (text,) = await texts(store)
    assert text == "x" * (misses.LONGEST - 6) + " ••• y"


async def test_half_a_surrogate_pair_is_no_reason_to_lose_the_others(store: Store) -> None:
    await store.misses.keep([Miss(AWA, "a\ud83d"), Miss(AWA, "b")], within=WEEK)

    assert sorted(await texts(store)) == ["a?", "b"]


async def test_one_persons_texts_are_forgotten_and_nobody_elses(store: Store) -> None:
    await store.misses.keep([Miss(AWA, "a"), Miss(KOFI, "b"), Miss(AWA, "c")], within=WEEK)

    forgotten = await store.misses.forget(AWA)

    assert (forgotten, await texts(store)) == (2, ["b"])
    assert await store.misses.forget(AWA) == 0


async def test_nothing_tells_which_texts_are_of_one_person(store: Store) -> None:
    await store.misses.keep([Miss(AWA, "a"), Miss(AWA, "a")], within=WEEK)

    one, other = await command(store, "ZRANGE", KEY, "0", "-1")

    assert one.split(b'"who":')[1] != other.split(b'"who":')[1]
    assert AWA not in repr(Miss(AWA, "a"))


async def test_the_oldest_go_where_there_are_too_many(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(misses, "MOST", 5)
    await store.misses.keep([Miss(AWA, "old")], within=WEEK)
    clock.advance(timedelta(seconds=1))

    await store.misses.keep([Miss(AWA, "new")] * 5, within=WEEK)

    assert await texts(store) == ["new"] * 5


async def test_many_are_read_page_by_page(store: Store) -> None:
    many = misses.PAGE * 2
    await store.misses.keep([Miss(AWA, str(n)) for n in range(many)], within=WEEK)

    found = await texts(store)

    assert sorted(map(int, found)) == list(range(many))


async def test_each_contact_is_kept_in_its_own_partition(clock: ManualClock) -> None:
    runner = FakeRunner()
    store = Store(runner, partitions=4, now_ms=lambda: to_ms(clock.now()))
    people = [f"+225070000{n:04}" for n in range(40)]

    await store.misses.keep([Miss(person, person[-4:] + "x") for person in people], within=WEEK)

    assert len(runner.keys()) == 4
    assert len(await texts(store)) == 40
    assert await store.misses.forget(people[3]) == 1
    assert await store.misses.trim(timedelta(0)) == 39
