"""From when on the age of an unasked message counts: what it spends behind a hold is left out, and nothing else."""

from __future__ import annotations

from datetime import timedelta

from flashbot.clock import ManualClock, to_ms
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Held, Later, Taken

AWA = "+2250700000001"
HOUR = 3600_000
HELD = Held("drip", b'"instanceId":"i1"', 600_000, "pace")


async def post(store: Store, clock: ManualClock, name: str = "tip") -> int:
    made_ms = to_ms(clock.now())
    await store.post("drip", "", AWA, b'M %s follow_up %d\n{"instanceId":"i1"}' % (name.encode(), made_ms))
    return made_ms


async def take(store: Store) -> Taken:
    _, (taken,) = await store.take(("drip",), lease_ms=90_000, most=1)
    return taken


async def behind(store: Store, clock: ManualClock, held: Held, hours: int) -> None:
    """A hold that is renewed all the time, as seen by a process that looks every minute."""
    store.held_back = [held]
    for _ in range(60 * hours):
        await store.take(("drip",), lease_ms=90_000, most=1)
        clock.advance(timedelta(minutes=1))
    store.held_back = []
    while not (await store.take(("drip",), lease_ms=1, most=0))[0]:
        clock.advance(timedelta(minutes=1))


async def test_behind_a_hold_it_stays_as_old_as_it_was(store: Store, clock: ManualClock) -> None:
    made_ms = await post(store, clock)
    clock.advance(timedelta(hours=2))

    await behind(store, clock, HELD, hours=9)

    taken = await take(store)
    age_ms = taken.taken_ms - taken.due_ms
    assert taken.taken_ms - made_ms >= 11 * HOUR
    assert 2 * HOUR <= age_ms <= 2 * HOUR + 60_000, "the two hours before count, and the last look's minute"


async def test_a_hold_of_others_makes_nothing_younger_that_nobody_looked_at(store: Store, clock: ManualClock) -> None:
    made_ms = await post(store, clock)
    clock.advance(timedelta(days=2))
    store.held_back = [HELD]
    await store.take(("drip",), lease_ms=90_000, most=1)
    store.held_back = []
    clock.advance(timedelta(days=1))

    taken = await take(store)

    assert taken.taken_ms - made_ms == 72 * HOUR
    assert taken.taken_ms - taken.due_ms >= 71 * HOUR


async def test_behind_a_number_that_is_not_linked_it_ages(store: Store, clock: ManualClock) -> None:
    made_ms = await post(store, clock)

    await behind(store, clock, Held("drip", HELD.words, 600_000, "instance_disconnected", ages=True), hours=7)

    taken = await take(store)
    assert max(made_ms, taken.due_ms) == made_ms


async def test_a_wait_that_a_notice_ended_early_counts_as_long_as_it_was(store: Store, clock: ManualClock) -> None:
    made_ms = await post(store, clock)
    clock.advance(timedelta(hours=1))
    taken = await take(store)
    until_ms = taken.taken_ms + 5 * HOUR
    await store.commit(taken, Later(5 * HOUR, until_ms=until_ms, due_ms=made_ms + 5 * HOUR))
    clock.advance(timedelta(hours=3))
    await store.post("reply", "", AWA, b"M notice service 1\n{}")
    _, (notice,) = await store.take(("reply",), lease_ms=1000, most=1)
    await store.commit(notice, Done(ahead=notice.entry))
    await store.commit(await take(store), Done())

    tip = await take(store)

    assert tip.entry.startswith(b"M tip ")
    assert tip.due_ms == made_ms + 3 * HOUR


async def test_what_stood_behind_it_is_no_older_than_it(store: Store, clock: ManualClock) -> None:
    made_ms = await post(store, clock)
    await post(store, clock, "next")
    await behind(store, clock, HELD, hours=9)
    await store.commit(await take(store), Done())

    following = await take(store)

    assert following.entry.startswith(b"M next ")
    assert following.taken_ms - following.due_ms <= 60_000
    assert following.taken_ms - made_ms >= 9 * HOUR


async def test_what_an_older_flashbot_held_counts_from_the_end_of_that_wait(store: Store, clock: ManualClock) -> None:
    await post(store, clock)
    until_ms = to_ms(clock.now()) + HOUR
    await store.commit(await take(store), Later(HOUR, until_ms=until_ms))
    clock.advance(timedelta(hours=2))

    assert (await take(store)).due_ms == until_ms
