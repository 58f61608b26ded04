"""A send without an answer, to its end: what speaks for it, how it is looked for, and what its class makes of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, get_args

import pytest

from flashbot.clock import Clock, ManualClock, to_ms
from flashbot.engine.doubt import Row
from flashbot.engine.outbox import MessageClass, Outgoing, lane_of
from flashbot.engine.pace import SharedPace
from flashbot.engine.patience import Patience
from flashbot.engine.postman import Look, Postman
from flashbot.engine.sender import Sender
from flashbot.engine.tally import Tally
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import OutcomeUnknown, RateLimited
from flashbot.msgflash.transport import Request, Response
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.store.deadletters import DeadLetter, DeadLetters
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.testing.acquainting import acquaint, agree, trust
from flashbot.testing.any_time import ANY_TIME
from flashbot.testing.sandbox import SandboxTransport

AWA = "+2250700000001"
EVENTS = ("ambiguous", "resolved_webhook", "resolved_list", "resent", "dropped", "unknown")


@dataclass(frozen=True, slots=True)
class Accepted:
    id: str


class MsgFlash:
    """Takes each send as the next of `fates` says: "heard" (a 201), "silent" (lost, no answer), "deaf" (accepted, no
    answer), "limited" (a 429).

    `shows` is whether it lists what it accepted, `knows` whether it tells of one by its id."""

    def __init__(self, clock: Clock, *fates: str, shows: bool = True, knows: bool = True) -> None:
        self.clock = clock
        self.fates = list(fates)
        self.shows = shows
        self.knows = knows
        self.accepted: list[Row] = []
        self.tries: list[datetime] = []
        self.looks: list[datetime] = []
        self.asked: list[str] = []

    async def send(self, body: bytes) -> Accepted:
        self.tries.append(self.clock.now())
        fate = self.fates.pop(0) if self.fates else "heard"
        if fate == "limited":
            raise RateLimited("too fast", call="POST /messages/send", retry_after=60.0)
        if fate == "silent":
            raise OutcomeUnknown("no answer", call="POST /messages/send")
        row = self.accept(json.loads(body))
        if fate == "deaf":
            raise OutcomeUnknown("no answer", call="POST /messages/send")
        return Accepted(row.id)

    def accept(self, fields: dict[str, Any]) -> Row:
        row = Row(
            f"vendor-{len(self.accepted)}", fields["to"], fields["instanceId"], "text", fields["text"], None, True,
            self.clock.now(),
        )  # fmt: skip
        self.accepted.append(row)
        return row

    async def look(self, instance: str | None, *, since: datetime, now_ms: int, due_ms: int) -> Look:
        self.looks.append(self.clock.now())
        return Look(self.accepted[::-1] if self.shows else [], now_ms)

    async def row(self, message_id: str, *, now_ms: int) -> Row | None:
        self.asked.append(message_id)
        return next((row for row in self.accepted if self.knows and row.id == message_id), None)

    @property
    def texts(self) -> list[str]:
        return [str(row.body) for row in self.accepted]


@dataclass
class Office:
    """A sender and the store it works on."""

    clock: ManualClock
    store: Store
    post: Any
    tally: Tally
    sender: Sender
    serial: int = 0

    async def queue(self, text: str, cls: MessageClass = "reply", *, to: str = AWA) -> None:
        self.serial += 1
        body = json.dumps({"instanceId": "i", "to": to, "type": "text", "text": text}).encode()
        if lane_of(cls) == "drip" and cls != "cold":
            await acquaint(self.store, to, instance="i")
        elif cls == "cold":
            await trust(self.store, "i")
            await agree(self.commands, self.store, to, "marketing", "yes", to_ms(self.clock.now()))
        entry = Outgoing(f"event-{self.serial}/0", cls, to_ms(self.clock.now()), body).pack()
        await self.store.post(lane_of(cls), "", to, entry)

    @property
    def commands(self) -> Any:
        return self.store._runner

    async def send(self) -> None:
        while await self.sender.step():
            await self.sender.slots.finish()

    async def wait(self, seconds: float) -> None:
        """Let it pass, from one thing that is due to the next."""
        until = self.clock.now() + timedelta(seconds=seconds)
        runner: Any = self.store._runner
        await self.send()
        while (due := runner.next_due(self.store.tags)) is not None:
            ahead = timedelta(milliseconds=max(1, due - int(self.store._now())))
            if self.clock.now() + ahead > until:
                break
            self.clock.advance(ahead)
            await self.send()
        self.clock.move_to(until)
        await self.send()

    async def die(self, cls: MessageClass = "reply", *, accepted: bool) -> None:
        """An owner takes the message and is never heard of again; its lease runs out."""
        _, (taken,) = await self.store.take((lane_of(cls),), lease_ms=90_000, most=1)
        if accepted:
            self.post.accept(Outgoing.unpack(taken.entry).fields())
        self.clock.advance(timedelta(seconds=90))

    async def tell(self, vendor_id: str, status: str = "sent", *, instance: str | None = "i") -> None:
        await self.store.note_status(AWA, vendor_id, status, instance=instance)

    async def dead(self) -> list[DeadLetter]:
        runner: Any = self.store._runner
        return [letter async for letter in DeadLetters(runner, self.store).list()]

    @property
    def counted(self) -> dict[str, int]:
        return {what: self.tally.counts[what] for what in EVENTS if self.tally.counts[what]}


def open_office(store: Store, clock: ManualClock, post: Any, *, hands: int = 4) -> Office:
    tally = Tally()
    pace = SharedPace(store, clock, api_key="k", per_second=0)
    sender = Sender(store, post, pace, clock, patience=Patience(), hands=hands, tally=tally, policy=ANY_TIME)
    return Office(clock, store, post, tally, sender)


@pytest.fixture
def office(clock: ManualClock) -> Any:
    """On fakeredis, where what is shown is the engine's doing; the scripts have tests on both servers."""

    def made(*fates: str, **more: Any) -> Office:
        store = Store(FakeRunner(), now_ms=lambda: to_ms(clock.now()))
        return open_office(store, clock, MsgFlash(clock, *fates, **more))

    return made


