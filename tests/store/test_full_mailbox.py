"""The cap on one contact's mailbox, and what everybody else has of it, on fakeredis and on a real server."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from itertools import pairwise

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.errors import StoreAway
from flashbot.store.deadletters import DeadLetter, DeadLetters
from flashbot.store.embedded import Embedded
from flashbot.store.fake import FakeRunner
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.records import Committed, Done, Later, Posted, Taken, TimerKey

AWA, BEN = "+2250700000001", "+2250700000002"
WHY = b'{"why":"It made room."}'
LEASE = 15_000


async def post(store: Store, name: str, *, most: int = 3, drop: bytes = b"", lease_ms: int = 0) -> Posted:
    entry = b"W 1 %s x\n%s" % (name.encode(), name.encode())
    return await store.post("in", name, AWA, entry, most=most, drop=drop, lease_ms=lease_ms)


async def take_one(store: Store) -> Taken:
    _, found = await store.take(("in",), lease_ms=LEASE, most=1)
    return found[0]


async def rest(store: Store) -> list[str]:
    """What waits, in its order."""
    left = []
    while found := (await store.take(("in",), lease_ms=LEASE, most=1))[1]:
        left.append(found[0].entry.partition(b"\n")[2].decode())
        assert (await store.commit(found[0], Done()))[0] is Committed.OK
    return left


async def dead(store: Store) -> list[DeadLetter]:
    return [letter async for letter in DeadLetters(store._runner, store).list()]  # type: ignore[arg-type]  # both runners take commands


async def test_beyond_the_cap_nothing_is_stored_and_the_key_is_not_remembered(store: Store) -> None:
    for name in "abc":
        await post(store, name)

    refused = await post(store, "d")
    await store.commit(await take_one(store), Done())
    again = await post(store, "d")

    assert (refused.full, refused.new) == (True, False)
    assert (again.full, again.new) == (False, True)
    assert await rest(store) == ["b", "c", "d"]
    assert await dead(store) == []


async def test_a_known_event_is_known_also_when_the_mailbox_is_full(store: Store) -> None:
    for name in "abc":
        await post(store, name)

    again = await post(store, "b")

    assert (again.full, again.new) == (False, False)


async def test_what_somebody_works_on_does_not_wait(store: Store) -> None:
    taken = (await post(store, "a", most=1, lease_ms=LEASE)).taken
    assert taken is not None

    second = await post(store, "b", most=1)
    third = await post(store, "c", most=1)

    assert (second.new, third.full) == (True, True)


async def test_the_oldest_makes_room_and_becomes_a_dead_letter(store: Store) -> None:
    for name in "abc":
        await post(store, name)

    posted = [await post(store, name, drop=WHY) for name in "de"]

    assert [(one.new, one.dropped) for one in posted] == [(True, True)] * 2
    letters = await dead(store)
    assert [letter.entry for letter in letters] == [b"W 1 a x\na", b"W 1 b x\nb"]
    assert {(letter.contact, letter.queue, letter.reason["why"]) for letter in letters} == {
        (AWA, "in", "It made room.")
    }
    assert await rest(store) == ["c", "d", "e"]


async def test_a_flood_repeated_after_lost_answers_drops_nothing_twice(store: Store) -> None:
    for name in "abc":
        await post(store, name)

    answers = [(await post(store, name, drop=WHY)).new for name in "ddee"]

    assert answers == [True, False, True, False]
    assert len(await dead(store)) == 2
    assert await rest(store) == ["c", "d", "e"]


async def test_an_event_in_somebodys_hand_is_never_dropped(store: Store) -> None:
    taken = (await post(store, "a", lease_ms=LEASE)).taken
    assert taken is not None
    for name in "bcd":
        await post(store, name)

    await post(store, "e", drop=WHY)

    assert (await store.commit(taken, Done()))[0] is Committed.OK
    assert [letter.entry for letter in await dead(store)] == [b"W 1 b x\nb"]
    assert await rest(store) == ["c", "d", "e"]


async def test_an_event_whose_lease_has_run_out_may_still_be_committed_and_is_not_dropped(
    store: Store, clock: ManualClock
) -> None:
    taken = (await post(store, "a", lease_ms=LEASE)).taken
    assert taken is not None
    for name in "bcd":
        await post(store, name)
    clock.advance(timedelta(milliseconds=LEASE + 1))

    await post(store, "e", drop=WHY)

    assert (await store.commit(taken, Done()))[0] is Committed.OK
    assert await rest(store) == ["c", "d", "e"]


async def test_an_event_that_waits_for_its_next_try_may_go_and_takes_its_history_along(
    store: Store, clock: ManualClock
) -> None:
    for name in "abc":
        await post(store, name)
    await store.commit(await take_one(store), Later(30_000, clean=False, note=b"it failed"))

    await post(store, "d", drop=WHY)
    clock.advance(timedelta(seconds=31))
    taken = await take_one(store)

    assert [letter.entry for letter in await dead(store)] == [b"W 1 a x\na"]
    assert (taken.entry, taken.attempts, taken.note) == (b"W 1 b x\nb", 1, b"")


async def test_a_timer_neither_is_refused_nor_makes_room(store: Store, clock: ManualClock) -> None:
    taken = (await post(store, "a", lease_ms=LEASE)).taken
    assert taken is not None
    due = to_ms(clock.now()) + 1000
    await store.commit(taken, Done(set_timers=((TimerKey(AWA, "step", 1), due),)))
    clock.advance(timedelta(seconds=2))
    await store.take(("in",), lease_ms=LEASE, most=0)  # the timer goes off, into an empty mailbox
    for name in "bc":
        await post(store, name)

    posted = await post(store, "d", drop=WHY)

    assert posted.dropped
    assert [letter.entry for letter in await dead(store)] == [b"W 1 b x\nb"]
    assert await rest(store) == [f"{AWA}|step|1", "c", "d"]


async def test_full_of_timers_the_mailbox_refuses(store: Store, clock: ManualClock) -> None:
    taken = (await post(store, "a", lease_ms=LEASE)).taken
    assert taken is not None
    due = to_ms(clock.now()) + 1000
    await store.commit(taken, Done(set_timers=tuple((TimerKey(AWA, "drip", n), due) for n in range(3))))
    clock.advance(timedelta(seconds=2))
    await store.take(("in",), lease_ms=LEASE, most=0)

    assert (await post(store, "b", drop=WHY)).full


async def test_with_the_memory_full_as_well_nothing_is_given_up(real_server: Embedded) -> None:
    link = Link(real_server.address)
    await link.command("FLUSHALL")
    store = Store(link)
    for name in "abc":
        await post(store, name)
    await link.command("CONFIG", "SET", "maxmemory", 1)
    try:
        with pytest.raises(StoreAway):
            await post(store, "d", drop=WHY)
    finally:
        await link.command("CONFIG", "SET", "maxmemory", 0)

    assert await dead(store) == []
    assert await rest(store) == ["a", "b", "c"]
    assert (await post(store, "d")).new
    await link.close()


@pytest.mark.parametrize("queue", ["reply", "drip"])
async def test_outgoing_lanes_have_no_cap(store: Store, queue: str) -> None:
    for number in range(20):
        assert (await store.post(queue, str(number), AWA, b"M\nhi")).new  # type: ignore[arg-type]  # a test's string


async def test_while_ten_thousand_of_one_contact_wait_another_is_handled_at_once(store: Store) -> None:
    await post(store, "0", most=0)
    entries = [b"W 1 %d x\n%d" % (n, n) for n in range(1, 10_000)]
    tag = store.tag(AWA)
    await store._runner.command("RPUSH", f"{tag}:in:box:{AWA}", *entries)  # type: ignore[attr-defined]  # both runners have it
    working = await take_one(store)

    handled = []
    for number in range(20):
        await store.post("in", f"ben {number}", BEN, b"W 1 b x\nben", most=10_000)
        for _ in range(2):  # the one in hand ends, and its hand takes what stands first
            handled.append(working.contact)
            verdict, following = await store.commit(working, Done(), next_in_ms=LEASE)
            assert verdict is Committed.OK
            working = following[0]

    assert handled.count(BEN) in (19, 20)
    assert all(BEN in pair for pair in pairwise(handled))


def test_a_script_that_forgot_to_spare_the_event_in_hand_would_be_found() -> None:
    def careless(name: str, text: str) -> str:
        return text.replace("have[1] ~= have[2] and 1 or 0", "0") if name == "post" else text

    async def story() -> list[str]:
        store = Store(FakeRunner(mutate=careless), now_ms=lambda: 1)
        taken = (await post(store, "a", lease_ms=LEASE)).taken
        assert taken is not None
        for name in "bcd":
            await post(store, name, drop=WHY)
        await store.commit(taken, Done())
        return await rest(store)

    assert asyncio.run(story()) != ["b", "c", "d"]


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_happens_to_a_full_mailbox_each_event_is_handled_once_in_order_or_kept(seed: int) -> None:
    dice, clock = random.Random(seed), ManualClock()
    store = Store(FakeRunner(), now_ms=lambda: to_ms(clock.now()))
    accepted: list[str] = []
    handled: list[str] = []
    hands: list[Taken] = []
    for number in range(400):
        act = dice.random()
        if act < 0.5:
            for _ in range(dice.choice([1, 1, 2])):  # sometimes the answer is lost, and the call is made again
                posted = await post(store, str(number), drop=WHY, lease_ms=dice.choice([0, LEASE]))
                accepted += [str(number)] if posted.new else []
                hands += [posted.taken] if posted.taken else []
        elif act < 0.65:
            hands += (await store.take(("in",), lease_ms=LEASE, most=1))[1]
        elif act < 0.9 and hands:
            taken = hands.pop(dice.randrange(len(hands)))
            outcome = dice.choice([Done(), Done(), Later(dice.choice([0, 5000]), clean=dice.random() < 0.5, note=b"n")])
            verdict, _ = await store.commit(taken, outcome)
            if verdict is Committed.OK and isinstance(outcome, Done):
                handled.append(taken.entry.partition(b"\n")[2].decode())
        else:
            clock.advance(timedelta(seconds=dice.choice([1, 20])))
        ready, busy = await _places(store)
        assert ready + busy == ((await _waiting(store)) > 0)

    clock.advance(timedelta(minutes=10))
    handled += await rest(store)

    kept = [letter.entry.partition(b"\n")[2].decode() for letter in await dead(store)]
    assert sorted(handled + kept, key=int) == accepted
    assert handled == sorted(handled, key=int)
    assert kept


async def _places(store: Store) -> tuple[int, int]:
    """How often the contact stands in `ready` and in `busy`."""
    command = store._runner.command  # type: ignore[attr-defined]  # the fake takes commands
    tag = store.tag(AWA)
    return await command("LLEN", f"{tag}:in:ready"), await command("ZCARD", f"{tag}:in:busy")


async def _waiting(store: Store) -> int:
    length: int = await store._runner.command("LLEN", f"{store.tag(AWA)}:in:box:{AWA}")  # type: ignore[attr-defined]  # as above
    return length
