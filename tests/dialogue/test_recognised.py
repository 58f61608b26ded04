"""Texts that equal no example: what the recogniser makes of them, and what a router says about it."""

from __future__ import annotations

import logging
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from flashbot.dialogue.intents import Recogniser
from flashbot.dialogue.memory import Memory
from flashbot.dialogue.recognition.findings import ENOUGH
from flashbot.dialogue.router import Router
from flashbot.dialogue.routes import Routes
from flashbot.errors import BotMistake
from flashbot.msgflash.events import Received

if TYPE_CHECKING:
    from collections.abc import Callable

    from flashbot.dialogue.turn import Turn

EXAMPLES = {
    "track": (
        "where is my order", "where is my parcel", "track my parcel", "my order has not arrived",
        "when will my parcel come", "où est mon colis", "je n'ai pas reçu ma commande", "quand arrive mon colis",
    ),
    "refund": (
        "I want my money back", "refund my order", "please refund me", "give me a refund", "how do I get a refund",
        "je veux être remboursé", "remboursez ma commande", "comment obtenir un remboursement",
    ),
    "hours": (
        "when are you open", "what are your opening hours", "are you open on sunday", "at what time do you close",
        "quand êtes-vous ouverts", "vos horaires d'ouverture", "à quelle heure fermez-vous", "ouvert le dimanche",
    ),
}  # fmt: skip


NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def says(name: str) -> Any:
    async def handler(turn: Turn[Any]) -> None:
        turn.reply(name)

    return handler


def shop(*, hears: Any = ("people",), **more: Any) -> Router[None]:
    """With what `more` says of an intent beside its examples."""
    router = Router("shop", hears=hears)
    for intent, examples in EXAMPLES.items():
        router.intent(intent, examples=examples, **more.get(intent, {}))(says(intent))
    router.fallback(says("sorry"))
    return router


def heard(text: str, **fields: Any) -> Received:
    return Received(**{"name": "message.received", "sender": "+15550000001", "text": text, **fields})


def newsletter(**more: Any) -> Router[None]:
    router = Router("news", **more)
    router.intent("subscribe", examples=["subscribe me to the news", "I want your newsletter"])(says("subscribe"))
    router.intent("leave", examples=["no more news please", "end the newsletter"])(says("leave"))
    return router


# -- routing


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("slt mon coli est ou stp", "track"),
        ("where is my parsel??", "track"),
        ("hey can you refund my order please", "refund"),
        ("a kel heure fermez vous", "hours"),
    ],
)
async def test_people_are_understood_in_their_own_words(chat: Callable[..., Any], text: str, intent: str) -> None:
    sure = {name: {"threshold": 0.01} for name in EXAMPLES}  # whoever is best
    talk = chat(shop(**sure)).learns()

    said = await talk.says(text)

    match = talk.decision.match
    assert said == [intent]
    assert (match.intent, match.tier) == (intent, "recogniser")
    assert talk.reason == f"intent:{intent}/recogniser {match.score:.2f}"


async def test_the_match_keeps_the_alternatives_and_the_evidence(chat: Callable[..., Any]) -> None:
    talk = chat(shop(track={"threshold": 0.01})).learns()

    await talk.says("where is my parsel")

    match = talk.turn.match
    assert match.evidence.examples[0].example == "where is my parcel"
    assert "track" not in {guess.intent for guess in match.alternatives}


async def test_what_is_sure_by_default_needs_no_threshold(chat: Callable[..., Any]) -> None:
    talk = chat(shop(), asking=False).learns()

    assert await talk.says("please where is my parcel") == ["track"]
    assert await talk.says("qwertz uiop asdf") == ["sorry"]