# -- the table: by class, by what became of the owner, by how often MsgFlash kept silent

PARKED = "parked"
CRASHED = "crashed"
ENDS: dict[str, dict[str, tuple[int, dict[str, int]]]] = {
    # class -> what was silent: the times that MsgFlash was asked to send it, and what was counted
    "reply": {
        "once": (2, {"ambiguous": 1, "resent": 1}),
        "always": (2, {"ambiguous": 2, "resent": 1, "unknown": 1}),
    },
    "critical": {
        "once": (2, {"ambiguous": 1, "resent": 1}),
        "always": (2, {"ambiguous": 2, "resent": 1, "unknown": 1}),
    },
    "follow_up": {
        "once": (1, {"ambiguous": 1, "dropped": 1}),
        "always": (1, {"ambiguous": 1, "dropped": 1}),
    },
}
ENDS["service"] = ENDS["reply"]
ENDS["marketing"] = ENDS["cold"] = ENDS["follow_up"]


@pytest.mark.parametrize("silent", ["once", "always"])
@pytest.mark.parametrize("owner", [PARKED, CRASHED])
@pytest.mark.parametrize("cls", get_args(MessageClass))
async def test_each_class_ends_as_the_table_says(office: Any, cls: MessageClass, owner: str, silent: str) -> None:
    lost = 1 if silent == "once" else 9
    desk = office(*["silent"] * (lost if owner == PARKED else lost - 1))
    await desk.queue("hello", cls)
    if owner == CRASHED:
        await desk.die(cls, accepted=False)

    await desk.wait(600)

    tries, counted = ENDS[cls][silent]
    assert len(desk.post.tries) + (owner == CRASHED) == tries
    assert desk.counted == counted
    assert len(await desk.dead()) == counted.get("unknown", 0)


@pytest.mark.parametrize("owner", [PARKED, CRASHED])
@pytest.mark.parametrize("cls", get_args(MessageClass))
async def test_what_was_accepted_is_found_by_the_first_look_whatever_its_class(
    office: Any, cls: MessageClass, owner: str
) -> None:
    desk = office("deaf")
    await desk.queue("hello", cls)
    if owner == CRASHED:
        await desk.die(cls, accepted=True)

    await desk.wait(600)

    assert desk.post.texts == ["hello"]
    assert len(desk.post.looks) == 1
    assert desk.counted == {"ambiguous": 1, "resolved_list": 1}


