"""What holds sending back, as all processes see it."""

from __future__ import annotations

from datetime import timedelta

from flashbot.clock import ManualClock, to_ms
from flashbot.store.fake import FakeRunner
from flashbot.store.holds import ACCOUNT
from flashbot.store.mailbox import Store
from flashbot.store.records import Held

KEY = "{key:k}"


async def causes(store: Store) -> dict[str, str]:
    _, found = await store.holds.read(KEY)
    return {hold.scope: hold.cause for hold in found}


async def test_holding_is_news_once_and_again_with_another_cause(store: Store, clock: ManualClock) -> None:
    told = [
        await store.holds.hold(ACCOUNT, cause, key_tag=KEY, wait_ms=60_000)
        for cause in ("key_refused", "key_refused", "outbound_quota", "outbound_quota")
    ]

    assert told == [True, False, True, False]
    assert await causes(store) == {ACCOUNT: "outbound_quota"}


async def test_one_of_many_is_elected_and_the_next_after_the_wait(store: Store, clock: ManualClock) -> None:
    await store.holds.hold(ACCOUNT, "key_refused", key_tag=KEY, wait_ms=60_000)
    at_once = await store.holds.elect(ACCOUNT, key_tag=KEY, wait_ms=60_000)
    clock.advance(timedelta(seconds=60))

    elected = [await store.holds.elect(ACCOUNT, key_tag=KEY, wait_ms=60_000) for _ in range(3)]
    clock.advance(timedelta(seconds=60))
    later = await store.holds.elect(ACCOUNT, key_tag=KEY, wait_ms=60_000)

    assert at_once is False
    assert elected == [True, False, False]
    assert later is True


async def test_lifting_tells_one_and_nobody_is_elected_then(store: Store, clock: ManualClock) -> None:
    await store.holds.hold(ACCOUNT, "key_refused", key_tag=KEY, wait_ms=0)
    begun = to_ms(clock.now())
    clock.advance(timedelta(minutes=5))

    lifted = [await store.holds.lift(ACCOUNT, key_tag=KEY) for _ in range(2)]

    assert lifted == [begun, 0]
    assert await causes(store) == {}
    assert not await store.holds.elect(ACCOUNT, key_tag=KEY, wait_ms=1)


async def test_a_jump_of_the_clock_holds_up_no_try_for_longer_than_an_hour() -> None:
    clock = ManualClock()
    ahead = timedelta(days=300)
    store = Store(FakeRunner(), now_ms=lambda: to_ms(clock.now() + ahead))
    await store.holds.hold(ACCOUNT, "outbound_quota", key_tag=KEY, wait_ms=3_600_000)
    ahead = timedelta()

    now_ms, (hold,) = await store.holds.read(KEY)

    assert (hold.since_ms, hold.wait_ms) == (now_ms, 0)
    assert await store.holds.elect(ACCOUNT, key_tag=KEY, wait_ms=3_600_000)


async def test_an_instance_is_asked_about_once_a_minute_however_often_it_is_suspected(
    store: Store, clock: ManualClock
) -> None:
    suspected = [await store.holds.suspect("i") for _ in range(2)]
    elected = [await store.holds.elect("i", key_tag=KEY, wait_ms=60_000) for _ in range(2)]
    was_held = await store.holds.lift("i", key_tag=KEY)
    again = await store.holds.suspect("i")
    too_soon = await store.holds.elect("i", key_tag=KEY, wait_ms=60_000)
    clock.advance(timedelta(seconds=61))

    assert suspected == [True, False]
    assert elected == [True, False]
    assert was_held == 0
    assert (again, too_soon) == (True, False)
    assert await store.holds.elect("i", key_tag=KEY, wait_ms=60_000)


async def test_another_key_is_not_held(store: Store) -> None:
    await store.holds.hold(ACCOUNT, "key_refused", key_tag=KEY, wait_ms=60_000)

    assert (await store.holds.read("{key:other}"))[1] == []


async def test_a_take_parks_what_is_held_back_and_leases_the_rest(store: Store, clock: ManualClock) -> None:
    for number in range(1200):
        await store.post("reply", "", f"held-{number}", b'M x reply 1\n{"instanceId":"i","text":"a"}')
    await store.post("reply", "", "free", b'M x reply 1\n{"instanceId":"j","text":"\\"instanceId\\":\\"i\\""}')
    store.held_back = [Held("reply", b'"instanceId":"i"', 60_000)]

    ready, _ = await store.take(("reply", "drip"), lease_ms=90_000, most=0)
    _, found = await store.take(("reply", "drip"), lease_ms=90_000, most=4)
    clock.advance(timedelta(seconds=29))
    early, _ = await store.take(("reply", "drip"), lease_ms=90_000, most=0)
    store.held_back = ()
    clock.advance(timedelta(seconds=32))
    woken = 0
    for _ in range(200):
        woken += len((await store.take(("reply", "drip"), lease_ms=90_000, most=9))[1])

    assert ready == 1
    assert [(taken.contact, taken.attempts) for taken in found] == [("free", 1)]
    assert early == 0
    assert woken == 1200


async def test_a_take_does_not_park_what_may_have_been_sent(store: Store, clock: ManualClock) -> None:
    await store.post("reply", "", "one", b'M x reply 1\n{"instanceId":"i"}')
    await store.take(("reply",), lease_ms=1000, most=1)
    store.held_back = [Held("reply", b'"instanceId":"i"', 60_000)]
    clock.advance(timedelta(seconds=2))

    _, found = await store.take(("reply",), lease_ms=1000, most=1)

    assert [taken.attempts for taken in found] == [2]
