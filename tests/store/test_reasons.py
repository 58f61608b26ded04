"""The story of a contact: written with what it explains, counted where it repeats, gone in time and when forgotten."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.store.call import Call
from flashbot.store.fake import FakeRunner
from flashbot.store.handback import hand_back
from flashbot.store.mailbox import Store
from flashbot.store.reasons import LONGEST
from flashbot.store.records import Committed, Done, Held, Later, Message, Taken, Why
from flashbot.store.scripts import load

AWA, KOFI = "+2250700000001", "+2250500000002"
LEASE = 15_000
MONTH = timedelta(days=30)
HEARD = Why({"kind": "heard", "id": "e1", "rule": "step:number"}, about="e1")


@pytest.fixture
def store(store: Store) -> Store:
    store.reasons.within = MONTH
    return store


async def command(store: Store, *words: str) -> Any:
    runner: Any = store._runner
    return await runner.command(*words)


async def taken(store: Store, event: str = "e1", contact: str = AWA) -> Taken:
    await store.post("in", event, contact, f"W 1 {event}\n".encode())
    _, (found,) = await store.take(("in",), lease_ms=LEASE, most=1)
    return found


def parked(message_id: str, reason: str = "budget") -> Why:
    said = {"kind": "waits", "id": message_id, "why": reason, "wait": 1000}
    return Why(said, fold=f"waits:{message_id}:{reason}")


async def kinds(store: Store, contact: str = AWA) -> list[tuple[str, int]]:
    return [(one.said["kind"], one.count) for one in await store.reasons.read(contact)]


# -- written with the commit


class Counting(FakeRunner):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        self.calls.append(name)
        return await super().run(name, tag, args, confirm=confirm)


async def test_a_record_costs_no_call_of_its_own(clock: ManualClock) -> None:
    runner = Counting()
    store = Store(runner, now_ms=lambda: to_ms(clock.now()))
    store.reasons.within = MONTH

    await store.commit(await taken(store), Done(why=HEARD))

    assert runner.calls == ["post", "take", "commit"]
    assert await kinds(store) == [("heard", 1)]


async def test_a_record_has_the_stores_time_and_every_fact(store: Store, clock: ManualClock) -> None:
    await store.commit(await taken(store), Done(why=HEARD))

    (one,) = await store.reasons.read(AWA)

    assert (one.first_ms, one.last_ms, one.count) == (to_ms(clock.now()), to_ms(clock.now()), 1)
    assert (dict(one.said), one.message_id) == (dict(HEARD.said), "e1")


async def test_a_commit_that_is_repeated_writes_its_record_once(store: Store) -> None:
    found = await taken(store)

    for _ in range(2):
        await store.commit(found, Done(why=HEARD))

    assert await kinds(store) == [("heard", 1)]


async def test_a_stale_commit_writes_no_record(store: Store, clock: ManualClock) -> None:
    found = await taken(store)
    clock.advance(timedelta(milliseconds=LEASE))
    await store.take(("in",), lease_ms=LEASE, most=1)

    verdict, _ = await store.commit(found, Done(why=HEARD))

    assert verdict is Committed.FENCED
    assert await kinds(store) == []


async def test_what_was_asked_for_outside_a_turn_is_written_when_it_is_stored_and_once(store: Store) -> None:
    for _ in range(2):
        await store.post("reply", "send|k", AWA, b"M send-k service 1\n{}", why=Why({"kind": "asked", "id": "send-k"}))

    assert await kinds(store) == [("asked", 1)]


async def test_with_no_time_to_keep_it_nothing_is_written(store: Store) -> None:
    store.reasons.within = timedelta()

    await store.commit(await taken(store), Done(why=HEARD))
    await store.reasons.add(AWA, HEARD)

    assert await kinds(store) == []
    assert [key for key in await command(store, "KEYS", "*") if b"wh" in key] == []


async def test_the_commit_of_a_former_version_which_knows_no_records_is_carried_out(store: Store) -> None:
    found = await taken(store)
    reply = ["ok", [b"in", AWA.encode(), found.epoch, 1, 0, b"", b"", b"", 0]]

    (call,) = hand_back(Call(load("take"), "{fb:0}", ("",)), reply)
    runner: Any = store._runner
    answer = await runner.run("commit", call.tag, (store._now(), *call.args[1:]))

    assert answer == [b"ok"]


# -- repetitions


async def test_a_park_that_repeats_is_one_record_with_both_times_and_its_count(
    store: Store, clock: ManualClock
) -> None:
    found = await taken(store)
    begun = to_ms(clock.now())

    for _ in range(3):
        await store.commit(found, Later(1000, why=parked("e0/0")))
        clock.advance(timedelta(seconds=30))
        _, (found,) = await store.take(("in",), lease_ms=LEASE, most=1)

    (one,) = await store.reasons.read(AWA)
    assert (one.first_ms, one.last_ms, one.count) == (begun, begun + 60_000, 3)


async def test_parks_of_two_messages_that_alternate_are_two_records(store: Store) -> None:
    for _ in range(5):
        await store.reasons.add(AWA, parked("e0/0"))
        await store.reasons.add(AWA, parked("send-k"))

    assert await kinds(store) == [("waits", 5), ("waits", 5)]


async def test_another_reason_is_another_record(store: Store) -> None:
    await store.reasons.add(AWA, parked("e0/0"))
    await store.reasons.add(AWA, parked("e0/0", "quiet"))

    assert await kinds(store) == [("waits", 1), ("waits", 1)]


async def test_what_a_take_parks_unseen_is_told_with_its_reason_and_counted(store: Store, clock: ManualClock) -> None:
    entry = b'M e0/1 follow_up 17\n{"instanceId":"one","text":"secret words"}'
    await store.commit(await taken(store), Done(messages=(Message("drip", entry),)))
    store.held_back = [Held("drip", b'"instanceId":"one"', 60_000, "budget")]

    for _ in range(3):
        await store.take(("drip",), lease_ms=LEASE, most=1)
        clock.advance(timedelta(minutes=1))

    (one,) = await store.reasons.read(AWA)
    assert one.count == 3
    assert {**one.said, "wait": 0} == {
        "kind": "waits", "id": "e0/1", "class": "follow_up", "why": "budget", "wait": 0,
    }  # fmt: skip
    assert 30_000 <= one.said["wait"] <= 60_000


async def test_a_take_that_is_not_told_why_writes_nothing(store: Store) -> None:
    await store.commit(await taken(store), Done(messages=(Message("drip", b'M e0/1 follow_up 17\n"one"'),)))
    store.held_back = [Held("drip", b'"one"', 60_000)]

    await store.take(("drip",), lease_ms=LEASE, most=1)

    assert await kinds(store) == []


# -- bounds


async def test_only_the_newest_two_hundred_of_a_contact_are_kept_and_the_ids_of_others_are_forgotten(
    store: Store,
) -> None:
    for number in range(205):
        await store.reasons.add(AWA, Why({"kind": "heard", "id": f"e{number}"}, about=f"e{number}"))

    kept = [one.message_id for one in await store.reasons.read(AWA)]

    assert kept == [f"e{number}" for number in range(5, 205)]
    assert await store.reasons.find("e4") is None
    assert await store.reasons.find("e5") == (AWA, "e5")


async def test_a_record_goes_when_its_time_is_over_with_the_next_one(store: Store, clock: ManualClock) -> None:
    await store.reasons.add(AWA, HEARD)
    clock.advance(MONTH)

    await store.reasons.add(AWA, Why({"kind": "asked", "id": "send-k"}, about="send-k"))

    assert await kinds(store) == [("asked", 1)]
    assert await store.reasons.find("e1") is None


async def test_what_is_older_than_asked_for_is_not_read(store: Store, clock: ManualClock) -> None:
    await store.reasons.add(AWA, HEARD)
    clock.advance(timedelta(days=1))
    await store.reasons.add(AWA, parked("e9/0"))

    found = await store.reasons.read(AWA, since_ms=to_ms(clock.now()) - 1000)

    assert [one.said["kind"] for one in found] == ["waits"]


async def test_the_story_and_its_ids_expire_by_themselves(store: Store) -> None:
    await store.reasons.add(AWA, HEARD)

    for key in ("{fb:0}:why:" + AWA, "{fb:0}:whose:e1"):
        assert 0 < await command(store, "PTTL", key) <= MONTH / timedelta(milliseconds=1)


async def test_a_record_with_too_many_facts_keeps_those_that_matter(store: Store) -> None:
    names = ["a name of sixty characters, which is the longest that there is"] * 40
    await store.reasons.add(AWA, Why({**HEARD.said, "near": names, "notes": names}))

    (one,) = await store.reasons.read(AWA)

    assert dict(one.said) == dict(HEARD.said)
    assert len(json.dumps(dict(one.said))) < LONGEST


# -- found by an id


async def test_a_message_is_found_by_our_id_by_its_events_and_by_the_vendors(store: Store) -> None:
    await store.commit(await taken(store), Done(why=HEARD, messages=(Message("reply", b"M e1/0 reply 1\n{}"),)))
    _, (out,) = await store.take(("reply",), lease_ms=LEASE, most=1)
    await store.commit(out, Done(bind="vendor-7", bound="e1/0", why=Why({"kind": "sent", "id": "e1/0"})))

    found = [await store.reasons.find(one) for one in ("e1/0", "e1", "vendor-7", "vendor-8", "")]

    assert found == [(AWA, "e1/0"), (AWA, "e1"), (AWA, "e1/0"), None, None]


async def test_an_id_is_found_in_whichever_partition_its_contact_lives(clock: ManualClock) -> None:
    store = Store(FakeRunner(), partitions=8, now_ms=lambda: to_ms(clock.now()))
    store.reasons.within = MONTH
    contacts = [f"+22507000000{number:02}" for number in range(20)]

    for contact in contacts:
        await store.reasons.add(contact, Why({"kind": "heard"}, about=f"of{contact}"))

    assert len({store.tag(contact) for contact in contacts}) > 4
    assert [await store.reasons.find(f"of{contact}") for contact in contacts] == [(one, f"of{one}") for one in contacts]


# -- forgotten, and other versions


async def test_nothing_is_left_of_a_contact_that_is_forgotten_and_all_of_the_others(store: Store) -> None:
    for contact, event in ((AWA, "e1"), (AWA, "e2"), (KOFI, "e3")):
        await store.reasons.add(contact, Why({"kind": "heard", "id": event}, about=event))

    gone = await store.reasons.forget(AWA)

    keys = sorted(key.decode() for key in await command(store, "KEYS", "*"))
    assert gone == 2
    assert keys == ["{fb:0}:whose:e3", "{fb:0}:why:" + KOFI]


@pytest.mark.parametrize("stored", ["", "x", "1 2 3 - -", '1 2 x - - {"kind":"heard"}', "1 2 3 - - [1]", "1 2 3 - - {"])
async def test_what_cannot_be_read_is_passed_over(store: Store, stored: str) -> None:
    await command(store, "RPUSH", "{fb:0}:why:" + AWA, stored)
    await store.reasons.add(AWA, HEARD)

    assert await kinds(store) == [("heard", 1)]


async def test_facts_of_a_newer_version_are_handed_on(store: Store) -> None:
    await store.reasons.add(AWA, Why({"kind": "weighed", "id": "e1", "grams": 3}))

    (one,) = await store.reasons.read(AWA)

    assert dict(one.said) == {"kind": "weighed", "id": "e1", "grams": 3}