LOOKS: dict[tuple[str, str], list[int]] = {
    ("reply", PARKED): [30, 120],
    ("reply", CRASHED): [90, 120],
    ("critical", PARKED): [30],
    ("critical", CRASHED): [90],
    ("marketing", PARKED): [30, 120],
    ("marketing", CRASHED): [90, 120],
}


@pytest.mark.parametrize(("cls", "owner"), LOOKS)
async def test_it_is_looked_for_at_its_times_and_sent_again_right_after(office: Any, cls: Any, owner: str) -> None:
    desk = office("silent" if owner == PARKED else "heard")
    begun = desk.clock.now()
    await desk.queue("hello", cls)
    if owner == CRASHED:
        await desk.die(cls, accepted=False)

    await desk.wait(600)

    wanted = LOOKS[cls, owner]
    assert [(at - begun).total_seconds() for at in desk.post.looks] == wanted
    resends = [(at - begun).total_seconds() for at in desk.post.tries if at > begun]
    assert resends == ([] if cls == "marketing" else wanted[-1:])


async def test_accepted_after_our_time_out_and_the_first_look_it_is_found_by_the_second(office: Any) -> None:
    desk = office("silent")
    await desk.queue("hello")
    await desk.wait(60)
    desk.post.accept({"to": AWA, "instanceId": "i", "text": "hello"})

    await desk.wait(600)

    assert desk.post.texts == ["hello"]
    assert desk.counted == {"ambiguous": 1, "resolved_list": 1}


async def test_an_answer_that_has_grown_old_is_not_sent_again_but_a_critical_one_is(office: Any) -> None:
    """Nobody was there for ten minutes after the silence."""
    desk = office("silent", "silent")
    await desk.queue("old news")
    await desk.queue("code 1234", "critical", to="+2250700000002")
    await desk.send()
    desk.clock.advance(timedelta(minutes=10))

    await desk.wait(200)

    assert desk.post.texts == ["code 1234"]
    assert [Outgoing.unpack(letter.entry).fields()["text"] for letter in await desk.dead()] == ["old news"]


async def test_a_look_that_fails_does_not_count(office: Any) -> None:
    desk = office("silent")
    seen = desk.post.look
    fails = [True, True, False, True, False]

    async def look(*args: Any, **more: Any) -> Look:
        if fails and fails.pop(0):
            raise OutcomeUnknown("The list cannot be read.", call="GET /messages")
        found: Look = await seen(*args, **more)
        return found

    desk.post.look = look
    await desk.queue("hello")

    await desk.wait(400)

    assert len(desk.post.looks) == 2
    assert fails == []
    assert desk.post.texts == ["hello"]
    assert desk.counted == {"ambiguous": 1, "resent": 1}


# -- what a status tells


async def test_a_status_of_an_unknown_message_settles_a_doubt_at_once(office: Any) -> None:
    desk = office("deaf")
    await desk.queue("one")
    await desk.queue("two")
    await desk.wait(5)

    await desk.tell("vendor-0")
    await desk.send()

    assert desk.post.texts == ["one", "two"]
    assert desk.post.looks == []
    assert desk.post.asked == ["vendor-0"]
    assert desk.counted == {"ambiguous": 1, "resolved_webhook": 1}
    standing = await desk.store.standing(AWA, "vendor-0")
    assert standing is not None
    assert standing.message_id == "event-1/0"


async def test_a_status_that_came_before_the_doubt_settles_it_without_the_list(office: Any) -> None:
    desk = office()
    await desk.queue("one")
    _, (taken,) = await desk.store.take(("reply",), lease_ms=90_000, most=1)
    desk.post.accept(Outgoing.unpack(taken.entry).fields())
    await desk.tell("vendor-0")
    desk.clock.advance(timedelta(seconds=90))

    await desk.send()

    assert desk.post.texts == ["one"]
    assert desk.post.looks == []
    assert desk.counted == {"ambiguous": 1, "resolved_webhook": 1}


async def test_a_status_is_believed_where_msgflash_does_not_show_its_message(office: Any) -> None:
    desk = office("deaf", knows=False, shows=False)
    await desk.queue("one")
    await desk.wait(5)

    await desk.tell("vendor-0")
    await desk.wait(600)

    assert desk.post.texts == ["one"]
    assert desk.counted == {"ambiguous": 1, "resolved_webhook": 1}


