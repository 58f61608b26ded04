"""Steps with a time limit: timers go off, go stale, and are cleared."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flashbot.dialogue.router import Router

if TYPE_CHECKING:
    from collections.abc import Callable

    from flashbot.dialogue.turn import Turn


def desk(*, otherwise: bool, again: bool = False) -> Router[None]:
    router = Router("desk")

    @router.step("late")
    async def late(turn: Turn[None]) -> None:
        turn.reply(f"late {turn.timed_out} {turn.text!r}")

    @router.step("number")
    async def number(turn: Turn[None]) -> None:
        turn.reply(f"got {turn.text}")
        if again:
            turn.expect(number, within=timedelta(hours=1))

    @router.intent("ask", examples=["ask"])
    async def ask(turn: Turn[None]) -> None:
        turn.expect(number, within=timedelta(hours=12), otherwise=late if otherwise else None)

    return router


async def test_when_nobody_answers_in_time_otherwise_runs_with_an_empty_text(chat: Callable[..., Any]) -> None:
    talk = chat(desk(otherwise=True))
    await talk.says("ask")

    early = await talk.waits(hours=11)
    said = await talk.waits(hours=2)

    assert early == []
    assert said == ["late True ''"]
    assert talk.reason == "timeout:number"
    assert talk.memory.pending is None


async def test_without_otherwise_the_step_is_forgotten_in_silence(chat: Callable[..., Any]) -> None:
    talk = chat(desk(otherwise=False))
    await talk.says("ask")

    said = await talk.waits(hours=13)

    assert said == []
    assert talk.reason == "forgotten:number"
    await talk.says("A17")
    assert talk.reason == "unhandled"


async def test_an_answer_clears_the_timer(chat: Callable[..., Any]) -> None:
    talk = chat(desk(otherwise=True))
    await talk.says("ask")

    await talk.says("A17")

    assert talk.timers == {}


async def test_a_timer_that_went_off_while_the_answer_arrived_is_stale(chat: Callable[..., Any]) -> None:
    talk = chat(desk(otherwise=True))
    await talk.says("ask")
    ((name, generation),) = talk.timers
    await talk.says("A17")

    said = await talk.fires(name, generation)

    assert said == []
    assert talk.reason == "stale timer"


async def test_expecting_again_sets_a_new_timer_and_the_old_one_is_stale(chat: Callable[..., Any]) -> None:
    talk = chat(desk(otherwise=True, again=True))
    await talk.says("ask")
    ((name, old),) = talk.timers

    await talk.says("A17")
    ((_, new),) = talk.timers
    await talk.fires(name, old)

    assert new != old
    assert talk.reason == "stale timer"
    assert talk.memory.pending.generation == new


async def test_asking_twice_leaves_one_timer(chat: Callable[..., Any]) -> None:
    router = Router("desk")

    @router.step("number")
    async def number(turn: Turn[None]) -> None: ...

    @router.fallback
    async def ask(turn: Turn[None]) -> None:
        turn.expect(number, within=timedelta(hours=1))
        turn.expect(number, within=timedelta(hours=2))

    talk = chat(router)
    await talk.says("x")

    assert list(talk.timers.values()) == [talk.now + timedelta(hours=2)]


async def test_otherwise_that_no_longer_exists_is_forgotten_and_the_reason_says_so(
    chat: Callable[..., Any],
) -> None:
    old = chat(desk(otherwise=True))
    await old.says("ask")
    new = chat(Router("desk"))
    new.stored, new.timers = old.stored, old.timers

    said = await new.waits(hours=13)

    assert said == []
    assert new.reason == "forgotten:number (step gone: desk.late)"


async def test_an_unknown_timer_is_stale(chat: Callable[..., Any]) -> None:
    talk = chat(desk(otherwise=True))

    for name in ("step", "owner", "drip:gone", "of a newer version"):
        await talk.fires(name, 1)

        assert talk.reason == "stale timer"


async def test_running_a_turn_again_asks_for_the_same_timers(chat: Callable[..., Any]) -> None:
    one, two = chat(desk(otherwise=True)), chat(desk(otherwise=True))

    await one.says("ask")
    await two.says("ask")

    assert one.timers == two.timers
    assert one.stored == two.stored
