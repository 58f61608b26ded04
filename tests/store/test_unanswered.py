"""What a number sent unasked to people who have not written since, counted in the store; and how it is forgiven."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.store.acquaintances import Unanswered
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Imposed

AWA, BEN = "+2250700000001", "+2250700000002"
TIP = Done(imposed=Imposed("follow_up", "hash", "i"))


async def sent(store: Store, contact: str, outcome: Done = TIP) -> None:
    await store.post("drip", "", contact, b"M one follow_up 1\n{}")
    _, (taken,) = await store.take(("drip",), lease_ms=1000, most=1)
    await store.commit(taken, outcome)


async def wrote(store: Store, contact: str, outcome: Done | None = None) -> None:
    await store.post("in", "", contact, b"W 1 x\n")
    _, (taken,) = await store.take(("in",), lease_ms=1000, most=1)
    await store.commit(taken, outcome or Done(answers="heard"))


async def count(store: Store, instance: str = "i") -> int:
    (one,) = await store.acquaintances.unanswered(instance)
    return one.count


async def test_every_unasked_message_counts_until_its_contact_writes(store: Store, clock: ManualClock) -> None:
    first_ms = to_ms(clock.now())
    for contact in (AWA, BEN, BEN):
        await sent(store, contact)
        clock.advance(timedelta(hours=1))

    before = (await store.acquaintances.read(AWA, "i")).unanswered
    await wrote(store, BEN)

    assert before == Unanswered(3, first_ms)
    assert await store.acquaintances.unanswered("i") == [Unanswered(1, first_ms)]


async def test_an_answer_after_weeks_forgives_as_well(store: Store, clock: ManualClock) -> None:
    await sent(store, AWA)
    clock.advance(timedelta(days=20))

    await wrote(store, AWA)

    assert await count(store) == 0


async def test_what_writes_itself_such_as_a_timer_forgives_nothing(store: Store) -> None:
    await sent(store, AWA)

    await wrote(store, AWA, Done())

    assert await count(store) == 1


async def test_a_message_is_forgotten_after_thirty_days(store: Store, clock: ManualClock) -> None:
    await sent(store, AWA)
    clock.advance(timedelta(days=29))
    await sent(store, BEN)
    second_ms = to_ms(clock.now())
    before = await count(store)

    clock.advance(timedelta(days=1))

    assert before == 2
    assert await store.acquaintances.unanswered("i") == [Unanswered(1, second_ms)]


async def test_each_number_has_a_count_of_its_own_and_an_answer_clears_both(store: Store) -> None:
    await sent(store, AWA)
    await sent(store, AWA, Done(imposed=Imposed("cold", "hash", "j")))
    before = await count(store), await count(store, "j")

    await wrote(store, AWA, Done(answers="negative"))

    assert before == (1, 1)
    assert (await count(store), await count(store, "j")) == (0, 0)


async def test_of_more_than_fifty_to_one_contact_none_is_left_when_they_write(store: Store, clock: ManualClock) -> None:
    for _ in range(53):
        await sent(store, AWA)
        clock.advance(timedelta(seconds=1))
    before = await count(store)

    await wrote(store, AWA)

    assert before == 50
    assert await count(store) == 0


async def test_nothing_counts_for_who_got_something_before_this_was_counted(store: Store) -> None:
    await sent(store, AWA)
    await store._runner.command("DEL", "{fb:0}:unanswered:i")  # type: ignore[attr-defined]  # both runners have it

    await wrote(store, AWA)
    await sent(store, AWA)

    assert await count(store) == 1


@pytest.mark.parametrize("partitions", [1, 3])
async def test_each_partition_tells_its_own(clock: ManualClock, partitions: int) -> None:
    store = Store(FakeRunner(), partitions=partitions, now_ms=lambda: to_ms(clock.now()))
    contacts = [f"+22507000000{n:02}" for n in range(12)]
    for contact in contacts:
        await store.post("drip", "", contact, b"M one follow_up 1\n{}")
    while taken := (await store.take(("drip",), lease_ms=1000, most=20))[1]:
        for one in taken:
            await store.commit(one, TIP)

    counts = [one.count for one in await store.acquaintances.unanswered("i")]

    assert sum(counts) == 12
    assert len(counts) == partitions
    assert min(counts) > 0
    for contact in contacts:
        known = await store.acquaintances.read(contact, "i")
        assert known.unanswered.count == counts[known.partition]
        assert store.tags[known.partition] == store.tag(contact)