NOT_BELIEVED: dict[str, dict[str, Any]] = {
    "of another instance": {"instance": "j"},
    "without an instance": {"instance": None},
    "too late": {"after": 170},
}


@pytest.mark.parametrize("odd", NOT_BELIEVED.values(), ids=NOT_BELIEVED.keys())
async def test_a_status_that_does_not_fit_is_not_believed_unseen(office: Any, odd: dict[str, Any]) -> None:
    """Nobody was there to look before."""
    desk = office("silent", knows=False, shows=False)
    await desk.queue("one", "follow_up")
    await desk.send()
    desk.clock.advance(timedelta(seconds=odd.get("after", 10)))

    await desk.tell("stranger", instance=odd.get("instance", "i"))
    await desk.wait(300)

    assert desk.post.texts == []
    assert desk.counted == {"ambiguous": 1, "dropped": 1}


async def test_a_status_of_a_message_with_other_words_settles_nothing_and_brings_no_look_forward(office: Any) -> None:
    desk = office("silent")
    begun = desk.clock.now()
    await desk.queue("one")
    await desk.wait(10)
    other = desk.post.accept({"to": AWA, "instanceId": "i", "text": "typed by a colleague"})

    for second, status in enumerate(("sent", "delivered", "read")):
        await desk.tell(other.id, status)
        await desk.wait(second + 1)
    early = list(desk.post.looks)
    await desk.wait(600)

    assert early == []
    assert [(at - begun).total_seconds() for at in desk.post.looks] == [30, 120]
    assert desk.post.asked == [other.id], "it is asked after once, whatever else is told of it"
    assert desk.post.texts == ["typed by a colleague", "one"]
    assert desk.counted == {"ambiguous": 1, "resent": 1}


async def test_the_same_words_from_before_settle_nothing(office: Any) -> None:
    """Sent by hand two hours ago, and read only now."""
    desk = office("silent")
    old = desk.post.accept({"to": AWA, "instanceId": "i", "text": "hello"})
    desk.clock.advance(timedelta(hours=2))
    await desk.queue("hello")
    await desk.wait(10)

    await desk.tell(old.id, "read")
    await desk.wait(600)

    assert desk.post.texts == ["hello", "hello"]
    assert desk.counted == {"ambiguous": 1, "resent": 1}


@pytest.mark.parametrize("knows", [True, False], ids=["shown", "not shown"])
@pytest.mark.parametrize("other", ["in doubt", "not answered yet"])
async def test_of_two_lanes_the_status_of_one_settles_not_the_other(office: Any, other: str, knows: bool) -> None:
    desk = office("silent", knows=knows)
    await desk.queue("reply")
    await desk.send()
    await desk.queue("drip", "follow_up")
    if other == "in doubt":
        desk.post.fates.append("deaf")
        await desk.send()
    else:
        _, (taken,) = await desk.store.take(("drip",), lease_ms=90_000, most=1)
        desk.post.accept(Outgoing.unpack(taken.entry).fields())

    await desk.tell("vendor-0")
    await desk.wait(600)

    assert sorted(desk.post.texts) == ["drip", "reply"]
    assert desk.counted["ambiguous"] == 2
    assert desk.counted["resent"] == 1


async def test_two_messages_that_look_the_same_do_not_share_one_row(office: Any) -> None:
    desk = office("deaf", "silent")
    await desk.queue("hello")
    await desk.queue("hello", "follow_up")

    await desk.wait(600)

    assert desk.counted in (
        {"ambiguous": 2, "resolved_list": 1, "dropped": 1},
        {"ambiguous": 2, "resolved_list": 1, "resent": 1},
    )


async def test_two_that_look_the_same_and_were_both_accepted_find_one_row_each(office: Any) -> None:
    desk = office("deaf", "deaf")
    await desk.queue("hello")
    await desk.queue("hello", "critical", to=AWA)
    await desk.queue("hello", "follow_up")

    await desk.wait(600)

    assert len(desk.post.texts) == 3
    assert desk.counted == {"ambiguous": 2, "resolved_list": 2}


async def test_a_resend_that_had_to_wait_is_not_made_when_a_status_came_meanwhile(office: Any) -> None:
    desk = office("deaf", "limited", shows=False)
    await desk.queue("one")
    await desk.wait(130)

    await desk.tell("vendor-0")
    await desk.wait(600)

    assert desk.post.texts == ["one"]
    assert desk.counted == {"ambiguous": 1, "resolved_webhook": 1}


