"""Statuses on their way from the sandbox: doubled, reversed, late, early, of others; and what a handler learns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flashbot import Bot, Delivered, Failed, Read, Router, Sent, Turn
from flashbot.clock import ManualClock
from flashbot.engine.outbox import Outgoing
from flashbot.sandbox.world import DEMO_INSTANCE
from flashbot.store.records import RUNGS, Done, Standing

AWA = "+2250700000001"
GROUP = "120363000000000001@g.us"
EVENTS = ("ambiguous", "resolved_webhook", "resolved_list", "resent", "dropped", "unknown")


class Watch:
    """A parrot that writes down what it learns of its messages; `by_turn` are the ids it gave them."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str | None]] = []
        self.by_turn: list[str] = []
        router: Router[None] = Router("watch")

        @router.fallback
        async def say(turn: Turn[None]) -> None:
            for place, line in enumerate(turn.text.splitlines()):
                turn.reply(line)
                self.by_turn.append(f"{turn.event_id}/{place}")

        async def note(turn: Turn[None]) -> None:
            self.seen.append((turn.event.name, turn.message_id))  # type: ignore[union-attr]  # no timer comes here

        for event in (Sent, Delivered, Read, Failed):
            router.on(event)(note)
        self.bot = Bot(router)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def chat(conversation: Any, watch: Watch) -> Any:
    return await conversation(watch.bot)


def counted(chat: Any) -> dict[str, int]:
    counts = chat._parts.tally.counts
    return {what: counts[what] for what in EVENTS if counts[what]}


async def standing_of(chat: Any, place: int = 0) -> Standing:
    found: Standing | None = await chat._store.standing(AWA, chat.sent[place].fields["id"])
    assert found is not None
    return found


async def test_a_handler_learns_which_message_was_delivered(chat: Any, watch: Watch) -> None:
    await chat.says("one\ntwo")

    await chat.wait(seconds=5)

    first, second = watch.by_turn
    for name in ("message.sent", "message.delivered", "message.read"):
        assert [one for one in watch.seen if one[0] == name] == [(name, first), (name, second)]


async def test_a_handler_of_a_strangers_message_learns_of_none(chat: Any, watch: Watch) -> None:
    await chat.says("hello")
    await chat.wait(seconds=5)
    watch.seen.clear()

    body = {"event": "message.read", "instanceId": DEMO_INSTANCE, "messageId": "m-1", "to": AWA, "status": "read"}
    chat.world.webhooks.emit("message.read", {k: v for k, v in body.items() if k != "event"}, chat.clock.now())
    await chat.wait(seconds=1)

    assert watch.seen == [("message.read", None)]


async def test_a_message_of_bot_send_is_told_by_the_id_of_its_key(chat: Any, watch: Watch) -> None:
    await chat.sends("Your parcel has left", key="order-1")

    await chat.wait(seconds=5)

    names = {message_id for _, message_id in watch.seen}
    assert len(names) == 1
    assert names.pop().startswith("send-")  # type: ignore[union-attr]  # it has one


