"""One contact outside a turn: changed between two turns, read, erased; and the silence that outlives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.errors import StoreAway
from flashbot.outreach.facts import Number
from flashbot.outreach.grants import Counts, Granted
from flashbot.outreach.ledger import Ledger
from flashbot.outreach.limits import limits
from flashbot.outreach.record import Moved, Noted, Renamed, Told
from flashbot.store import people
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Committed, Done, Imposed, Later, Message, Taken, TimerKey, Why
from flashbot.testing.any_time import ANY_TIME

AWA, BEN = "+2250700000001", "+2250700000002"
LEASE = 15_000


def opted_out(document: bytes) -> bool:
    return True


def free(document: bytes) -> bool:
    return False


@dataclass(frozen=True)
class Server:
    """Either of the two servers, as the commands of one node."""

    runner: Any

    async def command(self, *words: str | bytes | int | float) -> Any:
        return await self.runner.command(*words)

    async def primaries(self) -> Sequence[Any]:
        return [self]

    async def keys(self) -> set[str]:
        return {key.decode() for key in await self.command("KEYS", "*")}


@pytest.fixture
def server(store: Store) -> Server:
    return Server(store._runner)


async def took(store: Store, key: str = "1", contact: str = AWA) -> Taken:
    posted = await store.post("in", key, contact, b"W 1 %s\n" % key.encode(), lease_ms=LEASE)
    assert posted.taken is not None
    return posted.taken


async def lived(store: Store, clock: ManualClock, *contacts: str) -> None:
    """A turn with a state, a timer, a message sent and two that wait; an event that waits; statuses; a story."""
    store.reasons.within = timedelta(days=1)
    due_ms = to_ms(clock.now()) + 60_000
    said = [
        Message("reply", b"M a reply 1\n{}"),
        Message("reply", b"M b reply 1\n{}"),
        Message("drip", b"M c cold 1\n{}"),
    ]
    for contact in contacts:
        timer = (TimerKey(contact, "drip:news", 1), due_ms)
        why = Why({"kind": "heard", "id": f"event of {contact}"}, about=f"event-{contact}")
        done = Done(state=b'{"v":1}', messages=tuple(said), set_timers=(timer,), why=why)
        await store.commit(await took(store, f"1{contact}", contact), done)
    _, found = await store.take(["reply"], lease_ms=LEASE, most=10)
    for one in found:
        await store.commit(one, Done(bind=f"api-{one.contact}", bound="a"))
    for contact in contacts:
        await store.note_status(contact, f"api-{contact}", "sent", provider_id=f"wamid-{contact}")
        await store.note_status(contact, f"loose-{contact}", "sent")
        await store.post("in", f"2{contact}", contact, b"W 1 2\n")
        for crowd in ("met", "heard"):
            await Server(store._runner).command("ZADD", f"{{fb:0}}:{crowd}:instance-1", 1, contact)
        await Server(store._runner).command("RPUSH", f"{{fb:0}}:sent:{contact}", "1 marketing hash")


async def test_what_is_read_is_all_there_is(store: Store, clock: ManualClock, server: Server) -> None:
    await lived(store, clock, AWA, BEN)

    record = await store.people.read(server, AWA)

    assert (record.document, record.waiting) == (b'{"v":1}', {"in": 1, "reply": 1, "drip": 1})
    assert record.timers == ((TimerKey(AWA, "drip:news", 1), to_ms(clock.now()) + 60_000),)
    assert record.sent == ({"id": f"api-{AWA}", "message_id": "a", "status": "sent"},)
    assert AWA not in repr(record)


async def test_nothing_is_left_of_who_is_erased_and_nobody_else_is_touched(
    store: Store, clock: ManualClock, server: Server
) -> None:
    await lived(store, clock, AWA, BEN)
    before = await server.keys()

    await store.people.erase(server, AWA, silent=free)
    await store.reasons.forget(AWA)

    after = await server.keys()
    assert {key for key in after if AWA in key} == {f"{{fb:0}}:out:loose-{AWA}"}, "MsgFlash's ids name nobody"
    assert {key for key in before - after if AWA not in key} == set()
    for key in after - {"{fb:0}:settings"}:
        kind = (await server.command("TYPE", key)).decode()
        read = {"zset": ("ZRANGE", 0, -1), "list": ("LRANGE", 0, -1), "string": ("GET",), "hash": ("HVALS",)}[kind]
        assert AWA.encode() not in repr(await server.command(read[0], key, *read[1:])).encode(), key
    _, found = await store.take(["in", "reply", "drip"], lease_ms=LEASE, most=10)
    assert {one.contact for one in found} == {BEN}


async def test_what_they_got_unasked_and_where_they_count_is_read(
    store: Store, clock: ManualClock, server: Server
) -> None:
    await lived(store, clock, AWA, BEN)
    await store.ledgers.note("{key:k}", "instance-1", "m1", AWA, "reply")
    await server.command("HSET", "{fb:0}:cast:ab12:people", AWA, "delivered", BEN, "waiting")

    record = await store.people.read(server, AWA)

    assert record.unasked == ({"at_ms": "1", "class": "marketing", "body": "hash"},)
    now = str(to_ms(clock.now()))
    assert sorted(record.crowds, key=str) == sorted(
        [
            {"in": "met", "instance": "instance-1", "at_ms": "1"},
            {"in": "heard", "instance": "instance-1", "at_ms": "1"},
            {"in": "ledger", "instance": "instance-1", "at_ms": now},
            {"in": "people", "job": "ab12", "state": "delivered"},
        ],
        key=str,
    )


async def counted(store: Store) -> list[Counts]:
    return [await store.ledgers.counts(f"{{key:{key}}}", f"instance-{n}") for key, n in (("k", 1), ("other", 2))]


async def test_who_is_erased_stays_counted_in_every_ledger_and_named_in_none(store: Store, server: Server) -> None:
    caps = limits(Number(True, state="stable"), None, ANY_TIME, 0)
    caps = replace(caps, new_day=9, new_hour=9, proactive_day=9, proactive_hour=9, median_gap_ms=0)
    for contact, message in ((AWA, "m1"), (BEN, "m2")):
        granted = await store.ledgers.reserve(
            "{key:k}", "instance-1", message, contact, "follow_up", "body", "", caps, 0, (0, 0)
        )
        assert isinstance(granted, Granted)
    await store.ledgers.commit("{key:k}", "instance-1", "m2")
    await store.ledgers.note("{key:other}", "instance-2", "m3", AWA, "reply")
    before = [
        await store.ledgers.counts("{key:k}", "instance-1"),
        await store.ledgers.counts("{key:other}", "instance-2"),
    ]

    await store.people.erase(server, AWA, silent=free)

    after = [
        await store.ledgers.counts("{key:k}", "instance-1"),
        await store.ledgers.counts("{key:other}", "instance-2"),
    ]
    assert after == before
    assert before[0].recipients_day == 2
    stored = []
    for key in sorted(await server.keys()):
        kind = (await server.command("TYPE", key)).decode()
        if kind in ("zset", "hash"):
            read = ("ZRANGE", key, 0, -1) if kind == "zset" else ("HGETALL", key)
            stored.append(repr((key, await server.command(*read))))
    assert not [one for one in stored if AWA in one]
    assert [one for one in stored if BEN in one]
    assert await store.ledgers.commit("{key:k}", "instance-1", "m1"), "what was under way can still be settled"
    assert await store.ledgers.counts("{key:k}", "instance-1") == replace(before[0], held=0)


async def test_the_pure_ledger_knows_from_the_record_that_somebody_was_forgotten(store: Store, server: Server) -> None:
    heard: list[Moved | Noted | Renamed | Told] = []
    store.ledgers.heard = heard.append
    for message in ("m1", "m2"):
        await store.ledgers.note("{key:k}", "instance-1", message, AWA, "reply")
        if message == "m1":
            await store.people.erase(server, AWA, silent=free)
    await store.people.erase(server, BEN, silent=free)
    pure = Ledger()

    for line in heard:
        if isinstance(line, Noted):
            pure.note(line.message, line.contact, line.cls, line.at_ms)
        elif isinstance(line, Renamed):
            pure.rename(line.contact, line.alias, line.at_ms)

    assert [line.kind for line in heard] == ["noted", "renamed", "noted"], "who was in no ledger is no move"
    assert [line.seq - heard[0].seq for line in heard] == [0, 1, 2]
    assert pure.counts(heard[-1].at_ms) == await store.ledgers.counts("{key:k}", "instance-1")
    assert pure.counts(heard[-1].at_ms).recipients_day == 2


async def test_a_key_that_somebody_named_after_their_number_goes_with_them(store: Store, server: Server) -> None:
    for key in (f"send|order of {AWA}", f"send|{AWA}7", f"send|{BEN}"):
        await store.post("drip", key, "+1", b"M a cold 1\n{}")

    await store.people.erase(server, AWA, silent=free)

    seen = {key.partition("|")[2] for key in await server.keys() if ":seen:" in key}
    assert seen == {f"{AWA}7", BEN}


async def test_who_is_erased_is_named_in_no_count_of_unanswered_messages(store: Store, server: Server) -> None:
    for contact in (AWA, AWA, BEN):
        await store.post("drip", "", contact, b"M a cold 1\n{}")
        _, (taken,) = await store.take(["drip"], lease_ms=LEASE, most=1)
        await store.commit(taken, Done(imposed=Imposed("cold", "hash", "instance-1")))

    await store.people.erase(server, AWA, silent=free)

    (left,) = await store.acquaintances.unanswered("instance-1")
    assert left.count == 1
    members = await server.command("ZRANGE", "{fb:0}:unanswered:instance-1", 0, -1)
    assert [member.decode().split()[0] for member in members] == [BEN]


async def test_a_turn_that_is_under_way_brings_nothing_back(store: Store, clock: ManualClock, server: Server) -> None:
    taken = await took(store)

    await store.people.erase(server, AWA, silent=opted_out)
    verdict, _ = await store.commit(taken, Done(state=b'{"v":1,"old":1}'))

    assert verdict is Committed.FENCED
    assert (await store.people.read(server, AWA)).document is None


async def test_who_writes_after_that_begins_anew(store: Store, server: Server) -> None:
    await store.commit(await took(store), Done(state=b'{"v":1,"old":1}'))
    await store.people.erase(server, AWA, silent=opted_out)

    again = await took(store, "2")

    assert (again.state, again.known, again.attempts) == (None, False, 1)


async def stopped(store: Store, server: Server) -> None:
    await store.commit(await took(store), Done(state=b'{"v":1,"out":true}'))
    await store.people.erase(server, AWA, silent=opted_out)


async def test_the_silence_is_known_without_the_number_until_something_is_stored(store: Store, server: Server) -> None:
    await stopped(store, server)

    known = [await store.silenced(contact) for contact in (AWA, BEN)]
    await store.commit(await took(store, "2"), Done(state=b'{"v":1}'))

    assert known == [True, False]
    assert not await store.silenced(AWA)
    (kept,) = await server.command("SMEMBERS", "{fb:0}:silenced")
    assert AWA.encode() not in kept
    assert len(kept) == 64


async def test_another_process_knows_it_too_and_who_has_the_hashes_alone_does_not(store: Store, server: Server) -> None:
    await stopped(store, server)

    assert await Store(store._runner).silenced(AWA)
    await server.command("DEL", "{fb:0}:settings")
    assert not await Store(store._runner).silenced(AWA)


async def test_who_is_erased_twice_stays_silenced(store: Store, server: Server) -> None:
    await stopped(store, server)

    await store.people.erase(server, AWA, silent=free)

    assert await store.silenced(AWA)


async def test_who_wrote_again_and_is_erased_without_an_opt_out_is_free(store: Store, server: Server) -> None:
    await stopped(store, server)
    await store.commit(await took(store, "2"), Done(state=b'{"v":1}'))

    await store.people.erase(server, AWA, silent=free)

    assert not await store.silenced(AWA)


async def test_a_document_is_changed_between_two_turns(store: Store) -> None:
    await store.commit(await took(store), Done(state=b"1"))

    changed = await store.people.amend(AWA, lambda old: (old or b"") + b"2")
    left = await store.people.amend(AWA, lambda _: None)

    assert (changed, left) == (True, False)
    assert (await took(store, "2")).state == b"12"


async def test_of_a_stranger_it_is_the_first(store: Store) -> None:
    await store.people.amend(AWA, lambda old: b"new" if old is None else None)

    assert (await took(store)).state == b"new"


async def test_while_a_turn_has_it_nothing_is_changed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "PAUSE", 0)
    monkeypatch.setattr(people, "TRIES", 3)
    taken = await took(store)

    with pytest.raises(StoreAway, match="no moment"):
        await store.people.amend(AWA, lambda _: b"2")

    assert (await store.commit(taken, Done(state=b"1")))[0] is Committed.OK
    assert await store.people.amend(AWA, lambda old: (old or b"") + b"2")


async def test_an_owner_whose_lease_ran_out_does_not_write_over_it(store: Store, clock: ManualClock) -> None:
    taken = await took(store)
    clock.advance(timedelta(milliseconds=LEASE + 1))

    await store.people.amend(AWA, lambda _: b"2")

    assert (await store.commit(taken, Done(state=b"1")))[0] is Committed.FENCED
    _, (again,) = await store.take(["in"], lease_ms=LEASE, most=1)
    assert (again.state, again.attempts) == (b"2", 2)


async def test_a_contact_that_is_parked_can_be_changed(store: Store) -> None:
    await store.commit(await took(store), Later(60_000))

    assert await store.people.amend(AWA, lambda _: b"2")


async def test_whoever_was_quicker_is_not_written_over(store: Store) -> None:
    async def other() -> None:
        await store.people.amend(AWA, lambda old: (old or b"") + b"a")

    seen: list[bytes | None] = []

    def change(old: bytes | None) -> bytes:
        seen.append(old)
        return (old or b"") + b"b"

    run, first = store._runner.run, True

    async def slowly(name: str, tag: str, args: Any, *, confirm: bool = False) -> Any:
        nonlocal first
        if args[1] == "amend" and first:
            first = False
            await other()
        return await run(name, tag, args, confirm=confirm)

    store.people._runner.run = slowly  # type: ignore[method-assign]  # somebody comes between
    await store.people.amend(AWA, change)

    assert seen == [None, b"a"]


async def test_asking_for_the_silenced_writes_nothing_so_that_a_full_store_still_answers_strangers() -> None:
    runner = FakeRunner()
    store = Store(runner)

    assert not await store.silenced("+2250700000009")

    assert runner.keys() == []
