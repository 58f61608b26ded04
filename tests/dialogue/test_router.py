"""What a router refuses where it is written."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from flashbot.dialogue.router import Router
from flashbot.dialogue.turn import Turn
from flashbot.errors import BotMistake
from flashbot.msgflash.events import Delivered, Event, Received, StatusEvent, Unknown


async def good(turn: Turn[Any]) -> None: ...


def sync(turn: Turn[Any]) -> None: ...


async def generator(turn: Turn[Any]) -> Any:
    yield turn


async def nothing() -> None: ...


async def two(turn: Turn[Any], more: int = 0) -> None: ...


async def keyword_only(*, turn: Turn[Any]) -> None: ...


async def star(*turns: Turn[Any]) -> None: ...


@dataclass
class Order:
    number: str = ""


@dataclass
class Needs:
    number: str


class Model(BaseModel):
    number: str = ""


@pytest.mark.parametrize("bad", [sync, generator, nothing, two, keyword_only, star])
@pytest.mark.parametrize("kind", ["intent", "step", "fallback", "on"])
def test_a_handler_of_another_shape_is_refused_with_its_file_and_line(bad: Any, kind: str) -> None:
    router = Router("desk")
    declare: Any = {
        "intent": router.intent("x", examples=["x"]),
        "step": router.step("x"),
        "fallback": router.fallback,
        "on": router.on(Delivered),
    }[kind]

    with pytest.raises(BotMistake) as caught:
        declare(bad)

    assert f"{__file__}:{bad.__code__.co_firstlineno}" in str(caught.value)
    assert "desk" in str(caught.value)


@pytest.mark.parametrize("bad", [None, 7, "handler", object()])
def test_what_is_no_function_at_all_is_refused(bad: Any) -> None:
    with pytest.raises(BotMistake, match="async function"):
        Router("desk").fallback(bad)


def test_a_method_and_a_partial_with_one_argument_left_are_handlers() -> None:
    class Desk:
        async def track(self, turn: Turn[None]) -> None: ...

    async def bound(shop: str, turn: Turn[None]) -> None: ...

    router = Router("desk")

    router.intent("a", examples=["a"])(Desk().track)
    router.intent("b", examples=["b"])(functools.partial(bound, "shop"))

    assert list(router.intents) == ["a", "b"]


def test_two_intents_of_one_name_are_refused_naming_both_places() -> None:
    router = Router("desk")
    router.intent("track", examples=["a"])(good)

    with pytest.raises(BotMistake, match=rf'two intents "track": .*{re.escape(__file__)}:\d+ and .*:\d+'):
        router.intent("track", examples=["b"])(good)


def test_two_steps_of_one_name_are_refused() -> None:
    router = Router("desk")
    router.step("number")(good)

    with pytest.raises(BotMistake, match='two steps "number"'):
        router.step("number")(good)


def test_two_fallbacks_are_refused() -> None:
    router = Router("desk")
    router.fallback(good)

    with pytest.raises(BotMistake, match="two fallbacks"):
        router.fallback(good)


def test_an_intent_that_nothing_can_reach_is_refused() -> None:
    with pytest.raises(BotMistake, match="can never be reached"):
        Router("desk").intent("track")(good)


@pytest.mark.parametrize("name", ["stop", "human", "menu", "cancel", "back"])
def test_an_intent_named_like_an_escape_needs_no_examples(name: str) -> None:
    router = Router("desk")

    router.intent(name)(good)

    assert name in router.intents


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"examples": "hello"}, "list of texts"),
        ({"keywords": "hello"}, "list of texts"),
        ({"examples": ["hello", "?!"]}, "no word"),
        ({"examples": [7]}, "no word"),
        ({"patterns": "a+"}, "list of regular expressions"),
        ({"patterns": ["(unclosed"]}, "no regular expression"),
        ({"patterns": [re.compile(b"bytes")]}, "no regular expression"),
        ({"patterns": [7]}, "no regular expression"),
        ({"examples": [f"example {n}" for n in range(5_001)]}, r"5,001 examples and may have 5,000"),
        ({"examples": ["word " * 201]}, r'begins "word word .*…" has 1,005 characters and may have 1,000'),
        ({"examples": ["track {nothing:order}"]}, r'Intent "track" \(.*test_router.py:\d+\): '),
        ({"examples": ["track"], "slots": ["order"]}, "slots must be a dict"),
        ({"examples": ["track"], "threshold": 0}, "threshold must be a number above 0 and at most 1"),
        ({"examples": ["track"], "threshold": 1.01}, "threshold must be"),
        ({"examples": ["track"], "threshold": float("nan")}, "threshold must be"),
        ({"examples": ["track"], "threshold": True}, "threshold must be"),
        ({"examples": ["track"], "threshold": "0.7"}, "threshold must be"),
        ({"examples": ["track"], "title": " "}, "title must be a line of text"),
        ({"examples": ["track"], "title": "one\ntwo"}, "title must be"),
        ({"examples": ["track"], "title": 7}, "title must be"),
    ],
)
def test_what_an_intent_is_given_is_checked(parts: Any, says: str) -> None:
    with pytest.raises(BotMistake, match=says):
        Router("desk").intent("track", **parts)(good)


def test_five_thousand_examples_of_a_thousand_characters_are_lawful() -> None:
    router = Router("desk")

    router.intent("track", examples=["x" * 1_000] * 5_000, threshold=1, title=" Find it ")(good)

    assert len(router.intents["track"].texts) == 5_000
    assert (router.intents["track"].threshold, router.intents["track"].title) == (1.0, "Find it")


def test_a_text_pattern_ignores_case_and_a_compiled_one_keeps_its_flags() -> None:
    router = Router("desk")

    router.intent("a", patterns=["abc", re.compile("def")])(good)

    text, compiled = router.intents["a"].patterns
    assert text.search("ABC")
    assert not compiled.search("DEF")


@pytest.mark.parametrize("event_type", [Received, Event, Unknown])
def test_on_is_not_for_messages(event_type: type[Event]) -> None:
    with pytest.raises(BotMistake, match="messages go to intents"):
        Router("desk").on(event_type)(good)


@pytest.mark.parametrize("event_type", [int, "message.read", None])
def test_on_takes_an_event_class(event_type: Any) -> None:
    with pytest.raises(BotMistake, match="event class"):
        Router("desk").on(event_type)(good)


def test_one_router_handles_an_event_once() -> None:
    router = Router("desk")
    router.on(StatusEvent)(good)
    router.on(Delivered)(good)

    with pytest.raises(BotMistake, match="Delivered twice"):
        router.on(Delivered)(good)


@pytest.mark.parametrize("state", [Order, Model])
def test_the_state_may_be_a_dataclass_or_a_pydantic_model(state: type[Any]) -> None:
    assert Router("desk", state=state).state is state


@pytest.mark.parametrize(
    ("state", "says"),
    [(Needs, "without arguments"), (int, "dataclass"), (Order(), "dataclass"), ("Order", "dataclass")],
)
def test_any_other_state_is_refused(state: Any, says: str) -> None:
    with pytest.raises(BotMistake, match=says):
        Router("desk", state=state)


@pytest.mark.parametrize("name", ["", "  ", None, 7])
def test_a_router_needs_a_name(name: Any) -> None:
    with pytest.raises(BotMistake, match="needs a name"):
        Router(name)


@pytest.mark.parametrize("name", ["", None])
def test_intents_and_steps_need_names(name: Any) -> None:
    router = Router("desk")

    with pytest.raises(BotMistake, match="needs a name"):
        router.intent(name, examples=["x"])(good)
    with pytest.raises(BotMistake, match="needs a name"):
        router.step(name)(good)


@pytest.mark.parametrize("hears", ["people", ["persons"], []])
def test_hears_is_a_list_of_known_chats(hears: Any) -> None:
    with pytest.raises(BotMistake, match="hears"):
        Router("desk", hears=hears)


async def test_a_step_can_be_called_in_a_unit_test() -> None:
    router = Router("desk", state=Order)

    @router.step("number")
    async def number(turn: Turn[Order]) -> None:
        turn.state.number = turn.text

    turn = Turn.for_test("A17", state=Order())

    await number(turn)

    assert turn.state == Order("A17")
