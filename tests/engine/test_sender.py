"""Sends under every fault MsgFlash can have: none lost, none doubled, each contact's in order."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from datetime import datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from flashbot import Bot, Drip, Router, Turn
from flashbot.clock import ManualClock, to_ms
from flashbot.dialogue.memory import Memory
from flashbot.engine.doubt import Doubt, Row, resending
from flashbot.engine.outbox import Outgoing
from flashbot.engine.pace import SharedPace
from flashbot.engine.patience import Patience
from flashbot.engine.postman import Look, Postman
from flashbot.engine.sender import Sender
from flashbot.engine.tally import Tally
from flashbot.errors import StoreAway
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import NotSent, OutcomeUnknown, error_for
from flashbot.msgflash.transport import Request, Response
from flashbot.outreach.policy import Limits
from flashbot.store.deadletters import DeadLetter, DeadLetters
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Lane, Later
from flashbot.testing.acquainting import acquaint
from flashbot.testing.any_time import ANY_TIME

AWA, BEN = "+2250700000001", "+2250700000002"


def parrot() -> Bot:
    """Says each line of what it hears, as a message of its own."""
    router: Router[None] = Router("parrot")
    drip = Drip("tips").send("tip", after=timedelta(hours=1)).send("next tip", after=timedelta(hours=1))

    @router.intent("join", examples=["join"])
    async def join(turn: Turn[None]) -> None:
        turn.start(drip)

    @router.fallback
    async def say(turn: Turn[None]) -> None:
        for line in turn.text.splitlines():
            turn.reply(line)

    return Bot(router, drips=[drip])


@pytest.fixture
async def chat(conversation: Any) -> Any:
    return await conversation(parrot())


def texts(chat: Any) -> list[str]:
    return [heard.text for heard in chat.sent]


async def test_too_fast_sends_the_same_message_again_and_keeps_the_order(chat: Any) -> None:
    chat.world.faults.rate_limit(times=3)
    await chat.says("one\ntwo\nthree")
    at_once = texts(chat)

    await chat.wait(seconds=10)

    assert at_once == []
    assert texts(chat) == ["one", "two", "three"]


async def test_a_server_error_before_accepting_is_sent_again_after_two_looks(chat: Any) -> None:
    chat.world.faults.error_before()
    begun = chat.clock.now()
    await chat.says("one\ntwo")

    await chat.wait(seconds=119)
    before = texts(chat)
    await chat.wait(seconds=5)

    assert before == []
    assert texts(chat) == ["one", "two"]
    sent_at = datetime.fromisoformat(str(chat.sent[0].fields["createdAt"]))
    assert 120 <= (sent_at - begun).total_seconds() < 122


async def test_a_broken_connection_before_accepting_is_sent_again_once(chat: Any) -> None:
    chat.world.faults.drop_before()
    await chat.says("one")

    await chat.wait(minutes=10)

    assert texts(chat) == ["one"]
    assert await chat.dead_letters() == []


@pytest.mark.parametrize("fault", ["hang_after", "drop_after", "error_after"])
async def test_what_was_accepted_without_an_answer_is_found_and_never_sent_again(chat: Any, fault: str) -> None:
    getattr(chat.world.faults, fault)()
    await chat.says("one\ntwo")
    at_once = texts(chat)

    await chat.wait(seconds=31)
    after_a_look = texts(chat)
    await chat.wait(hours=1)

    assert at_once == ["one"]
    assert after_a_look == ["one", "two"]
    assert texts(chat) == ["one", "two"]
    assert await chat.dead_letters() == []


async def test_of_two_equal_messages_one_found_does_not_stand_for_the_other(chat: Any) -> None:
    chat.world.faults.hang_after()
    chat.world.faults.drop_before()
    await chat.says("same\nsame")

    await chat.wait(hours=1)

    assert texts(chat) == ["same", "same"]


async def test_an_equal_message_of_yesterday_does_not_stand_for_todays(chat: Any) -> None:
    await chat.says("good morning")
    await chat.wait(days=1)
    chat.world.faults.drop_before()
    await chat.says("good morning")

    await chat.wait(hours=1)

    assert texts(chat) == ["good morning", "good morning"]


async def test_what_gets_no_answer_twice_is_unknown_and_the_contact_goes_on(chat: Any) -> None:
    chat.world.faults.drop_before(times=2)
    await chat.says("lost\nkept")

    await chat.wait(hours=1)

    (letter,) = await chat.dead_letters()
    assert letter.queue == "reply"
    assert "no answer" in letter.reason["why"]
    assert Outgoing.unpack(letter.entry).fields()["text"] == "lost"
    assert texts(chat) == ["kept"]


async def test_a_message_that_msgflash_refuses_is_kept_and_the_contact_goes_on(chat: Any) -> None:
    chat.world.faults.invalid_destination()
    await chat.says("refused\nkept")

    (letter,) = await chat.dead_letters()
    assert letter.reason["code"] == "INVALID_DESTINATION"
    assert Outgoing.unpack(letter.entry).fields()["text"] == "refused"
    assert texts(chat) == ["kept"]
    await chat.wait(hours=1)
    assert texts(chat) == ["kept"]


async def test_without_quota_messages_wait_and_leave_in_order_when_there_is_some(chat: Any) -> None:
    chat.world.faults.quota_exceeded(times=3)
    await chat.says("one")
    await chat.says("two")
    await chat.wait(hours=2, minutes=59)
    waiting = texts(chat)

    await chat.wait(minutes=2)

    assert waiting == []
    assert texts(chat) == ["one", "two"]
    assert await chat.dead_letters() == []


async def test_a_drip_that_got_no_answer_is_never_sent_again(chat: Any) -> None:
    await chat.says("join")
    chat.world.faults.drop_before()

    await chat.wait(hours=1, minutes=30)
    first = texts(chat)
    await chat.wait(days=1)

    assert first == []
    assert texts(chat) == ["next tip"]
    assert await chat.dead_letters() == []


async def test_a_drip_that_was_accepted_without_an_answer_is_there_once(chat: Any) -> None:
    await chat.says("join")
    chat.world.faults.hang_after()

    await chat.wait(days=1)

    assert texts(chat) == ["tip", "next tip"]


async def test_a_reply_does_not_wait_for_a_doubtful_drip(chat: Any) -> None:
    await chat.says("join")
    chat.world.faults.drop_before()
    await chat.wait(hours=1, seconds=1)

    await chat.says("hello")

    assert chat.replies == ["hello"]


async def test_other_contacts_do_not_wait_for_a_doubtful_message(chat: Any) -> None:
    chat.world.faults.drop_before()
    await chat.says("one")

    chat.world.says(BEN, "two")
    await chat.wait(seconds=1)

    assert [message["body"] for message in chat.world.heard(BEN)] == ["two"]


async def test_through_all_faults_each_message_arrives_once_and_in_order(chat: Any) -> None:
    faults = chat.world.faults
    wanted = []
    for round_ in range(4):
        for name in ("rate_limit", "error_before", "hang_after", "quota_exceeded", "drop_after", "error_after"):
            getattr(faults, name)()
            if name == "error_before":
                faults.rate_limit()
            wanted.append(f"{round_}-{name}")
    await chat.says("\n".join(wanted))

    await chat.wait(days=2)

    letters = [letter.reason["why"] for letter in await chat.dead_letters()]
    late = {text for text in wanted if text not in texts(chat)}
    assert texts(chat) == [text for text in wanted if text not in late]
    assert len(letters) == len(late)
    assert all("no answer" in why for why in letters), "only an old reply without an answer may end as unknown"


async def test_a_reply_too_old_to_repeat_unasked_is_kept_for_a_person(chat: Any) -> None:
    """Everything stood still for ten minutes between the silence and the looks."""
    chat.world.faults.drop_before()
    await chat.says("old news")
    chat.clock.advance(timedelta(minutes=10))

    await chat.wait(hours=1)

    assert texts(chat) == []
    assert len(await chat.dead_letters()) == 1


# -- the sender alone, with MsgFlash's answers in the test's hand


class Post:
    """Answers each send with the next of `answers`, then accepts; its list shows what it accepted."""

    def __init__(self, clock: ManualClock, *answers: Exception | None) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.sent: list[tuple[str, datetime]] = []
        self.tries: list[datetime] = []
        self.accepted: list[Row] = []

    async def send(self, body: bytes) -> Row:
        fields = json.loads(body)
        self.tries.append(self.clock.now())
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception) and not isinstance(answer, OutcomeUnknown):
            raise answer
        row = Row(
            f"vendor-{len(self.accepted)}", fields["to"], fields["instanceId"], fields["type"], fields["text"],
            None, True, self.clock.now(),
        )  # fmt: skip
        self.accepted.append(row)
        self.sent.append((fields["text"], self.clock.now()))
        if answer is not None:
            raise answer
        return row

    async def look(self, instance: str | None, *, since: datetime, now_ms: int, due_ms: int) -> Look:
        return Look(self.accepted[::-1], now_ms)

    async def row(self, message_id: str, *, now_ms: int) -> Row | None:
        return next((row for row in self.accepted if row.id == message_id), None)


async def queue(store: Store, clock: ManualClock, text: str, *, to: str = AWA, lane: Lane = "reply") -> None:
    body = json.dumps({"instanceId": "i", "to": to, "type": "text", "text": text}).encode()
    cls: Any = "reply" if lane == "reply" else "follow_up"
    entry = Outgoing(f"id-{len(text)}/0", cls, to_ms(clock.now()), body).pack()
    await store.post(lane, "", to, entry)


class Strict:
    """A platform that refuses the first request for being too fast; `asked` are the moments."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.asked: list[datetime] = []

    async def send(self, request: Request) -> Response:
        self.asked.append(self._clock.now())
        if len(self.asked) == 1:
            return Response(429, {"Retry-After": "1"}, b'{"error":{"code":"API_RATE_LIMIT_EXCEEDED","message":""}}')
        return Response(201, {}, b'{"data":{"id":"m-%d","status":"queued"}}' % len(self.asked))


