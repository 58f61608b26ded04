"""Two machines that answer each other are parted after thirty times; people and harnesses never are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.clock import to_ms
from flashbot.dialogue.escapes import LOOP_SAID
from flashbot.dialogue.loops import RECENT, Echo, listen, mark_of
from flashbot.dialogue.memory import Memory
from flashbot.dialogue.router import Router
from flashbot.dialogue.routes import Routes
from flashbot.dialogue.text import fold
from flashbot.dialogue.turn import Turn
from flashbot.msgflash.events import Received
from flashbot.outreach.drip import Drip

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
ANSWER = "I did not get that."
TICKET = "Thank you for your message! Your ticket number is {}. We reply within a day."


def parrot() -> Router[None]:
    router: Router[None] = Router("parrot")

    @router.intent("menu", examples=["menu"])
    async def menu(turn: Turn[None]) -> None:
        turn.reply("The menu")

    @router.fallback
    async def other(turn: Turn[None]) -> None:
        turn.reply(ANSWER)

    return router


async def test_the_thirtieth_equal_text_is_told_once_and_then_nobody_answers(chat: Callable[..., Any]) -> None:
    person = chat(parrot())

    said = [await person.says("I am away until Monday.") for _ in range(100)]

    assert said == [[ANSWER]] * 29 + [[LOOP_SAID]] + [[]] * 70
    assert person.reason == "muted"


async def test_a_text_is_the_same_whatever_its_case_accents_and_punctuation(chat: Callable[..., Any]) -> None:
    person = chat(parrot())

    for _ in range(15):
        await person.says("Je suis absent, à bientôt !")
        await person.says("je suis absent a bientot")

    assert person.said[-1] == LOOP_SAID


async def test_tickets_and_clocks_in_a_long_text_make_it_no_other_text(chat: Callable[..., Any]) -> None:
    person = chat(parrot())

    for number in range(60):
        await person.says(TICKET.format(4711 + number))

    assert person.said.count(ANSWER) == 29
    assert person.said.count(LOOP_SAID) == 1


async def test_in_a_short_text_the_digits_are_the_message(chat: Callable[..., Any]) -> None:
    person = chat(parrot())

    for number in range(500):
        assert await person.says(f"m{number}") == [ANSWER]


@pytest.mark.parametrize("many", [2, 3, 4])
async def test_a_machine_that_takes_turns_between_a_few_texts_is_noticed_and_told_once(
    chat: Callable[..., Any], many: int
) -> None:
    person = chat(parrot())

    for number in range(100 * many):
        await person.says(f"Our office is closed, reason {'abcd'[number % many]}.")

    assert person.said.count(ANSWER) <= 29 * many
    assert person.said.count(LOOP_SAID) == 1
    assert await person.says("Our office is closed, reason a.") == []


async def test_twenty_nine_equal_texts_are_all_answered(chat: Callable[..., Any]) -> None:
    person = chat(parrot())

    for _ in range(29):
        assert await person.says("ok") == [ANSWER]


async def test_a_person_who_writes_many_short_things_quickly_is_never_muted(chat: Callable[..., Any]) -> None:
    person = chat(parrot())
    words = ["yes", "no", "ok", "2", "hello?", "why", "are you there", "menu", "1", "thanks"]

    for number in range(2000):
        assert await person.says(words[number * 7 % len(words)]) != []


async def test_the_same_question_now_and_then_is_no_loop(chat: Callable[..., Any]) -> None:
    person = chat(parrot())

    for _ in range(200):
        assert await person.says("where is my parcel") == [ANSWER]
        await person.waits(seconds=25)


async def test_photos_without_words_and_taps_are_no_loop(chat: Callable[..., Any]) -> None:
    person = chat(parrot())

    for _ in range(50):
        assert await person.says(kind="image") == [ANSWER]
        assert await person.says("Next page", choice="next") == [ANSWER]


async def test_what_came_late_and_all_at_once_counts_by_when_it_was_said(chat: Callable[..., Any]) -> None:
    person = chat(parrot())

    for number in range(60):
        at = person.now - timedelta(hours=10) + timedelta(minutes=number)
        assert await person.says("where is my parcel", at=at) == [ANSWER]


# -- while muted


async def muted(chat: Callable[..., Any], *routers: Router[Any], **more: Any) -> Any:
    person = chat(*routers or (parrot(),), **more)
    for _ in range(31):
        await person.says("I am away.")
    assert person.reason == "muted"
    return person


async def test_anything_new_is_answered_at_once(chat: Callable[..., Any]) -> None:
    person = await muted(chat)

    assert await person.says("Hello, I am back") == [ANSWER]
    assert await person.says("menu") == ["The menu"]


async def test_after_something_new_the_old_text_is_answered_and_a_loop_that_goes_on_is_not(
    chat: Callable[..., Any],
) -> None:
    person = await muted(chat)
    await person.says("Hello")

    said = [await person.says("I am away.") for _ in range(20)]

    assert said == [[ANSWER]] + [[]] * 19


async def test_after_an_hour_without_it_the_text_counts_anew(chat: Callable[..., Any]) -> None:
    person = await muted(chat)
    await person.waits(minutes=59)
    still = await person.says("I am away.")
    await person.waits(minutes=61)

    again = [await person.says("I am away.") for _ in range(31)]

    assert still == []
    assert again == [[ANSWER]] * 29 + [[LOOP_SAID], []]


async def test_another_loop_on_another_day_is_told_again(chat: Callable[..., Any]) -> None:
    person = await muted(chat)
    await person.waits(days=1)

    said = [await person.says("I am in a meeting.") for _ in range(31)]

    assert said == [[ANSWER]] * 29 + [[LOOP_SAID], []]


async def test_a_machine_that_repeats_us_is_not_answered_for_that(chat: Callable[..., Any]) -> None:
    person = await muted(chat)

    assert [await person.says(LOOP_SAID) for _ in range(3)] == [[]] * 3
    assert await person.says("I am away.") == []


async def test_opt_out_words_and_escapes_work_and_the_muted_text_stays_muted(chat: Callable[..., Any]) -> None:
    person = await muted(chat)

    stopped = await person.says("STOP")
    opted_out = person.memory.opted_out

    assert "promotional" in stopped[0]
    assert opted_out
    assert await person.says("I am away.") == []
    assert await person.says("menu") == ["The menu"]


async def test_escapes_and_opt_out_words_are_never_muted_themselves(chat: Callable[..., Any]) -> None:
    person = chat(parrot())

    said = [await person.says("menu") for _ in range(60)]
    for _ in range(60):
        await person.says("stop")

    assert said == [["The menu"]] * 60
    assert person.reason.startswith("opt-out")


async def test_a_step_that_waits_goes_on_waiting(chat: Callable[..., Any]) -> None:
    @dataclass
    class Order:
        number: str = ""

    router = Router("order", state=Order)

    @router.intent("order", examples=["order"])
    async def order(turn: Turn[Order]) -> None:
        turn.reply("Which number?")
        turn.expect(number, within=timedelta(days=2))

    @router.step("number")
    async def number(turn: Turn[Order]) -> None:
        if turn.text == "A17":
            turn.reply("Thank you")
        else:
            turn.reply("Which number?")
            turn.expect(number, within=timedelta(days=2))

    person = chat(router)
    await person.says("order")
    for _ in range(29):
        await person.says("I am away.")
    waits = person.memory.pending
    loop = await person.says("I am away.")
    silence = await person.says("I am away.")

    assert (loop, silence) == ([LOOP_SAID], [])
    assert person.memory.pending == waits
    assert await person.says("A17") == ["Thank you"]


async def test_the_words_of_somebody_whom_people_look_after_do_not_count(chat: Callable[..., Any]) -> None:
    router: Router[None] = Router("desk")

    @router.fallback
    async def help_(turn: Turn[None]) -> None:
        turn.handoff("support")

    person = chat(router)
    for _ in range(50):
        await person.says("Is somebody there?")

    assert person.reason == "human owns"
    assert LOOP_SAID not in person.said


async def test_drips_end_as_always_when_a_muted_contact_writes(chat: Callable[..., Any]) -> None:
    drip = Drip("news").send("News", after=timedelta(days=1))
    router = parrot()

    @router.intent("subscribe", examples=["subscribe"])
    async def subscribe(turn: Turn[None]) -> None:
        turn.start(drip)

    person = await muted(chat, router, drips=(drip,))
    await person.says("subscribe")
    running = person.memory.drips

    await person.says("I am away.")
    await person.says("I am away.")

    assert running == ("news",)
    assert person.memory.drips == ()


# -- two machines


def stock_phrases(text: str) -> str:
    """Another firm's bot: it knows one question, and has one sentence for all else."""
    return "Please choose 1, 2 or 3." if text == ANSWER else "Sorry, I only understand numbers."


