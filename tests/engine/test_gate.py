"""Each gate at the moment of sending, through the whole engine; and that no message goes round them."""

from __future__ import annotations

import ast
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import flashbot
from flashbot import Bot, Drip, Router, Turn
from flashbot.clock import to_ms
from flashbot.engine.gate import body_hash
from flashbot.engine.outbox import Outgoing, lane_of
from flashbot.errors import BotMistake
from flashbot.msgflash.content import Image, Text
from flashbot.msgflash.sent import body_of
from flashbot.outreach.policy import Policy
from flashbot.sandbox.world import DEMO_INSTANCE

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def club(*waits: timedelta, policy: Policy | None = None, texts: tuple[str, ...] = ()) -> Bot:
    """Tips with these waits between them, once somebody joins; "help" hands over to people."""
    router: Router[None] = Router("club")
    drip = Drip("tips")
    for number, wait in enumerate(waits):
        drip = drip.send(texts[number] if texts else f"tip {number}", after=wait)

    @router.intent("join", examples=["join"])
    async def join(turn: Turn[None]) -> None:
        turn.start(drip)

    @router.intent("help", examples=["help"])
    async def help_(turn: Turn[None]) -> None:
        turn.handoff("desk", note="")

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply("yes?")

    return Bot(router, drips=[drip] if waits else [], policy=policy)


async def queue(chat: Any, text: str, cls: Any = "follow_up", *, to: str = "", **more: Any) -> None:
    """A message as a turn leaves it."""
    phone = to or chat.phone
    body = body_of(DEMO_INSTANCE, phone, Text(text))
    message = Outgoing(f"{text.replace(' ', '-')}-{phone}/0", cls, to_ms(chat.clock.now()), body, **more)
    await chat._store.post(lane_of(cls), "", phone, message.pack())


def moments(chat: Any, word: str = "tip") -> list[datetime]:
    return [datetime.fromisoformat(str(one["createdAt"])) for one in chat.world.sent if word in str(one["body"])]


def dropped(chat: Any) -> dict[str, int]:
    counts: dict[str, int] = chat._parts.tally.counts
    return {what.removeprefix("dropped_"): count for what, count in counts.items() if what.startswith("dropped_")}


# -- 1 instance


async def test_a_disconnected_number_sends_nothing_and_then_what_waited(conversation: Any) -> None:
    chat = await conversation(club(HOUR))
    await chat.says("join")
    chat.world.set_status(DEMO_INSTANCE, "disconnected")
    await chat.wait(hours=2)
    before = moments(chat)

    chat.world.set_status(DEMO_INSTANCE, "connected")
    await chat.wait(minutes=5)

    assert before == []
    assert len(moments(chat)) == 1


# -- 2 consent


async def test_promotion_needs_consent_and_leaves_with_it(conversation: Any) -> None:
    chat = await conversation(club())
    await chat.says("hello")
    await queue(chat, "first offer", "marketing")
    await chat.wait(minutes=1)
    without = moments(chat, "offer")
    counted = dropped(chat)

    await chat.agrees("marketing")
    await queue(chat, "second offer", "marketing")
    await chat.wait(minutes=1)

    assert without == []
    assert counted == {"no_consent": 1}
    assert len(moments(chat, "offer")) == 1


async def test_consent_counts_for_its_purpose_alone(conversation: Any) -> None:
    chat = await conversation(club())
    await chat.says("hello")
    await chat.agrees("newsletter")

    await queue(chat, "an offer", "marketing")
    await queue(chat, "news offer", "marketing", purpose="newsletter")
    await chat.wait(minutes=1)

    assert [one["body"] for one in chat.world.sent][1:] == ["news offer"]


async def test_who_stopped_a_moment_ago_gets_nothing_that_is_queued_after_it_and_an_answer(conversation: Any) -> None:
    chat = await conversation(club())
    await chat.agrees("marketing")
    await chat.says("STOP")
    confirmed = chat.replies

    await queue(chat, "a tip")
    await chat.says("what now?")

    assert len(confirmed) == 1
    assert chat.replies == ["yes?"]
    assert dropped(chat) == {"suppressed": 1}


async def test_who_stopped_and_was_forgotten_gets_nothing_but_what_is_critical(conversation: Any) -> None:
    chat = await conversation(club())
    await chat.says("STOP")
    chat._runner.primaries = lambda: _alone(chat._runner)
    await chat._store.people.erase(chat._runner, chat.phone, silent=lambda _: True)

    await queue(chat, "a tip")
    await queue(chat, "a notice", "service")
    await queue(chat, "a code", "critical")
    await chat.wait(minutes=1)

    assert [one["body"] for one in chat.world.sent][1:] == ["a code"]
    assert dropped(chat) == {"erased": 2}