async def test_a_store_whose_clock_jumps_back_neither_doubles_nor_waits_for_the_hour(clock: ManualClock) -> None:
    behind = timedelta()

    def now_ms() -> int:
        return to_ms(clock.now() - behind)

    world = MsgFlash(clock, "deaf")
    desk = open_office(Store(FakeRunner(), now_ms=now_ms), clock, _Translated(world, now_ms))
    await desk.queue("hello")
    await desk.send()
    behind = timedelta(hours=1)

    await desk.wait(300)

    assert world.texts == ["hello"]
    assert desk.counted == {"ambiguous": 1, "resolved_list": 1}


class _Translated:
    """MsgFlash, its times by the store's clock as the postman tells them."""

    def __init__(self, world: MsgFlash, now_ms: Any) -> None:
        self.world = world
        self.now_ms = now_ms
        self.send = world.send
        self.row = world.row

    async def look(self, instance: str | None, *, since: datetime, now_ms: int, due_ms: int) -> Look:
        found = await self.world.look(instance, since=since, now_ms=now_ms, due_ms=due_ms)
        ahead = timedelta(milliseconds=to_ms(self.world.clock.now()) - now_ms)
        return Look([replace(row, created=row.created and row.created - ahead) for row in found.rows], now_ms)


# -- against the sandbox, whose clock is not ours


@dataclass(frozen=True, slots=True)
class Wrong:
    """This host's clock, some hours off."""

    true: ManualClock
    ahead: timedelta

    def now(self) -> datetime:
        return self.true.now() + self.ahead

    def monotonic(self) -> float:
        return self.true.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self.true.sleep(seconds)


class Counting:
    """Counts the pages that are asked for."""

    def __init__(self, world: World) -> None:
        self.inner = SandboxTransport(world)
        self.pages = 0

    async def send(self, request: Request) -> Response:
        self.pages += request.call == "GET /messages"
        return await self.inner.send(request)


class NoRate:
    async def wait(self) -> None: ...

    async def pause(self, seconds: float) -> None: ...


def open_branch(clock: ManualClock, ahead: timedelta) -> tuple[World, Counting, Office]:
    """An office before the sandbox; its store goes by this host's clock, as the embedded one does."""
    host: Any = Wrong(clock, ahead)
    world = World(clock, Random(0), requests_per_second=0)
    wire = Counting(world)
    client = Client("http://sandbox.invalid", api_key=DEMO_KEY, transport=wire, rate=NoRate(), clock=host)
    store = Store(FakeRunner(), now_ms=lambda: to_ms(host.now()))
    desk = open_office(store, host, Postman(client, host, timeout=20, fresh=5))
    desk.clock = clock
    return world, wire, desk


async def write(desk: Office, text: str, *, to: str = AWA) -> None:
    body = json.dumps({"instanceId": DEMO_INSTANCE, "to": to, "type": "text", "text": text}).encode()
    desk.serial += 1
    entry = Outgoing(f"event-{desk.serial}/0", "reply", 0, body).pack()
    await desk.store.post("reply", "", to, entry)


def heard(world: World, phone: str = AWA) -> list[str]:
    return [str(message["body"]) for message in world.heard(phone)]


@pytest.mark.parametrize("fault", ["hang_after", "drop_before"])
@pytest.mark.parametrize("hours", [-2, 0, 2])
async def test_a_host_whose_clock_is_hours_wrong_neither_doubles_nor_misses(
    clock: ManualClock, hours: int, fault: str
) -> None:
    world, _, desk = open_branch(clock, timedelta(hours=hours))
    getattr(world.faults, fault)()
    await write(desk, "hello")

    await desk.wait(300)

    assert heard(world) == ["hello"]
    assert desk.counted == {"ambiguous": 1, ("resolved_list" if fault == "hang_after" else "resent"): 1}


