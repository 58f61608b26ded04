"""Broadcasts from their making to their end: a few first, the rest after a look, and nobody twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flashbot import Bot, Router, Template, Turn
from flashbot.clock import to_ms
from flashbot.engine.broadcast import (
    Addressed,
    Made,
    dump_rules,
    find_broadcast,
    job_id,
    list_broadcasts,
    make_broadcast,
)
from flashbot.engine.campaigning import Logbook
from flashbot.engine.casting import Casting
from flashbot.engine.outbox import Outgoing
from flashbot.engine.pacing import Pacing
from flashbot.engine.patience import Patience
from flashbot.engine.pauses import Pauses
from flashbot.engine.runtime import Engine
from flashbot.engine.slots import Slots
from flashbot.engine.tally import Tally
from flashbot.errors import BotMistake, TemplateError
from flashbot.msgflash.content import Text
from flashbot.msgflash.sent import body_of
from flashbot.outreach.cast import Rules, source_of
from flashbot.outreach.policy import Policy
from flashbot.outreach.record import Expected, Move
from flashbot.sandbox.world import DEMO_INSTANCE
from flashbot.store.casts import Feeding
from flashbot.store.deadletters import DeadLetters
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.testing.acquainting import acquaint, trust
from flashbot.testing.virtual import VirtualClock

FEW = Rules(canary=5, watch=timedelta(minutes=30))


def phones(count: int) -> list[str]:
    return [f"+22507001{number:05}" for number in range(count)]


def named(people: Iterable[str]) -> list[Addressed]:
    return [Addressed(phone, {"code": f"code {place}"}) for place, phone in enumerate(people)]


@pytest.fixture
def shop(tmp_path: Path) -> Bot:
    (tmp_path / "sale.j2").write_text("Your {{ code }} is ready.", "utf-8")
    router: Router[None] = Router("shop")

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply("yes?")

    return Bot(router, templates=tmp_path)


@pytest.fixture
async def chat(conversation: Any, shop: Bot) -> Any:
    return await conversation(shop)


@pytest.fixture
def made(chat: Any, shop: Bot) -> Callable[..., Awaitable[Made]]:
    """Makes a broadcast to people who agreed."""

    async def make(people: Iterable[Addressed], *, name: str = "sale", agreed: bool = True, **more: Any) -> Made:
        people = list(people)
        if agreed:
            await acquaint(chat._store, *(one.phone for one in people), instance=DEMO_INSTANCE)
            await chat._store.numbers.set(DEMO_INSTANCE, {"at": "", "asked": ""})
        return await make_broadcast(
            chat._store, more.pop("content", Template("sale")), people, name=name, instance=DEMO_INSTANCE,
            templates=shop.catalogue, now_ms=to_ms(chat.clock.now()), **{"rules": FEW, **more},
        )  # fmt: skip

    return make


async def made_of(chat: Any, shop: Bot, people: Iterable[Addressed] | AsyncIterable[Addressed]) -> Made:
    """Likewise, of whatever gives people."""
    return await make_broadcast(
        chat._store, Template("sale"), people, name="sale", instance=DEMO_INSTANCE, templates=shop.catalogue,
        now_ms=to_ms(chat.clock.now()), rules=FEW,
    )  # fmt: skip


def got(chat: Any) -> Counter[str]:
    return Counter(one["to"] for one in chat.world.sent if str(one["body"]).startswith("Your code"))


async def test_a_few_get_it_first_and_the_rest_after_a_look(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    people = phones(60)
    broadcast = (await made(named(people))).broadcast

    await broadcast.start()
    await chat.wait(minutes=10)
    first = got(chat)
    status = await broadcast.status()
    await chat.wait(hours=1)

    assert set(first) == set(people[::12])
    assert (status.state, status.reason, status.counts["read"]) == ("watching", "watch", 5)
    assert got(chat) == Counter(people)
    assert (await broadcast.status()).state == "finished"


async def test_the_same_command_twice_sends_once(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    people = phones(8)
    await (await made(named(people))).broadcast.start()
    await chat.wait(hours=1)

    again = await made(named(phones(12)))
    started = await again.broadcast.start()
    await chat.wait(hours=1)

    assert (again.begun, again.added, again.already, started) == (True, 0, 8, False)
    assert got(chat) == Counter(people)


async def test_a_making_that_was_broken_off_and_made_again_has_everybody_once(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    people = phones(30)
    await made(named(people[:20]))

    whole = await made(named(people))
    await whole.broadcast.start()
    await chat.wait(hours=1)

    assert whole.added == 30
    assert got(chat) == Counter(people)


async def test_nothing_leaves_before_it_is_started(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    await made(named(phones(3)))

    await chat.wait(hours=1)

    assert not got(chat)


async def test_a_mistake_in_one_message_comes_out_before_anything_leaves(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    people = [*named(phones(4)), Addressed("+2250700199999", {})]

    with pytest.raises(TemplateError, match=r"Recipient 5, contact-[0-9a-f]{8}"):
        await made(people)
    await chat.wait(hours=1)

    assert not got(chat)


@pytest.mark.parametrize("before", [0, 3])
async def test_a_making_that_ends_with_a_mistake_leaves_no_draft(
    chat: Any, made: Callable[..., Awaitable[Made]], before: int
) -> None:
    if before:
        await made(named(phones(before)))

    with pytest.raises(TemplateError):
        await made([*named(phones(4)), Addressed("+2250700199999", {})])
    listed = await list_broadcasts(chat._store)
    again = await made(named(phones(5)))

    assert listed == []
    assert (again.begun, again.added, await again.broadcast.start()) == (False, 5, True)


async def test_what_the_list_of_people_raises_leaves_no_draft_either(chat: Any, shop: Bot) -> None:
    def read() -> Iterator[Addressed]:
        yield from named(phones(2))
        raise ValueError("line 3")

    with pytest.raises(ValueError, match="line 3"):
        await made_of(chat, shop, read())

    assert await list_broadcasts(chat._store) == []


@pytest.mark.parametrize("started", [False, True])
async def test_a_mistake_removes_nothing_that_was_made_elsewhere_meanwhile(
    chat: Any, shop: Bot, made: Callable[..., Awaitable[Made]], started: bool
) -> None:
    async def read() -> AsyncIterator[Addressed]:
        yield named(phones(1))[0]
        other = (await made(named(phones(3)))).broadcast
        if started:
            await other.start()

    with pytest.raises(BotMistake, match="a second time elsewhere"):
        await made_of(chat, shop, read())

    (status,) = await list_broadcasts(chat._store)
    assert (status.state, status.total) == ("canary" if started else "making", 3)


async def test_a_name_with_another_message_is_refused_once_it_has_begun(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    await (await made(named(phones(3)))).broadcast.start()

    with pytest.raises(BotMistake, match="name of its own"):
        await made(named(phones(3)), content="Something else")

    assert [one.state for one in await list_broadcasts(chat._store)] == ["canary"]


async def test_a_name_of_which_only_who_got_it_is_known_is_refused_and_begins_no_draft(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    await chat._store.casts.feed(job_id("sale"), [Feeding(phones(1)[0], b"M m marketing 1\n{}")])

    with pytest.raises(BotMistake, match="only who got it is still known"):
        await made(named(phones(3)), agreed=False)

    assert await list_broadcasts(chat._store) == []


async def test_who_may_not_get_it_is_counted_and_never_stored(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    await acquaint(chat._store, *phones(3), instance=DEMO_INSTANCE)
    chat.world.says(phones(3)[1], "STOP")
    await chat.wait(seconds=1)
    stranger = "+2250700188888"
    people = [*phones(3), "+225 07 00 10 00 02", stranger, "12"]

    found = await made(named(people), agreed=False)

    assert dict(found.excluded) == {"suppressed": 1, "twice": 1, "no_consent": 1, "not_a_phone": 1}
    assert found.added == 2


async def test_who_opted_out_and_was_forgotten_is_left_out(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    await chat._store.people.erase(Everything(chat._runner), phones(1)[0], silent=lambda _: True)
    await acquaint(chat._store, phones(1)[0], instance=DEMO_INSTANCE)
    await chat._store.people.erase(Everything(chat._runner), phones(1)[0], silent=lambda _: True)

    found = await made(named(phones(1)), agreed=False)

    assert dict(found.excluded) == {"erased": 1}


async def test_a_pause_holds_at_once_and_a_resume_goes_on(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    people = phones(20)
    broadcast = (await made(named(people), rules=Rules(canary=0))).broadcast
    chat.world.set_health(DEMO_INSTANCE, "warming", hourlyOutboundCap=30)
    await broadcast.start()
    await chat.wait(minutes=15)
    sent = len(got(chat))

    await broadcast.pause()
    await chat.wait(minutes=30)
    held = len(got(chat))
    await broadcast.resume()
    await chat.wait(hours=1.5)

    assert 0 < sent == held < 20
    assert got(chat) == Counter(people)
    assert (await broadcast.status()).counts["read"] == 20


async def test_after_a_short_pause_it_goes_on_soon(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    people = phones(15)
    broadcast = (await made(named(people), rules=Rules(canary=0))).broadcast
    chat.world.set_status(DEMO_INSTANCE, "disconnected")
    await broadcast.start()
    await chat.wait(seconds=5)
    await broadcast.pause()
    await chat.wait(minutes=5)
    chat.world.set_status(DEMO_INSTANCE, "connected")
    await chat.wait(minutes=1)
    before = len(got(chat))

    await broadcast.resume()
    await chat.wait(seconds=32)

    assert before == 0
    assert got(chat) == Counter(people)


async def test_what_else_waits_for_a_person_goes_before_a_paused_broadcast(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    person = phones(1)
    sale, news = (await made(named(person))).broadcast, (await made(named(person), name="news")).broadcast
    chat.world.set_status(DEMO_INSTANCE, "disconnected")
    await sale.start()
    await chat.wait(seconds=5)
    await sale.pause()
    await news.start()
    await chat.wait(seconds=5)
    chat.world.set_status(DEMO_INSTANCE, "connected")
    await chat.wait(hours=1)

    assert got(chat) == Counter(person)
    assert (await news.status()).state == "finished"
    assert (await sale.status()).state == "paused"


async def test_a_stop_drops_what_has_not_left(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    broadcast = (await made(named(phones(40)), rules=Rules(canary=0))).broadcast
    chat.world.set_health(DEMO_INSTANCE, "warming", hourlyOutboundCap=30)
    await broadcast.start()
    await chat.wait(minutes=30)
    sent = len(got(chat))

    await broadcast.stop()
    await chat.wait(hours=2)
    status = await broadcast.status()

    assert len(got(chat)) == sent == status.counts["read"]
    assert (status.state, status.counts["dropped:cast_stopped"], status.counts["waiting"]) == ("stopped", 40 - sent, 0)
    assert 0 < (await chat._store.casts.counts(broadcast.id)).words["dropped:cast_stopped"] <= 40 - sent
    with pytest.raises(BotMistake, match="for good"):
        await broadcast.resume()


async def test_failures_halt_it_before_the_rest_goes(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    people = phones(60)
    broadcast = (await made(named(people))).broadcast
    chat.world.faults.fail_message(3)

    await broadcast.start()
    await chat.wait(hours=2)
    halted = await broadcast.status()
    await broadcast.resume()
    await chat.wait(seconds=1)
    await chat.wait(hours=2)
    status = await broadcast.status()

    assert (halted.state, halted.reason, halted.counts["failed"]) == ("halted", "failures", 3)
    assert halted.counts["waiting"] == 55
    assert (status.state, status.counts["read"]) == ("finished", 57)


async def test_opt_outs_halt_it(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    people = phones(60)
    broadcast = (await made(named(people))).broadcast
    await broadcast.start()
    await chat.wait(minutes=5)

    for phone in list(got(chat))[:2]:
        chat.world.says(phone, "STOP")
    await chat.wait(hours=2)
    status = await broadcast.status()

    assert (status.state, status.reason, status.counts["opted_out"]) == ("halted", "opt_outs", 2)
    assert len(got(chat)) == 5


async def test_an_answer_is_counted_once_and_never_goes_back(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    broadcast = (await made(named(phones(5)))).broadcast
    await broadcast.start()
    await chat.wait(minutes=1)

    chat.world.says(phones(5)[0], "thanks")
    await chat.wait(minutes=1)
    answered = (await broadcast.status()).counts["answered"]
    chat.world.says(phones(5)[0], "STOP")
    chat.world.says(phones(5)[0], "hello")
    await chat.wait(minutes=1)

    assert answered == 1
    assert (await broadcast.status()).counts | {"answered": 0, "opted_out": 1, "read": 4} == (
        await broadcast.status()
    ).counts


async def test_a_stop_of_one_person_in_the_middle_drops_theirs_alone(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    people = phones(3)
    broadcast = (await made(named(people))).broadcast
    chat.world.set_status(DEMO_INSTANCE, "disconnected")
    await broadcast.start()
    await chat.wait(seconds=5)

    chat.world.says(people[1], "STOP")
    await chat.wait(seconds=5)
    chat.world.set_status(DEMO_INSTANCE, "connected")
    await chat.wait(hours=1)
    status = await broadcast.status()

    assert got(chat) == Counter([people[0], people[2]])
    assert (status.state, status.counts["dropped:suppressed"]) == ("finished", 1)


async def test_a_day_has_no_more_recipients_than_msgflash_advises(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    people = phones(25)
    chat.world.set_health(DEMO_INSTANCE, "stable", score=100, maxCampaignRecipients=10)
    broadcast = (await made(named(people), rules=Rules(canary=0))).broadcast
    await broadcast.start()

    await chat.wait(hours=23)
    day, status = len(got(chat)), await broadcast.status()
    await chat.wait(hours=24)
    two = len(got(chat))
    await chat.wait(hours=24)

    assert (day, two, len(got(chat))) == (10, 20, 25)
    assert status.reason == "campaign_size"
    assert status.next_ms is not None
    assert (await broadcast.status()).state == "finished"


async def test_one_that_begins_is_expected_by_its_number_and_no_more_once_some_have_left(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    heard: list[Move] = []
    chat._store.ledgers.heard = heard.append
    broadcast = (await made(named(phones(60)))).broadcast

    await broadcast.start()
    await chat.wait(hours=1)

    expected = [(line.instance, line.source) for line in heard if isinstance(line, Expected)]
    assert (await broadcast.status()).state == "finished"
    assert expected == [(DEMO_INSTANCE, source_of(broadcast.id))]


async def test_one_of_which_none_leaves_is_expected_with_each_feeding_and_waited_for_once(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    heard: list[Move] = []
    chat._store.ledgers.heard = heard.append
    chat.world.set_status(DEMO_INSTANCE, "disconnected")

    await (await made(named(phones(60)), rules=Rules(canary=0))).broadcast.start()
    await chat.wait(minutes=10)

    first, *others = [line.done for line in heard if isinstance(line, Expected)]
    assert first
    assert others
    assert not any(others)


async def test_an_outage_of_seven_hours_drops_nothing(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    people = phones(30)
    broadcast = (await made(named(people), rules=Rules(canary=0))).broadcast
    await broadcast.start()
    pacing = chat._parts.engine.sender._gate._pacing
    casting = Casting(chat._store, pacing, Policy(), chat.clock, key_tag=pacing._key_tag)
    await casting.step()
    chat.clock.advance(timedelta(hours=7))

    await chat.wait(hours=1)

    assert got(chat) == Counter(people)


async def test_what_did_not_leave_in_time_is_dropped(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    before = chat.clock.now() + timedelta(hours=2)
    broadcast = (await made(named(phones(3)), send_before=before)).broadcast
    chat.world.set_status(DEMO_INSTANCE, "disconnected")
    await broadcast.start()
    await chat.wait(hours=3)
    chat.world.set_status(DEMO_INSTANCE, "connected")
    await chat.wait(hours=2)
    status = await broadcast.status()

    assert not got(chat)
    assert (status.state, status.counts["dropped:expired"]) == ("finished", 3)


async def test_one_that_is_paused_until_it_is_too_late_ends_with_its_resume(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    before = chat.clock.now() + timedelta(hours=2)
    broadcast = (await made(named(phones(9)), send_before=before)).broadcast
    chat.world.set_status(DEMO_INSTANCE, "disconnected")
    await broadcast.start()
    await chat.wait(seconds=5)
    await broadcast.pause()
    chat.world.set_status(DEMO_INSTANCE, "connected")
    await chat.wait(hours=3)
    paused = await broadcast.status()

    await broadcast.resume()
    await chat.wait(hours=2)
    status = await broadcast.status()

    assert not got(chat)
    assert (paused.state, sum(paused.counts.values())) == ("paused", 9)
    assert (status.state, status.counts["dropped:expired"], status.counts["waiting"]) == ("finished", 9, 0)


class Dying:
    """Casts whose feeder dies between the lanes and the list."""

    def __init__(self, store: Store) -> None:
        self._casts = store.casts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._casts, name)

    async def advance(self, *_: object) -> bool:
        raise ConnectionError("the process dies here")


async def test_a_feeder_that_dies_between_lane_and_list_feeds_nobody_twice(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    people = phones(12)
    broadcast = (await made(named(people), rules=Rules(canary=0))).broadcast
    await broadcast.start()
    await chat.wait(seconds=0)
    alive = chat._store.casts
    chat._store.casts = Dying(chat._store)
    chat.clock.advance(timedelta(seconds=30))
    with pytest.raises(ConnectionError):
        await chat.wait(seconds=30)
    chat._store.casts = alive

    await chat.wait(hours=1)

    assert got(chat) == Counter(people)
    assert (await broadcast.status()).state == "finished"


async def test_two_feeders_that_both_think_it_theirs_feed_everybody_once(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    people = phones(150)
    broadcast = (await made(named(people), rules=Rules(canary=0))).broadcast
    await broadcast.start()
    await chat.wait(seconds=0)
    casting = chat._parts.engine.casting
    known = await chat._store.casts.read(broadcast.id)
    first = await asyncio.gather(*(casting._go_on(known) for _ in range(2)))

    await chat.wait(hours=1)

    assert not all(first)
    assert got(chat) == Counter(people)
    assert (await broadcast.status()).counts["read"] == 150


async def test_who_is_erased_in_the_middle_is_written_to_no_more(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    people = phones(10)
    broadcast = (await made(named(people))).broadcast
    await broadcast.start()
    await chat.wait(minutes=5)
    first, other = next(iter(got(chat))), next(one for one in people if one not in got(chat))

    for phone in (first, other):
        await chat._store.people.erase(Everything(chat._runner), phone, silent=lambda _: False)
    await chat.wait(hours=1)
    status = await broadcast.status()

    assert other not in got(chat)
    assert (status.state, status.counts["dropped:erased"], status.counts["read"]) == ("finished", 2, 8)
    stored = [str(chat._runner.run_command("HGETALL", key)) for key in chat._runner.keys() if b":cast:" in key]  # noqa: SIM118 - no dict
    assert not any(phone in one for phone in (first, other) for one in stored)


@pytest.mark.parametrize("fed", [True, False])
async def test_who_is_erased_just_as_they_are_fed_counts_once(
    chat: Any, made: Callable[..., Awaitable[Made]], fed: bool
) -> None:
    people, store = phones(10), chat._store
    broadcast = (await made(named(people), rules=Rules(canary=0))).broadcast
    await broadcast.start()
    ((contact, entry),) = await store.casts.next(broadcast.id, [3])
    if fed:
        await store.casts.feed(broadcast.id, [Feeding(contact, entry)])

    await store.people.erase(Everything(chat._runner), contact, silent=lambda _: False)
    early = await broadcast.status()
    await chat.wait(hours=1)
    status = await broadcast.status()

    assert sum(early.counts.values()) == sum(status.counts.values()) == 10
    assert (status.state, status.counts["dropped:erased"], status.counts["read"]) == ("finished", 1, 9)


async def test_one_whose_rules_nobody_can_read_holds_up_no_other(
    chat: Any, made: Callable[..., Awaitable[Made]], caplog: pytest.LogCaptureFixture
) -> None:
    people = phones(6)
    odd, sale = (await made(named(people), name="odd")).broadcast, (await made(named(people))).broadcast
    await odd.start()
    await sale.start()
    await chat._store.casts.move(odd.id, {"rules": '{"canary": "of tomorrow"}'})

    await chat.wait(hours=2)
    await chat.wait(seconds=10)

    assert got(chat) == Counter(people)
    assert (await sale.status()).state == "finished"
    assert (await odd.status()).counts["waiting"] == 6
    assert len([one for one in caplog.records if "cannot be fed here" in one.getMessage()]) == 1
    assert await chat._store.casts.going("a newer one", lease_ms=5000) != []


async def test_what_was_stopped_before_it_began_may_be_made_again(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    people = phones(3)
    draft = (await made(named(people))).broadcast
    await draft.stop()
    stopped = await draft.status()
    with pytest.raises(BotMistake, match="Make it again"):
        await draft.start()

    again = await made(named(people), content="Your code is 7.")
    started = await again.broadcast.start()
    await chat.wait(hours=1)

    assert (stopped.state, again.added, started) == ("stopped", 3, True)
    assert got(chat) == Counter(people)


async def test_a_name_whose_record_is_lost_is_not_used_again_while_it_is_known_who_got_it(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    broadcast = (await made(named(phones(2)))).broadcast
    await broadcast.start()
    await chat.wait(hours=1)
    await chat._runner.command("DEL", f"{chat._store.tags[0]}:cast:{broadcast.id}")

    with pytest.raises(BotMistake, match="name of its own"):
        await made(named(phones(3)))


async def test_the_name_of_a_campaign_is_refused(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    draft = (await made(named(phones(2)))).broadcast
    await Logbook(chat._store).begin("sale", "a digest")

    with pytest.raises(BotMistake, match="campaign"):
        await made(named(phones(2)))
    with pytest.raises(BotMistake, match="campaign"):
        await draft.start()
    await chat.wait(hours=1)

    assert not got(chat)


async def test_a_making_that_another_one_has_replaced_says_so_when_it_begins(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    first = (await made(named(phones(3)))).broadcast
    second = (await made(named(phones(2)))).broadcast

    with pytest.raises(BotMistake, match="a second time"):
        await first.start()

    assert await second.start()
    assert not await first.start()


async def test_a_notice_belongs_to_no_broadcast(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    person = phones(1)[0]
    await made(named([person]))
    body = body_of(DEMO_INSTANCE, person, Text("Your code is 7."))
    at_ms = to_ms(chat.clock.now())
    notice = Outgoing("n-1", "service", at_ms, body, source=source_of("ffff"))
    await chat._store.post("drip", "", person, notice.pack())
    await chat.wait(minutes=5)

    assert got(chat) == Counter([person])


async def test_a_dead_letter_of_one_that_is_finished_leaves_when_it_is_retried(
    chat: Any, made: Callable[..., Awaitable[Made]]
) -> None:
    people, store = phones(2), chat._store
    broadcast = (await made(named(people), rules=Rules(canary=0, most_failed=1))).broadcast
    chat.world.faults.invalid_destination()
    await broadcast.start()
    await chat.wait(hours=1)
    before = await broadcast.status()

    (letter,) = [one async for one in DeadLetters(chat._runner, store).list()]
    await store.post(letter.queue, "again", letter.contact, letter.entry)
    await chat.wait(hours=1)
    status = await broadcast.status()

    assert (before.state, before.counts["refused"], before.counts["read"]) == ("finished", 1, 1)
    assert (status.counts["refused"], status.counts["read"]) == (0, 2)
    assert got(chat) == Counter(people)


@pytest.mark.parametrize("count", [0, 1])
async def test_one_for_nobody_or_for_one_person_ends(
    chat: Any, made: Callable[..., Awaitable[Made]], count: int
) -> None:
    broadcast = (await made(named(phones(count)))).broadcast

    await broadcast.start()
    await chat.wait(hours=1)
    status = await broadcast.status()

    assert (status.state, status.total, status.counts["read"]) == ("finished", count, count)


async def test_broadcasts_are_found_by_name_and_id(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    broadcast = (await made(named(phones(2)))).broadcast

    by_name, by_id = await find_broadcast(chat._store, "sale"), await find_broadcast(chat._store, broadcast.id)

    assert by_name is not None
    assert by_id is not None
    assert (by_name.id, by_id.name) == (broadcast.id, "sale")
    assert [one.name for one in await list_broadcasts(chat._store)] == ["sale"]
    assert await find_broadcast(chat._store, "another") is None


async def test_why_tells_of_its_message(chat: Any, made: Callable[..., Awaitable[Made]]) -> None:
    await (await made(named(phones(1)))).broadcast.start()
    await chat.wait(minutes=1)

    story = await chat._store.reasons.read(phones(1)[0])

    assert [one.said["kind"] for one in story] == ["asked", "sent"]
    assert story[0].said["cast"] == "sale"


class Idle:
    """A worker and a sender with nothing to do."""

    stopping = False
    due = None

    def __init__(self) -> None:
        self.slots = Slots(1)

    async def step(self) -> bool:
        return False

    async def renew(self) -> bool:
        return False


def test_a_running_engine_feeds_by_itself(virtually: Callable[..., None]) -> None:
    async def story(clock: VirtualClock) -> None:
        store = Store(FakeRunner(), partitions=3, now_ms=lambda: to_ms(clock.now()))
        await trust(store, "i")
        await store.casts.begin("ab12", "digest", "salt", {"name": "sale", "instance": "i", "rules": dump_rules(FEW)})
        before = {"before": to_ms(clock.now()) + 3600_000}
        await store.casts.move("ab12", before)
        await store.casts.add("ab12", "salt", [(one, b"M cast-ab12-1 marketing 1\n{}") for one in phones(3)])
        await store.casts.start("ab12", "salt", canary=0, total=3)
        idle: Any = Idle()
        pacing = Pacing(store, None, Pauses(store, clock, Tally(), key_tag="k", patience=Patience()), clock, Tally(),
                        Policy(), key_tag="k")  # fmt: skip
        casting = Casting(store, pacing, Policy(), clock, key_tag="k")
        engine = Engine(idle, idle, clock, Patience(), listen=None, casting=casting)
        engine.start()

        await clock.sleep(5)
        await engine.halt()

        assert (await store.casts.counts("ab12")).words == {"waiting": 3}

    virtually(story)


class Everything:
    """A store's only node, as `erase` looks through it."""

    def __init__(self, runner: Any) -> None:
        self.command = runner.command

    async def primaries(self) -> list[Everything]:
        return [self]
