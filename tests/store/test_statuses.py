"""How far a message has come, and what statuses of messages that nobody knows are good for. On both servers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import pytest

from flashbot.clock import ManualClock
from flashbot.store.mailbox import Store
from flashbot.store.records import RUNGS, Committed, Done, Later, Loose, Standing, Taken

AWA = "+2250700000001"
LEASE = 90_000


async def take_one(store: Store, queue: str = "reply") -> Taken:
    _, found = await store.take((queue,), lease_ms=LEASE, most=1)  # type: ignore[arg-type]  # a lane's name
    return found[0]


async def take_none(store: Store) -> bool:
    _, found = await store.take(("reply", "drip"), lease_ms=LEASE, most=1)
    return not found


async def loose_ids(store: Store) -> list[str]:
    return [one.id for one in (await store.loose(AWA, "reply", since_ms=0))[0]]


HIGHEST: dict[tuple[str, ...], str] = {
    ("sent", "delivered", "read"): "read",
    ("sent", "failed"): "failed",
    ("failed", "delivered"): "delivered",
    ("delivered", "failed"): "delivered",
    ("read", "failed"): "read",
}


@pytest.mark.parametrize("told", [order for known in HIGHEST for order in permutations(known)])
async def test_the_ladder_only_moves_up_in_whatever_order_it_is_told(store: Store, told: Sequence[str]) -> None:
    for status in told:
        await store.note_status(AWA, "v1", status)

    standing = await store.standing(AWA, "v1")

    assert standing is not None
    assert standing.status == max(told, key=RUNGS.index)


async def test_a_failure_that_is_told_after_the_delivery_changes_nothing(store: Store) -> None:
    await store.note_status(AWA, "v1", "delivered")
    before = await store.standing(AWA, "v1")

    noted = await store.note_status(AWA, "v1", "failed")

    assert not noted.moved
    assert await store.standing(AWA, "v1") == before


async def test_each_rung_keeps_its_first_time_before_and_after_the_message_is_bound(
    store: Store, clock: ManualClock
) -> None:
    begun = clock.now()
    await store.post("reply", "", AWA, b"M\n1")
    taken = await take_one(store)
    await store.note_status(AWA, "v1", "sent")
    clock.advance(timedelta(seconds=1))
    await store.commit(taken, Done(bind="v1", bound="event/0"))
    for status in ("read", "delivered", "sent", "delivered", "read"):
        clock.advance(timedelta(seconds=1))
        await store.note_status(AWA, "v1", status)

    standing = await store.standing(AWA, "v1")

    assert standing == Standing(
        "event/0", "read", sent=begun, read=begun + timedelta(seconds=2), delivered=begun + timedelta(seconds=3)
    )


async def test_of_a_message_nobody_told_of_nothing_is_known(store: Store) -> None:
    assert await store.standing(AWA, "v1") is None


async def test_a_message_that_was_bound_stands_before_any_status_came(store: Store) -> None:
    await store.post("reply", "", AWA, b"M\n1")
    await store.commit(await take_one(store), Done(bind="v1", bound="event/0"))

    assert await store.standing(AWA, "v1") == Standing("event/0", None)


async def test_what_is_known_lives_for_thirty_days(store: Store) -> None:
    await store.note_status(AWA, "v1", "delivered", provider_id="BAE5")

    ttl = await store._runner.command("TTL", f"{store.tag(AWA)}:out:v1")  # type: ignore[attr-defined]  # both runners have it

    assert 29 * 24 * 3600 < ttl <= 30 * 24 * 3600


async def test_a_status_by_the_providers_id_is_understood_when_another_named_both(store: Store) -> None:
    await store.note_status(AWA, "v1", "sent", provider_id="BAE5")

    noted = await store.note_status(AWA, "", "delivered", provider_id="BAE5")

    assert noted.moved
    assert await store.standing(AWA, "v1") == await store.standing(AWA, "", provider_id="BAE5")


async def test_a_status_by_an_unknown_providers_id_changes_nothing(store: Store) -> None:
    noted = await store.note_status(AWA, "", "delivered", provider_id="BAE5")

    assert not noted.moved
    assert await store.standing(AWA, "", provider_id="BAE5") is None


async def test_a_status_says_whose_message_it_was(store: Store) -> None:
    await store.post("reply", "", AWA, b"M\n1")
    await store.commit(await take_one(store), Done(bind="v1", bound="event/0"))

    noted = await store.note_status(None, "v1", "delivered")

    assert (noted.message_id, noted.contact) == ("event/0", AWA)


# -- loose ids


async def test_an_id_before_its_201_is_loose_until_it_is_bound(store: Store, clock: ManualClock) -> None:
    await store.post("reply", "", AWA, b"M\n1")
    taken = await take_one(store)
    await store.note_status(AWA, "v1", "sent", instance="i")
    early = await store.loose(AWA, "reply", since_ms=0)

    await store.commit(taken, Done(bind="v1", bound="event/0"))

    assert early == ([Loose("v1", int(clock.now().timestamp() * 1000), "i")], False)
    assert await loose_ids(store) == []


async def test_a_status_of_a_message_that_is_ours_makes_nothing_loose(store: Store) -> None:
    await store.post("reply", "", AWA, b"M\n1")
    await store.commit(await take_one(store), Done(bind="v1", bound="event/0"))

    await store.note_status(AWA, "v1", "read")

    assert await loose_ids(store) == []


async def test_whoever_we_never_wrote_to_has_no_loose_ids(store: Store) -> None:
    """A campaign of somebody else tells of thousands."""
    await store.note_status(AWA, "v1", "read")

    assert await loose_ids(store) == []


async def test_loose_ids_are_told_from_a_moment_on_and_by_number(store: Store, clock: ManualClock) -> None:
    await store.post("reply", "", AWA, b"M\n1")
    await take_one(store)
    await store.note_status(AWA, "v0", "sent")
    clock.advance(timedelta(minutes=5))
    since_ms = int(clock.now().timestamp() * 1000)
    for n in range(1, 61):
        clock.advance(timedelta(seconds=1))
        await store.note_status(AWA, f"v{n}", "sent")

    found, _ = await store.loose(AWA, "reply", since_ms=since_ms)

    assert [one.id for one in found] == [f"v{n}" for n in range(11, 61)]


@pytest.mark.parametrize("state", ["leased", "in doubt", "tried before"])
async def test_another_lane_that_is_not_settled_may_own_a_loose_id(store: Store, state: str) -> None:
    await store.post("drip", "", AWA, b"M\n1")
    other = await take_one(store, "drip")
    if state == "in doubt":
        await store.commit(other, Later(30_000, clean=False, note=b"{}"))
    if state == "tried before":
        await store.commit(other, Later(30_000, clean=True, note=b'{"resent":1}'))

    _, shared = await store.loose(AWA, "reply", since_ms=0)
    _, own = await store.loose(AWA, "drip", since_ms=0)

    assert shared
    assert not own


async def test_a_lane_that_is_settled_owns_none(store: Store) -> None:
    await store.post("drip", "", AWA, b"M\n1")
    await store.post("drip", "", AWA, b"M\n2")
    await store.commit(await take_one(store, "drip"), Done(bind="v1", bound="e/0"))

    _, shared = await store.loose(AWA, "reply", since_ms=0)

    assert not shared


# -- waking


async def test_a_status_of_an_unknown_message_wakes_a_lane_in_doubt_once(store: Store) -> None:
    await store.post("reply", "", AWA, b"M\n1")
    await store.commit(await take_one(store), Later(30_000, clean=False))

    await store.note_status(AWA, "v1", "sent")
    woken = await take_one(store)
    await store.commit(woken, Later(29_000, clean=False))
    await store.note_status(AWA, "v1", "delivered")

    assert woken.attempts == 2
    assert await take_none(store)


async def test_a_lane_that_is_leased_is_not_woken(store: Store) -> None:
    await store.post("reply", "", AWA, b"M\n1")
    await take_one(store)

    await store.note_status(AWA, "v1", "sent")

    assert await take_none(store)


async def test_a_lane_that_is_leased_to_whoever_looks_into_its_doubt_is_not_woken(store: Store) -> None:
    await store.post("reply", "", AWA, b"M\n1")
    await store.commit(await take_one(store), Later(0, clean=False))
    await take_one(store)

    await store.note_status(AWA, "v1", "sent")

    assert await take_none(store)


async def test_a_lane_that_waits_for_anything_else_is_not_woken(store: Store) -> None:
    await store.post("reply", "", AWA, b"M\n1")
    await store.commit(await take_one(store), Later(30_000, clean=True))

    await store.note_status(AWA, "v1", "sent")

    assert await take_none(store)


async def test_a_lane_that_is_woken_stands_in_line_once(store: Store) -> None:
    await store.post("reply", "", AWA, b"M\n1")
    await store.commit(await take_one(store), Later(30_000, clean=False))
    for n in range(3):
        await store.note_status(AWA, f"v{n}", "sent")

    ready, _ = await store.take(("reply",), lease_ms=LEASE, most=0)

    assert ready == 1


async def test_a_status_of_our_own_message_wakes_nobody(store: Store) -> None:
    await store.post("reply", "", AWA, b"M\n1")
    await store.post("reply", "", AWA, b"M\n2")
    await store.commit(await take_one(store), Done(bind="v1", bound="event/0"))
    await store.commit(await take_one(store), Later(30_000, clean=False))

    await store.note_status(AWA, "v1", "read")

    assert await take_none(store)


# -- binding


async def test_an_id_is_bound_to_one_message_only(store: Store) -> None:
    for lane, entry in (("reply", b"M\n1"), ("drip", b"M\n2")):
        await store.post(lane, "", AWA, entry)  # type: ignore[arg-type]  # a lane's name
    reply, drip = await take_one(store), await take_one(store, "drip")
    await store.commit(reply, Done(bind="v1", bound="event/0"))

    verdict, _ = await store.commit(drip, Done(bind="v1", bound="event/1"))
    again, _ = await store.commit(drip, Later(0, clean=False))

    assert verdict is Committed.CLAIMED
    assert again is Committed.OK
    assert (await take_one(store, "drip")).entry == b"M\n2"


async def test_a_message_may_be_bound_to_its_id_again(store: Store) -> None:
    """A person put its letter back."""
    for _ in range(2):
        await store.post("reply", "", AWA, b"M\n1")
        verdict, _ = await store.commit(await take_one(store), Done(bind="v1", bound="event/0"))

        assert verdict is Committed.OK
