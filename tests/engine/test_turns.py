"""Whole turns: a turn that fails changes nothing, one that ends well changes everything at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flashbot import Bot, Drip, Router, Template, Turn
from flashbot.errors import FlashbotError
from flashbot.sandbox.world import DEMO_INSTANCE

AWA = "+2250700000001"


class Boom(Exception):
    pass


@dataclass
class Notes:
    count: int = 0
    tags: list[str] = field(default_factory=list)
    blob: str = ""


def bot_that(handler: Any, **more: Any) -> Bot:
    router: Router[Notes] = Router("notes", state=Notes)
    router.fallback(handler)
    return Bot(router, **more)


async def fails(chat: Any, times: int = 5) -> list[datetime]:
    """Let the failing turn run its tries; the moments at which it was tried."""
    moments = [chat.clock.now()]
    for _ in range(times - 1):
        with pytest.raises((Boom, FlashbotError)):
            await chat.wait(hours=1)
        moments.append(chat.clock.now())
    return moments


async def test_a_handler_that_raises_changes_nothing_and_is_tried_again_with_growing_waits(conversation: Any) -> None:
    tries: list[tuple[str, int]] = []

    async def answer(turn: Turn[Notes]) -> None:
        turn.state.count += 1
        turn.reply(f"{turn.state.count}")
        if turn.text == "bad":
            tries.append((turn.event_id, turn.attempt))
            raise Boom

    chat = await conversation(bot_that(answer))
    with pytest.raises(Boom):
        await chat.says("bad")
    after_the_first = (chat.sent, chat.state.count)

    moments = await fails(chat)
    await chat.says("good")

    assert after_the_first == ([], 0)
    assert [round((b - a).total_seconds()) for a, b in pairwise(moments)] == [1, 5, 30, 120]
    assert len({event_id for event_id, _ in tries}) == 1
    assert [attempt for _, attempt in tries] == [1, 2, 3, 4, 5]
    (letter,) = await chat.dead_letters()
    assert "Boom" in letter.reason["stack"]
    assert (chat.replies, chat.state.count) == (["1"], 1)


async def test_a_message_behind_a_failing_one_waits_and_is_answered_after_it(conversation: Any) -> None:
    faults = [Boom(), Boom()]

    async def answer(turn: Turn[Notes]) -> None:
        if turn.text == "bad" and faults:
            raise faults.pop()
        turn.reply(turn.text)

    chat = await conversation(bot_that(answer))
    with pytest.raises(Boom):
        await chat.says("bad")
    await chat.says("behind")
    waiting = chat.replies
    with pytest.raises(Boom):
        await chat.wait(seconds=2)

    await chat.wait(seconds=10)

    assert waiting == []
    assert [heard.text for heard in chat.sent] == ["bad", "behind"]


async def test_events_have_ids_of_their_own(conversation: Any) -> None:
    ids = []

    async def answer(turn: Turn[Notes]) -> None:
        ids.append(turn.event_id)

    chat = await conversation(bot_that(answer))

    await chat.says("same")
    await chat.says("same")

    assert len(set(ids)) == 2
    assert all(ids)


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "an object": ({"tags": [object()]}, "tags"),
    "a wrong type": ({"count": "many"}, "count"),
    "too large": ({"blob": "x" * 300_000}, "blob"),
}


@pytest.mark.parametrize(("values", "named"), UNFIT.values(), ids=UNFIT.keys())
async def test_a_state_that_cannot_be_stored_is_given_up_by_name_and_sends_nothing(
    conversation: Any, values: dict[str, Any], named: str
) -> None:
    async def answer(turn: Turn[Notes]) -> None:
        turn.reply("half")
        if turn.text == "bad":
            for name, value in values.items():
                setattr(turn.state, name, value)

    chat = await conversation(bot_that(answer))
    with pytest.raises(FlashbotError, match=named):
        await chat.says("bad")

    await fails(chat)

    (letter,) = await chat.dead_letters()
    assert f"field {named}" in letter.reason["why"]
    assert chat.sent == []
    await chat.says("good")
    assert chat.replies == ["half"]


async def test_a_template_that_lacks_a_value_sends_nothing_of_its_turn(conversation: Any, tmp_path: Path) -> None:
    (tmp_path / "parcel.j2").write_text("Parcel {{ number }} comes on {{ day }}.")

    async def answer(turn: Turn[Notes]) -> None:
        turn.state.count += 1
        turn.reply("One moment.")
        turn.reply(Template("parcel"), number="7")

    chat = await conversation(bot_that(answer, templates=tmp_path))

    with pytest.raises(FlashbotError, match="day"):
        await chat.says("where is it")
    await fails(chat)

    assert chat.sent == []
    assert chat.state.count == 0
    (letter,) = await chat.dead_letters()
    assert '"parcel" needs a value for day' in letter.reason["why"]


async def test_state_lives_between_turns_and_apart_per_router(conversation: Any) -> None:
    @dataclass
    class Cart:
        items: int = 0

    one: Router[Notes] = Router("one", state=Notes)
    two: Router[Cart] = Router("two", state=Cart)

    @one.intent("note", examples=["note"])
    async def note(turn: Turn[Notes]) -> None:
        turn.state.count += 1

    @two.intent("buy", examples=["buy"])
    async def buy(turn: Turn[Cart]) -> None:
        turn.state.items += 10

    chat = await conversation(Bot(one, two))

    for text in ("note", "buy", "note", "buy", "note"):
        await chat.says(text)

    assert chat.state_of("one").count == 3
    assert chat.state_of("two").items == 20


async def test_state_lives_apart_per_contact(conversation: Any) -> None:
    async def answer(turn: Turn[Notes]) -> None:
        turn.state.count += 1
        turn.reply(str(turn.state.count))

    chat = await conversation(bot_that(answer))
    chat.world.says("+2250700000002", "hello")
    await chat.says("hello")

    assert chat.replies == ["1"]
    assert [message["body"] for message in chat.world.heard("+2250700000002")] == ["1"]


async def test_the_replies_of_a_turn_leave_in_order(conversation: Any) -> None:
    wanted = [f"part {n}" for n in range(20)]

    async def answer(turn: Turn[Notes]) -> None:
        for text in wanted:
            turn.reply(text)

    chat = await conversation(bot_that(answer))

    await chat.says("tell me all")

    assert chat.replies == wanted


async def test_a_webhook_that_comes_twice_is_answered_once(conversation: Any) -> None:
    async def answer(turn: Turn[Notes]) -> None:
        turn.reply("once")

    chat = await conversation(bot_that(answer))
    chat.world.faults.double_webhooks(times=10)

    await chat.says("hello")
    await chat.wait(minutes=1)

    assert [heard.text for heard in chat.sent] == ["once"]
    assert chat.sent[0].status == "read"


async def test_what_the_number_itself_sends_is_not_answered(conversation: Any) -> None:
    async def answer(turn: Turn[Notes]) -> None:
        turn.reply("You said " + turn.text)

    chat = await conversation(bot_that(answer))
    await chat.says("hello")
    sent = chat.sent[0]

    await chat.says(sent.text, own=True, message_id="echo-1")
    await chat.wait(minutes=1)

    assert [heard.text for heard in chat.sent] == ["You said hello"]


async def test_the_groups_of_a_pattern_reach_the_handler(conversation: Any) -> None:
    router: Router[None] = Router("orders")

    @router.intent("order", patterns=[r"order (?P<number>[a-z]+-\d+)(?: for (?P<name>\w+))?"])
    async def order(turn: Turn[None]) -> None:
        assert turn.match is not None
        turn.reply(" ".join(f"{key}={value}" for key, value in sorted(turn.match.slots.items())))

    chat = await conversation(Bot(router))

    await chat.says("Please find Order CI-1001 for Awa!")

    assert chat.replies == ["name=Awa number=CI-1001"]


# -- waiting


def asking(within: timedelta | None, *, otherwise: bool) -> Bot:
    router: Router[None] = Router("asks")

    @router.fallback
    async def ask(turn: Turn[None]) -> None:
        turn.reply("Your number?")
        turn.expect(number, within=within, otherwise=gone if otherwise else None)

    @router.step("number")
    async def number(turn: Turn[None]) -> None:
        turn.reply(f"Thanks for {turn.text}")

    @router.step("gone")
    async def gone(turn: Turn[None]) -> None:
        turn.reply(f"Still there? {turn.timed_out} {turn.text!r}")

    return Bot(router)


async def test_a_step_that_waits_in_vain_is_followed_by_its_otherwise(conversation: Any) -> None:
    chat = await conversation(asking(timedelta(hours=2), otherwise=True))
    await chat.says("hi")

    await chat.wait(hours=1, minutes=59)
    early = chat.replies
    await chat.wait(minutes=2)

    assert early == []
    assert chat.replies == ["Still there? True ''"]
    await chat.wait(days=3)
    assert chat.replies == []


async def test_an_answer_in_time_ends_the_wait(conversation: Any) -> None:
    chat = await conversation(asking(timedelta(hours=2), otherwise=True))
    await chat.says("hi")
    await chat.wait(hours=1)

    await chat.says("7")
    answered = chat.replies
    await chat.wait(days=1)

    assert answered == ["Thanks for 7"]
    assert chat.replies == []


async def test_a_step_without_otherwise_is_forgotten_after_its_time(conversation: Any) -> None:
    chat = await conversation(asking(timedelta(hours=2), otherwise=False))
    await chat.says("hi")
    await chat.wait(hours=3)

    await chat.says("7")

    assert chat.replies == ["Your number?"]


# -- drips and instances


def dripping() -> Bot:
    drip = Drip("tips").send("first tip", after=timedelta(days=1)).send("second tip", after=timedelta(days=2))
    router: Router[None] = Router("tips")

    @router.intent("join", examples=["join"])
    async def join(turn: Turn[None]) -> None:
        turn.reply("You are in.")
        turn.start(drip)

    @router.fallback
    async def other(turn: Turn[None]) -> None:
        turn.reply("Yes?")

    return Bot(router, drips=[drip])


async def test_a_drip_runs_to_its_end_and_stops(conversation: Any) -> None:
    chat = await conversation(dripping())
    await chat.says("join")

    await chat.wait(days=30)

    assert chat.replies == ["first tip", "second tip"]


async def test_a_drip_stops_when_the_person_writes(conversation: Any) -> None:
    chat = await conversation(dripping())
    await chat.says("join")
    await chat.wait(days=1, hours=1)
    first = chat.replies
    await chat.says("thanks")

    await chat.wait(days=30)

    assert first == ["first tip"]
    assert chat.replies == []


async def test_a_status_of_our_own_message_does_not_stop_a_drip(conversation: Any) -> None:
    chat = await conversation(dripping())
    await chat.says("join")
    await chat.wait(hours=1)
    assert chat.sent[0].status == "read"

    await chat.wait(days=2)

    assert chat.replies == ["first tip"]


async def test_answers_and_drips_leave_from_the_number_the_person_wrote_to(conversation: Any) -> None:
    chat = await conversation(dripping())
    second = chat.world.add_instance("second", "+2250100000009")

    await chat.says("hello", instance=DEMO_INSTANCE)
    await chat.says("join", instance=second)
    await chat.wait(days=2)
    await chat.says("hello", instance=DEMO_INSTANCE)

    assert [(heard.text, heard.fields["instanceId"]) for heard in chat.sent] == [
        ("Yes?", DEMO_INSTANCE),
        ("You are in.", second),
        ("first tip", second),
        ("Yes?", DEMO_INSTANCE),
    ]


async def test_where_no_number_is_known_the_default_one_sends(desk: Any, message: Any) -> None:
    open_desk = desk(dripping())
    nameless = message("m1", "join")
    del nameless["instanceId"]

    await open_desk.tell(nameless)
    first = await open_desk.said()
    open_desk.clock.advance(timedelta(days=1, seconds=1))
    second = await open_desk.said()

    assert [(one["text"], one["instanceId"]) for one in first + second] == [
        ("You are in.", "the-default-instance"),
        ("first tip", "the-default-instance"),
    ]


async def test_a_raw_provider_record_does_not_make_the_providers_number_the_sender(desk: Any) -> None:
    """Evolution API writes its own `instanceId` inside the record; MsgFlash knows no such instance."""
    open_desk = desk(dripping())
    record = {
        "key": {"remoteJid": f"{AWA[1:]}@s.whatsapp.net", "fromMe": False, "id": "ABC"},
        "message": {"conversation": "hello"},
        "messageType": "conversation",
        "instanceId": "provider-demo",
    }

    await open_desk.tell({"event": "message.received", "data": record})

    (said,) = await open_desk.said()
    assert said["instanceId"] == "the-default-instance"


async def test_without_any_number_the_error_says_which_setting_is_missing(store: Any, clock: Any, working: Any) -> None:
    from flashbot.store.records import Entry, Taken

    turns = dripping().turns(None, clock)
    body = b'{"event":"message.received","messageId":"m1","from":"+2250700000001","body":"hello"}'
    taken = Taken("in", AWA, 1, 1, 0, b"", Entry(("W", "1", "e", ""), body).pack(), None)

    with pytest.raises(FlashbotError, match="FLASHBOT_INSTANCE_ID"):
        await turns(taken, 1)


async def test_a_contact_whose_state_was_deleted_begins_anew_and_the_log_says_so(
    conversation: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(turn: Turn[Notes]) -> None:
        turn.reply("noted")

    chat = await conversation(bot_that(answer))
    await chat.says("one")
    assert "no stranger" not in caplog.text

    assert chat._runner.run_command("DEL", f"{{fb:0}}:st:{chat.phone}") == 1
    await chat.says("two")

    assert chat.replies == ["noted"]
    assert caplog.text.count("no stranger") == 1
