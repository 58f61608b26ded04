""" "Did you mean …?": when people are asked, how their answers are read, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
from pydantic_core import from_json

from flashbot.clock import to_ms
from flashbot.dialogue.asking import ASKING, Asking, Question, answered, ask, partly
from flashbot.dialogue.intents import Intent, Matcher, Message, Recogniser
from flashbot.dialogue.match import Evidence, Guess, Match, Near
from flashbot.dialogue.memory import Asked, Offer
from flashbot.dialogue.router import Router
from flashbot.errors import BotMistake

if TYPE_CHECKING:
    from collections.abc import Callable

    from flashbot.dialogue.turn import Turn

TRACK = (
    "where is my order", "where is my parcel", "track my parcel", "my order has not arrived",
    "when does my parcel come",
    "où est mon colis", "je n'ai pas reçu ma commande", "quand arrive mon colis",
)  # fmt: skip
REFUND = (
    "I want my money back", "refund my order", "please refund me", "give me a refund", "how do I get a refund",
    "je veux être remboursé", "remboursez ma commande", "comment obtenir un remboursement",
)  # fmt: skip
HOURS = (
    "when are you open", "what are your opening hours", "are you open on sunday", "at what time do you close",
    "quand êtes-vous ouverts", "vos horaires d'ouverture", "à quelle heure fermez-vous", "ouvert le dimanche",
)  # fmt: skip
PHONES = {
    "repair": ("my screen is broken", "my phone is not charging", "phone no dey on", "it fell in water"),
    "buy": ("I want to buy a phone", "I want 2 phones", "can I get an iPhone 13", "ok I take it"),
    "location": ("where is your shop", "yes but where are you", "autre adresse", "non je suis loin"),
}
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
DOUBTFUL = "where is my parcel please help"
DOUBLE = "where is my parcel give me a refund"
"""Halfway between two intents."""


def says(name: str) -> Any:
    async def handler(turn: Turn[Any]) -> None:
        turn.reply(f"{name}: {turn.text}")

    return handler


def shop(*, fallback: bool = True, hears: Any = ("people",), **titles: str) -> Router[None]:
    """Nothing is ever sure enough for it, so that whatever is likely is asked."""
    router = Router("shop", hears=hears)
    for name, examples in (("track", TRACK), ("refund", REFUND), ("hours", HOURS)):
        router.intent(name, examples=examples, threshold=1.0, title=titles.get(name))(says(name))
    if fallback:
        router.fallback(says("sorry"))

    return router


# -- reading an answer

TWO = (Offer("track", "Where is my order"), Offer("refund", "I want my money back"))


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ("1", 0), ("1.", 0), ("1)", 0), (" 2 ! ", 1), ("n°2", 1), ("No 2", 1), ("numéro 2 svp", 1), ("1️⃣", 0), ("٢", 1),
        ("le premier", 0), ("La première", 0), ("1er", 0), ("the second one", 1), ("2nd", 1), ("2ème", 1), ("deux", 1),
        ("premier", 0), ("one", 0), ("number two please", 1), ("Option 1", 0), ("le 2 stp", 1), ("l'un", 0),
        ("I mean the first", 0), ("c'est le deuxième", 1),
        ("where is my order?", 0), ("I WANT MY MONEY BACK", 1),
        ("3", 2), ("the third one", 2), ("autre chose", 2), ("Autre chose.", 2), ("Something else", 2), ("non", 2),
        ("no", 2), ("nn", 2), ("None", 2), ("aucun des deux", 2), ("Ni l'un ni l'autre", 2), ("non merci", 2),
        ("👎", 2),
        ("4", None), ("0", None), ("12", None), ("1 2", None), ("oui", None), ("yes", None), ("", None), ("👍", None),
        ("my order", None), ("what", None), ("non je veux annuler", None), ("2 parcels", None), ("one order", None),
    ],
)  # fmt: skip
def test_an_answer_is_read_as_people_write_it(answer: str, place: int | None) -> None:
    assert answered(answer, TWO, ASKING) == place


@pytest.mark.parametrize("yes", ["oui", "Yes!", "yes please", "ouais", "dac", "c'est ça", "OK", "👍", "1", "exact"])
def test_where_one_intent_was_offered_yes_means_it(yes: str) -> None:
    assert answered(yes, TWO[:1], ASKING) == 0


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ("my order", 0), ("order", 0), ("money", 1), ("my money b", 1), ("where", 0),
        ("my", None), ("wh", None), ("is my", 0), ("want my m", 1), ("rder", None), ("parcel", None), ("my card", None),
    ],
)  # fmt: skip
def test_a_part_of_one_title_names_it(answer: str, place: int | None) -> None:
    assert partly(answer, TWO) == place


def test_words_in_two_titles_name_neither() -> None:
    assert partly("order", (Offer("a", "Track an order"), Offer("b", "Order a pizza"))) is None


def test_a_bots_own_last_line_is_an_answer() -> None:
    asking = Asking({"pt": "Você quer:"}, {"pt": "Outra coisa"})

    assert answered("outra coisa", TWO, asking) == 2
    assert answered("outra coisa", TWO, ASKING) is None


@pytest.mark.parametrize("bad", [{}, {"en": ""}, {"en": None}, "Did you mean", {"": "Did you mean"}, None])
def test_words_that_could_not_be_asked_are_refused(bad: Any) -> None:
    with pytest.raises(BotMistake, match="by language"):
        Asking(bad, {"en": "Else"})


def test_a_question_without_a_last_line_in_its_language_is_refused() -> None:
    with pytest.raises(BotMistake, match="question in en, fr and its last line in en"):
        Asking({"en": "Do you want:", "fr": "Voulez-vous :"}, {"en": "Else"})


# -- the question


def asked_about(text: str, *guesses: tuple[str, float], near: str = "") -> Question:
    async def handler(turn: Turn[Any]) -> None: ...

    names = ("track", "refund", "hours", "human")
    matcher = Matcher([Intent("shop", name, handler, "here:1", examples=(f"{name} please",)) for name in names])
    found = Match(
        None,
        "recogniser",
        guesses[0][1],
        alternatives=tuple(Guess(*guess) for guess in guesses),
        evidence=Evidence((Near(near, guesses[0][0], 0.5),)),
    )
    return ask(found, matcher, text, ASKING, now_ms=0, times=1)


def test_at_most_three_are_offered_the_likeliest_first() -> None:
    question = asked_about("x", ("hours", 0.4), ("track", 0.3), ("refund", 0.2), ("human", 0.1))

    assert question.said == "Did you mean:\n1. Hours please\n2. Track please\n3. Refund please\n4. Something else"
    assert [offer.intent for offer in question.asked.offered] == ["hours", "track", "refund"]


def test_what_is_far_less_likely_than_the_best_is_not_offered() -> None:
    question = asked_about("x", ("hours", 0.4), ("track", 0.09), ("refund", 0.07))

    assert [offer.intent for offer in question.asked.offered] == ["hours", "track"]


@pytest.mark.parametrize(
    ("text", "near", "begins"),
    [
        ("mon colis", "where is it", "Vouliez-vous dire"),
        ("my parcel", "où est mon colis", "Did you mean"),
        ("zzz", "où est mon colis", "Vouliez-vous dire"),
        ("zzz", "zzz", "Did you mean"),
    ],
)
def test_the_question_is_asked_in_the_language_of_the_text_or_of_the_nearest_example(
    text: str, near: str, begins: str
) -> None:
    assert asked_about(text, ("track", 0.4), near=near).said.startswith(begins)


def test_where_neither_the_text_nor_the_nearest_example_tells_the_next_or_the_titles_do() -> None:
    async def handler(turn: Turn[Any]) -> None: ...

    matcher = Matcher([Intent("shop", "track", handler, "here:1", examples=("colis",), title="Où est mon colis")])
    near = Evidence((Near("orange money", "track", 0.9), Near("payer à la livraison", "track", 0.8)))
    by_example = Match(None, "recogniser", 0.4, alternatives=(Guess("track", 0.4),), evidence=near)
    by_title = Match(None, "recogniser", 0.4, alternatives=(Guess("track", 0.4),))

    asked = [ask(one, matcher, "promo", ASKING, now_ms=0, times=1).said for one in (by_example, by_title)]

    assert all(said.startswith("Vouliez-vous dire") for said in asked)


@pytest.mark.parametrize(
    ("example", "title"),
    [
        ("where is my order", "Where is my order"),
        ("où  est\nmon colis", "Où est mon colis"),
        ("iPhone repair", "iPhone repair"),
        ("word " * 20, ("Word " + "word " * 13).strip() + " w…"),
    ],
)
def test_an_intent_without_a_title_is_called_by_an_example(example: str, title: str) -> None:
    async def handler(turn: Turn[Any]) -> None: ...

    matcher = Matcher([Intent("shop", "track", handler, "here:1", examples=(example, "other words"))])
    found = Match(None, "recogniser", 0.4, alternatives=(Guess("track", 0.4),))

    question = ask(found, matcher, "x", ASKING, now_ms=0, times=1)

    assert question.asked.offered == (Offer("track", title),)
    assert len(title) <= 72


def test_of_several_examples_the_nearest_names_the_intent() -> None:
    async def handler(turn: Turn[Any]) -> None: ...

    matcher = Matcher([Intent("shop", "track", handler, "here:1", examples=("one", "two", "three"))])
    nearest = Evidence((Near("zero", "track", 0.9), Near("one", "refund", 0.8), Near("three", "track", 0.7)))
    found = Match(None, "recogniser", 0.4, alternatives=(Guess("track", 0.4),), evidence=nearest)

    question = ask(found, matcher, "x", ASKING, now_ms=0, times=1)

    assert question.asked.offered == (Offer("track", "Three"),)


# -- when it is asked


async def test_what_is_likely_but_not_sure_is_asked(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()

    (said,) = await talk.says(DOUBTFUL)

    question, *offers = said.splitlines()
    assert question == "Did you mean:"
    assert offers[0] == "1. Where is my parcel"
    assert offers[-1] == f"{len(offers)}. Something else"
    assert 2 <= len(offers) <= 4
    assert talk.reason.startswith("asked:track 0.")
    assert talk.settled.message_class == "reply"


async def test_a_french_text_is_asked_in_french(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()

    (said,) = await talk.says("où est mon colis je suis inquiet")

    assert said.startswith("Vouliez-vous dire :\n1. Où est mon colis\n")
    assert said.endswith(". Autre chose")


async def test_an_intents_own_title_is_offered(chat: Callable[..., Any]) -> None:
    talk = chat(shop(track="Find a parcel")).learns()

    (said,) = await talk.says(DOUBTFUL)

    assert "1. Find a parcel" in said
    assert await talk.says("find") == [f"track: {DOUBTFUL}"]


async def test_a_bot_can_word_the_question(chat: Callable[..., Any]) -> None:
    asking = Asking({"pt": "Você quer:"}, {"pt": "Outra coisa"})
    talk = chat(shop(), asking=asking).learns()

    (said,) = await talk.says(DOUBTFUL)

    assert said.startswith("Você quer:\n1. ")
    assert await talk.says("outra coisa") == [f"sorry: {DOUBTFUL}"]


async def test_a_bot_can_turn_the_question_off(chat: Callable[..., Any]) -> None:
    talk = chat(shop(), asking=False).learns()

    assert await talk.says(DOUBTFUL) == [f"sorry: {DOUBTFUL}"]
    assert talk.decision.match.intent is None
    assert talk.decision.match.best.intent == "track"


async def test_nobody_is_asked_before_anything_was_learned(chat: Callable[..., Any]) -> None:
    talk = chat(shop())

    assert await talk.says(DOUBTFUL) == [f"sorry: {DOUBTFUL}"]


async def test_a_text_like_nothing_is_not_asked_about(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()

    assert await talk.says("qwertz uiop asdf") == ["sorry: qwertz uiop asdf"]


@pytest.mark.parametrize(
    ("hears", "fields"),
    [
        ("groups", {"chat": "group", "group": "123@g.us"}),
        ("broadcasts", {"chat": "broadcast"}),
        ("own", {"own": True}),
    ],
)
async def test_only_people_are_asked(chat: Callable[..., Any], hears: str, fields: dict[str, Any]) -> None:
    talk = chat(shop(hears=[hears])).learns()

    assert await talk.says(DOUBTFUL, **fields) == [f"sorry: {DOUBTFUL}"]
    assert talk.memory.asked is None


async def test_nobody_is_asked_what_a_button_meant(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()

    assert await talk.says(DOUBTFUL, choice="b7") == [f"sorry: {DOUBTFUL}"]


# -- the answer


async def test_the_chosen_intent_answers_the_original_text(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()
    await talk.says(DOUBTFUL)

    said = await talk.says("1")

    assert said == [f"track: {DOUBTFUL}"]
    assert talk.reason == "intent:track/chosen"
    assert (talk.decision.match.intent, talk.decision.match.tier, talk.decision.match.score) == ("track", "chosen", 1.0)
    assert talk.turn.event.text == "1"
    assert talk.memory.asked is None
    assert talk.memory.last_router == "shop"


async def test_slots_are_found_in_the_original_text(chat: Callable[..., Any]) -> None:
    router = Router("shop")

    @router.intent("track", examples=[*TRACK, "track order {number:order}"], threshold=1.0)
    async def track(turn: Turn[None]) -> None:
        assert turn.match is not None
        turn.reply(str(dict(turn.match.slots)))

    router.intent("hours", examples=HOURS)(says("hours"))
    talk = chat(router).learns()
    await talk.says("my parcel has not arrived, it is order 4711")

    assert await talk.says("the first one") == ["{'order': 4711}"]


@pytest.mark.parametrize("answer", ["something else", "non", "no", "autre chose", "none"])
async def test_none_of_them_leads_to_the_fallback_with_the_original_text(chat: Callable[..., Any], answer: str) -> None:
    talk = chat(shop()).learns()
    await talk.says(DOUBTFUL)

    assert await talk.says(answer) == [f"sorry: {DOUBTFUL}"]
    assert talk.reason == "fallback:shop (none chosen)"
    assert talk.memory.asked is None


async def test_the_last_number_is_none_of_them(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()
    (said,) = await talk.says(DOUBTFUL)
    last = said.splitlines()[-1].partition(".")[0]

    assert await talk.says(last) == [f"sorry: {DOUBTFUL}"]


async def test_without_a_fallback_none_of_them_is_met_with_silence(chat: Callable[..., Any]) -> None:
    talk = chat(shop(fallback=False)).learns()
    await talk.says(DOUBTFUL)

    said = await talk.says("none")

    assert said == []
    assert talk.reason == "unhandled (none chosen)"
    assert f"{len(DOUBTFUL)} characters" in talk.routes.advice(talk.turn.event, talk.decision.text)


async def test_a_new_message_is_routed_as_usual_and_the_question_forgotten(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()
    await talk.says(DOUBTFUL)

    new = await talk.says("when are you open")
    late = await talk.says("1")

    assert new == ["hours: when are you open"]
    assert late == ["sorry: 1"]


async def test_words_of_a_title_that_are_another_intents_example_mean_that_intent(chat: Callable[..., Any]) -> None:
    router = shop()
    router.intent("parcels", examples=["my parcel"])(says("parcels"))
    talk = chat(router).learns()
    await talk.says(DOUBTFUL)

    assert await talk.says("my parcel") == ["parcels: my parcel"]


async def test_a_person_is_asked_twice_in_a_row_and_no_more(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()

    (first,) = await talk.says(DOUBTFUL)
    (second,) = await talk.says("my order has not arrived help me")
    third = await talk.says("tell me where is my parcel please")
    (fourth,) = await talk.says(DOUBTFUL)

    assert first.startswith("Did you mean")
    assert second.startswith("Did you mean")
    assert third == ["sorry: tell me where is my parcel please"]
    assert fourth == first


def was_asked(talk: Any, text: str, *offered: Offer) -> Any:
    memory = talk.memory
    memory.asked = Asked(text, "event-0", offered, to_ms(talk.now))
    talk.stored = memory.dump()
    return talk


@pytest.mark.parametrize(
    "answer", ["oui", "yes please", "ok", "👍", "les deux", "both", "1 et 2", "1 or 2", "9", "0", "le 7", "either"]
)
async def test_an_answer_that_chooses_nothing_has_the_same_question_asked_once_more(
    chat: Callable[..., Any], answer: str
) -> None:
    talk = was_asked(chat(shop()).learns(), DOUBLE, *TWO)

    (again,) = await talk.says(answer)

    assert again == "Did you mean:\n1. Where is my order\n2. I want my money back\n3. Something else"
    assert talk.reason == "asked again:track"
    assert await talk.says("2") == [f"refund: {DOUBLE}"]


async def test_a_french_question_is_asked_once_more_in_french(chat: Callable[..., Any]) -> None:
    talk = was_asked(chat(shop()).learns(), "colis", Offer("track", "Où est mon colis"), Offer("hours", "Horaires"))

    (again,) = await talk.says("yes")

    assert again == "Vouliez-vous dire :\n1. Où est mon colis\n2. Horaires\n3. Autre chose"


async def test_the_same_question_is_not_asked_a_third_time(chat: Callable[..., Any]) -> None:
    talk = was_asked(chat(shop()).learns(), DOUBLE, *TWO)
    await talk.says("oui")

    assert await talk.says("oui") == ["sorry: oui"]
    assert talk.memory.asked is None


async def test_a_bots_own_ok_goes_before_asking_again(chat: Callable[..., Any]) -> None:
    router = shop()
    router.intent("agree", examples=["ok"])(says("agree"))
    talk = was_asked(chat(router).learns(), DOUBLE, *TWO)

    assert await talk.says("ok") == ["agree: ok"]


async def test_an_order_number_is_no_answer(chat: Callable[..., Any]) -> None:
    talk = was_asked(chat(shop()).learns(), DOUBLE, *TWO)

    assert await talk.says("4821") == ["sorry: 4821"]


@pytest.mark.parametrize("text", ["oui", "Non", "no", "ok", "👍", "1", "4821", "3 4", "٢", "nn", "dac", "autre"])
async def test_a_bare_yes_no_or_number_is_never_guessed_about(chat: Callable[..., Any], text: str) -> None:
    router = Router[None]("phones")
    for name, examples in PHONES.items():
        router.intent(name, examples=examples, threshold=0.01)(says(name))
    router.fallback(says("sorry"))
    talk = chat(router).learns()

    assert await talk.says(text) == [f"sorry: {text}"]
    assert talk.turn.match is None


async def test_a_bot_that_teaches_a_yes_has_it_recognised(chat: Callable[..., Any]) -> None:
    router = Router[None]("phones")
    for name, examples in {**PHONES, "agreed": ("yes", "ok", "sure", "I agree with that")}.items():
        router.intent(name, examples=examples, threshold=0.01)(says(name))
    talk = chat(router).learns()

    assert await talk.says("yep") == ["agreed: yep"]


@pytest.mark.parametrize(("second", "acted"), [(0.47, False), (0.44, True)])
def test_what_another_intent_is_nearly_as_likely_for_is_asked_about(second: float, acted: bool) -> None:
    lesson = {"track": TRACK, "refund": REFUND, "hours": HOURS}
    matcher = Matcher([Intent("shop", name, says(name), "here:1", examples=lesson[name]) for name in lesson])
    matcher.recogniser = cast(Recogniser, Torn(second))

    match = matcher.likely(Message("my parcel my money", NOW))

    assert match is not None
    assert (match.intent == "track") is acted
    assert matcher.worth_asking(match) is not acted


class Torn:
    """A recogniser between two intents."""

    accept, ask = 0.4, 0.2

    def __init__(self, second: float) -> None:
        self._second = second

    def match(self, text: str) -> Match:
        return Match("track", "recogniser", 0.5, alternatives=(Guess("refund", self._second), Guess("hours", 0.01)))


async def test_the_second_question_is_answered_with_the_second_text(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()
    await talk.says(DOUBTFUL)
    await talk.says("give me a refund now")

    assert await talk.says("1") == ["refund: give me a refund now"]


@pytest.mark.parametrize(("minutes", "said"), [(30, f"track: {DOUBTFUL}"), (31, "sorry: 1")])
async def test_a_question_stands_for_thirty_minutes(chat: Callable[..., Any], minutes: int, said: str) -> None:
    talk = chat(shop()).learns()
    await talk.says(DOUBTFUL)
    await talk.waits(minutes=minutes)

    assert await talk.says("1") == [said]
    assert talk.timers == {}


async def test_an_answer_that_was_held_up_on_its_way_is_still_one(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()
    await talk.says(DOUBTFUL)
    written = talk.now
    await talk.waits(hours=5)

    assert await talk.says("1", at=written) == [f"track: {DOUBTFUL}"]


async def test_an_intent_that_is_no_more_is_none_of_them(chat: Callable[..., Any]) -> None:
    old = chat(shop()).learns()
    await old.says(DOUBTFUL)
    renamed = Router("shop")
    renamed.intent("follow", examples=TRACK)(says("follow"))
    renamed.fallback(says("sorry"))
    new = chat(renamed).learns()
    new.stored = old.stored

    assert await new.says("1") == [f"sorry: {DOUBTFUL}"]
    assert new.reason == "fallback:shop (intent gone: track)"


@pytest.mark.parametrize("answer", ["1", "my parcel"])
async def test_a_question_that_is_no_longer_asked_is_not_answered_either(chat: Callable[..., Any], answer: str) -> None:
    old = chat(shop()).learns()
    await old.says(DOUBTFUL)
    new = chat(shop(), asking=False).learns()
    new.stored = old.stored

    assert await new.says(answer) == [f"sorry: {answer}"]
    assert new.memory.asked is None


# -- what comes before an answer


async def test_an_opt_out_word_comes_first_and_ends_the_question(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()
    await talk.says(DOUBTFUL)

    await talk.says("stop")

    assert talk.memory.opted_out
    assert talk.memory.asked is None


async def test_cancel_leaves_the_question_and_no_subscription(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()
    await talk.says(DOUBTFUL)

    (said,) = await talk.says("cancel")

    assert said.startswith("Cancelled.")
    assert not talk.memory.opted_out
    assert await talk.says("1") == ["sorry: 1"]


async def test_an_escape_comes_first_and_ends_the_question(chat: Callable[..., Any]) -> None:
    router = shop()
    router.intent("human")(says("human"))
    talk = chat(router).learns()
    await talk.says(DOUBTFUL)

    assert await talk.says("human") == ["human: human"]
    assert await talk.says("1") == ["sorry: 1"]


async def test_a_tap_comes_first_and_ends_the_question(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()
    await talk.says(DOUBTFUL)

    assert await talk.says("1", choice="hours") == ["hours: 1"]
    assert await talk.says("1") == ["sorry: 1"]


async def test_a_step_that_has_begun_to_wait_meanwhile_comes_first(chat: Callable[..., Any]) -> None:
    from flashbot.msgflash.events import Read

    router = shop()

    @router.step("number")
    async def number(turn: Turn[None]) -> None:
        turn.reply(f"number: {turn.text}")

    @router.on(Read)
    async def read(turn: Turn[None]) -> None:
        turn.expect(number)

    talk = chat(router).learns()
    await talk.says(DOUBTFUL)
    await talk.gets(Read(name="message.read"))
    kept = talk.memory.asked

    assert kept is not None
    assert await talk.says("1") == ["number: 1"]
    assert await talk.says("1") == ["sorry: 1"]


async def test_people_who_have_taken_over_get_the_answer(chat: Callable[..., Any]) -> None:
    from flashbot.msgflash.events import Read

    router = shop()

    @router.on(Read)
    async def read(turn: Turn[None]) -> None:
        turn.handoff("support")

    talk = chat(router).learns()
    await talk.says(DOUBTFUL)
    await talk.gets(Read(name="message.read"))

    assert await talk.says("1") == []
    assert talk.reason == "human owns"
    assert talk.memory.asked is None


# -- machines


async def test_many_answers_are_no_loop(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()

    for number in range(40):
        (question,) = await talk.says(f"{DOUBTFUL} {'abcdefgh'[number % 8]}")
        assert question.startswith("Did you mean")
        assert (await talk.says("1"))[0].startswith("track:")


async def test_a_machine_that_repeats_what_is_asked_about_is_left_alone(chat: Callable[..., Any]) -> None:
    talk = chat(shop(fallback=False)).learns()

    for _ in range(100):
        await talk.says(DOUBTFUL)

    assert talk.reason == "muted"
    assert sum(said.startswith("Did you mean") for said in talk.said) <= 30


async def test_a_machine_that_answers_every_question_is_left_alone(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()

    for _ in range(500):
        await talk.says(DOUBTFUL)
        await talk.says("1")

    assert talk.reason == "muted"
    assert len(talk.said) <= 90


# -- what is stored


async def test_the_question_is_remembered_with_the_contact(chat: Callable[..., Any]) -> None:
    talk = chat(shop(track="Find a parcel")).learns()
    await talk.says(DOUBTFUL)

    asked = talk.memory.asked

    assert asked.text == DOUBTFUL
    assert asked.offered[0] == Offer("track", "Find a parcel")
    assert (asked.at_ms, asked.event_id, asked.times) == (to_ms(talk.now), "event-1", 1)


async def test_a_text_that_nobody_answers_for_is_kept_for_a_day(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()
    await talk.says(DOUBTFUL)

    await talk.waits(hours=23)
    kept = talk.memory.asked
    said = await talk.waits(hours=2)

    assert kept.text == DOUBTFUL
    assert talk.memory.asked is None
    assert DOUBTFUL.encode() not in talk.stored
    assert (said, talk.reason) == ([], "question over")


async def test_an_answered_question_leaves_no_timer(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()
    await talk.says(DOUBTFUL)
    await talk.waits(minutes=1)
    await talk.says("my order has not arrived help me")
    await talk.waits(minutes=1)

    await talk.says("1")

    assert talk.timers == {}


async def test_the_timer_of_a_question_spares_the_next_one(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()
    await talk.says(DOUBTFUL)
    ((name, generation),) = talk.timers
    await talk.waits(minutes=1)
    await talk.says("my order has not arrived help me")

    await talk.fires(name, generation)

    assert talk.reason == "stale timer"
    assert talk.memory.asked is not None


async def test_of_a_long_text_a_thousand_characters_are_kept(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()
    text = f"{DOUBTFUL}{' ' * 3000}!"

    await talk.says(text)

    assert talk.memory.asked.text == text[:1000]
    assert await talk.says("1") == [f"track: {text[:1000]}"]


async def test_an_answer_whose_turn_fails_is_answered_the_next_time(chat: Callable[..., Any]) -> None:
    @dataclass
    class Tries:
        n: int = 0

    tries = Tries()
    router = Router("shop")

    @router.intent("track", examples=TRACK, threshold=1.0)
    async def track(turn: Turn[None]) -> None:
        tries.n += 1
        if tries.n == 1:
            raise RuntimeError("the shop is away")
        turn.reply(turn.text)

    router.intent("hours", examples=HOURS)(says("hours"))
    talk = chat(router).learns()
    await talk.says(DOUBTFUL)
    with pytest.raises(RuntimeError):
        await talk.says("1")

    assert await talk.says("1") == [DOUBTFUL]


async def test_nothing_of_the_question_stays_behind(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()
    await talk.says("when are you open")
    before = set(from_json(talk.stored))

    await talk.says(DOUBTFUL)
    await talk.says("1")

    assert set(from_json(talk.stored)) == before
