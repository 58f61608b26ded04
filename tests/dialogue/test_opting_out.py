"""Opt-out words, resuming, and leaving a form: what every bot does by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from flashbot.dialogue.router import Router
from flashbot.outreach.drip import Drip

if TYPE_CHECKING:
    from collections.abc import Callable

    from flashbot.dialogue.turn import Turn

drip = Drip("follow-up").send("one", after=timedelta(days=1))


def desk() -> Router[None]:
    router = Router("desk")

    @router.step("number")
    async def number(turn: Turn[None]) -> None:
        turn.reply(f"got {turn.text}")

    @router.intent("ask", examples=["ask"])
    async def ask(turn: Turn[None]) -> None:
        turn.expect(number, within=timedelta(hours=1))

    @router.intent("drip", examples=["drip"])
    async def drips(turn: Turn[None]) -> None:
        turn.start(drip)

    return router


def named(name: str, *examples: str) -> Router[None]:
    router = desk()

    @router.intent(name, examples=examples)
    async def handler(turn: Turn[None]) -> None:
        turn.reply(f"my {name}")
        turn.start(drip)

    return router


@pytest.mark.parametrize("word", ["STOP", "stop!", "Arrêt", "unsubscribe", "Désabonnement", "cancel", "END"])
async def test_an_opt_out_word_is_obeyed_and_confirmed_once(chat: Callable[..., Any], word: str) -> None:
    talk = chat(desk(), drips=(drip,))
    await talk.says("drip")

    said = await talk.says(word)
    reason = talk.reason
    again = await talk.says(word)

    assert len(said) == 1
    assert reason == "opt-out"
    assert talk.memory.opted_out
    assert talk.timers == {}
    assert again == []
    assert talk.reason == "opt-out (known)"


@pytest.mark.parametrize(
    ("word", "english", "french"), [("stop", True, True), ("unsubscribe", True, False), ("arret", False, True)]
)
async def test_the_confirmation_is_in_the_words_language(
    chat: Callable[..., Any], word: str, english: bool, french: bool
) -> None:
    talk = chat(desk())

    (said,) = await talk.says(word)

    assert ("START" in said, "REPRENDRE" in said) == (english, french)


@pytest.mark.parametrize("text", ["stop, Jose is not coming", "please stop it", "the end", "don't cancel"])
async def test_a_sentence_with_such_a_word_is_an_ordinary_message(chat: Callable[..., Any], text: str) -> None:
    talk = chat(desk())

    await talk.says(text)

    assert talk.reason == "unhandled"
    assert not talk.memory.opted_out


async def test_an_opt_out_ends_a_waiting_step(chat: Callable[..., Any]) -> None:
    talk = chat(desk())
    await talk.says("ask")

    await talk.says("stop")

    assert talk.reason == "opt-out"
    assert talk.memory.pending is None
    assert talk.timers == {}


@pytest.mark.parametrize(("name", "examples"), [("stop", ()), ("bye", ("Unsubscribe",))])
async def test_an_intent_for_the_word_answers_in_place_of_the_confirmation(
    chat: Callable[..., Any], name: str, examples: tuple[str, ...]
) -> None:
    talk = chat(named(name, *(examples or ("enough",))), drips=(drip,))

    said = await talk.says(examples[0] if examples else "stop")

    assert said == [f"my {name}"]
    assert talk.reason == "opt-out"
    assert talk.memory.opted_out
    assert talk.memory.drips == ()
    assert talk.settled.notes == ("drip refused:follow-up (opted out)",)


async def test_after_an_opt_out_questions_are_still_answered_but_no_drip_starts(
    chat: Callable[..., Any],
) -> None:
    talk = chat(desk(), drips=(drip,))
    await talk.says("stop")

    await talk.says("drip")

    assert talk.reason == "intent:drip/equal"
    assert talk.memory.drips == ()
    assert talk.settled.notes == ("drip refused:follow-up (opted out)",)


@pytest.mark.parametrize(("word", "says"), [("START", "again"), ("Reprendre", "nouveau")])
async def test_resuming_is_confirmed_and_drips_start_again(chat: Callable[..., Any], word: str, says: str) -> None:
    talk = chat(desk(), drips=(drip,))
    await talk.says("stop")

    (said,) = await talk.says(word)
    reason = talk.reason
    await talk.says("drip")

    assert says in said
    assert reason == "opt-in"
    assert not talk.memory.opted_out
    assert talk.memory.drips == ("follow-up",)


async def test_start_is_an_ordinary_word_for_who_has_not_opted_out(chat: Callable[..., Any]) -> None:
    talk = chat(named("begin", "start"), drips=(drip,))

    assert await talk.says("start") == ["my begin"]


@pytest.mark.parametrize(("word", "says"), [("cancel", "Cancelled"), ("Annuler", "Annulé")])
async def test_cancel_leaves_a_waiting_step_and_tells_how_to_stop_everything(
    chat: Callable[..., Any], word: str, says: str
) -> None:
    talk = chat(desk())
    await talk.says("ask")

    (said,) = await talk.says(word)

    assert says in said
    assert "STOP" in said
    assert talk.reason == "cancel"
    assert talk.memory.pending is None
    assert not talk.memory.opted_out


async def test_an_intent_named_cancel_owns_the_word(chat: Callable[..., Any]) -> None:
    talk = chat(named("cancel", "cancel my order"), drips=(drip,))

    said = await talk.says("cancel")

    assert said == ["my cancel"]
    assert talk.reason == "escape:cancel"
    assert not talk.memory.opted_out


async def test_a_button_labelled_cancel_belongs_to_the_step_that_offered_it(chat: Callable[..., Any]) -> None:
    talk = chat(desk())
    await talk.says("ask")

    assert await talk.says("Cancel", choice="no") == ["got Cancel"]
    assert not talk.memory.opted_out


async def test_a_button_labelled_stop_is_an_opt_out(chat: Callable[..., Any]) -> None:
    talk = chat(desk())

    await talk.says("STOP", choice="anything")

    assert talk.memory.opted_out


@pytest.mark.parametrize("fields", [{"chat": "group", "group": "1@g.us"}, {"own": True}])
async def test_the_word_in_a_group_or_from_ourselves_is_no_opt_out(
    chat: Callable[..., Any], fields: dict[str, Any]
) -> None:
    router = Router("desk", hears=["groups", "own"])
    talk = chat(router)

    await talk.says("stop", **fields)

    assert not talk.memory.opted_out