async def test_a_threshold_of_its_own_decides_for_an_intent(chat: Callable[..., Any]) -> None:
    text = "please where is my parcel"
    usual = chat(shop()).learns()
    strict = chat(shop(track={"threshold": 1.0}), asking=False).learns()

    assert await usual.says(text) == ["track"]
    assert await strict.says(text) == ["sorry"]
    assert strict.turn.match.intent is None
    assert strict.turn.match.best.intent == "track"


async def test_until_it_has_learned_a_bot_knows_what_is_certain(chat: Callable[..., Any]) -> None:
    talk = chat(shop())

    assert await talk.says("please where is my parcel") == ["sorry"]
    assert await talk.says("Where is my PARCEL?") == ["track"]

    talk.learns()

    assert await talk.says("please where is my parcel") == ["track"]


async def test_what_is_certain_is_not_guessed_about(chat: Callable[..., Any]) -> None:
    talk = chat(shop(hours={"keywords": ["parcel"]})).learns()

    assert await talk.says("please where is my parcel") == ["hours"]
    assert talk.reason == "intent:hours/keyword"


async def test_the_language_of_the_street_equals_the_examples_that_it_stands_for(chat: Callable[..., Any]) -> None:
    router = Router("desk")
    router.intent("greet", examples=["salut c'est quoi l'adresse s'il te plaît"])(says("greet"))
    talk = chat(router)

    assert await talk.says("slt c koi l adresse stp") == ["greet"]
    assert talk.reason == "intent:greet/equal"


def test_a_bots_own_short_forms_count_too() -> None:
    router = Router("desk")
    router.intent("order", examples=["ma commande"])(says("order"))
    routes = Routes([router], street={"zkd": "commande"})

    decision = routes.decide(heard("ma zkd"), Memory(), NOW)

    assert decision.reason == "intent:order/equal"


async def test_a_buttons_id_is_never_guessed_about(chat: Callable[..., Any]) -> None:
    talk = chat(shop(track={"threshold": 0.01})).learns()

    assert await talk.says("?", choice="please-where-is-my-parcel") == ["sorry"]
    assert await talk.says("please where is my parcel", choice="b7") == ["track"]


async def test_a_group_reaches_only_the_intents_of_its_routers(chat: Callable[..., Any]) -> None:
    group = {"chat": "group", "group": "123@g.us"}
    talk = chat(shop(), newsletter(hears=["groups"])).learns()

    in_the_group = await talk.says("please where is my parcel", **group)
    guesses = talk.decision.match.alternatives

    assert in_the_group != ["track"]
    assert {guess.intent for guess in guesses} <= {"subscribe", "leave"}
    assert await talk.says("please where is my parcel") == ["track"]


async def test_in_a_group_what_is_sure_is_answered_and_nothing_asked(chat: Callable[..., Any]) -> None:
    group = {"chat": "group", "group": "123@g.us"}
    talk = chat(shop(hears=["groups"], refund={"threshold": 1.0})).learns()

    assert await talk.says("please where is my parcel", **group) == ["track"]
    assert await talk.says("please give me a refund", **group) == ["sorry"]


WHATEVER = {
    "nothing": "",
    "spaces": "   ",
    "emoji": "😀😀😀",
    "another alphabet": "ここはどこ",
    "signs": "؟؟",
    "control characters": "\x00\x07\u200b",
    "half a letter": "\ud800",
    "one long word": "a" * 10_000,
    "10,000 characters": "où est mon colis " * 600,
    "noise": "?!" * 5_000,
}


@pytest.mark.parametrize("text", WHATEVER.values(), ids=WHATEVER)
async def test_whatever_comes_is_routed(chat: Callable[..., Any], text: str) -> None:
    talk = chat(shop()).learns()

    decision = talk.routes.decide(heard(text), Memory(), NOW)

    assert decision.reason.partition(":")[0] in {"fallback", "asked", "intent"}


async def test_a_photo_without_words_means_no_intent(chat: Callable[..., Any]) -> None:
    talk = chat(shop(**{name: {"threshold": 1e-9} for name in EXAMPLES})).learns()

    assert await talk.says(kind="image") == ["sorry"]


