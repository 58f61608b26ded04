"""What the mailbox promises, on fakeredis and on a real server."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Committed, Done, Later, Message, Permit, Taken, TimerKey

AWA, BEN, CHI = "+2250700000001", "+2250700000002", "+2250700000003"
LEASE = 15_000


async def take_one(store: Store, queue: str = "in", lease_ms: int = LEASE) -> Taken:
    _, found = await store.take([queue], lease_ms=lease_ms, most=1)  # type: ignore[list-item]  # a test's string
    assert found, f"nothing was ready in {queue}"
    return found[0]


async def nothing_ready(store: Store, queue: str = "in") -> bool:
    _, found = await store.take([queue], lease_ms=LEASE, most=1)  # type: ignore[list-item]  # a test's string
    return not found


async def test_an_event_is_taken_as_it_was_posted(store: Store) -> None:
    await store.post("in", "key-1", AWA, b"W 1\nhello")

    taken = await take_one(store)

    assert (taken.contact, taken.entry, taken.attempts, taken.state) == (AWA, b"W 1\nhello", 1, None)


async def test_the_second_delivery_of_an_event_is_folded(store: Store) -> None:
    first = await store.post("in", "key-1", AWA, b"W 1\nhello")
    second = await store.post("in", "key-1", AWA, b"W 1\nhello")

    assert (first.new, second.new) == (True, False)
    await store.commit(await take_one(store), Done())
    assert await nothing_ready(store)


async def test_a_delivery_repeated_after_the_turn_is_still_folded(store: Store) -> None:
    await store.post("in", "key-1", AWA, b"W 1\nhello")
    await store.commit(await take_one(store), Done())

    again = await store.post("in", "key-1", AWA, b"W 1\nhello")

    assert not again.new
    assert await nothing_ready(store)


async def test_a_contact_is_never_taken_twice_at_once(store: Store) -> None:
    await store.post("in", "1", AWA, b"W 1\na")
    await store.post("in", "2", AWA, b"W 1\nb")
    await take_one(store)

    assert await nothing_ready(store)


async def test_events_of_one_contact_are_taken_in_the_order_they_came(store: Store) -> None:
    for n in range(5):
        await store.post("in", str(n), AWA, b"W 1\n%d" % n)

    seen = []
    for _ in range(5):
        taken = await take_one(store)
        seen.append(taken.entry[-1:])
        await store.commit(taken, Done())

    assert seen == [b"0", b"1", b"2", b"3", b"4"]


async def test_contacts_take_turns(store: Store) -> None:
    for n in range(3):
        await store.post("in", f"a{n}", AWA, b"W 1\na")
    await store.post("in", "b", BEN, b"W 1\nb")

    order = []
    for _ in range(4):
        taken = await take_one(store)
        order.append(taken.contact)
        await store.commit(taken, Done())

    assert order == [AWA, BEN, AWA, AWA]


async def test_an_idle_contact_can_be_taken_by_the_post_itself(store: Store) -> None:
    posted = await store.post("in", "1", AWA, b"W 1\na", lease_ms=LEASE)

    assert posted.taken is not None
    assert posted.taken.entry == b"W 1\na"
    assert await nothing_ready(store)


async def test_nobody_is_overtaken_by_a_post_that_takes(store: Store) -> None:
    await store.post("in", "1", AWA, b"W 1\na")

    posted = await store.post("in", "2", BEN, b"W 1\nb", lease_ms=LEASE)

    assert posted.taken is None
    assert (await take_one(store)).contact == AWA


async def test_a_commit_writes_state_and_messages_and_settles_the_event_together(store: Store) -> None:
    await store.post("in", "1", AWA, b"W 1\na")
    taken = await take_one(store)

    verdict, _ = await store.commit(taken, Done(state=b"{}", messages=(Message("reply", b"M\nhi"),)))

    assert verdict is Committed.OK
    assert (await take_one(store, "reply")).entry == b"M\nhi"
    await store.post("in", "2", AWA, b"W 1\nb")
    assert (await take_one(store)).state == b"{}"


async def test_a_commit_made_twice_counts_once(store: Store) -> None:
    await store.post("in", "1", AWA, b"W 1\na")
    await store.post("in", "2", AWA, b"W 1\nb")
    taken = await take_one(store)
    done = Done(messages=(Message("reply", b"M\nhi"),))

    first, _ = await store.commit(taken, done)
    second, _ = await store.commit(taken, done)

    assert (first, second) == (Committed.OK, Committed.DONE)
    assert (await take_one(store)).entry == b"W 1\nb"
    await store.commit(await take_one(store, "reply"), Done())
    assert await nothing_ready(store, "reply")


async def test_whoever_lost_the_lease_cannot_commit(store: Store, clock: ManualClock) -> None:
    await store.post("in", "1", AWA, b"W 1\na")
    slow = await take_one(store)
    clock.advance(timedelta(milliseconds=LEASE + 1))
    quick = await take_one(store)

    verdict, _ = await store.commit(slow, Done(messages=(Message("reply", b"M\nslow"),)))

    assert verdict is Committed.FENCED
    assert quick.attempts == 2
    assert await nothing_ready(store, "reply")
    assert (await store.commit(quick, Done()))[0] is Committed.OK


async def test_a_crash_before_the_commit_leaves_the_event_for_another(store: Store, clock: ManualClock) -> None:
    await store.post("in", "1", AWA, b"W 1\na")
    await take_one(store)

    assert await nothing_ready(store)
    clock.advance(timedelta(milliseconds=LEASE + 1))

    assert (await take_one(store)).entry == b"W 1\na"


async def test_a_renewed_lease_outlasts_its_first_end(store: Store, clock: ManualClock) -> None:
    await store.post("in", "1", AWA, b"W 1\na")
    taken = await take_one(store)
    clock.advance(timedelta(seconds=10))

    lost = await store.renew([taken], lease_ms=LEASE)
    clock.advance(timedelta(seconds=10))

    assert lost == set()
    assert await nothing_ready(store)


async def test_renewing_tells_who_was_taken_over(store: Store, clock: ManualClock) -> None:
    await store.post("in", "1", AWA, b"W 1\na")
    taken = await take_one(store)
    clock.advance(timedelta(milliseconds=LEASE + 1))
    await take_one(store)

    assert await store.renew([taken], lease_ms=LEASE) == {AWA}


async def test_a_parked_head_waits_and_keeps_its_note(store: Store, clock: ManualClock) -> None:
    await store.post("in", "1", AWA, b"W 1\na")
    await store.commit(await take_one(store), Later(5000, clean=False, note=b"tried"))

    assert await nothing_ready(store)
    clock.advance(timedelta(seconds=6))

    again = await take_one(store)
    assert (again.note, again.attempts) == (b"tried", 2)


async def test_a_clean_park_forgets_the_attempts(store: Store, clock: ManualClock) -> None:
    await store.post("in", "1", AWA, b"W 1\na")
    await store.commit(await take_one(store), Later(0, clean=True))
    clock.advance(timedelta(milliseconds=1))

    assert (await take_one(store)).attempts == 1


async def test_what_was_settled_leaves_no_note_to_the_next(store: Store, clock: ManualClock) -> None:
    await store.post("in", "1", AWA, b"W 1\na")
    await store.post("in", "2", AWA, b"W 1\nb")
    await store.commit(await take_one(store), Later(0, clean=False, note=b"tried"))
    clock.advance(timedelta(milliseconds=1))
    await store.commit(await take_one(store), Done())

    following = await take_one(store)
    assert (following.note, following.attempts) == (b"", 1)


async def test_a_park_beyond_a_quarter_of_an_hour_is_cut(store: Store, clock: ManualClock) -> None:
    await store.post("in", "1", AWA, b"W 1\na")
    await store.commit(await take_one(store), Later(3_600_000))

    clock.advance(timedelta(minutes=14, seconds=1))

    assert (await take_one(store)).contact == AWA


async def test_a_clock_that_jumps_back_leaves_nobody_stuck(store: Store, clock: ManualClock) -> None:
    await store.post("in", "1", AWA, b"W 1\na")
    await take_one(store)
    clock._now -= timedelta(hours=1)

    assert (await take_one(store)).contact == AWA


async def test_a_timer_becomes_an_event_when_it_is_due(store: Store, clock: ManualClock) -> None:
    timer = TimerKey(AWA, "step", 7)
    due = to_ms(clock.now() + timedelta(hours=2))
    await store.post("in", "1", AWA, b"W 1\na")
    await store.commit(await take_one(store), Done(set_timers=((timer, due),)))

    assert await nothing_ready(store)
    clock.advance(timedelta(hours=2, milliseconds=1))

    fired = await take_one(store)
    assert fired.entry == f"T {due}\n{timer.member()}".encode()


async def test_a_cleared_timer_never_fires(store: Store, clock: ManualClock) -> None:
    timer = TimerKey(AWA, "step", 7)
    await store.post("in", "1", AWA, b"W 1\na")
    await store.post("in", "2", AWA, b"W 1\nb")
    due = to_ms(clock.now() + timedelta(hours=2))
    await store.commit(await take_one(store), Done(set_timers=((timer, due),)))
    await store.commit(await take_one(store), Done(clear_timers=(timer,)))

    clock.advance(timedelta(hours=3))

    assert await nothing_ready(store)


async def test_a_commit_hands_over_the_message_it_made(store: Store) -> None:
    await store.post("in", "1", AWA, b"W 1\na")
    taken = await take_one(store)
    done = Done(messages=(Message("reply", b"M\n1"), Message("reply", b"M\n2")))

    _, found = await store.commit(taken, done, next_out_ms=LEASE)

    assert [(one.queue, one.entry) for one in found] == [("reply", b"M\n1")]
    assert await nothing_ready(store, "reply")


async def test_a_settled_message_hands_over_the_next_reply_before_any_drip(store: Store) -> None:
    await store.post("drip", "", BEN, b"M\ndrip")
    await store.post("reply", "", AWA, b"M\n1")
    await store.post("reply", "", CHI, b"M\n2")
    taken = await take_one(store, "reply")

    _, found = await store.commit(taken, Done(), next_out_ms=LEASE)

    assert [(one.queue, one.entry) for one in found] == [("reply", b"M\n2")]


async def test_a_commit_hands_over_the_next_event(store: Store) -> None:
    await store.post("in", "1", AWA, b"W 1\na")
    await store.post("in", "2", BEN, b"W 1\nb")
    taken = await take_one(store)

    _, found = await store.commit(taken, Done(), next_in_ms=LEASE)

    assert [one.contact for one in found] == [BEN]


async def test_slots_of_the_shared_rate_lie_an_interval_apart(store: Store) -> None:
    permits = [await store.permit("{key:x}", interval_ms=110) for _ in range(3)]

    assert [(permit.granted, permit.ms) for permit in permits] == [(True, 0), (False, 110), (False, 220)]


async def test_a_paused_key_grants_nothing(store: Store) -> None:
    await store.permit("{key:x}", interval_ms=110, longest_ms=0, pause_ms=30_000)

    permit = await store.permit("{key:x}", interval_ms=110)

    assert permit == Permit(granted=False, ms=30_000, slot_ms=0)


async def test_a_slot_too_far_ahead_is_not_reserved(store: Store) -> None:
    await store.permit("{key:x}", interval_ms=4000)
    await store.permit("{key:x}", interval_ms=4000)

    assert await store.permit("{key:x}", interval_ms=4000) == Permit(granted=False, ms=8000, slot_ms=0)


async def test_a_dead_letter_is_kept_once_per_key(store: Store) -> None:
    first = await store.bury("dead:1", "in", AWA, b"{}", b"W 1\nx")
    second = await store.bury("dead:1", "in", AWA, b"{}", b"W 1\nx")

    assert (first, second) == (True, False)


async def test_a_status_only_moves_up(store: Store) -> None:
    moved = [(await store.note_status(AWA, "api-1", name)).moved for name in ("read", "delivered", "read")]

    assert moved == [True, False, False]


async def test_a_sent_message_is_bound_to_its_vendor_id(store: Store) -> None:
    await store.post("reply", "", AWA, b"M\n1")
    await store.commit(await take_one(store, "reply"), Done(bind="api-1", bound="event/0"))

    assert await store.bound(AWA, ["api-1", "api-2"]) == {"api-1"}


@pytest.mark.parametrize("partitions", [1, 7])
async def test_every_partition_is_worked(partitions: int, clock: ManualClock) -> None:
    store = Store(FakeRunner(), partitions=partitions, now_ms=lambda: to_ms(clock.now()))
    contacts = {f"+22507000000{n:02}" for n in range(30)}
    for contact in contacts:
        await store.post("in", contact, contact, b"W 1\na")

    _, found = await store.take(["in"], lease_ms=LEASE, most=100)

    assert {one.contact for one in found} == contacts


async def overdue(store: Store, clock: ManualClock) -> Taken:
    """Taken, its lease run out, and put back in line by somebody's look, with nobody there to take it."""
    await store.post("in", "1", AWA, b"W 1\na")
    await store.post("in", "2", AWA, b"W 1\nb")
    taken = await take_one(store)
    clock.advance(timedelta(milliseconds=LEASE + 1))
    await store.take(["in"], lease_ms=LEASE, most=0)
    return taken


async def test_a_late_commit_leaves_the_contact_in_line_once(store: Store, clock: ManualClock) -> None:
    late = await overdue(store, clock)

    verdict, _ = await store.commit(late, Done())
    _, found = await store.take(["in"], lease_ms=LEASE, most=5)

    assert verdict is Committed.OK
    assert [(taken.entry, taken.attempts) for taken in found] == [(b"W 1\nb", 1)]


async def test_a_late_commit_of_the_last_event_leaves_nobody_in_line(store: Store, clock: ManualClock) -> None:
    late = await overdue(store, clock)
    await store.commit(late, Done())
    await store.commit(await take_one(store), Done())

    await store.post("in", "3", AWA, b"W 1\nc")
    _, found = await store.take(["in"], lease_ms=LEASE, most=5)

    assert [taken.entry for taken in found] == [b"W 1\nc"]


async def test_a_late_park_is_a_park(store: Store, clock: ManualClock) -> None:
    late = await overdue(store, clock)

    await store.commit(late, Later(30_000))

    assert await nothing_ready(store)
