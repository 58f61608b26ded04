from __future__ import annotations

from typing import Any

import pytest

from bots.support import bot


@pytest.fixture
async def chat(conversation: Any) -> Any:
    return await conversation(bot)


async def test_a_parcel_is_found_by_its_number(chat: Any) -> None:
    await chat.says("où est mon colis ?")
    assert chat.replies == ["What is your order number?"]

    await chat.says("ci-1001")

    assert chat.replies == ["Your order CI-1001 arrives on Tuesday."]
    assert chat.state.number == "CI-1001"


@pytest.mark.parametrize("text", ["ci 1001", "where is order ci1001 pls", "slt mon colis CI-1001 est ou stp"])
async def test_a_number_in_the_message_is_not_asked_for(chat: Any, text: str) -> None:
    await chat.says(text)

    assert chat.replies == ["Your order CI-1001 arrives on Tuesday."]


async def test_people_are_understood_in_their_own_words(chat: Any) -> None:
    await chat.says("slt mon coli est ou stp")

    assert chat.replies == ["What is your order number?"]


async def test_the_rest_is_told_what_there_is(chat: Any) -> None:
    await chat.says("tu es marié ?")

    assert chat.replies == ["Hello! Ask me “where is my order”, or tell me what went wrong."]


async def test_a_wrong_number_may_be_tried_again(chat: Any) -> None:
    await chat.says("Where is my order?")
    await chat.says("12")
    assert chat.replies == ["I can't find that one. Please try again."]

    await chat.says("CI-1002")

    assert chat.replies == ["Your order CI-1002 arrives on Friday."]


async def test_the_follow_up_comes_after_two_days_and_after_nine(chat: Any) -> None:
    await chat.agrees("marketing")
    await chat.says("parcel")
    await chat.says("CI-1001")

    await chat.wait(days=2, minutes=1)
    assert [text.splitlines()[0] for text in chat.replies] == [
        "Is everything all right with your order? Tell us in a word."
    ]

    await chat.wait(days=7)
    assert [text.splitlines()[0] for text in chat.replies] == ["Here is 10 % off your next order: MERCI10."]


async def test_the_coupon_is_for_those_who_agreed_to_promotion(chat: Any) -> None:
    await chat.says("parcel")
    await chat.says("CI-1001")

    await chat.wait(days=10)

    assert [text.splitlines()[0] for text in chat.replies] == [
        "Is everything all right with your order? Tell us in a word."
    ]


async def test_an_answer_ends_the_follow_up(chat: Any) -> None:
    await chat.says("parcel")
    await chat.says("CI-1001")
    await chat.wait(days=1)
    await chat.says("hello")

    await chat.wait(days=30)

    assert chat.replies == []


async def test_a_complaint_is_left_to_people(chat: Any) -> None:
    await chat.says("I want my money back")
    assert chat.replies == ["I am sorry. A colleague will write to you here."]

    await chat.says("hello?")

    assert chat.replies == []
