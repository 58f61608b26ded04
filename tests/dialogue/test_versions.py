"""A state's class over time: what older versions stored is brought up, what newer ones stored is left alone."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from flashbot.dialogue.memory import Memory, StateTooNew
from flashbot.dialogue.router import Router
from flashbot.dialogue.state import StateUnfit
from flashbot.dialogue.turn import Turn
from flashbot.errors import BotMistake
from flashbot.msgflash.events import Read
from flashbot.outreach.drip import Drip

PERSON = "+15550000001"


@dataclass
class Order:
    number: str = ""


@dataclass
class Orders:
    numbers: list[str] | None = None
    note: str = ""


def to_list(old: dict[str, Any]) -> dict[str, Any]:
    return {"numbers": [old["number"]]}


def add_note(old: dict[str, Any]) -> dict[str, Any]:
    old["note"] = "added"
    return old


def old_desk() -> Router[Order]:
    router = Router("desk", state=Order)

    @router.intent("track", examples=["track"])
    async def track(turn: Turn[Order]) -> None:
        turn.state.number = "A17"
        turn.expect(number)

    @router.intent("stop")
    async def stop(turn: Turn[Order]) -> None:
        turn.reply("desk says bye")

    @router.step("number")
    async def number(turn: Turn[Order]) -> None:
        turn.state.number = turn.text

    return router


def new_desk(
    version: int = 3,
    migrate: Any = None,
    state: type[Any] = Orders,
    step: str = "number",
    within: timedelta | None = None,
) -> Router[Any]:
    router: Router[Any] = Router(
        "desk", state=state, version=version, migrate={1: to_list, 2: add_note} if migrate is None else migrate
    )

    @router.intent("track", examples=["track"])
    async def track(turn: Turn[Any]) -> None:
        turn.expect(waiting, within=within, otherwise=waiting if within else None)

    @router.intent("show", examples=["show"])
    async def show(turn: Turn[Any]) -> None:
        turn.reply(repr(turn.state))

    @router.intent("stop")
    async def stop(turn: Turn[Any]) -> None:
        turn.reply("desk says bye")

    @router.step(step)
    async def waiting(turn: Turn[Any]) -> None:
        turn.reply("answered")

    return router


def chatter() -> Router[None]:
    router = Router("chatter")

    @router.intent("hello", examples=["hello"])
    async def hello(turn: Turn[None]) -> None:
        turn.reply("Hello!")

    @router.intent("menu")
    async def menu(turn: Turn[None]) -> None:
        turn.reply("the menu")

    return router


# -- bringing up


async def test_a_stored_state_goes_through_every_migration_and_is_stored_in_the_new_version(
    chat: Callable[..., Any],
) -> None:
    old = chat(old_desk())
    await old.says("track")
    await old.says("A17")
    new = chat(new_desk())
    new.stored = old.stored

    said = await new.says("show")

    assert said == ["Orders(numbers=['A17'], note='added')"]
    assert new.memory.state("desk") == {"numbers": ["A17"], "note": "added"}
    assert new.memory.state_version("desk") == 3


async def test_what_is_stored_in_between_goes_through_the_rest(chat: Callable[..., Any]) -> None:
    talk = chat(new_desk())
    memory = Memory()
    memory.set_state("desk", {"numbers": ["B2"]}, 2)
    talk.stored = memory.dump()

    assert await talk.says("show") == ["Orders(numbers=['B2'], note='added')"]


async def test_a_contact_of_whom_nothing_is_stored_starts_in_the_new_version(chat: Callable[..., Any]) -> None:
    talk = chat(new_desk())

    assert await talk.says("show") == ["Orders(numbers=None, note='')"]
    assert b"rv" not in talk.stored


async def test_a_turn_of_another_router_leaves_the_stored_state_as_it_is(chat: Callable[..., Any]) -> None:
    old = chat(old_desk())
    await old.says("track")
    new = chat(new_desk(), chatter())
    new.stored = old.stored

    await new.says("menu")

    assert new.memory.state("desk") == {"number": "A17"}
    assert new.memory.state_version("desk") == 1


def test_looking_at_a_state_does_not_change_what_is_stored(chat: Callable[..., Any]) -> None:
    talk = chat(new_desk(2, {1: lambda old: old | {"numbers": [old.pop("number")]}}))
    memory = Memory()
    memory.set_state("desk", {"number": "A17"})
    (router,) = talk.routes._routers.values()

    twice = [talk.routes.state_of(router, memory) for _ in range(2)]

    assert twice == [Orders(["A17"])] * 2
    assert memory.state("desk") == {"number": "A17"}


# -- migrations that fail


@pytest.mark.parametrize(
    ("migrate", "says"),
    [
        (
            lambda old: old["missing"],
            r'"desk" could not be brought from version 1 to 2: .*test_versions.py:\d+ raised Key',
        ),
        (
            lambda old: None,
            r'"desk" could not be brought from version 1 to 2: .*test_versions.py:\d+ gave back NoneType',
        ),
        (
            lambda old: {"numbers": "my secret"},
            r'"desk", migrated from version 1 to 2, does not fit Orders \(numbers: ',
        ),
    ],
)
async def test_a_migration_that_fails_names_router_and_versions_and_changes_nothing(
    chat: Callable[..., Any], migrate: Any, says: str
) -> None:
    old = chat(old_desk())
    await old.says("track")
    new = chat(new_desk(2, {1: migrate}))
    new.stored = old.stored

    with pytest.raises(StateUnfit, match=says) as caught:
        await new.says("show")

    assert new.stored == old.stored
    assert "secret" not in str(caught.value)


# -- newer than known


async def newer(chat: Callable[..., Any], **more: Any) -> Any:
    """What the new bot stored, in the hands of the old one."""
    new = chat(new_desk(2, {1: to_list}, **more))
    memory = Memory()
    memory.set_state("desk", {"numbers": ["A17"], "note": ""}, 2)
    new.stored = memory.dump()
    old = chat(old_desk(), chatter())
    old.stored, old.new = new.stored, new
    return old


async def test_a_turn_that_needs_a_newer_state_is_refused_naming_the_versions(chat: Callable[..., Any]) -> None:
    old = await newer(chat)
    before = old.stored

    with pytest.raises(StateTooNew, match=r'"desk" is stored in version 2, and this process knows version 1'):
        await old.says("track")

    assert old.stored == before


async def test_a_turn_of_another_router_is_answered_and_keeps_the_newer_state(chat: Callable[..., Any]) -> None:
    old = await newer(chat)

    said = await old.says("hello")

    assert said == ["Hello!"]
    assert old.memory.state("desk") == {"numbers": ["A17"], "note": ""}
    assert old.memory.state_version("desk") == 2


async def test_opting_out_never_waits_for_a_newer_process(chat: Callable[..., Any]) -> None:
    old = await newer(chat)

    said = await old.says("stop")

    assert old.memory.opted_out
    assert said != ["desk says bye"]
    assert len(said) == 1


@pytest.mark.parametrize("step", ["number", "a new one"])
async def test_a_step_that_a_newer_version_waits_at_is_not_answered_or_forgotten(
    chat: Callable[..., Any], step: str
) -> None:
    """Also where nothing but the step was stored: the state has its defaults."""
    new = chat(new_desk(2, {1: to_list}, step=step))
    await new.says("track")
    old = chat(old_desk(), chatter())
    old.stored = new.stored

    with pytest.raises(StateTooNew):
        await old.says("A17")

    assert old.stored == new.stored


async def test_an_escape_and_cancel_leave_a_newer_step_as_any_other(chat: Callable[..., Any]) -> None:
    new = chat(new_desk(2, {1: to_list}))
    await new.says("track")
    first, second = chat(old_desk(), chatter()), chat(old_desk(), chatter())
    first.stored = second.stored = new.stored

    said = await first.says("menu")
    await second.says("cancel")

    assert said == ["the menu"]
    assert first.memory.pending is None
    assert second.memory.pending is None


async def test_the_timer_of_a_newer_step_waits_for_the_newer_process(chat: Callable[..., Any]) -> None:
    new = chat(new_desk(2, {1: to_list}, within=timedelta(hours=1)))
    await new.says("track")
    old = chat(old_desk())
    old.stored, old.timers = new.stored, dict(new.timers)

    with pytest.raises(StateTooNew):
        await old.waits(hours=2)

    assert old.stored == new.stored
    assert await new.waits(hours=2) == ["answered"]


async def test_an_enrolment_in_a_newer_drip_is_put_off_and_not_ended(chat: Callable[..., Any]) -> None:
    first = Drip("hi", version=1).send("one", after=timedelta(hours=1))
    second = Drip("hi", version=2).send("two", after=timedelta(hours=1))

    def starting(drip: Drip) -> Router[None]:
        router = Router("starter")

        @router.on(Read)
        async def read(turn: Turn[None]) -> None:
            turn.start(drip)

        return router

    new = chat(starting(second), drips=(first, second))
    await new.gets(Read(name="message.read", to=PERSON))
    old = chat(starting(first), drips=(first,))
    old.stored, old.timers = new.stored, dict(new.timers)

    said = await old.waits(hours=1)

    assert said == []
    assert old.settled.notes == ()
    new.now, new.stored, new.timers = old.now, old.stored, dict(old.timers)
    assert await new.waits(minutes=10) == ["two"]


# -- what is refused where it is written


async def asynchronous(old: dict[str, Any]) -> dict[str, Any]:
    return old


def generator(old: dict[str, Any]) -> Any:
    yield old


def of_two(old: dict[str, Any], more: int) -> dict[str, Any]:
    return old


def no_argument() -> dict[str, Any]:
    return {}


class Callback:
    async def __call__(self, old: dict[str, Any]) -> dict[str, Any]:
        return old


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"version": 0}, "version must be a whole number from 1 on, not 0"),
        ({"version": True}, "version must be a whole number"),
        ({"version": "2"}, "version must be a whole number from 1 on, not '2'"),
        ({"version": 2}, "in version 2 and there is no way there from version 1: add migrate={1: …}"),
        ({"version": 4, "migrate": {2: to_list}}, "no way there from version 1 and 3"),
        ({"version": 2, "migrate": {1: to_list, 2: add_note}}, r"migrate\[2\] \(.*test_versions.py:\d+\) is of no use"),
        ({"version": 2, "migrate": {0: to_list, 1: to_list}}, r"migrate\[0\]"),
        ({"version": 1, "migrate": {1: to_list}}, r"migrate\[1\]"),
        ({"version": 2, "migrate": {"1": to_list}}, r"migrate\['1'\]"),
        ({"version": 2, "migrate": to_list}, "migrate must be a dict from a version to a function"),
        ({"version": 2, "migrate": {1: "upgrade"}}, r"migrate\[1\] is 'upgrade', no function"),
        ({"version": 2, "migrate": {1: asynchronous}}, r"migrate\[1\] \(.*test_versions.py:\d+\) must be a plain"),
        ({"version": 2, "migrate": {1: functools.partial(asynchronous)}}, "must be a plain function"),
        ({"version": 2, "migrate": {1: Callback()}}, "must be a plain function"),
        ({"version": 2, "migrate": {1: generator}}, "must be a plain function"),
        ({"version": 2, "migrate": {1: of_two}}, r"migrate\[1\] \(.*test_versions.py:\d+\) must take exactly one"),
        ({"version": 2, "migrate": {1: no_argument}}, "must take exactly one argument"),
        ({"version": 2, "state": None}, "no state to which they could belong"),
        ({"migrate": {1: to_list}, "state": None}, "no state to which they could belong"),
    ],
)  # fmt: skip
def test_versions_that_could_not_carry_every_stored_state_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(BotMistake, match=says) as caught:
        Router("desk", **{"state": Orders, **given})

    assert re.match('Router "desk": |Router "desk" has', str(caught.value))


@pytest.mark.parametrize("migration", [dict, functools.partial(of_two, more=1), lambda old: {}])
def test_whatever_takes_a_dict_and_gives_one_is_accepted(migration: Any) -> None:
    assert Router("desk", state=Orders, version=2, migrate={1: migration}).versions.current == 2