# -- values


async def test_an_example_with_slots_is_certain_and_its_values_are_typed(chat: Callable[..., Any]) -> None:
    router = Router("shop")

    @router.intent("track", examples=["track order {number:order}", *EXAMPLES["track"]])
    async def track(turn: Turn[None]) -> None:
        assert turn.match is not None
        turn.reply(f"{turn.match.tier} {dict(turn.match.slots)}")

    talk = chat(router)

    assert await talk.says("Track order 17") == ["template {'order': 17}"]
    assert talk.reason == "intent:track/template"


async def test_values_are_found_whatever_led_to_the_intent_and_a_patterns_groups_win(
    chat: Callable[..., Any],
) -> None:
    router = Router("shop")

    @router.intent(
        "track",
        examples=["track order {number:order}", *EXAMPLES["track"]],
        keywords=["colis"],
        patterns=[r"n° ?(?P<order>\w+)"],
        threshold=0.01,
    )
    async def track(turn: Turn[None]) -> None:
        assert turn.match is not None
        turn.reply(f"{turn.match.tier} {dict(turn.match.slots)}")

    talk = chat(router, newsletter()).learns()

    assert await talk.says("track my order 4711 please") == ["recogniser {'order': 4711}"]
    assert await talk.says("le colis 4711") == ["keyword {'order': 4711}"]
    assert await talk.says("track order 4711 or n°A17") == ["pattern {'order': 'A17'}"]
    assert await talk.says("the order number 4711", choice="track") == ["name {'order': 4711}"]
    assert await talk.says("où est mon colis") == ["equal {}"]


async def test_a_phone_is_read_as_in_the_land_of_the_person_who_wrote_it_privately(chat: Callable[..., Any]) -> None:
    router = Router("shop", hears=["people", "groups"])

    @router.intent("call", examples=["call me at {phone:number}"], keywords=["call"])
    async def call(turn: Turn[None]) -> None:
        assert turn.match is not None
        turn.reply(str(turn.match.slots.get("number")))

    talk = chat(router)
    text, sender = "please call 06 12 34 56 78", "+33600000000"

    assert await talk.says(text, sender=sender) == ["+33612345678"]
    assert await talk.says(text, sender=sender, chat="group", group="123@g.us") == ["None"]
    assert await talk.says("call me at 0612345678", sender=sender) == ["+33612345678"]


