"""A commit that drops what waits unasked for its contact: nothing else goes, and nothing stands still afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flashbot.clock import ManualClock
from flashbot.store.mailbox import Store
from flashbot.store.records import Committed, Done, Later, Message, Taken

AWA, BEN = "+2250700000001", "+2250700000002"
LEASE = 90_000


async def turn(store: Store, key: str, done: Done, contact: str = AWA) -> Committed:
    posted = await store.post("in", key, contact, b"W 1 %s\n" % key.encode(), lease_ms=15_000)
    assert posted.taken is not None
    verdict, _ = await store.commit(posted.taken, done)
    return verdict


def drips(*names: str) -> Done:
    return Done(messages=tuple(Message("drip", b"M %s follow_up 1\n{}" % name.encode()) for name in names))


STOP = Done(drops_unasked="suppressed", messages=(Message("reply", b"M bye reply 1\n{}"),))


async def taken(store: Store, lane: str = "drip") -> list[Taken]:
    return (await store.take([lane], lease_ms=LEASE, most=10))[1]  # type: ignore[list-item]  # a test's string


async def test_what_waits_unasked_goes_with_the_stop_and_its_answer_leaves(store: Store) -> None:
    await turn(store, "1", drips("a", "b"))

    await turn(store, "2", STOP)

    assert await taken(store) == []
    assert [one.entry[:5] for one in await taken(store, "reply")] == [b"M bye"]


@pytest.mark.parametrize("in_hand", [False, True])
async def test_a_notice_that_waits_among_them_stays(store: Store, *, in_hand: bool) -> None:
    await turn(store, "1", drips("a", "b"))
    await turn(store, "2", Done(messages=(Message("drip", b"M n service 1\n{}"),)))
    first = await taken(store) if in_hand else []

    await turn(store, "3", STOP)
    for one in first:
        await store.commit(one, Done())

    assert [one.entry[:3] for one in await taken(store)] == [b"M n"]


async def test_only_this_contacts(store: Store) -> None:
    await turn(store, "1", drips("a"))
    await turn(store, "2", drips("b"), BEN)

    await turn(store, "3", STOP)

    assert [one.contact for one in await taken(store)] == [BEN]


async def test_what_comes_later_is_taken_once_and_begins_anew(store: Store) -> None:
    await turn(store, "1", drips("a"))
    await turn(store, "2", STOP)

    await turn(store, "3", drips("c"))

    (one,) = await taken(store)
    assert (one.entry[:3], one.attempts, one.note) == (b"M c", 1, b"")
    assert await taken(store) == []
    assert (await store.commit(one, Done()))[0] is Committed.OK


async def test_one_that_is_being_sent_is_settled_by_who_sends_it(store: Store) -> None:
    await turn(store, "1", drips("a", "b"))
    (held,) = await taken(store)

    await turn(store, "2", STOP)

    assert (await store.commit(held, Done(bind="api-1", bound="a")))[0] is Committed.OK
    assert await taken(store) == []


async def test_one_that_may_have_left_is_still_looked_for(store: Store, clock: ManualClock) -> None:
    await turn(store, "1", drips("a", "b"))
    (held,) = await taken(store)
    await store.commit(held, Later(1000, clean=False, note=b"doubt"))

    await turn(store, "2", STOP)
    clock.advance(timedelta(seconds=2))

    (again,) = await taken(store)
    assert (again.entry[:3], again.attempts, again.note) == (b"M a", 2, b"doubt")
    await store.commit(again, Done())
    assert await taken(store) == []


@pytest.mark.parametrize("wait_ms", [0, 60_000])
async def test_one_that_was_parked_unsent_goes_with_its_note(store: Store, clock: ManualClock, wait_ms: int) -> None:
    await turn(store, "1", drips("a"))
    (held,) = await taken(store)
    await store.commit(held, Later(wait_ms, note=b"of a"))

    await turn(store, "2", STOP)
    await turn(store, "3", drips("c"))
    clock.advance(timedelta(minutes=2))

    (one,) = await taken(store)
    assert (one.entry[:3], one.note) == (b"M c", b"")


async def test_a_stop_repeated_after_its_answer_was_lost_drops_nothing_new(store: Store) -> None:
    posted = await store.post("in", "1", AWA, b"W 1 1\n", lease_ms=15_000)
    assert posted.taken is not None
    await store.commit(posted.taken, STOP)
    await turn(store, "2", drips("c"))

    verdict, _ = await store.commit(posted.taken, STOP)

    assert verdict is Committed.FENCED
    assert len(await taken(store)) == 1


async def test_each_that_goes_has_its_reason_in_the_story(store: Store) -> None:
    store.reasons.within = timedelta(days=1)
    await turn(store, "1", drips("a", "send-b"))

    await turn(store, "2", STOP)

    told = [(one.said["kind"], one.said["id"], one.said["why"]) for one in await store.reasons.read(AWA)]
    assert told == [("dropped", "a", "suppressed"), ("dropped", "send-b", "suppressed")]