FAULTS: dict[str, dict[str, Any]] = {
    "double_webhooks": {"times": 3},
    "reverse_webhooks": {"times": 3},
    "delay_webhooks": {"times": 2, "seconds": 10.0},
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_happens_to_statuses_they_end_at_the_top_and_each_is_told_once(
    chat: Any, watch: Watch, fault: str
) -> None:
    chat._open()
    chat.world.faults.plan(fault, **FAULTS[fault])

    await chat.sends("hello", key="one")
    await chat.wait(minutes=2)

    standing = await standing_of(chat)
    assert {message_id for _, message_id in watch.seen} == {standing.message_id}
    assert standing.status == "read"
    assert None not in (standing.sent, standing.delivered, standing.read)
    assert sorted(name for name, _ in watch.seen) == ["message.delivered", "message.read", "message.sent"]


@pytest.mark.parametrize("fault", ["double_webhooks", "delay_webhooks", "reverse_webhooks"])
async def test_a_doubt_is_settled_by_statuses_that_come_twice_late_or_in_reverse(chat: Any, fault: str) -> None:
    chat._open()
    chat.world.faults.plan(fault, **FAULTS[fault])
    chat.world.faults.hang_after()

    await chat.sends("one", key="one")
    await chat.sends("two", key="two")
    await chat.wait(seconds=20)
    soon = [heard.text for heard in chat.sent]
    await chat.wait(hours=1)

    assert soon == ["one", "two"]
    assert [heard.text for heard in chat.sent] == ["one", "two"]
    assert counted(chat) == {"ambiguous": 1, "resolved_webhook": 1}


async def test_a_doubt_is_settled_by_the_list_when_no_status_comes(chat: Any) -> None:
    for event in ("message.sent", "message.delivered", "message.read"):
        chat.world.faults.lose_webhooks(times=1000, event=event)
    chat.world.faults.hang_after()

    await chat.says("one\ntwo")
    await chat.wait(seconds=29)
    before = [heard.text for heard in chat.sent]
    await chat.wait(seconds=2)

    assert before == ["one"]
    assert [heard.text for heard in chat.sent] == ["one", "two"]
    assert counted(chat) == {"ambiguous": 1, "resolved_list": 1}


async def test_a_doubt_is_settled_by_a_status_when_msgflash_does_not_find_its_message(chat: Any) -> None:
    await chat.says("prime")
    await chat.wait(seconds=5)
    chat.world.faults.plan("NOT_FOUND", 1000, method="GET", path="/messages/{id}")
    chat.world.faults.plan("unavailable", 1000, method="GET", path="/messages")
    chat.world.faults.hang_after()

    await chat.says("one\ntwo")
    await chat.wait(seconds=20)

    assert [heard.text for heard in chat.sent] == ["prime", "one", "two"]
    assert counted(chat) == {"ambiguous": 1, "resolved_webhook": 1}


async def test_a_status_before_its_201_is_tied_to_the_message_when_it_settles(chat: Any, watch: Watch) -> None:
    """Sent, delivered and read while the answer is still on its way."""
    store, clock = chat._store, chat.clock
    chat._open()
    await store.post("reply", "", AWA, Outgoing("event/0", "reply", 0, b"{}").pack())
    _, (taken,) = await store.take(("reply",), lease_ms=90_000, most=1)
    fields = {"instanceId": DEMO_INSTANCE, "messageId": "early", "to": AWA}
    begun = clock.now()
    for status in RUNGS:
        if status != "failed":
            chat.world.webhooks.emit(f"message.{status}", {**fields, "status": status}, clock.now())
            await chat.wait(seconds=1)
    early = list(watch.seen)

    await store.commit(taken, Done(bind="early", bound="event/0"))

    assert early == [("message.sent", None), ("message.delivered", None), ("message.read", None)]
    assert await store.standing(AWA, "early") == Standing(
        "event/0",
        "read",
        sent=begun,
        delivered=begun + timedelta(seconds=1),
        read=begun + timedelta(seconds=2),
    )
    assert (await store.loose(AWA, "reply", since_ms=0))[0] == []


async def test_a_status_of_a_group_or_of_another_persons_message_settles_no_doubt(chat: Any) -> None:
    await chat.says("prime")
    await chat.wait(seconds=5)
    chat.world.faults.drop_before()
    await chat.says("one")

    for to in (GROUP, "+2250700000002"):
        fields = {"instanceId": DEMO_INSTANCE, "messageId": f"m-{len(to)}", "to": to, "status": "sent"}
        chat.world.webhooks.emit("message.sent", fields, chat.clock.now())
    await chat.wait(seconds=119)
    before = [heard.text for heard in chat.sent]
    await chat.wait(seconds=5)

    assert before == ["prime"]
    assert [heard.text for heard in chat.sent] == ["prime", "one"]
    assert counted(chat) == {"ambiguous": 1, "resent": 1}


async def test_a_status_without_a_recipient_reaches_the_contact_of_its_message(chat: Any, watch: Watch) -> None:
    """The short shape of an event has the message's id and nothing of whom it went to (fundamentals)."""
    await chat.says("hello")
    message_id = chat.sent[0].fields["id"]

    chat.world.webhooks.emit("message.failed", {"messageId": message_id, "status": "failed"}, chat.clock.now())
    await chat.wait(seconds=0)

    assert ("message.failed", watch.by_turn[0]) in watch.seen


async def test_a_critical_message_goes_out_again_after_one_look(chat: Any, clock: ManualClock) -> None:
    chat.world.faults.drop_before()
    await chat.sends("Your code is 1234", key="code-1", critical=True)

    await chat.wait(seconds=29)
    before = [heard.text for heard in chat.sent]
    await chat.wait(seconds=2)

    assert before == []
    assert [heard.text for heard in chat.sent] == ["Your code is 1234"]
