"""Decision records as turns and sends make them: what they hold, what they never hold, and that none is missing."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic_core import to_json

from flashbot import Bot, Drip, Image, Read, Router, Template, Turn
from flashbot.cli.story import Story
from flashbot.sandbox.world import DEMO_INSTANCE
from flashbot.store.reasons import Reason
from flashbot.testing import Conversation

SECRETS = ("swordfish", "opensesame")
"""Words that the contact and the bot say: in no record."""
nudges = Drip("nudges", version=1).send("Still there, swordfish?", after=timedelta(hours=2))
nudges = nudges.send("Last call, swordfish", after=timedelta(days=2))


def a_shop() -> Bot:
    router = Router("shop")

    @router.intent("track", examples=["where is my parcel", "track my order", "when will my order arrive"])
    async def track(turn: Turn[None]) -> None:
        turn.reply("Which number, swordfish?")
        turn.expect(number, within=timedelta(hours=1), otherwise=late)

    @router.step("number")
    async def number(turn: Turn[None]) -> None:
        turn.reply(f"{turn.text} is on its way")
        turn.reply(Image("https://shop.example/swordfish.png", caption="swordfish"))

    @router.step("late")
    async def late(turn: Turn[None]) -> None:
        turn.reply("Never mind, swordfish")

    @router.intent("join", examples=["join the club", "sign me up", "I want to become a member"])
    async def join(turn: Turn[None]) -> None:
        turn.reply(Template("welcome", {"secret": "swordfish"}))
        turn.start(nudges)

    @router.intent("complain", examples=["this is bad", "I want to complain", "not happy at all"])
    async def complain(turn: Turn[None]) -> None:
        turn.handoff("sales", note="swordfish")

    @router.intent("break", keywords=["break"])
    async def broken(turn: Turn[None]) -> None:
        raise LookupError(f"swordfish {turn.contact}")

    @router.on(Read)
    async def read(turn: Turn[None]) -> None:
        return

    @router.fallback
    async def anything(turn: Turn[None]) -> None:
        turn.reply(f"swordfish? {turn.text}")

    return Bot(router, drips=[nudges])


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Conversation:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "welcome.fr.j2").write_text("Bienvenue, {{ secret }}")
    (tmp_path / "templates" / "welcome.en.j2").write_text("Welcome, {{ secret }}")
    monkeypatch.chdir(tmp_path)
    return Conversation(a_shop())


async def story(chat: Conversation) -> list[Reason]:
    return await chat._store.reasons.read(chat.phone)


async def last(chat: Conversation, kind: str) -> dict[str, Any]:
    return next(dict(one.said) for one in reversed(await story(chat)) if one.said["kind"] == kind)


# -- what a turn leaves


async def test_a_turn_tells_its_rule_its_scores_and_what_it_asked_for(chat: Conversation) -> None:
    await chat.says("when does my order arrive, opensesame")

    said = await last(chat, "heard")

    intent, tier, score = said["match"]
    assert (intent, tier) == ("track", "recogniser")
    assert said["rule"] == f"intent:track/recogniser {score:.2f}"
    assert len(said["near"]) == 2
    assert said["asked"] == [{"class": "reply"}]
    assert (said["step"], [name for name, _ in said["timers"]]) == ("number", ["step"])


async def test_what_was_asked_to_be_sent_is_told_by_class_template_language_and_kind(chat: Conversation) -> None:
    await chat.says("join the club")
    assert (await last(chat, "heard"))["asked"] == [{"class": "reply", "template": "welcome", "language": "fr_CI"}]
    await chat.says("track my order")
    await chat.says("CI-1")

    assert (await last(chat, "heard"))["asked"] == [{"class": "reply"}, {"class": "reply", "type": "Image"}]


async def test_a_message_that_fails_after_it_was_taken_is_told_once_and_without_what_the_api_quotes(
    chat: Conversation,
) -> None:
    chat.world.faults.plan("fail_message")
    chat.world.faults.plan("double_webhooks", times=5)

    await chat.says("track my order")
    await chat.wait(minutes=1)

    sent, failed = await last(chat, "sent"), await last(chat, "undelivered")
    assert failed == {"kind": "undelivered", "id": sent["id"], "reasons": ["Provider refused the message"]}
    assert [one.said["kind"] for one in await story(chat)] == ["heard", "sent", "undelivered"]


async def test_a_sent_message_tells_what_the_api_said_and_how_long_it_took(chat: Conversation) -> None:
    await chat.says("hello")

    said = await last(chat, "sent")

    assert (said["class"], said["status"], said["took"], said["age"]) == ("reply", "queued", 0, 0)
    assert said["vendor"] == chat.sent[0].fields["id"]


async def test_who_holds_the_conversation_is_told(chat: Conversation) -> None:
    await chat.says("this is bad")
    await chat.says("anybody?")

    assert [(one.said["rule"], one.said["owner"]) for one in await story(chat)] == [
        ("intent:complain/equal", "sales"), ("human owns", "sales"),
    ]  # fmt: skip


async def test_what_is_sent_without_a_turn_is_told_when_it_is_asked_for(chat: Conversation) -> None:
    await chat.sends(Template("welcome"), key="order-7", language="en", secret="swordfish")

    asked, sent = await story(chat)

    assert (asked.said["kind"], asked.said["template"], asked.said["language"]) == ("asked", "welcome", "en")
    assert (sent.said["class"], sent.message_id) == ("service", asked.message_id)


async def test_a_promotion_to_somebody_who_opted_out_is_told_though_nothing_is_stored(
    chat: Conversation, tmp_path: Path
) -> None:
    (tmp_path / "templates" / "sale.en.j2").write_text("---\nclass: marketing\n---\nBuy!")
    await chat.says("stop")

    await chat.sends(Template("sale"), key="sale-1", language="en")

    assert await last(chat, "asked") | {"id": ""} == {
        "kind": "asked", "id": "", "template": "sale", "language": "en", "why": "opted_out",
    }  # fmt: skip


# -- what goes wrong


async def test_a_handler_that_fails_leaves_the_name_of_its_error_and_one_record_for_all_its_tries(
    chat: Conversation,
) -> None:
    for _ in range(5):
        with suppress(LookupError):
            await (chat.says("break") if not await story(chat) else chat.wait(minutes=10))

    failed, given_up = await story(chat)

    assert (failed.said["error"], failed.said["tries"], failed.count) == ("LookupError", 4, 4)
    assert (given_up.said["kind"], given_up.said["tries"]) == ("given_up", 5)


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("rate_limit", ["waits rate_limited", "sent"]),
        ("drop_before", ["doubt silent", "doubt look", "doubt resend", "sent"]),
        ("drop_after", ["doubt silent", "doubt found"]),
        ("quota_exceeded", ["waits outbound_quota", "sent"]),
        ("invalid_destination", ["refused INVALID_DESTINATION"]),
    ],
)
async def test_each_way_of_a_send_is_told_to_its_end(chat: Conversation, fault: str, kinds: list[str]) -> None:
    getattr(chat.world.faults, fault)()

    await chat.says("hello")
    await chat.wait(hours=2)

    found = [one.said for one in await story(chat) if one.said["kind"] != "heard"]
    assert [
        " ".join(str(said[name]) for name in ("kind", "why", "step", "code") if name in said) for said in found
    ] == kinds


async def test_what_a_disconnected_number_holds_back_is_told(chat: Conversation) -> None:
    await chat.says("join the club")
    chat.world.set_status(DEMO_INSTANCE, "disconnected")
    await chat.wait(hours=2, minutes=30)

    said = await last(chat, "waits")

    assert (said["why"], said["class"]) == ("instance_disconnected", "follow_up")


async def test_what_left_after_a_pause_of_the_whole_account_says_so_and_only_that(chat: Conversation) -> None:
    chat.world.faults.quota_exceeded()
    await chat.says("where is my parcel")
    await chat.says("anything")
    await chat.wait(hours=2)

    await chat.says("anything else")

    ends = [one for one in await story(chat) if one.said["kind"] == "sent"]
    assert [one.said.get("outlived") for one in ends] == ["outbound_quota"] * 3 + [None]
    line = Story("en").line(ends[1])
    assert line.endswith("; after a pause of the whole account: the month's messages are spent")


async def test_what_msgflash_quotes_and_whose_numbers_it_names_stays_out(chat: Conversation) -> None:
    from flashbot.engine.outbox import Outgoing
    from flashbot.engine.reasons import sent
    from flashbot.msgflash.sent import SentMessage

    safety = {
        "decision": "warn", "riskLevel": "medium", "state": "warming", "score": 56, "more": {"a": 1},
        "reasons": ['The text "swordfish" was sent to +225 07 00 00 00 01 twice.', 7],
    }  # fmt: skip
    accepted = SentMessage("v", "queued", ("This instance is still in the warmup phase.",), safety)

    why = sent(Outgoing("e/0", "reply", 0, b"{}"), accepted, took_ms=1, age_ms=2)

    assert why.said["safety"] == {"decision": "warn", "riskLevel": "medium", "state": "warming", "score": 56}
    assert why.said["reasons"] == ["The text … was sent to … twice."]
    assert why.said["warnings"] == ["This instance is still in the warmup phase."]


# -- a thousand turns

PHONES = [f"+2250700001{number:03}" for number in range(25)]
SAYINGS = (
    "where is my parcel opensesame", "track my order", "CI-1001 opensesame", "join the club", "sign me up",
    "hm opensesame", "this is bad", "I want to complain opensesame", "stop", "start", "break", "menu", "cancel",
    "zork opensesame", "",
)  # fmt: skip
TROUBLES = ("rate_limit", "drop_before", "drop_after", "error_before", "error_after", "invalid_destination")


async def test_every_line_of_a_thousand_turns_has_a_reason(chat: Conversation) -> None:
    dice = Random(11)
    for turn in range(1000):
        chat.phone = dice.choice(PHONES)
        if dice.random() < 0.05:
            getattr(chat.world.faults, dice.choice(TROUBLES))()
        with suppress(LookupError):
            if saying := dice.choice(SAYINGS):
                await chat.says(saying)
            else:
                await chat.says(kind="image", media_url="https://x.example/opensesame.jpg")
        if turn % 10 == 0:
            with suppress(LookupError):
                await chat.wait(minutes=dice.choice((1, 30, 180)))
    for _ in range(200):  # each failure of a handler comes out of it once
        try:
            await chat.wait(days=4)
            break
        except LookupError:
            continue

    buried = Counter(letter.contact for letter in await chat.dead_letters())
    size, heard = Counter[str](), 0
    for phone in PHONES:
        found = await chat._store.reasons.read(phone)
        kinds = Counter(one.said["kind"] for one in found)
        # Everybody who was heard, and all that left, has its record.
        ends = [one.said for one in found if one.said["kind"] in ("sent", "doubt") and "vendor" in one.said]
        assert {said["vendor"] for said in ends} == {message["id"] for message in chat.world.heard(phone)}
        assert len(found) < 200, "some may be missing: ask fewer of each"
        assert kinds["given_up"] + kinds["refused"] + _unknown(found) == buried[phone]
        asked = {
            f"{one.message_id}/{place}"
            for one in found
            if one.said["kind"] == "heard"
            for place, message in enumerate(one.said.get("asked", ()))
            if "why" not in message
        }
        told = {one.message_id for one in found if one.said["kind"] in ("sent", "doubt", "refused", "dropped")}
        assert asked == told, "each message that was asked for has come to an end, and no other"
        heard += sum("what" in one.said for one in found) + kinds["given_up"]
        for one in found:
            size[one.message_id.partition("/")[0]] += len(to_json(dict(one.said)))
            _has_words(one)
    assert heard >= 1000
    assert max(size.values()) < 1024


def _unknown(found: list[Reason]) -> int:
    return sum(1 for one in found if one.said.get("step") == "unknown")


def _has_words(one: Reason) -> None:
    for language, unknown in (("en", "this version"), ("fr", "cette version")):
        line = Story(language).line(one)  # type: ignore[arg-type]  # one of the two
        assert unknown not in line
        assert not any(secret in line for secret in (*SECRETS, "rule “", "règle «"))
    kept = to_json(dict(one.said)).decode()
    assert not any(secret in kept for secret in (*SECRETS, "+225", "225070000"))