@pytest.mark.parametrize("hours", [-2, 0, 2])
async def test_the_same_words_sent_before_are_not_taken_for_it_whatever_the_clocks_say(
    clock: ManualClock, hours: int
) -> None:
    """Somebody sent them from the dashboard two minutes ago."""
    world, wire, desk = open_branch(clock, timedelta(hours=hours))
    body = {"instanceId": DEMO_INSTANCE, "to": AWA, "type": "text", "text": "hello"}
    await wire.send(Request("POST", "/messages/send", body=json.dumps(body).encode()))
    clock.advance(timedelta(minutes=2))
    world.faults.drop_before()
    await write(desk, "hello")

    await desk.wait(300)

    assert heard(world) == ["hello", "hello"]
    assert desk.counted == {"ambiguous": 1, "resent": 1}


SILENCES: dict[str, dict[str, Any]] = {
    "500": {"fault": "error_before"},
    "502": {"fault": "error_before", "code": "PROVIDER_UNAVAILABLE"},
    "503, a page of a proxy": {"fault": "unavailable"},
    "502, accepted": {"fault": "error_after"},
    "a connection that closes": {"fault": "drop_before"},
    "a connection that closes, accepted": {"fault": "drop_after"},
    "a reset, accepted": {"fault": "reset_after"},
    "no answer, accepted": {"fault": "hang_after"},
    "no end of the answer, accepted": {"fault": "slow_body"},
    "an answer after the time-out": {"fault": "slow", "seconds": 21},
    "garbage": {"fault": "garbage"},
    "half of the answer": {"fault": "truncated"},
    "accepted after the first look": {"fault": "late", "seconds": 60},
}


@pytest.mark.parametrize("silence", SILENCES.values(), ids=SILENCES.keys())
async def test_after_any_silence_the_message_is_there_once_and_what_follows_it_too(
    clock: ManualClock, silence: dict[str, Any]
) -> None:
    world, _, desk = open_branch(clock, timedelta())
    world.faults.plan(**silence)
    await write(desk, "one")
    await write(desk, "two")

    await desk.wait(29)
    before = heard(world)
    await desk.wait(600)

    assert "two" not in before
    assert heard(world) == ["one", "two"]
    assert desk.counted["ambiguous"] == 1
    assert await desk.dead() == []


async def test_two_hundred_doubts_of_one_number_cost_one_look_each_round(clock: ManualClock) -> None:
    world, wire, desk = open_branch(clock, timedelta())
    phones = [f"+22507000{n:05}" for n in range(200)]
    world.faults.drop_before(times=200)
    for phone in phones:
        await write(desk, "hello", to=phone)

    await desk.wait(31)
    first = wire.pages
    await desk.wait(100)

    assert first == 1
    assert wire.pages == 2
    assert all(heard(world, phone) == ["hello"] for phone in phones)
    assert desk.counted == {"ambiguous": 200, "resent": 200}


def ended(counted: dict[str, int]) -> int:
    return sum(count for what, count in counted.items() if what != "ambiguous")


@pytest.mark.parametrize("seed", range(20))
async def test_every_doubt_is_counted_once_and_ends_once(office: Any, seed: int) -> None:
    dice = Random(seed)
    desk = office(*dice.choices(["heard", "silent", "deaf"], k=30))
    classes: Sequence[MessageClass] = get_args(MessageClass)
    for n in range(15):
        await desk.queue(f"message {n}", dice.choice(classes), to=dice.choice([AWA, "+2250700000002"]))

    for _ in range(60):
        await desk.wait(30)
        if desk.post.accepted and dice.random() < 0.5:
            await desk.tell(dice.choice(desk.post.accepted).id)

    assert ended(desk.counted) == desk.counted["ambiguous"]
    assert len(await desk.dead()) == desk.counted.get("unknown", 0)


# -- unknown


async def test_an_unknown_message_says_what_is_known_and_is_sent_once_more_when_a_person_says_so(office: Any) -> None:
    desk = office("silent", "silent")
    await desk.queue("hello")
    await desk.wait(600)
    (letter,) = await desk.dead()
    letters = DeadLetters(desk.store._runner, desk.store)

    first, second = await letters.retry(letter), await letters.retry(letter)
    await desk.send()

    assert letter.reason["why"] == (
        "There was no answer, and nobody can tell whether this message was sent: first tried 2026-01-05 09:00:00 UTC, "
        "sent again once, looked for 4 times in MsgFlash's list and not found."
    )
    assert (first, second) == (True, False)
    assert await letters.retried(letter.id)
    assert desk.post.texts == ["hello"]
    assert await desk.dead() == []
