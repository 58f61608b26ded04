"""What is known of numbers and of what contacts got unasked, as all processes see it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.store.acquaintances import Unasked
from flashbot.store.mailbox import Store
from flashbot.store.numbers import DAY_MS, DayCount
from flashbot.store.records import Done, Imposed, Later

AWA, BEN = "+2250700000001", "+2250700000002"
TIP = Imposed("follow_up", "hash", "i")


async def give(store: Store, contact: str, outcome: Done, queue: Any = "drip") -> None:
    """A message or an event that is settled so."""
    await store.post(queue, "", contact, b"M one follow_up 1\n{}")
    _, (taken,) = await store.take((queue,), lease_ms=1000, most=1)
    await store.commit(taken, outcome)


async def test_one_asks_about_a_number_within_a_minute_and_learns_when(store: Store, clock: ManualClock) -> None:
    asked = [await store.numbers.ask("i", within_ms=60_000) for _ in range(2)]
    clock.advance(timedelta(seconds=61))

    assert asked == [to_ms(clock.now()) - 61_000, None]
    assert await store.numbers.ask("i", within_ms=60_000) == to_ms(clock.now())
    assert await store.numbers.ask("j", within_ms=60_000) is not None


async def test_what_one_process_keeps_of_a_number_the_others_read(store: Store, clock: ManualClock) -> None:
    await store.numbers.set("i", {"state": "stable", "zone": "Africa/Abidjan", "re": "@"})
    await store.numbers.set("i", {"zone": ""})

    now_ms, known = await store.numbers.read("i", "state", "zone", "re", "score")

    assert now_ms == to_ms(clock.now())
    assert known == {"state": "stable", "zone": "", "re": str(now_ms), "score": ""}


async def test_the_moments_at_which_a_number_lost_its_link_are_kept_for_two_days(
    store: Store, clock: ManualClock
) -> None:
    begun_ms = to_ms(clock.now())
    for hours in (0, 1, 46, 1):
        clock.advance(timedelta(hours=hours))
        await store.numbers.unlinked("i")

    _, known = await store.numbers.read("i", "losses")

    assert [(int(at) - begun_ms) // 3600_000 for at in known["losses"].split()] == [1, 47, 48]


async def test_the_latest_of_two_ends_is_kept_and_one_from_before_a_jump_of_the_clock_is_not(
    store: Store, clock: ManualClock
) -> None:
    now_ms = to_ms(clock.now())
    found = []

    for until_ms in (now_ms + 5000, now_ms + 2000, now_ms + 2 * DAY_MS, now_ms + 1000):
        await store.numbers.hold("i", "full", until_ms)
        found.append(int((await store.numbers.read("i", "full"))[1]["full"]) - now_ms)

    assert found == [5000, 5000, 2 * DAY_MS, 1000]


async def test_what_a_contact_got_unasked_is_kept_beside_what_is_stored_of_them(
    store: Store, clock: ManualClock
) -> None:
    first = to_ms(clock.now())
    await give(store, AWA, Done(state=b'{"v":1}', imposed=TIP))
    clock.advance(timedelta(hours=1))
    await give(store, AWA, Done(imposed=Imposed("marketing", "other", "i")))

    known, stranger = await store.acquaintances.read(AWA), await store.acquaintances.read(BEN)

    assert known.state == b'{"v":1}'
    assert known.sent == (Unasked(first, "follow_up", "hash"), Unasked(to_ms(clock.now()), "marketing", "other"))
    assert (stranger.state, stranger.sent) == (None, ())


async def test_no_more_than_fifty_are_kept(store: Store) -> None:
    for number in range(60):
        await give(store, AWA, Done(imposed=Imposed("cold", str(number), "i")))

    assert [one.body for one in (await store.acquaintances.read(AWA)).sent] == [str(number) for number in range(10, 60)]


async def test_days_count_what_was_sent_failed_and_was_not_wanted_and_who_answered(
    store: Store, clock: ManualClock
) -> None:
    today = to_ms(clock.now()) // DAY_MS
    await give(store, AWA, Done(bind="v1", bound="one", imposed=TIP))
    await give(store, AWA, Done(bind="v2", bound="two", imposed=TIP))
    await give(store, BEN, Done(bind="v3", bound="three", imposed=TIP))
    await give(store, BEN, Done(bind="v4", bound="four"))
    for vendor_id in ("v2", "v2", "v4"):
        await store.note_status(AWA, vendor_id, "failed", instance="i")
    clock.advance(timedelta(days=1))
    await give(store, AWA, Done(answers="negative"), queue="in")
    await give(store, AWA, Done(answers="heard"), queue="in")
    clock.advance(timedelta(days=3))
    await give(store, BEN, Done(answers="heard"), queue="in")

    met, heard, days = await store.numbers.days("i", today, today + 1, since_ms=(today - 3) * DAY_MS)

    assert (met, heard) == (2, 1), "the second answered too late"
    assert days == [DayCount(today, 3, 1, 0), DayCount(today + 1, 0, 0, 1)]


# -- a notice before what waits unasked


@pytest.mark.parametrize("state", ["nothing waits", "one is parked", "one is in hand", "one is in doubt"])
async def test_a_notice_goes_before_what_waits_unless_that_may_have_left(
    store: Store, clock: ManualClock, state: str
) -> None:
    in_hand = None
    if state != "nothing waits":
        await store.post("drip", "", AWA, b"M tip follow_up 1\n{}")
        _, (in_hand,) = await store.take(("drip",), lease_ms=90_000, most=1)
    if in_hand is not None and state == "one is parked":
        await store.commit(in_hand, Later(3_600_000, until_ms=to_ms(clock.now()) + 3_600_000))
    if in_hand is not None and state == "one is in doubt":
        await store.commit(in_hand, Later(30_000, clean=False, note=b'{"parked":true}'))
    await store.post("reply", "", AWA, b"M notice service 1\n{}")
    _, (notice,) = await store.take(("reply",), lease_ms=1000, most=1)

    await store.commit(notice, Done(ahead=notice.entry))

    _, found = await store.take(("drip",), lease_ms=1000, most=1)
    first = [one.entry.split()[1] for one in found]
    assert first == ([b"notice"] if state in ("nothing waits", "one is parked") else [])
    if in_hand is not None and state == "one is in hand":
        await store.commit(in_hand, Done())
    else:
        clock.advance(timedelta(minutes=1))
        for one in (await store.take(("drip",), lease_ms=1000, most=1))[1]:
            await store.commit(one, Done())
    _, (last,) = await store.take(("drip",), lease_ms=1000, most=1) if state != "nothing waits" else (0, found)
    assert last.entry.split()[1] == (b"tip" if state == "one is parked" else b"notice")


async def test_notices_that_must_wait_keep_their_order(store: Store) -> None:
    await store.post("drip", "", AWA, b"M tip follow_up 1\n{}")
    for name in (b"first", b"second", b"third"):
        await store.post("reply", "", AWA, b"M %s service 1\n{}" % name)
        _, (notice,) = await store.take(("reply",), lease_ms=1000, most=1)
        await store.commit(notice, Done(ahead=notice.entry))

    found = []
    for _ in range(4):
        _, (one,) = await store.take(("drip",), lease_ms=1000, most=1)
        found.append(one.entry.split()[1])
        await store.commit(one, Done())

    assert found == [b"first", b"second", b"third", b"tip"]


async def test_what_was_held_did_not_age_while_a_notice_goes_before_it(store: Store, clock: ManualClock) -> None:
    await store.post("drip", "", AWA, b"M tip follow_up 1\n{}")
    _, (tip,) = await store.take(("drip",), lease_ms=1000, most=1)
    await store.commit(tip, Later(3_600_000, until_ms=to_ms(clock.now()) + 3_600_000))
    clock.advance(timedelta(minutes=50))
    await store.post("reply", "", AWA, b"M notice service 1\n{}")
    _, (notice,) = await store.take(("reply",), lease_ms=1000, most=1)
    await store.commit(notice, Done(ahead=notice.entry))
    _, (first,) = await store.take(("drip",), lease_ms=1000, most=1)
    await store.commit(first, Done())

    _, (second,) = await store.take(("drip",), lease_ms=1000, most=1)

    assert [first.entry.split()[1], second.entry.split()[1]] == [b"notice", b"tip"]
    assert second.held_ms == to_ms(clock.now())


async def test_a_notice_that_came_while_another_was_in_hand_does_not_wait_for_that_one(
    store: Store, clock: ManualClock
) -> None:
    await store.post("drip", "", AWA, b"M tip follow_up 1\n{}")
    await store.post("drip", "", AWA, b"M next follow_up 1\n{}")
    _, (tip,) = await store.take(("drip",), lease_ms=90_000, most=1)
    for name in (b"first", b"second"):
        await store.post("reply", "", AWA, b"M %s service 1\n{}" % name)
        _, (notice,) = await store.take(("reply",), lease_ms=1000, most=1)
        await store.commit(notice, Done(ahead=notice.entry))
    await store.commit(tip, Later(3_600_000, until_ms=to_ms(clock.now()) + 3_600_000))

    found = []
    for _ in range(4):
        _, (one,) = await store.take(("drip",), lease_ms=1000, most=1)
        found.append(one.entry.split()[1])
        await store.commit(one, Done())

    assert found == [b"first", b"second", b"tip", b"next"]


# -- long waits


async def woken(store: Store) -> bool:
    return bool((await store.take(("drip",), lease_ms=1000, most=0))[0])


async def test_what_waits_long_is_parked_piece_by_piece_and_costs_nobody_a_hand(
    store: Store, clock: ManualClock
) -> None:
    await store.post("drip", "", AWA, b"M one follow_up 1\n{}")
    _, (taken,) = await store.take(("drip",), lease_ms=1000, most=1)
    until_ms = to_ms(clock.now() + timedelta(hours=3))
    await store.commit(taken, Later(3 * 3600 * 1000, until_ms=until_ms))

    early = []
    for _ in range(179):
        clock.advance(timedelta(minutes=1))
        early.append(await woken(store))
    clock.advance(timedelta(minutes=1))

    assert not any(early)
    _, (taken,) = await store.take(("drip",), lease_ms=1000, most=1)
    assert (taken.attempts, taken.held_ms) == (1, until_ms)


async def test_the_next_message_of_the_lane_is_not_held_with_the_one_before(store: Store, clock: ManualClock) -> None:
    for number in range(2):
        await store.post("drip", "", AWA, b"M %d follow_up 1\n{}" % number)
    _, (taken,) = await store.take(("drip",), lease_ms=1000, most=1)
    await store.commit(taken, Later(60_000, until_ms=to_ms(clock.now() + timedelta(minutes=1))))
    clock.advance(timedelta(minutes=1))
    _, (taken,) = await store.take(("drip",), lease_ms=1000, most=1)
    await store.commit(taken, Done())

    _, (following,) = await store.take(("drip",), lease_ms=1000, most=1)

    assert following.entry.startswith(b"M 1 ")
    assert following.held_ms == to_ms(clock.now()), "nor did it age while it stood behind it"


async def test_a_wait_that_a_jump_of_the_clock_made_endless_is_none(store: Store, clock: ManualClock) -> None:
    await store.post("drip", "", AWA, b"M one follow_up 1\n{}")
    _, (taken,) = await store.take(("drip",), lease_ms=1000, most=1)
    await store.commit(taken, Later(60_000, until_ms=to_ms(clock.now() + timedelta(hours=9))))

    clock.advance(timedelta(minutes=2))

    assert await woken(store)