async def test_without_slots_there_are_none(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()

    await talk.says("where is my order")

    assert dict(talk.turn.match.slots) == {}


# -- lessons


def test_a_lesson_has_each_example_with_its_intent_and_no_keywords() -> None:
    router = Router("desk")
    router.intent("track", examples=["where is it", "où est-il"], keywords=["parcel"])(says("track"))
    router.intent("photo", patterns=["photo"])(says("photo"))
    router.intent("human")(says("human"))

    (lesson,) = Routes([router]).lessons

    assert lesson.pairs == (("where is it", "track"), ("où est-il", "track"))


def test_a_lessons_key_tells_examples_and_short_forms_apart_and_nothing_else() -> None:
    def key(*examples: str, street: dict[str, str] | None = None) -> str:
        router = Router("desk")
        router.intent("track", examples=examples)(says("track"))
        (lesson,) = Routes([router], street=street).lessons
        return lesson.key

    keys = [key("one", "two"), key("one", "three"), key("one", "two", street={"zkd": "commande"})]

    assert key("one", "two") == keys[0]
    assert len(set(keys)) == 3


def test_chats_that_reach_the_same_intents_share_a_lesson() -> None:
    shared = Routes([shop(hears=["people", "groups"])])
    apart = Routes([shop(hears=["people", "groups"]), newsletter()])

    assert len(shared.lessons) == 1
    assert len(apart.lessons) == 2


def test_a_bot_without_examples_has_no_lesson() -> None:
    router = Router("desk")
    router.intent("track", keywords=["parcel"])(says("track"))
    router.intent("menu")(says("menu"))

    assert Routes([router]).lessons == ()


def test_an_example_with_slots_is_learned_from_with_values_in_it() -> None:
    router = Router("desk")
    router.intent("track", examples=["track order {number:order}"])(says("track"))

    (lesson,) = Routes([router]).lessons

    assert lesson.pairs
    assert not any("{" in text for text, _ in lesson.pairs)


def test_a_recogniser_of_another_lesson_is_refused() -> None:
    routes = Routes([shop()])
    (lesson,) = routes.lessons

    with pytest.raises(ValueError, match="no lesson with this key"):
        routes.teach("other", Recogniser.train(lesson.pairs))


async def test_one_intent_alone_is_learned_against_strangers(chat: Callable[..., Any]) -> None:
    router = Router("desk")
    router.intent("track", examples=EXAMPLES["track"])(says("track"))
    router.fallback(says("sorry"))
    talk = chat(router, asking=False).learns()

    assert await talk.says("qwertz uiop asdf") == ["sorry"]


# -- saying what is missing


def test_the_advice_for_an_unhandled_text_is_the_recognisers_best_guess(chat: Callable[..., Any]) -> None:
    talk = chat(shop()).learns()
    (lesson,) = talk.routes.lessons
    best = Recogniser.train(lesson.pairs).rank("my secret parcel")[0]

    advice = talk.routes.advice(heard("my secret parcel"))

    assert f'the closest intent is "{best.intent}" (score {best.score:.2f})' in advice
    assert f'@router.intent("{best.intent}"' in advice
    assert "16 characters" in advice
    assert "secret" not in advice


def test_intents_with_a_single_example_are_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    router = Router("desk")
    router.intent("track", examples=["where is it"])(says("track"))
    router.intent("refund", examples=["my money back"])(says("refund"))
    router.intent("hours", examples=["when are you open", "opening hours"])(says("hours"))

    with caplog.at_level(logging.INFO):
        Routes([router])

    assert caplog.messages == [
        '2 intents have one example each, too little to be known by in other words: "track", "refund"; '
        f"write {ENOUGH - 1} more for each."
    ]


def test_examples_that_only_the_language_of_the_street_makes_equal_are_refused_naming_both() -> None:
    one, two = Router("a"), Router("b")
    one.intent("track", examples=["salut"])(says("a"))
    two.intent("find", examples=["slt"])(says("b"))

    with pytest.raises(BotMistake, match=rf'"salut" and "slt" mean the same.*"track" \({__file__}:\d+\) and "find"'):
        Routes([one, two])


def test_a_bots_own_short_forms_are_part_of_that() -> None:
    def routers() -> list[Router[None]]:
        one, two = Router("a"), Router("b")
        one.intent("track", examples=["ma commande"])(says("a"))
        two.intent("find", examples=["ma zkd"])(says("b"))
        return [one, two]

    Routes(routers())

    with pytest.raises(BotMistake, match="mean the same"):
        Routes(routers(), street={"zkd": "commande"})


def test_short_forms_that_mean_nothing_are_refused() -> None:
    with pytest.raises(BotMistake, match="street"):
        Routes([shop()], street={"zkd": "?!"})


def test_declaring_intents_loads_no_numpy() -> None:
    script = """
import sys
import flashbot.dialogue.router, flashbot.dialogue.routes
from flashbot.dialogue.intents import Match
router = flashbot.dialogue.router.Router("desk")
@router.intent("track", examples=["where is it", "track {number:order}"])
async def track(turn): ...
flashbot.dialogue.routes.Routes([router]).lessons
assert "numpy" not in sys.modules
from flashbot.dialogue.intents import Recogniser
print(Recogniser.__name__)
"""

    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)

    assert done.stdout.split() == ["Recogniser"]
