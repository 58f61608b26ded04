"""What stays unanswered is counted over all processes, and from a ceiling on nothing unasked leaves the number."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from flashbot import Bot, Router, Turn
from flashbot.clock import ManualClock, to_ms
from flashbot.engine.facts import dump_unanswered, read_facts, with_unanswered
from flashbot.engine.outbox import Outgoing, lane_of
from flashbot.msgflash.content import Text
from flashbot.msgflash.sent import body_of
from flashbot.outreach.facts import Number
from flashbot.outreach.policy import Policy
from flashbot.sandbox.world import DEMO_INSTANCE
from flashbot.store.acquaintances import Unanswered
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Imposed
from flashbot.testing.any_time import ANY_TIME

PEOPLE = [f"+22507000001{n:02}" for n in range(6)]


def desk(policy: Policy) -> Bot:
    router: Router[None] = Router("desk")

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply("yes?")

    return Bot(router, policy=policy)


async def tips(chat: Any, *contacts: str) -> None:
    """One after the other: what is under way at once is not counted yet."""
    for contact in contacts:
        body = body_of(DEMO_INSTANCE, contact, Text(f"a tip for {contact}"))
        message = Outgoing(f"tip-{contact}/0", "follow_up", to_ms(chat.clock.now()), body)
        await chat._store.post(lane_of("follow_up"), "", contact, message.pack())
        await chat.wait(seconds=5)


def tipped(chat: Any) -> int:
    return sum("a tip" in str(one["body"]) for one in chat.world.sent)


async def met(chat: Any, *contacts: str) -> None:
    """They wrote, so that they may be followed up."""
    for contact in contacts:
        chat.world.says(contact, "hello")
    await chat.wait(seconds=2)


async def test_with_too_much_unanswered_nothing_unasked_leaves_until_somebody_writes(conversation: Any) -> None:
    chat = await conversation(desk(replace(ANY_TIME, most_unanswered=3)))
    await met(chat, *PEOPLE[:4])

    await tips(chat, *PEOPLE[:4])
    await chat.wait(days=2)
    before = tipped(chat)
    reached = [one["to"] for one in chat.world.sent if "a tip" in str(one["body"])]
    await met(chat, reached[0])
    await chat.wait(hours=1)

    assert before == 3
    assert tipped(chat) == 4


async def test_answers_leave_whatever_is_unanswered(conversation: Any) -> None:
    chat = await conversation(desk(replace(ANY_TIME, most_unanswered=0)))

    await met(chat, *PEOPLE)
    await tips(chat, PEOPLE[0])
    await chat.wait(hours=1)

    assert [one["body"] for one in chat.world.sent] == ["yes?"] * len(PEOPLE)


async def test_what_waits_for_it_says_so_and_all_of_it_waits_together(conversation: Any) -> None:
    chat = await conversation(desk(replace(ANY_TIME, most_unanswered=1)))
    await met(chat, *PEOPLE)

    await tips(chat, *PEOPLE)
    await chat.wait(minutes=30)

    counts = chat._parts.tally.counts
    assert tipped(chat) == 1
    assert counts["budget_waits"] > 0
    assert counts.get("deferred", 0) == 0


@pytest.mark.parametrize("looked", [False, True])
async def test_of_other_partitions_the_latest_look_counts_and_of_ones_own_what_is_there(
    clock: ManualClock, looked: bool
) -> None:
    store = Store(FakeRunner(), partitions=3, now_ms=lambda: to_ms(clock.now()))
    first_ms = to_ms(clock.now())
    for contact in PEOPLE:
        await store.post("drip", "", contact, b"M one follow_up 1\n{}")
        clock.advance(timedelta(seconds=1))
    while taken := (await store.take(("drip",), lease_ms=90_000, most=9))[1]:
        for one in taken:
            await store.commit(one, Done(imposed=Imposed("follow_up", "hash", "i")))
    shares = await store.acquaintances.unanswered("i")
    if looked:
        await store.numbers.set("i", {"unanswered": dump_unanswered(shares)})
    await store.post("in", "", PEOPLE[0], b"W 1 x\n")
    _, (taken_in,) = await store.take(("in",), lease_ms=1000, most=1)
    await store.commit(taken_in, Done(answers="heard"))

    facts = await read_facts(store, PEOPLE[0], "i")

    own = shares[store.tags.index(store.tag(PEOPLE[0]))].count - 1
    assert facts.number.unanswered == (len(PEOPLE) - 1 if looked else own)
    assert facts.number.unanswered_until_ms is None or facts.number.unanswered_until_ms > first_ms


def test_a_number_has_the_oldest_of_all_partitions() -> None:
    number = with_unanswered(Number(True), [Unanswered(2, 9_000), Unanswered(0, None), Unanswered(1, 5_000)])

    assert (number.unanswered, number.unanswered_until_ms) == (3, 5_000 + 30 * 86_400_000)
    assert with_unanswered(Number(True), []).unanswered_until_ms is None