async def _alone(runner: Any) -> list[Any]:
    return [runner]


async def test_a_promotion_to_who_never_wrote_is_cold_and_a_young_number_sends_none(conversation: Any) -> None:
    chat = await conversation(club())
    await chat.agrees("marketing")

    await queue(chat, "an offer", "marketing")
    await chat.wait(hours=2)

    assert moments(chat, "offer") == []
    assert dropped(chat) == {}, "it waits for the day on which the number may open chats"


# -- 3 ownership


async def test_a_notice_waits_for_people_and_stands_before_nothing(conversation: Any) -> None:
    chat = await conversation(club())
    await chat.says("help")
    await chat.sends("your order has left", key="a")
    await chat.sends("your code is 1234", key="b", critical=True)
    during = [heard.text for heard in chat.sent]

    await chat.wait(hours=30)

    assert during == ["your code is 1234"]
    assert [heard.text for heard in chat.sent] == ["your code is 1234", "your order has left"]


async def test_a_notice_may_pass_people_where_the_policy_says_so(conversation: Any) -> None:
    chat = await conversation(club(policy=Policy(service_passes_human=True)))
    await chat.says("help")

    await chat.sends("your order has left", key="a")

    assert chat.replies == ["your order has left"]


# -- 4 restriction


async def test_restricted_holds_drips_and_no_answer_until_it_is_over(conversation: Any) -> None:
    chat = await conversation(club(HOUR))
    chat.world.set_health(DEMO_INSTANCE, "restricted")
    await chat.says("join")
    await chat.wait(hours=2)
    held = moments(chat)
    await queue(chat, "an answer", "reply")
    await chat.wait(seconds=1)
    answered = len(moments(chat, "answer"))

    chat.world.set_health(DEMO_INSTANCE, "stable")
    await chat.wait(minutes=16)

    assert (held, answered) == ([], 1)
    assert len(moments(chat)) == 1


async def test_a_number_at_risk_opens_no_chat_and_follows_up_with_whom_it_knows(conversation: Any) -> None:
    chat = await conversation(club())
    chat.world.set_health(DEMO_INSTANCE, "at_risk", score=50)
    stranger = "+2250700000777"
    await chat.says("hello")

    await queue(chat, "a tip")
    await queue(chat, "a tip", to=stranger)
    await chat.wait(hours=1)

    assert [one["to"] for one in chat.world.sent if one["body"] == "a tip"] == [chat.phone]


# -- 5 the contact


async def test_what_comes_due_in_the_evening_leaves_in_the_morning_within_three_quarters_of_an_hour(
    conversation: Any,
) -> None:
    chat = await conversation(club(timedelta(hours=12), policy=Policy()))
    await chat.says("join")

    await chat.wait(days=2)

    (sent,) = moments(chat)
    assert timedelta(hours=23.5) <= sent - MONDAY <= timedelta(hours=24.25)


async def test_nothing_unasked_leaves_on_a_sunday(conversation: Any) -> None:
    chat = await conversation(club(6 * DAY, policy=Policy()))
    await chat.says("join")

    await chat.wait(days=9)

    (sent,) = moments(chat)
    assert sent.weekday() == 0


