"""Consent: given and withdrawn by the person's own messages, asked about where it is not clear."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from flashbot.consent import Entry
from flashbot.dialogue.memory import Memory
from flashbot.dialogue.router import Router
from flashbot.dialogue.timer import TimerFired
from flashbot.dialogue.turn import Turn
from flashbot.errors import BotMistake
from flashbot.msgflash.events import Read
from flashbot.outreach.drip import Drip

if TYPE_CHECKING:
    from collections.abc import Callable

drip = Drip("news").send("one", after=timedelta(days=1))
WORDING = "Shall we send you our news? Write JOIN."


def club() -> Router[None]:
    router = Router("club")

    @router.intent("join", examples=["join"])
    async def join(turn: Turn[None]) -> None:
        turn.consent("marketing", wording=WORDING)
        turn.reply("welcome")
        turn.start(drip)

    @router.intent("show", examples=["show"])
    async def show(turn: Turn[None]) -> None:
        turn.reply(" ".join(sorted(turn.consents)) or "nothing")

    @router.intent("end", examples=["no news"])
    async def end(turn: Turn[None]) -> None:
        turn.withdraw()

    @router.step("again")
    async def again(turn: Turn[None]) -> None:
        turn.consent("marketing", wording="Our news again? Yes or no.")

    @router.intent("offer", examples=["offer"])
    async def offer(turn: Turn[None]) -> None:
        turn.reply("Our news again? Yes or no.")
        turn.expect(again)

    return router


def leaving() -> Router[None]:
    router = club()

    @router.intent("leave", examples=["unsubscribe me", "take me off your list", "leave the club"])
    async def leave(turn: Turn[None]) -> None:
        turn.reply("bye")

    @router.intent("complain", examples=["stop your spam messages", "I am angry", "this is bad"])
    async def complain(turn: Turn[None]) -> None:
        turn.reply("sorry")

    return router


# -- by a handler


async def test_a_handlers_consent_is_kept_with_its_wording_its_time_and_the_message(chat: Callable[..., Any]) -> None:
    talk = chat(club(), drips=(drip,))

    await talk.says("join")

    at_ms = int(talk.now.timestamp() * 1000)
    assert talk.memory.entries == (Entry("marketing", "given", "handler:club", WORDING, at_ms, "event-1"),)
    assert await talk.says("show") == ["marketing"]


async def test_withdrawing_ends_drips_as_stop_does(chat: Callable[..., Any]) -> None:
    talk = chat(club(), drips=(drip,))
    await talk.says("join")

    await talk.says("no news")

    assert talk.memory.opted_out
    assert talk.memory.drips == ()
    assert talk.settled.drops_unasked
    assert await talk.says("show") == ["nothing"]


@pytest.mark.parametrize(
    "event",
    [
        TimerFired("+15550000001", "step", 1, None),  # type: ignore[arg-type]  # when it was due does not matter
        Read(name="message.read"),
    ],
    ids=["timer", "status"],
)
def test_nobody_consents_but_by_a_message_of_their_own(event: Any) -> None:
    turn: Turn[None] = Turn(event, None, now=None, contact="+15550000001")  # type: ignore[arg-type]  # likewise

    with pytest.raises(BotMistake, match="their own message"):
        turn.consent("marketing", wording=WORDING)


@pytest.mark.parametrize(("purpose", "wording"), [("", WORDING), ("all", WORDING), ("x" * 41, WORDING), ("news", " ")])
def test_consent_without_a_purpose_or_a_wording_is_a_mistake(purpose: str, wording: str) -> None:
    turn = Turn.for_test("yes", state=None)

    with pytest.raises(BotMistake):
        turn.consent(purpose, wording=wording)


def test_a_turn_shows_what_it_asked_for_itself() -> None:
    turn = Turn.for_test("yes", state=None)

    turn.consent("news", wording=WORDING)
    turn.consent("sales", wording=WORDING)
    turn.withdraw("news")

    assert turn.consents == {"sales"}


# -- after an opt-out


async def test_after_an_opt_out_a_handler_alone_brings_nothing_back(chat: Callable[..., Any]) -> None:
    talk = chat(club(), drips=(drip,))
    await talk.says("stop")

    said = await talk.says("join")

    assert said[0] == "welcome"
    assert "Write START" in said[1]
    assert talk.memory.opted_out
    assert talk.settled.notes == ("consent refused:marketing (opted out)", "drip refused:news (opted out)")


async def test_start_brings_it_back(chat: Callable[..., Any]) -> None:
    talk = chat(club(), drips=(drip,))
    await talk.says("stop")

    await talk.says("START")

    assert [one.act for one in talk.memory.entries] == ["withdrawn", "given"]
    assert await talk.says("show") == ["marketing"]


@pytest.mark.parametrize(("answer", "out"), [("oui", False), ("Yes please", False), ("what?", True)])
async def test_a_yes_to_a_bots_own_question_brings_it_back_and_nothing_else_does(
    chat: Callable[..., Any], answer: str, out: bool
) -> None:
    talk = chat(club(), drips=(drip,))
    await talk.says("stop")
    await talk.says("offer")

    await talk.says(answer)

    assert talk.memory.opted_out is out


# -- scope


async def test_stop_tout_ends_everything_and_says_so(chat: Callable[..., Any]) -> None:
    talk = chat(club(), drips=(drip,))
    await talk.says("join")
    await talk.says("stop")

    (said,) = await talk.says("STOP TOUT")
    again = await talk.says("stop")

    assert "que des réponses" in said
    assert talk.memory.standing(int(talk.now.timestamp() * 1000)).stops("anything")
    assert (again, talk.reason) == ([], "opt-out (known)")


# -- what sounds like it


async def test_a_near_miss_suspends_at_once_and_asks(chat: Callable[..., Any]) -> None:
    talk = chat(club(), drips=(drip,))
    await talk.says("join")

    (said,) = await talk.says("stop the ads please")

    assert said == "Do you want to stop our promotional messages? Write STOP, or NO to keep them."
    assert talk.reason == "opt-out asked"
    assert talk.memory.opted_out
    assert talk.timers == {}
    assert talk.settled.drops_unasked
    now_ms = int(talk.now.timestamp() * 1000)
    assert talk.memory.standing(now_ms).asked_until_ms == now_ms + 24 * 3600 * 1000


@pytest.mark.parametrize(
    ("text", "english", "french"),
    [("stop the ads please", True, False), ("ne m'écrivez plus", False, True), ("stpo", True, True)],
)
async def test_it_asks_in_the_language_of_the_person_and_in_both_where_that_is_unknown(
    chat: Callable[..., Any], text: str, english: bool, french: bool
) -> None:
    talk = chat(club(), drips=(drip,))

    (said,) = await talk.says(text)

    assert ("NO to keep" in said, "NON pour" in said) == (english, french)


@pytest.mark.parametrize("answer", ["STOP", "yes", "oui", "Oui stp", "arretez", "please stop"])
async def test_who_agrees_has_stopped(chat: Callable[..., Any], answer: str) -> None:
    talk = chat(club(), drips=(drip,))
    await talk.says("join")
    await talk.says("stop the ads please")

    said = await talk.says(answer)

    assert len(said) == 1
    assert talk.reason == "opt-out"
    assert talk.memory.standing(int(talk.now.timestamp() * 1000)).stopped
    assert await talk.says("show") == ["nothing"]


@pytest.mark.parametrize("answer", ["no", "NON", "no, keep them", "start"])
async def test_who_says_no_keeps_what_they_had(chat: Callable[..., Any], answer: str) -> None:
    talk = chat(club(), drips=(drip,))
    await talk.says("join")
    await talk.says("stop the ads please")

    said = await talk.says(answer)

    assert len(said) == 1
    assert not talk.memory.opted_out
    assert await talk.says("show") == ["marketing"]


async def test_who_had_not_consented_has_not_after_a_no_either(chat: Callable[..., Any]) -> None:
    talk = chat(club(), drips=(drip,))
    await talk.says("stop the ads please")

    await talk.says("no")

    assert await talk.says("show") == ["nothing"]


async def test_silence_for_a_day_is_an_opt_out(chat: Callable[..., Any]) -> None:
    talk = chat(club(), drips=(drip,))
    await talk.says("join")
    await talk.says("stop the ads please")

    await talk.waits(hours=24)
    await talk.says("no")

    assert talk.memory.opted_out
    assert talk.reason == "unhandled"
    assert await talk.says("show") == ["nothing"]


async def test_a_message_about_something_else_is_answered_and_leaves_the_question_open(
    chat: Callable[..., Any],
) -> None:
    talk = chat(club(), drips=(drip,))
    await talk.says("stop the ads please")

    assert await talk.says("show") == ["nothing"]
    await talk.says("no")

    assert not talk.memory.opted_out


async def test_a_step_that_waits_goes_on_waiting_while_it_is_asked(chat: Callable[..., Any]) -> None:
    talk = chat(club(), drips=(drip,))
    await talk.says("offer")

    await talk.says("stop the ads please")
    await talk.says("no")
    reason = talk.reason
    await talk.says("yes")

    assert (reason, talk.reason) == ("opt-out kept", "step:again")


async def test_a_no_to_what_was_asked_since_is_no_answer_to_that_question(chat: Callable[..., Any]) -> None:
    talk = chat(club(), drips=(drip,))
    await talk.says("stop the ads please")
    talk.now += timedelta(minutes=1)
    await talk.says("offer")

    await talk.says("no")

    assert talk.reason == "step:again"
    assert talk.memory.opted_out


async def test_somebody_who_has_stopped_is_not_asked(chat: Callable[..., Any]) -> None:
    talk = chat(club(), drips=(drip,))
    await talk.says("stop")

    assert await talk.says("stop the ads please") == []
    assert talk.reason == "unhandled"


@pytest.mark.parametrize(
    "text", ["stop, Jose is not coming", "arretez de crier", "annulez ma commande", "stop by tomorrow"]
)
async def test_a_sentence_about_something_else_does_nothing(chat: Callable[..., Any], text: str) -> None:
    talk = chat(club(), drips=(drip,))

    await talk.says(text)

    assert talk.reason == "unhandled"
    assert talk.memory.entries == ()


@pytest.mark.parametrize("text", ["take me off your list", "unsubscribe me"])
async def test_an_intent_made_for_people_who_leave_answers_and_they_have_left(
    chat: Callable[..., Any], text: str
) -> None:
    talk = chat(leaving(), drips=(drip,))

    said = await talk.says(text)

    assert (said, talk.reason) == (["bye"], "opt-out")
    assert talk.memory.opted_out


async def test_any_other_intent_with_exactly_that_sentence_goes_first(chat: Callable[..., Any]) -> None:
    talk = chat(leaving(), drips=(drip,))

    said = await talk.says("stop your spam messages")

    assert (said, talk.reason) == (["sorry"], "intent:complain/equal")
    assert not talk.memory.opted_out


@pytest.mark.parametrize("fields", [{"chat": "group", "group": "1@g.us"}, {"own": True}, {"choice": "x"}])
async def test_in_a_group_from_ourselves_or_under_a_button_it_is_none(
    chat: Callable[..., Any], fields: dict[str, Any]
) -> None:
    router = Router("desk", hears=["people", "groups", "own"])
    talk = chat(router, drips=(drip,))

    await talk.says("stop the ads please", **fields)

    assert not talk.memory.opted_out


async def test_while_people_hold_the_conversation_it_is_asked_as_well(chat: Callable[..., Any]) -> None:
    router = club()

    @router.intent("help", examples=["help"])
    async def help_(turn: Turn[None]) -> None:
        turn.handoff("support")

    talk = chat(router, drips=(drip,))
    await talk.says("help")

    assert len(await talk.says("ne m'envoyez plus rien")) == 1
    assert talk.memory.owned(int(talk.now.timestamp() * 1000))


# -- older and newer


def test_what_an_older_flashbot_changed_is_in_the_ledger_from_the_next_act_on() -> None:
    memory = Memory({"v": 1, "out": True})

    memory.note(Entry("news", "withdrawn", "handler", "", 1000))

    assert [(one.purpose, one.act) for one in memory.entries] == [("marketing", "withdrawn"), ("news", "withdrawn")]
    assert memory.standing(1000).suppressed == {"marketing", "news"}


def test_a_start_that_an_older_flashbot_heard_stays_one() -> None:
    memory = Memory()
    memory.note(Entry("marketing", "withdrawn", "wrote it", "stop", 1000))
    document = Memory.load(memory.dump())._document
    del document["out"]

    memory = Memory(document)
    memory.note(Entry("news", "withdrawn", "handler", "", 2000))

    assert not memory.opted_out
    assert memory.standing(2000).suppressed == {"news"}
