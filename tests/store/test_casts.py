"""Broadcasts in the store, on several partitions: each person once, each word counted once, nobody kept for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.store.casts import DRAFT_MS, KEEP_MS, LONGEST_MS, Feeding
from flashbot.store.embedded import Embedded
from flashbot.store.fake import FakeRunner
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Held, Imposed, Later, Taken

JOB, SALT = "ab12cd", "salt"
PEOPLE = [f"+22507000000{number:02}" for number in range(12)]
LEASE = 90_000


@pytest.fixture(params=["fakeredis", "embedded"])
async def store(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[Store]:
    """With five partitions."""

    def now() -> int:
        return to_ms(clock.now())

    if request.param == "fakeredis":
        yield Store(FakeRunner(), partitions=5, now_ms=now)
        return
    server: Embedded = request.getfixturevalue("real_server")
    link = Link(server.address)
    await link.command("FLUSHALL")
    yield Store(link, partitions=5, now_ms=now)
    await link.close()


class Server:
    """Either of the two servers, as the commands of one node."""

    def __init__(self, store: Store) -> None:
        self.runner: Any = store._runner

    async def command(self, *words: str | bytes | int | float) -> Any:
        return await self.runner.command(*words)

    async def primaries(self) -> Sequence[Any]:
        return [self]

    async def keys(self, pattern: str) -> list[str]:
        return sorted(key.decode() for key in await self.command("KEYS", pattern))


def message_id(contact: str) -> str:
    return f"cast-{JOB}-{contact[-2:]}"


def entry(contact: str, job: str = JOB) -> bytes:
    return f"M cast-{job}-{contact[-2:]} marketing 1 source=cast%3A{job}\n{{}}".encode()


async def made(store: Store, people: Sequence[str] = PEOPLE, *, canary: int = 2) -> None:
    await store.casts.begin(JOB, "digest", SALT, {"name": "sale"})
    await store.casts.add(JOB, SALT, [(contact, entry(contact)) for contact in people])
    assert await store.casts.start(JOB, SALT, canary=canary, total=len(people))


async def fed(store: Store, people: Sequence[str] = PEOPLE) -> int:
    return await store.casts.feed(JOB, [Feeding(contact, entry(contact)) for contact in people])


async def words(store: Store) -> Mapping[str, int]:
    return (await store.casts.counts(JOB)).words


async def take(store: Store, *, most: int = 50) -> list[Taken]:
    found = list[Taken]()
    while taken := (await store.take(("drip",), lease_ms=LEASE, most=most - len(found)))[1]:
        found += taken
        if len(found) == most:
            break
    return sorted(found, key=lambda one: one.contact)


def became(taken: Taken, word: str, **more: Any) -> Done:
    return Done(became=(message_id(taken.contact), word), **more)


def sent(taken: Taken) -> Done:
    return became(taken, "sent", bind=f"v{taken.contact[-2:]}", bound=message_id(taken.contact),
                  imposed=Imposed("marketing", "body", "i"))  # fmt: skip


async def test_a_person_is_in_the_list_once(store: Store) -> None:
    await store.casts.begin(JOB, "digest", SALT, {"name": "sale"})

    first = await store.casts.add(JOB, SALT, [(PEOPLE[0], b"one"), (PEOPLE[1], b"two")])
    again = await store.casts.add(JOB, SALT, [(PEOPLE[1], b"three"), (PEOPLE[2], b"four")])

    assert (first, again) == (2, 3)
    assert await store.casts.next(JOB, [0, 1, 2]) == [(PEOPLE[0], b"one"), (PEOPLE[1], b"two"), (PEOPLE[2], b"four")]


async def test_a_later_making_ends_the_earlier_one(store: Store) -> None:
    await store.casts.begin(JOB, "digest", SALT, {"name": "sale"})
    await store.casts.add(JOB, SALT, [(PEOPLE[0], b"one")])

    found = await store.casts.begin(JOB, "other", "newer", {"name": "sale"})

    assert found == ("making", "other", 0)
    assert await store.casts.add(JOB, SALT, [(PEOPLE[1], b"two")]) is None
    assert not await store.casts.start(JOB, SALT, canary=0, total=1)


async def test_what_has_begun_is_not_made_again(store: Store) -> None:
    await made(store)

    assert await store.casts.begin(JOB, "other", "newer", {"name": "sale"}) == ("canary", "digest", 12)
    assert await store.casts.add(JOB, SALT, [("+1", b"two")]) is None
    assert not await store.casts.start(JOB, SALT, canary=0, total=12)


async def test_what_a_failover_lost_a_part_of_does_not_begin(store: Store) -> None:
    await store.casts.begin(JOB, "digest", SALT, {"name": "sale"})
    await store.casts.add(JOB, SALT, [(contact, entry(contact)) for contact in PEOPLE[:11]])

    assert not await store.casts.start(JOB, SALT, canary=0, total=12)
    assert await store.casts.state(JOB) == "making"


async def test_what_was_stopped_before_it_ran_is_made_again_and_nothing_else_is(store: Store) -> None:
    await store.casts.begin(JOB, "digest", SALT, {"name": "sale"})
    await store.casts.move(JOB, {"state": "stopped"})

    draft = await store.casts.begin(JOB, "other", "newer", {"name": "sale"})
    await store.casts.start(JOB, "newer", canary=0, total=0)
    await store.casts.move(JOB, {"state": "stopped"})
    ran = await store.casts.begin(JOB, "third", "newest", {"name": "sale"})

    assert draft == ("making", "other", 0)
    assert ran == ("stopped", "other", 0)


async def test_what_is_left_to_others_is_fed_by_others(store: Store) -> None:
    await made(store)

    mine = await store.casts.going("me", lease_ms=5000, without=["ffff", JOB])
    others = await store.casts.going("another", lease_ms=5000, without=["ffff"])

    assert mine == []
    assert [one.id for one in others] == [JOB]


async def test_feeding_the_same_people_again_feeds_nobody(store: Store) -> None:
    await made(store)

    first, again = await fed(store), await fed(store)

    assert (first, again) == (12, 0)
    assert await words(store) == {"waiting": 12}
    assert [one.contact for one in await take(store)] == PEOPLE


async def test_who_has_got_it_is_not_fed_again_however_late(store: Store, clock: ManualClock) -> None:
    await made(store)
    await fed(store, PEOPLE[:1])
    (taken,) = await take(store)
    await store.commit(taken, sent(taken))

    assert await fed(store, PEOPLE[:1]) == 0
    assert await take(store) == []


async def test_a_slice_counts_once(store: Store) -> None:
    await made(store)

    first = await store.casts.advance(JOB, 0, 3, [0, 1, 2])
    again = await store.casts.advance(JOB, 0, 3, [0, 1, 2])
    known = await store.casts.read(JOB)

    assert (first, again) == (True, False)
    assert known is not None
    assert known.fed == 3
    assert await store.casts.next(JOB, [0, 3]) == [(PEOPLE[3], entry(PEOPLE[3]))]


async def test_one_feeder_at_a_time_looks_after_it(store: Store, clock: ManualClock) -> None:
    await made(store)

    mine = await store.casts.going("me", lease_ms=5000)
    others = await store.casts.going("another", lease_ms=5000)
    again = await store.casts.going("me", lease_ms=5000)
    clock.advance(timedelta(milliseconds=5001))
    later = await store.casts.going("another", lease_ms=5000)

    assert [len(found) for found in (mine, others, again, later)] == [1, 0, 1, 1]
    assert mine[0].id == JOB


async def test_what_is_paused_or_has_ended_is_looked_after_by_nobody(store: Store) -> None:
    await made(store)

    paused = await store.casts.move(JOB, {"state": "paused"}, of=("canary", "running"))
    none = await store.casts.going("me", lease_ms=5000)
    again = await store.casts.move(JOB, {"state": "paused"}, of=("canary", "running"))
    await store.casts.move(JOB, {"state": "running"}, of=("paused",))

    assert (paused, none, again) == (True, [], False)
    assert len(await store.casts.going("me", lease_ms=5000)) == 1
    assert await store.casts.state(JOB) == "running"


async def test_each_settled_message_is_counted_once(store: Store) -> None:
    await made(store)
    await fed(store)
    first, second, third, fourth, *_ = await take(store)

    await store.commit(first, sent(first))
    await store.commit(first, sent(first))
    await store.commit(second, became(second, "unknown"))
    await store.commit(third, became(third, "refused", dead=third.entry))
    await store.commit(fourth, became(fourth, "dropped:capped"))
    counts = await store.casts.counts(JOB)

    assert counts.words == {"waiting": 8, "sent": 1, "unknown": 1, "refused": 1, "dropped:capped": 1}
    assert sum(counts.left.values()) == 2


async def test_statuses_move_it_upward_only(store: Store) -> None:
    await made(store)
    await fed(store)
    taken = (await take(store))[0]
    await store.commit(taken, sent(taken))

    seen = []
    for status in ("delivered", "read", "delivered", "failed"):
        await store.note_status(taken.contact, f"v{taken.contact[-2:]}", status)
        seen.append(dict(await words(store)))

    assert seen == [{"waiting": 11, "delivered": 1}, *[{"waiting": 11, "read": 1}] * 3]
    assert sum((await store.casts.counts(JOB)).left.values()) == 1


async def test_a_status_that_came_before_the_answer_is_counted(store: Store) -> None:
    await made(store)
    await fed(store, PEOPLE[:1])
    (taken,) = await take(store)
    await store.note_status(taken.contact, "v00", "delivered")

    await store.commit(taken, sent(taken))

    assert await words(store) == {"delivered": 1}


async def hear(store: Store, contact: str, key: str, outcome: Done) -> None:
    await store.post("in", key, contact, b"W 1 x\n")
    _, (event,) = await store.take(("in",), lease_ms=LEASE, most=1)
    await store.commit(event, outcome)


async def test_an_answer_and_an_opt_out_belong_to_the_latest_message(store: Store) -> None:
    await made(store)
    await fed(store)
    for taken in (await take(store))[:2]:
        await store.commit(taken, sent(taken))

    await hear(store, PEOPLE[0], "a", Done(answers="heard"))
    await hear(store, PEOPLE[1], "b", Done(answers="negative"))
    await hear(store, PEOPLE[1], "c", Done(answers="heard"))
    await hear(store, PEOPLE[2], "d", Done(answers="negative"))
    await store.note_status(PEOPLE[0], "v00", "read")

    assert await words(store) == {"waiting": 10, "answered": 1, "opted_out": 1}


async def test_an_answer_to_what_an_earlier_flashbot_sent_counts_as_ever(store: Store, clock: ManualClock) -> None:
    await made(store)
    await fed(store)
    tag, at_ms = store.tag(PEOPLE[0]), to_ms(clock.now())
    await Server(store).command("RPUSH", f"{tag}:sent:{PEOPLE[0]}", f"{at_ms} follow_up body i")

    await hear(store, PEOPLE[0], "a", Done(answers="heard"))

    assert await words(store) == {"waiting": 12}
    assert await Server(store).command("ZSCORE", f"{tag}:heard:i", PEOPLE[0])


async def test_an_opt_out_drops_what_waits(store: Store) -> None:
    await made(store)
    await fed(store)

    await hear(store, PEOPLE[3], "a", Done(answers="negative", drops_unasked="suppressed"))

    assert await words(store) == {"waiting": 11, "dropped:suppressed": 1}
    assert PEOPLE[3] not in [one.contact for one in await take(store)]


async def test_an_erased_person_stands_nowhere_and_counts_as_erased(store: Store) -> None:
    await made(store)
    await fed(store, PEOPLE[:3])
    await store.casts.advance(JOB, 0, 3, [0, 1, 2])
    server = Server(store)
    taken = next(one for one in await take(store) if one.contact == PEOPLE[0])
    await store.commit(taken, sent(taken))

    for contact in (PEOPLE[0], PEOPLE[1], PEOPLE[5]):
        await store.people.erase(server, contact, silent=lambda _: False)
        await store.people.erase(server, contact, silent=lambda _: False)

    assert await words(store) == {"waiting": 1, "dropped:erased": 2}
    assert await store.casts.next(JOB, [5, 6]) == [(PEOPLE[6], entry(PEOPLE[6]))]


async def test_nothing_outlives_its_time(store: Store) -> None:
    server = Server(store)
    await store.casts.begin(JOB, "digest", SALT, {"name": "sale"})
    await store.casts.add(JOB, SALT, [(contact, entry(contact)) for contact in PEOPLE])
    draft = [await server.command("PTTL", key) for key in await server.keys("*:cast:*")]
    await store.casts.start(JOB, SALT, canary=0, total=len(PEOPLE))
    await fed(store)
    for taken in await take(store):
        await store.commit(taken, sent(taken))
    going = [await server.command("PTTL", key) for key in await server.keys("*:cast:*")]
    await store.casts.move(JOB, {"state": "finished"})
    ended = {key: await server.command("PTTL", key) for key in await server.keys("*:cast:*")}

    assert all(0 < ms <= DRAFT_MS for ms in draft)
    assert all(DRAFT_MS < ms <= LONGEST_MS for ms in going)
    assert all(0 < ms <= KEEP_MS for ms in ended.values())
    assert not [key for key in ended if key.endswith((":entries", ":who"))]


async def test_the_list_of_broadcasts_forgets_those_that_are_over(store: Store, clock: ManualClock) -> None:
    await made(store)
    await store.casts.move(JOB, {"state": "finished"})
    known = [one.id for one in await store.casts.all()]

    clock.advance(timedelta(milliseconds=KEEP_MS + 1))

    assert known == [JOB]
    assert await store.casts.all() == []


async def test_documents_are_read_together(store: Store) -> None:
    await Server(store).command("SET", f"{store.tag(PEOPLE[4])}:st:{PEOPLE[4]}", b"{}")

    found = await store.casts.documents(PEOPLE)

    assert set(found) == set(PEOPLE)
    assert {contact for contact, document in found.items() if document is not None} == {PEOPLE[4]}


async def test_what_else_waits_for_a_person_goes_before_a_paused_broadcast(store: Store, clock: ManualClock) -> None:
    person = PEOPLE[0]
    await made(store)
    await fed(store, [person])
    await store.post("drip", "", person, entry(person, "ffff"))
    await store.post("drip", "", person, b"M mine/0 follow_up 1\n{}")
    store.held_back = [Held("drip", f"M cast-{job}-".encode(), 60_000, "cast_paused") for job in (JOB, "ffff")]

    (taken,) = await take(store)
    await store.commit(taken, Done())
    none = await take(store)
    store.held_back = []
    clock.advance(timedelta(minutes=1))
    rest = []
    while found := await take(store, most=1):
        rest += [one.entry for one in found]
        await store.commit(found[0], Done())

    assert taken.entry.startswith(b"M mine/0 ")
    assert none == []
    assert sorted(rest) == sorted([entry(person), entry(person, "ffff")])


@pytest.mark.parametrize("clean", [True, False])
async def test_what_may_have_left_is_not_put_aside(store: Store, clean: bool) -> None:
    person = PEOPLE[0]
    await made(store)
    await fed(store, [person])
    (taken,) = await take(store)
    await store.post("drip", "", person, b"M mine/0 follow_up 1\n{}")
    await store.commit(taken, Later(0, clean=clean, note=b"{}"))
    store.held_back = [Held("drip", f"M cast-{JOB}-".encode(), 60_000, "cast_paused")]

    again = await take(store)

    assert [one.entry for one in again] == ([] if clean else [taken.entry])