def sender_of(store: Store, post: Post, clock: ManualClock, *, per_second: float = 0) -> Sender:
    pace = SharedPace(store, clock, api_key="k", per_second=per_second)
    return Sender(store, post, pace, clock, patience=Patience(), hands=4, tally=Tally(), policy=ANY_TIME)


async def send(sender: Sender) -> None:
    while await sender.step():
        await sender.slots.finish()


async def dead(store: Store) -> list[DeadLetter]:
    return [letter async for letter in DeadLetters(store._runner, store).list()]  # type: ignore[arg-type]  # both runners take commands


async def test_what_could_not_leave_is_tried_again_with_growing_waits(store: Store, clock: ManualClock) -> None:
    post = Post(clock, *[NotSent("no connection", call="POST /messages/send")] * 9)
    sender = sender_of(store, post, clock)
    await queue(store, clock, "one")
    await queue(store, clock, "two")

    for _ in range(400):
        await send(sender)
        clock.advance(timedelta(seconds=0.5))

    waits = [(b - a).total_seconds() for a, b in pairwise(post.tries)]
    longest = [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert all(0.75 * most <= wait <= most + 0.5 for wait, most in zip(waits, longest, strict=False))
    assert [text for text, _ in post.sent] == ["one", "two"]


async def test_replies_leave_before_drips(store: Store, clock: ManualClock) -> None:
    post = Post(clock)
    await acquaint(store, AWA, instance="i")
    sender = sender_of(store, post, clock, per_second=10)
    await queue(store, clock, "drip", to=AWA, lane="drip")
    await queue(store, clock, "reply", to=BEN)

    for _ in range(4):
        step = asyncio.create_task(sender.step())
        for _ in range(5):
            await asyncio.sleep(0.001)
        clock.advance(timedelta(seconds=1))
        await step
        await sender.slots.finish()

    assert [text for text, _ in post.sent] == ["reply", "drip"]


async def test_after_too_many_requests_nobody_with_this_key_sends_before_the_pause_is_over(clock: ManualClock) -> None:
    store = Store(FakeRunner(), now_ms=lambda: to_ms(clock.now()))
    pace = SharedPace(store, clock, api_key="k", per_second=100)
    platform = Strict(clock)
    client = Client(api_key="k", transport=platform, rate=pace, clock=clock)
    post = Postman(client, clock, timeout=20, fresh=5)
    sender = Sender(store, post, pace, clock, patience=Patience(), hands=4, tally=Tally())
    await queue(store, clock, "one", to=AWA)
    await queue(store, clock, "two", to=BEN)

    while len(platform.asked) < 3:
        step = asyncio.create_task(sender.step())
        while not step.done():
            await asyncio.sleep(0.001)
            clock.advance(timedelta(seconds=0.01))
        await sender.slots.finish()
        clock.advance(timedelta(seconds=0.01))

    refused, *later = platform.asked
    assert min(later) - refused >= timedelta(seconds=1)


ACCOUNT = {
    "a key revoked": error_for(401, b'{"error":{"code":"UNAUTHORIZED"}}', "POST /messages/send"),
    "401 without a word": error_for(401, b"", "POST /messages/send"),
    "401 of a code we do not know": error_for(401, b'{"error":{"code":"KEY_EXPIRED"}}', "POST /messages/send"),
    "team key not allowed": error_for(401, b'{"error":{"code":"TEAM_KEY_NOT_ALLOWED"}}', "POST /messages/send"),
    "403 without a word": error_for(403, b"", "POST /messages/send"),
    "forbidden": error_for(403, b'{"error":{"code":"FORBIDDEN"}}', "POST /messages/send"),
    "subscription": error_for(403, b'{"error":{"code":"SUBSCRIPTION_INACTIVE"}}', "POST /messages/send"),
    "e-mail not verified": error_for(403, b'{"error":{"code":"EMAIL_NOT_VERIFIED"}}', "POST /messages/send"),
    "no keys on this plan": error_for(
        403, b'{"error":{"code":"API_KEYS_NOT_AVAILABLE_ON_PLAN"}}', "POST /messages/send"
    ),
}


@pytest.mark.parametrize("fault", ACCOUNT.values(), ids=ACCOUNT.keys())
async def test_while_the_account_is_refused_messages_wait_and_are_asked_for_every_minute(
    clock: ManualClock, fault: Exception
) -> None:
    store = Store(FakeRunner(), now_ms=lambda: to_ms(clock.now()))
    post = Post(clock, fault, fault)
    sender = sender_of(store, post, clock)
    await queue(store, clock, "one")

    await send(sender)
    clock.advance(timedelta(seconds=59))
    await send(sender)
    tries = len(post.tries)
    for _ in range(3):
        clock.advance(timedelta(seconds=60))
        await send(sender)

    assert tries == 1
    assert [text for text, _ in post.sent] == ["one"]


REFUSED = {
    "instance gone": error_for(404, b'{"error":{"code":"NOT_FOUND"}}', "POST /messages/send"),
    "bad body": error_for(400, b'{"error":{"code":"VALIDATION_ERROR"}}', "POST /messages/send"),
    "bad number": error_for(422, b'{"error":{"code":"INVALID_DESTINATION"}}', "POST /messages/send"),
}


@pytest.mark.parametrize("fault", REFUSED.values(), ids=REFUSED.keys())
async def test_a_refusal_of_the_message_buries_it_and_sends_the_next(clock: ManualClock, fault: Exception) -> None:
    store = Store(FakeRunner(), now_ms=lambda: to_ms(clock.now()))
    post = Post(clock, fault)
    sender = sender_of(store, post, clock)
    await queue(store, clock, "one")
    await queue(store, clock, "two")

    await send(sender)

    assert [text for text, _ in post.sent] == ["two"]
    assert len(await dead(store)) == 1


async def test_a_request_that_would_start_after_its_deadline_is_not_made(store: Store, clock: ManualClock) -> None:
    post = Post(clock)
    sender = sender_of(store, post, clock)
    await queue(store, clock, "one")
    asked_at = clock.monotonic()
    _, (taken,) = await store.take(("reply",), lease_ms=90_000, most=1)
    clock.advance(timedelta(seconds=21))

    assert sender.slots.claim()
    sender.adopt(taken, asked_at)
    await sender.slots.finish()
    unsent = list(post.sent)
    await send(sender)

    assert unsent == []
    assert [text for text, _ in post.sent] == ["one"], "it is certain that nothing left, so it goes out at once"


async def test_a_message_whose_sender_died_is_looked_for_before_it_is_sent(store: Store, clock: ManualClock) -> None:
    post = Post(clock)
    await queue(store, clock, "one")
    await store.take(("reply",), lease_ms=90_000, most=1)
    clock.advance(timedelta(seconds=90))
    sender = sender_of(store, post, clock)

    await send(sender)
    unsent = list(post.sent)
    clock.advance(timedelta(seconds=31))
    await send(sender)

    assert unsent == []
    assert [text for text, _ in post.sent] == ["one"]


async def test_a_message_whose_sender_died_after_it_was_accepted_is_not_sent_again(
    store: Store, clock: ManualClock
) -> None:
    post = Post(clock)
    await queue(store, clock, "one")
    _, (taken,) = await store.take(("reply",), lease_ms=90_000, most=1)
    await post.send(Outgoing.unpack(taken.entry).body)
    clock.advance(timedelta(seconds=90))

    sender = sender_of(store, post, clock)
    for _ in range(10):
        await send(sender)
        clock.advance(timedelta(minutes=1))

    assert [text for text, _ in post.sent] == ["one"]


async def test_a_notice_that_is_sent_again_takes_what_is_known_of_its_first_try_to_no_other_lane(
    store: Store, clock: ManualClock
) -> None:
    post = Post(clock)
    body = json.dumps({"instanceId": "i", "to": AWA, "type": "text", "text": "one"}).encode()
    await store.post("reply", "", AWA, Outgoing("notice", "service", to_ms(clock.now()), body).pack())
    _, (taken,) = await store.take(("reply",), lease_ms=90_000, most=1)
    await store.commit(taken, Later(0, note=resending(Doubt(parked=True)).dump()))
    memory = Memory()
    memory.hand_off("desk", "", to_ms(clock.now()), to_ms(clock.now() + timedelta(hours=2)))
    await store.people.amend(AWA, lambda _: memory.dump())

    await send(sender_of(store, post, clock))

    assert [text for text, _ in post.sent] == ["one"]


class Full:
    """A runner whose server has no memory left: it refuses what would only add to it, and lets go what frees some."""

    def __init__(self) -> None:
        self.fake = FakeRunner()
        self.full = False

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        if self.full and (name == "ledger" or (name == "number" and args[1] != "read")):
            raise StoreAway("The store refuses for now: OOM command not allowed.")
        return await self.fake.run(name, tag, args)


class Telling(Post):
    """Says how the number is beside each answer."""

    async def send(self, body: bytes) -> Any:
        row = await super().send(body)
        return SimpleNamespace(id=row.id, safety={"state": "stable", "score": 90})


@pytest.mark.parametrize("looked_for", [False, True])
async def test_a_full_store_does_not_keep_a_reply_that_left(clock: ManualClock, *, looked_for: bool) -> None:
    runner = Full()
    store = Store(runner, now_ms=lambda: to_ms(clock.now()))
    post = Telling(clock)
    await queue(store, clock, "one")
    if looked_for:
        _, (taken,) = await store.take(("reply",), lease_ms=90_000, most=1)
        await post.send(Outgoing.unpack(taken.entry).body)
        clock.advance(timedelta(seconds=90))
    runner.full = True
    sender = sender_of(store, post, clock)

    for _ in range(10):
        step = asyncio.create_task(send(sender))
        await asyncio.wait([step], timeout=0.05)
        step.cancel()
        clock.advance(timedelta(minutes=1))

    assert [text for text, _ in post.sent] == ["one"]
    assert await runner.fake.command("EXISTS", "{fb:0}:reply:box:" + AWA) == 0


class AwayAtBound:
    """A runner whose server is away the first time somebody asks what is bound."""

    def __init__(self) -> None:
        self.fake = FakeRunner()
        self.times = 1

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        if name == "bound" and self.times:
            self.times -= 1
            raise StoreAway("No Redis or Valkey answers.")
        return await self.fake.run(name, tag, args)


async def test_a_look_while_the_store_is_away_is_made_again(clock: ManualClock) -> None:
    store = Store(AwayAtBound(), now_ms=lambda: to_ms(clock.now()))
    post = Post(clock, OutcomeUnknown("no answer", call="POST /messages/send"))
    sender = sender_of(store, post, clock)
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    await queue(store, clock, "one")
    await queue(store, clock, "two")

    for _ in range(20):
        step = asyncio.create_task(send(sender))
        for _ in range(20):
            await asyncio.sleep(0)
        clock.advance(timedelta(seconds=10))
        await step
    gc.collect()

    assert [text for text, _ in post.sent] == ["one", "two"]
    assert faults == [], "a task of the sender died"


async def test_the_log_names_no_number_and_no_words(clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(FakeRunner(), now_ms=lambda: to_ms(clock.now()))
    refusal = error_for(
        422, json.dumps({"error": {"code": "INVALID_DESTINATION", "message": f"{AWA} is no number"}}).encode(), "POST"
    )
    post = Post(clock, refusal, OutcomeUnknown("no answer", call="POST /messages/send"))
    sender = sender_of(store, post, clock)
    await queue(store, clock, "my salary")
    await queue(store, clock, "my salary")

    with caplog.at_level(logging.DEBUG):
        await send(sender)

    assert "refused" in caplog.text
    assert "no answer" in caplog.text
    assert AWA[4:] not in caplog.text
    assert "salary" not in caplog.text


async def test_no_more_requests_are_under_way_than_there_are_hands(clock: ManualClock) -> None:
    store = Store(FakeRunner(), now_ms=lambda: to_ms(clock.now()))
    running, most = 0, 0

    class Counting(Post):
        async def send(self, body: bytes) -> Row:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            return await super().send(body)

    post = Counting(clock)
    sender = sender_of(store, post, clock)
    for n in range(10):
        await queue(store, clock, f"{n}", to=f"+22507000000{n:02}")
    for n in range(3):
        await queue(store, clock, f"{n} again", to=f"+22507000000{n:02}")

    await send(sender)

    assert most == 4
    assert len(post.sent) == 13


class Looking(Post):
    """Looks at each request into the number's ledger, as somebody would whose process dies right then."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        super().__init__(clock)
        self._store = store
        self.counted: list[int] = []

    async def send(self, body: bytes) -> Row:
        pace = SharedPace(self._store, self.clock, api_key="k", per_second=0)
        self.counted.append((await self._store.ledgers.counts(pace.tag, "i")).hour)
        return await super().send(body)


async def test_an_answer_is_counted_before_its_request_so_that_a_death_in_it_hides_none(
    store: Store, clock: ManualClock
) -> None:
    post = Looking(store, clock)
    await queue(store, clock, "one")
    await queue(store, clock, "other", to=BEN)

    await send(sender_of(store, post, clock))

    assert sorted(text for text, _ in post.sent) == ["one", "other"]
    assert post.counted[0] >= 1
    assert post.counted[1] == 2


PLENTY = Limits(
    hour=99, day=99, recipients_hour=99, recipients_day=99, new_hour=99, new_day=99, proactive_hour=99,
    proactive_day=99, cold_ratio=1.0, identical_hour=9, median_gap_ms=0, rest_after=(0, 0), rest_ms=(0, 0),
    campaign_recipients=99,
)  # fmt: skip


def tip(clock: ManualClock, *, source: str = "drip:tips") -> Outgoing:
    body = json.dumps({"instanceId": "i", "to": AWA, "type": "text", "text": "tip"}).encode()
    return Outgoing("tip/0", "follow_up", to_ms(clock.now()), body, source)


async def after_a_death(sender: Sender, clock: ManualClock) -> None:
    clock.advance(timedelta(seconds=91))
    for _ in range(10):
        await send(sender)
        clock.advance(timedelta(seconds=30))


async def test_a_drip_that_a_dead_process_had_not_begun_to_send_is_sent(store: Store, clock: ManualClock) -> None:
    post = Post(clock)
    await acquaint(store, AWA, instance="i")
    await store.post("drip", "", AWA, tip(clock).pack())
    await store.take(("drip",), lease_ms=90_000, most=1)

    await after_a_death(sender_of(store, post, clock), clock)

    assert [text for text, _ in post.sent] == ["tip"]


@pytest.mark.parametrize("how", ["granted", "sent by an older flashbot"])
async def test_a_drip_that_a_dead_process_may_have_sent_is_not_sent_again(
    store: Store, clock: ManualClock, how: str
) -> None:
    post = Post(clock)
    sender = sender_of(store, post, clock)
    await acquaint(store, AWA, instance="i")
    message = tip(clock, source="drip:tips" if how == "granted" else "")
    await store.post("drip", "", AWA, message.pack())
    await store.take(("drip",), lease_ms=90_000, most=1)
    if how == "granted":
        key_tag = SharedPace(store, clock, api_key="k", per_second=0).tag
        await store.ledgers.reserve(key_tag, "i", message.id, AWA, "follow_up", "", message.source, PLENTY, 0, (0, 0))

    await after_a_death(sender, clock)

    assert post.tries == []


async def test_whoever_finds_the_grant_of_another_gives_it_back_to_nobody(store: Store, clock: ManualClock) -> None:
    post = Post(clock, NotSent("no connection", call="POST /messages/send"))
    sender = sender_of(store, post, clock)
    await acquaint(store, AWA, instance="i")
    message = tip(clock)
    key_tag = SharedPace(store, clock, api_key="k", per_second=0).tag
    await store.ledgers.reserve(key_tag, "i", message.id, AWA, "follow_up", "", message.source, PLENTY, 0, (0, 0))
    await store.post("drip", "", AWA, message.pack())

    await sender.step()
    await sender.slots.finish()

    assert len(post.tries) == 1
    assert (await store.ledgers.counts(key_tag, "i")).held == 1