async def test_the_hours_are_those_of_the_contact(conversation: Any) -> None:
    chat = await conversation(club(4 * HOUR, policy=Policy()), phone="+81312345678")
    await chat.says("join")

    await chat.wait(days=2)

    (sent,) = moments(chat)
    opens = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)  # half past eight in Tokyo
    assert opens <= sent, "and then the number, in Paris, sleeps until its own morning"
    assert datetime(2026, 1, 6, 7, 30, tzinfo=UTC) <= sent <= datetime(2026, 1, 6, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize(("writes_at", "open_at"), [(13, {17, 18}), (19, set())])
async def test_whoever_writes_at_eight_in_new_york_is_not_waited_for_in_honolulu(
    conversation: Any, writes_at: int, open_at: set[int]
) -> None:
    whole_country = "+18005550123"
    chat = await conversation(club(HOUR, policy=Policy()), phone=whole_country, start=MONDAY.replace(hour=writes_at))
    for _ in range(3):
        await chat.says("hello")
        await chat.wait(days=1)
    await chat.says("join")

    await chat.wait(days=2)

    sent = moments(chat)
    assert len(sent) == bool(open_at), "in Honolulu the morning begins when the number, in Paris, has closed"
    assert {one.hour for one in sent} <= open_at


async def test_a_zone_that_a_handler_sets_is_the_one_that_counts(conversation: Any) -> None:
    bot = club(4 * HOUR, policy=Policy())

    @bot.routers[0].intent("move", examples=["i moved"])
    async def move(turn: Turn[None]) -> None:
        turn.zone = "Asia/Tokyo"

    chat = await conversation(bot)
    await chat.says("i moved")
    await chat.says("join")

    await chat.wait(days=2)

    (sent,) = moments(chat)
    assert datetime(2026, 1, 6, 7, 30, tzinfo=UTC) <= sent <= datetime(2026, 1, 6, 8, 15, tzinfo=UTC)


async def test_two_unasked_messages_keep_their_gap(conversation: Any) -> None:
    chat = await conversation(club(HOUR, timedelta(minutes=5), policy=Policy()))
    await chat.says("join")

    await chat.wait(hours=4)

    first, second = moments(chat)
    assert HOUR <= second - first <= HOUR + timedelta(minutes=1)


async def test_a_contact_gets_so_many_a_day_and_no_more(conversation: Any) -> None:
    chat = await conversation(club(*[HOUR] * 3, policy=Policy(unasked_a_day=2)))
    await chat.says("join")

    await chat.wait(days=2)

    first, _, third = moments(chat)
    assert third - first >= DAY


async def test_after_three_without_an_answer_there_is_silence_until_they_write(conversation: Any) -> None:
    chat = await conversation(club(*[26 * HOUR] * 4, policy=Policy()))
    await chat.says("join")

    await chat.wait(days=20)
    silent = len(moments(chat))
    await chat.says("here I am")
    await queue(chat, "tip anew")
    await chat.wait(days=4)

    assert silent == 3
    assert dropped(chat) == {"unanswered": 1}
    assert len(moments(chat)) == 4


async def test_the_same_words_come_once_a_day(conversation: Any) -> None:
    chat = await conversation(club(HOUR, 2 * HOUR, policy=Policy(), texts=("a tip", "a tip")))
    await chat.says("join")

    await chat.wait(days=3)

    first, second = moments(chat)
    assert second - first >= DAY


async def test_what_one_contact_waits_for_holds_neither_their_answers_nor_anybody_else(conversation: Any) -> None:
    chat = await conversation(club(12 * HOUR, policy=Policy()))
    await chat.says("join")
    await chat.wait(hours=13)
    kept = moments(chat)

    await chat.says("are you there?")

    assert kept == []
    assert chat.replies == ["yes?"]


# -- 6 and 7: what counts over all contacts


async def test_the_fourth_equal_text_within_an_hour_waits(conversation: Any) -> None:
    chat = await conversation(club(policy=Policy(contact_gap=timedelta())))
    phones = [f"+22507000001{number:02}" for number in range(5)]
    for phone in phones:
        chat.world.says(phone, "hello")
    await chat.wait(seconds=1)
    for phone in phones:
        await queue(chat, "same tip", to=phone)

    await chat.wait(hours=3)

    sent = moments(chat, "same tip")
    assert len(sent) == 5
    assert sent[3] - sent[0] >= HOUR


async def test_a_notice_is_held_to_the_numbers_hour_alone(conversation: Any) -> None:
    chat = await conversation(club())
    chat.world.set_health(DEMO_INSTANCE, "warming", hourlyOutboundCap=2, dailyOutboundCap=1)
    await chat.says("hello")
    await queue(chat, "a tip")
    await chat.wait(seconds=5)

    for number in range(3):
        await chat.sends(f"notice {number}", key=str(number))
    at_once = len(moments(chat, "notice"))
    await chat.says("and me?")
    answered = chat.replies
    await chat.wait(hours=3)

    assert at_once == 1
    assert answered == ["yes?"]
    assert len(moments(chat, "notice")) == 3


# -- 9 expiry


async def test_a_message_is_not_sent_after_the_moment_that_it_was_for(conversation: Any) -> None:
    chat = await conversation(club(policy=Policy()), start=MONDAY.replace(hour=19))
    await chat.says("hello")
    morning = to_ms(MONDAY + timedelta(hours=14))

    await queue(chat, "good evening tip", send_before_ms=morning)
    await queue(chat, "good morning tip", to=chat.phone)
    await chat.wait(days=1)

    assert [one["body"] for one in chat.world.sent if "tip" in str(one["body"])] == ["good morning tip"]


async def test_what_nobody_looked_at_for_a_day_is_not_kept_young_by_a_hold_of_others(conversation: Any) -> None:
    chat = await conversation(club())
    await chat.says("hello")
    body = body_of(DEMO_INSTANCE, chat.phone, Text("an old tip"))
    message = Outgoing("old/0", "follow_up", to_ms(chat.clock.now() - DAY), body)
    now_ms = to_ms(chat.clock.now())
    await chat._store.numbers.hold(DEMO_INSTANCE, "full", now_ms - 60_000, "pace")

    await chat._store.post("drip", "", chat.phone, message.pack())
    await chat.wait(minutes=5)

    assert moments(chat) == []
    assert chat._parts.tally.counts["expired"] == 1


async def test_a_message_whose_contact_cannot_be_read_is_looked_at_ever_less_and_expires(
    conversation: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "flashbot.sender")
    chat = await conversation(club())
    await chat.says("hello")
    chat._store.reasons.within = 30 * DAY
    await chat._runner.command("SET", f"{chat._store.tag(chat.phone)}:st:{chat.phone}", b"{}")

    await queue(chat, "a tip")
    await queue(chat, "another tip")
    await chat.wait(hours=7)

    assert moments(chat) == []
    assert [line.message.count("expire") for line in caplog.records if line.name == "flashbot.sender"] == [1]
    story = await chat._store.reasons.read(chat.phone)
    looks = [one.count for one in story if one.said.get("why") == "unreadable"]
    assert 20 < sum(looks) < 40, "once a minute would be 360"
    assert [one.said["kind"] for one in story if one.said.get("why") == "expired"] == ["dropped"] * 2


# -- crowds


async def test_a_crowd_that_waits_for_one_place_does_not_come_back_at_once(conversation: Any) -> None:
    chat = await conversation(club(policy=Policy(contact_gap=timedelta())))
    phones = [f"+225070000{number:04}" for number in range(30)]
    for phone in phones:
        chat.world.says(phone, "hello")
    await chat.wait(seconds=1)
    for phone in phones:
        await queue(chat, "same tip", to=phone)

    await chat.wait(minutes=20)

    tag = chat._store.tags[0]
    ends = [await chat._runner.command("HGET", f"{tag}:drip:m:{phone}", "p") for phone in phones]
    waiting = sorted(int(one) for one in ends if one is not None)
    assert len(waiting) == 30 - 3
    assert len(set(waiting)) > 20
    assert waiting[-1] - waiting[0] > 3 * 60_000


# -- the rest


def test_two_pictures_are_the_same_whatever_is_written_below_them() -> None:
    def hashed(content: Any, to: str = "+2250700000001") -> str:
        return body_hash(Outgoing("a", "cold", 0, body_of("i", to, content)))

    assert hashed(Image("https://a.test/1.png", caption="one")) == hashed(Image("https://a.test/1.png", caption="two"))
    assert hashed(Image("https://a.test/1.png")) != hashed(Image("https://a.test/2.png"))
    assert hashed(Text("one")) == hashed(Text("one"), to="+2250700000002")
    assert hashed(Text("one")) != hashed(Text("two"))


def test_a_policy_is_a_policy() -> None:
    with pytest.raises(BotMistake, match="policy"):
        Bot(Router("r"), policy="careful")  # type: ignore[arg-type]  # what is tested


async def test_why_it_is_not_sent_is_told_without_words_or_phone(
    conversation: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    chat = await conversation(club())
    await chat.says("hello")
    await queue(chat, "secret offer", "marketing")

    await chat.wait(minutes=1)

    said = [one.getMessage() for one in caplog.records if "no_consent" in one.getMessage()]
    assert len(said) == 1
    assert chat.phone not in caplog.text.replace(f"secret-offer-{chat.phone}", "")
    kept = await chat._store.reasons.read(chat.phone)
    assert [one.said["why"] for one in kept if one.said["kind"] == "dropped"] == ["no_consent"]


def test_only_the_sender_hands_a_message_to_msgflash_and_only_after_the_gate() -> None:
    root = Path(flashbot.__file__).parent
    raw = sorted(
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "send_raw"
    )
    sender = ast.parse((root / "engine/sender.py").read_text())
    calls = {
        function.name: [ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)]
        for function in ast.walk(sender)
        if isinstance(function, ast.AsyncFunctionDef)
    }

    assert raw == ["engine/postman.py"]
    assert [name for name, called in calls.items() if "self._post.send" in called] == ["_send"]
    assert [name for name, called in calls.items() if "self._send" in called] == ["_deliver"]
    assert calls["_deliver"].index("self._gate.check") < calls["_deliver"].index("self._send")
