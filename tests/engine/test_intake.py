"""The way in: nothing forged is stored, nothing signed is lost, nothing is stored twice."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from flashbot import Bot, Delivered, Router, Turn
from flashbot.cli.story import Story
from flashbot.clock import ManualClock
from flashbot.engine.flood import Flood
from flashbot.engine.intake import Intake
from flashbot.engine.tally import Tally
from flashbot.errors import StoreAway, UnreadableEvent
from flashbot.msgflash.events import Event, Received, parse
from flashbot.msgflash.signature import sign
from flashbot.sandbox.world import World
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store

AWA = "+2250700000001"
GROUP = "120363000000000001@g.us"
SECRET = "the secret of a test"


def echo(**options: Any) -> Bot:
    """A bot that says what it hears."""
    router: Router[None] = Router("echo", hears=options.pop("hears", ("people",)))

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply(f"You said {turn.text}")

    return Bot(router, **options)


def deliver(body: dict[str, object]) -> bytes:
    return json.dumps(body).encode()


async def keys_of(store: Store) -> list[bytes]:
    found: list[bytes] = await store._runner.command("KEYS", "*")  # type: ignore[attr-defined]  # both runners have it
    return found


def bad_signatures(body: bytes) -> dict[str, str | None]:
    good = sign(SECRET, body)
    return {
        "missing": None,
        "empty": "",
        "of another secret": sign("another", body),
        "of another body": sign(SECRET, body + b" "),
        "truncated": good[:-1],
        "upper case": "sha256=" + good[7:].upper(),
        "no hex": "sha256=" + "z" * 64,
        "not ASCII": "sha256=" + "é" * 64,
    }


@pytest.mark.parametrize("flaw", list(bad_signatures(b"")))
async def test_a_body_without_its_signature_is_refused_and_leaves_no_trace(desk: Any, message: Any, flaw: str) -> None:
    open_desk = desk(echo())
    body = deliver(message("m1"))

    answer = await open_desk.intake.receive(body, bad_signatures(body)[flaw])

    assert answer.status == 401
    assert "FLASHBOT_WEBHOOK_SECRET" in answer.text
    assert await keys_of(open_desk.store) == []


async def test_an_unreadable_body_without_a_signature_is_no_dead_letter(desk: Any) -> None:
    open_desk = desk(echo())

    answer = await open_desk.intake.receive(b"{", None)

    assert answer.status == 401
    assert await keys_of(open_desk.store) == []


@pytest.mark.parametrize("secret", ["old", "new"])
async def test_while_a_secret_is_changed_both_are_good(desk: Any, message: Any, secret: str) -> None:
    open_desk = desk(echo(), secrets=("new", "old"))

    answer = await open_desk.tell(message("m1"), secret=secret)

    assert answer.status == 200
    assert await open_desk.texts() == ["You said hello"]


UNREADABLE: dict[str, bytes] = {
    "no JSON": b"{not json",
    "cut off": b'{"event":"message.received","from":"+2250700000001"',
    "no text at all": b"",
    "bytes": b"\xff\xfe\x00",
    "a list": b"[1, 2]",
    "a number": b"7",
    "no event": b'{"from":"+2250700000001","body":"hello"}',
    "an unknown event": b'{"event":"message.exploded","from":"+2250700000001"}',
    "an event that is a number": b'{"event":7,"from":"+2250700000001"}',
    "no sender": b'{"event":"message.received","messageId":"m1","body":"hello"}',
    "a sender that is none": b'{"event":"message.received","messageId":"m1","from":{"x":1},"body":"hello"}',
    "data that is a number": b'{"event":"message.received","data":5}',
    "deep nesting": b'{"event":"message.received","data":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "deep nesting, open": b"[" * 100_000,
    "a lone surrogate": b'{"event":"message.received","messageId":"m","from":"+2250700000001","body":"\\ud800"}',
    "a status of no message": b'{"event":"message.delivered","to":"+2250700000001"}',
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_is_signed_and_cannot_be_read_is_acknowledged_and_kept_once(desk: Any, body: bytes) -> None:
    open_desk = desk(echo())

    answers = [(await open_desk.tell(body)).status for _ in range(2)]

    letters = await open_desk.dead()
    assert answers == [200, 200]
    assert len(letters) == 1
    assert letters[0].entry.partition(b"\n")[2] == body
    assert letters[0].reason["why"].endswith(".")
    assert await open_desk.said() == []


@pytest.mark.parametrize("fault", [ValueError("broken"), UnreadableEvent("It is not ours."), RecursionError("deep")])
async def test_a_parse_of_the_bots_own_that_raises_makes_a_dead_letter(
    desk: Any, message: Any, fault: Exception
) -> None:
    def broken(body: bytes, header: str | None) -> Event:
        raise fault

    open_desk = desk(echo(parse=broken))

    answer = await open_desk.tell(message("m1"))

    assert answer.status == 200
    assert str(fault) in (await open_desk.dead())[0].reason["why"]


async def test_a_parse_of_the_bots_own_that_gives_no_event_makes_a_dead_letter(desk: Any, message: Any) -> None:
    def nothing(body: bytes, header: str | None) -> Any:
        return None

    open_desk = desk(echo(parse=nothing))

    answer = await open_desk.tell(message("m1"))

    assert answer.status == 200
    assert len(await open_desk.dead()) == 1


async def test_a_parse_of_the_bots_own_may_give_a_time_without_a_zone(desk: Any, message: Any) -> None:
    def zoneless(body: bytes, header: str | None) -> Event:
        at = datetime(2026, 1, 5, 9)  # noqa: DTZ001 - the mistake under test
        return Received(name="message.received", sender=AWA, text="hi", message_id="m1", at=at)

    open_desk = desk(echo(parse=zoneless))

    answer = await open_desk.tell(message("m1"))

    assert answer.status == 200
    assert await open_desk.texts() == ["You said hi"] or len(await open_desk.dead()) == 1


async def test_messages_without_ids_from_a_parse_of_the_bots_own_are_not_taken_for_one(desk: Any, message: Any) -> None:
    def plain(body: bytes, header: str | None) -> Event:
        return Received(name="message.received", sender=AWA, text=json.loads(body)["body"])

    open_desk = desk(echo(parse=plain))

    await open_desk.tell(message("m1", "one"))
    await open_desk.tell(message("m2", "two"))

    assert await open_desk.texts() == ["You said one", "You said two"]


async def test_an_event_name_with_a_space_reaches_the_handler(desk: Any, message: Any) -> None:
    def spaced(body: bytes, header: str | None) -> Event:
        return Received(name="my own event", sender=AWA, text="hi", message_id="m1")

    open_desk = desk(echo(parse=spaced))

    await open_desk.tell(message("m1"))

    assert await open_desk.texts() == ["You said hi"]


async def test_the_words_of_a_person_stay_out_of_the_log_when_parse_raises(
    desk: Any, message: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def quoting(body: bytes, header: str | None) -> Event:
        raise ValueError(f"cannot read {body!r}")

    open_desk = desk(echo(parse=quoting))

    with caplog.at_level(logging.DEBUG):
        await open_desk.tell(message("m1", "my salary is 500"))

    assert "salary" not in caplog.text
    assert AWA not in caplog.text


# -- one message, one answer


def shapes_of(message_id: str, text: str) -> dict[str, dict[str, object]]:
    flat: dict[str, object] = {
        "messageId": message_id, "from": AWA, "type": "text", "body": text, "instanceId": "instance-1",
    }  # fmt: skip
    record = {
        "key": {"remoteJid": f"{AWA[1:]}@s.whatsapp.net", "fromMe": False, "id": "ABCDEF"},
        "message": {"conversation": text},
        "messageType": "conversation",
    }
    return {
        "flat": {"event": "message.received", **flat},
        "nested": {"event": "message.received", "data": flat},
        "provider": {"event": "message.received", "instanceId": "instance-1", "messageId": message_id, "data": record},
    }


@pytest.mark.parametrize("shape", ["flat", "nested", "provider"])
async def test_each_shape_of_a_message_is_answered_once(desk: Any, shape: str) -> None:
    open_desk = desk(echo())
    body = shapes_of("m1", "hello")[shape]

    for _ in range(3):
        assert (await open_desk.tell(body)).status == 200

    said = await open_desk.said()
    assert [(one["to"], one["text"], one["instanceId"]) for one in said] == [(AWA, "You said hello", "instance-1")]
    assert await open_desk.dead() == []


async def test_one_message_in_all_its_shapes_is_answered_once(desk: Any) -> None:
    open_desk = desk(echo())

    for body in shapes_of("m1", "hello").values():
        await open_desk.tell(body)

    assert await open_desk.texts() == ["You said hello"]


@pytest.mark.parametrize("shape", ["flat", "nested", "provider"])
async def test_what_the_sandbox_sends_in_each_shape_is_understood(desk: Any, clock: ManualClock, shape: Any) -> None:
    world = World(clock, Random(1), secret=SECRET, webhook_shape=shape)
    world.add_webhook("http://bot.invalid/")
    world.says(AWA, "hello")
    open_desk = desk(echo())

    for delivery in world.due(clock.now()):
        headers = delivery.headers
        await open_desk.intake.receive(delivery.body, headers["X-MsgFlash-Signature"], headers["X-MsgFlash-Event"])

    assert await open_desk.texts() == ["You said hello"]


async def test_the_header_names_the_event_when_the_body_does_not(desk: Any, message: Any) -> None:
    open_desk = desk(echo())
    body = message("m1")
    del body["event"]

    await open_desk.tell(body, header="message.received")

    assert await open_desk.texts() == ["You said hello"]


async def test_a_message_is_folded_also_when_it_comes_twice_at_the_same_instant(desk: Any, message: Any) -> None:
    open_desk = desk(echo())

    answers = await asyncio.gather(*(open_desk.tell(message("m1")) for _ in range(20)))

    assert {answer.status for answer in answers} == {200}
    assert await open_desk.texts() == ["You said hello"]
    assert (open_desk.tally.counts["received"], open_desk.tally.counts["repeated"]) == (1, 19)


async def test_a_message_is_folded_also_when_it_comes_again_after_its_answer(desk: Any, message: Any) -> None:
    open_desk = desk(echo())
    await open_desk.tell(message("m1"))
    first = await open_desk.texts()

    open_desk.clock.advance(timedelta(days=6))
    await open_desk.tell(message("m1"))

    assert first == ["You said hello"]
    assert await open_desk.texts() == []


async def test_two_messages_with_the_same_words_are_two(desk: Any, message: Any) -> None:
    open_desk = desk(echo())

    await open_desk.tell(message("m1"))
    await open_desk.tell(message("m2"))

    assert await open_desk.texts() == ["You said hello"] * 2


# -- who is heard


KINDS: dict[str, dict[str, object]] = {
    "groups": {"groupId": GROUP, "isGroup": True},
    "broadcasts": {"remoteJid": "status@broadcast"},
    "own": {"fromMe": True, "to": AWA},
}


@pytest.mark.parametrize("kind", list(KINDS))
async def test_what_people_did_not_write_to_us_reaches_no_handler(desk: Any, message: Any, kind: str) -> None:
    open_desk = desk(echo())

    answer = await open_desk.tell(message("m1", **KINDS[kind]))

    assert answer.status == 200
    assert await open_desk.said() == []
    assert await open_desk.dead() == []
    assert open_desk.tally.counts["unheard"] == 1


@pytest.mark.parametrize("kind", list(KINDS))
async def test_a_router_that_hears_them_gets_them(desk: Any, message: Any, kind: str) -> None:
    router: Router[None] = Router("listener", hears=[kind])  # type: ignore[list-item]  # a test's string
    reached = []

    @router.fallback
    async def listen(turn: Turn[None]) -> None:
        reached.append((turn.contact, turn.text))

    open_desk = desk(Bot(router))

    await open_desk.tell(message("m1", **KINDS[kind]))
    await open_desk.work()

    assert reached == [(GROUP if kind == "groups" else AWA, "hello")]


async def test_a_group_and_its_member_have_separate_mailboxes(desk: Any, message: Any) -> None:
    router: Router[None] = Router("listener", hears=["people", "groups"])
    reached = []

    @router.fallback
    async def listen(turn: Turn[None]) -> None:
        reached.append(turn.contact)

    open_desk = desk(Bot(router))

    await open_desk.tell(message("m1", **KINDS["groups"]))
    await open_desk.tell(message("m2"))
    await open_desk.work()

    assert reached == [GROUP, AWA]


# -- statuses


def status(name: str, message_id: str = "vendor-1", **more: object) -> dict[str, object]:
    return {
        "event": f"message.{name}", "messageId": message_id, "to": AWA, "status": name, "instanceId": "instance-1",
        **more,
    }  # fmt: skip


async def rung_of(store: Store) -> bytes:
    found: bytes = await store._runner.command("HGET", f"{store.tag(AWA)}:out:vendor-1", "s")  # type: ignore[attr-defined]  # both runners have it
    return found


async def test_statuses_that_come_in_the_wrong_order_only_move_up(desk: Any) -> None:
    open_desk = desk(echo())

    for name in ("read", "sent", "delivered"):
        assert (await open_desk.tell(status(name))).status == 200

    assert await rung_of(open_desk.store) == b"read"
    assert await open_desk.said() == []


async def test_a_status_reaches_its_handler_once(desk: Any) -> None:
    router: Router[None] = Router("watch")
    seen = []

    @router.on(Delivered)
    async def delivered(turn: Turn[None]) -> None:
        assert isinstance(turn.event, Delivered)
        seen.append((turn.contact, turn.event.message_id))
        turn.reply("You have it now")

    open_desk = desk(Bot(router))

    for name in ("sent", "delivered", "delivered", "read"):
        await open_desk.tell(status(name))

    assert await open_desk.texts() == ["You have it now"]
    assert seen == [(AWA, "vendor-1")]


# -- old ones


@pytest.mark.parametrize(("days", "texts", "buried"), [(6.9, ["You said hello"], 0), (7.1, [], 1)])
async def test_an_event_of_more_than_seven_days_is_kept_as_stale(
    desk: Any, message: Any, clock: ManualClock, days: float, texts: list[str], buried: int
) -> None:
    open_desk = desk(echo())
    at = (clock.now() - timedelta(days=days)).isoformat()

    answers = [(await open_desk.tell(message("m1", timestamp=at))).status for _ in range(2)]

    assert answers == [200, 200]
    assert await open_desk.texts() == texts
    letters = await open_desk.dead()
    assert len(letters) == buried
    assert all("7 days" in letter.reason["why"] for letter in letters)


# -- what nobody is asked about leaves its reason all the same


async def told(desk: Any, contact: str = AWA) -> list[tuple[str, str, int]]:
    """Each record as people read it in either language, with its count."""
    found = await desk.store.reasons.read(contact)
    assert not any("cette version" in Story("fr").line(one) for one in found)
    return [(one.said["kind"], Story("en").line(one)[9:].partition(" (2")[0], one.count) for one in found]


async def test_a_stale_event_stands_once_in_the_story_of_its_sender(
    desk: Any, message: Any, clock: ManualClock
) -> None:
    open_desk = desk(echo())
    open_desk.store.reasons.within = timedelta(days=30)
    at = (clock.now() - timedelta(days=8)).isoformat()

    for _ in range(2):
        await open_desk.tell(message("m1", timestamp=at))

    stale = "an event came again after more than 7 days: see flashbot dead list"
    assert await told(open_desk) == [("kept", stale, 1)]


async def test_what_nobody_wants_is_counted_and_in_no_story(desk: Any, message: Any) -> None:
    open_desk = desk(echo())
    open_desk.store.reasons.within = timedelta(days=30)

    for name, more in KINDS.items():
        await open_desk.tell(message(name, **more))

    assert open_desk.tally.counts["unheard"] == 3
    assert not [key for key in await keys_of(open_desk.store) if b":why:" in key]


async def test_what_names_nobody_is_counted_and_in_no_story(desk: Any) -> None:
    open_desk = desk(echo())
    open_desk.store.reasons.within = timedelta(days=30)

    await open_desk.tell({"event": "message.received", "body": "hello"})

    assert open_desk.tally.counts["buried"] == 1
    assert not [key for key in await keys_of(open_desk.store) if b":why:" in key]


async def test_events_that_made_room_for_newer_ones_are_one_record(desk: Any, message: Any, clock: ManualClock) -> None:
    open_desk = desk(echo(), flood=Flood(clock, 3, "drop-oldest"))
    open_desk.store.reasons.within = timedelta(days=30)

    for number in range(5):
        await open_desk.tell(message(f"m{number}", f"n{number}"))

    crowded = "too many events waited: the oldest was given up, see flashbot dead list"
    assert await told(open_desk) == [("crowded", crowded, 2)]


# -- the store is away


class Tidal:
    """A runner whose server can be away."""

    def __init__(self) -> None:
        self.fake = FakeRunner()
        self.away = False

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        if self.away:
            raise StoreAway("No Redis or Valkey answers.")
        return await self.fake.run(name, tag, args)


@pytest.mark.parametrize("body", [deliver({"event": "message.received", "messageId": "m", "from": AWA}), b"{"])
async def test_while_the_store_is_away_nothing_is_accepted_and_later_it_is(
    clock: ManualClock, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    runner = Tidal()
    tally = Tally()
    intake = Intake(Store(runner), echo().routes, parse, clock, tally, secrets=[SECRET], hands=None)
    runner.away = True
    refused = await intake.receive(body, sign(SECRET, body))
    left_behind = runner.fake.keys()

    runner.away = False
    accepted = await intake.receive(body, sign(SECRET, body))

    assert (refused.status, accepted.status) == (503, 200)
    assert left_behind == []
    assert tally.counts["received"] + tally.counts["buried"] == 1
    assert AWA not in caplog.text


async def test_a_hand_claimed_for_a_post_that_fails_is_free_again(
    clock: ManualClock, working: Callable[..., Any]
) -> None:
    runner = Tidal()
    store = Store(runner)
    worker = working(store, echo().turns("i", clock))
    intake = Intake(store, echo().routes, parse, clock, Tally(), secrets=[SECRET], hands=worker)
    body = deliver({"event": "message.received", "messageId": "m", "from": AWA})
    runner.away = True

    await intake.receive(body, sign(SECRET, body))

    assert worker.slots.idle
