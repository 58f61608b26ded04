from __future__ import annotations

from typing import Any

import pytest

from bots.drip import bot


@pytest.fixture
async def chat(conversation: Any) -> Any:
    return await conversation(bot, name="Awa")


async def test_the_series_runs_for_ten_days(chat: Any) -> None:
    await chat.says("join")

    await chat.wait(days=10)

    assert [text.splitlines()[0] for text in chat.replies] == [
        "Welcome, Awa! Here is what we do.",
        "Is everything all right with your order? Tell us in a word.",
        "Here is 10 % off your next order: MERCI10.",
    ]


async def test_an_answer_stops_the_series(chat: Any) -> None:
    await chat.says("join")
    await chat.wait(hours=2)
    await chat.says("thanks")

    await chat.wait(days=30)

    assert chat.replies == []


async def test_stop_ends_the_series_and_is_confirmed_once(chat: Any) -> None:
    await chat.says("join")
    await chat.says("STOP")
    assert len(chat.replies) == 1

    await chat.says("stop")
    assert chat.replies == []
    await chat.wait(days=30)

    assert chat.replies == []


@pytest.mark.parametrize("text", ["unsubscribe me pls", "je ve me desinscrire", "i dont want to join ur club"])
async def test_who_wants_to_leave_is_not_taken_for_one_who_joins(chat: Any, text: str) -> None:
    await chat.says("join")

    await chat.says(text)
    assert chat.replies == ["You will hear nothing more of the club."]

    await chat.wait(days=10)
    assert chat.replies == []
