"""What a contact's messages tell of the language they write in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_core import from_json

from flashbot.dialogue.router import Router
from flashbot.dialogue.tongue import UNHEARD, Tongue, checked_language, language_of
from flashbot.dialogue.turn import Turn
from flashbot.errors import BotMistake
from flashbot.outreach.drip import Drip

if TYPE_CHECKING:
    from collections.abc import Callable

ORDER = "where is my order please"
COLIS = "bonjour, où est mon colis ?"


def after(*texts: str) -> Tongue:
    tongue = UNHEARD
    for text in texts:
        tongue = tongue.after(text)
    return tongue


def desk() -> Router[None]:
    """Says the language of each turn."""
    router: Router[None] = Router("desk")

    @router.intent("switch", keywords=["switch"])
    async def switch(turn: Turn[None]) -> None:
        turn.language = turn.text.split()[1] if turn.text.count(" ") else None
        turn.reply(str(turn.language))

    @router.fallback
    async def anything(turn: Turn[None]) -> None:
        turn.reply(f"{turn.language} {turn.name}")

    return router


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        ([ORDER], "en"),
        ([COLIS], "fr"),
        (["slt c koi l'adresse stp"], "fr"),  # the language of the street counts as what it stands for
        (["ok"], None),
        (["Will"], None),  # a name that is an English word
        (["hello"], None),  # one word, which others borrow
        (["bonjour", "merci"], "fr"),
        (["A17", "👍", "1500 F"], None),
        ([], None),
    ],
)
def test_a_language_is_learned_from_words_enough(texts: list[str], language: str | None) -> None:
    assert after(*texts).language == language


@pytest.mark.parametrize("said", ["ok", "yes", "hello", "Will", "not now", "A17"])
def test_a_few_words_change_nothing_that_was_learned(said: str) -> None:
    assert after(COLIS, "je voudrais commander une robe", said).language == "fr"


def test_who_goes_on_in_the_other_language_is_followed() -> None:
    french = [COLIS, "je voudrais commander une robe"] * 10

    learned = [after(*french, *[ORDER] * times).language for times in range(3)]

    assert learned == ["fr", "fr", "en"]


def test_later_messages_weigh_more() -> None:
    assert after(ORDER, COLIS, COLIS).language == "fr"
    assert after(COLIS, COLIS, ORDER, ORDER).language == "en"


@pytest.mark.parametrize(
    ("said", "tongue", "home", "language"),
    [
        ("pt", Tongue("fr", 400), "fr_CI", "pt"),
        (None, Tongue("fr", 400), "fr_CI", "fr_CI"),  # with the region, for money and dates
        (None, Tongue("en", -400), "fr_CI", "en"),
        (None, Tongue("en", -400), None, "en"),
        (None, UNHEARD, "en_NG", "en_NG"),
        (None, UNHEARD, None, None),
    ],
)
def test_said_goes_before_learned_and_learned_before_home(
    said: str | None, tongue: Tongue, home: str | None, language: str | None
) -> None:
    assert language_of(said, tongue, lambda: home) == language


@pytest.mark.parametrize(
    ("written", "language"), [("fr", "fr"), ("fr-ci", "fr_CI"), ("PT_br", "pt_BR"), ("zh-hans-cn", "zh_Hans_CN")]
)
def test_a_language_may_be_spelled_in_any_usual_way(written: str, language: str) -> None:
    assert checked_language(written, "turn.language") == language


@pytest.mark.parametrize("nonsense", ["", "french", "f", "fr_", "fr_FRANCE", "1", 7, "fr\n"])
def test_what_is_no_language_is_refused_where_it_is_set(nonsense: Any) -> None:
    turn = Turn.for_test("hi", state=None)

    with pytest.raises(BotMistake, match=r"turn\.language takes a language such as fr"):
        turn.language = nonsense


async def test_a_turn_knows_what_this_very_message_tells(chat: Callable[..., Any]) -> None:
    talk = chat(desk())

    said = await talk.says(COLIS)

    assert said == ["fr "]
    assert talk.memory.tongue.language == "fr"


async def test_the_words_of_a_button_are_not_theirs(chat: Callable[..., Any]) -> None:
    talk = chat(desk())

    said = await talk.says(COLIS, choice="track")

    assert said == ["None "]
    assert talk.memory.tongue == UNHEARD


async def test_what_others_say_in_a_group_teaches_nothing(chat: Callable[..., Any]) -> None:
    router: Router[None] = Router("group", hears=("groups",))

    @router.fallback
    async def anything(turn: Turn[None]) -> None:
        turn.reply(str(turn.language))

    talk = chat(router)

    await talk.says(COLIS, chat="group", group="123@g.us")

    assert talk.memory.tongue == UNHEARD


async def test_a_language_that_was_set_stays_until_it_is_left_to_be_learned(chat: Callable[..., Any]) -> None:
    talk = chat(desk())

    said = [await talk.says(text) for text in ("switch pt-br", COLIS, "switch", COLIS)]

    assert said == [["pt_BR"], ["pt_BR "], ["fr"], ["fr "]]
    assert "lang" not in from_json(talk.stored)


async def test_a_timer_speaks_the_stored_language_and_knows_the_name(chat: Callable[..., Any]) -> None:
    seen = []
    router: Router[None] = Router("desk")

    @router.fallback
    async def anything(turn: Turn[None]) -> None:
        turn.expect(answer, within=timedelta(hours=1), otherwise=late)

    @router.step("answer")
    async def answer(turn: Turn[None]) -> None: ...

    @router.step("late")
    async def late(turn: Turn[None]) -> None:
        seen.append((turn.language, turn.name))

    talk = chat(router)
    await talk.says(COLIS, display_name="Awa Koné")

    await talk.waits(hours=2)

    assert seen == [("fr", "Awa Koné")]


async def test_a_name_without_an_end_or_of_broken_letters_can_be_stored(chat: Callable[..., Any]) -> None:
    talk = chat(desk())

    await talk.says("hi", display_name="\ud83d" + "x" * 5000)

    assert talk.memory.name == "?" + "x" * 99


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ([], ["You will get no more", "Vous ne recevrez plus"]),
        ([COLIS], ["Vous ne recevrez plus"]),
        ([ORDER], ["You will get no more"]),
        (["switch fr_CI"], ["Vous ne recevrez plus"]),
        (["switch pt"], ["You will get no more", "Vous ne recevrez plus"]),
    ],
)
async def test_stop_is_confirmed_in_the_language_they_have_shown(
    chat: Callable[..., Any], before: list[str], says: list[str]
) -> None:
    talk = chat(desk(), drips=(Drip("d").send("x", after=timedelta(days=1)),))
    for text in before:
        await talk.says(text)

    (said,) = await talk.says("STOP")

    assert [line[: len(begin)] for line, begin in zip(said.split("\n"), says, strict=True)] == says
