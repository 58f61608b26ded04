"""What is held back must not stand between others and their turn."""

from __future__ import annotations

from flashbot.clock import ManualClock, to_ms
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Held, Later

CROWD = 3000


async def test_a_crowd_that_is_held_back_does_not_delay_the_retry_of_another_number(clock: ManualClock) -> None:
    now_ms = to_ms(clock.now())
    store = Store(FakeRunner(), now_ms=lambda: now_ms)
    for number in range(CROWD):
        await store.post("reply", "", f"+22{number}", b'M a reply 1\n{"instanceId":"held"}')
    store.held_back = [Held("reply", b'"instanceId":"held"', 60_000)]
    for _ in range(120):
        now_ms += 1000
        await store.take(("reply", "drip"), lease_ms=90_000, most=0)
    await store.post("reply", "", "+33", b'M b reply 1\n{"instanceId":"free"}')
    _, (mine,) = await store.take(("reply",), lease_ms=90_000, most=1)
    await store.commit(mine, Later(1000))

    found = []
    for _ in range(3):
        now_ms += 1000
        found += (await store.take(("reply",), lease_ms=90_000, most=1))[1]

    assert [taken.contact for taken in found] == ["+33"]


async def test_a_crowd_that_waits_for_hours_does_not_delay_one_whose_wait_is_over(clock: ManualClock) -> None:
    now_ms = to_ms(clock.now())
    store = Store(FakeRunner(), now_ms=lambda: now_ms)
    for number in range(600):
        await store.post("drip", "", f"+22{number}", b"M a follow_up 1\n{}")
    _, crowd = await store.take(("drip",), lease_ms=90_000, most=600)
    for taken in crowd:
        await store.commit(taken, Later(14 * 60_000, until_ms=now_ms + 3 * 3600_000))
    now_ms += 1000
    await store.post("drip", "", "+33", b"M b follow_up 1\n{}")
    _, (mine,) = await store.take(("drip",), lease_ms=90_000, most=1)
    await store.commit(mine, Later(14 * 60_000, until_ms=now_ms + 14 * 60_000))
    now_ms += 15 * 60_000

    found = []
    for _ in range(3):
        now_ms += 1000
        found += (await store.take(("drip",), lease_ms=90_000, most=1))[1]

    assert [taken.contact for taken in found] == ["+33"]