def counting(text: str) -> str:
    counting.number += 1  # type: ignore[attr-defined]  # a test's machine has a memory
    return TICKET.format(counting.number)  # type: ignore[attr-defined]  # as above


counting.number = 0  # type: ignore[attr-defined]  # as above


@pytest.mark.parametrize(
    "machine",
    [lambda text: "I am on leave.", lambda text: text, stock_phrases, counting],
    ids=["one sentence", "an echo", "stock phrases", "a ticket system"],
)
async def test_a_bot_and_a_machine_part_after_thirty_answers(
    chat: Callable[..., Any], machine: Callable[[str], str]
) -> None:
    ours = chat(parrot())
    text, answers = "Hello", 0

    for _ in range(10_000):
        said = await ours.says(text)
        if not said:
            break
        answers += 1
        text = machine(said[0])

    assert answers <= 34
    assert ours.said.count(LOOP_SAID) == 1
    assert ours.reason == "muted"


async def test_two_of_our_bots_part_after_thirty_answers_each(chat: Callable[..., Any]) -> None:
    one, other = chat(parrot()), chat(parrot())
    text: str | None = "Hello"

    for _ in range(10_000):
        heard = await one.says(text)
        if not heard:
            break
        replies = await other.says(heard[0])
        if not replies:
            break
        text = replies[0]

    assert len(one.said) <= 31
    assert len(other.said) <= 31


