"""Fixtures for bots under test, found by pytest once flashbot is installed.

async def test_it_greets(conversation):
    chat = await conversation(bot)

    await chat.says("hello")

    assert chat.replies == ["Hello! How can I help?"]


async def test_templates(check_templates):
    await check_templates(bot)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from pathlib import Path

    from flashbot.bot import Bot
    from flashbot.testing.conversation import Conversation

__all__ = ["check_templates", "conversation"]


@pytest_asyncio.fixture
async def conversation() -> AsyncIterator[Callable[..., Awaitable[Conversation]]]:
    """Opens conversations with a bot: `await conversation(bot, phone=…)`; they are closed with the test."""
    from flashbot.testing.conversation import Conversation

    async with AsyncExitStack() as open_chats:

        async def begin(bot: Bot, **more: Any) -> Conversation:
            return await open_chats.enter_async_context(Conversation(bot, **more))

        yield begin


@pytest.fixture
def check_templates() -> Callable[[Bot | Path | str], Awaitable[None]]:
    """Proves the templates of a bot, or of a folder, against a sandbox: `await check_templates(bot)`.

    It is the check of `flashbot templates check`, without an account or a network; a bot is loaded, too. The test fails
    with a line for each fault: the file, the line in it and what is wrong, and both texts where they differ.
    """

    async def prove(of: Bot | Path | str) -> None:
        __tracebackhide__ = True
        from flashbot.errors import TemplateError
        from flashbot.testing.proving import catalogue_of, checked, told

        try:
            report = await checked(catalogue_of(of))
        except TemplateError as fault:
            pytest.fail(str(fault), pytrace=False)
        if report.faults:
            pytest.fail(told(report.faults), pytrace=False)

    return prove
