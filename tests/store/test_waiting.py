"""What waits in the lanes is counted in slices, by number and by what it waits for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.store import waiting
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Held, Later, Why
from flashbot.store.waiting import Crowd

LANES = ("reply", "drip")
LEASE = 90_000


def letter(name: str, cls: str = "follow_up", instance: str = "i1") -> bytes:
    return b'M %s %s 1\n{"instanceId":"%s","body":"\\"instanceId\\":\\"i9\\""}' % (
        name.encode(), cls.encode(), instance.encode(),
    )  # fmt: skip


def waits(name: str, why: str) -> Why:
    return Why({"kind": "waits", "id": name, "why": why}, "", f"waits:{name}:{why}")


async def test_each_message_counts_for_its_number_and_its_state(store: Store, clock: ManualClock) -> None:
    await store.post("drip", "", "+1", letter("a"))
    await store.post("drip", "", "+1", letter("b"))
    await store.post("drip", "", "+1", letter("c", instance="i2"))
    await store.post("reply", "", "+1", letter("d", "reply"))
    await store.take(("reply",), lease_ms=LEASE, most=1)

    found = await store.waiting.count()

    assert sorted(found, key=str) == sorted(
        [
            Crowd("drip", "i1", "follow_up", "ready", "", 1, 2, 0),
            Crowd("drip", "i2", "follow_up", "ready", "", 1, 1, 0),
            Crowd("reply", "i1", "reply", "hand", "", 1, 1, 0),
        ],
        key=str,
    )


async def test_what_is_parked_tells_why_and_until_when(store: Store, clock: ManualClock) -> None:
    store.reasons.within = timedelta(days=1)
    now_ms = to_ms(clock.now())
    for contact, until_ms in (("+1", now_ms + 6 * 3600_000), ("+2", now_ms + 5 * 3600_000)):
        await store.post("drip", "", contact, letter(f"m{contact}"))
        _, (taken,) = await store.take(("drip",), lease_ms=LEASE, most=1)
        # It waited for something else before, and will again: the latest word counts.
        for why in ("quiet", "capped", "quiet"):
            clock.advance(timedelta(seconds=1))
            await store.reasons.add(contact, waits(f"m{contact}", why))
        await store.commit(taken, Later(14 * 60_000, until_ms=until_ms))

    (found,) = await store.waiting.count()

    assert found == Crowd("drip", "i1", "follow_up", "parked", "quiet", 2, 2, now_ms + 5 * 3600_000)


async def test_what_a_hold_parked_unseen_tells_it_as_well(store: Store, clock: ManualClock) -> None:
    store.reasons.within = timedelta(days=1)
    for number in range(3):
        await store.post("drip", "", f"+{number}", letter(f"m{number}"))
    store.held_back = [Held("drip", b'"instanceId":"i1"', 60_000, "pace")]
    await store.take(LANES, lease_ms=LEASE, most=1)

    (found,) = await store.waiting.count()

    assert (found.state, found.why, found.contacts) == ("parked", "pace", 3)
    assert 30_000 <= found.first_ms - to_ms(clock.now()) <= 60_000


async def test_a_crowd_is_counted_over_many_slices_and_partitions(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "SLICE", 7)
    store = Store(FakeRunner(), partitions=3, now_ms=lambda: to_ms(clock.now()))
    for number in range(50):
        for place in range(10 if number == 3 else 1):
            await store.post("drip", "", f"+{number}", letter(f"m{number}-{place}"))
    store.held_back = [Held("drip", b'"instanceId":"i1"', 60_000)]
    await store.take(LANES, lease_ms=LEASE, most=0)
    await store.take(LANES, lease_ms=LEASE, most=1)
    await store.post("drip", "", "+late", letter("late"))

    found = await store.waiting.count()

    assert {one.state for one in found} == {"parked", "ready"}
    assert sum(one.contacts for one in found) == 51
    assert sum(one.messages for one in found) == 60