# -- what is stored


def test_by_setting_no_text_is_a_loop_and_nothing_is_remembered() -> None:
    routes, memory = Routes([parrot()]), Memory()
    event = Received(name="message.received", sender="+15550000001", text="I am away.")

    decisions = [routes.decide(event, memory, NOW, loop_after=0) for _ in range(50)]

    assert {decision.reason for decision in decisions} == {"fallback:parrot"}
    assert {decision.echoes for decision in decisions} == {None}


async def test_what_is_remembered_stays_small(chat: Callable[..., Any]) -> None:
    person = chat(parrot())

    for number in range(1000):
        await person.says(f"{'a long text ' * 50}{'abcdefgh'[number % 8]}")

    assert len(person.memory.echoes) == RECENT
    assert len(person.stored) < 400


async def test_a_document_from_before_there_was_a_breaker_is_read(chat: Callable[..., Any]) -> None:
    person = chat(parrot())
    person.stored = b'{"v":1,"last":"parrot","hi":1767603600000,"inst":"one"}'

    assert await person.says("hello") == [ANSWER]
    assert [echo.times for echo in person.memory.echoes] == [1]


def test_marks_tell_texts_apart_and_fit_in_four_bytes() -> None:
    texts = [fold(text) for text in ("ok", "no", "1", "2", "", TICKET.format(1), "😀")] + ["\ud800"]

    marks = [mark_of(text) for text in texts]

    assert len(set(marks)) == len(texts)
    assert all(0 <= mark < 2**32 for mark in marks)
    assert mark_of(fold(TICKET.format(1))) == mark_of(fold(TICKET.format("12:30")))


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(-5_000, 4_000_000)), max_size=300),
    st.integers(1, 6),
)
def test_whatever_is_said_whenever_little_is_remembered_and_new_texts_are_answered(
    said: list[tuple[str, int]], loop_after: int
) -> None:
    echoes: tuple[Echo, ...] = ()
    now = to_ms(NOW)
    for text, pause in said:
        now += pause
        known = {echo.mark for echo in echoes}

        verdict, echoes = listen(echoes, text, now, loop_after=loop_after, ours=-1)

        assert len(echoes) <= RECENT
        assert echoes[-1].mark == mark_of(text)
        assert len({echo.mark for echo in echoes}) == len(echoes)
        if mark_of(text) not in known:
            assert verdict == "answer"
