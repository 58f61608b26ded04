"""Who answers a message: the fixed order, the chats a router hears, the events it asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from flashbot.dialogue.router import Router
from flashbot.dialogue.routes import Routes
from flashbot.errors import BotMistake
from flashbot.msgflash.events import (
    Connected,
    Delivered,
    Event,
    Failed,
    Read,
    Received,
    Sent,
    StatusEvent,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from flashbot.dialogue.step import Step
    from flashbot.dialogue.turn import Turn


def says(text: str) -> Any:
    async def handler(turn: Turn[Any]) -> None:
        turn.reply(text)

    return handler


def heard(text: str = "", **fields: Any) -> Received:
    return Received(**{"name": "message.received", "sender": "+15550000001", "text": text, **fields})


def router_of(name: str, hears: Any = ("people",), **intents: list[str]) -> Router[None]:
    router = Router(name, hears=hears)
    for intent, examples in intents.items():
        router.intent(intent, examples=examples)(says(f"{name}.{intent}"))
    return router


# -- what cannot be


def test_two_routers_of_one_name_are_refused() -> None:
    with pytest.raises(BotMistake, match="name of two routers"):
        Routes([router_of("desk"), router_of("desk")])


def test_one_router_passed_twice_is_refused() -> None:
    router = router_of("desk")

    with pytest.raises(BotMistake, match="passed twice"):
        Routes([router, router])


def test_an_intent_name_in_two_routers_is_refused_naming_both_places() -> None:
    with pytest.raises(BotMistake, match=rf'named "track".*"a" \({__file__}:\d+\).*"b" \({__file__}:\d+\)'):
        Routes([router_of("a", track=["one"]), router_of("b", track=["two"])])


@pytest.mark.parametrize("kind", ["examples", "keywords"])
def test_the_same_phrase_in_two_intents_is_refused_naming_both_places(kind: str) -> None:
    one, two = Router("a"), Router("b")
    first: Any = {kind: ["Où est-il ?"]}
    second: Any = {kind: ["ou est il"]}
    one.intent("track", **first)(says("a"))
    two.intent("find", **second)(says("b"))

    with pytest.raises(BotMistake, match=rf'"track" \({__file__}:\d+\) and "find" \({__file__}:\d+\)'):
        Routes([one, two])


@pytest.mark.parametrize("second", ["Track {number:ref}!", "track {number}"])
def test_the_same_example_with_slots_in_two_intents_is_refused(second: str) -> None:
    router = router_of("one", track=["track {number:order}"], find=[second])

    with pytest.raises(BotMistake, match=r'"track {order}" and .* in two intents: "track" .* and "find"'):
        Routes([router])


def test_examples_that_differ_in_what_their_slots_take_are_lawful() -> None:
    router = Router[None]("one")
    router.intent("eat", examples=["one {thing} please", "{number} {thing}"], slots={"thing": ["pizza"]})(says("eat"))
    router.intent("drink", examples=["one {thing} please", "{thing} {number}"], slots={"thing": ["tea"]})(says("drink"))

    Routes([router])


def test_the_same_title_in_two_intents_is_refused() -> None:
    router = Router[None]("one")
    router.intent("pay", examples=["how to pay"], title="Help with it")(says("pay"))
    router.intent("find", examples=["where is it"], title="help with it!")(says("find"))

    with pytest.raises(BotMistake, match=r'title.* "pay" .* and "find"'):
        Routes([router])


def test_the_same_phrase_for_people_and_for_groups_is_lawful() -> None:
    Routes([router_of("a", track=["help"]), router_of("b", hears=["groups"], find=["help"])])


def test_one_event_has_one_handler_in_a_bot() -> None:
    one, two = Router("a"), Router("b")
    one.on(Read)(says("a"))
    two.on(Read)(says("b"))

    with pytest.raises(BotMistake, match="Read is handled by router"):
        Routes([one, two])


@pytest.mark.parametrize("bad", [router_of, "desk", None])
def test_what_is_no_router_is_refused(bad: Any) -> None:
    with pytest.raises(BotMistake, match="takes routers"):
        Routes([bad])


def test_a_bots_fallback_is_checked_like_any_handler() -> None:
    def sync(turn: Turn[None]) -> None: ...

    with pytest.raises(BotMistake, match="fallback"):
        Routes([], fallback=sync)  # type: ignore[arg-type]  # that is the mistake


def test_a_handler_declared_after_the_bot_has_loaded_is_refused() -> None:
    router = router_of("desk")
    Routes([router])

    with pytest.raises(BotMistake, match="too late"):
        router.intent("late", examples=["late"])(says("late"))


# -- the order


async def test_an_intent_answers_with_its_router_and_match(chat: Callable[..., Any]) -> None:
    talk = chat(router_of("desk", track=["where is my order"]))

    said = await talk.says("Where is my ORDER?!")

    assert said == ["desk.track"]
    assert talk.reason == "intent:track/equal"
    assert talk.decision.router.name == "desk"
    assert talk.decision.match.intent == "track"


async def test_a_patterns_named_groups_reach_the_handler(chat: Callable[..., Any]) -> None:
    router = Router("desk")

    @router.intent("track", patterns=[r"order (?P<number>\w+)"])
    async def track(turn: Turn[None]) -> None:
        assert turn.match is not None
        turn.reply(turn.match.slots["number"])

    talk = chat(router)

    assert await talk.says("where is Order A17?") == ["A17"]
    assert talk.reason == "intent:track/pattern"


async def test_the_fallback_of_the_router_that_spoke_last_comes_first(chat: Callable[..., Any]) -> None:
    one, two = router_of("one", a=["a"]), router_of("two", b=["b"])
    one.fallback(says("one?"))
    two.fallback(says("two?"))
    talk = chat(one, two)

    first = await talk.says("nonsense")
    await talk.says("b")
    second = await talk.says("nonsense")

    assert first == ["one?"]
    assert second == ["two?"]
    assert talk.reason == "fallback:two"


async def test_the_bots_fallback_comes_last(chat: Callable[..., Any]) -> None:
    talk = chat(router_of("one", a=["a"]), fallback=says("bot?"))

    assert await talk.says("nonsense") == ["bot?"]
    assert talk.reason == "fallback:bot"


async def test_without_any_fallback_a_message_is_unhandled_and_the_advice_does_not_quote_it(
    chat: Callable[..., Any],
) -> None:
    talk = chat(router_of("desk", track=["where is my order"]))

    said = await talk.says("where is my secret")
    advice = talk.routes.advice(heard("where is my secret"))

    assert said == []
    assert talk.reason == "unhandled"
    assert '@router.intent("track"' in advice
    assert "0.75" in advice
    assert "18 characters" in advice
    assert "secret" not in advice


def test_the_advice_for_a_text_like_no_other_and_for_a_message_without_text() -> None:
    routes = Routes([router_of("desk", track=["where is my order"])])

    assert '@router.intent("…"' in routes.advice(heard("xyzzy"))
    assert 'kind "image"' in routes.advice(heard(kind="image"))


async def test_a_tapped_buttons_id_is_tried_before_its_label(chat: Callable[..., Any]) -> None:
    talk = chat(router_of("desk", track=["where is my order"], refund=["money back"]))

    by_name = await talk.says("Money back", choice="track")
    by_label = await talk.says("Money back", choice="b2")
    by_example = await talk.says("x", choice="money-back")

    assert (by_name, by_label, by_example) == (["desk.track"], ["desk.refund"], ["desk.refund"])


# -- escapes and steps


def waiting(**intents: list[str]) -> tuple[Router[None], Step[None]]:
    router = router_of("desk", **intents)

    @router.step("number")
    async def number(turn: Turn[None]) -> None:
        turn.reply(f"got {turn.text}")

    @router.intent("ask", examples=["ask"])
    async def ask(turn: Turn[None]) -> None:
        turn.expect(number)

    return router, number


async def test_a_step_takes_the_next_message_before_any_intent_and_is_spent(
    chat: Callable[..., Any],
) -> None:
    router, _ = waiting(track=["track"])
    talk = chat(router)
    await talk.says("ask")

    first = await talk.says("track")
    reason = talk.reason
    second = await talk.says("track")

    assert (first, reason) == (["got track"], "step:number")
    assert second == ["desk.track"]


@pytest.mark.parametrize(
    ("word", "escape"),
    [
        ("human", "human"),
        ("Humain !", "human"),
        ("agent", "human"),
        ("Conseiller", "human"),
        ("MENU", "menu"),
        ("back", "back"),
        ("retour", "back"),
        ("cancel", "cancel"),
        ("Annuler.", "cancel"),
    ],
)
async def test_an_escape_word_breaks_out_of_a_step_to_the_intent_of_that_name(
    chat: Callable[..., Any], word: str, escape: str
) -> None:
    router, _ = waiting(**{escape: ["something else"]})
    talk = chat(router)
    await talk.says("ask")

    said = await talk.says(word)

    assert said == [f"desk.{escape}"]
    assert talk.reason == f"escape:{escape}"
    assert talk.memory.pending is None
    assert not talk.memory.opted_out


@pytest.mark.parametrize("word", ["menu", "human", "back", "retour", "conseiller"])
async def test_without_such_an_intent_an_escape_word_is_an_ordinary_message(
    chat: Callable[..., Any], word: str
) -> None:
    router, _ = waiting()
    talk = chat(router)
    await talk.says("ask")

    assert await talk.says(word) == [f"got {word}"]


async def test_an_escape_word_reaches_its_intent_without_a_step_too(chat: Callable[..., Any]) -> None:
    talk = chat(router_of("desk", menu=["something"]))

    assert await talk.says("Menu") == ["desk.menu"]
    assert talk.reason == "escape:menu"


async def test_a_steps_own_button_labelled_like_an_escape_reaches_the_step(chat: Callable[..., Any]) -> None:
    router, _ = waiting(menu=["something"])
    talk = chat(router)
    await talk.says("ask")

    assert await talk.says("Menu", choice="dish-list") == ["got Menu"]


async def test_a_button_whose_id_is_an_escape_breaks_out(chat: Callable[..., Any]) -> None:
    router, _ = waiting(menu=["something"])
    talk = chat(router)
    await talk.says("ask")

    assert await talk.says("Show all", choice="menu") == ["desk.menu"]


async def test_a_step_that_no_longer_exists_is_forgotten_and_the_reason_says_so(
    chat: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    router, _ = waiting()
    old = chat(router)
    await old.says("ask")
    new = chat(router_of("desk", track=["track"]))
    new.stored = old.stored

    said = await new.says("track")

    assert said == ["desk.track"]
    assert new.reason == "intent:track/equal (step gone: desk.number)"
    assert new.memory.pending is None
    assert "no longer exists" in caplog.text


async def test_a_step_of_a_router_that_is_gone_leads_to_the_fallback(chat: Callable[..., Any]) -> None:
    router, _ = waiting()
    old = chat(router)
    await old.says("ask")
    new = chat(router_of("other"), fallback=says("bot?"))
    new.stored = old.stored

    assert await new.says("A17") == ["bot?"]
    assert new.reason == "fallback:bot (step gone: desk.number)"


async def test_a_step_of_another_router_cannot_be_expected(chat: Callable[..., Any]) -> None:
    _, number = waiting()
    other = Router("other")

    @other.intent("go", examples=["go"])
    async def go(turn: Turn[None]) -> None:
        turn.expect(number)

    talk = chat(other)

    with pytest.raises(BotMistake, match='step "number" of router "desk"'):
        await talk.says("go")


async def test_a_step_of_a_router_outside_the_bot_cannot_be_expected(chat: Callable[..., Any]) -> None:
    _, number = waiting()

    async def lost(turn: Turn[None]) -> None:
        turn.expect(number)

    talk = chat(router_of("other"), fallback=lost)

    with pytest.raises(BotMistake, match="not in this Bot"):
        await talk.says("go")


# -- chats


KINDS: dict[str, dict[str, Any]] = {
    "people": {},
    "groups": {"chat": "group", "group": "123@g.us"},
    "broadcasts": {"chat": "broadcast"},
    "own": {"own": True},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hears", KINDS)
async def test_a_router_hears_only_the_chats_it_asked_for(chat: Callable[..., Any], kind: str, hears: str) -> None:
    router = router_of("desk", hears=[hears], track=["track"])
    router.fallback(says("desk?"))
    talk = chat(router)

    said = await talk.says("track", **KINDS[kind])

    assert said == (["desk.track"] if kind == hears else [])
    assert talk.routes.wants(heard("x", **KINDS[kind])) == (kind in {hears, "people"})


async def test_the_bots_fallback_does_not_speak_in_groups(chat: Callable[..., Any]) -> None:
    talk = chat(router_of("desk", hears=["groups"]), fallback=says("bot?"))

    assert await talk.says("hello", **KINDS["groups"]) == []


async def test_our_own_message_does_not_spend_a_step_that_waits_for_the_person(
    chat: Callable[..., Any],
) -> None:
    router, _ = waiting()
    talk = chat(router, router_of("watch", hears=["own"], seen=["A17"]))
    await talk.says("ask")

    own = await talk.says("A17", own=True)

    assert own == ["watch.seen"]
    assert await talk.says("A17") == ["got A17"]


# -- events


@pytest.mark.parametrize("event_type", [Sent, Delivered, Read, Failed])
async def test_a_status_reaches_the_handler_that_asked_for_it_and_no_step_is_spent(
    chat: Callable[..., Any], event_type: type[StatusEvent]
) -> None:
    router, _ = waiting()
    router.on(event_type)(says("seen"))
    talk = chat(router)
    await talk.says("ask")
    event = event_type(name="message.x", message_id="m1", to="+15550000001")

    assert talk.routes.wants(event)
    assert await talk.gets(event) == ["seen"]
    assert talk.reason == "on:message.x"
    assert await talk.says("A17") == ["got A17"]


def test_events_nobody_asked_for_are_not_wanted() -> None:
    router = router_of("desk")
    router.on(Read)(says("read"))
    routes = Routes([router])

    assert not routes.wants(Delivered(name="message.delivered"))
    assert not routes.wants(Connected(name="instance.connected"))
    assert not routes.wants(Unknown(name="campaign.done"))
    assert routes.wants(Read(name="message.read"))


async def test_a_handler_for_all_statuses_yields_to_one_for_a_single_status(
    chat: Callable[..., Any],
) -> None:
    router = Router("desk")
    router.on(StatusEvent)(says("any"))
    router.on(Read)(says("read"))
    talk = chat(router)

    assert await talk.gets(Read(name="message.read")) == ["read"]
    assert await talk.gets(Failed(name="message.failed")) == ["any"]


async def test_an_event_about_no_contact_has_its_instance_for_a_contact(chat: Callable[..., Any]) -> None:
    seen: list[str] = []
    router = Router("desk")

    @router.on(Connected)
    async def connected(turn: Turn[None]) -> None:
        seen.append(turn.contact)

    talk = chat(router)

    await talk.gets(Connected(name="instance.connected", instance="one"))

    assert seen == ["instance:one"]


@pytest.mark.parametrize("event", [Read(name="message.read"), heard("x", chat="broadcast")])
async def test_an_event_stored_by_an_older_bot_that_nobody_hears_any_more_does_nothing(
    chat: Callable[..., Any], event: Event
) -> None:
    talk = chat(router_of("desk"))

    assert await talk.gets(event) == []
    assert talk.reason == "unheard"


# -- state


@dataclass
class Count:
    n: int = 0


async def test_each_router_has_its_own_state_and_an_unchanged_one_is_not_stored(
    chat: Callable[..., Any],
) -> None:
    def counting(name: str, step: int) -> Router[Count]:
        router = Router(name, state=Count)

        @router.intent(name, examples=[name])
        async def count(turn: Turn[Count]) -> None:
            turn.state.n += step
            turn.reply(str(turn.state.n))

        return router

    one, two = counting("one", 1), counting("two", 0)
    talk = chat(one, two)

    said = [await talk.says("one"), await talk.says("two"), await talk.says("one")]

    assert said == [["1"], ["0"], ["2"]]
    assert talk.memory.state("one") == {"n": 2}
    assert talk.memory.state("two") is None
    assert talk.routes.state_of(one, talk.memory) == Count(2)


async def test_a_turn_that_raises_has_changed_nothing(chat: Callable[..., Any]) -> None:
    router = Router("desk", state=Count)

    @router.intent("go", examples=["go"])
    async def go(turn: Turn[Count]) -> None:
        turn.state.n += 1
        if turn.state.n > 1:
            raise RuntimeError("no")

    talk = chat(router)
    await talk.says("go")
    before = talk.stored

    with pytest.raises(RuntimeError):
        await talk.says("go")

    assert talk.stored == before


def test_the_table_lists_every_rule_in_the_order_of_routing() -> None:
    router, _ = waiting(track=["where is it"], menu=["show all"])
    router.fallback(says("?"))
    router.on(Read)(says("read"))
    routes = Routes([router], fallback=says("bot?"))

    rows = routes.table()

    assert [row.rule for row in rows] == [
        "opt-out", "opt-out asked", "human owns", "escape", "step", "asked", "intent", "intent", "intent", "fallback",
        "bot fallback", "on",
    ]  # fmt: skip
    track = next(row for row in rows if row.name == "track")
    assert (track.router, track.detail) == ("desk", '"where is it"')
    assert track.place.startswith(f"{__file__}:")


def test_the_table_shows_a_threshold_and_a_title_where_they_are_set() -> None:
    router = Router("desk")
    router.intent("track", examples=["where is it"], threshold=0.9, title="Find a parcel")(says("track"))
    router.intent("hours", examples=["when"])(says("hours"))

    details = {row.name: row.detail for row in Routes([router]).table() if row.rule == "intent"}

    assert details == {"track": '"where is it", from 0.9 on, called "Find a parcel"', "hours": '"when"'}


def test_a_bot_that_never_asks_has_no_question_in_its_table() -> None:
    asks = Routes([router_of("desk", track=["it"])])
    never = Routes([router_of("desk", track=["it"])], asking=False)

    assert [row.name for row in asks.table() if row.rule == "asked"] == ["did you mean …?"]
    assert [row.name for row in never.table() if row.rule == "asked"] == []
